"""Rule `dispersal`.

A crowd that ends walks away; a crowd that is frightened bursts. Told apart by the speed outwards from where its middle
was, by how many take part, and by how calm it was a moment ago:

      then              now
      ● ●●             ●   ●   ●          outwards faster than `speed_ms`: more than half of them,
      ●✕●●     ──▶     ●   ✕    ●         in all directions (a group that jogs past has one)
       ●●                ●   ●
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from math import dist, hypot
from statistics import median
from typing import Literal

from models.detections import Label
from pydantic import Field

from vision.events import Incident, Severity
from vision.geometry import Point
from vision.incidents import OpenIncidents
from vision.rule import LabelName, Rule, only
from vision.scene import Placed, Scene, View
from vision.tracks import PerTrack

_SPACING_S = 0.2  # places nearer in time tell nothing new
_CALM_MS = 1.8  # a crowd of which most were quicker than walking was no calm crowd
_ONE_WAY = 0.7  # length of the mean of their directions: 0 all around, 1 all the same way
_SURE_S = 0.5  # it must hold for so long
_LAPSE_S = 0.5  # and may lapse for so long
_OVER_S = 3.0  # nobody has run outwards for so long


class Dispersal(Rule):
    """A crowd bursts: most of its people suddenly run outwards."""

    kind: Literal["dispersal"] = "dispersal"
    labels: tuple[LabelName, ...] | None = only(Label.PERSON)
    zone: str = Field(description="Id of the zone or lane in which the crowd is.")
    people: int = Field(default=6, ge=3, description="So many make a crowd, at least.")
    most: float = Field(default=0.5, gt=0, lt=1, description="More than this share of them run outwards, 0..1.")
    speed_ms: float = Field(default=2.0, gt=0, description="Faster than this outwards, m/s.")
    within_s: float = Field(default=3.0, ge=1, description="So long ago they still were together, seconds.")
    severity: Severity = Field(default="critical", description="How urgent it is.")

    def watch(self, scene: Scene) -> "DispersalWatch":
        """Starts watching a scene (see `Rule.watch`)."""
        scene.zone(self.zone)
        scene.calibrated()
        return DispersalWatch(self)


@dataclass(frozen=True, slots=True)
class _Place:
    time_s: float
    ground: Point
    speed_ms: float
    in_zone: bool


class DispersalWatch:
    """`dispersal` at work on one camera."""

    def __init__(self, rule: Dispersal) -> None:
        self._rule = rule
        self._past: PerTrack[deque[_Place]] = PerTrack(deque)
        self._holds: tuple[float, float] | None = None
        self._open = OpenIncidents()

    def __len__(self) -> int:
        return len(self._past) + len(self._open)

    def step(self, view: View) -> Iterator[Incident]:
        """Incidents that begin or end with this view."""
        rows = [row for row in view.placed if self._remember(row, view.time_s)]
        self._past.forget(view.ended)
        crowd = [(row, past[0]) for row in rows if (past := self._past[row.id]) and self._was_there(past[0], view)]
        runners = self._runners(crowd)
        if runners:
            began_s = self._holds[0] if self._holds else view.time_s
            self._holds = (began_s, view.time_s)
            if not self._open and view.time_s - began_s >= _SURE_S:
                incident = self._rule.incident(view, None, began_s, self._rule.severity, [row.id for row in runners])
                x, y = (sum(row.place[axis] for row in runners) / len(runners) for axis in (0, 1))
                yield self._open.begin(self._rule.zone, incident.model_copy(update={"place": (x, y)}))
        elif self._holds and view.time_s - self._holds[1] > (_OVER_S if self._open else _LAPSE_S):
            yield from self.finish()

    def finish(self) -> Iterator[Incident]:
        """Ends what is open."""
        if self._holds:
            yield from self._open.finish(self._holds[1])
        self._holds = None

    def _remember(self, row: Placed, time_s: float) -> bool:
        """Notes where somebody is; whether their motion is known."""
        if row.ground is None or row.travel is None:
            return False
        past = self._past[row.id]
        if not past or time_s - past[-1].time_s >= _SPACING_S:
            past.append(_Place(time_s, row.ground, hypot(*row.travel), self._rule.zone in row.zones))
        while time_s - past[0].time_s > self._rule.within_s:
            past.popleft()
        return True

    def _was_there(self, then: _Place, view: View) -> bool:
        return then.in_zone and view.time_s - then.time_s >= self._rule.within_s - 2 * _SPACING_S

    def _runners(self, crowd: list[tuple[Placed, _Place]]) -> list[Placed]:
        """Who runs outwards, if it is the crowd that bursts; else nobody."""
        rule = self._rule
        if len(crowd) < rule.people or median(then.speed_ms for _, then in crowd) > _CALM_MS:
            return []
        centre = tuple(sum(then.ground[axis] for _, then in crowd) / len(crowd) for axis in (0, 1))
        found = [row for row, _ in crowd if _outwards_ms(row, (centre[0], centre[1])) > rule.speed_ms]
        if len(found) <= rule.most * len(crowd):
            return []
        ways = [row.travel for row in found if row.travel]
        across, along = (sum(way[axis] / hypot(*way) for way in ways) / len(ways) for axis in (0, 1))
        return found if hypot(across, along) < _ONE_WAY else []


def _outwards_ms(row: Placed, centre: Point) -> float:
    """Lower end of the speed away from a place, m/s."""
    assert row.ground is not None
    assert row.travel is not None
    assert row.speed_error_kmh is not None
    away = dist(row.ground, centre)
    outwards = sum(row.travel[axis] * (row.ground[axis] - centre[axis]) for axis in (0, 1)) / max(away, 0.1)
    return outwards - row.speed_error_kmh / 3.6
