import pytest

from benchmarks.simulation.encounters import encounter
from benchmarks.simulation.trajectories import NearMiss
from models.detections import Label
from tests.benchmarks.ground import Way, goes, trajectories

NORTH = goes(Label.CAR, (0, 0, 0), (4, 0, 40))
"""With 10 m/s; at y = 20 at 2 s."""


def crosses(at_s: float, speed: float = 10.0, label: Label = Label.MOTORCYCLE) -> Way:
    """Goes east at y = 20, and is at x = 0 at a time."""
    return goes(label, (at_s - 2, -2 * speed, 20), (at_s + 2, 2 * speed, 20))


def met(*two: Way, time_s: float = 3.0) -> tuple[float, float] | None:
    return encounter(trajectories(*two), NearMiss((0, 1), time_s, (0, 20), 0.8, True))


def test_one_comes_upon_a_spot_that_the_other_has_just_left() -> None:
    times = met(NORTH, crosses(3.0))
    # The rear of the car is beyond the motorcycle at 2.26 s, whose front is at the car's side at 2.81 s.
    assert times == pytest.approx((2.26, 2.81), abs=0.1)
    assert met(crosses(3.0), NORTH) == pytest.approx((2.81, 2.26), abs=0.1), "whoever is named first"


def test_nearly_with_time_enough_they_did_not() -> None:
    assert met(NORTH, crosses(4.5)) is None


def test_who_waits_beside_the_way_of_another_was_never_near() -> None:
    waits = goes(Label.MOTORCYCLE, (0, 1.6, 20), (4, 1.6, 20))
    assert met(NORTH, waits) is None


def test_one_brakes_who_else_would_have_hit() -> None:
    brakes = goes(Label.CAR, (0, -24, 20), (2, -4, 20), (8, -4, 20))
    crossing = goes(Label.CAR, (0, 0, 0), (2.6, 0, 26))
    times = met(brakes, crossing, time_s=2.0)
    assert times is not None
    assert times[0] == times[1] < 2.0, "before it stands"
    assert met(brakes, goes(Label.CAR, (0, 0, -30), (2.6, 0, -4)), time_s=2.0) is None, "it stands by then"


def test_who_was_never_there_at_the_same_time_met_nobody() -> None:
    assert met(NORTH, goes(Label.CAR, (5, -20, 20), (6, -10, 20))) is None
