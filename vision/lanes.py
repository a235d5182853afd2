"""Who really drives in a lane, and how far off its direction of travel.

The bottom-centre of a box is not quite where a vehicle stands: seen from the side of the road, that of a lorry may lie
in the lane next to its own. So a good part of the bottom edge must be inside, not one point only:

      lane │     lane      │                  half of a lane change, or the lorry of the next lane:
           │   └──┬┼┬──┘   │    inside        not inside
           │               │   └──┬┼┬──┘
"""

from math import acos, degrees, hypot

import numpy as np

from vision.geometry import Floats, Point, inside
from vision.scene import Placed, Scene, View

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
        self._scaled: tuple[tuple[int, int], Floats] | None = None

    def holds(self, row: Placed, view: View) -> bool:
        """Whether a road user drives in the lane, and not on its edge."""
        if self._name not in row.zones:
            return False
        x, y = row.foot
        aside = _BESIDE * row.width
        return bool(inside(np.array([(x - aside, y), (x + aside, y)]), self._polygon(view.size)).all())

    def off_heading_deg(self, way: Point) -> float:
        """Angle between a way in the picture (px, not of no length) and the direction of travel, degrees 0..180."""
        cosine = self.along(way) / hypot(*way)
        return degrees(acos(min(max(cosine, -1.0), 1.0)))

    def along(self, way: Point) -> float:
        """How far a way in the picture, or a place, goes in the direction of travel, px; negative is against it."""
        x, y = self._lane.heading
        return (way[0] * x + way[1] * y) / hypot(x, y)

    def _polygon(self, size: tuple[int, int]) -> Floats:
        """The corners, px; a stream may change its size."""
        if self._scaled is None or self._scaled[0] != size:
            self._scaled = (size, np.array(self._lane.polygon) * np.array(size, np.float64))
        return self._scaled[1]
