import pytest

from tests.vision.story import SCENE, Story, Thing, play, views
from vision.errors import SiteError
from vision.events import Incident
from vision.rules.removed_object import RemovedObject

RULE = RemovedObject(id="statue", zone="yard", after_s=20, alone_s=10)


@pytest.mark.parametrize("fps", [5.0, 12.0])
def test_a_thing_that_has_gone_is_told_once(fps: float) -> None:
    began, ended = play(Story([], 50.0, fps=fps, things=[Thing(500, 500, 5.0, 90.0, gone=True)]), RULE)
    assert isinstance(began, Incident)
    assert isinstance(ended, Incident)
    assert (began.kind, began.severity, ended.status) == ("removed_object", "critical", "ended")
    assert began.began_s == pytest.approx(5.0, abs=0.3)
    assert began.time_s == pytest.approx(25.0, abs=0.5)


def test_what_is_put_back_soon_or_has_come_is_not_gone() -> None:
    things = [Thing(500, 500, 5.0, 22.0, gone=True), Thing(450, 450, 5.0, 60.0)]
    assert play(Story([], 60.0, fps=5, things=things), RULE) == []


def test_nothing_is_kept_of_what_is_back() -> None:
    watch = RULE.watch(SCENE)
    for view in views(Story([], 60.0, fps=5, things=[Thing(500, 500, 5.0, 40.0, gone=True)])):
        list(watch.step(view))
    assert len(watch) == 0
    assert list(watch.finish()) == []


def test_an_unknown_zone_is_told_at_start() -> None:
    with pytest.raises(SiteError, match="park"):
        RemovedObject(id="x", zone="park").watch(SCENE)
