"""Successors: a track that goes on where another was lost counts as the same road user.

A tracker that loses somebody behind a lorry finds them again under another id. Whoever keeps account of what a road
user did (so many metres the wrong way; told already) would begin anew, or tell it twice.

    track 3 ─────✗ · · · · ○── track 8       one road user, 3, if ○ appears soon and near the place where
                  expected here              track 3 would be by then at its speed, and is of the same sort
"""

from dataclasses import replace
from math import dist, hypot

from vision.association import same_group_of
from vision.scene import Placed, View

_UNSEEN_S = 2.0  # who was unseen for longer has gone
_NEAR = 1.0  # how near to the expected place the successor must appear, heights of the box,
_NEAR_OF_WAY = 0.25  # and in addition this share of the way that was not seen: nobody keeps exactly to its speed


class Successors:
    """Knows which tracks of one camera go on with which."""

    def __init__(self) -> None:
        self._last: dict[int, tuple[float, Placed]] = {}  # by track: when it was last seen, and how
        self._first: dict[int, int] = {}  # by track: the id that its road user began with, if another
        self._heir: dict[int, int] = {}  # the other way round

    def __len__(self) -> int:
        return len(self._last) + len(self._first) + len(self._heir)

    def step(self, view: View) -> View:
        """The same view with every road user under the id that it began with, and `ended` by those ids."""
        fresh = [row for row in view.placed if row.id not in self._last]
        if fresh:
            visible = {row.id for row in view.everyone}
            lost = {track: last for track, last in self._last.items() if track not in visible}
            for row in fresh:
                if row.id in self._heir:  # back again: whoever was thought to be its successor is somebody else
                    del self._first[self._heir.pop(row.id)]
                else:
                    self._succeed(row, lost, view.time_s)
        for row in view.placed:
            self._last[row.id] = (view.time_s, row)
        ended = self._forget(view.time_s)
        placed = view.placed
        if self._first:
            placed = tuple(replace(row, id=self._first[row.id]) if row.id in self._first else row for row in placed)
        return replace(view, placed=placed, ended=ended)

    def _succeed(self, row: Placed, lost: dict[int, tuple[float, Placed]], time_s: float) -> None:
        """Makes a track that appears the successor of the lost one that would be nearest by now, if any is near."""
        nearest, least = None, float("inf")
        for track, (seen_s, last) in lost.items():
            away = _away(last, row, time_s - seen_s)
            if away is not None and away < least:
                nearest, least = track, away
        if nearest is not None:
            del lost[nearest], self._last[nearest]
            first = self._first.pop(nearest, nearest)
            self._first[row.id], self._heir[first] = first, row.id

    def _forget(self, time_s: float) -> tuple[int, ...]:
        """Forgets who was unseen for too long, and returns the ids that they began with."""
        gone = [track for track, (seen_s, _) in self._last.items() if time_s - seen_s > _UNSEEN_S]
        ended = []
        for track in gone:
            del self._last[track]
            first = self._first.pop(track, track)
            self._heir.pop(first, None)
            ended.append(first)
        return tuple(ended)


def _away(last: Placed, row: Placed, unseen_s: float) -> float | None:
    """How far from where it is expected a track appears, px; none if it can't be the same road user."""
    if unseen_s > _UNSEEN_S or not same_group_of(last.label, row.label):
        return None
    speed = last.steady or last.velocity
    way = (speed[0] * unseen_s, speed[1] * unseen_s)
    away = dist((last.foot[0] + way[0], last.foot[1] + way[1]), row.foot)
    return away if away <= _NEAR * max(last.height, row.height) + _NEAR_OF_WAY * hypot(*way) else None
