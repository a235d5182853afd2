"""L4: faults of cameras, over and over."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import numpy as np

from benchmarks.drive import Watched, watched
from benchmarks.errors import BenchError
from benchmarks.machine import peak_rss_mb, rss_mb
from benchmarks.report import Row
from benchmarks.scenarios import RtspCameras, paced, rtsp_missing, site_of
from benchmarks.suite import Plan, Suite
from streams.health import StreamHealth

FPS, RUN_S, QUICK_S = 5.0, 300.0, 24.0
DOWN_S, QUICK_DOWN_S = 10.0, 5.0
REST_S, LOOK_S, BACK_S = 5.0, 0.05, 60.0
CAMERAS = 3
UNDER_WAY_S = 0.05
"""A picture that was under way when the fault ended may still come out; it does not count as back."""
Fault = Callable[[RtspCameras], None]


class Soak(Suite):
    """Cameras that are killed, hang and restart, for as long as it is wanted (`--seconds`; 5 min by default).

    Three RTSP cameras, each a process of its own. In turn one is killed and started again after 10 s, stopped and let
    go on after 10 s, or restarted at once. Measured: seconds until its state is no longer `live`, seconds from when it
    sends again to the first result, what the two others got meanwhile, and how memory grows (least squares over one
    value a second, after the first minute). Without GStreamer only memory is measured, on paced clips.
    """

    name = "soak"
    level = "L4"

    def run(self, plan: Plan) -> Iterator[Row]:
        """Measures (see `Suite.run`)."""
        seconds = plan.seconds or (QUICK_S if plan.quick else RUN_S)
        detector = plan.looking("auto")
        missing = "no clip" if plan.clip is None else rtsp_missing()
        if plan.feed in ("clip", "synthetic") or missing:
            yield Row.skipped(self.name, "faults", missing or f"pictures come from {plan.feed}")
            with (
                paced("clip", plan.clip, CAMERAS, FPS) as cameras,
                watched(site_of(cameras.sources, detector), 1.0) as one,
            ):
                growth = _Growth()
                while growth.spent_s < seconds:
                    one.engine.wait(1.0)
                    growth.look()
            yield from self._memory(growth)
            return
        assert plan.clip is not None
        notes = _Notes()
        with ExitStack() as stack:
            servers = [RtspCameras(plan.clip, 1, FPS) for _ in range(CAMERAS)]
            for server in servers:
                stack.enter_context(server)
            sources = [server.sources[0] for server in servers]
            one = stack.enter_context(watched(site_of(sources, detector), 2.0))
            growth = _Growth()
            down_s, number = QUICK_DOWN_S if plan.quick else DOWN_S, 0
            while growth.spent_s < seconds:
                number = _faults(one, servers, down_s, number, notes, growth)
        yield from self._rows(notes)
        yield from self._memory(growth)

    def _rows(self, notes: "_Notes") -> Iterator[Row]:
        for fault, values in notes.noticed.items():
            yield Row.of(self.name, fault, "time to notice", "s", values, at_most=5.0)
        for fault, values in notes.recovered.items():
            yield Row.of(self.name, fault, "time to recover", "s", values)
        yield Row.of(self.name, "other cameras meanwhile", "taken", "% of the rate", notes.others, at_least=99.0)

    def _memory(self, growth: "_Growth") -> Iterator[Row]:
        rising, since_s = growth.mb_an_hour()
        note = f"over the last {since_s:.0f} of {growth.spent_s:.0f} s, {len(growth.values)} values"
        if since_s < 600:
            note += "; too short for a verdict"
        yield Row.of(self.name, "memory", "growth", "MB/h", [rising], note=note)
        yield Row.of(self.name, "memory", "peak", "MB", [peak_rss_mb()])


@dataclass
class _Notes:
    noticed: dict[str, list[float]] = field(default_factory=dict)
    recovered: dict[str, list[float]] = field(default_factory=dict)
    others: list[float] = field(default_factory=list)


class _Growth:
    """Memory of this process, once a second."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.values: list[tuple[float, float]] = []

    @property
    def spent_s(self) -> float:
        return time.monotonic() - self._began

    def look(self) -> None:
        if not self.values or self.spent_s - self.values[-1][0] >= 1.0:
            self.values.append((self.spent_s, rss_mb()))

    def mb_an_hour(self) -> tuple[float, float]:
        """How fast memory grows, and over how many seconds that was seen."""
        times, sizes = np.array(self.values).T
        settled = times >= min(60.0, times[-1] / 2)
        times, sizes = times[settled], sizes[settled]
        if len(times) < 2:
            return 0.0, 0.0
        return float(np.polyfit(times, sizes, 1)[0] * 3600), float(times[-1] - times[0])


FAULTS: Sequence[tuple[str, Fault, Fault, bool]] = (
    ("killed", RtspCameras.kill, RtspCameras.start, True),
    ("hangs", RtspCameras.freeze, RtspCameras.thaw, True),
    ("restarted at once", RtspCameras.kill, RtspCameras.start, False),
)
"""What people read, how it begins, how it ends, and whether it lasts."""


def _faults(
    one: Watched, servers: Sequence[RtspCameras], down_s: float, number: int, notes: _Notes, growth: _Growth
) -> int:
    """One fault of one camera, from a rest before it to its recovery. Returns the number of the next."""
    fault, begin, end, lasts = FAULTS[number % len(FAULTS)]
    victim = number % len(servers)
    name = one.names[victim]
    _rest(one, REST_S, growth)
    before, began = one.engine.health(), time.monotonic()
    begin(servers[victim])
    noticed = None
    while lasts and time.monotonic() - began < down_s:
        if noticed is None and one.engine.health()[name].state != "live":
            noticed = time.monotonic() - began
        _rest(one, LOOK_S, growth)
    end(servers[victim])
    sends = time.monotonic()
    if not one.wait_for_picture([name], sends + UNDER_WAY_S, BACK_S):
        raise BenchError(f"{name} did not come back within {BACK_S:.0f} s after a fault ({fault})")
    notes.recovered.setdefault(fault, []).append(time.monotonic() - sends)
    if lasts:
        notes.noticed.setdefault(fault, []).append(noticed if noticed is not None else float("inf"))
    after, spent_s = one.engine.health(), time.monotonic() - began
    notes.others += [_taken(before[other], after[other], spent_s) for other in one.names if other != name]
    return number + 1


def _taken(before: StreamHealth, after: StreamHealth, spent_s: float) -> float:
    return 100 * ((after.received - after.dropped) - (before.received - before.dropped)) / (FPS * spent_s)


def _rest(one: Watched, seconds: float, growth: _Growth) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        one.engine.wait(min(left, 1.0))
        growth.look()
