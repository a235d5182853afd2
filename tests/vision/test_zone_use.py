from dataclasses import replace

import numpy as np
import pytest

from models.detections import Label
from tests.vision.measured import measured, of_zone
from tests.vision.story import MAST, RoadUser, Story, drives, on_picture, rides, stands
from vision.measuring.measure import Measure
from vision.scene import Lane, Zone


def corners(*places: tuple[float, float]) -> tuple[tuple[float, float], ...]:
    """A polygon on the picture by its corners on the ground, m across and along, before the mast."""
    return tuple((x, y) for x, y in on_picture(np.array(places, np.float64)).tolist())


LANE = Lane(polygon=corners((-2, 15), (2, 15), (2, 40), (-2, 40)), heading=(0.0, -1.0))
ROAD = replace(
    MAST,
    lines={},
    zones={"pavement": Zone(polygon=corners((3, 15), (6, 15), (6, 25), (3, 25)))},
    lanes={"outbound": LANE},
)


def waits(label: Label, across: float, along: float, since: float, until: float) -> RoadUser:
    """Stands on the road."""
    return rides(label, (since, across, along), (until, across, along), box=(14.0, 24.0))


def test_occupancy_is_the_share_of_time_with_a_vehicle() -> None:
    users = [
        stands(Label.CAR, 500, 550, 5, 20),
        stands(Label.CAR, 550, 550, 10, 20),
        stands(Label.PERSON, 450, 550, 5, 50),
    ]
    [minute] = of_zone(measured(Story(users, 60.0, 10.0)), "yard")
    assert minute.values["occupancy_pct"] == pytest.approx(25, abs=1.5)
    assert minute.values["vehicles_mean"] == pytest.approx(25 / 60, abs=0.03)
    assert (minute.values["vehicles_max"], minute.values["people_max"]) == (2, 1)
    assert minute.values["people_mean"] == pytest.approx(0.75, abs=0.02)
    assert minute.by_label["car"] == {"present_mean": pytest.approx(25 / 60, abs=0.03)}
    assert minute.kind == "zone_use"


def test_an_empty_zone_has_known_zeros() -> None:
    [minute] = of_zone(measured(Story([], 60.0, 10.0)), "yard")
    assert minute.values == {
        "occupancy_pct": 0, "vehicles_mean": 0, "vehicles_max": 0, "people_mean": 0, "people_max": 0,
    }  # fmt: skip
    assert minute.by_label == {}


def test_lanes_and_the_whole_picture_are_measured_too() -> None:
    found = measured(Story([stands(Label.CAR, 100, 500, 0, 60), stands(Label.PERSON, 900, 500, 0, 60)], 60.0, 10.0))
    [lane], [picture] = of_zone(found, "inbound"), of_zone(found, None)
    assert lane.values["occupancy_pct"] == pytest.approx(100, abs=1)
    assert lane.values["people_mean"] == 0
    assert picture.values["people_mean"] == pytest.approx(1, abs=0.01)
    assert picture.values["vehicles_mean"] == pytest.approx(1, abs=0.01)


def test_a_false_box_of_a_moment_is_no_greatest_number() -> None:
    ghosts = [stands(Label.PERSON, 420 + 20 * n, 550, 20, 20.05, score=0.95) for n in range(6)]
    [minute] = of_zone(measured(Story([stands(Label.PERSON, 500, 450, 0, 60), *ghosts], 60.0, 20.0)), "yard")
    assert minute.values["people_max"] == 1


def test_who_is_hidden_for_a_moment_is_there() -> None:
    flickers = stands(Label.PERSON, 500, 550, 0, 60, hidden=[(t + 0.5, t + 0.8) for t in range(1, 59)])
    [minute] = of_zone(measured(Story([flickers], 60.0, 10.0)), "yard")
    assert minute.values["people_mean"] == pytest.approx(1, abs=0.02)


def test_without_calibration_nothing_is_said_about_metres() -> None:
    [minute] = of_zone(measured(Story([stands(Label.CAR, 500, 550, 0, 60)], 60.0, 10.0)), "yard")
    assert not {name for name in minute.values if name.startswith(("density", "queue", "speed", "level"))}


def test_density_and_level_of_service_of_a_lane() -> None:
    users = [waits(Label.CAR, 0, 17 + 6 * n, 0, 60) for n in range(2)] + [waits(Label.MOTORCYCLE, 1, 36, 0, 30)]
    [minute] = of_zone(measured(Story(users, 60.0, 10.0), scene=ROAD), "outbound")
    assert minute.values["density_veh_km"] == pytest.approx(2.5 / 0.025, rel=0.02)
    assert minute.values["density_pcu_km"] == pytest.approx((2 + 0.15) / 0.025, rel=0.02)
    assert minute.values["level_of_service"] == 6
    [empty] = of_zone(measured(Story([], 60.0, 10.0), scene=ROAD), "outbound")
    assert empty.values["level_of_service"] == 1
    assert empty.values["density_veh_km"] == 0


def test_level_of_service_of_a_pavement_where_people_are() -> None:
    people = [waits(Label.PERSON, 4 + n % 2, 17 + n, 0, 60) for n in range(6)]
    found = measured(Story(people, 60.0, 10.0), scene=ROAD)
    [minute], [lane] = of_zone(found, "pavement"), of_zone(found, "outbound")
    assert minute.values["level_of_service_walking"] == 2, "30 m² for six are 5 m², 54 square feet, each"
    assert "level_of_service" not in minute.values
    assert "level_of_service_walking" not in lane.values
    [empty] = of_zone(measured(Story([], 60.0, 10.0), scene=ROAD), "pavement")
    assert "level_of_service_walking" not in empty.values


def test_a_queue_has_a_length_in_vehicles_and_metres() -> None:
    queue = [waits(Label.CAR, 0, along, 10, 40) for along in (17, 23, 29)]
    passing = rides(Label.CAR, (0, 1.5, 15), (2.5, 1.5, 40), box=(14.0, 24.0))
    [minute] = of_zone(measured(Story([*queue, passing], 60.0, 10.0), scene=ROAD), "outbound")
    assert minute.values["queue_max_veh"] == 3
    assert minute.values["queue_max_m"] == pytest.approx(12 + 4.5, abs=0.5)
    assert minute.values["queue_mean_veh"] == pytest.approx(1.5, abs=0.15)
    assert minute.values["queue_mean_m"] == pytest.approx(16.5 / 2, abs=0.8)


def test_the_space_mean_speed_is_way_by_time() -> None:
    users = [
        rides(Label.CAR, (0, 0, 15), (2.5, 0, 40), box=(14.0, 24.0)),
        rides(Label.CAR, (10, 0, 15), (15, 0, 40), box=(14.0, 24.0)),
    ]
    [minute] = of_zone(measured(Story(users, 60.0, 25.0), scene=ROAD), "outbound")
    # 50 m in 7.5 s; the first half second of each is not known.
    assert minute.values["speed_space_mean_kmh"] == pytest.approx(3.6 * 50 / 7.5, rel=0.1)
    assert minute.by_label["car"]["speed_space_mean_kmh"] == minute.values["speed_space_mean_kmh"]


def test_a_zone_beyond_the_horizon_has_no_length() -> None:
    far = replace(ROAD, zones={"sky": Zone(polygon=((0.2, 0.0), (0.8, 0.0), (0.8, 0.6), (0.2, 0.6)))}, lanes={})
    [minute] = of_zone(measured(Story([waits(Label.CAR, 0, 20, 0, 60)], 60.0, 10.0), scene=far), "sky")
    assert "density_veh_km" not in minute.values


def test_greatest_values_of_an_hour_are_the_greatest_of_its_minutes() -> None:
    users = [
        stands(Label.PERSON, 500, 550, 5, 15),
        stands(Label.PERSON, 450, 550, 5, 15),
        stands(Label.PERSON, 500, 550, 70, 80),
    ]
    measure = Measure(intervals_s=(60, 120))
    found = of_zone(measured(Story(users, 125.0, 10.0), measure=measure), "yard")
    assert [(round(one.ended_s - one.began_s), one.values["people_max"]) for one in found] == [
        (60, 2), (60, 1), (120, 2), (60, 0), (120, 0),
    ]  # fmt: skip


def test_two_frame_rates_say_the_same() -> None:
    users = [drives(Label.CAR, (5, 300, 500), (15, 700, 500))]
    slow, fast = (of_zone(measured(Story(users, 60.0, fps)), "yard")[0].values for fps in (5.0, 25.0))
    assert slow["occupancy_pct"] == pytest.approx(fast["occupancy_pct"], abs=1)
    assert fast["occupancy_pct"] == pytest.approx(100 * 5 / 60, abs=1)
