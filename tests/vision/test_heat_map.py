import pytest

from models.detections import Label
from tests.vision.measured import measured
from tests.vision.story import Story, drives, stands
from vision.measuring.measure import Measure

EVERY_QUARTER = Measure(intervals_s=(60, 900))


def test_seconds_are_summed_up_by_cell_for_a_quarter_of_an_hour() -> None:
    users = [
        stands(Label.CAR, 500, 500, 0, 60),
        stands(Label.PERSON, 510, 505, 0, 30),
        stands(Label.CAR, 950, 1000, 0, 60),
    ]
    found = [one for one in measured(Story(users, 60.0, 10.0), measure=EVERY_QUARTER) if one.kind == "heat_map"]
    [quarter] = found
    assert quarter.ended_s - quarter.began_s == 900
    assert quarter.values["8,4"] == pytest.approx(90, abs=1)
    assert quarter.values["15,8"] == pytest.approx(60, abs=1)
    assert {name: quarter.values[name] for name in ("columns", "rows")} == {"columns": 16, "rows": 9}
    assert len(quarter.values) == 4, "empty cells are left out"
    assert (quarter.line, quarter.zone, quarter.by_label) == (None, None, {})


def test_a_day_of_it_is_small() -> None:
    zigzag = drives(Label.CAR, *((10.0 * n, 10 + 980 * (n % 2), 10 + 10 * n) for n in range(90)))
    [quarter] = [one for one in measured(Story([zigzag], 890.0, 5.0), measure=EVERY_QUARTER) if one.kind == "heat_map"]
    assert 100 < len(quarter.values) <= 16 * 9 + 2
    assert len(quarter.model_dump_json()) < 3000


def test_it_can_be_left_out() -> None:
    assert not [
        one
        for one in measured(Story([], 10.0, 5.0), measure=Measure(intervals_s=(900,), heat_map=False))
        if one.kind == "heat_map"
    ]
