"""Crash scenes: two who came from different ways halt beside each other at once, and whether both stay there.

    ────▶▶▶▶▮          one halts hard, the other as well or it vanishes at speed; then
            ▯          nobody drives on: for some seconds somebody stands in both places, whatever the id and label
            ▲
            ▲

Who waits behind another goes the same way; who lets another pass drives on or is passed.
"""

from dataclasses import dataclass, field
from math import cos, dist, hypot, radians

from vision.association import same_group_of
from vision.footprints import SIZES_M
from vision.geometry import Point
from vision.halts import STILL_HEIGHTS, STILL_MS, Halt
from vision.scene import Placed, View
from vision.trails import Trails

_TOGETHER_S = 2.0  # both halt within so long
_SAME_WAY = cos(radians(30.0))
_DRIFT_M, _DRIFT_HEIGHTS = 1.5, 1.0  # who is further from where it halted has driven on
_SLIDE_M, _SLIDE_HEIGHTS = 3.0, 2.0  # so far from where it was lost may somebody lie
_ESCAPE_M, _ESCAPE_HEIGHTS = 6.0, 4.0  # who appears so near and drives on was only lost for a moment
_GLIMPSE_S = 1.0  # who was seen so long ago still stands there; who is away for longer has left
_LAST_SEEN_S = 3.0  # nobody seen in either place for so long: it is over


@dataclass(slots=True)
class Side:
    """One of the two.

    Attributes:
        halt: How it halted.
        place: Where it is.
        tracks: Ids under which it went, the newest last.
        row: How it looked when it was last seen.
        seen_s: When it was last seen standing there.
        away_s: Since when it is seen to be elsewhere.
        escaped: Whether somebody like it appeared and drove on.
    """

    halt: Halt
    place: Point
    tracks: list[int]
    row: Placed
    seen_s: float
    away_s: float | None = None
    escaped: bool = False

    def stands(self, time_s: float) -> bool:
        """Whether it is seen to stand."""
        return self.away_s is None and time_s - self.seen_s <= _GLIMPSE_S

    def has_left(self, time_s: float) -> bool:
        """Whether it has driven on."""
        return self.escaped or (self.away_s is not None and time_s - self.away_s > _GLIMPSE_S)


@dataclass(slots=True)
class CrashScene:
    """Two who may have crashed.

    Attributes:
        sides: Both.
        time_s: When both stood. Stream clock.
        told: Whether the rule has told anybody.
    """

    sides: tuple[Side, Side]
    time_s: float
    told: bool = field(default=False)

    @property
    def tracks(self) -> list[int]:
        """All ids of both."""
        return [*self.sides[0].tracks, *self.sides[1].tracks]

    def follow(self, view: View, trails: Trails) -> None:
        """Notes who stands where."""
        for side in self.sides:
            _follow(side, set(self.tracks), view, trails)

    def sure(self, view: View) -> bool:
        """Whether both are still there, or one is and the other lies before it, unseen."""
        one, other = self.sides
        if one.stands(view.time_s) and other.stands(view.time_s):
            return True
        return _lies_unseen(one, other, view) or _lies_unseen(other, one, view)

    def over(self, view: View) -> bool:
        """Whether one has driven on, before it was told; or both have, or were not seen for long."""
        left = [side.has_left(view.time_s) for side in self.sides]
        if not self.told and any(left):
            return True
        return all(
            gone or view.time_s - side.seen_s > _LAST_SEEN_S for gone, side in zip(left, self.sides, strict=True)
        )


def met(one: Halt, other: Halt, near_m: float, near_heights: float) -> CrashScene | None:
    """The scene of two halts, if they may have been a crash.

    Args:
        one: A halt.
        other: Another.
        near_m: How far apart their bodies may be, m.
        near_heights: The same without calibration: their boxes, heights.
    """
    if one.row.id == other.row.id or (one.lost and other.lost) or abs(one.time_s - other.time_s) > _TOGETHER_S:
        return None
    speeds = hypot(*one.way) * hypot(*other.way)
    if one.way[0] * other.way[0] + one.way[1] * other.way[1] >= _SAME_WAY * speeds:
        return None
    if not _beside(one, other, near_m, near_heights) or not _approached(one, other):
        return None
    sides = [Side(halt, halt.place, [halt.row.id], halt.row, halt.time_s) for halt in (one, other)]
    for side in sides:
        if side.halt.lost:
            side.seen_s = float("-inf")
    return CrashScene((sides[0], sides[1]), max(one.time_s, other.time_s))


def _beside(one: Halt, other: Halt, near_m: float, near_heights: float) -> bool:
    first, second = one.row, other.row
    if first.ground and second.ground:
        lengths = SIZES_M[first.label][0] + SIZES_M[second.label][0]
        return dist(one.place, other.place) - lengths / 2 <= near_m
    height = (first.height + second.height) / 2
    aside = max(first.box[0], second.box[0]) - min(first.box[2], second.box[2])
    before = abs(first.foot[1] - second.foot[1]) - height / 2
    return hypot(max(aside, 0.0), max(before, 0.0)) <= near_heights * height


def _approached(one: Halt, other: Halt) -> bool:
    """Whether they were clearly further apart a second before."""
    first, second = ((halt.place[0] - halt.way[0], halt.place[1] - halt.way[1]) for halt in (one, other))
    heights = (one.row.height + other.row.height) / 2
    return dist(first, second) >= dist(one.place, other.place) + (2.0 if one.row.ground else 1.2 * heights)


def _follow(side: Side, taking_part: set[int], view: View, trails: Trails) -> None:
    known = [row for row in view.placed if row.id in side.tracks]
    if not known:
        _find(side, taking_part, view, trails)
        return
    row = known[-1]
    reach = _length(row, _DRIFT_M, _DRIFT_HEIGHTS)
    slid_on = side.seen_s == float("-inf") and _is_still(row)
    side.place = _where(row) if slid_on else side.place
    if dist(_where(row), side.place) <= reach:
        side.row, side.seen_s, side.away_s = row, view.time_s, None
    elif side.away_s is None:
        side.away_s = view.time_s


def _find(side: Side, taking_part: set[int], view: View, trails: Trails) -> None:
    """Finds somebody who was not there before and stands where a side was lost, or drives on from there."""
    for row in view.placed:
        if row.id in taking_part or not trails.follows(row.id, side.tracks[-1]):
            continue
        away, still = dist(_where(row), side.place), _is_still(row)
        if still and away <= _length(row, _SLIDE_M, _SLIDE_HEIGHTS):
            side.tracks.append(row.id)
            side.row, side.place, side.seen_s = row, _where(row), view.time_s
            return
        near = away <= _length(row, _ESCAPE_M, _ESCAPE_HEIGHTS) and same_group_of(row.label, side.row.label)
        side.escaped |= near and not still


def _lies_unseen(standing: Side, lost: Side, view: View) -> bool:
    """Whether one stands and the other vanished before it, seen from the camera, where nothing could hide it."""
    if not standing.stands(view.time_s) or not lost.halt.lost or lost.seen_s > float("-inf"):
        return False
    row, (width, height) = lost.halt.row, view.size
    way = row.steady or row.velocity
    x, y = row.foot[0] + way[0], row.foot[1] + way[1]
    return 0 < x < width and 0 < y < height and row.foot[1] >= standing.halt.row.foot[1]


def _where(row: Placed) -> Point:
    return row.ground or row.foot


def _length(row: Placed, metres: float, heights: float) -> float:
    return metres if row.ground else heights * row.height


def _is_still(row: Placed) -> bool:
    speed = row.travel if row.ground else row.steady
    return speed is not None and hypot(*speed) <= _length(row, STILL_MS, STILL_HEIGHTS)
