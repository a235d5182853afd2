import pytest

from models.detections import Label
from tests.vision.story import NOON, SCENE, RoadUser, Story, drives, play, stands, views
from vision.crossing import Crossings
from vision.errors import SiteError
from vision.events import Passage
from vision.rules.line_crossing import LineCrossing
from vision.scene import Placed, View
from vision.schedule import Schedule

COUNT = LineCrossing(id="count", line="main")


def seen_at(time_s: float, foot: tuple[float, float]) -> View:
    """A view of one car with its foot exactly there."""
    x, y = foot
    row = Placed(
        id=1,
        label=Label.CAR,
        score=0.9,
        box=(x - 20, y - 80, x + 20, y),
        foot=foot,
        place=(x / 1000, y / 1000),
        velocity=(0, 0),
        zones=frozenset(),
        distances={"short": 500 - y},
    )
    return View("cam", time_s, NOON, (1000, 1000), (row,), (), {}, "valid", (row,))


def passages(*users: RoadUser, rule: LineCrossing = COUNT, seconds: float = 6.0, fps: float = 25.0) -> list[Passage]:
    events = play(Story(users, seconds, fps), rule)
    assert all(isinstance(event, Passage) for event in events)
    return [event for event in events if isinstance(event, Passage)]


@pytest.mark.parametrize("fps", [6.0, 12.5, 25.0, 60.0])
def test_fires_once_with_the_time_between_two_frames(fps: float) -> None:
    car = drives(Label.CAR, (0.0, 300, 200), (4.0, 300, 840))
    [passage] = passages(car, fps=fps)
    assert passage.direction == "towards"
    assert passage.label == "car"
    assert passage.time_s == pytest.approx(1.875, abs=0.05)
    assert passage.place == pytest.approx((0.3, 0.5), abs=0.01)
    assert (passage.at - NOON).total_seconds() == pytest.approx(passage.time_s, abs=1e-3)


def test_the_two_directions_have_their_names() -> None:
    up = drives(Label.MOTORCYCLE, (0.0, 700, 840), (4.0, 700, 200))
    down = drives(Label.MOTORCYCLE, (0.0, 300, 200), (4.0, 300, 840))
    assert {(p.track, p.direction) for p in passages(up, down)} == {(1, "away"), (2, "towards")}


def test_nearly_fires_when_it_stops_before_the_line_and_trembles() -> None:
    assert passages(drives(Label.CAR, (0.0, 300, 200), (2.0, 300, 497), (6.0, 300, 497), jitter=1.5)) == []


def test_trembling_on_the_line_does_not_count() -> None:
    assert passages(stands(Label.MOTORCYCLE, 300, 500, 0.0, 30.0, jitter=1.5), seconds=30.0) == []


def test_trembling_while_it_crosses_counts_once() -> None:
    slow = drives(Label.MOTORCYCLE, (0.0, 300, 400), (20.0, 300, 600), jitter=2.0)
    assert len(passages(slow, seconds=20.0)) == 1


def test_passing_beside_the_segment_does_not_count() -> None:
    short = LineCrossing(id="short", line="short")
    assert passages(drives(Label.CAR, (0.0, 300, 200), (4.0, 300, 840)), rule=short) == []
    assert len(passages(drives(Label.CAR, (0.0, 500, 200), (4.0, 500, 840)), rule=short)) == 1


def test_round_the_end_of_the_segment_and_back_over_it_does_not_count() -> None:
    # Down beside the segment, by less than the margin, then up again over it: it never was on the other side.
    feet = [(370.0, 480.0), (380.0, 490.0), (395.0, 503.0), (415.0, 498.0), (430.0, 480.0), (430.0, 450.0)]
    crossings = Crossings("short", SCENE.line("short"))
    told = [one for time, foot in enumerate(feet) for one in crossings.step(seen_at(time / 10, foot))]
    assert told == []


def test_a_path_along_the_line_does_not_count() -> None:
    # 20 px down over 900 px: 1.3 degrees.
    assert passages(drives(Label.CAR, (0.0, 50, 490), (4.0, 950, 510))) == []


def test_hidden_while_it_crosses() -> None:
    [passage] = passages(drives(Label.CAR, (0.0, 300, 200), (4.0, 300, 840), hidden=[(1.6, 2.2)]))
    assert passage.time_s == pytest.approx(1.875, abs=0.1)


def test_hidden_for_too_long_is_somebody_else() -> None:
    # The line is met while nobody looks, for longer than a track lives: two tracks, neither of them crosses.
    assert passages(drives(Label.CAR, (0.0, 300, 200), (8.0, 300, 840), hidden=[(2.5, 5.5)]), seconds=8.0) == []


def test_there_and_back_again_counts_in_both_directions() -> None:
    turns = drives(Label.MOTORCYCLE, (0.0, 300, 400), (2.0, 300, 600), (4.0, 300, 400))
    assert [p.direction for p in passages(turns)] == ["towards", "away"]


def test_the_same_direction_again_within_two_seconds_counts_once() -> None:
    dances = drives(
        Label.MOTORCYCLE, (0.0, 300, 460), (0.5, 300, 540), (1.0, 300, 460), (1.5, 300, 540), (5.0, 300, 800)
    )
    assert [p.direction for p in passages(dances)] == ["towards", "away"]


def test_back_before_it_was_settled_takes_the_crossing_back() -> None:
    # Over the line by 3 px, less than the margin, and back.
    shy = drives(Label.CAR, (0.0, 300, 400), (2.0, 300, 503), (4.0, 300, 400))
    assert passages(shy) == []


def test_side_by_side_each_counts() -> None:
    pack = [drives(Label.MOTORCYCLE, (0.0, 200 + 60 * i, 200), (4.0, 200 + 60 * i, 840)) for i in range(6)]
    assert len({p.track for p in passages(*pack)}) == 6


def test_only_some_labels_and_one_direction() -> None:
    users = [
        drives(Label.CAR, (0.0, 200, 200), (4.0, 200, 840)),
        drives(Label.BUS, (0.0, 500, 200), (4.0, 500, 840)),
        drives(Label.BUS, (0.0, 800, 840), (4.0, 800, 200)),
    ]
    buses = LineCrossing.model_validate({"id": "b", "line": "main", "labels": ["bus"], "direction": "towards"})
    assert [(p.label, p.direction) for p in passages(*users, rule=buses)] == [("bus", "towards")]
    same = LineCrossing.model_validate({"id": "b", "line": "main", "labels": ["bus"], "direction": "right"})
    assert len(passages(*users, rule=same)) == 1


def test_outside_its_armed_hours_it_is_blind() -> None:
    night = Schedule.model_validate({"hours": [{"from": "22:00", "to": "05:00"}]})
    rule = COUNT.model_copy(update={"schedule": night})
    assert passages(drives(Label.CAR, (0.0, 300, 200), (4.0, 300, 840)), rule=rule) == []


def test_forgets_ended_tracks() -> None:
    crossings = Crossings("main", SCENE.line("main"))
    for view in views(Story([drives(Label.CAR, (0.0, 300, 200), (1.0, 300, 400))], 4.0)):
        list(crossings.step(view))
    assert len(crossings) == 0


def test_the_same_story_twice_gives_the_same_events() -> None:
    car = drives(Label.CAR, (0.0, 300, 200), (4.0, 300, 840), jitter=1.0)
    assert passages(car) == passages(car)


def test_an_unknown_line_or_direction_is_told_with_those_there_are() -> None:
    with pytest.raises(SiteError, match="no line 'mian'; there are: main, short"):
        LineCrossing(id="x", line="mian").watch(SCENE)
    with pytest.raises(SiteError, match="no direction 'up'; there are: left, right, away, towards"):
        LineCrossing(id="x", line="main", direction="up").watch(SCENE)
