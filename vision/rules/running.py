"""Rule `running`.

Fast alone is not running: whoever rides is fast too, and a detector takes some riders for people on foot.

      ●━━━━━━━━▶     lower end of the speed above `speed_ms`, for `after_s`, on a way that leads somewhere,
                     and neither with nor as anything but a person in the last while
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import dist, hypot
from typing import Literal

from models.detections import Label
from pydantic import Field

from vision.calibration import Ground
from vision.events import Incident, Severity
from vision.incidents import OpenIncidents
from vision.rule import LabelName, Rule, only
from vision.scene import Placed, Scene, View
from vision.spells import Spell, Spells
from vision.stature import Statures

_FASTEST_MS = 11.0  # nobody runs faster: such a person rides something that was not seen, or is no person
_STRAIGHT = 0.6  # of the way that the speed makes must be gone in a straight line: trembling feet stay where they are
_ALIKE = 0.5  # motions that differ by less than this share are one motion: that of a rider, or of a passenger
_BENEATH = 0.3  # heights of the rider: so near to their foot is the vehicle, where its motion is not known yet
_RIDER_S = 3.0  # a rider whose vehicle is not seen, or who was taken for one, is a rider for so long
_HIDDEN_S = 2.5  # hidden for longer has stopped running, as far as anybody knows
_NEAR_M = 2.0  # so far from where it should be by now may a runner appear under another id


class Running(Rule):
    """Somebody runs in a zone where people walk."""

    kind: Literal["running"] = "running"
    labels: tuple[LabelName, ...] | None = only(Label.PERSON)
    zone: str = Field(description="Id of the zone or lane.")
    speed_ms: float = Field(default=3.5, gt=0, description="Faster is running, m/s.")
    after_s: float = Field(default=1.0, gt=0, description="How long somebody must be so fast, seconds.")
    severity: Severity = Field(default="info", description="How urgent it is.")

    def watch(self, scene: Scene) -> "RunningWatch":
        """Starts watching a scene (see `Rule.watch`)."""
        scene.zone(self.zone)
        return RunningWatch(self, scene.calibrated())


@dataclass(slots=True)
class _Runner:
    """Somebody who has been told to run."""

    tracks: list[int]
    row: Placed
    held_s: float


class RunningWatch:
    """`running` at work on one camera."""

    def __init__(self, rule: Running, ground: Ground) -> None:
        self._rule = rule
        self._statures = Statures(ground)
        self._spells = Spells(self._is_fast)
        self._others: tuple[Placed, ...] = ()
        self._rode_s: dict[int, float] = {}
        self._now_s = 0.0
        self._runners: dict[int, _Runner] = {}
        self._open = OpenIncidents()

    def __len__(self) -> int:
        return len(self._statures) + len(self._spells) + len(self._rode_s) + len(self._runners) + len(self._open)

    def step(self, view: View) -> Iterator[Incident]:
        """Incidents that begin or end with this view."""
        self._now_s = view.time_s
        self._others = tuple(row for row in view.everyone if row.label is not Label.PERSON)
        self._rode_s = {track: rode_s for track, rode_s in self._rode_s.items() if view.time_s - rode_s <= _RIDER_S}
        self._rode_s.update((row.id, view.time_s) for row in self._others)
        self._statures.step(view)
        now, _ = self._spells.step(view)
        for spell in now:
            runner = self._runner(spell)
            if runner:
                runner.tracks = list(dict.fromkeys([*runner.tracks, spell.row.id]))
                runner.row, runner.held_s = spell.row, view.time_s
            elif self._is_sure(spell, view.time_s):
                yield self._begin(spell, view)
        for key, runner in list(self._runners.items()):
            if view.time_s - runner.held_s > _HIDDEN_S:
                del self._runners[key]
                yield from self._open.end(key, runner.held_s, runner.tracks)

    def finish(self) -> Iterator[Incident]:
        """Ends what is open."""
        self._spells.finish()
        for key, runner in self._runners.items():
            yield from self._open.end(key, runner.held_s, runner.tracks)
        self._runners = {}

    def _runner(self, spell: Spell) -> _Runner | None:
        """Who it is, if it is somebody who has been told already, under this id or, hidden for a while, another."""
        track = spell.row.id
        known = (one for one in self._runners.values() if track in one.tracks or _is_where(one, spell))
        return next(known, None)

    def _begin(self, spell: Spell, view: View) -> Incident:
        row = spell.row
        self._runners[row.id] = _Runner([row.id], row, view.time_s)
        incident = self._rule.incident(view, row, spell.began_s, self._rule.severity, [row.id], row.id)
        return self._open.begin(row.id, incident)

    def _is_fast(self, row: Placed) -> bool:
        if self._rule.zone not in row.zones or row.speed_kmh is None or row.speed_error_kmh is None:
            return False
        fast = (row.speed_kmh - row.speed_error_kmh) / 3.6 > self._rule.speed_ms
        can_be = fast and row.speed_kmh / 3.6 < _FASTEST_MS
        return can_be and not self._statures.has_changed(row) and not self._rides(row)

    def _rides(self, row: Placed) -> bool:
        """Whether somebody rides now, or did a moment ago."""
        if any(_carries(other, row) for other in self._others):
            self._rode_s[row.id] = self._now_s
        return row.id in self._rode_s

    def _is_sure(self, spell: Spell, time_s: float) -> bool:
        lasted_s = time_s - spell.began_s
        if lasted_s < self._rule.after_s or spell.begin.ground is None or spell.row.ground is None:
            return False
        return dist(spell.begin.ground, spell.row.ground) >= _STRAIGHT * self._rule.speed_ms * lasted_s


def _carries(other: Placed, row: Placed) -> bool:
    """Whether somebody rides with another road user: in its box, and moving like it."""
    if not _touch(other.box, row.box):
        return False
    if other.steady is None or row.steady is None:
        return dist(other.foot, row.foot) < _BENEATH * row.height
    return dist(other.steady, row.steady) < _ALIKE * hypot(*row.steady)


def _touch(first: tuple[float, ...], second: tuple[float, ...]) -> bool:
    return first[0] < second[2] and second[0] < first[2] and first[1] < second[3] and second[1] < first[3]


def _is_where(runner: _Runner, spell: Spell) -> bool:
    """Whether a spell begins where a runner who is hidden must be by then."""
    row, begin = runner.row, spell.begin
    since_s = spell.began_s - runner.held_s
    if row.ground is None or row.travel is None or begin.ground is None or since_s <= 0:
        return False
    way = (row.travel[0] * since_s, row.travel[1] * since_s)
    due = (row.ground[0] + way[0], row.ground[1] + way[1])
    return dist(due, begin.ground) <= _NEAR_M + hypot(*way) / 2
