import pytest

from models.detections import Label
from tests.vision.rows import row, view
from tests.vision.story import SCENE
from vision.scene import Placed
from vision.traffic import Flow, Traffic

YARD = SCENE.zones["yard"]  # 400..600 px both ways; lines at 450, 500 and 550


def flow(*looks: list[Placed], every_s: float = 0.5, traffic: Traffic | None = None) -> Flow | None:
    """How it goes after some looks at those who are in the yard."""
    traffic = Traffic(YARD) if traffic is None else traffic
    found = None
    for number, rows in enumerate(looks):
        found = traffic.step(view(number * every_s, *rows), rows)
    return found


def car(kmh: float | None, x: float = 500, y: float = 560, box: tuple[float, float] = (150, 40)) -> Placed:
    steady = None if kmh is None else (0.0, -10.0)
    return row(1, Label.CAR, x, y, box, speed_kmh=kmh, steady=steady)


def test_the_mean_is_over_space() -> None:
    # Of three who pass at 60 km/h and one at 20, those who count the time that each is there see as many of both.
    found = flow(*([[car(60.0)], [car(20.0)]] * 10))
    assert found is not None
    assert found.kmh == pytest.approx(40, abs=3)
    assert found.users == pytest.approx(1)
    passing = flow(*([[car(60.0)], *[[car(20.0)]] * 3] * 5))
    assert passing is not None
    assert passing.kmh == pytest.approx(2 / (1 / 60 + 1 / 20), abs=3), "one of each speed passes: the harmonic mean"


def test_nobody_there_is_infinitely_fast() -> None:
    found = flow(*[[]] * 12)
    assert found == Flow(0.0, float("inf"), None)


def test_too_little_was_looked_at() -> None:
    assert flow([car(20.0)], [car(20.0)]) is None


def test_a_pause_counts_for_a_second_at_most() -> None:
    assert flow([car(20.0)], [car(20.0)], every_s=4.0) is None


def test_of_whom_nothing_is_known_yet_nothing_is_said() -> None:
    found = flow(*[[car(None)]] * 12)
    assert found is not None
    assert found.users == 0


def test_occupancy_is_the_share_of_time_in_which_the_lines_are_covered() -> None:
    found = flow(*([[car(20.0)], []] * 40))
    assert found is not None
    assert found.occupancy == pytest.approx(1 / 6, abs=0.01), "one of three lines, half of the time"


def test_only_the_last_half_minute_counts() -> None:
    traffic = Traffic(YARD)
    flow(*[[car(20.0)]] * 200, traffic=traffic)
    assert len(traffic) == 61
    traffic.clear()
    assert len(traffic) == 0


def test_a_lane_says_which_way_its_traffic_goes() -> None:
    lane = SCENE.lanes["inbound"].model_copy(update={"polygon": YARD.polygon, "heading": (1.0, 0.0)})
    tall = car(20.0, x=500, y=600, box=(20, 400))  # covers an upright line, and no level one
    found = flow(*[[tall]] * 40, traffic=Traffic(lane))
    assert found is not None
    assert found.occupancy == pytest.approx(1 / 3)
    level = flow(*[[tall]] * 40)
    assert level is not None
    assert level.occupancy == 0
