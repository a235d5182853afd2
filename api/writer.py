"""Writer: one thread that writes events from a bounded queue, and loses none of what it has accepted.

A slow or full disk must never stop an inference thread, so events are handed over and written in batches:

    add() ──▶ pending (≤ capacity) ──▶ thread: write(batch), one transaction ──▶ on_written(changes)
                  ▲                        │ StoreError: disk full, database locked, connection lost
                  └──── stays at the head ─┘ again after 0.1 … 5 s
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Generic, TypeVar

from api.errors import StoreError
from vision.events import Event

logger = logging.getLogger(__name__)

BATCH = 500
"""Events in one transaction: enough to make the cost of a commit small, few enough to stay under 0.1 s."""
RETRY_FIRST_S = 0.1
RETRY_MAX_S = 5.0

Change = TypeVar("Change")


@dataclass(frozen=True, slots=True)
class WriterState:
    """How writing goes.

    Attributes:
        writing: Whether the last attempt to write succeeded.
        reason: Why not, for people; None while all is well.
        since: Since when it has been so, UTC.
        pending: Events that wait to be written.
        capacity: How many may wait.
        written: Changes written since the start.
        lost: Events lost since the start: the queue was full, or the database refuses them for good.
    """

    writing: bool
    reason: str | None
    since: datetime
    pending: int
    capacity: int
    written: int
    lost: int


@dataclass(slots=True)
class _Shared:
    """What the thread and its callers share; every access under `Writer._turn`."""

    pending: deque[Event] = field(default_factory=deque)
    accepted: int = 0
    settled: int = 0
    written: int = 0
    lost: int = 0
    overflowing: bool = False
    reason: str | None = None
    since: datetime = field(default_factory=lambda: datetime.now(UTC))


class Writer(Generic[Change]):
    """Writes events in the order in which they came.

    Args:
        write: Writes a batch, all of it or nothing, and gives what has changed. Raises StoreError where it is
            worth to try again, anything else where the batch will never do.
        capacity: How many events may wait.
    """

    def __init__(self, write: Callable[[Sequence[Event]], list[Change]], capacity: int) -> None:
        self._write = write
        self._capacity = capacity
        self._listeners: list[Callable[[Sequence[Change]], None]] = []
        self._shared = _Shared()
        self._turn = threading.Condition()
        self._closing = threading.Event()
        self._abandon = threading.Event()
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def on_written(self, listener: Callable[[Sequence[Change]], None]) -> None:
        """Has the listener called in the thread after each commit. It must not block."""
        self._listeners.append(listener)

    def add(self, events: Iterable[Event]) -> None:
        """Takes events to be written. Never blocks, never raises; what finds no room is counted as lost."""
        with self._turn:
            shared = self._shared
            for event in events:
                if len(shared.pending) < self._capacity:
                    shared.pending.append(event)
                    shared.accepted += 1
                    continue
                shared.lost += 1
                if not shared.overflowing:
                    shared.overflowing = True
                    logger.error(
                        "events are being lost: %d wait already and can't be written (%s)",
                        self._capacity,
                        shared.reason or "the database is too slow",
                    )
            self._turn.notify_all()

    def flush(self, timeout_s: float | None = None) -> bool:
        """Waits until all events accepted so far are written and told. False: not within the time."""
        with self._turn:
            goal = self._shared.accepted
            return self._turn.wait_for(lambda: self._shared.settled >= goal, timeout_s)

    def close(self, timeout_s: float) -> int:
        """Writes what waits and ends the thread. May be called twice.

        Returns:
            How many events could not be written within the time and are lost now.
        """
        self._closing.set()
        with self._turn:
            self._turn.notify_all()
        self._thread.join(timeout_s)
        self._abandon.set()
        self._thread.join()
        return len(self._shared.pending)

    def state(self) -> WriterState:
        """How writing goes."""
        with self._turn:
            shared = self._shared
            return WriterState(
                writing=shared.reason is None,
                reason=shared.reason,
                since=shared.since,
                pending=len(shared.pending),
                capacity=self._capacity,
                written=shared.written,
                lost=shared.lost,
            )

    def _work(self) -> None:
        delay_s = RETRY_FIRST_S
        while not self._abandon.is_set():
            with self._turn:
                self._turn.wait_for(lambda: self._shared.pending or self._closing.is_set())
                batch = list(islice(self._shared.pending, BATCH))
            if not batch:
                return
            try:
                changes, refused = self._attempt(batch)
            except StoreError as error:
                self._failed(str(error))
                # Not on `_turn`: new events must not make the retries come faster.
                self._abandon.wait(delay_s)
                delay_s = min(2 * delay_s, RETRY_MAX_S)
                continue
            delay_s = RETRY_FIRST_S
            self._tell(changes)
            self._succeeded(len(batch), len(changes), refused)

    def _attempt(self, batch: Sequence[Event]) -> tuple[list[Change], int]:
        """Writes a batch; gives the changes and the number of events that can never be written."""
        try:
            return self._write(batch), 0
        except StoreError:
            raise
        except Exception:
            # One event that is refused for good must not hold up all that wait behind it.
            if len(batch) == 1:
                logger.exception("event %s can't be stored and is lost", batch[0].id)
                return [], 1
        changes: list[Change] = []
        refused = 0
        for event in batch:
            changed, no = self._attempt([event])
            changes += changed
            refused += no
        return changes, refused

    def _succeeded(self, settled: int, written: int, refused: int) -> None:
        with self._turn:
            shared = self._shared
            for _ in range(settled):
                shared.pending.popleft()
            shared.settled += settled
            shared.written += written
            shared.lost += refused
            shared.overflowing = False
            if shared.reason is not None:
                logger.warning("the database can be written again")
                shared.reason, shared.since = None, datetime.now(UTC)
            self._turn.notify_all()

    def _failed(self, reason: str) -> None:
        with self._turn:
            shared = self._shared
            if shared.reason is None:
                logger.error("the database can't be written, events wait in memory: %s", reason)
                shared.since = datetime.now(UTC)
            shared.reason = reason

    def _tell(self, changes: Sequence[Change]) -> None:
        for listener in self._listeners if changes else ():
            try:
                listener(changes)
            except Exception:
                logger.exception("a listener of the store failed; the events are stored")
