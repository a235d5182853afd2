from collections.abc import Sized
from itertools import pairwise

import numpy as np
import pytest

from models.detections import Detections, Label
from tests.vision.story import RoadUser, Story, drives, stands
from vision.tracker import Tracker, TrackerConfig
from vision.trackers.bytetrack import ByteTrack
from vision.trackers.packtrack import PackTrack
from vision.tracks import Tracks

KINDS = (ByteTrack(), PackTrack())


@pytest.fixture(name="tracker", params=KINDS, ids=lambda kind: kind.kind)
def fixture_tracker(request: pytest.FixtureRequest) -> Tracker:
    kind: TrackerConfig = request.param
    return kind.start("cam", 0.3)


def follow(tracker: Tracker, *users: RoadUser, seconds: float = 4.0, fps: float = 25.0) -> list[Tracks]:
    return [tracker.step(one.detections, one.time_s) for one in Story(users, seconds, fps).observations()]


def ids(tracks: list[Tracks]) -> set[int]:
    return {int(track) for step in tracks for track in step.ids}


@pytest.mark.parametrize("fps", [6.0, 12.5, 25.0])
def test_one_road_user_is_one_track_at_any_frame_rate(tracker: Tracker, fps: float) -> None:
    tracks = follow(tracker, drives(Label.CAR, (0.0, 300, 200), (4.0, 300, 700), box=(150.0, 120.0)), fps=fps)
    assert ids(tracks) == {1}
    assert tracks[-1].velocities[0].tolist() == pytest.approx([0, 125], abs=8)


def test_drops_lose_nothing(tracker: Tracker) -> None:
    story = Story([drives(Label.CAR, (0.0, 100, 400), (6.0, 900, 400), box=(150.0, 120.0))], 6.0)
    kept = [one for index, one in enumerate(story.observations()) if index % 7 in (0, 1, 4)]
    assert ids([tracker.step(one.detections, one.time_s) for one in kept]) == {1}


def test_a_single_sight_is_no_track(tracker: Tracker) -> None:
    tracks = follow(tracker, stands(Label.PERSON, 500, 500, 1.0, 1.03))
    assert ids(tracks) == set()


def test_hidden_for_less_than_a_second_keeps_its_id(tracker: Tracker) -> None:
    tracks = follow(
        tracker, drives(Label.CAR, (0.0, 300, 200), (4.0, 300, 700), box=(150.0, 120.0), hidden=[(1.5, 2.3)])
    )
    assert ids(tracks) == {1}
    assert all(len(step) == 0 for step in tracks[38:57]), "a hidden road user has no row"


def test_hidden_for_longer_has_ended_once(tracker: Tracker) -> None:
    tracks = follow(tracker, stands(Label.CAR, 300, 300, 0.0, 6.0, hidden=[(1.5, 3.0)]), seconds=6.0)
    assert ids(tracks) == {1, 2}
    assert [track for step in tracks for track in step.ended] == [1]


def test_doubtful_detections_keep_a_track(tracker: Tracker) -> None:
    scores = [0.9, 0.9, 0.9, *[0.15] * 40]
    rows = [Detections.of((0, 0, 50, 100, score, Label.CAR)) for score in scores]
    found = [tracker.step(row, time / 25) for time, row in enumerate(rows)]
    assert ids(found) == {1}
    assert len(found[-1]) == 1


def test_doubtful_detections_begin_no_track(tracker: Tracker) -> None:
    row = Detections.of((0, 0, 50, 100, 0.15, Label.CAR))
    assert ids([tracker.step(row, time / 25) for time in range(40)]) == set()


def test_a_person_does_not_go_on_as_a_car_but_a_car_may_look_like_a_truck(tracker: Tracker) -> None:
    looks = [Label.CAR] * 5 + [Label.TRUCK] * 2 + [Label.CAR] * 3 + [Label.PERSON] * 3
    found = [tracker.step(Detections.of((0, 0, 50, 50, 0.9, look)), t / 25) for t, look in enumerate(looks)]
    assert found[6].ids.tolist() == [1]
    assert found[6].labels.tolist() == [Label.CAR]
    assert found[-1].ids.tolist() == [2]


def test_two_that_meet_keep_their_ids(tracker: Tracker) -> None:
    right = drives(Label.CAR, (0.0, 100, 480), (4.0, 900, 480), box=(120.0, 80.0))
    left = drives(Label.CAR, (0.0, 900, 540), (4.0, 100, 540), box=(120.0, 80.0))
    tracks = follow(tracker, right, left)
    assert ids(tracks) == {1, 2}
    way = {
        track: [float(step.boxes[step.ids == track][0, 0]) for step in tracks if track in step.ids] for track in (1, 2)
    }
    assert all(b > a for a, b in pairwise(way[1])), "track 1 goes to the right all the time"
    assert all(b < a for a, b in pairwise(way[2])), "track 2 goes to the left all the time"


def test_two_cameras_number_their_tracks_apart(tracker: Tracker) -> None:
    other = PackTrack().start("other", 0.3)
    first = follow(tracker, stands(Label.CAR, 300, 300, 0, 2))
    second = follow(other, stands(Label.CAR, 300, 300, 0, 2))
    assert ids(first) == ids(second) == {1}


def test_a_day_leaves_no_state(tracker: Tracker) -> None:
    assert isinstance(tracker, Sized)
    rng = np.random.default_rng(0)
    for t in range(2000):
        corner = rng.uniform(0, 900, 2)
        tracker.step(Detections.of((*corner, *(corner + 60), 0.9, Label.CAR)), t / 5)
    assert len(tracker) < 10
