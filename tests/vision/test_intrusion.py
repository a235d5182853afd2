from dataclasses import replace

import pytest

from models.detections import Label
from tests.vision.story import SCENE, RoadUser, Story, drives, play, stands, views
from vision.errors import SiteError
from vision.events import Incident
from vision.rules.intrusion import Intrusion
from vision.scene import Zone
from vision.schedule import Schedule

YARD = Intrusion(id="yard", zone="yard")


def incidents(*users: RoadUser, rule: Intrusion = YARD, seconds: float = 10.0, fps: float = 25.0) -> list[Incident]:
    events = play(Story(users, seconds, fps), rule)
    return [event for event in events if isinstance(event, Incident)]


@pytest.mark.parametrize("fps", [5.0, 25.0])
def test_fires_once_and_ends(fps: float) -> None:
    walker = drives(Label.PERSON, (0.0, 500, 200), (8.0, 500, 840))  # inside from 2.5 s to 5.0 s
    began, ended = incidents(walker, fps=fps)
    assert (began.status, ended.status) == ("began", "ended")
    assert began.id == ended.id
    assert began.began_s == pytest.approx(2.5, abs=0.25)
    assert began.time_s == pytest.approx(3.0, abs=0.45)
    assert began.ended_s is None
    assert ended.ended_s == pytest.approx(5.0, abs=0.25)
    assert began.severity == "critical"
    assert began.tracks == (1,)


def test_nearly_fires_when_it_only_cuts_the_corner() -> None:
    quick = drives(
        Label.MOTORCYCLE, (0.0, 500, 380), (0.4, 500, 380), (0.5, 500, 450), (0.8, 640, 500), (3.0, 900, 500)
    )
    assert incidents(quick) == []


def test_trembling_on_the_border_is_one_incident() -> None:
    guard = stands(Label.PERSON, 500, 600.5, 0.0, 20.0, jitter=2.0)
    assert [one.status for one in incidents(guard, seconds=20.0)] == ["began", "ended"]


def test_hidden_for_a_moment_is_the_same_incident() -> None:
    man = stands(Label.PERSON, 500, 500, 0.0, 9.0, hidden=[(3.0, 3.8)])
    assert len(incidents(man)) == 2


def test_a_new_track_beside_the_place_goes_on_with_the_incident() -> None:
    # Hidden for longer than a track lives, but nobody could have left in the meantime.
    man = stands(Label.PERSON, 500, 500, 0.0, 9.0, hidden=[(3.0, 4.6)])
    began, ended = incidents(man)
    assert began.tracks == (1,)
    assert ended.tracks == (1, 2)


def test_two_people_are_two_incidents() -> None:
    first = stands(Label.PERSON, 450, 500, 0.0, 9.0)
    second = stands(Label.PERSON, 550, 500, 2.0, 9.0)
    assert len({one.id for one in incidents(first, second)}) == 2


def test_somebody_far_away_does_not_go_on_with_the_incident() -> None:
    first = stands(Label.PERSON, 410, 410, 0.0, 4.0)
    second = stands(Label.PERSON, 590, 590, 4.5, 9.0)
    assert len({one.id for one in incidents(first, second)}) == 2


def test_armed_at_night_only() -> None:
    night = Schedule.model_validate({"hours": [{"from": "22:00", "to": "05:00"}]})
    man = stands(Label.PERSON, 500, 500, 0.0, 9.0)
    assert incidents(man, rule=YARD.model_copy(update={"schedule": night})) == []


def test_a_day_of_visitors_leaves_no_state() -> None:
    rule = Intrusion(id="yard", zone="yard").watch(SCENE)
    users = [drives(Label.PERSON, (i, 500, 200), (i + 4.0, 500, 840)) for i in range(8)]
    for view in views(Story(users, 16.0, 10.0)):
        list(rule.step(view))
    assert len(rule) == 0


def test_an_unknown_zone_is_told_with_those_there_are() -> None:
    with pytest.raises(SiteError, match="no zone 'yrad'; there are: yard, inbound"):
        Intrusion(id="x", zone="yrad").watch(SCENE)


def test_a_vehicle_that_was_parked_before_is_none_until_it_moves() -> None:
    stays = stands(Label.CAR, 450, 500, 0.0, 30.0, hidden=[(10.0, 16.0)], jitter=1.0)
    leaves = drives(Label.CAR, (0.0, 550, 560), (12.0, 550, 560), (16.0, 550, 420), (18.0, 550, 200))
    began, ended = incidents(stays, leaves, seconds=30.0)
    assert (began.status, ended.status) == ("began", "ended")
    assert began.time_s == pytest.approx(13.2, abs=0.4), "the one that moves, when it moves"
    assert began.tracks == (2,)


def test_a_vehicle_that_comes_in_and_parks_is_one() -> None:
    comes = drives(Label.CAR, (2.0, 500, 200), (6.0, 500, 500), (20.0, 500, 500))
    assert [one.status for one in incidents(comes, seconds=25.0)] == ["began", "ended"]


def test_a_vehicle_that_was_parked_before_the_hours_began_is_none_and_a_person_is() -> None:
    night = YARD.model_copy(
        update={"schedule": Schedule.model_validate({"hours": [{"from": "05:00:10", "to": "06:00"}]})}
    )
    car, man = stands(Label.CAR, 450, 500, 0.0, 30.0), stands(Label.PERSON, 560, 560, 0.0, 30.0)
    began, _ = incidents(car, man, rule=night, seconds=20.0)
    assert began.label == "person"
    assert began.began_s == pytest.approx(10.0, abs=0.1)


def test_a_box_that_is_cut_off_at_the_lower_edge_stands_in_the_picture() -> None:
    zone = Zone(polygon=((0.4, 0.4), (0.6, 0.4), (0.6, 1.0), (0.4, 1.0)))
    walker = drives(Label.PERSON, (0.0, 300, 1000), (10.0, 700, 1000), jitter=0.5)
    events = play(Story([walker], 10.0), YARD, scene=replace(SCENE, zones={"yard": zone}))
    assert len(events) == 2


def test_no_more_places_are_remembered_than_there_can_be() -> None:
    watch = YARD.watch(SCENE)
    for view in views(Story([stands(Label.CAR, 450, 500, 0.0, 3.0)], 3.0)):
        list(watch.step(view))
    watch._places = [(float(place), 0.0) for place in range(100)]
    for view in views(Story([stands(Label.CAR, 550, 560, 0.0, 3.0)], 3.0)):
        list(watch.step(view))
    assert len(watch._places) == 100
