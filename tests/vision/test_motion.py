import numpy as np
import pytest

from models.detections import Label
from tests.vision.story import MAST, SCENE, Story, drives, rides, stands, views
from vision.motion import Motion
from vision.scene import Placed, Scene
from vision.tracks import Tracks


def seen(*users: object, seconds: float = 3.0, fps: float = 25.0, scene: Scene = MAST) -> list[Placed]:
    """The first road user of the story in every picture in which it is seen."""
    story = Story(users, seconds, fps)  # type: ignore[arg-type]
    return [view.placed[0] for view in views(story, scene) if view.placed]


@pytest.mark.parametrize(("fps", "kmh"), [(6.0, 18.0), (12.5, 18.0), (12.5, 54.0), (25.0, 54.0), (60.0, 54.0)])
def test_speed_lies_within_its_error(fps: float, kmh: float) -> None:
    car = rides(Label.CAR, (0.0, 1.0, 13.0), (1.6, 1.0, 13.0 + 1.6 * kmh / 3.6), box=(100.0, 90.0), jitter=0.7)
    last = seen(car, seconds=1.6, fps=fps)[-1]
    assert last.speed_kmh is not None
    assert last.speed_error_kmh is not None
    assert last.travel is not None
    assert last.speed_kmh == pytest.approx(kmh, abs=last.speed_error_kmh)
    assert last.speed_error_kmh < max(4.0, 0.12 * kmh)
    assert last.travel[1] * 3.6 == pytest.approx(kmh, abs=last.speed_error_kmh)


def test_a_farther_road_user_has_a_larger_error() -> None:
    near, far = (
        seen(rides(Label.CAR, (0.0, 0.0, y), (2.0, 0.0, y + 6), box=(40.0, 40.0), jitter=1.0), seconds=2.0)[-1]
        for y in (13.0, 34.0)
    )
    assert near.speed_error_kmh is not None
    assert far.speed_error_kmh is not None
    assert far.speed_error_kmh > 2 * near.speed_error_kmh
    assert near.ground_error_m is not None
    assert far.ground_error_m is not None
    assert far.ground_error_m > 2 * near.ground_error_m


def test_nothing_is_said_before_half_a_second() -> None:
    rows = seen(rides(Label.CAR, (0.0, 0.0, 14.0), (2.0, 0.0, 30.0), box=(60.0, 50.0)), seconds=2.0)
    known = [row.speed_kmh is not None for row in rows]
    assert known.index(True) == pytest.approx(12, abs=1), "half a second of 25 pictures a second"
    assert all(known[13:])
    assert all((row.steady is None) == (row.speed_kmh is None) for row in rows)


def test_standing_is_about_zero() -> None:
    last = seen(rides(Label.CAR, (0.0, 0.0, 20.0), (3.0, 0.0, 20.0), box=(60.0, 50.0), jitter=0.7))[-1]
    assert last.speed_kmh == pytest.approx(0, abs=2)


def test_without_calibration_nothing_claims_metres() -> None:
    last = seen(drives(Label.CAR, (0.0, 200, 500), (3.0, 500, 500)), scene=SCENE)[-1]
    assert (last.ground, last.ground_error_m, last.travel, last.speed_kmh, last.speed_error_kmh) == (None,) * 5
    assert last.steady == pytest.approx((100, 0), abs=6)


def test_beyond_the_horizon_nothing_claims_metres() -> None:
    last = seen(stands(Label.CAR, 500, 20, 0, 3, box=(10.0, 10.0)))[-1]
    assert last.ground is None
    assert last.speed_kmh is None
    assert last.steady is not None


def test_a_gap_leaves_the_speed_right() -> None:
    car = rides(Label.CAR, (0.0, 0.0, 13.0), (3.0, 0.0, 31.0), box=(60.0, 50.0), hidden=[(1.2, 1.9)])
    assert seen(car)[-1].speed_kmh == pytest.approx(21.6, abs=1.0)


def test_ended_tracks_are_forgotten_and_their_rows_used_again() -> None:
    motion = Motion(None)
    for step in range(200):
        ids = np.array([step + 1], np.int64)
        ended = (step,) if step else ()
        box = np.array([[10.0, 10.0, 20.0, 20.0 + step]])
        tracks = Tracks("cam", step / 10, ids, box, box, np.zeros(1, np.int8), np.ones(1), np.zeros((1, 2)), ended)
        moving = motion.step(tracks, (100, 100))
        assert np.isnan(moving.steady).all(), "the way of another track is not taken over"
    assert len(motion) == 1


def test_a_crowd_grows_the_table() -> None:
    motion = Motion(None)
    for count in (3, 20, 50):
        ids = np.arange(1, count + 1)
        boxes = np.tile([0.0, 0.0, 10.0, 10.0], (count, 1))
        labels, ones, still = np.zeros(count, np.int8), np.ones(count), np.zeros((count, 2))
        tracks = Tracks("cam", count / 10, ids, boxes, boxes, labels, ones, still, ())
        assert motion.step(tracks, (100, 100)).steady.shape == (count, 2)
    assert len(motion) == 50
