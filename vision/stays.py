"""Who is in a zone, since when, under however many track ids.

Security rules ask how long somebody has been somewhere. Tracks alone don't answer that: one is lost behind a tree
and comes back under another id. A stay goes on when a track vanishes inside the zone and another appears beside
the place, soon after:

    zone ┌───────────────────────────┐
    ─────┼── track 3 ──✗   ○── track 8 ──   one stay, tracks 3 and 8, if ✗ and ○ are near in place and time
         └───────────────────────────┘

Whoever walks past somebody who stands may leave their id with them and walk on under a new one. An id that comes to
rest exactly where somebody who stood was lost is given back to them, with the stay that they have had so far:

    ◉ 3   ◀── 5        ◉ 5   (3 is lost)       the long stay has the tracks 3 and 5,
                  ◀── 9                        the short one of the passer-by 5 and 9
"""

from dataclasses import dataclass
from math import dist

from vision.geometry import Point
from vision.scene import Placed, View

_LEFT_S = 2.0  # outside for longer: has left. A foot trembles over the border, and a guard paces along it
_VANISHED_S = 2.0  # vanished for longer, nobody beside the place: has left
_NEAR = 1.0  # how near the next track must appear, heights of the box
_NEAR_BOTH = 0.5  # and how near, if both were seen at once before: it is another person, unless the id jumped
_STILL = 0.15  # whoever stays within so many heights of the box stands
_STOOD_S = 1.0  # for so long had stood who is given an id back,
_STANDS_S = 0.5  # and for so long their id, or somebody new has appeared meanwhile
_BEFORE_S = 0.3  # before somebody is lost, an id may already be drawn to their place


@dataclass(slots=True, eq=False)
class Stay:
    """Somebody is in a zone.

    Attributes:
        began_s: When they came in. Stream clock.
        seen_s: When they were last seen inside.
        row: How they looked then.
        begin: How they looked when they came in.
        tracks: Ids under which they went, the newest last.
        stands: How they looked when they came to stand where they are, or now, if they walk.
        stands_s: When that was.
    """

    began_s: float
    seen_s: float
    row: Placed
    begin: Placed
    tracks: list[int]
    stands: Placed
    stands_s: float

    @property
    def stood_s(self) -> float:
        """For how long they had stood when they were last seen."""
        return self.seen_s - self.stands_s

    def see(self, row: Placed, time_s: float) -> None:
        """Notes how they look now."""
        # By the head: whoever steps in front of somebody hides the legs.
        if dist(_head(row), _head(self.stands)) > _STILL * max(row.height, self.stands.height):
            self.stands, self.stands_s = row, time_s
        if row.id not in self.tracks:
            self.tracks.append(row.id)
        self.row, self.seen_s = row, time_s


class Stays:
    """The stays in one zone of one camera."""

    def __init__(self, zone: str) -> None:
        """Watches a zone or lane by its id."""
        self._zone = zone
        self._open: list[Stay] = []
        self._of: dict[int, Stay] = {}
        self._first_s: dict[int, float] = {}

    def __len__(self) -> int:
        return len(self._open) + len(self._of) + len(self._first_s)

    def step(self, view: View) -> tuple[list[Stay], list[Stay]]:
        """Takes the next view; returns the stays that go on and those that have ended."""
        for track in view.ended:
            self._first_s.pop(track, None)
        visible = self._visible(view)
        for row in view.placed:
            self._first_s.setdefault(row.id, view.time_s)
            if self._zone not in row.zones:
                continue
            stay = self._of.get(row.id) or self._goes_on(row, view.time_s, visible)
            self._of[row.id] = stay
            stay.see(row, view.time_s)
            visible.add(stay)
        self._give_back(view.time_s, visible)
        ended = [
            stay for stay in self._open if view.time_s - stay.seen_s > (_LEFT_S if stay in visible else _VANISHED_S)
        ]
        if ended:
            self._open = [stay for stay in self._open if stay not in ended]
            self._of = {track: stay for track, stay in self._of.items() if stay not in ended}
        return self._open, ended

    def finish(self) -> list[Stay]:
        """Ends all stays and returns them."""
        ended, self._open, self._of = self._open, [], {}
        return ended

    def _visible(self, view: View) -> set[Stay]:
        """The stays of those who are seen, each under one id."""
        ids: dict[Stay, int] = {}
        for row in view.placed:
            stay = self._of.get(row.id)
            if stay in ids:
                # Two ids at once are two people: the later one was only taken for them.
                ids[stay], other = sorted((row.id, ids[stay]), key=stay.tracks.index)
                del self._of[other]
            elif stay:
                ids[stay] = row.id
        return set(ids)

    def _goes_on(self, row: Placed, time_s: float, visible: set[Stay]) -> Stay:
        """The stay of a track that appears inside: that of somebody who vanished there, or a new one."""
        near = [
            stay
            for stay in self._open
            if stay not in visible and time_s - stay.seen_s <= _VANISHED_S and self._is_near(row, stay)
        ]
        nearest = min(near, key=lambda stay: dist(stay.row.foot, row.foot), default=None)
        for lost in near:
            # Of two beside whom somebody appears, one has the other's place: it was they who walked past.
            taken_by = next((stay for stay in self._open if _has_place_of(stay, lost)), None)
            if taken_by and nearest in (lost, taken_by):
                self._give(taken_by, lost)
                return taken_by
        if nearest:
            return nearest
        stay = Stay(time_s, time_s, row, row, [], row, time_s)
        self._open.append(stay)
        return stay

    def _is_near(self, row: Placed, stay: Stay) -> bool:
        """Whether a track is near enough to go on with a stay."""
        near = _NEAR if stay.seen_s < self._first_s[row.id] else _NEAR_BOTH
        return dist(stay.row.foot, row.foot) <= near * max(stay.row.height, row.height)

    def _give_back(self, time_s: float, visible: set[Stay]) -> None:
        """Gives ids that stand where somebody was lost to them."""
        for lost in [stay for stay in self._open if stay not in visible and stay.stood_s >= _STOOD_S]:
            for stay in visible:
                if stay.seen_s == time_s and stay.stood_s >= _STANDS_S and _has_place_of(stay, lost):
                    self._give(stay, lost)
                    break

    def _give(self, stay: Stay, lost: Stay) -> None:
        """Gives the id under which somebody was seen last to somebody who was lost."""
        self._of = {track: one for track, one in self._of.items() if one is not lost} | {stay.row.id: lost}
        lost.see(stay.row, stay.seen_s)


def _head(row: Placed) -> Point:
    return (row.box[0] + row.box[2]) / 2, row.box[1]


def _has_place_of(stay: Stay, lost: Stay) -> bool:
    """Whether somebody seems to have come to stand exactly where another, who stood there, was lost just then."""
    if lost.stood_s < _STOOD_S or not lost.seen_s <= stay.seen_s or stay.stands_s < lost.seen_s - _BEFORE_S:
        return False
    here, there = stay.row, lost.stands
    apart = max(dist(_head(here), _head(there)), dist(here.foot, there.foot))
    return apart <= _STILL * there.height
