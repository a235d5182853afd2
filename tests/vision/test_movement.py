from dataclasses import replace

import pytest
from pydantic import ValidationError

from models.detections import Label
from tests.vision.rows import row, view
from tests.vision.story import MAST, NOON, SCENE, RoadUser, Story, drives, play, rides, stands, views
from vision.errors import SiteError
from vision.events import Passage
from vision.movements import Movements
from vision.rules.movement import Movement
from vision.scene import Line, Scene
from vision.tracks import Join

LINES = {
    "north": Line.model_validate({"from": [0.2, 0.2], "to": [0.8, 0.2]}),
    "east": Line.model_validate({"from": [0.8, 0.25], "to": [0.8, 0.8]}),
    "south": Line.model_validate({"from": [0.2, 0.8], "to": [0.8, 0.8]}),
}
JUNCTION = replace(SCENE, lines=LINES)
TURNS = Movement(id="turns", lines=("north", "east", "south"))
LEFT_TURN = ((0.0, 500.0, 100.0), (2.0, 500.0, 500.0), (4.0, 900.0, 500.0))  # north at 0.5 s, east at 3.5 s


def passages(
    *users: RoadUser, rule: Movement = TURNS, scene: Scene = JUNCTION, seconds: float = 8.0, fps: float = 25.0
) -> list[Passage]:
    events = play(Story(users, seconds, fps), rule, scene=scene)
    assert all(isinstance(event, Passage) for event in events)
    return [event for event in events if isinstance(event, Passage)]


@pytest.mark.parametrize("fps", [6.0, 25.0])
def test_fires_at_the_exit_with_both_lines(fps: float) -> None:
    [passage] = passages(drives(Label.CAR, *LEFT_TURN), fps=fps)
    assert (passage.from_line, passage.to_line, passage.line, passage.direction) == ("north", "east", None, None)
    assert passage.time_s == pytest.approx(3.5, abs=0.1)
    assert passage.place == pytest.approx((0.8, 0.5), abs=0.02)
    assert (passage.at - NOON).total_seconds() == pytest.approx(passage.time_s, abs=1e-3)
    assert passage.speed_kmh is None


def test_the_other_way_round_is_another_movement() -> None:
    back = drives(Label.CAR, (0.0, 900, 500), (2.0, 500, 500), (4.0, 500, 100))
    [passage] = passages(back)
    assert (passage.from_line, passage.to_line) == ("east", "north")


def test_nearly_fires_before_the_exit_line_and_back_over_the_entry() -> None:
    stops_short = drives(Label.CAR, (0.0, 300, 100), (2.0, 300, 500), (3.5, 740, 500), (5.0, 793, 500),
                         (8.0, 793, 500), jitter=1.5)  # fmt: skip
    turns_round = drives(Label.CAR, (0.0, 600, 100), (2.0, 600, 600), (2.5, 650, 600), (5.0, 650, 100))
    assert passages(stops_short) == []
    assert passages(turns_round) == []


def test_waiting_on_the_exit_line_in_a_queue_counts_once() -> None:
    waits = drives(Label.CAR, (0.0, 500, 100), (2.0, 500, 500), (3.5, 800, 500), (9.0, 800, 500), (10.0, 950, 500),
                   jitter=1.5)  # fmt: skip
    assert len(passages(waits, seconds=12.0)) == 1


def test_with_calibration_it_knows_the_speed_at_the_exit() -> None:
    road = replace(
        MAST,
        lines={
            "in": Line.model_validate({"from": [0.0, 0.5], "to": [1.0, 0.5]}),
            "out": Line.model_validate({"from": [0.0, 0.8], "to": [1.0, 0.8]}),
        },
    )
    comes = rides(Label.CAR, (0.0, 0.0, 40.0), (3.0, 0.0, 10.0))
    [passage] = passages(comes, rule=Movement(id="m", lines=("in", "out")), scene=road)
    assert passage.speed_kmh == pytest.approx(36.0, abs=2.0)
    assert passage.speed_error_kmh is not None


def test_hidden_between_the_lines_and_on_one() -> None:
    car = drives(Label.CAR, *LEFT_TURN, hidden=[(0.3, 0.8), (0.9, 1.8), (3.3, 3.7)])
    [passage] = passages(car)
    assert passage.time_s == pytest.approx(3.5, abs=0.15)


def test_hidden_for_too_long_between_the_lines_it_is_not_counted() -> None:
    assert passages(drives(Label.CAR, *LEFT_TURN, hidden=[(0.8, 3.0)])) == []


# Hidden between the lines, where it speeds up, so that its track ends there.
BREAKS = ((0.0, 500.0, 60.0), (2.0, 500.0, 300.0), (2.8, 500.0, 442.0), (6.0, 500.0, 900.0))


def test_under_another_id_between_the_lines_it_is_counted_if_nobody_else_comes_into_question() -> None:
    car = drives(Label.CAR, *BREAKS, box=(30.0, 40.0), hidden=[(2.0, 2.8)])
    [passage] = passages(car)
    assert (passage.from_line, passage.to_line, passage.track) == ("north", "south", 2)
    beside = drives(Label.CAR, *((t, x + 28, y + 4) for t, x, y in BREAKS), box=(30.0, 40.0), hidden=[(2.0, 2.8)])
    assert {(one.from_line, one.to_line) for one in passages(car, beside)} <= {("north", "south")}


def joined(*crossed: tuple[int, str], sure: bool = True) -> list[tuple[str, str]]:
    """Movements where track 1 has ended and goes on as track 2; who crosses which line before, second by second."""
    movements, told, feet = Movements(JUNCTION, LINES, counts=True), [], {"north": 200.0, "south": 800.0}
    for second, (track, line) in enumerate(crossed):
        for after_s, off in ((0.0, -20), (0.5, 20)):
            y = feet[line] + off
            distances = {"north": 200 - y, "east": 300.0, "south": 800 - y}
            here = row(track, Label.CAR, 500, y, distances=distances)
            told += list(movements.step(view(second + after_s, here)))
    end = replace(view(3.0, ended=(1,)), joined=(Join(1, 2, sure),))
    told += list(movements.step(end))
    return [(one.from_line, one.to_line) for one in told]


def test_the_exit_may_be_crossed_before_it_is_known_who_it_was() -> None:
    assert joined((1, "north"), (2, "south")) == [("north", "south")]
    assert joined((1, "north"), (2, "south"), sure=False) == []


def test_motorcycles_side_by_side_count_each() -> None:
    pack = [drives(Label.MOTORCYCLE, (0.0, 250 + 60 * i, 100), (4.0, 250 + 60 * i, 900)) for i in range(6)]
    passed = passages(*pack)
    assert len({one.track for one in passed}) == len(passed) == 6
    assert {(one.from_line, one.to_line) for one in passed} == {("north", "south")}


def test_forgets_ended_tracks() -> None:
    watch = TURNS.watch(JUNCTION)
    users = [drives(Label.CAR, *LEFT_TURN), stands(Label.CAR, 300, 500, 0.0, 2.0)]
    for one in views(Story(users, 7.0), JUNCTION):
        list(watch.step(one))
    assert len(watch) == 0
    assert watch.finish() == ()


def test_the_same_line_twice_and_unknown_lines_are_refused() -> None:
    with pytest.raises(ValidationError, match="goes between different lines; given more than once: a"):
        Movement(id="x", lines=("a", "b", "a"))
    with pytest.raises(SiteError, match="no line 'west'; there are: north, east, south"):
        Movement(id="x", lines=("north", "west")).watch(JUNCTION)
