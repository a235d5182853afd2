import numpy as np
import pytest

from tests.vision.story import MAST, SIZE, on_picture
from vision.measuring.stretch import stretch_of
from vision.scene import Lane, Zone

GROUND = MAST.calibrated()
OUTLINE = tuple((x, y) for x, y in on_picture(np.array([[-3.0, 14], [1, 14], [1, 44], [-3, 44]])).tolist())


def test_a_lane_is_as_long_as_it_is_along_its_heading() -> None:
    along = stretch_of(Lane(polygon=OUTLINE, heading=(0.0, -1.0)), GROUND, SIZE)
    across = stretch_of(Lane(polygon=OUTLINE, heading=(3.0, 0.0)), GROUND, SIZE)
    assert along
    assert across
    assert along.length_m == pytest.approx(30, rel=0.02)
    assert along.area_m2 == pytest.approx(120, rel=0.02)
    assert across.length_m == pytest.approx(4, rel=0.05)


def test_headings_are_directions_of_pixels() -> None:
    """In a picture twice as wide as high a diagonal of pixels is steeper on the ground."""
    diagonal = Lane(polygon=OUTLINE, heading=(1.0, -1.0))
    square, wide = stretch_of(diagonal, GROUND, (1000, 1000)), stretch_of(diagonal, GROUND, (2000, 1000))
    assert square
    assert wide
    assert wide.length_m > square.length_m


def test_another_zone_is_as_long_as_its_farthest_corners_are_apart() -> None:
    zone = stretch_of(Zone(polygon=OUTLINE), GROUND, SIZE)
    assert zone
    assert zone.length_m == pytest.approx((30**2 + 4**2) ** 0.5, rel=0.02)


def test_beyond_the_horizon_nothing_has_a_length() -> None:
    assert stretch_of(Zone(polygon=((0.1, 0.0), (0.9, 0.0), (0.5, 0.9))), GROUND, SIZE) is None
