"""Joining: a track that has ended goes on under another id, if one began where it must have been by then.

Trackers let go who is hidden for long, and find them again under a new id. Counting needs to know that they are one
road user. It can wait: only when a track has ended for good it is asked who goes on with it.

    track 3 ─────✗ · · · · ○── track 8       8 was seen first at ○, after 3 was seen last at ✗, and near to where
                  expected here              3 would be by then at the mean of the speeds of both

Each of two must be the nearest for the other among all who are lost, so that nobody is counted twice in a pack. Who is
hidden by somebody in front has a box that ends too early: either its top or its bottom must be right.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vision.association import same_group
from vision.geometry import Floats
from vision.tracks import Join

_NEAR = 0.6  # so far from the expected place may a track begin, heights of the box,
_NEAR_OF_WAY = 0.25  # and in addition this share of the way that was not seen: nobody keeps exactly to its speed


class Ends(NamedTuple):
    """Ends of n tracks: the last sights of those that are lost, or the first ones of those that are new.

    Attributes:
        ids: (n,) ids.
        labels: (n,) labels.
        time_s: (n,) when that was. Stream clock.
        boxes: (n, 4) px, x1 y1 x2 y2.
        speeds: (n, 2) px/s.
        speed_variances: (n, 2) px²/s².
    """

    ids: NDArray[np.int64]
    labels: NDArray[np.int8]
    time_s: Floats
    boxes: Floats
    speeds: Floats
    speed_variances: Floats


def joined(ended: NDArray[np.bool_], lost: Ends, new: Ends) -> tuple[Join, ...]:
    """Which of some lost tracks, those that have ended, go on as which of some new ones.

    Args:
        ended: (n,) which of the lost ones have ended; the others may come back, or go on later.
        lost: The n tracks that are not seen.
        new: m tracks that began while one of them was lost.
    """
    if not ended.any() or not len(new.ids):
        return ()
    away = _away(lost, new)
    found = []
    for row in np.flatnonzero(ended):
        column = int(np.argmin(away[row]))
        if away[row, column] <= 1 and np.argmin(away[:, column]) == row:
            sure = (away[row] <= 1).sum() == 1 and (away[:, column] <= 1).sum() == 1
            found.append(Join(int(lost.ids[row]), int(new.ids[column]), bool(sure)))
    return tuple(found)


def _away(lost: Ends, new: Ends) -> Floats:
    """(n, m) how far the new tracks begin from where the lost ones are expected; up to 1 may be the same, inf can't."""
    unseen_s = (new.time_s[None] - lost.time_s[:, None])[..., None]
    known, found = 1 / lost.speed_variances[:, None], 1 / new.speed_variances[None]
    speeds = (known * lost.speeds[:, None] + found * new.speeds[None]) / (known + found)
    expected = speeds * unseen_s
    way = new.boxes[None] - lost.boxes[:, None]
    across = (way[..., 0] + way[..., 2]) / 2 - expected[..., 0]
    up = np.minimum(np.abs(way[..., 1] - expected[..., 1]), np.abs(way[..., 3] - expected[..., 1]))
    heights = np.maximum(_heights(lost.boxes)[:, None], _heights(new.boxes)[None])
    near = _NEAR * heights + _NEAR_OF_WAY * np.linalg.norm(expected, axis=2)
    possible = same_group(lost.labels, new.labels) & (unseen_s[..., 0] > 0)
    away: Floats = np.where(possible, np.hypot(across, up) / near, np.inf)
    return away


def _heights(boxes: Floats) -> Floats:
    heights: Floats = np.maximum(boxes[:, 3] - boxes[:, 1], 1.0)
    return heights
