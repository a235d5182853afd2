from dataclasses import replace

import pytest

from models.detections import Label
from tests.vision.rows import row, view
from tests.vision.story import SCENE, RoadUser, Story, drives, play, stands, views
from vision.errors import SiteError
from vision.events import Violation
from vision.rules.solid_line import SolidLine
from vision.scene import Line

ROAD = replace(
    SCENE,
    lines={
        "centre": Line.model_validate(
            {"from": [0.5, 1.0], "to": [0.5, 0.2], "names": {"left": "oncoming", "right": "own"}}
        ),
        "slanted": Line.model_validate({"from": [0.3, 1.0], "to": [0.5, 0.2]}),
        "across": Line.model_validate({"from": [0.0, 0.5], "to": [1.0, 0.5]}),
    },
)
CENTRE = SolidLine(id="centre", line="centre")
# A lane is changed while 600 px are driven: over the centre line at 2.0 s.
OVERTAKES = ((0.0, 560.0, 950.0), (1.0, 560.0, 750.0), (3.0, 440.0, 350.0), (4.0, 440.0, 150.0))


def violations(*users: RoadUser, rule: SolidLine = CENTRE, seconds: float = 8.0, fps: float = 25.0) -> list[Violation]:
    events = play(Story(users, seconds, fps), rule, scene=ROAD)
    assert all(isinstance(event, Violation) for event in events)
    return [event for event in events if isinstance(event, Violation)]


@pytest.mark.parametrize("fps", [6.0, 12.5, 25.0])
def test_fires_where_the_line_is_crossed(fps: float) -> None:
    [violation] = violations(drives(Label.CAR, *OVERTAKES), fps=fps)
    assert violation.time_s == pytest.approx(2.0, abs=0.15)
    assert violation.place == pytest.approx((0.5, 0.55), abs=0.03)
    assert violation.time_s + 0.3 <= violation.fired_s <= violation.time_s + 1.2
    assert violation.label == "car"


def test_at_the_small_angle_of_a_lane_change_at_speed() -> None:
    # 80 px aside over 1600 px: 3 degrees.
    fast = drives(Label.MOTORCYCLE, (0.0, 540, 980), (8.0, 460, 210))
    assert len(violations(fast)) == 1
    assert len(violations(fast, rule=SolidLine(id="s", line="centre", direction="oncoming"))) == 1


def test_nearly_fires_with_half_a_box_over_the_line() -> None:
    swings = drives(Label.CAR, (0.0, 560, 950), (2.0, 503, 550), (3.0, 503, 350), (4.0, 560, 150), jitter=1.5)
    over_by_a_quarter = drives(Label.CAR, (0.0, 560, 950), (2.0, 491, 550), (4.0, 560, 150), jitter=1.0)
    assert violations(swings) == []
    assert violations(over_by_a_quarter) == []


def test_driving_on_the_line_and_standing_on_it_does_not_cross_it() -> None:
    rides_on_it = drives(Label.MOTORCYCLE, (0.0, 500, 950), (4.0, 500, 250), jitter=2.0)
    queues_on_it = stands(Label.MOTORCYCLE, 500, 600, 0.0, 30.0, jitter=2.0)
    assert violations(rides_on_it, queues_on_it, seconds=30.0) == []


def test_who_was_never_clear_of_the_line_before_does_not_cross_it() -> None:
    assert violations(drives(Label.CAR, (0.0, 503, 950), (3.0, 440, 350))) == []


def test_round_the_end_of_the_line_is_allowed() -> None:
    assert violations(drives(Label.CAR, (0.0, 560, 700), (2.0, 560, 150), (3.0, 440, 150), (5.0, 440, 700))) == []


def test_out_and_back_is_one_overtaking() -> None:
    back = drives(Label.CAR, (0.0, 560, 950), (2.0, 440, 700), (4.0, 440, 500), (6.0, 560, 250))
    [violation] = violations(back)
    assert violation.time_s == pytest.approx(1.0, abs=0.15)


def test_to_one_side_only_where_the_other_may_cross() -> None:
    rule = SolidLine(id="s", line="centre", direction="own")
    assert violations(drives(Label.CAR, *OVERTAKES), rule=rule) == []
    back = drives(Label.CAR, *((time, 1000 - x, y) for time, x, y in OVERTAKES))
    assert len(violations(back, rule=rule)) == 1
    both = drives(Label.CAR, (0.0, 560, 950), (2.0, 440, 700), (4.0, 440, 500), (6.0, 560, 250))
    assert [round(one.time_s) for one in violations(both, rule=rule)] == [5]


def test_turning_across_the_line_counts_too() -> None:
    assert len(violations(drives(Label.TRUCK, (0.0, 900, 600), (4.0, 100, 600), box=(120, 90)))) == 1
    assert len(violations(drives(Label.CAR, (0.0, 300, 200), (4.0, 300, 840)), rule=SolidLine(id="a", line="across")))


def test_hidden_while_it_crosses() -> None:
    [violation] = violations(drives(Label.CAR, *OVERTAKES, hidden=[(1.7, 2.4)]))
    assert violation.time_s == pytest.approx(2.0, abs=0.2)


def test_under_a_new_id_beyond_the_line_it_might_be_somebody_else() -> None:
    assert violations(drives(Label.CAR, *OVERTAKES, hidden=[(1.2, 2.9)])) == []


def test_a_box_that_is_half_hidden_for_a_moment_comes_back() -> None:
    # Its left part is hidden by somebody who overtakes: the middle of what is left is over the line.
    shrinks = drives(Label.CAR, (0.0, 530, 950), (2.0, 530, 600), (2.05, 485, 590), (2.3, 485, 550), (2.35, 530, 540),
                     (4.0, 530, 300))  # fmt: skip
    assert violations(shrinks) == []


def test_at_the_edge_of_the_picture_a_box_that_is_cut_off_crosses_nothing() -> None:
    # It drives along the slanted line, right of it, until only its roof is in the picture. There its middle goes on
    # to the left, beneath the end of the line.
    leaves = drives(Label.CAR, (0.0, 540, 260), (4.0, 355, 1000), (6.0, 260, 1000), box=(80, 80))
    assert violations(leaves, rule=SolidLine(id="s", line="slanted")) == []


def test_on_foot_nobody_drives_over_it() -> None:
    walker = drives(Label.PERSON, (0.0, 560, 600), (4.0, 440, 600))
    pushes = drives(Label.BICYCLE, (0.0, 560, 600), (4.0, 440, 600))
    assert violations(walker) == []
    assert violations(pushes) == []
    assert len(violations(drives(Label.BICYCLE, (0.0, 700, 600), (4.0, 300, 600)))) == 1


def test_motorcycles_side_by_side_fire_each_once() -> None:
    pack = [
        drives(Label.MOTORCYCLE, (0.0, 560 + 50 * i, 950), (1.0, 560 + 50 * i, 850), (4.0, 360 + 50 * i, 400),
               (6.0, 360 + 50 * i, 250)) for i in range(3)
    ]  # fmt: skip
    told = violations(*pack)
    assert len({one.track for one in told}) == len(told) == 3


def crossings(*paths: tuple[int, float, float]) -> list[int]:
    """Tracks that fire when each goes at 1.0 s from one x to another, 100 px/s up, and stays there."""
    watch, told = CENTRE.watch(ROAD), []
    for step in range(16):
        time_s = step / 5
        rows = [
            row(track, Label.MOTORCYCLE, before if time_s < 1 else after, 800 - 100 * time_s, steady=(0.0, -100.0),
                distances={"centre": 500 - (before if time_s < 1 else after)})
            for track, before, after in paths
        ]  # fmt: skip
        told += [event.track for event in watch.step(view(time_s, *rows))]
    return [track for track in told if track is not None]


def test_two_who_change_sides_at_the_same_place_were_mistaken_for_each_other() -> None:
    assert crossings((1, 480, 520)) == [1]
    assert crossings((1, 480, 520), (2, 520, 480)) == []
    assert crossings((1, 480, 520), (2, 470, 530)) == [1, 2]


def test_forgets_ended_tracks() -> None:
    watch = CENTRE.watch(ROAD)
    users = [drives(Label.CAR, *OVERTAKES), stands(Label.CAR, 510, 500, 0.0, 2.0)]
    for one in views(Story(users, 8.0), ROAD):
        list(watch.step(one))
    assert len(watch) == 0
    assert watch.finish() == ()


def test_an_unknown_line_or_direction_is_told_with_those_there_are() -> None:
    with pytest.raises(SiteError, match="no line 'center'; there are: centre, slanted, across"):
        SolidLine(id="x", line="center").watch(ROAD)
    with pytest.raises(SiteError, match="no direction 'up'; there are: left, right, oncoming, own"):
        SolidLine(id="x", line="centre", direction="up").watch(ROAD)
