from dataclasses import replace

import numpy as np
import pytest

from models.detections import Label
from tests.vision.measured import measured, of_line
from tests.vision.story import MAST, SCENE, RoadUser, Story, drives, on_picture, rides, views
from vision.measuring.line_flow import LineFlow
from vision.measuring.measure import Measure
from vision.measuring.meter import Pcu
from vision.measuring.sums import Sums
from vision.scene import Line

ROAD = replace(
    MAST,
    lines={
        "gate": Line.model_validate(
            {
                "from": on_picture(np.array([[-6.0, 25.0]]))[0].tolist(),
                "to": on_picture(np.array([[6.0, 25.0]]))[0].tolist(),
                "names": {"left": "away", "right": "towards"},
            }
        )
    },
)
"""A line across the road, 25 m from the mast."""


def up(label: Label, at_s: float, x: float = 300, **more: object) -> RoadUser:
    """Goes up the picture and is at the middle of it at a time."""
    return drives(label, (at_s - 2, x, 800), (at_s + 2, x, 200), **more)


def down(label: Label, at_s: float, x: float = 700) -> RoadUser:
    return drives(label, (at_s - 2, x, 200), (at_s + 2, x, 800))


def through(label: Label, at_s: float, kmh: float, across: float = 0.0, away: bool = True) -> RoadUser:
    """Drives along the road at a speed, and is 25 m from the mast at a time."""
    takes_s, way = 12 / (kmh / 3.6), 12 if away else -12
    return rides(label, (at_s - takes_s, across, 25 - way), (at_s + takes_s, across, 25 + way), size_m=(0.45, 0.8))


def test_volume_by_direction_and_label_and_flow_an_hour() -> None:
    users = [
        up(Label.CAR, 5), up(Label.MOTORCYCLE, 9), up(Label.MOTORCYCLE, 13), up(Label.PERSON, 17),
        down(Label.BUS, 8), down(Label.CAR, 70),
    ]  # fmt: skip
    first, second = of_line(measured(Story(users, 90.0, 10.0)))
    values = first.values
    assert (values["volume"], values["volume:away"], values["volume:towards"]) == (5, 4, 1)
    assert {label: own["volume"] for label, own in first.by_label.items()} == {
        "person": 1, "motorcycle": 2, "car": 1, "bus": 1,
    }  # fmt: skip
    assert first.by_label["bus"] == {"volume": 1, "volume:away": 0, "volume:towards": 1}
    assert values["flow_veh_h"] == pytest.approx(4 * 60), "people are no vehicles"
    assert values["flow_pcu_h"] == pytest.approx((1 + 2 * 0.3 + 2.5) * 60)
    assert values["flow_pcu_h:away"] == pytest.approx((1 + 2 * 0.3) * 60)
    assert second.values["volume:towards"] == 1
    assert second.completeness == pytest.approx(0.5)
    assert second.values["flow_veh_h"] == pytest.approx(120), "in the half minute that was watched"
    assert (first.kind, first.rule, first.line, first.zone) == ("line_flow", "measure", "main", None)


def test_a_line_that_nobody_crossed_has_a_known_zero_and_no_means() -> None:
    [minute] = of_line(measured(Story([], 60.0, 10.0)))
    assert minute.values["volume"] == minute.values["flow_veh_h"] == 0
    assert minute.by_label == {}
    assert not {name for name in minute.values if name.startswith(("speed", "headway", "gap"))}


def test_passenger_car_units_are_those_of_the_site() -> None:
    measure = Measure(intervals_s=(60,), pcu=Pcu(motorcycle=0.25))
    story = Story([up(Label.MOTORCYCLE, 5), up(Label.MOTORCYCLE, 9)], 60.0, 10.0)
    [minute] = of_line(measured(story, measure=measure))
    assert minute.values["flow_pcu_h"] == pytest.approx(30)


def test_without_calibration_there_is_no_speed_and_headways_are_from_anchor_to_anchor() -> None:
    [minute] = of_line(measured(Story([up(Label.CAR, at_s) for at_s in (5, 7, 11)], 60.0, 25.0)))
    assert minute.values["headway_s"] == pytest.approx(3.0, abs=0.05)
    assert minute.values["headway_s:away"] == minute.values["headway_s"]
    assert "headway_s:towards" not in minute.values
    assert not {name for name in minute.values if name.startswith(("speed", "gap"))}


def test_speeds_are_the_arithmetic_and_the_harmonic_mean() -> None:
    users = [through(Label.CAR, 5, 30), through(Label.CAR, 10, 45), through(Label.MOTORCYCLE, 15, 20)]
    found = of_line(measured(Story(users, 60.0, 25.0), scene=ROAD), "gate")
    [minute] = found
    assert minute.values["speed_time_mean_kmh"] == pytest.approx(95 / 3, rel=0.03)
    assert minute.values["speed_space_mean_kmh"] == pytest.approx(3 / (1 / 30 + 1 / 45 + 1 / 20), rel=0.03)
    assert minute.by_label["car"]["speed_time_mean_kmh"] == pytest.approx(37.5, rel=0.03)
    assert minute.by_label["car"]["speed_space_mean_kmh:away"] == pytest.approx(36, rel=0.03)
    assert "speed_time_mean_kmh:towards" not in minute.by_label["car"]


@pytest.mark.parametrize("away", [True, False])
def test_headway_is_from_front_to_front_and_gap_from_rear_to_front(away: bool) -> None:
    """The anchor of who drives away is the rear, of who comes the front."""
    lorry, car = through(Label.TRUCK, 5, 36, away=away), through(Label.CAR, 9, 36, away=away)
    [minute] = of_line(measured(Story([lorry, car], 60.0, 25.0), scene=ROAD), "gate")
    # At 10 m/s a lorry of 8 m takes 0.8 s over the line, and a car of 4.5 m 0.45 s.
    headway_s = 4 + 0.8 - 0.45 if away else 4
    assert minute.values["headway_s"] == pytest.approx(headway_s, abs=0.06)
    assert minute.values["gap_s"] == pytest.approx(headway_s - 0.8, abs=0.06)


def test_side_by_side_the_gap_is_nothing_and_the_sum_of_the_headways_stays() -> None:
    """Three pass at 5.0, 5.1 and 9.0 s; the second is certain before the first, since its margin is smaller."""
    users = [
        up(Label.CAR, 5.0, 200, box=(120.0, 400.0)),
        up(Label.MOTORCYCLE, 5.1, 500, box=(20.0, 40.0)),
        up(Label.CAR, 9.0, 800),
    ]
    [minute] = of_line(measured(Story(users, 60.0, 25.0)))
    assert minute.values["volume"] == 3
    assert minute.values["headway_s"] == pytest.approx(2.0, abs=0.1)
    pair = [through(Label.CAR, 5, 20, -2), through(Label.CAR, 5.3, 20, 2)]
    [minute] = of_line(measured(Story(pair, 60.0, 25.0), scene=ROAD), "gate")
    assert minute.values["gap_s"] == 0


def test_nobody_knows_the_headway_behind_a_gap() -> None:
    story = Story([up(Label.CAR, at_s) for at_s in (5, 25, 28)], 60.0, 10.0)
    [minute] = of_line(measured(story, away=[(10.1, 20)]))
    assert minute.values["volume"] == 3
    assert minute.values["headway_s"] == pytest.approx(3.0, abs=0.1)
    assert minute.completeness == pytest.approx(50 / 60)


def test_a_vehicle_that_is_hidden_at_the_line_is_counted_once() -> None:
    [minute] = of_line(measured(Story([up(Label.CAR, 5, hidden=[(4.8, 5.3)])], 60.0, 12.5)))
    assert minute.values["volume"] == 1


def test_who_crosses_just_before_nobody_watches_is_counted_with_its_speed() -> None:
    story = Story([through(Label.CAR, 5, 36), through(Label.CAR, 25, 36)], 60.0, 12.5)
    [minute] = of_line(measured(story, scene=ROAD, dark=[(5.3, 20)]), "gate")
    assert minute.values["volume"] == 2
    assert minute.values["speed_time_mean_kmh"] == pytest.approx(36, rel=0.05)


def test_a_day_of_traffic_leaves_nothing_behind() -> None:
    meter, sums = LineFlow("main", SCENE.line("main"), Pcu()), Sums()
    for view in views(Story([up(Label.CAR, 4.0 * n + 3) for n in range(20)], 100.0, 10.0)):
        meter.follow(view, lambda time_s: sums)
    assert sums.of("volume:away", "car") == 20
    assert len(meter) == 0
