"""Lane: sends what waits for some cameras of a sink, one thing after another, in a thread of its own."""

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from api.errors import Refused, StoreError, Unreachable
from api.outbox import LANES, Delivery, Outbox
from api.sink import Connection, Sink
from api.words import counted
from streams.backoff import retry_delay_s

logger = logging.getLogger(__name__)

BATCH = 200
"""Deliveries read at once."""
SETTLE_S = 1.0
"""What is sent is removed from the outbox at least so often: only what was sent since can be sent twice."""
LOOK_S = 5.0
"""How often it looks without being woken, for what another process (a replay) made wait."""
DATABASE_S = 0.5


@dataclass(slots=True)
class Progress:
    """How it goes with a sink, shared by its lanes; every access under `lock`.

    Attributes:
        failing: Lanes whose receiver takes nothing now, and why.
        since: Since when there are some, or none, UTC.
        delivered: What the receiver has taken since the start.
        failures: Attempts that failed since the start.
    """

    lock: threading.Lock = field(default_factory=threading.Lock)
    failing: dict[int, str] = field(default_factory=dict)
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    delivered: int = 0
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Rest:
    """How long a lane does nothing: for seconds, or until there is something new where that wakes it."""

    seconds: float
    wakes: bool = False


class _RefusedOneError(Exception):
    """The receiver will not take a delivery."""

    def __init__(self, delivery: Delivery, reason: str) -> None:
        super().__init__(reason)
        self.delivery = delivery


class Lane:
    """Sends what waits, from `start` to `stop`.

    Args:
        sink: Where to send to.
        number: Which lane of the sink it is, from 0.
        outbox: What has to be sent.
        progress: What it shares with the other lanes of the sink.
        on_delivered: See `Deliveries`.
    """

    def __init__(
        self,
        sink: Sink,
        number: int,
        outbox: Outbox,
        progress: Progress,
        on_delivered: Callable[[str, float], None],
    ) -> None:
        self.numbers = range(number, LANES, sink.lanes)
        self._sink = sink
        self._number = number
        self._outbox = outbox
        self._progress = progress
        self._on_delivered = on_delivered
        self._connection: Connection = sink.connect()
        self._unsettled: list[Delivery] = []
        self._failures = 0
        self._down_since = time.monotonic()
        self._woken = threading.Event()
        self._finishing = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"sink {sink.id} {number}", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def wake(self) -> None:
        """There may be something new. Never blocks."""
        self._woken.set()

    def finish(self) -> None:
        """Lets it end as soon as nothing waits, or something fails."""
        self._finishing.set()
        self._woken.set()

    def stop(self, timeout_s: float) -> None:
        """Ends it; what is being sent after so long is broken off."""
        self.finish()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        self._stopping.set()
        self._connection.close()
        if self._thread.is_alive():
            self._thread.join()

    def _work(self) -> None:
        while not self._stopping.is_set():
            # Before looking, so that what comes meanwhile is not waited for in vain.
            self._woken.clear()
            try:
                rest = self._step()
            except StoreError:
                rest = Rest(DATABASE_S)  # log and health tell it of the store
            except Exception:
                # A guard: a fault of ours in one attempt must not end all later ones.
                logger.exception("%s: sending failed by a fault of ours", self._sink)
                rest = self._failed(Unreachable("a fault of ours; the log says more"))
            if rest is None:
                continue
            if self._finishing.is_set():
                return
            # New events must not make retries come faster.
            (self._woken if rest.wakes else self._finishing).wait(rest.seconds)

    def _step(self) -> Rest | None:
        """Sends what waits; how long to do nothing then, None for not at all.

        Raises:
            StoreError: The database can't be read or written.
        """
        self._settle()
        batch = self._outbox.waiting(self._sink.id, self.numbers, BATCH)
        if not batch:
            self._well()  # whatever failed, nobody waits for it any more
            return Rest(LOOK_S, wakes=True)
        try:
            self._send_all(batch)
        except Unreachable as error:
            self._settle()
            return self._failed(error)
        except _RefusedOneError as refusal:
            self._settle()
            return None if self._put_aside(refusal) else self._rest(refused=False)
        self._settle()
        return None

    def _send_all(self, batch: Sequence[Delivery]) -> None:
        """Sends what can be sent of a batch before it should be settled.

        Raises:
            Unreachable: The receiver takes nothing now.
            _RefusedOneError: It will not take one of them.
        """
        began, size = time.monotonic(), self._sink.at_once
        for start in range(0, len(batch), size):
            self._send(batch[start : start + size])
            if self._stopping.is_set() or time.monotonic() - began > SETTLE_S:
                return

    def _send(self, group: Sequence[Delivery]) -> None:
        try:
            self._connection.send([one.message for one in group])
        except Refused as error:
            if len(group) == 1:
                raise _RefusedOneError(group[0], str(error)) from error
            # Which of them? One by one tells, and those before it are taken.
            for one in group:
                self._send([one])
            return
        self._unsettled += group

    def _settle(self) -> None:
        """Removes from the outbox what the receiver has; what can't be removed now is remembered.

        Raises:
            StoreError: It can't.
        """
        taken = self._unsettled
        if not taken:
            return
        self._outbox.taken(self._sink.id, [one.message.seq for one in taken])
        self._unsettled = []
        self._well()
        with self._progress.lock:
            self._progress.delivered += len(taken)
        now = datetime.now(UTC)
        for one in taken:
            self._on_delivered(self._sink.id, (now - one.noted).total_seconds())

    def _well(self) -> None:
        """Nothing is wrong with the receiver, as far as this lane knows."""
        self._failures, self._down_since = 0, time.monotonic()
        progress = self._progress
        with progress.lock:
            back = progress.failing.pop(self._number, None) is not None and not progress.failing
            if back:
                progress.since = datetime.now(UTC)
        if back:
            logger.warning("%s takes events again", self._sink)

    def _failed(self, fault: Unreachable) -> Rest:
        """The receiver takes nothing now: says so, once, and how long to wait.

        Raises:
            StoreError: The database can't be written.
        """
        self._connection.close()
        progress, now = self._progress, datetime.now(UTC)
        with progress.lock:
            new = not progress.failing
            progress.failing[self._number] = str(fault)
            if new:
                progress.since = now
        if new:
            logger.warning("%s takes nothing, events wait: %s", self._sink, fault)
        if self._number == 0:
            self._give_up(now, fault)
        return self._rest(refused=fault.refused, least_s=fault.wait_s)

    def _rest(self, *, refused: bool, least_s: float = 0.0) -> Rest:
        """How long to wait after one more failure: the longer the more there were, with chance in it."""
        self._failures += 1
        with self._progress.lock:
            self._progress.failures += 1
        down_s = time.monotonic() - self._down_since
        delay_s = retry_delay_s(self._failures, down_s, refused, random.random())  # noqa: S311 - no secret
        return Rest(max(delay_s, least_s))

    def _give_up(self, now: datetime, fault: Unreachable) -> None:
        """Puts aside what has waited for too long, of all lanes of the sink."""
        hours = self._sink.give_up_after_h
        gone = self._outbox.give_up(self._sink.id, now - timedelta(hours=hours), str(fault))
        if gone:
            logger.error("%s: %s put aside after %g h: %s", self._sink, counted(gone, "event"), hours, fault)

    def _put_aside(self, refusal: _RefusedOneError) -> bool:
        """Counts a refusal; gives whether the delivery is put aside by it."""
        message, reason = refusal.delivery.message, str(refusal)
        dead = self._outbox.refused(self._sink.id, message.seq, reason, self._sink.tries)
        if dead:
            logger.error("%s: event %s is put aside: %s", self._sink, message.event["id"], reason)
        return dead
