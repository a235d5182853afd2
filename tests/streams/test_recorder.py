import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import av
import pytest
from av.packet import Packet
from pydantic import ValidationError

from streams import recorder as recorder_module
from streams.errors import StreamError
from streams.main_stream import CodedPicture, VideoPacket
from streams.record import Record
from streams.recorder import Recorder, WallClock
from streams.segment import Segment
from tests.conftest import RtspCamera, wait_until
from tests.streams.clips import numbered, street, write_clip
from tests.streams.footage import decoded_numbers, full_disk, shown

StartCamera = Callable[..., RtspCamera]


class Recording:
    """A recorder at work and what it recorded."""

    def __init__(self, folder: Path, url: str, **options: Any) -> None:
        self.folder = folder
        self.segments: list[Segment] = []
        self.recorder = Recorder(
            "road", Record(url=url), folder, segment_s=1, on_segment=self.segments.append, **options
        )
        self.recorder.start()

    def until(self, state: str, within_s: float = 15) -> float:
        def reached() -> bool:
            self.recorder.look()
            return self.recorder.health().state == state

        return wait_until(reached, within_s, f"state {state}")

    def until_segments(self, count: int, within_s: float = 15) -> None:
        wait_until(lambda: len(self.segments) >= count, within_s, f"{count} segments")


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Callable[..., Recording]]:
    """Starts recorders and stops them when the test is over; none may leave a thread or an open segment behind."""
    recordings: list[Recording] = []
    before = set(threading.enumerate())

    def start(url: str, **options: Any) -> Recording:
        recordings.append(Recording(tmp_path, url, **options))
        return recordings[-1]

    yield start
    for one in recordings:
        one.recorder.stop()
    assert set(threading.enumerate()) <= before
    assert list(tmp_path.rglob("*.part.mp4")) == []


@pytest.mark.parametrize(
    ("encoder", "codec", "b_frames"), [("libx264", "h264", 0), ("libx265", "hevc", 0), ("libx264", "h264", 3)]
)
def test_segments_follow_each_other_without_a_gap(
    rtsp_camera: StartCamera,
    record: Callable[..., Recording],
    tmp_path: Path,
    encoder: str,
    codec: str,
    b_frames: int,
) -> None:
    clip = write_clip(tmp_path / "numbered.mp4", numbered(200), codec=encoder, b_frames=b_frames)
    recording = record(rtsp_camera(numbered=clip).url("numbered"))
    # The camera tells its clock when it likes, some seconds after it began to send; until then ours is taken.
    wait_until(lambda: [one.clock for one in recording.segments].count("camera") >= 3, 40, "the camera's clock")
    recording.recorder.stop()
    stopped = datetime.now(UTC)
    numbers: list[int] = []
    for segment in recording.segments:
        path = recording.folder / segment.file
        assert segment.codec == codec
        assert segment.bytes == path.stat().st_size
        assert len(shown(path)) == round((segment.ended - segment.began).total_seconds() * 25)
        numbers += decoded_numbers(path.read_bytes())
    assert {(later - earlier) % 200 for earlier, later in pairwise(numbers)} == {1}, "every picture is there, once"
    told = [one.clock for one in recording.segments].index("camera")
    for one, next_one in pairwise(recording.segments[told:]):
        assert one.clock == next_one.clock == "camera"
        # What a busy camera says of its clock, every few seconds, may differ by a picture.
        assert abs(next_one.began - one.ended) < timedelta(milliseconds=100)
        assert one.ended - one.began == timedelta(seconds=1)
    assert abs(recording.segments[-1].ended - stopped) < timedelta(seconds=3)
    health = recording.recorder.health()
    assert (health.state, health.reason, health.clock) == ("recording", "", "camera")
    assert health.segments == len(recording.segments)
    assert health.bytes == sum(segment.bytes for segment in recording.segments)
    assert health.recorded_to == recording.segments[-1].ended
    assert health.clock_off_s is not None
    assert abs(health.clock_off_s) < 1


def test_a_camera_that_goes_is_told_once_and_recorded_again_when_it_is_back(
    rtsp_camera: StartCamera, record: Callable[..., Recording], caplog: pytest.LogCaptureFixture
) -> None:
    camera = rtsp_camera()
    with caplog.at_level(logging.INFO):
        recording = record(camera.url())
        recording.until_segments(2)
        camera.kill()
        assert recording.until("lost") < 5
        gone = len(recording.segments)
        assert "connection refused" in recording.recorder.health().reason or gone
        wait_until(lambda: recording.recorder.health().retry_in_s is not None, 5, "it will be tried again")
        camera.start()
        recording.until("recording")
        recording.until_segments(gone + 2)
    assert recording.segments[gone].began > recording.segments[gone - 1].ended
    told = [entry.getMessage() for entry in caplog.records if entry.name == "streams.recorder"]
    assert len(told) == 2
    assert "camera 'road' is not recorded: rtsp://127.0.0.1" in told[0]
    assert told[1] == "camera 'road' is recorded again"


def test_another_resolution_in_the_stream_begins_a_segment_of_its_own(
    rtsp_camera: StartCamera, record: Callable[..., Recording], tmp_path: Path
) -> None:
    small = write_clip(tmp_path / "small.mp4", street(100, (160, 90)))
    camera = rtsp_camera("--other", str(small))
    recording = record(camera.url())
    recording.until_segments(2)
    for size in ((160, 90), (320, 180)):
        camera.tell("turn")
        wait_until(partial(records_in, recording, size), 30, f"segments of {size}")
    for segment in recording.segments:
        shown_in, told = sizes(recording.folder / segment.file)
        assert shown_in == {told}, "each holds pictures of the size that it tells"


def records_in(recording: Recording, size: tuple[int, int]) -> bool:
    return sizes(recording.folder / recording.segments[-1].file) == ({size}, size)


def sizes(path: Path) -> tuple[set[tuple[int, int]], tuple[int, int]]:
    """The sizes of the pictures of a file, and that which its header tells."""
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        told = video.codec_context.width, video.codec_context.height
        return {(frame.width, frame.height) for frame in container.decode(video)}, told


def test_a_camera_that_hangs_is_noticed_from_outside(
    rtsp_camera: StartCamera, record: Callable[..., Recording], stall: Callable[..., None]
) -> None:
    camera = rtsp_camera()
    recording = record(camera.url())
    recording.until_segments(1)
    stall(camera)
    assert recording.until("stalled") < 5
    assert recording.until("lost", 20) < 12
    assert "no picture for" in recording.recorder.health().reason
    camera.send(signal.SIGCONT)
    recording.until("recording", 30)


def test_a_wrong_password_is_told_without_the_password(
    rtsp_camera: StartCamera, record: Callable[..., Recording], caplog: pytest.LogCaptureFixture
) -> None:
    camera = rtsp_camera("--auth", "ngatu:right", "--digest")
    recording = record(camera.url(credentials="ngatu:geheim@"))
    recording.until("refused")
    health = recording.recorder.health()
    assert "user or password is wrong" in health.reason
    assert health.retry_in_s is not None
    assert health.retry_in_s > 5
    assert "geheim" not in health.reason + caplog.text + repr(Record(url=camera.url(credentials="ngatu:geheim@")))


def test_a_disk_without_room_stops_and_room_lets_it_go_on(
    rtsp_camera: StartCamera, record: Callable[..., Recording], caplog: pytest.LogCaptureFixture
) -> None:
    reason = ""
    recording = record(rtsp_camera().url(), no_room=lambda: reason)
    recording.until_segments(1)
    reason = "less than 2 GB are free"
    recording.until("stopped")
    assert recording.recorder.health().reason == reason
    stopped = len(recording.segments)
    reason = ""
    recording.until("recording")
    recording.until_segments(stopped + 1)
    assert caplog.records == [], "whoever knows of the room tells of it, once for all cameras"


def test_a_disk_that_is_full_is_told_and_what_was_written_is_kept(
    rtsp_camera: StartCamera, record: Callable[..., Recording], caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    recording = record(rtsp_camera().url())
    recording.until_segments(1)
    with full_disk(5_000):
        recording.until("stopped")
        assert recording.recorder.health().reason == f"can't write to {tmp_path}: File too large"
        for _ in range(2):
            wait_until(lambda: recording.recorder.health().retry_in_s is None, 15, "it tries again")
            wait_until(lambda: recording.recorder.health().retry_in_s is not None, 15, "in vain")
            assert recording.recorder.health().state == "stopped"
    kept = len(recording.segments)
    recording.until("recording")
    recording.until_segments(kept + 1)
    told = [entry.getMessage() for entry in caplog.records]
    assert told == [f"camera 'road' is not recorded: can't write to {tmp_path}: File too large"]
    for segment in recording.segments:
        assert shown(tmp_path / segment.file)


def test_a_folder_that_is_none_stops_it(
    rtsp_camera: StartCamera, record: Callable[..., Recording], tmp_path: Path
) -> None:
    (tmp_path / "road").write_text("a file where the camera's folder should be")
    recording = record(rtsp_camera().url())
    recording.until("stopped")
    assert "Not a directory" in recording.recorder.health().reason


class Hanging:
    """Stands where the connection stands, and never returns from opening while it is told to hang."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.opened = 0

    def __call__(self, record: Record) -> None:
        self.opened += 1
        self.let_go.wait(30)
        raise StreamError("it is over")


def test_a_thread_that_hangs_is_left_and_another_begins(
    monkeypatch: pytest.MonkeyPatch, record: Callable[..., Recording]
) -> None:
    hanging = Hanging()
    monkeypatch.setattr(recorder_module, "MainStream", hanging)
    monkeypatch.setattr(recorder_module, "HANG_S", 0.05)
    recording = record("rtsp://127.0.0.1/road")

    def looked(count: int) -> bool:
        recording.recorder.look()
        return hanging.opened == count

    wait_until(lambda: looked(3), 10, "two more threads")
    for _ in range(20):
        time.sleep(0.02)
        assert looked(3), "no more than three hang"
    assert "connecting or reading hangs" in recording.recorder.health().reason
    monkeypatch.setattr(recorder_module, "HANG_S", 60.0)
    hanging.let_go.set()
    wait_until(lambda: recording.recorder.health().reason == "it is over", 10, "it goes on")


def test_a_fault_of_ours_is_logged_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, record: Callable[..., Recording], caplog: pytest.LogCaptureFixture
) -> None:
    def fail(record: Record) -> None:
        raise KeyError("rtsp://user:geheim@host")

    monkeypatch.setattr(recorder_module, "MainStream", fail)
    recording = record("rtsp://127.0.0.1/road")
    recording.until("lost")
    assert recording.recorder.health().reason == "a fault of ours: KeyError"
    assert "recording of camera road: a fault of ours" in caplog.messages


def picture(time_s: float, arrived_s: float, camera_at: datetime | None) -> CodedPicture:
    packet: VideoPacket = cast(VideoPacket, Packet(1))
    return CodedPicture(packet, False, time_s, 0.04, arrived_s, camera_at)


def test_the_cameras_clock_is_believed_where_it_is_near_ours() -> None:
    clock, now_s = WallClock(), time.monotonic()
    clock.note(picture(100.0, now_s, None))
    assert (clock.clock, clock.off_s) == ("arrival", None)
    assert abs(clock.epoch + timedelta(seconds=100) - datetime.now(UTC)) < timedelta(seconds=1)
    near = datetime.now(UTC) - timedelta(seconds=0.5)
    clock.note(picture(100.04, now_s + 0.04, near))
    assert clock.clock == "camera"
    assert clock.epoch == near - timedelta(seconds=100.04)
    assert clock.off_s == pytest.approx(-0.5, abs=0.1)
    far = datetime.now(UTC) + timedelta(hours=7)
    clock.note(picture(100.08, now_s + 0.08, far))
    assert (clock.clock, far.tzinfo) == ("arrival", UTC)
    assert clock.off_s == pytest.approx(7 * 3600, abs=1)
    assert abs(clock.epoch + timedelta(seconds=100) - datetime.now(UTC)) < timedelta(seconds=1)


def test_pictures_that_come_late_do_not_move_the_clock() -> None:
    clock, now_s = WallClock(), time.monotonic()
    clock.note(picture(0.0, now_s, None))
    before = clock.epoch
    clock.note(picture(0.04, now_s + 0.9, None))
    assert abs(clock.epoch - before + timedelta(seconds=0.86)) < timedelta(seconds=0.1)


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ({"url": "http://10.0.0.11/main"}, "must look like rtsp://"),
        ({"url": "rtsp://u:geheim@10.0.0.11/main", "pre_roll_s": -1}, "greater than or equal to 0"),
        ({"url": "rtsp://u:geheim@10.0.0.11/main", "transport": "quic"}, "'tcp' or 'udp'"),
        ({"url": "rtsp://u:geheim@10.0.0.11/main", "keep": 3}, "Extra inputs"),
        ({}, "Field required"),
    ],
)
def test_a_block_that_makes_no_sense_is_refused_without_its_secret(block: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said) as caught:
        Record.model_validate(block)
    assert "geheim" not in str(caught.value)
