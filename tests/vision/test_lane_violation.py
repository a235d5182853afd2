from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import ValidationError

from models.detections import Label
from tests.vision.rows import row, view
from tests.vision.story import MAST, NOON, SCENE, RoadUser, Story, drives, play, rides, stands, views
from vision.errors import SiteError
from vision.events import Violation
from vision.rules.lane_violation import LaneViolation
from vision.scene import Lane, Scene

RULE = LaneViolation(id="cars-only", lane="inbound", labels=(Label.MOTORCYCLE, Label.BICYCLE))  # 0..200 px
ALONG = ((0.0, 100.0, 100.0), (8.0, 100.0, 900.0))
ROAD = replace(
    MAST, lanes={"inbound": Lane(polygon=((0.4, 0.1), (0.6, 0.1), (0.9, 1.0), (0.1, 1.0)), heading=(0.0, 1.0))}
)


def violations(
    *users: RoadUser, rule: LaneViolation = RULE, scene: Scene = SCENE, seconds: float = 9.0, fps: float = 25.0
) -> list[Violation]:
    events = play(Story(users, seconds, fps), rule, scene=scene)
    assert all(isinstance(event, Violation) for event in events)
    return [event for event in events if isinstance(event, Violation)]


@pytest.mark.parametrize("fps", [6.0, 12.5, 25.0])
def test_fires_once_with_the_begin_of_the_drive_in_the_lane(fps: float) -> None:
    enters = drives(Label.MOTORCYCLE, (0.0, 300, 100), (2.0, 300, 300), (3.0, 100, 400), (8.0, 100, 900))
    [violation] = violations(enters, fps=fps)
    assert violation.time_s == pytest.approx(2.5, abs=0.25)
    assert violation.place == pytest.approx((0.19, 0.36), abs=0.04)
    assert violation.time_s + 2.0 <= violation.fired_s <= violation.time_s + 2.3
    assert violation.label == "motorcycle"


def test_nearly_fires_for_others_beside_the_lane_and_on_its_edge() -> None:
    car = drives(Label.CAR, *ALONG)
    beside = drives(Label.MOTORCYCLE, *((time, 215.0, y) for time, _, y in ALONG))
    on_its_edge = drives(Label.MOTORCYCLE, *((time, 198.0, y) for time, _, y in ALONG), jitter=1.5)
    for user in (car, beside, on_its_edge):
        assert violations(user) == []


def test_nearly_fires_before_it_was_long_and_far_enough() -> None:
    crosses = drives(Label.MOTORCYCLE, (0.0, 300, 200), (1.0, 100, 330), (2.0, 100, 460), (2.6, 300, 550))
    near = drives(Label.MOTORCYCLE, (0.0, 100, 100), (1.4, 100, 240), (9.0, 100, 240))
    assert violations(crosses) == []
    assert violations(near) == []
    further = drives(Label.MOTORCYCLE, (0.0, 100, 100), (2.6, 100, 360), (9.0, 100, 360))
    assert len(violations(further)) == 1


def test_on_the_ground_metres_count() -> None:
    far = rides(Label.MOTORCYCLE, (0.0, 0.0, 14.0), (3.0, 0.0, 26.0), (7.0, 0.0, 26.0))
    near = rides(Label.MOTORCYCLE, (0.0, 0.0, 14.0), (2.3, 0.0, 23.0), (7.0, 0.0, 23.0))
    assert len(violations(far, scene=ROAD)) == 1
    assert violations(near, scene=ROAD) == []


def test_who_weaves_in_and_out_begins_anew() -> None:
    weaves = drives(Label.MOTORCYCLE, (0.0, 100, 100), (1.5, 100, 250), (2.0, 230, 300), (2.5, 100, 350),
                    (3.8, 100, 480), (4.3, 230, 530), (8.0, 230, 900))  # fmt: skip
    assert violations(weaves) == []


@pytest.mark.parametrize("hidden", [(0.5, 1.4), (1.2, 2.1), (2.0, 2.9)])
def test_hidden_for_a_while(hidden: tuple[float, float]) -> None:
    [violation] = violations(drives(Label.MOTORCYCLE, *ALONG, hidden=[hidden]))
    assert violation.time_s <= 0.3


def test_under_a_new_id_it_is_the_same_rider() -> None:
    user = drives(Label.MOTORCYCLE, *ALONG, hidden=[(3.0, 4.7)])  # longer than the tracker waits
    assert len({one.id for view in views(Story([user], 8.0)) for one in view.placed}) == 2
    assert len(violations(user)) == 1


def test_motorcycles_side_by_side_fire_each_once() -> None:
    pack = [
        drives(Label.MOTORCYCLE, *((time, x, y) for time, _, y in ALONG), box=(30, 80), jitter=1.0, seed=int(x))
        for x in (30.0, 75.0, 120.0, 165.0)
    ]
    told = violations(*pack)
    assert len({one.track for one in told}) == len(told) == 4


def test_a_queue_that_stands_in_the_lane_is_not_told_before_it_drives() -> None:
    queue = [stands(Label.MOTORCYCLE, 60, 200 + 90 * i, 0.0, 20.0, jitter=2.0, seed=i) for i in range(6)]
    assert violations(*queue, seconds=20.0) == []
    goes_on = drives(Label.MOTORCYCLE, (0.0, 140, 300), (10.0, 140, 300), (14.0, 140, 700))
    [violation] = violations(*queue, goes_on, seconds=20.0)
    assert violation.time_s <= 0.3
    assert violation.fired_s > 11.0


def test_pushing_a_bicycle_in_the_lane_is_walking() -> None:
    pushes = drives(Label.BICYCLE, (0.0, 100, 300), (20.0, 100, 900))
    assert violations(pushes, seconds=20.0) == []
    assert len(violations(drives(Label.BICYCLE, *ALONG))) == 1


def test_where_the_box_is_cut_off_nobody_knows_where_it_stands() -> None:
    watch, cut_off, whole = RULE.watch(SCENE), 0, 0
    for step in range(60):
        y, lane = 100.0 + 15 * step, frozenset({"inbound"})
        edge = row(1, Label.MOTORCYCLE, 20, y, zones=lane, steady=(0.0, 150.0))
        inner = row(2, Label.MOTORCYCLE, 90, y, zones=lane, steady=(0.0, 150.0))
        tracks = [event.track for event in watch.step(view(step / 10, edge, inner))]
        cut_off, whole = cut_off + tracks.count(1), whole + tracks.count(2)
    assert (cut_off, whole) == (0, 1)


def test_only_at_the_hours_of_its_schedule() -> None:
    rush = {"hours": [{"from": "06:00", "to": "09:00"}]}
    rule = LaneViolation.model_validate({"id": "trucks", "lane": "inbound", "labels": ["truck"], "schedule": rush})
    truck = drives(Label.TRUCK, *ALONG, box=(80, 90))
    assert play(Story([truck], 9.0, began=NOON), rule) == []  # 05:00 on the clock of the scene
    assert len(play(Story([truck], 9.0, began=NOON + timedelta(hours=2)), rule)) == 1


def test_forgets_ended_tracks() -> None:
    watch = RULE.watch(SCENE)
    users = [drives(Label.MOTORCYCLE, *ALONG), drives(Label.MOTORCYCLE, (0.0, 500, 500), (2.0, 100, 500))]
    told = [event for one in views(Story(users, 12.0)) for event in watch.step(one)]
    assert len(told) == 1
    assert len(watch) == 0
    assert watch.finish() == ()


def test_an_unknown_lane_and_no_label_are_refused() -> None:
    with pytest.raises(SiteError, match="no lane 'outbound'; there are: inbound"):
        LaneViolation(id="x", lane="outbound", labels=(Label.CAR,)).watch(SCENE)
    with pytest.raises(ValidationError, match="labels"):
        LaneViolation.model_validate({"id": "x", "lane": "inbound"})
