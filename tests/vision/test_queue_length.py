from dataclasses import replace

import pytest

from models.detections import Label
from vision.geometry import Point
from vision.measuring.queue_length import NO_QUEUE, Queue, longest_queue
from vision.scene import Placed

ROW = Placed(
    id=1, label=Label.CAR, score=0.9, box=(0, 0, 10, 10), foot=(5, 10), place=(0.1, 0.1), velocity=(0, 0),
    zones=frozenset(), distances={},
)  # fmt: skip


def at(x: float, y: float, kmh: float | None = 0.0) -> Placed:
    return replace(ROW, ground=(x, y), speed_kmh=kmh)


@pytest.mark.parametrize(
    ("rows", "queue"),
    [
        ([], NO_QUEUE),
        ([at(0, 0)], NO_QUEUE),
        ([at(0, 0), at(0, 11)], NO_QUEUE),
        ([at(0, 0), at(0, 9)], Queue(2, 9)),
        ([at(0, 0), at(0, 9), at(0, 18), at(50, 0), at(50, 3)], Queue(3, 18)),
        ([at(0, 0), at(0, 9), at(50, 0), at(50, 3)], Queue(2, 9)),
        ([at(0, 0), at(0, 9, 7.0), at(0, 12)], NO_QUEUE),
        ([at(0, 0), at(0, 9, None), replace(ROW, speed_kmh=0.0)], NO_QUEUE),
    ],
)
def test_a_queue_is_of_slow_vehicles_that_are_near(rows: list[Placed], queue: Queue) -> None:
    assert longest_queue(rows) == queue


def test_the_order_does_not_matter() -> None:
    places: list[Point] = [(0, 9.0 * n) for n in (4, 0, 2, 1, 3)]
    assert longest_queue(at(*place) for place in places) == Queue(5, 36)
