"""Rule `near_miss`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from vision.conflicts import Conflict, Conflicts
from vision.events import Incident, Severity
from vision.incidents import OpenIncidents
from vision.rule import Rule
from vision.scene import Placed, Scene, View

_OVER_S = 2.0  # no conflict for so long: the near miss is over
_AGAIN_S = 10.0  # the same two again within so long are still in the same encounter
_PASSES = 2  # ticks that must agree: one alone may be a box that trembles, or a motorcycle too quick to be seen twice
_TOUCHES = 3  # the same for times to collision, which look further ahead
_TURNS_S = 1.5  # so long takes what is left of a turn: then it is seen who only follows the other round a corner


class NearMiss(Rule):
    """Two road users nearly meet: by a second and a half, or less, they miss each other."""

    kind: Literal["near_miss"] = "near_miss"
    zone: str = Field(description="Id of the zone or lane.")
    within_s: float = Field(
        default=1.5, ge=0.3, le=2.5, description="Greatest post-encroachment time, and time to collision, seconds."
    )
    least_kmh: float = Field(
        default=16.0, ge=0, description="The quicker of the two must go so fast, km/h (SSAM: 10 mph)."
    )
    brakes_ms2: float = Field(
        default=3.4, ge=0, description="A collision that softer braking avoids does not count, m/s² (AASHTO: 3.4)."
    )
    severity: Severity = Field(default="warning", description="How urgent it is.")

    def watch(self, scene: Scene) -> "NearMissWatch":
        """Starts watching a scene (see `Rule.watch`)."""
        return NearMissWatch(self, scene)


@dataclass(slots=True)
class _Encounter:
    """Two road users are near each other."""

    seen_s: float
    began_s: float
    least_s: float = float("inf")
    passes: int = 0
    touches: int = 0
    slants: bool = True
    sure: "_Sure | None" = None
    decided: bool = False
    told: bool = False


@dataclass(frozen=True, slots=True)
class _Sure:
    """They have nearly met, unless they go the same way from there."""

    conflict: Conflict
    row: Placed
    time_s: float


class NearMissWatch:
    """`near_miss` at work on one camera."""

    def __init__(self, rule: NearMiss, scene: Scene) -> None:
        scene.zone(rule.zone)
        self._rule = rule
        self._conflicts = Conflicts(scene.calibrated(), rule.zone, rule.within_s, rule.least_kmh / 3.6, rule.brakes_ms2)
        self._encounters: dict[tuple[int, int], _Encounter] = {}
        self._told = OpenIncidents()

    def __len__(self) -> int:
        return len(self._conflicts) + len(self._encounters) + len(self._told)

    def step(self, view: View) -> Iterator[Incident]:
        """Incidents that begin or end with this view."""
        for conflict in self._conflicts.step(view):
            self._take(conflict, view)
        for pair, encounter in list(self._encounters.items()):
            sure, since_s = encounter.sure, view.time_s - encounter.seen_s
            waited = sure is not None and view.time_s - sure.time_s >= _TURNS_S
            if sure and not encounter.decided and (waited or not encounter.slants):
                encounter.decided = True
                nearly = not encounter.slants or self._conflicts.parted(*pair)
                again = nearly and self._told_before(pair)
                encounter.told = nearly
                if nearly and not again:
                    yield self._begin(pair, encounter.began_s, sure, view)
            if since_s > _OVER_S + self._rule.within_s + _TURNS_S:
                yield from self._told.end(pair, encounter.seen_s)
            if since_s > _AGAIN_S:
                del self._encounters[pair]

    def finish(self) -> Iterator[Incident]:
        """Ends all incidents."""
        for pair, encounter in self._encounters.items():
            yield from self._told.end(pair, encounter.seen_s)
        self._encounters = {}

    def _take(self, conflict: Conflict, view: View) -> None:
        pair = min(conflict.first, conflict.second), max(conflict.first, conflict.second)
        encounter = self._encounters.setdefault(pair, _Encounter(conflict.time_s, conflict.time_s))
        encounter.seen_s = max(encounter.seen_s, conflict.time_s)
        encounter.began_s = min(encounter.began_s, conflict.time_s)
        encounter.least_s = min(encounter.least_s, conflict.within_s)
        encounter.passes += 0 if conflict.touch else _PASSES if conflict.brief else 1
        encounter.touches += conflict.touch
        encounter.slants &= conflict.slants
        # Half a millisecond of grace: times are sums of ticks.
        near = encounter.least_s <= self._rule.within_s + 0.0005
        if near and not encounter.sure and (encounter.passes >= _PASSES or encounter.touches >= _TOUCHES):
            encounter.sure = _Sure(conflict, self._conflicts.trails.placed[conflict.second], view.time_s)

    def _begin(self, pair: tuple[int, int], began_s: float, sure: _Sure, view: View) -> Incident:
        tracks = sure.conflict.first, sure.conflict.second
        incident = self._rule.incident(view, sure.row, began_s, self._rule.severity, tracks, *pair)
        return self._told.begin(pair, incident)

    def _told_before(self, pair: tuple[int, int]) -> bool:
        """Whether it was told of one of the two, under another id of the other, lost and found in between."""
        trails = self._conflicts.trails
        others = [(set(pair) - set(told), set(told) - set(pair)) for told, one in self._encounters.items() if one.told]
        return any(len(ours) == 1 and trails.follows(*ours, *theirs) for ours, theirs in others)
