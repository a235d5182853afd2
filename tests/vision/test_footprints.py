import numpy as np
import pytest

from models.detections import Label
from vision.footprints import SIZES_M, middles, overlap, sizes
from vision.geometry import Floats

NORTH, EAST, NORTH_EAST = (0.0, 1.0), (1.0, 0.0), (0.6, 0.8)


Pair = tuple[float, float]


def rectangle(middle: Pair, heading: Pair, size: Pair) -> tuple[Floats, Floats, Floats]:
    return np.array(middle), np.array(heading), np.array(size)


def test_every_label_has_a_length_and_a_width() -> None:
    assert sizes(np.array([Label.CAR, Label.PERSON], np.int8)).tolist() == [
        list(SIZES_M[Label.CAR]),
        list(SIZES_M[Label.PERSON]),
    ]


@pytest.mark.parametrize(
    ("heading", "deep"),
    [(NORTH, 4.0), (EAST, 2.0), ((0.0, -1.0), 4.0), (NORTH_EAST, 0.8 * 4 + 0.6 * 2)],
)
def test_the_middle_is_half_a_rectangle_away_from_the_camera(heading: Pair, deep: float) -> None:
    found = middles(np.array([3.0, 10.0]), np.array(heading), np.array([4.0, 2.0]), np.array(NORTH))
    assert found.tolist() == pytest.approx([3.0, 10.0 + deep / 2])


@pytest.mark.parametrize(
    ("place", "heading", "meets"),
    [
        ((0.0, 3.9), NORTH, True),
        ((0.0, 4.1), NORTH, False),
        ((1.9, 0.0), NORTH, True),
        ((2.1, 0.0), NORTH, False),
        ((0.0, 2.9), EAST, True),
        ((0.0, 3.1), EAST, False),
        ((2.8, 3.6), NORTH_EAST, False),
        ((1.6, 2.0), NORTH_EAST, True),
        ((float("nan"), 0.0), NORTH, False),
    ],
)
def test_rectangles_overlap_unless_a_side_parts_them(place: Pair, heading: Pair, meets: bool) -> None:
    one, other = rectangle((0.0, 0.0), NORTH, (4.0, 2.0)), rectangle(place, heading, (4.0, 2.0))
    assert bool(overlap(one, other, 0.0)) is meets
    assert bool(overlap(other, one, 0.0)) is meets


def test_what_is_spared_makes_them_smaller() -> None:
    one, other = rectangle((0.0, 0.0), NORTH, (4.0, 2.0)), rectangle((0.0, 3.9), NORTH, (4.0, 2.0))
    assert not overlap(one, other, 0.1)


def test_many_at_once() -> None:
    places = np.array([[0.0, 1.0], [0.0, 5.0]])
    size = np.array([4.0, 2.0])
    headings = np.array([NORTH, NORTH])
    found = overlap((np.zeros((3, 1, 2)), np.array(NORTH), size), (places, headings, size), 0.0)
    assert found.tolist() == [[True, False]] * 3
