import numpy as np
import pytest

from tests.vision.story import ROAD_POINTS, calibration, on_picture
from vision.calibration import Ground
from vision.section import Pace, Sight, on_line, pace

GROUND = calibration().ground


def seen(*places: tuple[float, float], times: list[float] | None = None, heights: tuple[float, float] = (40, 40),
         ground: Ground = GROUND, unseen_s: float = 0.0) -> Pace:  # fmt: skip
    """The pace of somebody at places on the ground, one every tenth of a second."""
    times = times or [n / 10 for n in range(len(places))]
    box = np.linspace(*heights, len(places)).tolist()
    sights = [
        Sight(time_s, place, (0.001, 0.001), height, unseen_s)
        for time_s, place, height in zip(times, places, box, strict=True)
    ]
    return pace(ground, sights)


def straight(metres_a_step: float = 1.0) -> list[tuple[float, float]]:
    return [(0.0, 14.0 + metres_a_step * n) for n in range(11)]


def test_length_over_time() -> None:
    found = seen(*straight())
    assert found.kmh == pytest.approx(36.0)
    assert found.least_kmh == pytest.approx(36.0)
    assert 0 < found.error_kmh < 3


def test_whoever_stands_has_no_pace() -> None:
    assert seen((0.0, 14.0), (0.0, 14.0)).kmh == 0


def test_the_error_is_what_trembling_makes_of_it() -> None:
    """Against truth: the same way, with both ends off by chance, in two standard deviations of what a box trembles."""
    random = np.random.default_rng(3)
    ends, told, found = np.array([[0.0, 16.0], [0.0, 30.0]]), [], []
    for _ in range(200):
        places = GROUND.spots(on_picture(ends) + random.normal(0, 0.003, (2, 2))).metres
        sights = [
            Sight(t, (x, y), (0.003, 0.003), 40, 0) for t, (x, y) in zip((0.0, 1.0), places.tolist(), strict=True)
        ]
        one = pace(GROUND, sights)
        found.append(one.kmh)
        told.append(one.error_kmh)
    # The points of this calibration are exact, so what it may be wrong by is not seen here.
    assert 2 * np.std(found) == pytest.approx(np.mean(told), rel=0.35)
    assert 2 * np.std(found) < np.mean(told)


def test_fewer_points_and_unseen_ends_make_the_error_larger() -> None:
    four = calibration(ROAD_POINTS[:4]).ground
    assert seen(*straight(), ground=four).error_kmh > seen(*straight()).error_kmh
    assert seen(*straight(), unseen_s=1.0).error_kmh > seen(*straight()).error_kmh + 2


def test_a_jump_is_no_speed() -> None:
    jumps = [(0.0, 14.0 + 0.5 * n + (5.0 if n > 6 else 0.0)) for n in range(11)]
    found = seen(*jumps)
    assert found.kmh == pytest.approx(36.0)
    assert found.least_kmh == pytest.approx(18.0)
    assert not found.surely_exceeds(20.0)


def test_a_speed_made_of_one_step_is_none() -> None:
    assert seen((0.0, 14.0), (0.0, 34.0), times=[0.0, 1.0]).least_kmh == 0


def test_hidden_for_half_the_way_is_as_fast() -> None:
    places, times = straight(), [n / 10 for n in range(11)]
    found = seen(*places[:3], *places[8:], times=times[:3] + times[8:])
    assert found.least_kmh == pytest.approx(36.0)


@pytest.mark.parametrize(
    ("heights", "whole"),
    [
        ((40, 40), True),  # a box of one size, as replays of tracks may have
        ((40, 25), True),  # smaller with the distance, as is right
        ((40, 12), False),  # somebody nearer begins to hide it
        ((40, 60), False),  # larger as it drives away: it comes out from behind something
    ],
)
def test_a_box_that_grows_or_shrinks_by_more_than_its_distance_is_not_whole(
    heights: tuple[float, float], whole: bool
) -> None:
    found = seen(*straight(), heights=heights)
    assert found.whole == whole
    assert found.surely_exceeds(30.0) == whole


def test_on_a_line_between_two_sights() -> None:
    before = Sight(1.0, (0.0, 14.0), (0.0, 0.0), 40, 0.1)
    after = Sight(1.4, (0.0, 18.0), (0.0, 0.0), 30, 0.4)
    found = on_line(before, after, (-4.0, 15.0), (4.0, 15.0))
    assert found is not None
    assert found.time_s == pytest.approx(1.1)
    assert found.ground == pytest.approx((0.0, 15.0))
    assert found.unseen_s == pytest.approx(0.4)
    assert on_line(before, after, (-4.0, 19.0), (4.0, 19.0)) is None
