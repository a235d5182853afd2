import pytest

from models.detections import Label
from tests.vision.story import SCENE, Story, Thing, drives, play, views
from vision.errors import SiteError
from vision.events import Incident
from vision.rules.fallen_object import FallenObject

RULE = FallenObject(id="box", zone="yard")
BOX = Thing(500, 500, 5.0, 60.0)


@pytest.mark.parametrize("fps", [5.0, 12.0])
def test_a_box_on_the_road_is_told_although_traffic_goes_round_it(fps: float) -> None:
    traffic = [drives(Label.MOTORCYCLE, (t, 300, 520), (t + 3.0, 900, 520)) for t in (8.0, 16.0, 24.0, 31.0, 38.0)]
    began, ended = play(Story(traffic, 70.0, fps=fps, things=[BOX]), RULE)
    assert isinstance(began, Incident)
    assert isinstance(ended, Incident)
    assert (began.kind, began.severity, ended.status) == ("fallen_object", "critical", "ended")
    assert began.time_s == pytest.approx(35.0, abs=0.3)
    assert ended.ended_s == pytest.approx(60.0, abs=0.3)


def test_what_is_cleared_soon_or_lies_beside_the_road_is_none() -> None:
    things = [Thing(500, 500, 5.0, 30.0), Thing(900, 500, 5.0, 90.0)]
    assert play(Story([], 90.0, fps=5, things=things), RULE) == []


def test_a_lorry_before_it_changes_nothing() -> None:
    box = Thing(500, 500, 5.0, 60.0, hidden=[(12.0, 18.0), (20.0, 27.0)])
    began, _ = play(Story([], 65.0, fps=5, things=[box]), RULE)
    assert isinstance(began, Incident)
    assert began.began_s == pytest.approx(5.0, abs=0.3)


def test_nothing_is_kept_of_what_has_been_cleared() -> None:
    watch = RULE.watch(SCENE)
    for view in views(Story([], 80.0, fps=5, things=[BOX])):
        list(watch.step(view))
    assert len(watch) == 0
    assert list(watch.finish()) == []


def test_an_unknown_zone_is_told_at_start() -> None:
    with pytest.raises(SiteError, match="park"):
        FallenObject(id="x", zone="park").watch(SCENE)
