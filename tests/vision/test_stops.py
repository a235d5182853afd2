from dataclasses import dataclass, replace

import pytest

from models.detections import Label
from tests.vision.rows import row, view
from tests.vision.story import MAST, RoadUser, Story, drives, rides, stands, views
from vision.scene import Placed, Scene, Zone
from vision.stops import Stop, Stops

YARD = frozenset({"yard"})


def stops(*users: RoadUser, seconds: float = 20.0, fps: float = 12.5) -> tuple[list[Stop], list[Stop]]:
    """The stops of at least 3 s in the yard, and those that had ended by the end of the story."""
    watch, long, over = Stops("yard"), [], []
    for one in views(Story(users, seconds, fps)):
        standing, ended = watch.step(one)
        over += ended
        for stop in standing:
            if one.time_s - stop.began_s >= 3.0 and not stop.told:
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
    _, [stop] = stops(parked(until=10.0), seconds=18.0)
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


@dataclass
class CutOff(RoadUser):
    """A road user of whom an edge of the box is hidden for a while: so much is left of it, px."""

    cut: tuple[float, float] = (0.0, 0.0)
    left: tuple[float, float] = (1.0, 1.0)

    def seen(self, time_s: float) -> tuple[float, float, float, float, float, Label] | None:
        full = super().seen(time_s)
        if full is None or not self.cut[0] <= time_s < self.cut[1]:
            return full
        x1, y1, _, _, score, label = full
        return x1, y1, x1 + self.left[0], y1 + self.left[1], score, label


def cut_off(cut: tuple[float, float], left: tuple[float, float], **more: object) -> RoadUser:
    """A tall van that stands in the yard."""
    return CutOff(Label.TRUCK, [(0.0, 500, 590), (20.0, 500, 590)], (80.0, 160.0), cut=cut, left=left, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("left", [(80.0, 60.0), (35.0, 160.0)])
@pytest.mark.parametrize("hidden", [[], [(5.5, 7.5)]])
def test_what_is_left_of_a_box_stands_also_under_another_id(
    left: tuple[float, float], hidden: list[tuple[float, float]]
) -> None:
    # Also where the foot that is left lies outside the zone.
    [stop], over = stops(cut_off((5.0, 15.0), left, hidden=hidden))
    assert over == []
    assert stop.began_s < 0.3
    assert len(stop.tracks) > len(hidden)
    assert stop.whole.height == pytest.approx(160, abs=3)


def test_a_box_that_was_cut_off_at_first_grows_and_is_the_same() -> None:
    [stop], over = stops(cut_off((0.0, 8.0), (80.0, 90.0)))
    assert over == []
    assert stop.began_s < 0.3
    assert stop.at.foot[1] == pytest.approx(585, abs=10)


def test_who_drives_away_is_not_what_is_left_of_it() -> None:
    van = stands(Label.TRUCK, 500, 590, 0.0, 5.0, box=(80.0, 160.0))
    [first, last] = van.way
    away = replace(van, way=[first, last, (7.0, 500, 500), (12.0, 500, 500)])
    _, [stop] = stops(away, seconds=9.0)
    assert stop.seen_s == pytest.approx(6.0, abs=0.5)


def seen(watch: Stops, time_s: float, *rows: Placed) -> list[Stop]:
    return watch.step(view(time_s, *rows))[0]


def car(track: int, x: float = 500, **more: object) -> Placed:
    return row(track, Label.CAR, x, 500, (100.0, 80.0), zones=YARD, **more)


def lorry(track: int) -> Placed:
    """Nearer to the camera, and before the car."""
    return row(track, Label.TRUCK, 500, 560, (300.0, 200.0))


def test_behind_a_lorry_that_stops_it_is_waited_for_but_not_for_ever() -> None:
    for until_s, same in ((25.0, True), (40.0, False)):
        watch = Stops("yard")
        for second in range(5):
            seen(watch, float(second), car(1))
        for second in range(5, int(until_s)):
            seen(watch, float(second), lorry(2))
        stood = seen(watch, until_s, car(3), lorry(2))
        assert [stop.tracks for stop in stood] == ([[1, 3]] if same else [])


def test_who_is_hidden_by_nothing_has_gone() -> None:
    for until_s, same in ((10.0, True), (13.0, False)):
        watch = Stops("yard")
        for second in range(5):
            seen(watch, float(second), car(1))
        for second in range(5, int(until_s)):
            seen(watch, float(second), car(2, x=200))
        stood = seen(watch, until_s, car(3), car(2, x=200))
        assert [stop.tracks for stop in stood] == ([[2], [1, 3]] if same else [[2]])


def test_who_was_seen_to_arrive_is_somebody_else() -> None:
    watch = Stops("yard")
    for second in range(5):
        seen(watch, float(second), car(1))
    for tenth in range(50, 90):
        x = min(500, 500 - 20.0 * (80 - tenth))
        stood = seen(
            watch, tenth / 10, row(2, Label.CAR, x, 500, (100.0, 80.0), zones=YARD if x > 400 else frozenset())
        )
    [stop] = stood
    assert stop.tracks == [2]
    assert stop.began_s > 7.0


def test_a_track_that_shows_too_little_at_first_is_found_again_soon_after() -> None:
    watch = Stops("yard")
    for second in range(5):
        seen(watch, float(second), car(1))
    seen(watch, 5.0)
    seen(watch, 5.2, row(2, Label.CAR, 500, 455, (40.0, 35.0), zones=YARD))
    [stop] = seen(watch, 5.4, car(2))
    assert stop.tracks == [1, 2]


def test_two_who_stand_side_by_side_and_whose_ids_are_mixed_up() -> None:
    watch = Stops("yard")
    for fifth in range(26):
        stood = seen(watch, fifth / 5, car(1, 420), car(2, 560))
    mixed_up = seen(watch, 5.2, car(2, 420), car(1, 560))
    assert mixed_up == stood
    assert [stop.tracks for stop in mixed_up] == [[1, 2], [2, 1]]
    for fifth in range(27, 50):
        assert set(seen(watch, fifth / 5, car(2, 420), car(1, 560))) == set(stood)


def test_who_passes_the_place_of_somebody_hidden_does_not_take_their_stop_along() -> None:
    watch = Stops("yard")
    for second in range(5):
        seen(watch, float(second), car(1))
    seen(watch, 4.4, car(2, 480))
    [stop] = watch.step(view(4.6, car(2, 500)))[0]
    assert stop.tracks == [1, 2]
    for tenth in range(48, 60, 2):
        seen(watch, tenth / 10, car(2, 500 + 50.0 * (tenth - 46)))
    assert stop.tracks == [1]
    assert seen(watch, 6.0, car(3)) == [stop]


def test_who_passes_while_the_one_who_stands_is_missed_for_a_moment() -> None:
    watch = Stops("yard")
    for fifth in range(26):
        stood = seen(watch, fifth / 5, car(1), car(2, 200))
    assert stood[0] in seen(watch, 5.2, car(2, 490))
    assert stood[0] in seen(watch, 5.3, car(1), car(2, 500))
    assert stood[0] in seen(watch, 5.4, car(1), car(2, 560))
    assert (stood[0].tracks, stood[0].began_s) == ([1], 0.0)


def test_trembling_over_the_border_of_the_zone_it_stands() -> None:
    [stop], over = stops(stands(Label.CAR, 500, 600, 0.0, 20.0, box=(100.0, 80.0), jitter=4.0))
    assert over == []
    assert stop.seen_s == pytest.approx(20.0, abs=0.1)


ROAD = replace(MAST, zones={"yard": Zone(polygon=((0.0, 0.3), (1.0, 0.3), (1.0, 1.0), (0.0, 1.0)))})


def on_the_road(user: RoadUser, scene: Scene = ROAD) -> list[Stop]:
    watch, stood = Stops("yard"), []
    for one in views(Story([user], 20.0, 12.5), scene):
        stood += [stop for stop in watch.step(one)[0] if stop not in stood]
    return stood


def test_on_the_ground_a_metre_counts_and_who_creeps_stands_somewhere_else() -> None:
    drives_on = rides(Label.CAR, (0.0, 0.0, 40.0), (15.0, 0.0, 12.0), box=(80.0, 60.0))  # 6.7 km/h
    assert all(stop.seen_s - stop.began_s < 2.0 for stop in on_the_road(drives_on))
    [stop] = on_the_road(rides(Label.CAR, (0.0, 0.0, 30.0), (10.0, 0.0, 24.0), (20.0, 0.0, 24.0), box=(80.0, 60.0)))
    assert stop.began_s < 1.0
    assert stop.at_s == pytest.approx(9.0, abs=1.5), "the last metre of creeping at 2 km/h"
    assert len(stop.tracks) == 1


def test_forgets_who_has_gone() -> None:
    watch = Stops("yard")
    for one in views(Story([stands(Label.CAR, 500, 500, 0, 2)], 12.0, 12.5)):
        watch.step(one)
    assert len(watch) == 0
    assert watch.finish() == []
