"""Rule `pedestrian_on_carriageway`: somebody on foot among the traffic."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import dist
from typing import Literal

import numpy as np
from models.detections import Label
from pydantic import Field

from vision.events import Incident, Severity
from vision.incidents import OpenIncidents
from vision.rule import LabelName, Rule, only
from vision.scene import Placed, Scene, View
from vision.spells import Spells
from vision.successors import Successors
from vision.tracks import PerTrack
from vision.yardstick import TWO_WHEELERS, going_kmh, length_m

_RUNNING_KMH = 15.0  # whoever is faster rides, although only the rider was found
_RODE_S = 2.0  # who rode so short a time ago still does: the box of the vehicle is missed now and then
_WHOLE_S = 2.0  # so long ago they were nearly as near, and looked as high
_UNSEEN_S = 1.5  # a moment unseen, or close to a vehicle, changes nothing
_LEFT_S = 2.0  # off the carriageway for longer: an incident has ended
_ABOVE = 0.1  # of their own height: so far above a vehicle that hides their legs may a box seem to end
_BELOW = 0.1  # of the height of a two-wheeler: so far below its box may be the feet of its rider
_BEHIND = 0.1  # of the height of other vehicles: a foot so far above their lower edge is in them, or hidden by them
_ALONG = 0.25  # heights of their own a second: who differs by less from the way of a vehicle goes with it


class PedestrianOnCarriageway(Rule):
    """Somebody on foot is on a carriageway, and not at a crossing."""

    kind: Literal["pedestrian_on_carriageway"] = "pedestrian_on_carriageway"
    labels: tuple[LabelName, ...] | None = only(Label.PERSON)
    zone: str = Field(description="Id of the zone or lane: the carriageway.")
    crossings: tuple[str, ...] = Field(
        default=(), description="Ids of the zones in which people may be on it, such as pedestrian crossings."
    )
    after_s: float = Field(default=2.0, ge=0, description="How long they must be on it, seconds.")
    severity: Severity = Field(default="warning", description="How urgent it is.")

    def watch(self, scene: Scene) -> "PedestrianOnCarriagewayWatch":
        """Starts watching a scene (see `Rule.watch`)."""
        return PedestrianOnCarriagewayWatch(self, scene)


class PedestrianOnCarriagewayWatch:
    """`pedestrian_on_carriageway` at work on one camera."""

    def __init__(self, rule: PedestrianOnCarriageway, scene: Scene) -> None:
        for zone in (rule.zone, *rule.crossings):
            scene.zone(zone)
        self._rule = rule
        self._allowed = frozenset(rule.crossings)
        self._successors = Successors()
        self._tracks: PerTrack[list[int]] = PerTrack(list)  # ids under which each went
        self._past = PerTrack(_Past)
        # A moment on the kerb begins anew, or who waits there with trembling feet would be on the carriageway.
        self._spells = Spells(self._is_on_it, gap_s=_UNSEEN_S, lapse_s=0.0)
        self._told = OpenIncidents()
        self._on_it_s: dict[int, float] = {}  # when those of an open incident were last on the carriageway

    def __len__(self) -> int:
        kept = len(self._successors) + len(self._tracks) + len(self._past) + len(self._spells)
        return kept + len(self._told) + len(self._on_it_s)

    def step(self, view: View) -> Iterator[Incident]:
        """Incidents that begin or end with this view."""
        ids = [row.id for row in view.placed]
        view = self._successors.step(view)
        for row, track in zip(view.placed, ids, strict=True):
            if track not in self._tracks[row.id]:
                self._tracks[row.id].append(track)
        for spell in self._spells.step(replace(view, placed=self._on_foot(view)))[0]:
            first = spell.row.id
            if first not in self._told and view.time_s - spell.began_s >= self._rule.after_s:
                tracks = self._tracks[first]
                row = replace(spell.row, id=tracks[-1])
                began = self._rule.incident(view, row, spell.began_s, self._rule.severity, tracks, first)
                yield self._told.begin(first, began)
        for row in view.placed:
            # Close to a vehicle, or hidden by one, nobody has left.
            if row.id in self._told and self._is_on_it(row):
                self._on_it_s[row.id] = view.time_s
        yield from self._end([one for one, on_it_s in self._on_it_s.items() if view.time_s - on_it_s > _LEFT_S])
        self._tracks.forget(view.ended)
        self._past.forget(view.ended)

    def finish(self) -> Iterator[Incident]:
        """Ends all incidents."""
        self._spells.finish()
        yield from self._end(list(self._on_it_s))

    def _end(self, people: list[int]) -> Iterator[Incident]:
        """Ends the incidents of some people, known by their first ids."""
        for first in people:
            yield from self._told.end(first, self._on_it_s.pop(first), self._tracks[first])

    def _is_on_it(self, row: Placed) -> bool:
        return self._rule.zone in row.zones and self._allowed.isdisjoint(row.zones)

    def _on_foot(self, view: View) -> tuple[Placed, ...]:
        """The people who are seen well and belong to no vehicle."""
        people = [row for row in view.placed if row.label is Label.PERSON and not view.cuts_off(row)]
        inside = [row for row in people if self._is_on_it(row)]
        riding = {row.id for row in inside if _is_fast(row)}
        doubtful = set()
        for row, vehicle in _with_vehicles(inside, [row for row in view.everyone if row.label is not Label.PERSON]):
            if _goes_along(row, vehicle):
                riding.add(row.id)
            elif not (_ends_above(row, vehicle) and self._past[row.id].whole(row, view.time_s)):
                doubtful.add(row.id)
        for track in riding:
            self._past[track].rode_s = view.time_s
        doubtful |= {row.id for row in people if view.time_s - self._past[row.id].rode_s <= _RODE_S}
        for row in inside:
            if row.id not in doubtful:
                self._past[row.id].height, self._past[row.id].whole_s = row.height, view.time_s
        return tuple(row for row in people if row.id not in doubtful)


@dataclass(slots=True)
class _Past:
    """What is known of somebody.

    Attributes:
        rode_s: When they were last seen to ride.
        height: Of their box when it ended at no vehicle, px.
        whole_s: When that was.
    """

    rode_s: float = float("-inf")
    height: float = 0.0
    whole_s: float = float("-inf")

    def whole(self, row: Placed, time_s: float) -> bool:
        """Whether they look as high as a moment ago, beside the vehicles: then their legs are not hidden."""
        return time_s - self.whole_s <= _WHOLE_S and row.height >= (1 - _ABOVE) * self.height


def _is_fast(row: Placed) -> bool:
    """Whether somebody is too fast for somebody on foot, and not only their feet, when what hid them has passed."""
    speed_kmh = going_kmh(row)
    if speed_kmh is None or speed_kmh <= _RUNNING_KMH:
        return False
    return 3.6 * length_m(row, *row.velocity) > _RUNNING_KMH / 2


def _ends_above(row: Placed, vehicle: Placed) -> bool:
    """Whether somebody's box ends where that of a vehicle begins: their legs may be behind it."""
    return row.foot[1] <= vehicle.box[1] + _ABOVE * row.height


def _goes_along(row: Placed, vehicle: Placed) -> bool:
    """Whether somebody goes the way of a vehicle, and does not only pass in front of it or behind."""
    if row.steady is None or vehicle.steady is None:
        return False
    return dist(row.steady, vehicle.steady) <= _ALONG * row.height


def _with_vehicles(people: Sequence[Placed], vehicles: Sequence[Placed]) -> list[tuple[Placed, Placed]]:
    """Who rides or sits in a vehicle, or stands behind it so that it hides their feet: pairs.

    The middle of them must be inside its box: beside a bus people walk, and beside a bicycle they push it.
    """
    if not people or not vehicles:
        return []
    middle, foot, height = np.array([(*row.foot, row.height) for row in people]).T[:, :, None]
    left, top, right, bottom = np.array([row.box for row in vehicles]).T
    riding = np.array([row.label in TWO_WHEELERS for row in vehicles])
    lowest = bottom + np.where(riding, _BELOW, -_BEHIND) * (bottom - top)
    pairs = (middle >= left) & (middle <= right) & (foot >= top - _ABOVE * height) & (foot <= lowest)
    return [(people[person], vehicles[vehicle]) for person, vehicle in np.argwhere(pairs).tolist()]
