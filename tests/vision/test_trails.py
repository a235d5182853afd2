from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from models.detections import Label
from tests.vision.story import MAST, SCENE, RoadUser, Story, drives, rides, stands, views
from vision.scene import Scene
from vision.trails import BEHIND, KEPT, TICK_S, Trails, Window, plainly_seen


def trails(users: Sequence[RoadUser], seconds: float, fps: float = 25.0, scene: Scene = MAST) -> Trails:
    found = Trails(scene.ground, "yard")
    for view in views(Story(users, seconds, fps), scene):
        found.step(view)
    return found


def window_of(found: Trails, ticks: int) -> Window:
    return found.window(ticks, found.rows)


@pytest.mark.parametrize("fps", [5.0, 10.0, 25.0, 30.0])
def test_places_and_speeds_in_metres_at_common_ticks(fps: float) -> None:
    rider = rides(Label.MOTORCYCLE, (0.0, -3.0, 15.0), (3.0, 3.0, 33.0))  # 2 m/s across, 6 m/s along
    window = window_of(trails([rider], 2.4, fps), 6)
    assert window.ids.tolist() == [1]
    assert window.time_s[-1] == pytest.approx(2.4 - BEHIND * TICK_S)
    expected = np.column_stack([-3.0 + 2 * window.time_s, 15.0 + 6 * window.time_s])
    assert window.places[0] == pytest.approx(expected, abs=0.05)
    assert window.speeds[0] == pytest.approx(np.tile([2.0, 6.0], (6, 1)), abs=0.1)
    assert (window.errors[0] < 0.1).all()


def test_speed_does_not_lag_behind_who_brakes() -> None:
    braking = [(t, 0.0, 15.0 + 8 * t - 2 * t * t) for t in np.arange(0.0, 2.01, 0.1)]  # 8 m/s, then 4 m/s² less
    window = window_of(trails([rides(Label.CAR, *braking)], 1.9), 5)
    assert window.speeds[0, :, 1] == pytest.approx(8 - 4 * window.time_s, abs=0.15)


def test_without_calibration_in_pixels_with_the_height_as_scale() -> None:
    found = trails([drives(Label.CAR, (0.0, 100, 500), (3.0, 700, 500), box=(80.0, 60.0))], 2.0, scene=SCENE)
    window = window_of(found, 3)
    assert window.speeds[0] == pytest.approx(np.tile([200.0, 0.0], (3, 1)), abs=5)
    assert found.scale[window.rows] == pytest.approx([60.0], abs=1)
    assert np.isnan(found.away[window.rows]).all()


def test_the_way_of_a_moment_unseen_is_laid_in_but_no_longer_one() -> None:
    way = ((0.0, -3.0, 20.0), (4.0, 3.0, 20.0))
    short = window_of(trails([rides(Label.CAR, *way, hidden=[(1.5, 2.2)])], 3.5), 20)
    assert not np.isnan(short.speeds).any()
    assert short.speeds[0, :, 0] == pytest.approx(np.full(20, 1.5), abs=0.1)
    found = trails([rides(Label.CAR, *way, hidden=[(1.5, 2.8)])], 3.9)
    long = window_of(found, 30)
    assert long.ids.tolist() == [1], "the tracker knows it again"
    assert np.isnan(long.speeds[0]).any()
    assert found.first[long.rows[0]] == pytest.approx(28, abs=1)


def test_trembling_shows_as_error() -> None:
    calm, shaken = (
        window_of(trails([rides(Label.CAR, (0.0, -3.0, 20.0), (3.0, 3.0, 20.0), jitter=jitter, seed=3)], 2.5), 6)
        for jitter in (0.5, 4.0)
    )
    assert calm.errors.mean() < shaken.errors.mean()
    assert abs(shaken.speeds[0, :, 0].mean() - 2.0) < 0.5


def test_who_stands_in_the_zone() -> None:
    inside, outside = stands(Label.CAR, 500, 500, 0.0, 3.0), stands(Label.CAR, 800, 800, 0.0, 3.0)
    window = window_of(trails([inside, outside], 2.0, scene=SCENE), 3)
    assert window.inside.tolist() == [[True] * 3, [False] * 3]


def test_forgets_who_is_gone_and_uses_the_room_again() -> None:
    users = [rides(Label.CAR, (i, -3.0, 20.0), (i + 1.5, 3.0, 20.0)) for i in range(0, 20, 2)]
    found = trails(users, 20.0)
    assert 0 < len(found) <= 4
    assert len(found.placed) == len(found)
    assert len(found.scale) == 8
    assert len(trails(users, 26.0)) == 0


def test_more_than_there_is_room_for() -> None:
    users = [stands(Label.PERSON, 100 + 80 * i, 300 + 150 * j, 0.0, 3.0) for i in range(10) for j in range(2)]
    found = trails(users, 2.0, scene=SCENE)
    assert len(window_of(found, 3).ids) == 20
    assert not np.isnan(window_of(found, 3).speeds).any()


def test_a_gap_of_the_stream_leaves_nothing_of_before() -> None:
    found = Trails(None, "yard")
    story = Story([stands(Label.CAR, 500, 500, 0.0, 30.0)], 30.0)
    for view in views(story, SCENE):
        if not 5 < view.time_s < 28:
            found.step(view)
    window = window_of(found, KEPT - 2 * BEHIND)
    assert np.isnan(window.speeds[0, :20]).all()
    assert not np.isnan(window.speeds[0, -2:]).any()


def test_directions_of_the_last_seconds() -> None:
    turns = rides(Label.CAR, (0.0, -4.0, 20.0), (2.0, 4.0, 20.0), (4.0, 4.0, 30.0))
    still = stands(Label.PERSON, 300, 600, 0.0, 5.0)
    found = trails([turns, still], 4.0)
    ways = found.ways(window_of(found, 1).rows)
    assert ways[0, 3].tolist() == pytest.approx([1.0, 0.0], abs=0.05)
    assert ways[0, -1].tolist() == pytest.approx([0.0, 1.0], abs=0.05)
    assert np.isnan(ways[1]).all()


def test_who_follows_on_whom() -> None:
    first = stands(Label.CAR, 500, 500, 0.0, 2.0)
    late, early = stands(Label.CAR, 520, 500, 4.2, 6.0), stands(Label.CAR, 800, 500, 0.0, 6.0)
    found = trails([first, early, late], 5.0, scene=SCENE)
    assert found.row(1) is not None
    assert found.follows(3, 1)
    assert not found.follows(2, 1)
    assert not found.follows(9, 1)
    assert not found.follows(3, 9)
    assert found.row(9) is None


def test_only_those_are_plainly_seen_whose_bottom_is() -> None:
    near = stands(Label.TRUCK, 500, 700, 0.0, 1.0, box=(200.0, 250.0))
    hidden = stands(Label.CAR, 500, 455, 0.0, 1.0, box=(80.0, 60.0))  # its wheels are behind the truck's roof
    beside = stands(Label.CAR, 620, 455, 0.0, 1.0, box=(100.0, 60.0))  # part of it only
    beyond = stands(Label.CAR, 300, 1000, 0.0, 1.0)
    cut = stands(Label.CAR, 15, 600, 0.0, 1.0)
    [*_, last] = views(Story([near, hidden, beside, beyond, cut], 1.0))
    found = sorted((row.foot[0], row.label) for row in plainly_seen(last))
    assert [place for place, _ in found] == pytest.approx([500.0, 620.0])
    assert [label for _, label in found] == [Label.TRUCK, Label.CAR]
    assert plainly_seen(replace(last, placed=())) == []


class Sinking(RoadUser):
    """Somebody who stands, and whose lower half is hidden little by little within a second."""

    def seen(self, time_s: float) -> tuple[float, float, float, float, float, Label] | None:
        row = super().seen(time_s)
        if row is None:
            return None
        hidden = 0.5 * (row[3] - row[1]) * min(max(time_s - 1.5, 0.0), 1.0)
        return (*row[:3], row[3] - hidden, *row[4:])


def test_a_foot_that_somebody_in_front_hides_little_by_little_does_not_go_away() -> None:
    def speeds(*others: RoadUser) -> float:
        found = trails([Sinking(Label.MOTORCYCLE, [(0.0, 500, 560), (4.0, 500, 560)], (60.0, 70.0)), *others], 3.0)
        window = found.window(20, found.rows[:1])
        return float(np.nanmax(np.abs(window.speeds[0])))

    before_it = stands(Label.TRUCK, 500, 660, 0.0, 4.0, box=(120, 140))
    assert speeds(before_it) < 0.5 * speeds(), "where nobody is there who hides it, it goes"
