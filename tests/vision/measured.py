"""What is measured of a story: for tests of measurements."""

from collections.abc import Sequence
from dataclasses import replace

from tests.vision.story import SCENE, Story
from vision.events import Event, Measurement
from vision.measuring.measure import Measure
from vision.pipeline import Pipeline
from vision.rule import Rule
from vision.scene import Scene
from vision.trackers.packtrack import PackTrack

MINUTES = Measure(intervals_s=(60,), heat_map=False)
Spans = Sequence[tuple[float, float]]


def measured(
    story: Story,
    *rules: Rule,
    scene: Scene = SCENE,
    measure: Measure = MINUTES,
    away: Spans = (),
    dark: Spans = (),
) -> list[Measurement]:
    """The measurements of a story; what is open at its end is ended.

    Args:
        story: What happens.
        rules: Rules that watch it.
        scene: Where it happens.
        measure: What is measured.
        away: When no pictures come.
        dark: When pictures are invalid.
    """
    pipeline = Pipeline(scene, PackTrack().start("cam", 0.3), rules, measure)
    events: list[Event] = []
    for one in story.observations():
        if any(begin <= one.time_s < end for begin, end in away):
            continue
        if any(begin <= one.time_s < end for begin, end in dark):
            one = replace(one, health="camera_dark")  # noqa: PLW2901
        events.extend(pipeline.step(one).events)
    events.extend(pipeline.finish())
    assert pipeline.faults == {}
    return [event for event in events if isinstance(event, Measurement)]


def of_line(found: list[Measurement], line: str = "main") -> list[Measurement]:
    return [one for one in found if one.line == line]


def of_zone(found: list[Measurement], zone: str | None) -> list[Measurement]:
    return [one for one in found if one.kind == "zone_use" and one.zone == zone]
