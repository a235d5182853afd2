import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.detections import Detections, Label
from models.errors import ModelError, RecordingCutError
from models.observation import Health, Observation, SignalState
from models.recording import RecordingWriter, read_recording

START = datetime(2026, 11, 24, 7, 5, 9, 120_000, tzinfo=UTC)


def observation(
    time_s: float = 0.0,
    *rows: tuple[float, float, float, float, float, Label],
    signals: dict[str, SignalState] | None = None,
    static: list[list[float]] | None = None,
    removed: list[list[float]] | None = None,
    health: Health = "valid",
) -> Observation:
    return Observation(
        camera="cam",
        time_s=time_s,
        captured_at=START + timedelta(seconds=time_s),
        size=(640, 352),
        detections=Detections.of(*rows),
        signals=signals or {},
        static=np.array(static or [], np.float32).reshape(-1, 4),
        removed=np.array(removed or [], np.float32).reshape(-1, 4),
        health=health,
    )


def line(**changes: Any) -> str:
    row: dict[str, Any] = {"frame": 0, "time_s": 0.0, "size": [640, 352], "boxes": [[1, 2, 3, 4, 0.5, "car"]]}
    return json.dumps(row | changes)


def write(path: Path, *observations: Observation) -> None:
    with RecordingWriter(path) as writer:
        for frame, one in enumerate(observations):
            writer.write(frame, one)


def assert_same(actual: Observation, expected: Observation) -> None:
    assert actual.camera == expected.camera
    assert actual.time_s == expected.time_s
    assert actual.captured_at == expected.captured_at
    assert actual.size == expected.size
    assert actual.signals == expected.signals
    assert actual.signals_since_s == expected.signals_since_s
    assert actual.health == expected.health
    np.testing.assert_array_equal(actual.static, expected.static)
    np.testing.assert_array_equal(actual.removed, expected.removed)
    np.testing.assert_array_equal(actual.detections.boxes, expected.detections.boxes)
    np.testing.assert_array_equal(actual.detections.scores, expected.detections.scores)
    np.testing.assert_array_equal(actual.detections.labels, expected.detections.labels)
    assert actual.detections.labels.dtype == np.int8
    assert actual.detections.boxes.dtype == actual.static.dtype == np.float32


@pytest.mark.parametrize("name", ["d.jsonl", "d.jsonl.gz"])
def test_what_was_written_is_read_again(tmp_path: Path, name: str) -> None:
    seen = [
        observation(0.0, (1.234, 2.5, 30.999, 40.001, 0.98765, Label.CAR), (5, 6, 7, 8, 0.1, Label.PERSON)),
        observation(1 / 29.97, signals={"near": "red", "far": "unknown"}),
        replace(observation(2 / 29.97, signals={"near": "red"}), signals_since_s={"near": -1 / 29.97}),
        observation(2 / 29.97, static=[[10.1, 20.02, 30.003, 40.0004]], health="camera_dark"),
        observation(3 / 29.97, removed=[[1.5, 2.5, 3.5, 4.5]]),
    ]
    write(tmp_path / name, *seen)
    recorded = list(read_recording(tmp_path / name, "cam"))
    assert [one.frame for one in recorded] == [0, 1, 2, 3, 4]
    for one, expected in zip(recorded, seen, strict=True):
        assert_same(one.observation, expected)


coordinate = st.floats(-1000, 100_000, width=32)


@given(
    st.lists(st.tuples(coordinate, coordinate, coordinate, coordinate, st.floats(0, 1), st.sampled_from(Label))),
    st.floats(0, 1e7),
)
def test_any_boxes_and_times_survive_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[float, float, float, float, float, Label]],
    time_s: float,
) -> None:
    boxes = [(min(a, c), min(b, d), max(a, c), max(b, d), score, label) for a, b, c, d, score, label in rows]
    path = tmp_path_factory.mktemp("recordings") / "d.jsonl"
    write(path, observation(time_s, *boxes))
    assert_same(next(read_recording(path, "cam")).observation, observation(time_s, *boxes))


def test_numbers_of_a_picture_survive_bit_for_bit(tmp_path: Path) -> None:
    chance = np.random.default_rng(7)
    boxes = chance.uniform(0, 1000, (20_000, 4)).astype(np.float32) + np.array([0, 0, 1000, 1000], np.float32)
    scores = chance.uniform(0, 1, 20_000).astype(np.float32)
    seen = replace(observation(), detections=Detections(boxes, scores, np.zeros(20_000, np.int8)))
    write(tmp_path / "d.jsonl", seen)
    assert_same(next(read_recording(tmp_path / "d.jsonl", "cam")).observation, seen)


def test_the_line_is_the_one_of_the_contract(tmp_path: Path) -> None:
    write(tmp_path / "d.jsonl", observation(0.5, (1.234, 2.5, 30.999, 40, 0.98765, Label.CAR), signals={"near": "red"}))
    assert (tmp_path / "d.jsonl").read_text() == (
        '{"frame":0,"time_s":0.5,"size":[640,352],"boxes":[[1.234,2.5,30.999,40.0,0.98765,"car"]],'
        '"signals":{"near":"red"},"at":"2026-11-24T07:05:09.620000Z"}\n'
    )


def test_every_line_is_there_before_the_next_is_written(tmp_path: Path) -> None:
    plain, packed = tmp_path / "d.jsonl", tmp_path / "d.jsonl.gz"
    writers = [RecordingWriter(plain), RecordingWriter(packed)]
    for writer in writers:
        writer.write(0, observation(0.0))
        writer.write(1, observation(0.1))
    # As after a crash: nothing was closed.
    assert [one.frame for one in read_recording(plain)] == [0, 1]
    assert until_cut(packed) == ([0, 1], f"{packed}: the recording breaks off after line 2")
    for writer in writers:
        writer.close()
        writer.close()
    assert len(list(read_recording(packed))) == 2


def test_wall_clock_time_comes_from_the_start_the_line_or_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_text(line(time_s=2.0, at="2026-11-24T14:05:09+07:00") + "\n" + line(frame=1, time_s=3.0) + "\n")
    first, second = (one.observation for one in read_recording(path))
    assert first.captured_at == datetime(2026, 11, 24, 7, 5, 9, tzinfo=UTC)
    assert second.captured_at == datetime(1970, 1, 1, 0, 0, 3, tzinfo=UTC)
    first, second = (one.observation for one in read_recording(path, start=START))
    assert [first.captured_at, second.captured_at] == [START + timedelta(seconds=2), START + timedelta(seconds=3)]


def test_frames_may_be_missing_lines_blank_and_keys_unknown(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_text(f"{line(weather='rain')}\n\n{line(frame=7, time_s=0.3, boxes=[])}\n\n")
    assert [(one.frame, len(one.observation.detections)) for one in read_recording(path)] == [(0, 1), (7, 0)]


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("{", "line 2: Invalid JSON"),
        ("[]", "line 2: Input should be an object"),
        (line(frame=-1), "line 2: frame: .*greater than or equal to 0"),
        (line(frame=1, boxes=[[1, 2, 3, 4, 0.5, "tank"]]), r"line 2: boxes\.0\.5: Input should be 'person'"),
        (line(frame=1, boxes=[[1, 2, 3, 4, 0.5]]), r"line 2: boxes\.0\.5: Field required"),
        (line(frame=1, boxes=[[1, 2, 3, 4, 1.5, "car"]]), r"line 2: boxes\.0\.4: .*less than or equal to 1"),
        (line(frame=1, boxes=[[9, 2, 3, 4, 0.5, "car"]]), r"line 2: boxes\.0: \[9\.0, .*x1 <= x2"),
        (line(frame=1, time_s=float("nan")), "line 2: "),
        (line(frame=1, size=[0, 352]), r"line 2: size\.0: .*greater than 0"),
        (line(frame=1, signals={"near": "pink"}), r"line 2: signals\.near: Input should be 'red'"),
        (line(frame=1, at="2026-11-24T07:05:09"), "line 2: at: .*timezone"),
        (line(frame=1, time_s=-1), "line 2: frame 1 at -1.0 s comes after frame 0 at 0.0 s"),
        (line(frame=0, time_s=1), "line 2: frame 0 at 1.0 s comes after frame 0"),
    ],
)
def test_a_bad_line_is_named_with_its_number_and_cause(tmp_path: Path, bad: str, says: str) -> None:
    path = tmp_path / "d.jsonl"
    path.write_text(f"{line()}\n{bad}\n{line(frame=2, time_s=2)}\n")
    with pytest.raises(ModelError, match=says) as refused:
        list(read_recording(path))
    assert str(refused.value).startswith(f"{path}, line 2: ")
    # The same as the last line: complete, so it was not cut off.
    path.write_text(f"{line()}\n{bad}\n")
    with pytest.raises(ModelError, match=says):
        list(read_recording(path))


def until_cut(path: Path) -> tuple[list[int], str]:
    """The frames of a recording that breaks off, and what is said of it."""
    frames: list[int] = []
    with pytest.raises(RecordingCutError) as cut:
        frames.extend(one.frame for one in read_recording(path))
    return frames, str(cut.value)


def test_a_last_line_that_was_cut_off_is_said_after_all_others(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_text(f"{line()}\n{line(frame=1)[:40]}")
    assert until_cut(path) == ([0], f"{path}: the recording breaks off in line 2")
    path.write_text(f"{line()}\n{line(frame=1)}")  # whole, but without a newline
    assert [one.frame for one in read_recording(path)] == [0, 1]


def test_a_compressed_recording_that_breaks_off_gives_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl.gz"
    write(path, *[observation(i / 10, (i, 2, 30 + i, 40, 0.5, Label.CAR)) for i in range(200)])
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    frames, said = until_cut(path)
    assert 50 < len(frames) < 150
    assert frames == list(range(len(frames)))
    assert said == f"{path}: the recording breaks off after line {len(frames)}"
    path.write_bytes(whole[:-1])  # only the end mark is not whole
    assert until_cut(path)[0] == list(range(200))
    path.write_bytes(whole[:-200] + bytes(200))  # damaged
    frames, _ = until_cut(path)
    assert frames == list(range(len(frames)))
    assert 150 < len(frames) < 200


@pytest.mark.parametrize("content", [b"", b"\n\n", gzip.compress(b""), gzip.compress(line().encode())[:30]])
def test_a_recording_without_a_frame_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / ("d.jsonl.gz" if content.startswith(b"\x1f") else "d.jsonl")
    path.write_bytes(content)
    with pytest.raises(ModelError, match="not a single frame is in it") as refused:
        list(read_recording(path))
    assert not isinstance(refused.value, RecordingCutError)


def test_missing_and_foreign_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"gone\.jsonl: there is no such recording"):
        list(read_recording(tmp_path / "gone.jsonl"))
    (tmp_path / "d.jsonl.gz").write_text(line())
    with pytest.raises(ModelError, match="can't be read: Not a gzipped file"):
        list(read_recording(tmp_path / "d.jsonl.gz"))
    (tmp_path / "video.jsonl").write_bytes(gzip.compress(bytes(1000)))
    with pytest.raises(ModelError, match="line 1: "):
        list(read_recording(tmp_path / "video.jsonl"))
    with pytest.raises(ModelError, match="can't be read: Is a directory"):
        list(read_recording(tmp_path))
