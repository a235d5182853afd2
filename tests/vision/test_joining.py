from collections.abc import Sequence

import numpy as np

from models.detections import Label
from tests.vision.story import RoadUser, Story, drives, stands
from vision.joining import Ends, joined
from vision.trackers.packtrack import PackTrack
from vision.tracks import Join

Sight = tuple[int, Label, float, float, float]
"""Id, label, time, and x and y of the foot."""


def ends(*sights: Sight, speed: tuple[float, float] = (100.0, 0.0), height: float = 80.0) -> Ends:
    ids, labels, times, xs, ys = np.array(sights, np.float64).reshape(-1, 5).T
    boxes = np.column_stack([xs - 20, ys - height, xs + 20, ys])
    n = len(ids)
    return Ends(
        ids.astype(np.int64), labels.astype(np.int8), times, boxes, np.tile(speed, (n, 1)), np.full((n, 2), 100.0)
    )


def joins(lost: Ends, new: Ends, ended: Sequence[bool] = (True,)) -> list[Join]:
    return list(joined(np.array(ended), lost, new))


CAR = Label.CAR
LOST = ends((3, CAR, 1.0, 300, 500))


def test_who_begins_where_a_lost_one_must_be_goes_on_with_it() -> None:
    assert joins(LOST, ends((8, CAR, 2.0, 410, 500))) == [(3, 8, True)]
    assert joins(LOST, ends((8, Label.TRUCK, 2.0, 410, 500))) == [(3, 8, True)], "it may be mistaken for one"


def test_who_is_elsewhere_or_something_else_or_was_there_before_does_not() -> None:
    assert joins(LOST, ends((8, CAR, 2.0, 600, 500))) == []
    assert joins(LOST, ends((8, Label.PERSON, 2.0, 400, 500))) == []
    assert joins(LOST, ends((8, CAR, 0.9, 300, 500))) == []
    assert joins(LOST, ends()) == []


def test_nothing_is_said_of_those_who_may_come_back() -> None:
    assert joins(LOST, ends((8, CAR, 2.0, 400, 500)), [False]) == []


def test_the_speeds_of_both_tell_where_it_is_expected() -> None:
    stops = ends((8, CAR, 2.0, 350, 500), speed=(0.0, 0.0))
    assert joins(LOST, stops) == [(3, 8, True)]
    assert joins(LOST, stops._replace(boxes=stops.boxes + np.array([90, 0, 90, 0]))) == []
    unsure = ends((8, CAR, 2.0, 400, 500), speed=(-900.0, 0.0))._replace(speed_variances=np.full((1, 2), 1e6))
    assert joins(LOST, unsure) == [(3, 8, True)], "what was seen for a moment has any speed"


def test_a_box_whose_lower_part_is_hidden_has_its_top_where_it_must_be() -> None:
    half = ends((8, CAR, 2.0, 400, 460), height=40.0)
    assert joins(LOST, half) == [(3, 8, True)]


def test_each_must_be_the_nearest_for_the_other() -> None:
    lost = ends((1, CAR, 1.0, 300, 500), (2, CAR, 1.0, 330, 500))
    assert joins(lost, ends((8, CAR, 2.0, 400, 500)), [True, False]) == [(1, 8, False)]
    assert joins(lost, ends((8, CAR, 2.0, 428, 500)), [True, False]) == [], "it is the other one's"
    both = joins(lost, ends((8, CAR, 2.0, 402, 500), (9, CAR, 2.0, 431, 500)), [True, True])
    assert both == [(1, 8, False), (2, 9, False)]


def follow(*users: RoadUser, seconds: float) -> list[Join]:
    tracker = PackTrack().start("cam", 0.3)
    steps = (tracker.step(one.detections, one.time_s) for one in Story(users, seconds).observations())
    return [join for step in steps for join in step.joined]


def test_trackers_tell_it_when_a_track_has_ended() -> None:
    # It speeds up while it is hidden, so that the tracker loses it.
    car = drives(Label.CAR, (0.0, 100, 400), (2.0, 300, 400), (3.0, 450, 400), (5.0, 750, 400), hidden=[(2.0, 3.2)],
                 box=(30.0, 60.0))  # fmt: skip
    assert follow(car, seconds=6.0) == [Join(1, 2, sure=True)]


def test_nobody_goes_on_with_two() -> None:
    first = drives(Label.CAR, (0.0, 100, 400), (2.0, 300, 400), box=(30.0, 60.0))
    second = drives(Label.CAR, (0.1, 102, 405), (2.1, 302, 405), box=(30.0, 60.0))
    third = drives(Label.CAR, (3.0, 400, 402), (6.0, 700, 402), box=(30.0, 60.0))
    assert len(follow(first, second, third, seconds=7.0)) <= 1


def test_a_track_that_is_not_believed_joins_nobody() -> None:
    blink = stands(Label.CAR, 700, 700, 1.0, 1.03)
    car = drives(Label.CAR, (0.0, 100, 400), (2.0, 300, 400))
    assert follow(car, blink, seconds=5.0) == []
