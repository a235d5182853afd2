"""How long and how large a zone is on the ground."""

from dataclasses import dataclass
from math import dist, hypot
from statistics import mean

import numpy as np

from vision.calibration import Ground
from vision.geometry import area
from vision.scene import Lane, Zone

_STEP = 0.01  # of the picture: along the heading, to learn how that runs on the ground


@dataclass(frozen=True, slots=True)
class Stretch:
    """A zone on the ground.

    Attributes:
        length_m: Of a lane along its heading; of another zone the greatest distance of two corners.
        area_m2: Its area.
    """

    length_m: float
    area_m2: float


def stretch_of(zone: Zone, ground: Ground, size: tuple[int, int]) -> Stretch | None:
    """A zone on the ground; none where a corner lies beyond the horizon.

    Args:
        zone: The zone.
        ground: The ground as the camera sees it.
        size: Of the picture, px: headings are directions of pixels.
    """
    corners = ground.spots(np.array(zone.polygon, np.float64)).metres
    if np.isnan(corners).any():
        return None
    outline: list[tuple[float, float]] = [(x, y) for x, y in corners.tolist()]
    if isinstance(zone, Lane):
        along = _heading(zone, ground, size)
        reach = [x * along[0] + y * along[1] for x, y in outline]
        return Stretch(max(reach) - min(reach), area(outline))
    return Stretch(max(dist(a, b) for a in outline for b in outline), area(outline))


def _heading(lane: Lane, ground: Ground, size: tuple[int, int]) -> tuple[float, float]:
    """Unit vector of a lane's heading on the ground, as it runs in the middle of the lane."""
    x, y = (mean(corner[axis] for corner in lane.polygon) for axis in (0, 1))
    across, down = lane.heading[0] / size[0], lane.heading[1] / size[1]
    step = _STEP / hypot(across, down)
    begin, end = ground.spots(np.array([[x, y], [x + step * across, y + step * down]])).metres.tolist()
    way = (end[0] - begin[0], end[1] - begin[1])
    return way[0] / hypot(*way), way[1] / hypot(*way)
