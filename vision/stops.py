"""Who stands still in a zone, since when, under however many track ids.

A box trembles, a queue creeps, and a lorry hides the parked car behind it, all of it or its lower part:

    zone ┌────────────────────────────────┐
         │  ▭→  ▭→ ▭ ▭▭▭▭▭▭▭ (hidden) ▭▭▭ │     one stop: it began where the foot came to rest, and goes on while
         └─────────├─────────────────────┤┘     the foot stays within a metre, or half a width of the box without
                                                calibration, whatever the id
                        ┌──┐      ┌──┐
                        │  │      └──┘          what is left of a box whose lower part is hidden stands, too:
                        └──┘      ▟███▙         its top and its sides are where they were
"""

from dataclasses import dataclass, replace
from math import dist

import numpy as np

from vision.association import same_group_of
from vision.scene import Placed, View

_DRIFT_M = 1.0  # so far may a road user drift and still stand, where the ground is known;
_TREMBLES = 0.15  # so far, in widths of its box, it may anyhow, for boxes far away tremble by metres;
DRIFT = 0.5  # and so far where the ground is not known
_FAR = 3.0  # widths: who is further aside is not there, whatever else; most are
STANDING_KMH = 4.0
"""Slower than this is standing, where speeds are known."""
_AWAY_S = 1.0  # drifted away or outside for longer: drives on
_MISSED_S = 6.0  # not seen for longer although nothing hides it, nobody in its place: it has gone, unseen
_HIDDEN_S = 30.0  # the same while something hides it: a lorry may stop before a parked car
_COVERED = 0.5  # of its box: so much is covered of who is hidden
_FRESH_S = 1.0  # a track that appeared longer ago goes on with nobody's stop: it was seen to arrive
_SWAP_S = 0.5  # or it stands where another stood so short a time ago: their ids were mixed up
_JOINS_S = 2.0  # a track that goes on with a stop and leaves in less only passed the place
_RESTED_S = 0.5  # who stood for less is not waited for: it was driving when it vanished
_SAME = 0.1  # of a width or height: edges of two looks that are so near to each other are the same
_WHOLE = 0.9  # of a width or height: a smaller look does not show it whole
_ALIKE = 1.4  # times a width or height: two looks at the same road user differ by less
_GROWN = 1.25  # times a width or height: so much more there is to see when what hid it has gone


@dataclass(slots=True, eq=False)
class Stop:
    """Somebody stands still.

    Attributes:
        began_s: When it came to rest. Stream clock.
        at: How it looked when it came to rest where it stands now, for it may creep on.
        at_s: When that was.
        seen_s: When it was last seen standing.
        row: How it looked then.
        whole: How it looked when it was last seen whole.
        tracks: Ids under which it went, that under which it goes now last.
        told: Whether the rule has told anybody.
        elsewhere: Where it seems to have come to rest since, and when; its box may only be cut off for a moment.
        joined_s: Since when it goes under its newest id.
        missed_s: For how long it has not been seen since, although nothing hid it, seconds.
    """

    began_s: float
    at: Placed
    at_s: float
    seen_s: float
    row: Placed
    whole: Placed
    tracks: list[int]
    told: bool = False
    elsewhere: tuple[float, Placed] | None = None
    joined_s: float = float("-inf")
    missed_s: float = 0.0

    @property
    def has_rested(self) -> bool:
        """Whether it has stood for a while, and not only been seen to drive."""
        return self.seen_s - self.began_s >= _RESTED_S


class Stops:
    """The stops in one zone of one camera."""

    def __init__(self, zone: str) -> None:
        """Watches a zone or lane by its id."""
        self._zone = zone
        self._open: list[Stop] = []
        self._appeared_s: dict[int, float] = {}  # by track
        self._time_s = 0.0

    def __len__(self) -> int:
        return len(self._open) + len(self._appeared_s)

    def __contains__(self, stop: Stop) -> bool:
        """Whether a stop goes on."""
        return stop in self._open

    def step(self, view: View) -> tuple[list[Stop], list[Stop]]:
        """Takes the next view; returns the stops of who is seen standing now, and told ones that have ended."""
        now = view.time_s
        self._give_back(view)
        # Of two that were given the same id by mistake the one that was seen last.
        own = {stop.tracks[-1]: stop for stop in sorted(self._open, key=lambda stop: stop.seen_s)}
        standing, others = [], []
        for row in view.placed:
            stop, inside = own.get(row.id), self._zone in row.zones
            fresh = now - self._appeared_s.setdefault(row.id, now) <= _FRESH_S
            if stop and not (fresh and stop.tracks == [row.id]) and _stands(stop, row, inside, now):
                standing.append(stop)
            elif stop or self._open or inside:
                others.append((row, fresh))
        lost = [stop for stop in self._open if stop.seen_s < now and stop.has_rested]
        for row, fresh in others:
            stop, inside = own.get(row.id), self._zone in row.zones
            if stop and stop.tracks[-1] != row.id:
                stop = None  # given to another track just now
            again = _found_again(row, fresh, lost, now) if lost else None
            if again:
                self._give(again, row, stop, now)
                lost.remove(again)
                standing.append(again)
            elif stop and _stands(stop, row, inside, now):
                standing.append(stop)
            elif inside:
                self._goes_on(row, stop, now)
        visible = {row.id for row in view.everyone}
        _miss([stop for stop in lost if stop.tracks[-1] not in visible], view, now - self._time_s)
        self._time_s = now
        for track in view.ended:
            self._appeared_s.pop(track, None)
        ended = [stop for stop in self._open if _is_over(stop, now, visible)]
        for stop in ended:
            self._open.remove(stop)
            # Whoever has come to rest elsewhere did so some time ago.
            if stop.elsewhere and stop.tracks[-1] in visible:
                self._begin(stop.elsewhere[1], stop.elsewhere[0], now)
        return standing, [stop for stop in ended if stop.told]

    def finish(self) -> list[Stop]:
        """Ends all stops and returns those that were told."""
        ended, self._open, self._appeared_s = self._open, [], {}
        return [stop for stop in ended if stop.told]

    def _begin(self, row: Placed, since_s: float, now: float) -> None:
        self._open.append(Stop(since_s, row, since_s, now, row, row, [row.id]))

    def _give(self, again: Stop, row: Placed, own: Stop | None, now: float) -> None:
        """Lets a stop go on under the id of a track; what was thought to be the track's own stop is nobody's now."""
        if own and not own.has_rested:
            self._open.remove(own)
        elif own:
            own.elsewhere = None
        again.tracks = [*(track for track in again.tracks if track != row.id), row.id]
        again.joined_s = now
        _see(again, row, now)

    def _give_back(self, view: View) -> None:
        """Gives a stop back to the track that it was just taken from, where that is seen again."""
        taken = [stop for stop in self._open if view.time_s - stop.joined_s <= _JOINS_S]
        former = {track: stop for stop in taken for track in stop.tracks[:-1]}
        for row in view.placed:
            stop = former.get(row.id)
            if stop and _is_there(row, stop.whole):
                stop.tracks = [*(track for track in stop.tracks[:-1] if track != row.id), row.id]
                stop.joined_s = float("-inf")

    def _goes_on(self, row: Placed, stop: Stop | None, now: float) -> None:
        """Takes a road user who does not stand, as far as is known."""
        if stop and len(stop.tracks) > 1 and now - stop.joined_s <= _JOINS_S:
            stop.tracks.pop()  # it only passed the place
            stop = None
        if stop is None:
            self._begin(row, now, now)
        elif stop.elsewhere is None or not stays(stop.elsewhere[1], row):
            stop.elsewhere = (now, row)


def _found_again(row: Placed, fresh: bool, lost: list[Stop], now: float) -> Stop | None:
    """The stop of somebody who is not seen under their last id, where a track is that may go on with it."""
    there = [
        stop
        for stop in lost
        if abs(row.foot[0] - stop.whole.foot[0]) <= _FAR * max(row.width, stop.whole.width)
        and stop.tracks[-1] != row.id
        and (fresh or row.id in stop.tracks or now - stop.seen_s <= _SWAP_S)
        and same_group_of(stop.row.label, row.label)
        and _is_there(row, stop.whole)
    ]
    return min(there, key=lambda stop: dist(stop.whole.foot, row.foot), default=None)


def _see(stop: Stop, row: Placed, now: float) -> None:
    stop.seen_s, stop.row, stop.elsewhere, stop.missed_s = now, row, None, 0.0


def _stands(stop: Stop, row: Placed, inside: bool, now: float) -> bool:
    """Takes the next look at somebody who stood, and tells whether it still stands."""
    more = row.width >= _GROWN * stop.whole.width or row.height >= _GROWN * stop.whole.height
    if stays(stop.at, row):
        if row.width >= _WHOLE * stop.at.width and row.height >= _WHOLE * stop.at.height:
            stop.whole = row
    elif more and _is_part(stop.whole, row):
        stop.at = stop.whole = replace(row, id=stop.at.id)
    elif not _is_part(row, stop.whole):
        if not inside or row.speed_kmh is None or row.speed_kmh >= STANDING_KMH:
            return False
        stop.at, stop.at_s, stop.whole = row, now, row
    _see(stop, row, now)
    return True


def _miss(hidden: list[Stop], view: View, seconds: float) -> None:
    """Counts the time for those who are not seen although nothing nearer to the camera hides them."""
    if not hidden:
        return
    boxes = np.array([row.box for row in view.everyone]).reshape(-1, 4)
    for stop in hidden:
        left, top, right, bottom = stop.whole.box
        across = np.minimum(boxes[:, 2], right) - np.maximum(boxes[:, 0], left)
        down = np.minimum(boxes[:, 3], bottom) - np.maximum(boxes[:, 1], top)
        least = _COVERED * (right - left) * (bottom - top)
        if not ((across > 0) & (down > 0) & (across * down >= least)).any():
            stop.missed_s += seconds


def _is_over(stop: Stop, now: float, visible: set[int]) -> bool:
    unseen_s = now - stop.seen_s
    if stop.tracks[-1] not in visible and stop.has_rested:
        return stop.missed_s > _MISSED_S or unseen_s > _HIDDEN_S
    return unseen_s > _AWAY_S


def stays(there: Placed, row: Placed) -> bool:
    """Whether a road user is still where it was, or hardly beside it."""
    widths = dist(row.foot, there.foot) / max(row.width, there.width, 1.0)
    if there.ground and row.ground:
        return widths <= _TREMBLES or dist(there.ground, row.ground) <= _DRIFT_M
    return widths <= DRIFT


def _is_there(row: Placed, whole: Placed) -> bool:
    """Whether a look shows somebody in the place of another, all of it or a part; the lorry before a car is not it."""
    sizes = (row.width / max(whole.width, 1.0), row.height / max(whole.height, 1.0))
    alike = all(1 / _ALIKE <= size <= _ALIKE for size in sizes)
    return (alike and stays(whole, row)) or _is_part(row, whole)


def _is_part(part: Placed, whole: Placed) -> bool:
    """Whether a look shows what is left of another when one edge is hidden, the lower, left or right one.

    Whoever drives nearer or away gets taller and wider at once, or its top moves.
    """
    aside, upright = _SAME * whole.width, _SAME * whole.height
    left, top, right, bottom = (part.box[edge] - whole.box[edge] for edge in range(4))
    if abs(top) > upright or left < -aside or right > aside or bottom > upright:
        return False
    return (left > aside) + (right < -aside) + (bottom < -upright) <= 1
