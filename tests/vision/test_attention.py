import pytest

from models.detections import Label
from tests.vision.story import SCENE, Story, drives, stands
from vision.attention import Attention, Every
from vision.events import Event
from vision.pipeline import Pipeline
from vision.rules.line_crossing import LineCrossing
from vision.trackers.packtrack import PackTrack

COUNT = LineCrossing(id="count", line="main")


def watch(story: Story, every: Every) -> tuple[list[Event], list[float]]:
    """The events of a story, and when it was looked at."""
    attention, pipeline = Attention(every), Pipeline(SCENE, PackTrack().start("cam", 0.3), [COUNT])
    events: list[Event] = []
    looks: list[float] = []
    for index, observation in enumerate(story.observations()):
        if attention.due(index, observation.time_s):
            step = pipeline.step(observation)
            attention.looked(step.view, len(observation.detections))
            events.extend(step.events)
            looks.append(observation.time_s)
    return events, looks


@pytest.mark.parametrize("every", [1, 2, 5])
def test_every_nth_picture(every: int) -> None:
    _, looks = watch(Story([], 4.0, fps=25.0), every)
    assert len(looks) == len(range(0, 101, every))


def test_calm_traffic_is_looked_at_six_times_a_second() -> None:
    calm = drives(Label.CAR, (0.0, 300, 100), (60.0, 300, 800), box=(150, 120))
    _, looks = watch(Story([calm], 60.0), "auto")
    assert len([look for look in looks if look > 40]) == pytest.approx(20 * 6.25, rel=0.05)


def test_quick_traffic_is_looked_at_in_every_picture() -> None:
    # 1000 px/s with 60 px of width: 17 of its own sizes a second, 0.7 in each picture.
    quick = drives(Label.MOTORCYCLE, (1.0, 0, 400), (1.9, 900, 400), box=(60, 80))
    _, looks = watch(Story([quick, stands(Label.CAR, 100, 900, 0, 3)], 3.0), "auto")
    assert len([look for look in looks if 1.0 <= look < 1.9]) >= 20


def test_a_newcomer_is_looked_at_closely_for_a_moment() -> None:
    _, looks = watch(Story([stands(Label.CAR, 500, 500, 5.0, 10.0)], 10.0), "auto")
    assert len([look for look in looks if 5.0 <= look < 5.3]) >= 4
    assert len([look for look in looks if 6.0 <= look < 9.0]) == pytest.approx(3 * 6.25, abs=2)


def test_the_next_one_may_be_as_quick() -> None:
    users = [drives(Label.MOTORCYCLE, (t, 0, 400), (t + 0.9, 900, 400), box=(60, 80)) for t in (1.0, 6.0)]
    _, looks = watch(Story(users, 8.0), "auto")
    assert len([look for look in looks if 5 < look < 6]) > 12, "still watchful after a pause"


@pytest.mark.parametrize("every", [2, 4, "auto"])
def test_counts_and_times_stay_the_same(every: Every) -> None:
    pack = [drives(Label.MOTORCYCLE, (i * 0.7, 200 + 70 * i, 200), (i * 0.7 + 4, 200 + 70 * i, 840)) for i in range(8)]
    story = Story(pack, 10.0)
    (all_events, _), (events, looks) = watch(story, 1), watch(story, every)
    assert len(events) == len(all_events) == 8
    for one, other in zip(all_events, events, strict=True):
        assert one.time_s == pytest.approx(other.time_s, abs=0.05)
    assert len(looks) < 251 / 1.7
