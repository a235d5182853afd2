import logging
from pathlib import Path

import numpy as np
import pytest

from models.detections import Detections, Label
from models.detectors.replay import Replay
from models.errors import ModelError
from tests.models.exports import picture

LINES = """\
{"frame": 0, "time_s": 0.0, "size": [640, 352], "boxes": [[10, 20, 30, 40, 0.9, "car"]]}
{"frame": 2, "time_s": 0.1, "size": [640, 352], "boxes": [[1, 2, 3, 4, 0.5, "bus"], [5, 6, 7, 8, 0.4, "person"]]}
"""


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "d.jsonl"
    path.write_text(LINES)
    return path


def words(detections: Detections) -> list[str]:
    return [Label(label).word for label in detections.labels]


def test_gives_each_frame_its_own_detections_in_any_order(recording: Path) -> None:
    detector = Replay(path=recording).load()
    second, first, again = detector.detect([picture(640, 352, index) for index in (2, 0, 2)])
    assert [words(one) for one in (second, first, again)] == [["bus", "person"], ["car"], ["bus", "person"]]
    np.testing.assert_array_equal(first.boxes, [[10, 20, 30, 40]])
    assert detector.description == "recorded detections of d.jsonl, 2 frames"


def test_boxes_follow_another_size_of_the_picture(recording: Path) -> None:
    found = Replay(path=recording).load().detect([picture(1280, 352)])[0]
    np.testing.assert_array_equal(found.boxes, [[20, 20, 60, 40]])


def test_frames_that_were_not_recorded_are_empty_and_said_once(
    recording: Path, caplog: pytest.LogCaptureFixture
) -> None:
    detector = Replay(path=recording).load()
    with caplog.at_level(logging.WARNING):
        assert [len(one) for one in detector.detect([picture(640, 352, 1), picture(640, 352, 99)])] == [0, 0]
    assert [record.getMessage() for record in caplog.records] == [
        f"{recording}: has no frame 1 of camera cam: nothing is detected in such frames"
    ]


def test_a_bad_recording_is_refused_when_it_is_loaded(recording: Path) -> None:
    recording.write_text(LINES + "nonsense\n")
    with pytest.raises(ModelError, match="line 3: Invalid JSON"):
        Replay(path=recording).load()


def test_a_recording_that_breaks_off_is_used_as_far_as_it_goes(
    recording: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recording.write_text(LINES[:-30])
    with caplog.at_level(logging.WARNING):
        detector = Replay(path=recording).load()
    assert [len(one) for one in detector.detect([picture(640, 352, 0)])] == [1]
    assert f"{recording}: the recording breaks off in line 2: nothing is detected after it" in caplog.messages


def test_a_recording_that_is_not_there_is_missing(recording: Path) -> None:
    assert Replay(path=recording).missing() == {}
    gone = recording.with_name("gone.jsonl")
    assert Replay(path=gone).missing() == {"path": f"{gone}: there is no such recording of detections"}
