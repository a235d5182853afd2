"""Levels of service, A to F, as numbers from 1 to 6 (Highway Capacity Manual, 7th edition)."""

from bisect import bisect_left

_KM_A_MILE = 1.609344
_SQUARE_FEET_A_SQUARE_METRE = 10.7639
_LANE = (11.0, 18.0, 26.0, 35.0, 45.0)  # passenger cars a mile and lane, up to which it is A … E
_WALKWAY = (-60.0, -40.0, -24.0, -15.0, -8.0)  # square feet a pedestrian, above which it is A … E


def lane_level(density_pcu_km: float) -> int:
    """By density, as of a basic freeway or multilane segment (exhibit 12-15).

    Args:
        density_pcu_km: Passenger car units on a kilometre of one lane.
    """
    return 1 + bisect_left(_LANE, density_pcu_km * _KM_A_MILE)


def walkway_level(space_m2: float) -> int:
    """By the average space of a pedestrian, as of a walkway (exhibit 24-1).

    Args:
        space_m2: Square metres for each.
    """
    # The other way round: the more the better, and the limit itself belongs to the worse level.
    worse = [-space_m2 * _SQUARE_FEET_A_SQUARE_METRE >= limit for limit in _WALKWAY]
    return 1 + sum(worse)
