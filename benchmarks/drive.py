"""Drives the engine and takes notes.

How late a result is: from the moment its picture was due at our door to the moment its events are handed on.

    picture i of a camera    stream clock t_i        handed on at h_i (monotonic clock)
    offset                   q = min over all pictures of (captured_i − t_i): the quickest arrival there was
    frame-to-event latency   h_i − t_i − q

`captured_i` is what the source says of when the picture was taken: of an RTSP camera its arrival, less how much later
than its quickest neighbours it came. The quickest arrival of the whole run is the zero, so that a queue that grows
anywhere (network, decoder, mailbox, worker) is seen as a latency that grows. What the quickest picture itself took in
the network and the decoder is not in it. Wall-clock times are turned into monotonic ones where they are read, so that
a clock that is set does no harm.
"""

import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import BenchError
from benchmarks.machine import cpu_seconds, workers_cpu_seconds
from streams.health import StreamHealth
from vision.engine import Analysed, Engine
from vision.site import Site

FIRST_PICTURE_S = 30.0
RATE, DROPPED, LATENCY_MS, GROWTH_MS = 0.99, 0.01, 500.0, 50.0
"""What a camera must get to count as carried; latency may drift by so much from the first to the last third."""
LOOK_S = 5.0
MORE_THAN_DUE = 1.1
"""A camera may send a little more than it should; a run that ends early could not have become good for that."""


@dataclass(frozen=True, slots=True)
class Unpaced:
    """A file that went through as fast as it could.

    Attributes:
        frames: Pictures that were read; none is dropped.
        looked_at: Pictures that the detector saw.
        seconds: From opening the file to its last event.
        events: How many there were.
    """

    frames: int
    looked_at: int
    seconds: float
    events: int

    @property
    def fps(self) -> float:
        """Pictures a second."""
        return self.frames / self.seconds


def run_unpaced(site: Site, look: Callable[[Analysed], None] = lambda one: None) -> Unpaced:
    """Runs the only camera of a site to its end. Loading the detector is not counted.

    Raises:
        BenchError: A picture could not be analysed, or the file could not be read.
    """
    [camera] = site.cameras
    events = 0

    def analysed(one: Analysed) -> None:
        nonlocal events
        events += len(one.events)
        look(one)

    engine = Engine(site, on_analysed=analysed)
    began = time.perf_counter()
    engine.start()
    engine.wait()
    seconds = time.perf_counter() - began
    engine.stop()
    status = engine.status()[camera.id]
    if status.faults or status.stream.state != "ended":
        raise BenchError(f"{status.stream.reason or 'a picture could not be analysed'} {status.faults or ''}")
    return Unpaced(status.stream.received, status.analysed, seconds, events)


@dataclass(frozen=True)
class CameraRun:
    """What one paced camera got.

    Attributes:
        rate: Share of the pictures it should have got that were taken for analysis.
        dropped: Share of those that came which nobody took.
        looked_at: Pictures a second that the detector saw.
        latencies_ms: (n,) frame to event, in the order of time.
    """

    rate: float
    dropped: float
    looked_at: float
    latencies_ms: NDArray[np.float64]

    @property
    def growth_ms(self) -> float:
        """How much later results are in the last third than in the first, medians."""
        third = len(self.latencies_ms) // 3
        if not third:
            return 0.0
        return float(np.median(self.latencies_ms[-third:]) - np.median(self.latencies_ms[:third]))


@dataclass(frozen=True)
class PacedRun:
    """What all cameras of a run got.

    Attributes:
        cameras: One a camera.
        faults: What went wrong, for people.
        senders_cores: Cores that the process which sends the pictures took.
        own_cores: Cores that we took, the processes that read cameras included.
    """

    cameras: Sequence[CameraRun]
    faults: Sequence[str]
    senders_cores: float
    own_cores: float

    @property
    def latencies_ms(self) -> NDArray[np.float64]:
        """(n,) of all cameras, in ascending order."""
        return np.sort(np.concatenate([one.latencies_ms for one in self.cameras] or [np.empty(0)]))

    def shortcomings(self) -> list[str]:
        """Why the cameras do not count as carried; empty where they do."""
        found = list(self.faults)
        for number, one in enumerate(self.cameras, 1):
            if one.rate < RATE:
                found.append(f"camera {number} got {one.rate:.1%} of its rate")
            if one.dropped > DROPPED:
                found.append(f"camera {number} lost {one.dropped:.1%} of its pictures")
            if one.growth_ms > GROWTH_MS:
                found.append(f"camera {number} grew {one.growth_ms:.0f} ms later")
        latencies = self.latencies_ms
        name, late_ms = highest_percentile(latencies)
        if late_ms > LATENCY_MS:
            found.append(f"{name} of frame to event is {late_ms:.0f} ms")
        return found


def highest_percentile(ordered: NDArray[np.float64]) -> tuple[str, float]:
    """p99 where there are values enough for it (1000); else the greatest value, which is stricter."""
    if len(ordered) >= 1000:
        return "p99", float(ordered[int(np.ceil(0.99 * len(ordered))) - 1])
    return "max", float(ordered[-1]) if len(ordered) else 0.0


@dataclass(slots=True)
class _Notes:
    """Of every analysed picture of a camera: stream clock, when captured, when handed on; seconds, monotonic."""

    rows: list[tuple[float, float, float]] = field(default_factory=list)

    def take(self, one: Analysed) -> None:
        now, wall = time.monotonic(), time.time()
        self.rows.append((one.frame.time_s, now - (wall - one.frame.captured_at.timestamp()), now))

    def latencies_ms(self, since: float, until: float) -> NDArray[np.float64]:
        """(n,) of the pictures handed on within a time."""
        rows = np.array(self.rows).reshape(-1, 3)
        if not len(rows):
            return np.empty(0)
        clock, captured, handed_on = rows.T
        late_ms = (handed_on - clock - (captured - clock).min()) * 1000
        within: NDArray[np.float64] = late_ms[(handed_on >= since) & (handed_on < until)]
        return within


class Progress(NamedTuple):
    """How far a camera is.

    Attributes:
        analysed: Pictures that went through the engine so far.
        time_s: Time of the last of them by the stream's own clock: no jitter of ours is in it.
        at_s: When that was handed on (`time.monotonic`).
    """

    analysed: int
    time_s: float
    at_s: float


class Watched:
    """An engine at work on paced cameras, with notes of what comes out.

    Args:
        site: What it watches.
        notes: Whether every picture is noted, for `measure`. Notes grow: who watches for hours needs none.
    """

    def __init__(self, site: Site, *, notes: bool = True) -> None:
        self._notes: dict[str, _Notes] | None = defaultdict(_Notes) if notes else None
        self._came = threading.Condition()
        self._progress: dict[str, Progress] = {}
        self.names = [camera.id for camera in site.cameras]
        self.engine = Engine(site, on_analysed=self._take)

    def _take(self, one: Analysed) -> None:
        if self._notes is not None:
            self._notes[one.frame.camera].take(one)
        now = time.monotonic()
        with self._came:
            before = self._progress.get(one.frame.camera)
            self._progress[one.frame.camera] = Progress(before.analysed + 1 if before else 1, one.frame.time_s, now)
            self._came.notify_all()

    def wait_for_picture(self, names: Sequence[str], since: float, within_s: float) -> bool:
        """Waits until a result of each of the cameras has come after a moment (monotonic)."""
        with self._came:
            return self._came.wait_for(
                lambda: all(name in self._progress and self._progress[name].at_s >= since for name in names),
                timeout=within_s,
            )

    def progress(self) -> dict[str, Progress]:
        """How far each camera is that gave a picture."""
        with self._came:
            return dict(self._progress)

    def measure(self, fps: float, seconds: float, sender: int = 0) -> PacedRun:
        """What every camera gets from now on, for a time, or until one has lost more than it may in all of it."""
        assert self._notes is not None
        began, cpu, sent = time.monotonic(), _own_cpu_seconds(sender), cpu_seconds(sender)
        before, looked = self.engine.health(), self._looked_at()
        may_lose = DROPPED * fps * seconds * MORE_THAN_DUE
        while (left_s := began + seconds - time.monotonic()) > 0:
            self.engine.wait(min(left_s, LOOK_S))
            now = self.engine.health()
            if any(now[name].dropped - before[name].dropped > may_lose for name in self.names):
                break
        after, looked_after = self.engine.health(), self._looked_at()
        ended = time.monotonic()
        spent_s = ended - began
        cameras = [
            _camera_run(
                before[name],
                after[name],
                fps * spent_s,
                (looked_after[name] - looked[name]) / spent_s,
                self._notes[name].latencies_ms(began, ended),
            )
            for name in self.names
        ]
        return PacedRun(
            cameras,
            self._faults(before, after),
            (cpu_seconds(sender) - sent) / spent_s if sender else 0.0,
            (_own_cpu_seconds(sender) - cpu) / spent_s,
        )

    def _looked_at(self) -> dict[str, int]:
        return {name: one.analysed for name, one in self.engine.status().items()}

    def _faults(self, before: dict[str, StreamHealth], after: dict[str, StreamHealth]) -> list[str]:
        found = [
            f"{name}: {rule}: {fault}"
            for name, one in self.engine.status().items()
            for rule, fault in one.faults.items()
        ]
        found += [f"{name}: {one.state} {one.reason}" for name, one in after.items() if one.state != "live"]
        found += [f"{name}: connected anew" for name, one in after.items() if one.reconnects > before[name].reconnects]
        return found


def _own_cpu_seconds(sender: int) -> float:
    """CPU time of this process and of those that read its cameras."""
    return time.process_time() + workers_cpu_seconds(os.getpid(), [sender])


def _camera_run(
    before: StreamHealth, after: StreamHealth, due: float, looked_at: float, latencies_ms: NDArray[np.float64]
) -> CameraRun:
    received, dropped = after.received - before.received, after.dropped - before.dropped
    return CameraRun((received - dropped) / due, dropped / max(received, 1), looked_at, latencies_ms)


@contextmanager
def watched(site: Site, warm_up_s: float, *, notes: bool = True) -> Iterator[Watched]:
    """An engine whose cameras all give pictures and that has run for a while.

    Args:
        site: What it watches.
        warm_up_s: For how long, once all cameras give pictures.
        notes: See `Watched`.

    Raises:
        BenchError: A camera gives no picture.
    """
    one = Watched(site, notes=notes)
    one.engine.start()
    try:
        if not one.wait_for_picture(one.names, 0.0, FIRST_PICTURE_S):
            dark = [
                f"{name} {health.state} {health.reason}".strip()
                for name, health in one.engine.health().items()
                if not health.received
            ]
            raise BenchError(f"no picture within {FIRST_PICTURE_S:.0f} s: {', '.join(dark) or 'none was analysed'}")
        one.engine.wait(warm_up_s)
        yield one
    finally:
        one.engine.stop()
