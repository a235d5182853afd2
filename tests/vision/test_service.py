import pytest

from vision.measuring.service import lane_level, walkway_level

MILE = 1.609344
SQUARE_FOOT = 1 / 10.7639


@pytest.mark.parametrize(
    ("pcu_a_mile", "level"),
    [(0, 1), (11, 1), (11.1, 2), (18.1, 3), (26.1, 4), (35.1, 5), (44.9, 5), (45.1, 6), (300, 6)],
)
def test_of_a_lane_by_density(pcu_a_mile: float, level: int) -> None:
    assert lane_level(pcu_a_mile / MILE - 1e-9) == level


@pytest.mark.parametrize(
    ("square_feet", "level"), [(500, 1), (60.1, 1), (59.9, 2), (39.9, 3), (23.9, 4), (14.9, 5), (7.9, 6), (0.5, 6)]
)
def test_of_a_walkway_by_space(square_feet: float, level: int) -> None:
    assert walkway_level(square_feet * SQUARE_FOOT) == level
