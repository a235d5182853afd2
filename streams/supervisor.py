"""Supervisor: looks after the readers of all cameras together.

A reader looks after its own camera. What concerns many is seen here: which home each has, that they do not connect
all at once, and that a fault of many at the same moment is one fault: a switch, a line, the power, a disk.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Protocol

from streams.backoff import Turnstile
from streams.health import LOST_STATES, StreamHealth
from streams.home import MEMORY_MB, InProcess, InThread
from streams.nursery import Nursery
from streams.reader import Reader
from streams.source import Source

log = logging.getLogger(__name__)

PROCESSES = hasattr(os, "memfd_create")
"""Whether this system can share memory with them: Linux."""
TOGETHER_S = 10.0
"""Cameras that are lost within so long may have been lost by one fault: some refuse at once, others fall silent."""
TOGETHER = 3
"""Fewer are a coincidence."""
TOGETHER_SHARE = 0.5
WorkerChoice = Literal["auto", "thread", "process"]
"""Where a camera is to be read."""


@dataclass(frozen=True, slots=True)
class CommonFault:
    """A fault of many cameras at the same moment.

    Attributes:
        since: When the first of them was lost, UTC.
        cameras: Ids of those lost with it, and not yet back.
        watched: How many live cameras there are.
        reason: Why the first was lost.
    """

    since: datetime
    cameras: tuple[str, ...]
    watched: int
    reason: str

    def __str__(self) -> str:
        """For people."""
        return (
            f"common fault: {len(self.cameras)} of {self.watched} cameras were lost together; look at what they share "
            f"(switch, line, power, recorder). {self.cameras[0]!r}: {self.reason}"
        )


class Supervisor(Protocol):
    """Looks after the readers of all cameras of a program, wherever they are."""

    def reader(
        self,
        camera: str,
        source: Source,
        *,
        worker: WorkerChoice,
        start: datetime | None,
        wake: Callable[[], None],
        on_change: Callable[[StreamHealth], None],
    ) -> Reader:
        """The reader of one camera; not started yet.

        Args:
            camera: Id of the camera.
            source: Where its pictures come from.
            worker: Where it is read: `auto` leaves it to us.
            start: See `Reader`.
            wake: See `Reader`.
            on_change: See `Reader`.
        """
        ...

    def common_fault(self) -> CommonFault | None:
        """The fault that many cameras have at the moment, if there is one."""
        ...

    def stop(self) -> None:
        """Frees what is kept for all; the readers are stopped already. May be called twice."""
        ...


class LocalSupervisor:
    """All readers on this machine.

    Args:
        memory_mb: A worker's process that needs more is killed, MB.
        clock: A monotonic clock.
    """

    def __init__(self, memory_mb: float = MEMORY_MB, clock: Callable[[], float] = time.monotonic) -> None:
        self._memory_mb = memory_mb
        self._nursery = Nursery()
        self._turnstile = Turnstile(clock=clock)
        self._losses = _Losses(clock)

    def reader(
        self,
        camera: str,
        source: Source,
        *,
        worker: WorkerChoice = "auto",
        start: datetime | None = None,
        wake: Callable[[], None] = lambda: None,
        on_change: Callable[[StreamHealth], None] = lambda health: None,
    ) -> Reader:
        """The reader of one camera (see `Supervisor.reader`)."""
        if not source.live:
            return Reader(camera, source, start=start, wake=wake, on_change=on_change)
        self._losses.watch(camera)

        def changed(health: StreamHealth) -> None:
            self._losses.note(health)
            on_change(health)

        wanted = PROCESSES and (source.foreign or worker == "process")
        process = InProcess(self._nursery, self._memory_mb) if wanted else None
        apart = process is not None and worker != "thread"
        return Reader(
            camera,
            source,
            home=process if apart else InThread(),
            refuge=process,
            turnstile=self._turnstile,
            hush=lambda: self.common_fault() is not None,
            start=start,
            wake=wake,
            on_change=changed,
        )

    def common_fault(self) -> CommonFault | None:
        """The fault that many cameras have at the moment, if there is one."""
        return self._losses.common

    def stop(self) -> None:
        """Ends the nursery."""
        self._nursery.close()


@dataclass(frozen=True, slots=True)
class _Loss:
    moment: float
    at: datetime
    reason: str


class _Losses:
    """Which cameras are lost since when, and whether that is one fault."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.common: CommonFault | None = None
        self._clock = clock
        self._lock = threading.Lock()
        self._watched: set[str] = set()
        self._lost: dict[str, _Loss] = {}
        self._from = 0.0
        self._most = 0

    def watch(self, camera: str) -> None:
        """Counts a camera among those that there are."""
        with self._lock:
            self._watched.add(camera)

    def note(self, health: StreamHealth) -> None:
        """Takes the new state of a camera."""
        with self._lock:
            if health.state in LOST_STATES:
                self._lost.setdefault(health.camera, _Loss(self._clock(), datetime.now(UTC), health.reason))
            else:
                self._lost.pop(health.camera, None)
            before, after = self.common, self._common()
            self.common, most = after, self._most
        if after is not None and before is None:
            log.warning("%s", after)
        elif after is None and before is not None:
            log.info("the common fault is over: %d cameras were lost at the same time", most)

    def _common(self) -> CommonFault | None:
        if self.common is None:
            latest = max((loss.moment for loss in self._lost.values()), default=0.0)
            self._from, self._most = latest - TOGETHER_S, 0
        # Who is lost while the fault lasts belongs to it.
        lost = {name: loss for name, loss in self._lost.items() if loss.moment >= self._from}
        self._most = max(self._most, len(lost))
        begins = len(lost) >= TOGETHER and len(lost) >= TOGETHER_SHARE * len(self._watched)
        lasts = self.common is not None and 2 * len(lost) >= self._most
        if not (begins or lasts):
            return None
        first = min(lost.values(), key=lambda loss: loss.moment)
        return CommonFault(first.at, tuple(lost), len(self._watched), first.reason)
