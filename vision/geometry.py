"""Points, lines, polygons and boxes of the picture plane: pure numpy, no state.

x runs to the right and y runs down, as in every picture. A line is directed; standing on `from` and looking to
`to`, its two sides are `left` and `right` as seen in the picture:

              left  (distance > 0)
    from ───────────────────────────▶ to          y
              right (distance < 0)                ▼
"""

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
Floats = NDArray[np.float64]


def signed_distances(points: Floats, start: Floats, end: Floats) -> Floats:
    """Distance of every point to the endless line through every segment; positive is left.

    Args:
        points: (n, 2) px.
        start: (m, 2) px, where the segments begin.
        end: (m, 2) px, where they end; nowhere equal to `start`.

    Returns:
        (n, m) px.
    """
    along = end - start
    to_point = points[:, None, :] - start[None, :, :]
    cross = along[None, :, 0] * to_point[..., 1] - along[None, :, 1] * to_point[..., 0]
    distances: Floats = -cross / np.linalg.norm(along, axis=1)
    return distances


class Outlines:
    """The edges of several polygons, all in one table: a point is tested against all polygons at once."""

    def __init__(self, polygons: Sequence[Floats]) -> None:
        """Lists the edges.

        Args:
            polygons: Each (k, 2), corners in order, k ≥ 3, not closed.
        """
        self._first = np.cumsum([0, *(len(polygon) for polygon in polygons)])[:-1]
        corners = np.vstack([np.empty((0, 2)), *polygons])
        ends = np.vstack([np.empty((0, 2)), *(np.roll(polygon, -1, axis=0) for polygon in polygons)])
        self._x1, self._y1, self._y2 = corners[:, 0], corners[:, 1], ends[:, 1]
        rise = np.where(self._y2 == self._y1, 1.0, self._y2 - self._y1)  # a level edge straddles nothing
        self._slope = (ends[:, 0] - self._x1) / rise

    def inside(self, points: Floats) -> NDArray[np.bool_]:
        """Which points lie in which polygons (even–odd rule, Shimrat 1962).

        Args:
            points: (n, 2).

        Returns:
            (n, z) bool for z polygons.
        """
        x, y = points[:, 0, None], points[:, 1, None]
        straddles = (self._y1 > y) != (self._y2 > y)
        crossed = straddles & (x < self._x1 + (y - self._y1) * self._slope)
        if not len(self._first):
            return np.zeros((len(points), 0), np.bool_)
        odd: NDArray[np.bool_] = np.add.reduceat(crossed, self._first, axis=1, dtype=np.intp) % 2 == 1
        return odd


def crossing_fraction(before: Point, after: Point, start: Point, end: Point) -> float | None:
    """Where the way from `before` to `after` meets the segment from `start` to `end`.

                  start
        before ─────┼────▶ after        answer: |before → ┼| / |before → after|
                   end

    Returns:
        The fraction 0..1 of the way, or None where it does not meet the segment or runs along it.
    """
    way_x, way_y = after[0] - before[0], after[1] - before[1]
    line_x, line_y = end[0] - start[0], end[1] - start[1]
    cross = way_x * line_y - way_y * line_x
    if cross == 0:
        return None
    gap_x, gap_y = start[0] - before[0], start[1] - before[1]
    on_way = (gap_x * line_y - gap_y * line_x) / cross
    on_line = (gap_x * way_y - gap_y * way_x) / cross
    return on_way if 0 <= on_way <= 1 and 0 <= on_line <= 1 else None


def angle_between(first: Point, second: Point) -> float:
    """Angle between two directions regardless of their sense, degrees 0..90; 0 where one has no length."""
    dot = first[0] * second[0] + first[1] * second[1]
    cross = first[0] * second[1] - first[1] * second[0]
    return math.degrees(math.atan2(abs(cross), abs(dot)))


def crosses_itself(polygon: list[Point]) -> bool:
    """Whether two edges of a polygon that are not neighbours meet."""
    edges = [(polygon[i], polygon[(i + 1) % len(polygon)]) for i in range(len(polygon))]
    for (i, (a, b)), (j, (c, d)) in combinations(enumerate(edges), 2):
        neighbours = j - i in (1, len(edges) - 1)
        if not neighbours and crossing_fraction(a, b, c, d) is not None:
            return True
    return False


def area(polygon: list[Point]) -> float:
    """Area of a simple polygon (shoelace formula), in squares of its unit."""
    pairs = zip(polygon, polygon[1:] + polygon[:1], strict=True)
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairs)) / 2


def shared_height(first: Floats, second: Floats) -> Floats:
    """Intersection over union of the heights of every pair of boxes.

    Args:
        first: (n, 4) px, x1 y1 x2 y2.
        second: (m, 4) px.

    Returns:
        (n, m), 0..1; 0 for boxes without height.
    """
    shared = np.minimum(first[:, None, 3], second[None, :, 3]) - np.maximum(first[:, None, 1], second[None, :, 1])
    whole = np.maximum(first[:, None, 3], second[None, :, 3]) - np.minimum(first[:, None, 1], second[None, :, 1])
    ratio: Floats = np.divide(np.clip(shared, 0, None), whole, out=np.zeros_like(whole), where=whole > 0)
    return ratio


def widened(boxes: Floats, share: float) -> Floats:
    """Boxes (n, 4) that reach out on each side by a share of their size."""
    reach = (boxes[:, 2:] - boxes[:, :2]) * share
    return np.hstack([boxes[:, :2] - reach, boxes[:, 2:] + reach])
