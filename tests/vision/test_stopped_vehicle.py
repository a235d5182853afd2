from dataclasses import replace

import pytest

from models.detections import Label
from tests.vision.story import MAST, SCENE, RoadUser, Story, drives, play, rides, stands, views
from vision.errors import SiteError
from vision.events import Incident
from vision.rules.stopped_vehicle import StoppedVehicle
from vision.scene import Scene, Zone

ROAD = replace(SCENE, zones={"road": Zone(polygon=((0.2, 0.3), (0.8, 0.3), (0.8, 0.7), (0.2, 0.7)))})
STOPPED = StoppedVehicle(id="road", zone="road")


def stops(until: float = 30.0, x: float = 500, label: Label = Label.CAR, **more: object) -> RoadUser:
    """Comes from the left at 100 px/s, stands from 5 s on, and drives on."""
    way = ((5 - x / 100, 0.0, 500.0), (5.0, x, 500.0), (until, x, 500.0), (until + 5, x + 500, 500.0))
    return drives(label, *way, **({"box": (100.0, 80.0)} | more))


def incidents(
    *users: RoadUser, rule: StoppedVehicle = STOPPED, scene: Scene = ROAD, seconds: float = 30.0, fps: float = 5.0
) -> list[Incident]:
    events = play(Story(users, seconds, fps), rule, scene=scene)
    assert all(isinstance(event, Incident) for event in events)
    return [event for event in events if isinstance(event, Incident)]


@pytest.mark.parametrize("fps", [3.0, 12.5])
def test_begins_after_ten_seconds_and_ends_when_it_drives_on(fps: float) -> None:
    began, ended = incidents(stops(until=20.0), fps=fps)
    assert (began.status, ended.status, began.id) == ("began", "ended", ended.id)
    assert began.began_s == pytest.approx(5.0, abs=0.8)
    assert began.time_s == pytest.approx(began.began_s + 10.0, abs=0.4)
    assert ended.ended_s == pytest.approx(20.4, abs=0.6)
    assert began.severity == "warning"
    assert began.tracks == (1,)


def test_nearly_fires_when_it_drives_on_in_time_or_stands_elsewhere() -> None:
    assert incidents(stops(until=13.5)) == []
    assert incidents(stands(Label.CAR, 500, 800, 0.0, 30.0, box=(100, 80))) == []


def test_who_still_stands_at_the_end_is_ended_with_it() -> None:
    began, ended = incidents(stops(until=40.0), seconds=20.0)
    assert ended.ended_s == pytest.approx(20.0, abs=0.3)
    assert began.id == ended.id


def test_suppressed_while_its_neighbours_queue() -> None:
    queue = [stands(Label.CAR, x, 500, 0.0, 25.0, box=(100, 80)) for x in (320, 440, 560, 680)]
    assert incidents(*queue, seconds=25.0) == []


def test_who_stays_when_the_queue_has_gone_broke_down() -> None:
    queue = [stands(Label.CAR, x, 500, 0.0, 12.0, box=(100, 80)) for x in (380, 620)]
    began, _ = incidents(*queue, stands(Label.CAR, 500, 500, 0.0, 30.0, box=(100, 80)))
    assert began.began_s < 0.5
    assert began.time_s == pytest.approx(22.0, abs=0.6)


def test_a_queue_that_forms_behind_it_does_not_end_the_incident() -> None:
    behind = [stands(Label.CAR, x, 500, 18.0, 30.0, box=(100, 80)) for x in (260, 380)]
    told = incidents(stops(until=40.0), *behind)
    assert [(one.status, one.track) for one in told] == [("began", 1), ("ended", 1)]


def test_motorcycles_in_a_pack_at_the_red_light_are_a_queue() -> None:
    pack = [stands(Label.MOTORCYCLE, 400 + 45 * i, 500, 0.0, 25.0, jitter=1.5, seed=i) for i in range(5)]
    assert incidents(*pack, seconds=25.0) == []


def test_on_the_ground_slower_than_four_kilometres_an_hour_is_standing() -> None:
    road = replace(MAST, zones={"road": Zone(polygon=((0.0, 0.3), (1.0, 0.3), (1.0, 1.0), (0.0, 1.0)))})
    rolls = rides(Label.CAR, (0.0, 0.0, 20.0), (20.0, 0.0, 19.0), box=(30.0, 40.0))  # 0.2 km/h
    slow = rides(Label.CAR, (0.0, 0.0, 40.0), (15.0, 0.0, 15.0), box=(30.0, 40.0))  # 6 km/h
    assert len(incidents(rolls, scene=road)) == 2
    assert incidents(slow, scene=road) == []


def test_a_trembling_box_stands_and_a_hidden_one_is_the_same_under_another_id() -> None:
    began, ended = incidents(stops(jitter=4.0, hidden=[(9.0, 9.8), (18.0, 21.0)]), seconds=30.0)
    assert began.began_s == pytest.approx(5.0, abs=0.9)
    assert began.tracks == (1,)
    assert len(ended.tracks) == 2


def test_behind_a_lorry_that_stops_before_it_the_incident_goes_on() -> None:
    lorry = drives(Label.TRUCK, (17.0, 0, 620), (20.0, 500, 620), (32.0, 500, 620), (35.0, 1000, 620), box=(300, 220))
    told = incidents(stops(until=60.0, hidden=[(19.5, 32.5)]), lorry, seconds=50.0)
    car = [one for one in told if one.label == "car"]
    assert [one.status for one in car] == ["began", "ended"]
    assert car[1].ended_s == pytest.approx(50.0, abs=0.3)


def test_people_stand_where_they_like() -> None:
    assert incidents(stands(Label.PERSON, 500, 500, 0.0, 30.0)) == []


def test_forgets_who_has_gone() -> None:
    watch = STOPPED.watch(ROAD)
    for view in views(Story([stops(until=20.0)], 38.0, 5.0), ROAD):
        list(watch.step(view))
    assert len(watch) == 0
    assert list(watch.finish()) == []


def test_an_unknown_zone_is_told_with_those_there_are() -> None:
    with pytest.raises(SiteError, match="no zone 'raod'; there are: road, inbound"):
        StoppedVehicle(id="x", zone="raod").watch(ROAD)
