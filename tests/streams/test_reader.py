import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streams import reader as reader_module
from streams.errors import SourceEnded, StreamError, StreamRefused
from streams.frame import Frame
from streams.health import StreamHealth
from streams.home import InThread
from streams.reader import Reader
from streams.source import OpenSource, Source
from streams.sources.file import FileSource
from streams.sources.rtsp import RtspSource
from streams.sources.synthetic import SyntheticSource
from tests.conftest import RtspCamera, wait_until
from tests.streams.clips import street, write_clip
from tests.streams.readers import started

Step = float | Exception | Callable[[], object]


class Scripted(Source):
    """A source that does what a test wrote down: one list of steps for each time it is opened.

    A number is a picture of that time, an exception is raised, anything else is called (to wait).
    """

    kind: str = "scripted"
    sessions: Any
    waits_for_us: bool = False

    @property
    def live(self) -> bool:
        return not self.waits_for_us

    def open(self, camera: str, start: datetime | None = None) -> OpenSource:
        steps = next(self.sessions)
        if isinstance(steps[0], Exception):
            raise steps[0]
        return OpenScript(camera, iter(steps))


class OpenScript(OpenSource):
    def __init__(self, camera: str, steps: Iterator[Step]) -> None:
        self._camera = camera
        self._steps = steps
        self._index = -1

    def read(self) -> Frame:
        for step in self._steps:
            if isinstance(step, Exception):
                raise step
            if isinstance(step, float):
                self._index += 1
                image = np.zeros((9, 16, 3), np.uint8)
                return Frame(self._camera, self._index, step, datetime.now(UTC), image)
            step()
        raise SourceEnded

    def close(self) -> None:
        pass


StartReader = Callable[..., Reader]


@pytest.fixture
def read() -> Iterator[StartReader]:
    """Starts readers and stops them when the test is over; none may leave a thread behind."""
    before = set(threading.enumerate())
    with started() as start:
        yield start
    wait_until(lambda: set(threading.enumerate()) <= before, 10, "all threads of the readers are gone")


def all_of(reader: Reader) -> list[Frame]:
    frames: list[Frame] = []

    def done() -> bool:
        frame = reader.take()
        if frame is not None:
            frames.append(frame)
        return reader.finished

    wait_until(done, 30, "the file is read")
    return frames


def test_a_constructor_starts_nothing() -> None:
    before = threading.active_count()
    reader = Reader("gate", SyntheticSource())
    assert threading.active_count() == before
    assert reader.health().state == "connecting"
    reader.stop()


def test_of_a_file_nothing_is_dropped(read: StartReader, clip: Path) -> None:
    woken = threading.Event()
    reader = read(FileSource(path=clip), wake=woken.set)
    assert woken.wait(10)
    frames = all_of(reader)
    assert [frame.index for frame in frames] == list(range(100))
    health = reader.health()
    assert (health.state, health.received, health.dropped, health.expected_frames) == ("ended", 100, 0, 100)
    assert health.size == (320, 180)
    assert health.captured_at == frames[-1].captured_at
    assert health.gaps == ()


def test_of_a_live_stream_the_newest_wins_and_drops_are_counted(read: StartReader) -> None:
    reader = read(SyntheticSource(fps=100, size=(160, 90)))
    wait_until(lambda: reader.health().dropped >= 20, 20, "20 pictures are dropped")
    assert reader.waiting_since is not None
    assert time.monotonic() - reader.waiting_since < 5
    frame = reader.take()
    assert frame is not None
    assert frame.index >= 20
    health = reader.health()
    assert health.state == "live"
    assert health.received > health.dropped
    assert health.fps > 1


def test_a_file_that_is_refused_is_not_tried_again(read: StartReader, tmp_path: Path) -> None:
    reader = read(FileSource(path=tmp_path / "nix.mp4"))
    wait_until(lambda: reader.finished, 10, "the reader gives up")
    health = reader.health()
    assert (health.state, health.received, health.retry_in_s) == ("refused", 0, None)
    assert "no such file" in health.reason


def test_of_a_truncated_file_all_is_kept_before_it_is_lost(read: StartReader, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mkv", street(100))
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    reader = read(FileSource(path=clip))
    frames = all_of(reader)
    health = reader.health()
    assert health.state == "lost"
    assert f"truncated after {len(frames)} of 100 frames" in health.reason


def test_over_a_reconnect_clock_and_numbers_go_on(read: StartReader, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "streams")
    over = threading.Event()
    changes: list[StreamHealth] = []
    taken: list[Frame] = []

    def wake() -> None:
        frame = reader.take()
        if frame is not None:
            taken.append(frame)

    sessions = iter([
        [StreamError("not there yet")],
        [0.0, 0.04, 0.08, StreamError("gone")],
        [StreamError("still gone")],
        [StreamError("still gone")],
        [7.0, 7.04, 7.08, over.wait, SourceEnded()],
    ])  # fmt: skip
    reader = Reader("gate", Scripted(sessions=sessions), wake=wake, on_change=changes.append)
    began = time.monotonic()
    reader.start()
    wait_until(lambda: len(taken) == 6, 20, "six pictures")
    took_s = time.monotonic() - began
    assert [frame.index for frame in taken] == [0, 1, 2, 3, 4, 5]
    times = [frame.time_s for frame in taken]
    assert all(b > a for a, b in pairwise(times))
    assert 0.3 <= times[3] - times[2] <= took_s
    assert [b - a for a, b in pairwise(times[3:])] == pytest.approx([0.04, 0.04])
    health = reader.health()
    assert (health.state, health.reconnects, health.received, health.reason) == ("live", 1, 6, "")
    assert health.failures == 0
    assert [gap.reason for gap in health.gaps] == ["not there yet", "gone"]
    assert health.gaps[1].began == taken[2].captured_at
    assert health.gaps[1].ended == taken[3].captured_at
    over.set()
    wait_until(lambda: reader.finished, 10, "the end")
    reader.stop()
    assert [change.state for change in changes] == ["lost", "live", "lost", "live", "ended"]
    assert [change.failures for change in changes] == [1, 0, 1, 0, 0]
    said = [record.getMessage() for record in caplog.records]
    assert [line.split(":")[0].split(" after")[0] for line in said] == [
        "camera 'gate' is lost",
        "camera 'gate' is back",
    ] * 2


def test_who_is_refused_asks_rarely_but_goes_on_asking(read: StartReader) -> None:
    reader = read(Scripted(sessions=iter([[StreamRefused("wrong password")]])))
    wait_until(lambda: reader.health().state == "refused", 10, "refused")
    health = reader.health()
    assert not reader.finished
    assert health.reason == "wrong password"
    assert health.retry_in_s is not None
    assert 5 < health.retry_in_s <= 20


def test_a_fault_in_a_source_is_survived(read: StartReader, caplog: pytest.LogCaptureFixture) -> None:
    over = threading.Event()
    reader = read(Scripted(sessions=iter([[0.0, ZeroDivisionError()], [0.0, over.wait]])))
    wait_until(lambda: reader.health().reconnects == 1, 10, "the stream is back")
    assert reader.health().gaps[0].reason == "fault in the source: ZeroDivisionError"
    assert "ZeroDivisionError" in caplog.text
    over.set()


def test_a_thread_that_hangs_is_left_alone_and_can_publish_no_more(
    read: StartReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_module, "STALL_S", 0.1)
    let_go, over, late = threading.Event(), threading.Event(), threading.Event()
    states: list[str] = []

    def hang() -> None:
        let_go.wait(30)
        late.set()

    sessions = iter([[0.0, hang, 99.0], [0.0, over.wait]])
    home = InThread({"open": 60.0, "read": 0.8})
    reader = read(Scripted(sessions=sessions), home=home, on_change=lambda health: states.append(health.state))
    wait_until(lambda: reader.health().reconnects == 1, 20, "another thread took over")
    assert states[:4] == ["live", "stalled", "lost", "live"]
    assert "read hangs" in reader.health().gaps[0].reason
    let_go.set()
    assert late.wait(10)
    wait_until(lambda: threading.active_count() <= 4, 10, "the late thread has ended")
    assert reader.health().received == 2
    over.set()


def test_no_more_threads_are_started_when_all_hang(read: StartReader) -> None:
    let_go = threading.Event()
    opened: list[int] = []

    def sessions() -> Iterator[list[Step]]:
        while True:
            opened.append(1)
            yield [let_go.wait, StreamError("let go")]

    reader = read(Scripted(sessions=sessions()), home=InThread({"open": 60.0, "read": 0.05}))
    wait_until(lambda: "attempts to read hang" in reader.health().reason, 30, "the reader stops starting threads")
    assert len(opened) == reader_module.HUNG_MAX
    worker = reader.health().worker
    assert (worker.state, worker.restarts, worker.process) == ("failed", reader_module.HUNG_MAX, None)
    let_go.set()
    wait_until(lambda: len(opened) > reader_module.HUNG_MAX, 30, "it goes on when they return")


@pytest.mark.parametrize("takes", [True, False])
def test_stops_at_any_moment(clip: Path, takes: bool) -> None:
    reader = Reader("gate", FileSource(path=clip, loop=True))
    reader.start()
    wait_until(lambda: reader.waiting_since, 10, "a picture waits")
    if takes:
        reader.take()
    reader.stop()
    assert not [thread for thread in threading.enumerate() if thread.name.endswith("gate")]


def test_a_camera_that_was_away_for_10_s_is_back_within_3_s(
    read: StartReader, rtsp_camera: Callable[..., RtspCamera]
) -> None:
    camera = rtsp_camera()
    reader = read(RtspSource(url=camera.url()))
    times: list[float] = []

    def live() -> bool:
        frame = reader.take()
        if frame is not None:
            times.append(frame.time_s)
        return reader.health().state == "live"

    wait_until(live, 20, "live")
    camera.kill()
    noticed_s = wait_until(lambda: not live(), 5, "the loss is noticed")
    threading.Event().wait(10 - noticed_s)
    before = reader.health()
    camera.start()
    back_s = wait_until(live, 10, "back")
    wait_until(lambda: live() and reader.health().received > before.received + 30, 20, "pictures come again")
    assert back_s < 3
    health = reader.health()
    assert health.reconnects == 1
    assert health.gaps[0].ended is not None
    assert 9 < (health.gaps[0].ended - health.gaps[0].began).total_seconds() < 20
    assert all(b > a for a, b in pairwise(times))
    assert max(b - a for a, b in pairwise(times)) > 9


def test_a_camera_that_hangs_is_noticed_within_5_s(
    read: StartReader, rtsp_camera: Callable[..., RtspCamera], caplog: pytest.LogCaptureFixture
) -> None:
    camera = rtsp_camera()
    reader = read(RtspSource(url=camera.url()))
    wait_until(lambda: reader.health().received > 50, 20, "live")
    camera.send(signal.SIGSTOP)
    try:
        assert wait_until(lambda: reader.health().state == "stalled", 10, "the stall is noticed") < 5
        gap = reader.health().gaps[-1]
        assert gap.ended is None
        assert "no picture for" in gap.reason
        received = reader.health().received
        wait_until(lambda: reader.health().state == "lost", 20, "the connection is given up")
        # What the decoder had kept from before the stall is not taken for pictures of now.
        assert reader.health().received == received
    finally:
        camera.send(signal.SIGCONT)
    wait_until(lambda: reader.health().state == "live", 20, "back")
    assert reader.health().gaps[-1].ended is not None
    assert [record.message.split(":")[0] for record in caplog.records] == ["camera 'gate' is lost"]


def test_who_stays_in_a_call_for_long_is_stuck(read: StartReader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_module, "STUCK_S", {"open": 60.0, "read": 0.2})
    go_on, over = threading.Event(), threading.Event()
    reader = read(Scripted(sessions=iter([[0.0, go_on.wait, 0.1, over.wait]])))
    wait_until(lambda: reader.health().worker.state == "stuck", 10, "stuck")
    assert reader.health().silent_s > 0.2
    go_on.set()
    wait_until(lambda: reader.health().received == 2, 10, "it goes on")
    over.set()


def test_the_clock_of_the_wall_changes_only_what_people_read(
    read: StartReader, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is set forward by an hour while the camera is away, and back by two when it has come again."""
    caplog.set_level(logging.INFO, "streams")

    class Wall(datetime):
        ahead = timedelta(0)

        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) + cls.ahead

    monkeypatch.setattr(reader_module, "datetime", Wall)
    over = threading.Event()

    def set_forward() -> None:
        Wall.ahead = timedelta(hours=1)

    def set_back() -> None:
        Wall.ahead = timedelta(hours=-1)

    changes: list[StreamHealth] = []
    sessions = iter([[0.0, 0.1, set_forward, StreamError("gone")], [9.0, set_back, 9.1, over.wait]])
    reader = read(Scripted(sessions=sessions), on_change=changes.append)
    wait_until(lambda: reader.health().received == 4, 20, "four pictures")
    health = reader.health()
    assert health.state == "live"
    assert health.silent_s < 60
    _, lost, back = changes
    assert lost.since - lost.gaps[0].began > timedelta(minutes=59), "the wall clock was set"
    assert 0 <= lost.silent_s < 60, "the silence was not"
    assert "is back after 0 s" in caplog.text or "is back after 1 s" in caplog.text
    assert back.fps < 1000
    frame = reader.take()
    assert frame is not None
    assert frame.time_s < 60
    over.set()
