"""Rule `speeding`."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isnan
from typing import Literal, Self

import numpy as np
from models.detections import Label
from pydantic import Field, model_validator

from vision.errors import SiteError
from vision.events import Violation
from vision.geometry import Point
from vision.rule import VEHICLES, LabelName, Rule, Watch, only
from vision.scene import Line, Placed, Scene, View
from vision.section import Pace, Sight, on_line, pace
from vision.successors import Successors

_WINDOW_S = 1.0  # inside a zone the mean over this time counts
_LEAST_S = 0.5  # a shorter stay says nothing
_LOOK_S = 0.2  # so often is a road user measured that may be too fast
_HIGHEST_S = 2.0  # so long the highest speed inside the zone is waited for
_LEFT_S = 0.3  # who was not inside for longer has left
_LONGEST_S = 30.0  # who needs longer from line to line does not speed
_SPACING_S = 0.05  # sights are kept so far apart
_NEAR = 4.0  # so many heights of its box from the first line somebody is noticed
_GRACE_S = 0.0005  # stream clocks are sums of frame intervals


class Speeding(Rule):
    """Somebody drives faster than is allowed, even if the measurement is as wrong as it may be."""

    kind: Literal["speeding"] = "speeding"
    labels: tuple[LabelName, ...] | None = only(*VEHICLES)
    zone: str | None = Field(default=None, description="Id of the zone or lane in which speed is measured.")
    from_line: str | None = Field(default=None, description="Instead of a zone: the line where the section begins.")
    to_line: str | None = Field(default=None, description="The line where it ends.")
    limit_kmh: float = Field(gt=0, description="What is allowed, km/h.")
    limits: dict[LabelName, float] = Field(
        default={}, description="What is allowed to some labels, km/h, in place of `limit_kmh`."
    )
    tolerance_kmh: float = Field(
        default=5.0, ge=0, description="The lower end of the measured speed must exceed the limit by so much, km/h."
    )

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        lines = (self.from_line, self.to_line)
        if (self.zone is None) == (lines == (None, None)) or (None in lines and lines != (None, None)):
            raise ValueError("give either `zone`, or both `from_line` and `to_line`")
        if self.zone is None and self.from_line == self.to_line:
            raise ValueError(f"`from_line` and `to_line` are both {self.from_line!r}; a section has two lines")
        if any(limit <= 0 for limit in self.limits.values()):
            raise ValueError("every one of `limits` must be above 0 km/h")
        return self

    def limit_of(self, label: Label) -> float:
        """What is allowed to a label, km/h."""
        return self.limits.get(label, self.limit_kmh)

    def allowed_kmh(self, label: Label) -> float:
        """What the lower end of a measured speed must exceed, km/h."""
        return self.limit_of(label) + self.tolerance_kmh

    def watch(self, scene: Scene) -> Watch:
        """Starts watching a scene (see `Rule.watch`)."""
        if self.zone is not None:
            return ZoneSpeeds(self, scene, self.zone)
        assert self.from_line is not None
        assert self.to_line is not None
        return SectionSpeeds(self, scene, self.from_line, self.to_line)

    def told(self, view: View, row: Placed, time_s: float, found: Pace) -> Violation:
        """The violation of somebody whose measured section ended at a time."""
        return self.violation(
            view,
            row,
            time_s,
            row.place,
            measured=found.kmh,
            error=found.error_kmh,
            limit=self.limit_of(row.label),
            unit="km/h",
        )


@dataclass(slots=True)
class _Way:
    sights: list[Sight] = field(default_factory=list)
    entered: bool = False
    told: bool = False


class SectionSpeeds:
    """`speeding` from one line to another."""

    def __init__(self, rule: Speeding, scene: Scene, from_line: str, to_line: str) -> None:
        self._rule = rule
        self._ground = scene.calibrated()
        self._from = from_line
        self._entry, self._exit = (self._on_ground(name, scene.line(name)) for name in (from_line, to_line))
        self._successors = Successors()
        self._ways: dict[int, _Way] = {}

    def __len__(self) -> int:
        return len(self._successors) + len(self._ways)

    def step(self, view: View) -> Iterator[Violation]:
        """The violations that became certain."""
        known = self._successors.step(view)
        for first, row in zip(known.placed, view.placed, strict=True):
            way = self._ways.get(first.id)
            if way is None and abs(row.distances[self._from]) <= _NEAR * row.height:
                way = self._ways[first.id] = _Way()
            if way and not way.told and row.ground:
                yield from self._go_on(way, row, row.ground, view)
        for track in known.ended:
            self._ways.pop(track, None)

    def finish(self) -> tuple[()]:
        """Nothing is ever open."""
        return ()

    def _go_on(self, way: _Way, row: Placed, ground: Point, view: View) -> Iterator[Violation]:
        """Keeps a sight; tells of somebody who has now come from line to line too fast."""
        last = way.sights[-1] if way.sights else None
        if last and view.time_s - last.time_s < _SPACING_S - _GRACE_S:
            return
        here = Sight.of(row, view, ground)
        begin = on_line(last, here, *self._entry) if last else None
        end = on_line(last, here, *self._exit) if last and way.entered else None
        if begin:
            way.sights, way.entered = [begin], True
        elif end:
            way.entered = False
            found = pace(self._ground, [*way.sights, end])
            if found.surely_exceeds(self._rule.allowed_kmh(row.label)):
                way.told = True
                yield self._rule.told(view, row, end.time_s, found)
        elif way.entered and here.time_s - way.sights[0].time_s > _LONGEST_S:
            way.entered = False
        if not way.entered:
            way.sights.clear()
        way.sights.append(here)

    def _on_ground(self, name: str, line: Line) -> tuple[Point, Point]:
        """Ends of a line, m."""
        (x1, y1), (x2, y2) = self._ground.spots(np.array([line.start, line.end], np.float64)).metres.tolist()
        if isnan(x1 + x2):
            raise SiteError(f"line {name!r} reaches beyond the horizon of the calibration; draw it on the road")
        return (x1, y1), (x2, y2)


@dataclass(slots=True)
class _Stay:
    inside_s: float
    sights: deque[Sight] = field(default_factory=deque)
    looked_s: float = float("-inf")
    fast_s: float = float("inf")
    best: tuple[Placed, float, Pace] | None = None
    told: bool = False


class ZoneSpeeds:
    """`speeding` inside a zone."""

    def __init__(self, rule: Speeding, scene: Scene, zone: str) -> None:
        scene.zone(zone)
        self._rule = rule
        self._ground = scene.calibrated()
        self._zone = zone
        self._successors = Successors()
        self._stays: dict[int, _Stay] = {}
        self._view: View | None = None

    def __len__(self) -> int:
        return len(self._successors) + len(self._stays)

    def step(self, view: View) -> Iterator[Violation]:
        """The violations that became certain."""
        self._view = view
        known = self._successors.step(view)
        for first, row in zip(known.placed, view.placed, strict=True):
            if self._zone in row.zones:
                stay = self._stays.get(first.id)
                if stay is None:
                    stay = self._stays[first.id] = _Stay(view.time_s)
                if not stay.told:
                    self._look(stay, row, view)
                stay.inside_s = view.time_s
        for stay in self._stays.values():
            if min(stay.inside_s + _LEFT_S, stay.fast_s + _HIGHEST_S) < view.time_s:
                yield from self._tell(stay, view)
        for track in known.ended:
            self._stays.pop(track, None)

    def finish(self) -> Iterator[Violation]:
        """Tells of those who are still inside."""
        for stay in self._stays.values():
            assert self._view is not None
            yield from self._tell(stay, self._view)
        self._stays.clear()

    def _look(self, stay: _Stay, row: Placed, view: View) -> None:
        """Keeps a sight, and measures whoever may be too fast."""
        now = view.time_s
        if row.ground is None:
            return
        sights, here = stay.sights, Sight.of(row, view, row.ground, now - stay.inside_s)
        while sights and now - sights[0].time_s > _WINDOW_S + _GRACE_S:
            sights.popleft()
        long = bool(sights) and now - sights[0].time_s >= _LEAST_S - _GRACE_S
        if long and now - stay.looked_s >= _LOOK_S - _GRACE_S and self._seems_fast(row):
            stay.looked_s = now
            found = pace(self._ground, [*sights, here])
            if found.surely_exceeds(self._rule.allowed_kmh(row.label)):
                stay.fast_s = min(stay.fast_s, now)
                if stay.best is None or found.kmh - found.error_kmh > stay.best[2].kmh - stay.best[2].error_kmh:
                    stay.best = row, now, found
        if not sights or now - sights[-1].time_s >= _SPACING_S - _GRACE_S:
            sights.append(here)

    def _seems_fast(self, row: Placed) -> bool:
        """A second opinion, which knows how much this very box trembles. It is there already, and saves the work."""
        if row.speed_kmh is None or row.speed_error_kmh is None:
            return False
        return row.speed_kmh - row.speed_error_kmh > self._rule.allowed_kmh(row.label)

    def _tell(self, stay: _Stay, view: View) -> Iterator[Violation]:
        if stay.best and not stay.told:
            stay.told = True
            yield self._rule.told(view, *stay.best)
