from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from models.detections import Label
from tests.vision.rows import row, view
from tests.vision.story import MAST, SCENE, RoadUser, Story, drives, play, rides, stands, views
from vision.errors import SiteError
from vision.events import Violation
from vision.rules.wrong_way import WrongWay
from vision.scene import Lane, Scene

RULE = WrongWay(id="against", lane="inbound")  # 0..200 px, downwards
AGAINST = ((0.0, 100.0, 900.0), (7.0, 100.0, 200.0))
ROAD = replace(
    MAST, lanes={"inbound": Lane(polygon=((0.4, 0.1), (0.6, 0.1), (0.9, 1.0), (0.1, 1.0)), heading=(0.0, 1.0))}
)


def violations(
    *users: RoadUser, rule: WrongWay = RULE, scene: Scene = SCENE, seconds: float = 9.0, fps: float = 25.0
) -> list[Violation]:
    events = play(Story(users, seconds, fps), rule, scene=scene)
    assert all(isinstance(event, Violation) for event in events)
    return [event for event in events if isinstance(event, Violation)]


@pytest.mark.parametrize("fps", [6.0, 12.5, 25.0])
def test_fires_once_with_the_begin_of_the_wrong_driving(fps: float) -> None:
    [violation] = violations(drives(Label.CAR, *AGAINST), fps=fps)
    assert 0.0 <= violation.time_s <= 0.5
    assert violation.place == pytest.approx((0.1, 0.88), abs=0.03)
    assert violation.time_s + 1.0 <= violation.fired_s <= violation.time_s + 1.7
    assert violation.label == "car"


@pytest.mark.parametrize("fps", [6.0, 25.0])
def test_it_begins_where_somebody_turns_round_in_the_lane(fps: float) -> None:
    turns = drives(Label.MOTORCYCLE, (0.0, 60, 200), (3.0, 60, 600), (3.5, 120, 600), (6.5, 120, 200))
    [violation] = violations(turns, fps=fps)
    assert violation.time_s == pytest.approx(3.6, abs=0.3)
    assert violation.place == pytest.approx((0.12, 0.58), abs=0.03)  # from where it was faster than on foot


def test_nearly_fires_in_the_direction_of_travel_across_it_and_beside_the_lane() -> None:
    with_it = drives(Label.CAR, (0.0, 100, 100), (8.0, 100, 900), jitter=2.0)
    across = drives(Label.CAR, (0.0, 20, 500), (2.0, 180, 460), (4.0, 400, 400))  # 105 degrees off
    beside = drives(Label.CAR, *((time, 205.0, y) for time, _, y in AGAINST))
    on_its_edge = drives(Label.CAR, *((time, 196.0, y) for time, _, y in AGAINST))
    walks = drives(Label.PERSON, *AGAINST)
    for user in (with_it, across, beside, on_its_edge, walks):
        assert violations(user) == []


def test_nearly_fires_before_it_was_long_and_far_enough() -> None:
    short = drives(Label.CAR, (0.0, 100, 900), (0.7, 100, 760), (1.2, 300, 740), (4.0, 300, 300))
    near = drives(Label.CAR, (0.0, 100, 900), (2.0, 100, 700), (8.0, 100, 700))
    assert violations(short) == []
    assert violations(near, rule=RULE.model_copy(update={"distance_heights": 3.0})) == []
    assert len(violations(near, rule=RULE.model_copy(update={"distance_heights": 2.0}))) == 1


def test_on_the_ground_metres_count() -> None:
    far = rides(Label.MOTORCYCLE, (0.0, 0.0, 14.0), (2.5, 0.0, 21.5), (6.0, 0.0, 21.5))
    near = rides(Label.MOTORCYCLE, (0.0, 0.0, 14.0), (1.5, 0.0, 18.5), (6.0, 0.0, 18.5))
    comes = rides(Label.MOTORCYCLE, (0.0, 0.0, 40.0), (3.0, 0.0, 10.0))
    assert len(violations(far, scene=ROAD)) == 1
    assert violations(near, scene=ROAD) == []
    assert violations(comes, scene=ROAD) == []


def test_a_lane_that_goes_across_the_picture() -> None:
    lanes = {"inbound": Lane(polygon=((0.0, 0.4), (1.0, 0.4), (1.0, 0.6), (0.0, 0.6)), heading=(1.0, 0.1))}
    road = replace(SCENE, lanes=lanes)
    assert len(violations(drives(Label.CAR, (0.0, 900, 500), (5.0, 200, 480)), scene=road)) == 1
    assert violations(drives(Label.CAR, (0.0, 200, 480), (5.0, 900, 500)), scene=road) == []


def test_who_came_across_has_gone_back_once_the_whole_way_is_against_the_lane() -> None:
    lanes = {"inbound": Lane(polygon=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)), heading=(0.0, 1.0))}
    across = drives(Label.CAR, (0.0, 100, 900), (2.5, 500, 860), (6.0, 500, 510))
    [violation] = violations(across, scene=replace(SCENE, lanes=lanes))
    # 400 px aside, so 231 px back make 120 degrees: 1.9 s up from the corner.
    assert violation.fired_s == pytest.approx(4.4, abs=0.15)


@pytest.mark.parametrize("hidden", [(0.6, 1.4), (1.2, 2.1), (2.0, 2.9)])
def test_hidden_for_a_while(hidden: tuple[float, float]) -> None:
    [violation] = violations(drives(Label.MOTORCYCLE, *AGAINST, hidden=[hidden]))
    assert violation.time_s <= 0.5


def test_under_a_new_id_it_is_the_same_driver() -> None:
    hidden = [(1.0, 2.7)]  # longer than the tracker waits
    user = drives(Label.CAR, *AGAINST, hidden=hidden)
    assert len({one.id for view in views(Story([user], 7.0)) for one in view.placed}) == 2
    far = RULE.model_copy(update={"distance_heights": 6.0})
    assert len(violations(user, rule=far)) == 1, "neither part of the way is long enough alone"
    told_before = drives(Label.CAR, *AGAINST, hidden=[(2.5, 4.2)])
    assert len(violations(told_before)) == 1


def test_motorcycles_side_by_side_fire_each_once() -> None:
    pack = [
        drives(Label.MOTORCYCLE, *((time, x, y) for time, _, y in AGAINST), box=(30, 80), jitter=1.0, seed=int(x))
        for x in (30.0, 75.0, 120.0, 165.0)
    ]
    told = violations(*pack)
    assert len({one.track for one in told}) == len(told) == 4


def test_a_queue_that_stands_trembles_and_rolls_back_a_little() -> None:
    stand = [stands(Label.MOTORCYCLE, 60, 200 + 90 * i, 0.0, 20.0, jitter=2.5, seed=i) for i in range(6)]
    rolls = drives(Label.CAR, (0.0, 140, 500), (5.0, 140, 500), (6.0, 140, 470), (20.0, 140, 470), jitter=1.5)
    assert violations(*stand, rolls, seconds=20.0) == []


def test_pushing_a_bicycle_against_the_lane_is_walking() -> None:
    pushes = drives(Label.BICYCLE, (0.0, 100, 900), (20.0, 100, 300))
    assert violations(pushes, seconds=20.0) == []
    assert len(violations(drives(Label.BICYCLE, *AGAINST))) == 1


def test_who_gets_on_drives_from_there() -> None:
    gets_on = drives(Label.BICYCLE, (0.0, 100, 900), (5.0, 100, 800), (10.0, 100, 300))
    [violation] = violations(gets_on, seconds=11.0)
    assert violation.time_s == pytest.approx(5.3, abs=0.5)


def test_a_box_that_jumps_to_the_one_behind_does_not_drive_back() -> None:
    # The tracker takes the one who follows for the one ahead, again and again.
    jumps = drives(Label.MOTORCYCLE, (0.0, 100, 100), (3.0, 100, 400), (3.04, 100, 290), (5.0, 100, 490),
                   (5.04, 100, 380), (9.0, 100, 780))  # fmt: skip
    assert violations(jumps) == []


def fired(box_at: Callable[[float], tuple[float, float, float, float]], seconds: float = 3.0) -> list[float]:
    """When it fires for the box of one track at each time, placed as the pipeline would."""
    watch, times = RULE.watch(SCENE), []
    feet: list[tuple[float, float]] = []
    centres: list[tuple[float, float]] = []
    for step in range(int(seconds * 10) + 1):
        x1, y1, x2, y2 = box_at(step / 10)
        feet.append(((x1 + x2) / 2, y2))
        centres.append(((x1 + x2) / 2, (y1 + y2) / 2))
        more: dict[str, Any] = {"zones": frozenset({"inbound"})}
        if step >= 5:
            more["steady"] = tuple((b - a) / 0.5 for a, b in zip(feet[-6], feet[-1], strict=True))
            more["velocity"] = tuple((b - a) / 0.1 for a, b in zip(centres[-2], centres[-1], strict=True))
        truck = row(1, Label.TRUCK, *feet[-1], (x2 - x1, y2 - y1), **more)
        times += [event.fired_s for event in watch.step(view(step / 10, truck))]
    return times


def test_a_box_whose_far_edge_stays_only_creeps_behind_something_big() -> None:
    def hidden_from_below(time_s: float) -> tuple[float, float, float, float]:
        return 50.0, 200.0, 150.0, 800.0 - 160 * time_s

    def drives_up(time_s: float) -> tuple[float, float, float, float]:
        return 50.0, 500.0 - 160 * time_s, 150.0, 800.0 - 160 * time_s

    assert fired(hidden_from_below) == []
    assert len(fired(drives_up)) == 1


def test_where_the_box_is_cut_off_nobody_knows_where_it_stands() -> None:
    def at_the_edge(time_s: float) -> tuple[float, float, float, float]:
        return 0.0, 600.0 - 160 * time_s, 150.0, 800.0 - 160 * time_s

    assert fired(at_the_edge) == []


def test_forgets_ended_tracks() -> None:
    watch = RULE.watch(SCENE)
    users = [drives(Label.CAR, *AGAINST), drives(Label.CAR, (0.0, 500, 500), (2.0, 100, 500), (3.0, 500, 500))]
    for one in views(Story(users, 12.0)):
        list(watch.step(one))
    assert len(watch) == 0
    assert watch.finish() == ()


def test_an_unknown_lane_is_told_with_those_there_are() -> None:
    with pytest.raises(SiteError, match="no lane 'outbound'; there are: inbound"):
        WrongWay(id="x", lane="outbound").watch(SCENE)
