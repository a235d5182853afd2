import numpy as np
import pytest

from models.detections import Label
from tests.vision.rows import row
from vision.queues import NO_QUEUE, distances_m, longest_queue, queues
from vision.scene import Placed


def stands(
    track: int, along_m: float, across_m: float = 0.0, kmh: float | None = 2.0, label: Label = Label.CAR
) -> Placed:
    """A vehicle somewhere on the ground."""
    return row(track, label, 500, 500, speed_kmh=kmh, ground=(across_m, along_m))


def ids(rows: tuple[Placed, ...]) -> list[int]:
    return [one.id for one in rows]


def test_nobody_and_one_alone_are_no_queue() -> None:
    assert queues([]) == []
    assert queues([stands(1, 20)]) == []
    assert queues([stands(1, 20), stands(2, 30.1)]) == []
    assert longest_queue([stands(1, 20)]) == NO_QUEUE
    assert (NO_QUEUE.vehicles, NO_QUEUE.metres) == (0, 0.0)


def test_who_is_near_another_of_it_belongs_to_it() -> None:
    [queue] = queues([stands(1, 40), stands(2, 20), stands(3, 33), stands(4, 26.5)])
    assert ids(queue.rows) == [1, 2, 3, 4]
    assert queue.vehicles == 4
    assert queue.span_m == pytest.approx(20)
    assert queue.metres == pytest.approx(24.5), "the last one has a length"


def test_who_drives_walks_or_is_not_known_yet_does_not_queue() -> None:
    rows = [stands(1, 20), stands(2, 27, kmh=7.0), stands(3, 27, kmh=None), stands(4, 27, label=Label.PERSON)]
    assert queues(rows) == []
    [queue] = queues(rows, kmh=7.5)
    assert ids(queue.rows) == [1, 2]


def test_the_queue_of_the_most_vehicles_comes_first() -> None:
    rows = [stands(1, 5), stands(2, 12), *(stands(n, 30.0 + n) for n in (3, 4, 5)), stands(6, 80), stands(7, 86)]
    assert [ids(queue.rows) for queue in queues(rows)] == [[3, 4, 5], [1, 2], [6, 7]]
    assert ids(longest_queue(rows).rows) == [3, 4, 5]


def test_motorcycles_side_by_side_are_a_short_queue_of_many() -> None:
    pack = [stands(n, 20.0 + n // 4, 0.9 * (n % 4), label=Label.MOTORCYCLE) for n in range(8)]
    queue = longest_queue(pack)
    assert queue.vehicles == 8
    assert queue.metres < 8


def test_neighbours_may_be_asked_to_be_nearer() -> None:
    assert len(queues([stands(1, 20), stands(2, 27)])) == 1
    assert queues([stands(1, 20), stands(2, 27)], spacing_m=5) == []


def test_without_calibration_boxes_tell_how_far_apart_they_are() -> None:
    # 1.5 m are 75 px, so a metre is 50 px across the picture, and 25 px up or down.
    def car(track: int, x: float, y: float) -> Placed:
        return row(track, Label.CAR, x, y, (100, 75), steady=(0.0, 0.0))

    rows = [car(1, 100, 500), car(2, 500, 500), car(3, 500, 700)]
    assert distances_m(rows) == pytest.approx(np.array([[0, 8, np.hypot(8, 8)], [8, 0, 8], [np.hypot(8, 8), 8, 0]]))
    assert longest_queue(rows).vehicles == 3
    assert queues([car(1, 100, 500), car(2, 700, 500)]) == []


def test_beyond_the_horizon_the_box_tells_of_one_what_the_ground_does_not() -> None:
    near = row(1, Label.CAR, 500, 500, (100, 75), ground=(0.0, 50.0), speed_kmh=1.0)
    far = row(2, Label.CAR, 600, 500, (100, 75), steady=(0.0, 0.0))
    known = row(3, Label.CAR, 500, 500, (100, 75), ground=(0.0, 59.0), speed_kmh=1.0)
    assert distances_m([near, far, known])[0] == pytest.approx([0, 2, 9])
