"""Tells what happens in front of a camera, as observations: for tests of trackers and rules."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from models.detections import Detections, Label
from models.observation import Health, Observation, SignalState
from vision.calibration import Calibration
from vision.events import Event
from vision.pipeline import Pipeline
from vision.rule import Rule
from vision.scene import Lane, Line, Scene, View, Zone
from vision.signals import Feed
from vision.trackers.packtrack import PackTrack

SIZE = (1000, 1000)
NOON = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)  # 12:00 in Sóc Trăng

Waypoint = tuple[float, float, float]
"""When (s), and where the foot then is (x and y, px)."""
Box = tuple[float, float]
"""Width and height, px."""
Phases = Callable[[float], Mapping[str, SignalState]]
"""The states of signals at a time."""


@dataclass
class RoadUser:
    """One road user who goes from waypoint to waypoint at an even speed and is there between first and last."""

    label: Label
    way: Sequence[Waypoint]
    box: Box | Callable[[float], Box] = (40.0, 80.0)
    hidden: Sequence[tuple[float, float]] = ()
    score: float = 0.9
    jitter: float = 0.0
    seed: int = 0

    @cached_property
    def _columns(self) -> NDArray[np.float64]:
        """(3, n) times, x and y of the waypoints."""
        return np.array(self.way, np.float64).T

    def seen(self, time_s: float) -> tuple[float, float, float, float, float, Label] | None:
        """Its detection at a time."""
        times, xs, ys = self._columns
        if not times[0] <= time_s <= times[-1] or any(a <= time_s < b for a, b in self.hidden):
            return None
        x, y = float(np.interp(time_s, times, xs)), float(np.interp(time_s, times, ys))
        if self.jitter:
            shake = np.random.default_rng([self.seed, int(time_s * 1000)]).normal(0, self.jitter, 2)
            x, y = x + float(shake[0]), y + float(shake[1])
        width, height = self.box(time_s) if callable(self.box) else self.box
        return x - width / 2, y - height, x + width / 2, y, self.score, self.label


@dataclass
class Thing:
    """Something that lies somewhere (x, y of its foot) for a time, or is gone from there."""

    x: float
    y: float
    since: float
    until: float
    hidden: Sequence[tuple[float, float]] = ()
    gone: bool = False
    size: float = 30.0


def _seen_things(things: Sequence[Thing], time_s: float, gone: bool) -> NDArray[np.float32]:
    boxes = [
        (one.x - one.size / 2, one.y - one.size, one.x + one.size / 2, one.y)
        for one in things
        if one.gone == gone and one.since <= time_s < one.until and not any(a <= time_s < b for a, b in one.hidden)
    ]
    return np.array(boxes, np.float32).reshape(-1, 4)


@dataclass
class Story:
    """What happens in front of a camera of 1000 × 1000 px."""

    users: Sequence[RoadUser]
    seconds: float
    fps: float = 25.0
    began: datetime = NOON
    signals: Mapping[str, SignalState] | Phases = field(default_factory=dict)
    health: Health | Callable[[float], Health] = "valid"
    things: Sequence[Thing] = ()

    def observations(self) -> Iterator[Observation]:
        for index in range(int(self.seconds * self.fps) + 1):
            time_s = index / self.fps
            rows = [row for user in self.users if (row := user.seen(time_s))]
            yield Observation(
                camera="cam",
                time_s=time_s,
                captured_at=self.began + timedelta(seconds=time_s),
                size=SIZE,
                detections=Detections.of(*rows),
                signals=self.signals(time_s) if callable(self.signals) else self.signals,
                static=_seen_things(self.things, time_s, gone=False),
                removed=_seen_things(self.things, time_s, gone=True),
                health=self.health(time_s) if callable(self.health) else self.health,
            )


ROAD_POINTS = np.array(
    [[-4.0, 12], [4, 12], [4, 40], [-4, 40], [0, 20], [2, 30], [-3, 17], [3, 24], [-2, 26]],
    np.float64,
)
"""m: across a road and along it, seen from a mast of 8 m at the origin."""


def on_picture(ground: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points of the ground (n, 2), m, as the camera on the mast sees them, 0..1 of its picture."""
    tilt, height = np.radians(12.0), 8.0
    across, along = ground[:, 0], ground[:, 1]
    depth = along * np.cos(tilt) + height * np.sin(tilt)
    down = height * np.cos(tilt) - along * np.sin(tilt)
    return np.column_stack([0.5 + across / depth, 0.5 + 1.2 * down / depth])


def calibration(ground: NDArray[np.float64] = ROAD_POINTS) -> Calibration:
    """The calibration of the camera on the mast, by exact points."""
    pairs = zip(on_picture(ground).tolist(), ground.tolist(), strict=True)
    return Calibration.model_validate({"points": [{"image": image, "ground_m": place} for image, place in pairs]})


def walks(*way: Waypoint, **more: object) -> RoadUser:
    """Somebody on foot before the camera on the mast (see `rides`), who looks larger as they come nearer."""
    return rides(Label.PERSON, *way, size_m=(0.5, 1.8), **more)


def rides(label: Label, *way: Waypoint, size_m: tuple[float, float] | None = None, **more: object) -> RoadUser:
    """Somebody who goes along waypoints on the ground before the camera on the mast (time, m across, m along).

    With `size_m`, the box is so many metres wide and high wherever it is; else as many pixels as `box` says.
    """
    corners = np.array(way, np.float64).T
    times = np.arange(way[0][0], way[-1][0] + 1e-9, 0.02)
    ground = np.column_stack([np.interp(times, corners[0], corners[axis]) for axis in (1, 2)])
    feet = on_picture(ground) * SIZE
    if size_m is not None:
        metres = (on_picture(ground + np.array([1.0, 0.0])) * SIZE - feet)[:, 0]

        def box(time_s: float) -> Box:
            metre = float(np.interp(time_s, times, metres))
            return metre * size_m[0], metre * size_m[1]

        more["box"] = box
    return RoadUser(label, [(when, x, y) for when, (x, y) in zip(times.tolist(), feet.tolist(), strict=True)], **more)  # type: ignore[arg-type]


def area(*corners: tuple[float, float]) -> Zone:
    """A zone that is drawn on the ground before the camera on the mast (m across, m along)."""
    return Zone.model_validate({"polygon": on_picture(np.array(corners)).tolist()})


def across(along_m: float) -> Line:
    """A line across the road before the camera on the mast, so far along it, m."""
    start, end = on_picture(np.array([[-3.9, along_m], [3.9, along_m]])).tolist()
    return Line.model_validate({"from": start, "to": end})


SCENE = Scene(
    camera="cam",
    lines={
        # From left to right across the middle: `left` is up in the picture.
        "main": Line.model_validate(
            {"from": [0.0, 0.5], "to": [1.0, 0.5], "names": {"left": "away", "right": "towards"}}
        ),
        "short": Line.model_validate({"from": [0.4, 0.5], "to": [0.6, 0.5]}),
    },
    zones={"yard": Zone(polygon=((0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6)))},
    lanes={"inbound": Lane(polygon=((0.0, 0.0), (0.2, 0.0), (0.2, 1.0), (0.0, 1.0)), heading=(0.0, 1.0))},
)

JUNCTION = replace(SCENE, signals={"near": Feed()})
"""The same scene with a signal."""

MAST = replace(SCENE, ground=calibration().ground)
"""The same scene with metres, before the camera on the mast."""


def views(story: Story, scene: Scene = SCENE) -> Iterator[View]:
    """What rules see of a story."""
    pipeline = Pipeline(scene, PackTrack().start("cam", 0.3), ())
    for observation in story.observations():
        yield pipeline.step(observation).view


def play(story: Story, *rules: Rule, scene: Scene = SCENE) -> list[Event]:
    """The events of a story under some rules, with a real tracker; what is open at its end is ended."""
    pipeline = Pipeline(scene, PackTrack().start("cam", 0.3), rules)
    events = [event for observation in story.observations() for event in pipeline.step(observation).events]
    events.extend(pipeline.finish())
    assert pipeline.faults == {}
    return events


def drives(label: Label, *way: Waypoint, **more: object) -> RoadUser:
    """Somebody who goes along waypoints (time, x, y)."""
    return RoadUser(label, way, **more)  # type: ignore[arg-type]


def lights(*phases: tuple[float, SignalState]) -> Phases:
    """The signal `near`, which changes to each state at its time."""

    def at(time_s: float) -> Mapping[str, SignalState]:
        return {"near": [state for since_s, state in phases if since_s <= time_s][-1]}

    return at


def stands(label: Label, x: float, y: float, since: float, until: float, **more: object) -> RoadUser:
    """Somebody who stands still."""
    return drives(label, (since, x, y), (until, x, y), **more)
