import pytest

from models.detections import Label
from tests.vision.story import SCENE, RoadUser, Story, drives, play, stands, views
from vision.errors import SiteError
from vision.events import Incident
from vision.rules.loitering import Loitering

RULE = Loitering(id="l", zone="yard", after_s=10.0)


def incidents(*users: RoadUser, seconds: float, fps: float = 10.0, rule: Loitering = RULE) -> list[Incident]:
    return [one for one in play(Story(users, seconds, fps), rule) if isinstance(one, Incident)]


@pytest.mark.parametrize("fps", [4.0, 10.0])
def test_fires_once_when_the_time_is_up(fps: float) -> None:
    began, ended = incidents(stands(Label.PERSON, 500, 500, 1.0, 16.0), seconds=20.0, fps=fps)
    assert began.time_s == pytest.approx(11.0, abs=0.6)
    assert began.began_s == pytest.approx(1.0, abs=0.3)
    assert ended.ended_s == pytest.approx(16.0, abs=0.3)
    assert began.severity == "warning"


def test_nearly_fires() -> None:
    assert incidents(stands(Label.PERSON, 500, 500, 1.0, 10.5), seconds=15.0) == []


def test_walking_up_and_down_inside_is_loitering() -> None:
    pacing = drives(Label.PERSON, *[(2.0 * i, 450 if i % 2 else 550, 500) for i in range(8)])
    assert len(incidents(pacing, seconds=15.0)) == 2


def test_track_lost_midway_does_not_start_anew() -> None:
    began, _ = incidents(stands(Label.PERSON, 500, 500, 0.0, 14.0, hidden=[(5.0, 6.5)]), seconds=16.0)
    assert began.tracks == (1, 2)


def test_who_leaves_and_comes_back_starts_anew() -> None:
    back = drives(Label.PERSON, (0.0, 500, 500), (6.0, 500, 500), (8.0, 900, 500), (10.0, 500, 500), (16.0, 500, 500))
    assert incidents(back, seconds=16.0) == []


def test_a_parked_car_does_not_loiter_unless_asked() -> None:
    car = stands(Label.CAR, 500, 500, 0.0, 15.0)
    assert incidents(car, seconds=15.0) == []
    assert len(incidents(car, seconds=15.0, rule=RULE.model_copy(update={"labels": None}))) == 2


def test_forgets_ended_tracks() -> None:
    watch = RULE.watch(SCENE)
    for view in views(Story([stands(Label.PERSON, 500, 500, 0.0, 12.0)], 18.0, 10.0)):
        list(watch.step(view))
    assert len(watch) == 0


def test_needs_its_zone() -> None:
    with pytest.raises(SiteError, match="no zone 'x'"):
        Loitering(id="l", zone="x").watch(SCENE)
