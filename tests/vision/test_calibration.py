from collections.abc import Sequence

import numpy as np
import pytest
from pydantic import ValidationError

from tests.vision.story import ROAD_POINTS, calibration, on_picture
from vision.calibration import Calibration, Ground, PointPairs
from vision.geometry import Floats

JUNCTION = [  # of five points that fit within centimetres: the others foretell each by metres wrong
    ((0.0175, 0.4317), (18.58, 7.10)),
    ((0.815, 0.2267), (-1.00, 16.83)),
    ((0.80125, 0.495), (15.60, 19.49)),
    ((0.38125, 0.215), (0.05, 0.58)),
    ((0.44125, 0.32), (11.24, 10.84)),
]


def fitted(points: Sequence[tuple[tuple[float, float], tuple[float, float]]]) -> Ground:
    return Calibration.model_validate({"points": [{"image": i, "ground_m": g} for i, g in points]}).ground


def test_exact_points_give_exact_metres() -> None:
    ground = calibration(ROAD_POINTS).ground
    places = np.array([[1.5, 18.0], [-3.0, 31.0]])
    assert ground.spots(on_picture(places)).metres == pytest.approx(places, abs=1e-6)
    assert ground.places(places) == pytest.approx(on_picture(places), abs=1e-6)
    assert max(ground.residuals_m) < 1e-6
    assert ground.left_out_m is not None
    assert max(ground.left_out_m) < 1e-5
    assert ground.unused == ()


def test_four_points_fit_exactly_and_nothing_checks_them() -> None:
    ground = calibration(ROAD_POINTS[:4]).ground
    assert max(ground.residuals_m) < 1e-6
    assert ground.left_out_m is None
    assert ground.left_out_rms_m == float("inf")


def test_a_small_residual_does_not_hide_a_bad_fit() -> None:
    with pytest.raises(ValidationError, match=r"left out, a point is foretold .* worst is point 4 with 16\.7 m"):
        fitted(JUNCTION)


def test_a_point_that_was_mistaken_is_left_out_and_named() -> None:
    picture = on_picture(ROAD_POINTS)
    picture[6] += (0.08, -0.05)
    ground = fitted([((x, y), (u, v)) for (x, y), (u, v) in zip(picture, ROAD_POINTS, strict=True)])
    assert ground.unused == (7,)
    assert ground.residuals_m[6] > 1
    assert ground.spots(on_picture(ROAD_POINTS[:3])).metres == pytest.approx(ROAD_POINTS[:3], abs=1e-6)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([((0.1, 0.1), (0, 0)), ((0.5, 0.1), (5, 0)), ((0.9, 0.1), (9, 0)), ((0.5, 0.9), (5, 9))], "1, 2 and 3 lie on"),
        ([((0.1, 0.1), (0, 0)), ((0.5, 0.2), (5, 0)), ((0.9, 0.1), (9, 0)), ((0.5, 0.9), (5, 9))], "on the ground"),
        ([((0.1, y), (y, 1.0)) for y in (0.1, 0.2, 0.3, 0.4, 0.5)], "lie on one line on the picture"),
        ([((0.1, 0.1), (0, 0))] * 4, "lie on one line"),
        (
            [((x, 0.1), (10 * x, 1.0)) for x in (0.1, 0.5, 0.9)] + [((0.1, 0.9), (1.0, 9.0)), ((0.9, 0.9), (9.0, 9.0))],
            "nothing checks point [45]",
        ),
        (
            [((0.1, 0.1), (0, 0)), ((0.9, 0.1), (0, 9)), ((0.9, 0.9), (9, 0)), ((0.1, 0.9), (9, 9))],
            "beyond the horizon",
        ),
        ([((0.1, 0.1), (0, 0))] * 3, "at least 4"),
    ],
)
def test_points_that_cannot_be_used_are_refused(
    points: list[tuple[tuple[float, float], tuple[float, float]]], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        fitted(points)


def test_beyond_the_horizon_there_is_no_ground() -> None:
    ground = calibration(ROAD_POINTS).ground
    above = ground.spots(np.array([[0.5, 0.0], [0.5, 0.9]]))
    assert np.isnan(above.metres[0]).all()
    assert np.isfinite(above.metres[1]).all()


def test_the_ground_has_its_places_in_the_picture() -> None:
    ground = calibration(ROAD_POINTS).ground
    seen = np.array([[0.0, 14.0], [-6.0, 60.0], [30.0, 20.0]])
    assert ground.places(seen) == pytest.approx(on_picture(seen), abs=1e-6), "beside the picture, too"
    assert np.isnan(ground.places(np.array([[0.0, -20.0], [0.0, 1e5]]))).all(), "behind the camera; on the horizon"


def test_too_poor_a_fit_can_still_be_looked_at() -> None:
    pairs = PointPairs.model_validate({"points": [{"image": i, "ground_m": g} for i, g in JUNCTION]})
    assert "worst is point 4" in (pairs.fit.refusal or "")
    assert pairs.fit.ground.residuals_m[3] == pytest.approx(0.52, abs=0.01)
    assert pairs.fit.extent_m == pytest.approx(27.2, abs=0.1)
    assert calibration(ROAD_POINTS).fit.refusal is None


@pytest.mark.parametrize("count", [4, 8])
def test_the_error_of_a_length_is_what_picking_errors_make_of_it(count: int) -> None:
    """Against truth: sixty people click the same points, each by 0.3 % of the picture wrong."""
    random = np.random.default_rng(7)
    exact, places = on_picture(ROAD_POINTS[:count]), ROAD_POINTS[:count]
    start, end = on_picture(np.array([[-1.0, 16.0]]))[0], on_picture(np.array([[1.0, 27.0]]))[0]
    lengths, told = [], []
    for _ in range(60):
        clicked: Floats = exact + random.normal(0, 0.003, exact.shape)
        try:
            ground = fitted([((x, y), (u, v)) for (x, y), (u, v) in zip(clicked, places, strict=True)])
        except ValidationError:
            continue  # some of six fits are refused
        length, error = ground.length_m((start[0], start[1]), (end[0], end[1]))
        lengths.append(length)
        told.append(error)
    assert len(lengths) > 45
    assert np.std(lengths) == pytest.approx(np.median(told), rel=0.35)


def test_a_short_way_is_known_better_than_a_position() -> None:
    ground = calibration(ROAD_POINTS[:4]).ground
    here, there = (ground.spots(on_picture(np.array([[x, 38.0]]))) for x in (0.0, 1.0))
    assert ground.length_errors_m(here, there)[0] < ground.position_error_m(there)[0] / 3
    assert ground.length_errors_m(here, here)[0] == 0


def test_a_choice_of_four_points_on_one_line_tells_nothing() -> None:
    line = [((0.2 * k, 0.5), (2.0 * k, 5.0)) for k in range(1, 5)]
    ground = fitted([*line, ((0.1, 0.9), (1.0, 9.0)), ((0.9, 0.9), (9.0, 9.0)), ((0.5, 0.1), (5.0, 1.0))])
    assert max(ground.residuals_m) < 1e-6
