import logging
from collections.abc import Iterator
from typing import Literal

import pytest

from models.detections import Label
from tests.vision.story import SCENE, Story, drives, stands
from vision.errors import SiteError
from vision.events import Event
from vision.pipeline import Pipeline
from vision.rule import Rule
from vision.rules.intrusion import Intrusion
from vision.rules.line_crossing import LineCrossing
from vision.scene import Scene, View
from vision.trackers.packtrack import PackTrack


class _Breaks:
    def step(self, view: View) -> Iterator[Event]:
        if view.placed:
            raise ZeroDivisionError("by design")
        yield from ()

    def finish(self) -> tuple[()]:
        raise AssertionError("a stopped rule is not asked again")


def test_a_rule_that_raises_stops_alone(caplog: pytest.LogCaptureFixture, broken: type[Rule]) -> None:
    rules = [broken.model_validate({"id": "bad"}), LineCrossing(id="count", line="main")]
    pipeline = Pipeline(SCENE, PackTrack().start("cam", 0.3), rules)
    story = Story([drives(Label.CAR, (0.0, 300, 200), (4.0, 300, 840))], 5.0)
    with caplog.at_level(logging.ERROR):
        events = [event for one in story.observations() for event in pipeline.step(one).events]
    assert [event.kind for event in events] == ["line_crossing"]
    assert pipeline.faults == {"bad": "ZeroDivisionError: by design"}
    assert pipeline.finish() == ()
    assert len(caplog.records) == 1, "logged once, not in every frame"


@pytest.fixture(name="broken")
def fixture_broken() -> type[Rule]:
    class Broken(Rule):
        """Breaks at the first road user that it sees."""

        kind: Literal["broken"] = "broken"

        def watch(self, scene: Scene) -> _Breaks:
            return _Breaks()

    return Broken


def test_what_the_scene_lacks_is_told_at_start() -> None:
    with pytest.raises(SiteError, match="camera 'cam', rule 'x': no line 'nowhere'"):
        Pipeline(SCENE, PackTrack().start("cam", 0.3), [LineCrossing(id="x", line="nowhere")])


def test_finish_ends_what_is_open() -> None:
    pipeline = Pipeline(SCENE, PackTrack().start("cam", 0.3), [Intrusion(id="yard", zone="yard")])
    for observation in Story([stands(Label.PERSON, 500, 500, 0, 5)], 5.0).observations():
        pipeline.step(observation)
    [ended] = pipeline.finish()
    assert ended.family == "incident"
    assert ended.status == "ended"
    assert pipeline.finish() == ()
