from dataclasses import replace

import pytest

from models.detections import Label
from tests.vision.story import MAST, NOON, SCENE, RoadUser, Story, across, drives, play, rides, stands, views
from vision.crossing import Crossings
from vision.errors import SiteError
from vision.events import Passage
from vision.rules.line_crossing import LineCrossing
from vision.scene import Placed, View
from vision.schedule import Schedule
from vision.tracks import Join

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


# Hidden at the line, where it speeds up, so that its track ends there.
BREAKS = ((0.0, 300.0, 200.0), (2.0, 300.0, 440.0), (2.8, 300.0, 582.0), (5.0, 300.0, 846.0))


def test_under_another_id_beyond_the_line_it_is_counted_once() -> None:
    car = drives(Label.CAR, *BREAKS, box=(30.0, 40.0), hidden=[(2.0, 2.8)])
    [passage] = passages(car, seconds=8.0)
    assert (passage.direction, passage.track) == ("towards", 2)
    assert passage.time_s == pytest.approx(2.34, abs=0.1), "between the last sight and the first one"


def test_under_another_id_before_the_line_it_is_counted_once() -> None:
    # As above, 150 px higher in the picture: it is found again before the line.
    car = drives(Label.CAR, *((t, x, y - 150) for t, x, y in BREAKS), (8.0, 300.0, 900.0), box=(30.0, 40.0),
                 hidden=[(2.0, 2.8)])  # fmt: skip
    assert [(one.direction, one.track) for one in passages(car, seconds=9.0)] == [("towards", 2)]


def joins(*sights: tuple[float, int, float], line: str = "short") -> list[tuple[int, float]]:
    """Tracks and times of the crossings when track 1 ends at 4.0 s and goes on as track 2; sights: time, track, y."""
    crossings = Crossings(line, SCENE.line(line), joins=True)
    told = []
    for time_s, track, y in sights:
        seen = seen_at(time_s, (500.0, y))
        told += list(crossings.step(replace(seen, placed=(replace(seen.placed[0], id=track),))))
    last = replace(seen_at(4.0, (500.0, 0.0)), placed=(), ended=(1,), joined=(Join(1, 2, sure=True), Join(7, 8, True)))
    told += list(crossings.step(last))
    return [(one.row.id, round(one.time_s, 2)) for one in told]


def test_what_was_noted_before_the_track_ended_is_told() -> None:
    assert joins((1.0, 1, 440), (2.0, 1, 480), (2.2, 1, 503), (3.0, 2, 560)) == [(2, 2.17)]


def test_who_goes_on_before_the_line_crosses_nothing() -> None:
    assert joins((1.0, 1, 440), (2.0, 1, 480), (3.0, 2, 490)) == []


def test_who_goes_on_and_is_not_settled_yet_is_waited_for() -> None:
    crossings = Crossings("short", SCENE.line("short"), joins=True)
    ids, ys = (1, 1, 2), (440, 480, 503)
    for number, (track, y) in enumerate(zip(ids, ys, strict=True)):
        seen = seen_at(number / 2, (500.0, y))
        assert list(crossings.step(replace(seen, placed=(replace(seen.placed[0], id=track),)))) == []
    assert list(crossings.step(replace(seen_at(1.5, (500.0, 503.0)), placed=(), joined=(Join(1, 2, True),)))) == []
    beyond = seen_at(2.0, (500.0, 540.0))
    [told] = crossings.step(replace(beyond, placed=(replace(beyond.placed[0], id=2),)))
    assert told.time_s == pytest.approx(0.935, abs=0.01)


def test_who_accuses_joins_nobody() -> None:
    crossings = Crossings("short", SCENE.line("short"))
    for track, y in ((1, 440), (2, 560)):
        seen = seen_at(float(track), (500.0, y))
        list(crossings.step(replace(seen, placed=(replace(seen.placed[0], id=track),))))
    assert list(crossings.step(replace(seen_at(3.0, (0.0, 0.0)), placed=(), joined=(Join(1, 2, True),)))) == []


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


def test_who_speeds_up_has_the_speed_that_it_had_at_the_line() -> None:
    # From a stand with 3 m/s²: 24 m after 4 s, at 12 m/s.
    road = replace(MAST, lines={"gate": across(36.0)})
    way = [(time / 10, 0.0, 12.0 + 1.5 * (time / 10) ** 2) for time in range(51)]
    story = Story([rides(Label.CAR, *way, size_m=(1.8, 1.5))], 6.0)
    [passage] = play(story, LineCrossing(id="count", line="gate"), scene=road)
    assert isinstance(passage, Passage)
    assert passage.time_s == pytest.approx(4.0, abs=0.1)
    assert passage.speed_kmh == pytest.approx(43.2, abs=2.0)


def test_who_crosses_at_the_very_end_is_told_all_the_same() -> None:
    road = replace(MAST, lines={"gate": across(20.0)})
    story = Story([rides(Label.CAR, (0.0, 0.0, 13.0), (1.0, 0.0, 22.0), box=(40.0, 40.0))], 0.9)
    [passage] = play(story, LineCrossing(id="count", line="gate"), scene=road)
    assert passage.time_s == pytest.approx(7 / 9, abs=0.1)


def test_a_foot_that_jumps_over_the_line_while_others_hide_it_crosses_nothing() -> None:
    # Its lower part is hidden and shown again and again; the top of the box stays where it is.
    def box(time_s: float) -> tuple[float, float]:
        return 40.0, 80.0 if int(time_s) % 2 == 0 else 50.0

    way = [(n / 25, 300.0, 515.0 if int(n / 25) % 2 == 0 else 485.0) for n in range(250)]
    assert passages(drives(Label.MOTORCYCLE, *way, box=box), seconds=9.9) == []


def test_in_a_box_that_reaches_to_the_edge_of_the_picture_that_end_tells_nothing() -> None:
    lorry = drives(Label.TRUCK, (0.0, 300, 300), (4.0, 300, 840), box=lambda time_s: (200.0, 300 + 135 * time_s))
    assert [one.direction for one in passages(lorry)] == ["towards"]


def test_a_watch_forgets_ended_tracks() -> None:
    watch = COUNT.watch(MAST)
    for view in views(Story([drives(Label.CAR, (0.0, 300, 400), (1.0, 300, 600))], 4.0), MAST):
        list(watch.step(view))
    assert len(watch) == 0


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


def test_forgets_tracks_that_have_ended() -> None:
    watch = COUNT.watch(SCENE)
    story = Story([drives(Label.CAR, (0.0, 300.0, 300.0), (4.0, 300.0, 700.0))], 9.0)
    most = 0
    for view in views(story):
        list(watch.step(view))
        most = max(most, len(watch))
    assert most > 0
    assert len(watch) == 0
