from dataclasses import replace

import pytest

from models.detections import Label
from tests.vision.story import MAST, SCENE, RoadUser, Story, drives, play, rides, stands, views
from vision.errors import SiteError
from vision.events import Violation
from vision.rules.banned_movement import BannedMovement
from vision.scene import Line, Scene

LINES = {
    "north": Line.model_validate({"from": [0.2, 0.2], "to": [0.8, 0.2]}),
    "east": Line.model_validate({"from": [0.8, 0.25], "to": [0.8, 0.8]}),
}
JUNCTION = replace(SCENE, lines=LINES)
NO_LEFT = BannedMovement.model_validate({"id": "no-left", "from": "north", "to": "east"})
NO_U_TURN = BannedMovement.model_validate({"id": "no-u-turn", "from": "north", "to": "north"})
LEFT_TURN = ((0.0, 500.0, 100.0), (2.0, 500.0, 500.0), (4.0, 900.0, 500.0))  # north at 0.5 s, east at 3.5 s
U_TURN = ((0.0, 450.0, 100.0), (2.0, 450.0, 400.0), (3.0, 600.0, 400.0), (5.0, 600.0, 100.0))  # back at 4.33 s


def violations(
    *users: RoadUser, rule: BannedMovement = NO_LEFT, scene: Scene = JUNCTION, seconds: float = 8.0, fps: float = 25.0
) -> list[Violation]:
    events = play(Story(users, seconds, fps), rule, scene=scene)
    assert all(isinstance(event, Violation) for event in events)
    return [event for event in events if isinstance(event, Violation)]


@pytest.mark.parametrize("fps", [6.0, 25.0])
def test_fires_at_the_exit_of_a_banned_turn(fps: float) -> None:
    [violation] = violations(drives(Label.CAR, *LEFT_TURN), fps=fps)
    assert violation.time_s == pytest.approx(3.5, abs=0.1)
    assert violation.time_s <= violation.fired_s <= violation.time_s + 0.5
    assert violation.place == pytest.approx((0.8, 0.5), abs=0.02)
    assert violation.label == "car"


def test_nearly_fires_for_every_other_movement() -> None:
    users = [
        drives(Label.CAR, (0.0, 900, 500), (2.0, 500, 500), (4.0, 500, 100)),  # the other way round
        drives(Label.CAR, (0.0, 300, 100), (4.0, 300, 900)),  # straight on
        drives(Label.CAR, (0.0, 300, 700), (4.0, 900, 700)),  # to the east, but from the west
        drives(Label.PERSON, *LEFT_TURN),
    ]
    for user in users:
        assert violations(user) == []
    assert violations(drives(Label.CAR, *U_TURN)) == []


@pytest.mark.parametrize("fps", [6.0, 25.0])
def test_a_u_turn_goes_back_over_the_same_line(fps: float) -> None:
    [violation] = violations(drives(Label.MOTORCYCLE, *U_TURN), rule=NO_U_TURN, fps=fps)
    assert violation.time_s == pytest.approx(4.33, abs=0.15)


def test_who_backs_up_over_the_line_does_not_turn_round() -> None:
    backs_up = drives(Label.CAR, (0.0, 500, 100), (2.0, 500, 260), (4.0, 500, 260), (7.0, 510, 130), jitter=1.0)
    assert violations(backs_up, rule=NO_U_TURN) == []


def test_standing_on_the_line_in_a_queue_is_no_u_turn() -> None:
    # Each time a motorcycle passes before it, its box is cut off below and its foot is beyond the line.
    way = [(0.0, 500.0, 100.0), (1.0, 500.0, 205.0)]
    for start in (2.0, 5.0, 8.0):
        way += [(start, 500.0, 205.0), (start + 0.1, 500.0, 185.0), (start + 0.6, 500.0, 185.0),
                (start + 0.7, 500.0, 205.0)]  # fmt: skip
    assert violations(drives(Label.CAR, *way, (12.0, 500.0, 205.0)), rule=NO_U_TURN, seconds=12.0) == []


def test_on_the_ground_two_metres_aside_make_a_u_turn() -> None:
    road = replace(MAST, lines={"main": Line.model_validate({"from": [0.0, 0.6], "to": [1.0, 0.6]})})
    rule = BannedMovement.model_validate({"id": "u", "from": "main", "to": "main"})
    turns = rides(Label.CAR, (0.0, -2.0, 30.0), (2.0, -2.0, 14.0), (3.0, 2.0, 14.0), (5.0, 2.0, 30.0))
    backs_up = rides(Label.CAR, (0.0, -0.5, 30.0), (2.0, -0.5, 14.0), (3.0, 0.5, 14.0), (5.0, 0.5, 30.0))
    assert len(violations(turns, rule=rule, scene=road)) == 1
    assert violations(backs_up, rule=rule, scene=road) == []


def test_pushing_a_bicycle_round_the_corner_is_walking() -> None:
    slow = [(6 * time, x, y) for time, x, y in LEFT_TURN]
    assert violations(drives(Label.BICYCLE, *slow), seconds=26.0) == []
    assert len(violations(drives(Label.CAR, *slow), seconds=26.0)) == 1


def test_hidden_between_the_lines_and_on_one() -> None:
    assert len(violations(drives(Label.CAR, *LEFT_TURN, hidden=[(0.3, 0.8), (0.9, 1.8), (3.3, 3.7)]))) == 1
    assert violations(drives(Label.CAR, *LEFT_TURN, hidden=[(0.8, 3.0)])) == [], "under a new id it might be anybody"


def test_motorcycles_side_by_side_fire_each_once() -> None:
    pack = [drives(Label.MOTORCYCLE, (0.0, 300 + 60 * i, 100), (2.0, 300 + 60 * i, 400 + 80 * i),
                   (4.0, 900 + 60 * i, 400 + 80 * i)) for i in range(4)]  # fmt: skip
    assert len({one.track for one in violations(*pack)}) == len(violations(*pack)) == 4


def test_forgets_ended_tracks() -> None:
    watch = NO_LEFT.watch(JUNCTION)
    users = [drives(Label.CAR, *LEFT_TURN), stands(Label.CAR, 300, 500, 0.0, 2.0)]
    for view in views(Story(users, 7.0), JUNCTION):
        list(watch.step(view))
    assert len(watch) == 0
    assert watch.finish() == ()


def test_an_unknown_line_is_told_with_those_there_are() -> None:
    with pytest.raises(SiteError, match="no line 'west'; there are: north, east"):
        BannedMovement(id="x", from_line="north", to_line="west").watch(JUNCTION)
