import numpy as np
import pytest

from models.detections import Detections, Label
from models.join import MOST_RIDERS, join_riders

PERSON, BICYCLE, MOTORCYCLE, CAR = Label.PERSON, Label.BICYCLE, Label.MOTORCYCLE, Label.CAR
Row = tuple[float, float, float, float, float, Label]


def motorcycle(x: float, ground: float = 100, score: float = 0.8, label: Label = MOTORCYCLE) -> Row:
    """From the side: 60 px wide, 36 px high, its middle at x."""
    return x - 30, ground - 36, x + 30, ground, score, label


def from_behind(x: float, ground: float = 100) -> Row:
    """20 px wide, 36 px high."""
    return x - 10, ground - 36, x + 10, ground, 0.8, MOTORCYCLE


def rider(x: float, ground: float = 100, score: float = 0.8) -> Row:
    """Feet 8 px above the ground, head 44 px above the machine's top."""
    return x - 9, ground - 55, x + 9, ground - 8, score, PERSON


def pedestrian(x: float, ground: float = 100) -> Row:
    return x - 10, ground - 58, x + 10, ground, 0.8, PERSON


def joined(*rows: Row) -> list[tuple[list[float], str]]:
    found = join_riders(Detections.of(*rows))
    return [(box, Label(label).word) for box, label in zip(found.boxes.tolist(), found.labels.tolist(), strict=True)]


@pytest.mark.parametrize("label", [BICYCLE, MOTORCYCLE])
def test_a_rider_becomes_part_of_the_two_wheeler(label: Label) -> None:
    assert joined(motorcycle(50, label=label), rider(48)) == [([20, 45, 80, 100], label.word)]


def test_a_rider_seen_from_behind() -> None:
    assert joined(rider(51), from_behind(50)) == [([40, 45, 60, 100], "motorcycle")]


def test_driver_and_pillion_ride_one_motorcycle() -> None:
    assert joined(motorcycle(50), rider(55), rider(43)) == [([20, 45, 80, 100], "motorcycle")]


def test_a_whole_family_rides_one_motorcycle_but_not_a_crowd() -> None:
    family = [rider(50 + 3 * i) for i in range(-2, 3)]
    assert len(family) == MOST_RIDERS + 1
    assert sorted(word for _, word in joined(motorcycle(50), *family)) == ["motorcycle", "person"]


@pytest.mark.parametrize("x", [22, 78, 84, 95])
def test_a_pedestrian_beside_a_parked_motorcycle_stays_a_person(x: float) -> None:
    assert [word for _, word in joined(motorcycle(50), pedestrian(x))] == ["motorcycle", "person"]


@pytest.mark.parametrize("x", [30, 36, 64, 70])
def test_a_pedestrian_beside_a_motorcycle_seen_from_behind_stays_a_person(x: float) -> None:
    assert [word for _, word in joined(from_behind(50), pedestrian(x))] == ["motorcycle", "person"]


def test_a_pedestrian_in_front_of_a_parked_motorcycle_stays_a_person() -> None:
    # Nearer to the camera: the feet are lower in the picture than the wheels.
    assert [word for _, word in joined(motorcycle(50), pedestrian(50, ground=112))] == ["motorcycle", "person"]


def test_a_rider_next_to_a_parked_motorcycle_goes_to_the_one_that_is_ridden() -> None:
    boxes = joined(motorcycle(50), motorcycle(95), rider(52))
    assert boxes == [([20, 45, 80, 100], "motorcycle"), ([65, 64, 125, 100], "motorcycle")]


def test_in_a_pack_side_by_side_every_motorcycle_gets_its_own_rider() -> None:
    xs = [50, 66, 82, 98]
    pack = joined(*[from_behind(x) for x in xs], *[rider(x + 3) for x in xs])
    assert [word for _, word in pack] == ["motorcycle"] * 4
    assert [box for box, _ in pack] == [[x - 10, 45, x + 12, 100] for x in xs]


def test_a_rider_between_two_motorcycles_leaves_the_better_one_to_who_has_no_other() -> None:
    # The first fits on both, the second on the first motorcycle only: greedy choice would leave one on foot.
    found = joined(from_behind(50), from_behind(60), rider(55), rider(48))
    assert [word for _, word in found] == ["motorcycle", "motorcycle"]
    assert found[0][0] == [39, 45, 60, 100]


def test_people_far_away_or_of_another_size_do_not_ride() -> None:
    child_in_front: Row = (45, 90, 55, 99, 0.8, PERSON)
    giant: Row = (20, -100, 80, 92, 0.8, PERSON)
    for other in (rider(200), rider(50, ground=40), child_in_front, giant):
        assert sorted(word for _, word in joined(motorcycle(50), other)) == ["motorcycle", "person"]


def test_rider_and_machine_vouch_for_each_other() -> None:
    found = join_riders(Detections.of(motorcycle(50, score=0.25), rider(50, score=0.64), rider(47, score=0.2)))
    np.testing.assert_allclose(found.scores, [0.4])


def test_others_are_left_as_they_are_and_in_order() -> None:
    car: Row = (200, 0, 300, 80, 0.7, CAR)
    parked = motorcycle(400)
    detections = Detections.of(car, rider(50), motorcycle(50), parked)
    found = join_riders(detections)
    assert found.labels.tolist() == [CAR, MOTORCYCLE, MOTORCYCLE]
    np.testing.assert_array_equal(found.boxes[[0, 2]], detections.boxes[[0, 3]])
    np.testing.assert_array_equal(found.scores[[0, 2]], detections.scores[[0, 3]])
    assert detections.boxes[2].tolist() == list(motorcycle(50)[:4])  # the caller's own are not touched


@pytest.mark.parametrize("rows", [[], [rider(50)], [motorcycle(50)]])
def test_without_both_there_is_nothing_to_join(rows: list[Row]) -> None:
    detections = Detections.of(*rows)
    assert join_riders(detections) is detections
