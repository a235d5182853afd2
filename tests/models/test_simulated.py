from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from models.detectors.simulated import Simulated
from models.errors import ModelError
from streams.sources.synthetic import SyntheticFrame, SyntheticSource
from tests.models.exports import Picture, picture

COUNT = 400


def truth() -> NDArray[np.float32]:
    corners = np.random.default_rng(3).uniform(0, 500, (COUNT, 2))
    return np.hstack((corners, corners + np.array([40, 20]))).astype(np.float32)


@dataclass(frozen=True)
class SyntheticPicture(Picture):
    boxes: NDArray[np.float32] = field(default_factory=truth)
    labels: NDArray[np.int8] = field(default_factory=lambda: (np.arange(COUNT) % 6).astype(np.int8))


def test_hands_on_the_truth() -> None:
    frame = SyntheticPicture()
    found = Simulated().load().detect([frame])[0]
    np.testing.assert_array_equal(found.boxes, frame.boxes)
    np.testing.assert_array_equal(found.labels, frame.labels)
    assert set(found.scores.tolist()) == {np.float32(0.9)}


def test_misses_a_share_of_the_road_users() -> None:
    found = Simulated(miss=0.25).load().detect([SyntheticPicture()])[0]
    assert 0.65 < len(found) / COUNT < 0.85


def test_errs_by_a_part_of_the_sides_and_never_turns_a_box_over() -> None:
    frame = SyntheticPicture()
    found = Simulated(jitter=0.1).load().detect([frame])[0]
    error = found.boxes - frame.boxes
    np.testing.assert_allclose(error.std(axis=0), [4, 2, 4, 2], rtol=0.2)
    wild = Simulated(jitter=0.5).load().detect([frame])[0]
    assert (wild.boxes[:, 2:] >= wild.boxes[:, :2]).all()
    assert wild.boxes.dtype == np.float32


def test_the_same_frame_and_seed_err_in_the_same_way_whatever_came_before() -> None:
    first, second = Simulated(miss=0.3, jitter=0.1).load(), Simulated(miss=0.3, jitter=0.1).load()
    one, two = SyntheticPicture(index=1), SyntheticPicture(index=2)
    a1, a2 = first.detect([one, two])
    b2, b1 = second.detect([two, one])
    np.testing.assert_array_equal(a1.boxes, b1.boxes)
    np.testing.assert_array_equal(a2.boxes, b2.boxes)
    assert a1.boxes.shape != a2.boxes.shape or not np.array_equal(a1.boxes, a2.boxes)
    other = Simulated(miss=0.3, jitter=0.1, seed=1).load().detect([one])[0]
    assert not np.array_equal(a1.boxes, other.boxes)


def test_real_pictures_are_refused() -> None:
    with pytest.raises(ModelError, match="detector kind simulated works with source kind synthetic only"):
        Simulated().load().detect([picture()])


def test_says_plainly_where_the_detections_come_from() -> None:
    assert "detections come from the simulator" in Simulated().load().description


def test_the_frames_of_the_synthetic_source_carry_what_is_needed() -> None:
    street = SyntheticSource(pace="max").open("cam")
    frames = [street.read() for _ in range(250)]
    street.close()
    found = Simulated().load().detect(frames)
    assert sum(map(len, found)) > 0
    assert all(isinstance(frame, SyntheticFrame) for frame in frames)


def test_nothing_is_missing() -> None:
    assert Simulated().missing() == {}
