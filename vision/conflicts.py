"""Conflicts: two road users who nearly meet, by the measures of surrogate safety.

Definitions of FHWA's Surrogate Safety Assessment Model (FHWA-HRT-08-051, ch. 2), for footprints on the ground:

    post-encroachment time       second ▶ ▭  ▭  ▭┌──┐        so long after the first one has left a spot
                                                 │▒▒│        the second one comes upon it
                                                 └──┘
                                        first    ▯ ▲

    time to collision            how long until they would touch if, from now on, each kept its speed on the path that
                                 it really took (straight on where that ends: it braked, or was seen no more)

Both need the path after the moment they are about, so they are known two seconds later. That costs nobody anything, and
a straight look ahead would see collisions wherever somebody turns in front of those who wait.

What is no conflict, whatever the seconds say:

- The same direction of travel: followers in a queue, riders side by side, and one road user that is seen twice.
- Both are slow. SSAM leaves out conflicts below 10 mph.
- A collision that is on the way but that a gentle braking avoids (AASHTO: people are at ease up to 3.4 m/s²).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.calibration import Ground
from vision.footprints import middles, overlap, sizes
from vision.geometry import Floats
from vision.scene import View
from vision.trails import BEHIND, TICK_S, Trails, Window

_MOVES_MS = 0.7  # slower is standing
_RIDES_MS = 2.0  # slower is walking pace: who comes so slowly upon a spot has looked
_SAME_WAY = np.cos(np.radians(30.0))
_HEAD_ON = np.cos(np.radians(150.0))  # beyond, paths run side by side and places are not exact enough
_ACROSS = np.cos(np.radians(60.0))  # paths that cross at less than this angle slant
_COARSE = 5  # ticks
_RECENT, _LEAST_WAYS, _ONWARDS = 7, 2, 0.5  # of the last ways, half a second each, so many must lead the same way
_SPARED_M = 0.15  # is taken off footprints on every side
_LEAST_OVER_M = 1.5  # so long at least is the way over a spot: nobody on foot is there too quickly to be seen twice
_UNSURE_MS = 1.0  # a speed whose standard deviation is greater says nothing: at 16 km/h it turns by 13 degrees


Rows = NDArray[np.intp]
Pairs = tuple[Rows, Rows]


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two road users nearly meet.

    Attributes:
        first: Track that was first at the spot, or the slower one.
        second: The other: who would have hit.
        time_s: When. Stream clock.
        within_s: Time to collision or post-encroachment time.
        touch: Whether they would have collided: it is a time to collision.
        slants: Whether their paths cross so little there that one may only follow the other round a corner.
        brief: Whether who came second was over the spot too quickly to be seen there at two ticks.
    """

    first: int
    second: int
    time_s: float
    within_s: float
    touch: bool
    slants: bool
    brief: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Users:
    """Footprints of n road users at k ticks, the newest last."""

    window: Window
    middle: Floats  # (n, k, 2)
    ahead: Floats  # (n, k, 2)
    size: Floats  # (n, 2)
    reach: Floats  # (n,) half a length
    speed: Floats  # (n, k), nan where not sure


class Conflicts:
    """The conflicts in one zone of one camera."""

    def __init__(self, ground: Ground, zone: str, within_s: float, least_ms: float, brakes_ms2: float) -> None:
        """Begins without any trail.

        Args:
            ground: The ground as the camera sees it.
            zone: Id of the zone or lane.
            within_s: Greatest time to collision, and post-encroachment time; a tick more is told, too.
            least_ms: The quicker one must be so fast.
            brakes_ms2: A collision that a softer braking avoids is none on its way.
        """
        self.trails = Trails(ground, zone)
        self._ticks = round(within_s / TICK_S) + 2
        self._least_ms = least_ms
        self._brakes_ms2 = brakes_ms2

    def __len__(self) -> int:
        return len(self.trails)

    def step(self, view: View) -> Iterator[Conflict]:
        """The conflicts that are seen with this view: of each pair at most one of each sort, tick by tick."""
        if not self.trails.step(view):
            return
        window = self.trails.window(self._ticks, self.trails.rows)
        if not window.inside.any():
            return
        users = self._users(window)
        one, other = self._pairs(users)
        yield from self._passed(users, np.concatenate([one, other]), np.concatenate([other, one]))
        yield from self._would_touch(users, one, other)

    def parted(self, one: int, other: int) -> bool:
        """Whether two tracks have gone different ways in all of the last seconds, as far as they were seen.

        Asked a moment after they met, it tells those whose paths cross from those of whom one follows the other.
        """
        rows = [row for row in (self.trails.row(one), self.trails.row(other)) if row is not None]
        ways = self.trails.ways(np.array(rows, np.intp))
        return len(rows) < 2 or bool(_apart(ways[:1], ways[1:])[0])

    def _users(self, window: Window) -> _Users:
        trails = self.trails
        labels = np.array([trails.placed[track].label for track in window.ids.tolist()], np.int8)
        size, places, speeds = sizes(labels), window.places, window.speeds
        speeds = np.where((window.errors <= _UNSURE_MS)[..., None], speeds, np.nan)
        since = np.arange(speeds.shape[1]) - _last_known(speeds)
        carried = (since > 0) & (since <= BEHIND) & np.isnan(window.errors)  # seen, but too short to smooth
        row, last = np.arange(len(speeds))[:, None], _last_known(speeds)
        speeds = np.where(carried[..., None], speeds[row, last], speeds)
        places = np.where(carried[..., None], places[row, last] + speeds * (since * TICK_S)[..., None], places)
        speed = _length(speeds)
        moving = speed >= _MOVES_MS
        ahead = np.where(moving[..., None], speeds, np.nan) / np.where(moving, speed, np.nan)[..., None]
        ahead = ahead[row, _last_known(ahead)]
        middle = middles(places, ahead, size[:, None], trails.away[window.rows, None])
        return _Users(window, middle, ahead, size, size[:, 0] / 2, speed)

    def _pairs(self, users: _Users) -> Pairs:
        """All pairs of which one is in the zone, and one is quick enough."""
        n = len(users.speed)
        zone = np.flatnonzero(users.window.inside.any(axis=1))
        one, other = np.repeat(zone, n), np.tile(np.arange(n), len(zone))
        unlike = (one < other) | ~np.isin(other, zone)  # nobody with itself, and no pair twice
        quick = np.fmax.reduce(users.speed, axis=1) >= self._least_ms
        some = unlike & (quick[one] | quick[other])
        return one[some], other[some]

    def _passed(self, users: _Users, first: Rows, second: Rows) -> Iterator[Conflict]:
        """Who comes now upon a spot that another left a moment ago: post-encroachment times."""
        window, middle, ahead, speed = users.window, users.middle, users.ahead, users.speed
        rides = speed[second, -1] >= _RIDES_MS
        first, second = first[rides], second[rides]
        near = np.zeros(len(first), np.bool_)
        for tick in range(0, speed.shape[1], _COARSE):  # most were never near each other
            reach = users.reach[first] + users.reach[second] + _COARSE * TICK_S * speed[first, tick]
            crossing = ~_same_way(ahead[second, -1], ahead[first, tick])
            near |= crossing & (_length(middle[second, -1] - middle[first, tick]) <= reach)
        first, second = self._from_different_ways(window, first[near], second[near])
        meets = overlap(
            (middle[second, None, -1], ahead[second, None, -1], users.size[second, None]),
            (middle[first], ahead[first], users.size[first, None]),
            _SPARED_M,
        )
        back = meets[:, ::-1].argmax(axis=1)  # ticks since the first one left
        last = meets.shape[1] - 1 - back
        good = meets.any(axis=1) & (speed[first, last] >= _MOVES_MS)
        good &= np.maximum(speed[first, last], speed[second, -1]) >= self._least_ms
        good &= ~_same_way(ahead[second, -1], ahead[first, last])
        good &= window.inside[second, -1] | window.inside[first, last]
        over_it = np.maximum(users.size[second, 0] + users.size[first, 1] - 4 * _SPARED_M, _LEAST_OVER_M)
        brief = speed[second, -1] * 2 * TICK_S > over_it
        # Both there at once is a crash, or one who is seen twice; and only who really crosses is over it so quickly.
        cosine = (ahead[second, -1] * ahead[first, last]).sum(axis=1)
        brief &= (back > 0) & (np.abs(cosine) <= _ACROSS)
        for pair in np.flatnonzero(good).tolist():
            who = int(window.ids[first[pair]]), int(window.ids[second[pair]])
            within_s = int(back[pair]) * TICK_S
            slants = bool(cosine[pair] > _ACROSS)
            yield Conflict(*who, float(window.time_s[-1]), within_s, False, slants, bool(brief[pair]))

    def _would_touch(self, users: _Users, one: Rows, other: Rows) -> Iterator[Conflict]:
        """Who would have touched at the speed of a while ago: times to collision."""
        window, speed, ahead, begin = users.window, users.speed[:, 0], users.ahead[:, 0], users.middle[:, 0]
        gap = _length(begin[one] - begin[other])
        near = gap <= users.reach[one] + users.reach[other] + (speed[one] + speed[other]) * TICK_S * self._ticks
        near &= (np.fmax(speed[one], speed[other]) >= self._least_ms) & ~_same_way(ahead[one], ahead[other])
        closing = speed[one, None] * ahead[one] - speed[other, None] * ahead[other]
        near &= ((begin[other] - begin[one]) * closing).sum(axis=1) > 0
        one, other = self._from_different_ways(window, one[near], other[near])
        here, there = _projected(users, one), _projected(users, other)
        meets = overlap((*here, users.size[one, None]), (*there, users.size[other, None]), _SPARED_M)
        meets &= ~_same_way(here[1], there[1])
        first = meets.argmax(axis=1)
        # Those who overlap already say nothing about what is to come.
        good = (first > 0) & (np.fmax(speed[one], speed[other]) >= 2 * first * TICK_S * self._brakes_ms2)
        good &= window.inside[one, 0] | window.inside[other, 0]
        for pair in np.flatnonzero(good).tolist():
            who = (one[pair], other[pair]) if speed[one[pair]] <= speed[other[pair]] else (other[pair], one[pair])
            slow, quick = (int(window.ids[row]) for row in who)
            slants = bool((here[1][pair, first[pair]] * there[1][pair, first[pair]]).sum() > _ACROSS)
            yield Conflict(slow, quick, float(window.time_s[0]), int(first[pair]) * TICK_S, True, slants)

    def _from_different_ways(self, window: Window, one: Rows, other: Rows) -> Pairs:
        """Those pairs who did not go the same way at any time of the last seconds: turning off is no crossing."""
        taking_part = np.unique(np.concatenate([one, other]))
        ways = self.trails.ways(window.rows[taking_part])
        goes = _goes(ways)
        here, there = np.searchsorted(taking_part, one), np.searchsorted(taking_part, other)
        both = goes[here] & goes[there]
        one, other, here, there = one[both], other[both], here[both], there[both]
        apart = _apart(ways[here], ways[there])
        return one[apart], other[apart]


def _length(vectors: Floats) -> Floats:
    """(…) of (…, 2)."""
    length: Floats = np.hypot(vectors[..., 0], vectors[..., 1])
    return length


def _goes(ways: Floats) -> NDArray[np.bool_]:
    """Who goes somewhere: the box of somebody who stands trembles to and fro, where others pass before it."""
    recent = ways[:, -_RECENT:]
    known = (~np.isnan(recent[..., 0])).sum(axis=1)
    there = _length(np.nansum(recent, axis=1))
    goes: NDArray[np.bool_] = (known >= _LEAST_WAYS) & (there >= _ONWARDS * known)
    return goes


def _apart(ways: Floats, others: Floats) -> NDArray[np.bool_]:
    """Which pairs (p, w, 2) never went the same way, neither at once nor one after the other."""
    cosine = np.nan_to_num(np.einsum("pai,pbi->pab", ways, others), nan=-1.0)
    apart: NDArray[np.bool_] = (cosine < _SAME_WAY).all(axis=(1, 2))
    return apart


def _same_way(first: Floats, second: Floats) -> NDArray[np.bool_]:
    """Whether headings (…, 2) hardly cross; True where one is not known."""
    cosine = first[..., 0] * second[..., 0] + first[..., 1] * second[..., 1]
    crossing = (cosine < _SAME_WAY) & (cosine > _HEAD_ON)
    same: NDArray[np.bool_] = ~crossing
    return same


def _last_known(vectors: Floats) -> NDArray[np.intp]:
    """For each tick of (n, k, 2) the last one, up to it, that is not nan; before the first one: the first."""
    known = ~np.isnan(vectors[..., 0])
    last = np.maximum.accumulate(np.where(known, np.arange(known.shape[1]), -1), axis=1)
    found: NDArray[np.intp] = np.where(last < 0, known.argmax(axis=1)[:, None], last)
    return found


def _projected(users: _Users, rows: NDArray[np.intp]) -> tuple[Floats, Floats]:
    """Where some road users would have been at the speed of the first tick, on the path that they took.

    Returns:
        Middles and headings, (m, k, 2).
    """
    middle, ahead, speed = users.middle[rows], users.ahead[rows], users.speed[rows]
    n, k = speed.shape
    known = np.logical_and.accumulate(~np.isnan(speed), axis=1)
    steps = np.where(known[:, 1:], (speed[:, 1:] + speed[:, :-1]) / 2 * TICK_S, 0.0)
    way = np.column_stack([np.zeros(n), np.cumsum(steps, axis=1)])
    last = known.sum(axis=1)[:, None] - 1
    gone = speed[:, :1] * TICK_S * np.arange(k)
    at = (np.where(known, way, np.inf)[:, None] <= gone[..., None]).sum(axis=2) - 1
    row, following = np.arange(n)[:, None], np.minimum(at + 1, last)
    on = gone - way[row, at]
    length = way[row, following] - way[row, at]
    share = np.divide(on, length, out=np.zeros_like(on), where=length > 0)
    places = middle[row, at] + share[..., None] * (middle[row, following] - middle[row, at])
    headings = ahead[row, at]
    projected: Floats = places + np.where(at == last, on, 0.0)[..., None] * headings
    return projected, headings
