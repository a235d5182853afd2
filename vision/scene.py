"""Scene: the lines, zones and lanes of one camera; places tracks in it once a frame."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from math import dist, isnan
from typing import Any, Literal, Self, TypeVar

import numpy as np
from models.detections import Label
from models.observation import Health, Observation
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from vision.calibration import Ground, Share
from vision.errors import SiteError
from vision.geometry import Floats, Outlines, Point, area, crosses_itself, signed_distances
from vision.motion import Moving
from vision.signals import AnySignal, Signal
from vision.tracks import Join, Tracks

Side = Literal["left", "right"]
Box = tuple[float, float, float, float]
"""px, x1 y1 x2 y2."""
Part = TypeVar("Part")
_Pixels = tuple[Floats, Floats, Outlines]
_LABELS = tuple(Label)  # by number: faster than to ask the enumeration
_EDGE = 0.005  # of the picture: a box that comes so near to its edge may go on beyond


class SidesNamed(BaseModel):
    """Names of the two directions in which a line is crossed: the side that the road user goes to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    left: str = Field(default="left", min_length=1, description="Name for going to the left side.")
    right: str = Field(default="right", min_length=1, description="Name for going to the right side.")

    @model_validator(mode="after")
    def _differ(self) -> Self:
        if self.left == self.right:
            raise ValueError(f"both directions are named {self.left!r}; give them two names")
        return self


class Line(BaseModel):
    """A directed line across the picture; standing on `from` and looking to `to`, it has a left and a right."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    start: tuple[Share, Share] = Field(alias="from", description="Where the line begins, x and y.")
    end: tuple[Share, Share] = Field(alias="to", description="Where it ends, x and y.")
    name: str = Field(default="", description="Name for people.")
    names: SidesNamed = Field(default=SidesNamed(), description="Names of the two directions.")

    @model_validator(mode="after")
    def _has_length(self) -> Self:
        if self.start == self.end:
            raise ValueError(f"the line has no length: `from` and `to` are both {list(self.start)}")
        return self

    def direction(self, side: Side) -> str:
        """Name of going to a side."""
        return self.names.left if side == "left" else self.names.right


class Zone(BaseModel):
    """An area of the picture. A road user is inside when it stands inside: its bottom-centre counts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    polygon: tuple[tuple[Share, Share], ...] = Field(description="Corners in order, at least 3, not closed.")
    name: str = Field(default="", description="Name for people.")

    @model_validator(mode="after")
    def _is_simple(self) -> Self:
        corners = list(self.polygon)
        if len(set(corners)) < 3:
            raise ValueError(f"a polygon needs at least 3 different corners, this one has {len(set(corners))}")
        if crosses_itself(corners):
            raise ValueError("the polygon crosses itself; list its corners in the order of its outline")
        if area(corners) == 0:
            raise ValueError("the polygon has no area: all its corners lie on one line")
        return self


class Lane(Zone):
    """A zone with a direction of travel."""

    heading: tuple[float, float] = Field(description="Direction of travel in the picture, x and y, px.")

    @model_validator(mode="after")
    def _has_heading(self) -> Self:
        if self.heading == (0, 0):
            raise ValueError("the heading has no length; give the direction of travel, such as [0.1, 1.0]")
        return self


@dataclass(frozen=True, slots=True)
class Placed:
    """One road user of one instant, placed in its scene.

    Attributes:
        id: Id of its track.
        label: What it is.
        score: How sure the detector is, 0..1.
        box: px, x1 y1 x2 y2.
        foot: px, where it stands: bottom-centre of the box.
        place: The same as 0..1 of the picture.
        velocity: px/s of the centre of the box, just now.
        zones: Ids of the zones and lanes that it stands in.
        distances: Signed distance of the foot to each line by its id, px; positive is left of it.
        steady: px/s of the foot over the last 0.5 to 1 s; none while it was not seen for so long.
        ground: m, where it stands; none without calibration and beyond the horizon.
        ground_error_m: ± of that.
        travel: m/s on the ground over the last 0.5 to 1 s; none without calibration or while it is not known.
        speed_kmh: The same as a speed.
        speed_error_kmh: ± of it; it lies within with 95 %.
    """

    id: int
    label: Label
    score: float
    box: Box
    foot: Point
    place: Point
    velocity: Point
    zones: frozenset[str]
    distances: Mapping[str, float]
    steady: Point | None = None
    ground: Point | None = None
    ground_error_m: float | None = None
    travel: Point | None = None
    speed_kmh: float | None = None
    speed_error_kmh: float | None = None

    @property
    def width(self) -> float:
        """Width of the box, px."""
        return self.box[2] - self.box[0]

    @property
    def height(self) -> float:
        """Height of the box, px."""
        return self.box[3] - self.box[1]

    def has_gone(self, begin: "Placed", metres: float, heights: float) -> bool:
        """Whether it is a length away from where it was, in a straight line.

        Args:
            begin: The same road user before.
            metres: The length where the ground is known at both places.
            heights: The length without, in heights of its box.
        """
        if self.ground and begin.ground:
            return dist(self.ground, begin.ground) >= metres
        return dist(self.foot, begin.foot) >= heights * self.height


@dataclass(frozen=True, slots=True)
class View:
    """All road users of one instant in their scene: what rules look at.

    Attributes:
        camera: Id of the camera.
        time_s: Stream clock, seconds.
        captured_at: The same moment, UTC, for people.
        size: Width and height of the picture, px.
        placed: The road users that are seen now; a rule sees those of its own labels only.
        ended: Ids of tracks that will never be seen again.
        signals: Each signal by its id.
        health: `valid`, or why the picture can't be trusted.
        everyone: All who are seen now, whatever labels and hours a rule asks for.
        static: Boxes of things that have come, stay, and are no road user, px.
        removed: Boxes of places where a thing was that has gone, px.
        joined: Which of the tracks that have ended, it seems, go on under another id.
    """

    camera: str
    time_s: float
    captured_at: datetime
    size: tuple[int, int]
    placed: tuple[Placed, ...]
    ended: tuple[int, ...]
    signals: Mapping[str, Signal]
    health: Health
    everyone: tuple[Placed, ...]
    static: tuple[Box, ...] = ()
    removed: tuple[Box, ...] = ()
    joined: tuple[Join, ...] = ()
    # Most rules ask for the same few labels.
    _shares: dict[tuple[Label, ...], "View"] = field(default_factory=dict, init=False, repr=False, compare=False)

    def only(self, labels: tuple[Label, ...]) -> "View":
        """The same instant with the road users of some labels only."""
        share = self._shares.get(labels)
        if share is None:
            placed = tuple(row for row in self.placed if row.label in labels)
            share = self._shares[labels] = replace(self, placed=placed)
        return share

    def cuts_off(self, row: Placed) -> bool:
        """Whether a box is cut off at the left, right or lower edge: its bottom-centre is not where somebody stands."""
        width, height = self.size
        x1, _, x2, y2 = row.box
        return x1 <= _EDGE * width or x2 >= (1 - _EDGE) * width or y2 >= (1 - _EDGE) * height

    def moment(self, time_s: float) -> datetime:
        """Wall-clock time, UTC, of a moment of the stream clock near this view."""
        return self.captured_at.astimezone(UTC) + timedelta(seconds=time_s - self.time_s)


@dataclass(frozen=True)
class Scene:
    """What there is to see for one camera, in 0..1 of its picture.

    Attributes:
        camera: Id of the camera.
        timezone: Where the clock of schedules ticks.
        lines: Lines by id.
        zones: Zones by id.
        lanes: Lanes by id.
        signals: Signals by id.
        ground: The ground as the camera sees it; none without calibration.
    """

    camera: str
    timezone: tzinfo = UTC
    lines: Mapping[str, Line] = field(default_factory=dict)
    zones: Mapping[str, Zone] = field(default_factory=dict)
    lanes: Mapping[str, Lane] = field(default_factory=dict)
    signals: Mapping[str, AnySignal] = field(default_factory=dict)
    ground: Ground | None = None
    # For the last size only: it hardly ever changes, and hundreds of cameras must not drive out one another.
    _pixels: dict[tuple[int, int], _Pixels] = field(default_factory=dict, init=False, repr=False, compare=False)

    def line(self, name: str) -> Line:
        """A line by its id.

        Raises:
            SiteError: There is none of that id.
        """
        return _named("line", name, self.lines)

    def side(self, line: str, direction: str) -> Side:
        """The side that a direction of a line goes to; directions are `left`, `right` or the line's own names.

        Raises:
            SiteError: The line has no such direction.
        """
        names = self.line(line).names
        sides: dict[str, Side] = {"left": "left", "right": "right", names.left: "left", names.right: "right"}
        return _named("direction", direction, sides)

    def zone(self, name: str) -> Zone:
        """A zone or lane by its id.

        Raises:
            SiteError: There is none of that id.
        """
        return _named("zone", name, {**self.zones, **self.lanes})

    def lane(self, name: str) -> Lane:
        """A lane by its id.

        Raises:
            SiteError: There is none of that id.
        """
        return _named("lane", name, self.lanes)

    def signal(self, name: str) -> str:
        """A signal by its id.

        Raises:
            SiteError: There is none of that id.
        """
        return _named("signal", name, {one: one for one in self.signals})

    def calibrated(self) -> Ground:
        """The ground, for what can't do without metres.

        Raises:
            SiteError: The camera has no calibration.
        """
        if self.ground is None:
            raise SiteError(
                "needs metres, and the camera has no calibration; give it `calibration: {points: …}` with at least "
                "4 points"
            )
        return self.ground

    def place(self, tracks: Tracks, observation: Observation, moving: Moving, signals: Mapping[str, Signal]) -> View:
        """Places the tracks of an observation in this scene.

        Args:
            tracks: The n road users that are seen.
            observation: Where they were seen.
            moving: How those n move.
            signals: Each signal by its id.
        """
        width, height = observation.size
        starts, ends, outlines = self._in_pixels(observation.size)
        feet = tracks.feet
        distances = signed_distances(feet, starts, ends).tolist()
        # A box that is cut off at the lower edge of the picture stands on it, not below.
        members = self._members(outlines.inside(np.clip(feet, 0.5, np.array(observation.size) - 0.5)))
        columns = zip(
            tracks.ids.tolist(),
            tracks.labels.tolist(),
            tracks.scores.tolist(),
            tracks.boxes.tolist(),
            feet.tolist(),
            tracks.velocities.tolist(),
            members,
            distances,
            *_columns(moving),
            strict=True,
        )
        placed = tuple(
            Placed(
                id=track,
                label=_LABELS[label],
                score=score,
                box=(box[0], box[1], box[2], box[3]),
                foot=(x, y),
                place=(min(max(x / width, 0.0), 1.0), min(max(y / height, 0.0), 1.0)),
                velocity=(velocity[0], velocity[1]),
                zones=zones,
                distances=dict(zip(self.lines, row, strict=True)),
                steady=steady,
                ground=ground,
                ground_error_m=ground_error_m,
                travel=travel,
                speed_kmh=speed_kmh,
                speed_error_kmh=speed_error_kmh,
            )
            for track, label, score, box, (
                x,
                y,
            ), velocity, zones, row, steady, ground, ground_error_m, travel, speed_kmh, speed_error_kmh in columns
        )
        return View(
            camera=observation.camera,
            time_s=observation.time_s,
            captured_at=observation.captured_at,
            size=observation.size,
            placed=placed,
            ended=tracks.ended,
            signals=signals,
            health=observation.health,
            everyone=placed,
            static=_boxes(observation.static),
            removed=_boxes(observation.removed),
            joined=tracks.joined,
        )

    def _members(self, inside: NDArray[np.bool_]) -> list[frozenset[str]]:
        """Names of the zones and lanes for each row of a table (n, z) of who is inside of which."""
        areas = [*self.zones, *self.lanes]
        known: dict[tuple[bool, ...], frozenset[str]] = {}  # most stand where others stand, too
        members = []
        for row in map(tuple, inside.tolist()):
            if row not in known:
                known[row] = frozenset(zone for zone, one in zip(areas, row, strict=True) if one)
            members.append(known[row])
        return members

    def _in_pixels(self, size: tuple[int, int]) -> _Pixels:
        """Starts and ends of the lines, and outlines of zones and lanes, for a size of the picture."""
        found = self._pixels.get(size)
        if found is None:
            scale = np.array(size, np.float64)
            starts = np.array([line.start for line in self.lines.values()]).reshape(-1, 2) * scale
            ends = np.array([line.end for line in self.lines.values()]).reshape(-1, 2) * scale
            areas = [*self.zones.values(), *self.lanes.values()]
            found = starts, ends, Outlines([np.array(zone.polygon) * scale for zone in areas])
            self._pixels.clear()
            self._pixels[size] = found
        return found


def _boxes(rows: NDArray[np.float32]) -> tuple[Box, ...]:
    return tuple((row[0], row[1], row[2], row[3]) for row in rows.tolist())


def _columns(moving: Moving) -> tuple[Sequence[Any], ...]:
    """The columns of `Placed` that tell how it moves; None where nothing is known."""
    return (
        _known(moving.steady),
        _known(moving.ground),
        _known(moving.ground_error),
        _known(moving.travel),
        _known(moving.speeds),
        _known(moving.speed_errors),
    )


def _known(column: Floats) -> list[Any]:
    """The rows of a column, (n,) or (n, 2), as numbers or tuples; None where they are nan."""
    if column.ndim == 1:
        return [None if isnan(x) else x for x in column.tolist()]
    return [None if isnan(x) else (x, y) for x, y in column.tolist()]


def _named(what: str, name: str, known: Mapping[str, Part]) -> Part:
    if name not in known:
        there_are = f"there are: {', '.join(known)}" if known else f"the camera has no {what}s"
        raise SiteError(f"no {what} {name!r}; {there_are}")
    return known[name]
