"""Scene: the lines, zones and lanes of one camera; places tracks in it once a frame."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Annotated, Literal, Self, TypeVar

import numpy as np
from models.detections import Label
from models.observation import Health, Observation, SignalState
from pydantic import BaseModel, ConfigDict, Field, model_validator

from vision.errors import SiteError
from vision.geometry import Floats, Point, area, crosses_itself, inside, signed_distances
from vision.tracks import Tracks

Side = Literal["left", "right"]
Share = Annotated[float, Field(ge=0, le=1, description="0..1 of the picture.")]
Part = TypeVar("Part")


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
    names: SidesNamed = Field(default=SidesNamed(), description="Names of the two directions.")

    @model_validator(mode="after")
    def _has_length(self) -> Self:
        if self.start == self.end:
            raise ValueError(f"the line has no length: `from` and `to` are both {list(self.start)}")
        return self

    def name(self, side: Side) -> str:
        """Name of going to a side."""
        return self.names.left if side == "left" else self.names.right


class Zone(BaseModel):
    """An area of the picture. A road user is inside when it stands inside: its bottom-centre counts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    polygon: tuple[tuple[Share, Share], ...] = Field(description="Corners in order, at least 3, not closed.")

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
        velocity: px/s.
        zones: Ids of the zones and lanes that it stands in.
        distances: Signed distance of the foot to each line by its id, px; positive is left of it.
    """

    id: int
    label: Label
    score: float
    box: tuple[float, float, float, float]
    foot: Point
    place: Point
    velocity: Point
    zones: frozenset[str]
    distances: Mapping[str, float]

    @property
    def height(self) -> float:
        """Height of the box, px."""
        return self.box[3] - self.box[1]


@dataclass(frozen=True, slots=True)
class View:
    """All road users of one instant in their scene: what rules look at.

    Attributes:
        camera: Id of the camera.
        time_s: Stream clock, seconds.
        captured_at: The same moment, UTC, for people.
        size: Width and height of the picture, px.
        placed: The road users that are seen now.
        ended: Ids of tracks that will never be seen again.
        signals: State of each signal by its id.
        health: `valid`, or why the picture can't be trusted.
    """

    camera: str
    time_s: float
    captured_at: datetime
    size: tuple[int, int]
    placed: tuple[Placed, ...]
    ended: tuple[int, ...]
    signals: Mapping[str, SignalState]
    health: Health

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
    """

    camera: str
    timezone: tzinfo = UTC
    lines: Mapping[str, Line] = field(default_factory=dict)
    zones: Mapping[str, Zone] = field(default_factory=dict)
    lanes: Mapping[str, Lane] = field(default_factory=dict)

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

    def place(self, tracks: Tracks, observation: Observation) -> View:
        """Places the tracks of an observation in this scene."""
        width, height = observation.size
        starts, ends, polygons = self._in_pixels(observation.size)
        feet = np.column_stack([(tracks.boxes[:, 0] + tracks.boxes[:, 2]) / 2, tracks.boxes[:, 3]])
        distances = signed_distances(feet, starts, ends).tolist()
        members = [frozenset[str]()] * len(tracks)
        for zone, polygon in polygons.items():
            for row in np.flatnonzero(inside(feet, polygon)):
                members[row] |= {zone}
        columns = zip(
            tracks.ids.tolist(),
            tracks.labels.tolist(),
            tracks.scores.tolist(),
            tracks.boxes.tolist(),
            feet.tolist(),
            tracks.velocities.tolist(),
            members,
            distances,
            strict=True,
        )
        placed = tuple(
            Placed(
                id=track,
                label=Label(label),
                score=score,
                box=(box[0], box[1], box[2], box[3]),
                foot=(x, y),
                place=(min(max(x / width, 0.0), 1.0), min(max(y / height, 0.0), 1.0)),
                velocity=(velocity[0], velocity[1]),
                zones=zones,
                distances=dict(zip(self.lines, row, strict=True)),
            )
            for track, label, score, box, (x, y), velocity, zones, row in columns
        )
        return View(
            camera=observation.camera,
            time_s=observation.time_s,
            captured_at=observation.captured_at,
            size=observation.size,
            placed=placed,
            ended=tracks.ended,
            signals=observation.signals,
            health=observation.health,
        )

    @lru_cache(maxsize=4)  # noqa: B019 - a scene lives as long as its camera; a stream may change its size
    def _in_pixels(self, size: tuple[int, int]) -> tuple[Floats, Floats, dict[str, Floats]]:
        scale = np.array(size, np.float64)
        starts = np.array([line.start for line in self.lines.values()]).reshape(-1, 2) * scale
        ends = np.array([line.end for line in self.lines.values()]).reshape(-1, 2) * scale
        areas = {**self.zones, **self.lanes}
        return starts, ends, {name: np.array(zone.polygon) * scale for name, zone in areas.items()}

    def __hash__(self) -> int:
        return id(self)


def _named(what: str, name: str, known: Mapping[str, Part]) -> Part:
    if name not in known:
        there_are = f"there are: {', '.join(known)}" if known else f"the camera has no {what}s"
        raise SiteError(f"no {what} {name!r}; {there_are}")
    return known[name]
