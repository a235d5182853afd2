"""Home: where a camera is read. In a thread of this process, or in a process of its own.

A thread costs nothing, but it can't be killed: one that hangs in C code is left to itself, and a crash takes all
cameras along. A process can be killed at any moment, its memory is known, and it can't touch another camera.
docs/decisions/0006-a-process-for-each-camera.md has the figures.
"""

import json
import os
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import NoReturn, Protocol

from streams.errors import SourceEnded, StreamError, StreamRefused, WorkerLost
from streams.frame import Frame
from streams.health import HomeName
from streams.nursery import Nursery, Worker
from streams.shared_pictures import Doing
from streams.source import OpenSource, Source
from streams.worker import MESSAGE_MAX, PICTURE, STORM, STORM_S, order_for

MEMORY_MB = 500.0
"""A worker that needs more leaks: a decoder of 4K pictures takes about 200 MB."""
LOOK_S = 0.25
MEMORY_LOOK_S = 2.0
STORM_LONGEST_S = 600.0
THREAD_HANGS_S: Mapping[Doing, float] = {"open": 60.0, "read": 20.0}
"""Beyond all time-outs that a source may have: the thread hangs in C code."""
WORKER_HANGS_S: Mapping[Doing, float] = {"start": 20.0, "open": 45.0, "read": 15.0, "hand on": 15.0}
"""The same of a process. To kill it costs little, so it may be done sooner."""
PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6


class Home(Protocol):
    """Where the sessions of one camera run; one at a time.

    Attributes:
        name: What people call it.
        hangs_s: After how long a call of the source counts as hung, by what it does.
    """

    name: HomeName
    hangs_s: Mapping[Doing, float]

    def open(self, source: Source, camera: str, start: datetime | None) -> OpenSource:
        """Opens a source (see `Source.open`); called by the session's thread, which may hang in it.

        Raises:
            StreamError: It can't be opened.
        """
        ...

    def kill(self) -> None:
        """Ends what is under way, if that is possible here. By any thread."""
        ...

    @property
    def process(self) -> int | None:
        """Id of the process that reads now; None: this one, or none."""
        ...

    @property
    def memory_mb(self) -> float | None:
        """What that process has for itself alone, MB; None where it is this one, or none."""
        ...

    @property
    def silent_s(self) -> float | None:
        """For how long the heart of that process has not beaten; None where there is none."""
        ...


class InThread:
    """This process: the session's thread calls the source itself."""

    name: HomeName = "thread"
    process = None
    memory_mb = None
    silent_s = None

    def __init__(self, hangs_s: Mapping[Doing, float] = THREAD_HANGS_S) -> None:
        self.hangs_s = hangs_s

    def open(self, source: Source, camera: str, start: datetime | None) -> OpenSource:
        """Opens a source (see `Home.open`)."""
        return source.open(camera, start)

    def kill(self) -> None:
        """A thread can't be killed."""


class InProcess:
    """A process for each session.

    Args:
        nursery: Where processes come from.
        memory_mb: A process that has more for itself alone is killed.
        hangs_s: After how long without a heartbeat it is killed, by what it does.
        storm_s: After how long of damaged pictures it connects anew. Each time that this did not help for long,
            the next one has to last twice as long.
    """

    name: HomeName = "process"

    def __init__(
        self,
        nursery: Nursery,
        memory_mb: float = MEMORY_MB,
        hangs_s: Mapping[Doing, float] = WORKER_HANGS_S,
        storm_s: float = STORM_S,
    ) -> None:
        # The session's thread waits for the worker's heartbeat; if it does not return itself, something else is wrong.
        self.hangs_s: Mapping[Doing, float] = {doing: limit + 15.0 for doing, limit in hangs_s.items()}
        self._nursery = nursery
        self._memory_mb = memory_mb
        self._worker_hangs_s = hangs_s
        self._storm_s = storm_s
        self._open: _OpenInProcess | None = None

    def open(self, source: Source, camera: str, start: datetime | None) -> OpenSource:
        """Opens a source in a new process (see `Home.open`)."""
        worker = self._nursery.fork()
        opened = _OpenInProcess(worker, camera, self._worker_hangs_s, self._memory_mb)
        self._open = opened
        try:
            opened.begin(order_for(source, camera, start, self._storm_s))
        except BaseException:
            opened.close()
            raise
        opened.on_storm = self._endure
        return opened

    def kill(self) -> None:
        """Kills the process; the session's thread sees it."""
        if self._open is not None:
            self._open.kill()

    def _endure(self) -> None:
        self._storm_s = min(2 * self._storm_s, STORM_LONGEST_S)

    @property
    def process(self) -> int | None:
        """Id of the process that reads now."""
        return self._open.process if self._open else None

    @property
    def memory_mb(self) -> float | None:
        """What it has for itself alone, MB."""
        return self._open.memory_mb if self._open else None

    @property
    def silent_s(self) -> float | None:
        """For how long its heart has not beaten."""
        return self._open.silent_s if self._open else None


class _OpenInProcess(OpenSource):
    """A source that another process has opened, and reads."""

    def __init__(self, worker: Worker, camera: str, hangs_s: Mapping[Doing, float], memory_mb: float) -> None:
        self.expected_frames = None
        self.process: int | None = worker.process
        self.memory_mb: float | None = None
        self.silent_s: float | None = 0.0
        self.on_storm: Callable[[], None] = lambda: None
        self._worker = worker
        self._camera = camera
        self._hangs_s = hangs_s
        self._ceiling_mb = memory_mb
        self._memory_due = 0.0
        self._number = 0
        worker.channel.settimeout(LOOK_S)

    def begin(self, order: bytes) -> None:
        """Gives the worker its order, and waits until it has opened the source.

        Raises:
            StreamError: It could not.
        """
        try:
            self._worker.channel.send(order)
        except OSError as error:
            raise WorkerLost(f"its process {self._ended()}") from error
        self.expected_frames = json.loads(self._message()).get("opened")

    def read(self) -> Frame:
        """The newest picture, when there is one that was not read yet.

        Raises:
            SourceEnded: The source has come to its end.
            StreamError: What the source raised.
            WorkerLost: The process has died, or had to be killed.
        """
        while True:
            self._message()
            found = self._worker.pictures.read(self._camera)
            if found is not None and found[0] != self._number:
                self._number = found[0]
                return found[1]

    def kill(self) -> None:
        """Kills the process, by any thread."""
        self._worker.kill()

    def close(self) -> None:
        """Ends the process."""
        self._ended()

    def _ended(self) -> str:
        self.process = self.memory_mb = self.silent_s = None
        return self._worker.end()

    def _message(self) -> bytes:
        """The next message that is no outcome; looks after the process while there is none."""
        while True:
            self._look()
            try:
                message = self._worker.channel.recv(MESSAGE_MAX)
            except TimeoutError:
                continue
            except ConnectionResetError:
                message = b""
            if not message:
                raise WorkerLost(f"its process {self._ended()}")
            if message == PICTURE:
                return message
            told = json.loads(message)
            if "outcome" in told:
                self._raise(told["outcome"], told["reason"])
            return message

    def _raise(self, outcome: str, reason: str) -> NoReturn:
        if outcome == "ended":
            raise SourceEnded
        if outcome == "refused":
            raise StreamRefused(reason)
        if reason.startswith(STORM):
            self.on_storm()
            raise WorkerLost(reason)
        raise StreamError(reason)

    def _look(self) -> None:
        """Kills the process if its heart does not beat, or it has grown too large.

        Raises:
            WorkerLost: It did.
        """
        doing, silent_s = self._worker.pictures.doing, self._worker.pictures.silent_s
        self.silent_s = silent_s
        if silent_s > self._hangs_s[doing]:
            raise WorkerLost(f"{doing} hangs for {silent_s:.0f} s: its process {self._ended()}")
        now = time.monotonic()
        if now < self._memory_due:
            return
        self._memory_due = now + MEMORY_LOOK_S
        self.memory_mb = own_memory_mb(self._worker.process)
        if self.memory_mb is not None and self.memory_mb > self._ceiling_mb:
            grown = f"its process has grown to {self.memory_mb:.0f} MB, more than {self._ceiling_mb:.0f} MB"
            raise WorkerLost(f"{grown}: it {self._ended()}")


def own_memory_mb(process: int) -> float | None:
    """Memory of a process without files and shared pictures, MB; None: it has ended, or nobody can say."""
    try:
        _, resident, shared = Path(f"/proc/{process}/statm").read_text().split()[:3]
    except (OSError, ValueError):
        return None
    return (int(resident) - int(shared)) * PAGE_MB
