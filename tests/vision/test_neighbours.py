import pytest

from models.detections import Label
from tests.vision.rows import row, view
from vision.neighbours import Neighbours
from vision.scene import Placed

KERB = frozenset({"kerb"})
RIGHT = (300.0, 0.0)


def car(track: int, x: float, y: float = 500, way: tuple[float, float] | None = (0.0, 0.0), **more: object) -> Placed:
    return row(track, Label.CAR, x, y, (100.0, 75.0), steady=way, **more)


def looked(*rows: Placed, time_s: float = 0.0) -> Neighbours:
    neighbours = Neighbours()
    neighbours.look(view(time_s, *rows))
    return neighbours


def test_two_slow_ones_near_are_a_queue() -> None:
    here = car(1, 500)
    assert looked(here, car(2, 400), car(3, 600)).queue([here]) == [True]
    assert looked(here, car(2, 400)).queue([here]) == [False]
    assert looked(here, car(2, 400), car(3, 810)).queue([here]) == [False], "3.1 widths away"
    assert looked(car(2, 400), car(3, 600)).queue([]) == []


def test_who_drives_walks_or_is_new_makes_no_queue() -> None:
    here, slow = car(1, 500), car(2, 400)
    walker = row(3, Label.PERSON, 600, 500, steady=(0.0, 0.0))
    for other in (car(3, 600, way=RIGHT), car(3, 600, way=None), walker):
        assert looked(here, slow, other).queue([here]) == [False]


def test_in_metres_where_the_ground_is_known() -> None:
    def at(track: int, metres: float) -> Placed:
        return car(track, 100.0 * track, ground=(0.0, metres), speed_kmh=1.0)

    assert looked(at(1, 0), at(2, 14), at(3, -14)).queue([at(1, 0)]) == [True]
    assert looked(at(1, 0), at(2, 14), at(3, 16)).queue([at(1, 0)]) == [False]


def test_in_a_zone_only() -> None:
    here, first, second = car(1, 500, zones=KERB), car(2, 400, zones=KERB), car(3, 600)
    assert looked(here, first, second).queue([here], "kerb") == [False]
    assert looked(here, first, car(3, 600, zones=KERB)).queue([here], "kerb") == [True]


def test_who_has_been_there_for_minutes_is_parked_whatever_its_id() -> None:
    neighbours = Neighbours()
    for second in range(0, 200, 2):
        # One is lost for a moment and comes back under another id; the other drives off and comes back.
        first = [] if second == 100 else [car(2 if second < 100 else 4, 400)]
        second_one = car(3, 600 if second != 150 else 900)
        neighbours.look(view(float(second), car(1, 500), *first, second_one))
        expected = second != 150 and second != 100 and (second < 180)
        assert neighbours.queue([car(1, 500)]) == [expected], second


@pytest.mark.parametrize(
    ("other", "overtakes"),
    [
        (car(2, 560, 560, RIGHT), True),
        (car(2, 440, 560, RIGHT), False),  # still behind
        (car(2, 560, 560, (-300.0, 0.0)), False),  # comes towards it
        (car(2, 560, 560, (0.0, 300.0)), False),  # crosses
        (car(2, 560, 560, (60.0, 0.0)), False),  # too slow
        (car(2, 1100, 560, RIGHT), False),  # too far
        (row(2, Label.MOTORCYCLE, 560, 560, steady=RIGHT), False),  # slips through every queue
        (row(2, Label.BUS, 560, 560, (200.0, 200.0), steady=RIGHT), True),
    ],
)
def test_who_is_overtaken(other: Placed, overtakes: bool) -> None:
    here = car(1, 500)
    assert looked(here, other).overtaken([here, here], [(200.0, 20.0), None]) == [overtakes, False]
    assert looked(here, other).overtaken([], []) == []


def test_the_way_of_who_stands_is_that_of_when_it_drove() -> None:
    neighbours = looked(car(1, 200, way=RIGHT))
    neighbours.look(view(1.0, car(1, 300, way=(0.0, 0.0))))
    assert neighbours.way(1) == RIGHT
    assert neighbours.way(2) is None
    neighbours.forget((1, 2))
    assert neighbours.way(1) is None


def test_forgets_who_has_gone() -> None:
    neighbours = looked(car(1, 200), car(2, 400, way=RIGHT))
    assert len(neighbours) == 2
    neighbours.forget((1, 2))
    neighbours.look(view(11.0))
    assert len(neighbours) == 0
