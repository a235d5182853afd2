import pytest

from models.detections import Label
from tests.vision.story import RoadUser, Story, drives, stands, views
from vision.stops import Stop, Stops


def stops(*users: RoadUser, seconds: float = 20.0, fps: float = 12.5) -> tuple[list[Stop], list[Stop]]:
    """The stops of at least 3 s in the yard, and those that had ended by the end of the story."""
    watch, long, over = Stops("yard"), [], []
    for view in views(Story(users, seconds, fps)):
        standing, ended = watch.step(view)
        over += ended
        for stop in standing:
            if view.time_s - stop.began_s >= 3.0 and not stop.told:
                stop.told = True
                long.append(stop)
    return long, over


def parked(x: float = 500, y: float = 500, until: float = 20.0, **more: object) -> RoadUser:
    """Drives in from the left at 100 px/s and stands from 5 s on."""
    return drives(Label.CAR, (0.0, x - 500, y), (5.0, x, y), (until, x, y), box=(100.0, 80.0), **more)


@pytest.mark.parametrize("fps", [6.0, 25.0])
def test_a_stop_begins_where_the_foot_comes_to_rest(fps: float) -> None:
    [stop], over = stops(parked(), fps=fps)
    assert stop.began_s == pytest.approx(5.0, abs=0.7)
    assert over == []


def test_who_drives_through_does_not_stop() -> None:
    assert stops(drives(Label.CAR, (0.0, 0, 500), (10.0, 1000, 500), box=(100.0, 80.0))) == ([], [])


def test_a_trembling_box_stands() -> None:
    [stop], _ = stops(parked(jitter=6.0))
    assert stop.began_s == pytest.approx(5.0, abs=0.8)


def test_hidden_behind_a_lorry_is_the_same_stop_under_another_id() -> None:
    [stop], _ = stops(parked(hidden=[(9.0, 12.0)]))
    assert len(stop.tracks) == 2


def test_gone_for_longer_has_ended() -> None:
    _, [stop] = stops(parked(until=10.0))
    assert stop.seen_s == pytest.approx(10.0, abs=0.1)


def test_a_box_that_is_cut_off_for_a_moment_does_not_begin_anew() -> None:
    low = drives(Label.CAR, (0.0, 500, 500), (6.0, 500, 500), (6.05, 500, 440), (6.5, 500, 440), (6.55, 500, 500),
                 (12.0, 500, 500), box=(100.0, 80.0))  # fmt: skip
    [stop], over = stops(low, seconds=12.0)
    assert stop.began_s == pytest.approx(0.08, abs=0.1)
    assert over == []


def test_who_drives_on_and_stops_again_has_two_stops() -> None:
    twice = drives(Label.CAR, (0.0, 430, 500), (6.0, 430, 500), (8.0, 570, 500), (14.0, 570, 500), box=(60.0, 80.0))
    first, second = stops(twice, seconds=14.0)[0]
    assert first.began_s == pytest.approx(0.08, abs=0.1)
    assert second.began_s == pytest.approx(8.0, abs=0.6)


def test_forgets_who_has_gone() -> None:
    watch = Stops("yard")
    for view in views(Story([stands(Label.CAR, 500, 500, 0, 2)], 12.0, 12.5)):
        watch.step(view)
    assert len(watch) == 0
    assert watch.finish() == []
