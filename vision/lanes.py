"""Who really drives in a lane, and how far off its direction of travel.

The bottom-centre of a box is not quite where a vehicle stands: seen from the side of the road, that of a lorry may lie
in the lane next to its own. So a good part of the bottom edge must be inside, not one point only:

      lane │     lane      │                  half of a lane change, or the lorry of the next lane:
           │   └──┬┼┬──┘   │    inside        not inside
           │               │   └──┬┼┬──┘
"""

from math import acos, degrees, hypot

import numpy as np

from vision.geometry import Outlines, Point
from vision.scene import Scene, View

_BESIDE = 0.15  # so far beside the bottom-centre, of the width, the box must stand inside, too


class LaneArea:
    """One lane of one camera."""

    def __init__(self, scene: Scene, name: str) -> None:
        """Looks up a lane by its id.

        Raises:
            SiteError: There is none of that id.
        """
        self._name = name
        self._lane = scene.lane(name)
        self._scaled: tuple[tuple[int, int], Outlines] | None = None

    def drivers(self, view: View) -> frozenset[int]:
        """Ids of those who drive in the lane, and not on its edge."""
        rows = [row for row in view.placed if self._name in row.zones]
        if not rows:
            return frozenset()
        x1, _, x2, y2 = np.array([row.box for row in rows]).T
        middle, aside = (x1 + x2) / 2, _BESIDE * (x2 - x1)
        outline = self._outline(view.size)
        left = outline.inside(np.column_stack([middle - aside, y2]))[:, 0]
        right = outline.inside(np.column_stack([middle + aside, y2]))[:, 0]
        return frozenset(row.id for row, both in zip(rows, (left & right).tolist(), strict=True) if both)

    def off_heading_deg(self, way: Point) -> float:
        """Angle between a way in the picture (px, not of no length) and the direction of travel, degrees 0..180."""
        cosine = self.along(way) / hypot(*way)
        return degrees(acos(min(max(cosine, -1.0), 1.0)))

    def along(self, way: Point) -> float:
        """How far a way in the picture, or a place, goes in the direction of travel, px; negative is against it."""
        x, y = self._lane.heading
        return (way[0] * x + way[1] * y) / hypot(x, y)

    def _outline(self, size: tuple[int, int]) -> Outlines:
        """The outline, px; a stream may change its size."""
        if self._scaled is None or self._scaled[0] != size:
            self._scaled = (size, Outlines([np.array(self._lane.polygon) * np.array(size, np.float64)]))
        return self._scaled[1]
