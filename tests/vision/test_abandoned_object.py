from dataclasses import replace

import pytest

from models.detections import Label
from tests.vision.story import MAST, SCENE, Story, Thing, drives, play, rides, stands, views
from vision.errors import SiteError
from vision.events import Event, Incident
from vision.rules.abandoned_object import AbandonedObject
from vision.scene import Zone
from vision.schedule import Schedule

BAG = AbandonedObject(id="bag", zone="yard", after_s=20, alone_s=10)
IN_YARD = Thing(500, 500, 5.0, 60.0)
EVERYWHERE = Zone(polygon=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
ROAD = replace(MAST, zones={"yard": EVERYWHERE})


def incidents(events: list[Event]) -> list[Incident]:
    return [event for event in events if isinstance(event, Incident)]


@pytest.mark.parametrize("fps", [5.0, 12.0])
def test_a_bag_that_its_owner_leaves_is_told_once_with_the_owner(fps: float) -> None:
    owner = drives(Label.PERSON, (0.0, 300, 500), (5.0, 500, 505), (12.0, 500, 505), (20.0, 950, 500))
    began, ended = incidents(play(Story([owner], 70.0, fps=fps, things=[IN_YARD]), BAG))
    assert (began.kind, began.status, began.severity, began.tracks) == ("abandoned_object", "began", "critical", (1,))
    assert began.began_s == pytest.approx(5.0, abs=0.3)
    assert began.time_s == pytest.approx(25.0, abs=0.5), "20 s there, and alone since about 13.5 s"
    assert began.place == (0.5, 0.5)
    assert (ended.id, ended.status) == (began.id, "ended")
    assert ended.ended_s == pytest.approx(60.0, abs=0.3)


def test_a_bag_whose_owner_stays_beside_it_is_nobodys_business() -> None:
    owner = drives(Label.PERSON, (0.0, 300, 500), (5.0, 500, 505), (60.0, 500, 505))
    assert incidents(play(Story([owner], 58.0, fps=5, things=[IN_YARD]), BAG)) == []


def test_a_bag_that_is_taken_along_soon_is_none() -> None:
    assert incidents(play(Story([], 60.0, fps=5, things=[Thing(500, 500, 5.0, 22.0)]), BAG)) == []


def test_a_bag_that_a_passer_by_hides_is_the_same_bag() -> None:
    bag = Thing(500, 500, 5.0, 60.0, hidden=[(15.0, 19.0), (30.0, 36.0)])
    began, ended = incidents(play(Story([], 70.0, fps=5, things=[bag]), BAG))
    assert (began.status, ended.status) == ("began", "ended")
    assert began.began_s == pytest.approx(5.0, abs=0.3)


def test_two_bags_are_two_incidents() -> None:
    other = Thing(420, 560, 6.0, 80.0)
    found = incidents(play(Story([], 60.0, fps=5, things=[IN_YARD, other]), BAG))
    assert len({one.id for one in found}) == 2


def test_what_lies_outside_the_zone_is_left_alone() -> None:
    assert incidents(play(Story([], 60.0, fps=5, things=[Thing(800, 500, 5.0, 60.0)]), BAG)) == []


def test_metres_where_the_ground_is_known() -> None:
    # 1.5 m beside the bag, though farther off in the picture than a person's height.
    owner = rides(Label.PERSON, (0.0, 1.5, 20.0), (60.0, 1.5, 20.0), box=(8.0, 20.0))
    foot = owner.way[0][1] - 1.5 / (20.0 * 0.978 + 8 * 0.208) * 1000, owner.way[0][2]
    bag = Thing(foot[0], foot[1], 5.0, 60.0, size=10)
    assert incidents(play(Story([owner], 58.0, fps=5, things=[bag]), BAG, scene=ROAD)) == []
    assert len(incidents(play(Story([], 58.0, fps=5, things=[bag]), BAG, scene=ROAD))) == 2


def test_a_thing_above_the_horizon_has_no_place_on_the_ground() -> None:
    passer = stands(Label.PERSON, 500, 900, 0.0, 60.0)
    bag = Thing(500, 100, 5.0, 60.0)
    assert len(incidents(play(Story([passer], 60.0, fps=5, things=[bag]), BAG, scene=ROAD))) == 2


def test_outside_its_hours_nothing_is_told() -> None:
    night = BAG.model_copy(update={"schedule": Schedule.model_validate({"hours": [{"from": "22:00", "to": "04:00"}]})})
    assert incidents(play(Story([], 60.0, fps=5, things=[IN_YARD]), night)) == []


def test_nothing_is_kept_of_what_has_gone() -> None:
    watch = BAG.watch(SCENE)
    for view in views(Story([stands(Label.PERSON, 500, 520, 0, 20)], 90.0, fps=5, things=[IN_YARD])):
        list(watch.step(view))
    assert len(watch) == 0
    list(watch.finish())


def test_an_unknown_zone_is_told_at_start() -> None:
    with pytest.raises(SiteError, match="park"):
        AbandonedObject(id="x", zone="park").watch(SCENE)
