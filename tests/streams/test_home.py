import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from streams.errors import SourceEnded, StreamError, StreamRefused, WorkerLost
from streams.home import InProcess, InThread, own_memory_mb
from streams.nursery import Nursery
from streams.reader import Reader
from streams.source import OpenSource, Source
from streams.sources.rtsp import RtspSource
from streams.worker import DecoderErrors, Storm
from tests.conftest import RtspCamera, wait_until
from tests.streams.clips import street, write_clip
from tests.streams.readers import started
from tests.streams.unruly import Unruly

SOON: Mapping[Any, float] = {"start": 20.0, "open": 1.0, "read": 1.0, "hand on": 1.0}
"""Hung after a second, so that tests need not wait for longer."""


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.fixture
def opened(nursery: Nursery) -> Iterator[Callable[..., OpenSource]]:
    """Opens sources in processes of their own, and ends these when the test is over."""
    open_ones: list[OpenSource] = []

    def open_one(source: Source, **options: Any) -> OpenSource:
        one = InProcess(nursery, **{"hangs_s": SOON, **options}).open(source, "gate", None)
        open_ones.append(one)
        return one

    yield open_one
    for one in open_ones:
        one.close()


@pytest.fixture
def read(nursery: Nursery) -> Iterator[Callable[..., Reader]]:
    """Starts readers at home in processes, and stops them when the test is over."""
    with started() as start:
        yield lambda *which, **options: start(*which, **{"home": InProcess(nursery, hangs_s=SOON), **options})


def runs(process: int) -> bool:
    return psutil.pid_exists(process) and psutil.Process(process).status() != psutil.STATUS_ZOMBIE


def process_of(reader: Reader) -> int:
    process = reader.health().worker.process
    assert process is not None
    return process


def read_on(opened: OpenSource) -> None:
    """Reads until the source raises."""
    for _ in range(10_000):
        opened.read()


def test_pictures_come_whole_and_in_order_from_another_process(
    opened: Callable[..., OpenSource], tmp_path: Path
) -> None:
    where = tmp_path / "pid"
    one = opened(Unruly(opened_in=where, size=(640, 360)))
    frames = [one.read() for _ in range(20)]
    assert int(where.read_text()) != os.getpid()
    assert one.expected_frames == 7
    numbers = [frame.index for frame in frames]
    assert numbers == sorted(set(numbers))
    for frame in frames:
        assert frame.camera == "gate"
        assert frame.size == (640, 360)
        assert frame.time_s == frame.index / 50
        assert abs((frame.captured_at - datetime.now(UTC)).total_seconds()) < 60
        assert np.all(frame.image == frame.index % 256)


def test_what_a_source_raises_is_raised_here(opened: Callable[..., OpenSource]) -> None:
    with pytest.raises(StreamRefused, match=r"^wrong password$"):
        opened(Unruly(does="fails"))
    with pytest.raises(SourceEnded):
        read_on(opened(Unruly(does="ends")))
    with pytest.raises(StreamError, match=r"^the camera ended the stream$"):
        read_on(opened(Unruly(does="goes")))


@pytest.mark.parametrize(
    ("does", "why"),
    [
        ("hangs", r"^read hangs for \d+ s: its process was killed by SIGKILL$"),
        ("hangs with the lock", r"^read hangs for \d+ s: its process was killed by SIGKILL$"),
        ("crashes", r"^its process was killed by SIGSEGV$"),
        ("leaks", r"^its process has grown to \d+ MB, more than 150 MB: it was killed by SIGKILL$"),
        ("damages", r"^the decoder is lost: \d+ of \d+ pictures in 1 s are damaged$"),
    ],
)
def test_a_worker_that_goes_wrong_is_killed_and_says_why(
    opened: Callable[..., OpenSource], does: Any, why: str
) -> None:
    with pytest.raises(WorkerLost, match=why):
        read_on(opened(Unruly(does=does), memory_mb=150.0, storm_s=1.0))


def test_one_that_hangs_while_it_opens_is_killed(opened: Callable[..., OpenSource], tmp_path: Path) -> None:
    where = tmp_path / "pid"
    with pytest.raises(WorkerLost, match="open hangs for"):
        opened(Unruly(does="hangs at first", opened_in=where))
    assert not runs(int(where.read_text()))


def test_a_storm_that_comes_back_has_to_last_longer(nursery: Nursery) -> None:
    home = InProcess(nursery, hangs_s=SOON, storm_s=0.4)
    for seconds in ("0", "1", "2"):  # 0.4, 0.8, 1.6 s
        one = home.open(Unruly(does="damages"), "gate", None)
        with pytest.raises(WorkerLost, match=f"in {seconds} s are damaged"):
            read_on(one)
        one.close()


def test_a_worker_ends_with_its_session(opened: Callable[..., OpenSource], tmp_path: Path) -> None:
    where = tmp_path / "pid"
    one = opened(Unruly(opened_in=where))
    one.read()
    process = int(where.read_text())
    assert runs(process)
    assert (own_memory_mb(process) or 0) > 1
    one.close()
    one.close()
    wait_until(lambda: not runs(process), 10, "the process is gone")
    assert own_memory_mb(process) is None


@pytest.mark.parametrize("does", ["hangs", "crashes", "leaks"])
def test_the_camera_is_read_on_and_others_notice_nothing(
    read: Callable[..., Reader], nursery: Nursery, tmp_path: Path, does: Any
) -> None:
    home = InProcess(nursery, memory_mb=150.0, hangs_s=SOON)
    other = read(Unruly(), "other")
    victim = read(Unruly(does=does, marker=tmp_path / "done"), "victim", home=home)
    wait_until(lambda: victim.health().reconnects == 1 and victim.health().state == "live", 60, "the victim is back")
    health = victim.health()
    assert health.worker.restarts == 1
    assert health.worker.home == "process"
    assert health.worker.state == "running"
    assert "its process" in health.gaps[0].reason
    assert health.gaps[0].ended is not None
    health = other.health()
    assert (health.worker.restarts, health.reconnects, health.gaps) == (0, 0, ())


def test_a_worker_that_is_killed_from_outside_is_started_again(read: Callable[..., Reader]) -> None:
    reader = read(Unruly())
    wait_until(lambda: reader.health().state == "live", 30, "live")
    first = process_of(reader)
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: reader.health().reconnects == 1, 30, "back")
    assert process_of(reader) != first
    assert reader.health().gaps[0].reason == "its process was killed by SIGKILL"


def test_a_worker_that_stands_still_is_killed(read: Callable[..., Reader]) -> None:
    reader = read(Unruly())
    wait_until(lambda: reader.health().state == "live", 30, "live")
    first = process_of(reader)
    os.kill(first, signal.SIGSTOP)
    wait_until(lambda: reader.health().reconnects == 1, 30, "back")
    assert not runs(first)
    assert "hangs" in reader.health().gaps[0].reason


def test_all_come_back_when_the_nursery_is_killed(read: Callable[..., Reader], nursery: Nursery) -> None:
    readers = [read(Unruly(), name) for name in ("one", "two")]
    wait_until(lambda: all(one.health().state == "live" for one in readers), 30, "live")
    workers = [process_of(one) for one in readers]
    parent = psutil.Process(workers[0]).ppid()
    assert parent != os.getpid()
    os.kill(parent, signal.SIGKILL)
    wait_until(lambda: all(one.health().reconnects == 1 for one in readers), 60, "back")
    assert not any(runs(one) for one in workers)
    assert readers[0].health().gaps[0].reason == "its process has ended with all others"


PROGRAM = """
import sys, time
from streams.home import InProcess
from streams.nursery import Nursery
from tests.streams.unruly import Unruly
one = InProcess(Nursery()).open(Unruly(), "gate", None)
one.read()
print(one.process, flush=True)
time.sleep(600)
"""


def test_nothing_is_left_of_a_program_that_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    ) as program:
        assert program.stdout is not None
        worker = int(program.stdout.readline())
        family = [worker, psutil.Process(worker).ppid()]
        assert all(runs(one) for one in family)
        program.kill()
    wait_until(lambda: not any(runs(one) for one in family), 20, "worker and nursery are gone")


def test_a_reader_that_is_stopped_ends_its_worker_at_once(read: Callable[..., Reader], nursery: Nursery) -> None:
    reader = read(Unruly(does="hangs"), home=InProcess(nursery))
    wait_until(lambda: reader.health().received >= 5, 30, "it reads")
    process = process_of(reader)
    reader.stop()
    assert not [thread for thread in threading.enumerate() if thread.name.endswith("gate")]
    assert not runs(process)
    assert reader.health().worker.state == "ended"
    assert reader.health().worker.restarts == 0


def test_a_thread_that_hung_is_left_and_the_camera_goes_on_in_a_process(
    read: Callable[..., Reader], nursery: Nursery, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    let_go = threading.Event()

    class Hangs(Unruly):
        """The thread hangs, and the process, which knows `Unruly` only, does not."""

        def open(self, camera: str, start: datetime | None = None) -> OpenSource:
            let_go.wait(60)
            raise StreamError("let go")

    source = Hangs()
    Hangs.__module__, Hangs.__qualname__ = Unruly.__module__, "Unruly"
    thread, process = InThread({"open": 0.5, "read": 0.5}), InProcess(nursery, hangs_s=SOON)
    reader = read(source, home=thread, refuge=process)
    wait_until(lambda: reader.health().state == "live", 30, "live")
    worker = reader.health().worker
    assert (worker.home, worker.restarts) == ("process", 1)
    assert "is read in a process of its own from now on: open hangs for" in caplog.text
    let_go.set()


def test_a_camera_that_accepts_and_never_answers_is_told_in_time(read: Callable[..., Reader], nursery: Nursery) -> None:
    with socket.create_server(("127.0.0.1", 0)) as camera:
        port = camera.getsockname()[1]
        reader = read(RtspSource(url=f"rtsp://127.0.0.1:{port}/road", open_timeout_s=0.5), home=InProcess(nursery))
        wait_until(lambda: reader.health().state == "lost", 30, "the camera is lost")
        assert reader.health().worker.restarts == 0, "it is the camera that is silent"


def test_a_real_camera_in_a_process_of_its_own(
    read: Callable[..., Reader], nursery: Nursery, rtsp_camera: Callable[..., RtspCamera]
) -> None:
    camera = rtsp_camera()
    reader = read(RtspSource(url=camera.url()), home=InProcess(nursery))
    wait_until(lambda: reader.health().received >= 50, 30, "pictures come")
    frame = reader.take()
    assert frame is not None
    assert frame.size == (320, 180)
    assert frame.image.std() > 20
    camera.kill()
    wait_until(lambda: reader.health().state == "lost", 10, "the loss is noticed")
    camera.start()
    wait_until(lambda: reader.health().state == "live", 30, "back")
    health = reader.health()
    assert health.reconnects == 1
    assert health.worker.restarts == 0, "the camera was away, its worker did what it should"


def test_damaged_pictures_are_told_by_the_decoder_itself(hevc_clip: Path, tmp_path: Path) -> None:
    """Real damage, as FFmpeg tells it: nothing of good clips, and many pictures of a bad one."""
    good = write_clip(tmp_path / "good.ts", street(100))
    content = bytearray(good.read_bytes())
    rng = np.random.default_rng(1)
    for place in rng.integers(len(content) // 10, len(content) - len(content) // 10, len(content) // 500):
        content[place] ^= 0x10
    bad = tmp_path / "bad.ts"
    bad.write_bytes(content)
    for path, least, most in ((good, 0, 0), (hevc_clip, 0, 0), (bad, 10, 100)):
        said = subprocess.run([sys.executable, "-c", DAMAGED, str(path)], capture_output=True, text=True, check=True)
        assert least <= int(said.stdout) <= most, path


DAMAGED = """
import sys
from streams.worker import DecoderErrors
import os
out = os.dup(1)
errors = DecoderErrors.listen()
from streams.capture import Capture
capture = Capture.of_url(sys.argv[1], {})
damaged = 0
while capture.read() is not None:
    damaged += errors.count() > 0
os.write(out, str(damaged).encode())
"""


def test_a_few_damaged_pictures_are_no_storm() -> None:
    storm = Storm(5.0)
    for number in range(1000):
        storm.picture(number / 25, damaged=number % 3 > 0)  # as 2 % of lost packets make them
    storm = Storm(5.0)
    for number in range(200):
        storm.picture(number / 25, damaged=number > 100)
    with pytest.raises(StreamError, match="pictures in 5 s are damaged"):
        damage_all(storm, range(200, 230))


def damage_all(storm: Storm, numbers: range) -> None:
    for number in numbers:
        storm.picture(number / 25, damaged=True)


def test_a_slow_camera_needs_ten_damaged_pictures() -> None:
    storm = Storm(5.0)
    for number in range(100):
        storm.picture(float(number), damaged=True)


def test_lines_that_tell_of_nothing_bad_are_not_counted() -> None:
    said, written = os.pipe()
    os.set_blocking(said, False)
    errors = DecoderErrors(said, 2)
    assert errors.count() == 0
    os.write(written, b"[OPENCV:FFMPEG:16] SEI type 5 size 96 truncated at 80\n[h264] Error while decoding MB 1 2\n")
    assert errors.count() == 1
    assert errors.count() == 0
    os.close(said)
    os.close(written)


def test_a_worker_in_a_process_that_is_slow_to_read_keeps_the_newest(opened: Callable[..., OpenSource]) -> None:
    one = opened(Unruly())
    one.read()
    time.sleep(0.5)  # 25 pictures go by
    late = one.read()
    assert late.index >= 10
