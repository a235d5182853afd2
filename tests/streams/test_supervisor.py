import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from benchmarks.scenarios import RtspCameras
from streams.health import StreamHealth, StreamState
from streams.reader import Reader
from streams.sources.file import FileSource
from streams.sources.http import HttpSource
from streams.sources.rtsp import RtspSource
from streams.sources.synthetic import SyntheticSource
from streams.sources.webcam import WebcamSource
from streams.supervisor import CommonFault, LocalSupervisor, _Losses
from tests.conftest import wait_until

NOON = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Site:
    """Cameras whose state a test tells, by a clock that it sets."""

    def __init__(self, count: int) -> None:
        self.clock = Clock()
        self.losses = _Losses(self.clock)
        for number in range(count):
            self.losses.watch(f"c{number}")

    def become(self, state: StreamState, *numbers: int, after_s: float = 0.0) -> CommonFault | None:
        for number in numbers:
            self.clock.now += after_s
            self.losses.note(health(f"c{number}", state))
        return self.losses.common


def health(camera: str, state: StreamState) -> StreamHealth:
    return StreamHealth(
        camera=camera,
        state=state,
        since=NOON,
        reason="" if state == "live" else "no route to host",
        received=1,
        dropped=0,
        fps=0.0,
        reconnects=0,
        retry_in_s=None,
        size=None,
        captured_at=None,
        expected_frames=None,
        gaps=(),
    )


def test_half_of_the_cameras_lost_together_are_one_fault(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "streams.supervisor")
    site = Site(8)
    assert site.become("stalled", 3, 1, 4, after_s=1.0) is None
    fault = site.become("lost", 5)
    assert fault is not None
    assert set(fault.cameras) == {"c1", "c3", "c4", "c5"}
    assert str(fault) == (
        "common fault: 4 of 8 cameras were lost together; look at what they share (switch, line, power, recorder). "
        "'c3': no route to host"
    )
    site.become("lost", 3, 1, 4, after_s=20)
    fault = site.become("lost", 0, after_s=60)
    assert fault is not None
    assert "c0" in fault.cameras, "who is lost while it lasts belongs to it"
    site.become("live", 3, 1)
    assert site.losses.common is not None
    assert site.become("live", 4) is None
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert site.become("lost", 4) is None, "one that flaps is alone"


@pytest.mark.parametrize(
    ("cameras", "lost", "after_s", "common"),
    [
        (2, 2, 0.0, False),
        (3, 3, 0.0, True),
        (20, 9, 0.0, False),
        (20, 10, 0.0, True),
        (6, 3, 4.0, True),
        (6, 3, 6.0, False),
    ],
)
def test_few_or_far_apart_are_a_coincidence(cameras: int, lost: int, after_s: float, common: bool) -> None:
    site = Site(cameras)
    fault = site.become("lost", *range(lost), after_s=after_s)
    assert (fault is not None) == common


def test_who_was_lost_long_before_has_no_part_in_it() -> None:
    site = Site(6)
    site.become("refused", 0)
    fault = site.become("lost", 1, 2, 3, after_s=100 / 3)
    assert fault is None
    site.clock.now += 100
    site.become("live", 1, 2, 3)
    fault = site.become("lost", 1, 2, 3)
    assert fault is not None
    assert fault.cameras == ("c1", "c2", "c3")


@pytest.mark.parametrize(
    ("source", "worker", "home", "refuge"),
    [
        (RtspSource(url="rtsp://10.0.0.1/a"), "auto", "process", True),
        (RtspSource(url="rtsp://10.0.0.1/a"), "thread", "thread", True),
        (HttpSource(url="http://10.0.0.1/video"), "auto", "process", True),
        (WebcamSource(), "auto", "process", True),
        (HttpSource(url="http://10.0.0.1/a.mp4"), "auto", "thread", False),
        (FileSource(path=Path("a.mp4")), "process", "thread", False),
        (SyntheticSource(), "auto", "thread", False),
        (SyntheticSource(), "process", "process", True),
    ],
)
def test_where_a_camera_is_read(source: Any, worker: Any, home: str, refuge: bool) -> None:
    supervisor = LocalSupervisor()
    reader = supervisor.reader("gate", source, worker=worker)
    assert reader.health().worker.home == home
    assert (reader._refuge is not None) == refuge
    supervisor.stop()
    supervisor.stop()


@pytest.fixture
def watch() -> Iterator[Callable[..., list[Reader]]]:
    """Starts the readers of many cameras under one supervisor, and stops them when the test is over."""
    supervisors: list[LocalSupervisor] = []
    readers: list[Reader] = []

    def start(supervisor: LocalSupervisor, sources: list[Any], worker: Any) -> list[Reader]:
        supervisors.append(supervisor)
        for number, source in enumerate(sources):
            readers.append(supervisor.reader(f"c{number}", source, worker=worker))
            readers[-1].start()
        return readers

    yield start
    for reader in readers:
        reader.stop(0)
    for reader in readers:
        reader.stop()
    for one in supervisors:
        one.stop()


def test_many_cameras_on_one_dead_switch_raise_one_alarm(
    gstreamer: None, clip: Path, watch: Callable[..., list[Reader]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "streams")
    with RtspCameras(clip, 4, 25) as cameras:
        supervisor = LocalSupervisor()
        readers = watch(supervisor, list(cameras.sources), "auto")
        wait_until(lambda: all(one.health().state == "live" for one in readers), 60, "all are live")
        assert supervisor.common_fault() is None
        cameras.kill()
        wait_until(lambda: len(getattr(supervisor.common_fault(), "cameras", ())) == 4, 30, "one fault of all four")
        cameras.start()
        wait_until(lambda: all(one.health().state == "live" for one in readers), 60, "all are back")
        assert supervisor.common_fault() is None
        told = [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert sum("common fault" in one.message for one in told) == 1
    assert sum("is lost" in one.message for one in told) <= 2, "who is lost later is not told by itself"


def test_many_cameras_that_refuse_are_no_storm(watch: Callable[..., list[Reader]]) -> None:
    """A machine that closes every connection at once: it counts them."""
    moments: list[float] = []
    with socket.create_server(("127.0.0.1", 0), backlog=128) as camera:
        camera.settimeout(0.1)
        over = threading.Event()

        def answer() -> None:
            while not over.is_set():
                try:
                    connection, _ = camera.accept()
                except TimeoutError:
                    continue
                moments.append(time.monotonic())
                connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        url = f"rtsp://127.0.0.1:{camera.getsockname()[1]}/road"
        began = time.monotonic()
        readers = watch(LocalSupervisor(), [RtspSource(url=url) for _ in range(30)], "thread")
        wait_until(lambda: len({one.camera for one in readers if one.health().failures}) == 30, 60, "all have tried")
        spent_s = time.monotonic() - began
        attempts = sum(one.health().failures for one in readers)
        over.set()
        thread.join()
    # Without the turnstile each of the thirty would come about once a second from the start.
    assert attempts <= 5 + 5 * (spent_s + 1)
    assert spent_s > 4
    assert len(moments) >= attempts
