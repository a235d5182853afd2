from typing import Any

from models.detections import Label
from tests.vision.rows import row, view
from vision.scene import Placed
from vision.successors import Successors


def seen(successors: Successors, time_s: float, *rows: Placed) -> list[int]:
    return [one.id for one in successors.step(view(time_s, *rows)).placed]


def car(track: int, x: float, **more: Any) -> Placed:
    """A car that drives to the right at 100 px/s."""
    return row(track, Label.CAR, x, 500, steady=(100.0, 0.0), **more)


def test_a_track_that_appears_where_a_lost_one_would_be_goes_on_with_it() -> None:
    successors = Successors()
    assert seen(successors, 0.0, car(3, 100)) == [3]
    assert seen(successors, 1.0) == []
    assert seen(successors, 1.5, car(8, 250)) == [3]
    assert seen(successors, 1.6, car(8, 260), car(9, 300)) == [3, 9]


def test_under_a_third_id_it_is_still_the_same() -> None:
    successors = Successors()
    assert seen(successors, 0.0, car(3, 100)) == [3]
    assert seen(successors, 1.0, car(8, 200)) == [3]
    assert seen(successors, 2.0, car(9, 300)) == [3]


def test_somebody_else_is_nobodys_successor() -> None:
    successors = Successors()
    seen(successors, 0.0, car(1, 100), car(2, 600))
    assert seen(successors, 1.0, car(1, 200), car(3, 210)) == [1, 3], "nobody is lost there"
    assert seen(successors, 1.1, row(4, Label.PERSON, 710, 500)) == [4], "no person drives on as a car"
    assert seen(successors, 1.2, car(5, 950)) == [5], "too far"
    assert seen(successors, 3.5, car(6, 450)) == [6], "too late"


def test_the_nearest_of_two_lost_ones_is_continued_and_each_only_once() -> None:
    successors = Successors()
    seen(successors, 0.0, car(1, 100), car(2, 150))
    assert seen(successors, 0.5, car(3, 205), car(4, 200)) == [2, 1]
    assert seen(successors, 0.6, car(3, 215), car(4, 210), car(5, 212)) == [2, 1, 5]


def test_who_has_not_been_seen_for_half_a_second_is_expected_by_its_velocity() -> None:
    successors = Successors()
    seen(successors, 0.0, row(1, Label.CAR, 100, 500, velocity=(300.0, 0.0)))
    assert seen(successors, 1.0, car(2, 400)) == [1]


def test_who_comes_back_under_the_old_id_has_no_successor_any_more() -> None:
    successors = Successors()
    seen(successors, 0.0, car(3, 100))
    assert seen(successors, 1.0, car(8, 200)) == [3]
    assert seen(successors, 1.1, car(8, 210), car(3, 240)) == [8, 3]
    assert seen(successors, 1.2, car(8, 220), car(3, 250)) == [8, 3]


def test_ended_are_the_first_ids_and_nothing_is_kept() -> None:
    successors = Successors()
    seen(successors, 0.0, car(3, 100))
    seen(successors, 1.0, car(8, 200), car(9, 700))
    assert successors.step(view(2.5)).ended == ()
    assert set(successors.step(view(3.1)).ended) == {3, 9}
    assert len(successors) == 0
