from dataclasses import replace

import pytest

from models.detections import Label
from tests.vision.rows import row, view
from tests.vision.story import MAST, SCENE, RoadUser, Story, drives, rides, stands, views
from vision.lone_stops import LoneStops
from vision.scene import Scene, Zone

STREET = replace(SCENE, zones={"street": Zone(polygon=((0.0, 0.3), (1.0, 0.3), (1.0, 0.7), (0.0, 0.7)))})
ROAD = replace(MAST, zones={"street": Zone(polygon=((0.0, 0.3), (1.0, 0.3), (1.0, 1.0), (0.0, 1.0)))})


def alone(*users: RoadUser, scene: Scene = STREET, seconds: float = 20.0, fps: float = 5.0) -> dict[int, float]:
    """By track: how long it had stood without a queue when it was last seen standing, seconds."""
    stops, longest = LoneStops("street"), {}
    for one in views(Story(users, seconds, fps), scene):
        for lone in stops.step(one)[0]:
            longest[lone.stop.tracks[0]] = lone.alone_s
    return longest


def car(x: float, since: float = 0.0, until: float = 20.0, y: float = 500, **more: object) -> RoadUser:
    return stands(Label.CAR, x, y, since, until, box=(100.0, 80.0), **more)


def test_nobody_near_is_no_queue() -> None:
    assert alone(car(500))[1] == pytest.approx(20.0, abs=0.5)
    assert alone(car(500), car(700))[1] == pytest.approx(20.0, abs=0.5), "one neighbour"
    assert alone(car(100), car(450), car(550))[1] == pytest.approx(20.0, abs=0.5), "3.5 widths away"


def test_two_slow_neighbours_are_a_queue_whose_time_does_not_count() -> None:
    queue = alone(car(300), car(420), car(540))
    assert max(queue.values()) < 1.0


def test_the_time_counts_some_seconds_after_the_queue_has_gone() -> None:
    ahead, behind = car(300, until=10.0), car(540, until=10.0)
    assert alone(car(420), ahead, behind)[1] == pytest.approx(7.0, abs=0.6)


def test_only_a_queue_in_the_zone_if_asked() -> None:
    assert alone(car(500), car(400, y=710), car(600, y=710))[1] < 1.0
    watch = LoneStops("street", queue_inside=True)
    for one in views(Story([car(500), car(400, y=710), car(600, y=710)], 10.0, 5.0), STREET):
        standing = watch.step(one)[0]
    assert [round(lone.alone_s) for lone in standing] == [10]


def overtaking(time_s: float, label: Label = Label.CAR) -> RoadUser:
    return drives(label, (time_s - 2.0, 0, 600), (time_s + 1.3, 1000, 600), box=(100.0, 80.0))


def arrived(x: float, **more: object) -> RoadUser:
    """Comes from the left at 300 px/s and stands from 1.5 s on."""
    return drives(Label.CAR, (0.0, x - 450, 500), (1.5, x, 500), (80.0, x, 500), box=(100.0, 80.0), **more)


def test_who_is_overtaken_again_and_again_waits_in_no_queue() -> None:
    row_of_three = [car(600, until=80.0), car(720, until=80.0), arrived(480)]
    assert alone(*row_of_three, seconds=70.0)[3] < 1.0
    passing = [overtaking(when) for when in (20.0, 40.0, 60.0)]
    assert alone(*row_of_three, *passing, seconds=70.0)[3] == pytest.approx(67.0, abs=2.0)
    bikes = [overtaking(when, Label.MOTORCYCLE) for when in (20.0, 40.0, 60.0)]
    assert alone(*row_of_three, *bikes, seconds=70.0)[3] < 1.0, "motorcycles slip through"


def test_overtaken_once_counts_for_twenty_seconds_before_and_after() -> None:
    row_of_three = [car(600, until=80.0), car(720, until=80.0), arrived(480)]
    assert alone(*row_of_three, overtaking(35.0), seconds=70.0)[3] == pytest.approx(41.0, abs=3.0)


def test_a_track_that_only_passes_the_place_does_not_stand() -> None:
    # The first one leaves unseen; the second one is first seen in its place, and drives on.
    passes = drives(Label.CAR, (11.0, 500, 500), (11.2, 500, 500), (13.0, 950, 500), box=(100.0, 80.0))
    watch, sure = LoneStops("street"), set()
    for one in views(Story([car(500, until=8.0), passes], 16.0, 12.5), STREET):
        sure |= {lone.track for lone in watch.step(one)[0]}
    assert sure == {1}


def test_after_a_long_time_without_a_picture_nobody_knows_who_queued() -> None:
    watch, story = LoneStops("street"), Story([car(300), car(420), car(540)], 20.0, 5.0)
    for one in views(story, STREET):
        if one.time_s < 6.0 or one.time_s > 15.0:
            standing = watch.step(one)[0]
    assert max(lone.alone_s for lone in standing) < 1.0


def test_hidden_in_a_queue_the_time_does_not_count() -> None:
    assert alone(car(300), car(420, hidden=[(6.0, 11.0)]), car(540))[2] < 1.0


def test_who_creeps_on_has_not_stood_there() -> None:
    creeps = rides(Label.CAR, (0.0, 0.0, 24.0), (10.0, 0.0, 18.0), (20.0, 0.0, 18.0), box=(30.0, 40.0))  # 2 km/h
    assert alone(creeps, scene=ROAD)[1] == pytest.approx(11.0, abs=1.5)
    assert alone(rides(Label.CAR, (0.0, 0.0, 18.0), (20.0, 0.0, 18.0)), scene=ROAD)[1] > 19.0


def test_forgets_who_has_gone() -> None:
    stops = LoneStops("street")
    for one in views(Story([car(300, until=3.0), car(420, until=3.0), car(540, until=3.0)], 15.0, 5.0), STREET):
        stops.step(one)
    assert len(stops) == 0
    stops.step(view(30.0, row(9, Label.CAR, 500, 500, zones=frozenset({"street"}))))
    assert len(stops) > 0
    assert stops.finish() == []
