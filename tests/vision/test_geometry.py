import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.geometry import (
    Outlines,
    angle_between,
    area,
    crosses_itself,
    crossing_fraction,
    signed_distances,
)

share = st.floats(0, 1, allow_nan=False, width=32)


def test_left_of_a_line_is_positive() -> None:
    # Looking from left to right in a picture, whose y runs down, the left hand points up.
    distances = signed_distances(
        np.array([[5.0, 2.0], [5.0, 8.0], [5.0, 5.0]]), np.array([[0.0, 5.0]]), np.array([[10.0, 5.0]])
    )
    assert distances[:, 0].tolist() == [3.0, -3.0, 0.0]


@given(share, share, share, share)
def test_turning_a_line_round_swaps_its_sides(x: float, y: float, x2: float, y2: float) -> None:
    point, start, end = np.array([[0.3, 0.7]]), np.array([[x, y]]), np.array([[x2 + 2, y2]])
    assert signed_distances(point, start, end)[0, 0] == pytest.approx(-signed_distances(point, end, start)[0, 0])


def test_inside_a_concave_polygon() -> None:
    # A U: the notch between its arms is outside.
    polygon = np.array([[0, 0], [3, 0], [3, 3], [2, 3], [2, 1], [1, 1], [1, 3], [0, 3]], float)
    points = np.array([[0.5, 2.0], [1.5, 2.0], [2.5, 2.0], [1.5, 0.5], [4.0, 1.0], [-1.0, 1.0]])
    square = polygon[[0, 1, 2, 7]] + 0.25
    found = Outlines([polygon, square]).inside(points)
    assert found[:, 0].tolist() == [True, False, True, True, False, False]
    assert found[:, 1].tolist() == [True, True, True, True, False, False]


def test_no_polygon_holds_nothing() -> None:
    assert Outlines([]).inside(np.array([[0.5, 0.5]])).shape == (1, 0)


@given(share, share)
def test_inside_a_square_is_what_its_sides_say(x: float, y: float) -> None:
    square = np.array([[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]])
    if min(abs(x - 0.25), abs(x - 0.75), abs(y - 0.25), abs(y - 0.75)) > 1e-6:
        assert Outlines([square]).inside(np.array([[x, y]]))[0, 0] == (0.25 < x < 0.75 and 0.25 < y < 0.75)


def test_crossing_fraction() -> None:
    assert crossing_fraction((0, 0), (0, 10), (-1, 4), (1, 4)) == pytest.approx(0.4)
    assert crossing_fraction((0, 0), (0, 3), (-1, 4), (1, 4)) is None, "the way ends before the line"
    assert crossing_fraction((5, 0), (5, 10), (-1, 4), (1, 4)) is None, "the way passes beside the line"
    assert crossing_fraction((0, 4), (1, 4), (-1, 4), (1, 4)) is None, "the way runs along the line"
    assert crossing_fraction((0, 0), (0, 0), (-1, 0), (1, 0)) is None, "no way at all"


def test_angle_between() -> None:
    assert angle_between((1, 0), (0, 3)) == 90
    assert angle_between((1, 1), (-2, -2)) == pytest.approx(0)
    assert angle_between((0, 0), (1, 0)) == 0


def test_crosses_itself_and_area() -> None:
    square = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
    bow_tie = [(0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0)]
    assert not crosses_itself(square)
    assert crosses_itself(bow_tie)
    assert not crosses_itself([(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)])
    assert area(square) == 1
    assert area([(0.0, 0.0), (0.5, 0.5), (1.0, 1.0)]) == 0
