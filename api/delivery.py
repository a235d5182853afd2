"""Delivery: takes what waits in the outbox to the sinks, lane by lane.

    outbox ──▶ lane 0 of sink 'ioc': its cameras, in order ──connection──▶ receiver
           ──▶ lane 1 of sink 'ioc': other cameras         ──connection──▶ receiver
           ──▶ lane 0 of sink 'log': all cameras           ──connection──▶ file

A camera is always in the same lane and a lane sends one thing after another, so what a receiver gets of a camera is in
order. A lane whose receiver takes nothing waits, longer and longer; nothing else waits for it.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from api.errors import StoreError
from api.lane import Lane, Progress
from api.outbox import Backlog, Outbox
from api.sink import Sink
from api.words import counted

STOP_S = 5.0


@dataclass(frozen=True, slots=True)
class SinkState:
    """How it goes with a sink.

    Attributes:
        id: Id of the sink.
        kind: Its kind.
        state: `delivering`, or `failing` while its receiver takes nothing.
        reason: Why it fails, for people; None while it does not.
        since: Since when it is in this state, UTC.
        waiting: What waits to be sent; None where the database can't be read.
        dead: What was put aside; None where the database can't be read.
        delivered: What the receiver has taken since the start.
        failures: Attempts that failed since the start.
    """

    id: str
    kind: str
    state: Literal["delivering", "failing"]
    reason: str | None
    since: datetime
    waiting: int | None
    dead: int | None
    delivered: int
    failures: int

    def faults(self, now: datetime) -> list[str]:
        """What is not as it should be, for people."""
        name = f"{self.kind} {self.id!r}"
        faults = []
        if self.state == "failing":
            waiting = "" if self.waiting is None else f"; {self.waiting} wait"
            faults.append(f"{name} has not taken anything for {_lasting(now - self.since)}: {self.reason}{waiting}")
        if self.dead:
            faults.append(f"{name}: {counted(self.dead, 'event')} put aside; `ngatu sinks dead {self.id}` shows why")
        return faults


class Deliveries:
    """All sinks at work, from `start` to `stop`.

    Args:
        sinks: Where to send to.
        outbox: What has to be sent.
        on_delivered: Called for each thing that a receiver took, by the lane's thread: id of the sink, and seconds
            since it was put into the outbox.
    """

    def __init__(
        self,
        sinks: Sequence[Sink],
        outbox: Outbox,
        on_delivered: Callable[[str, float], None] = lambda sink, seconds: None,
    ) -> None:
        self.outbox = outbox
        self.sinks: Mapping[str, Sink] = {sink.id: sink for sink in sinks}
        self._progress = {sink.id: Progress() for sink in sinks}
        self._lanes = {
            sink.id: [Lane(sink, number, outbox, self._progress[sink.id], on_delivered) for number in range(sink.lanes)]
            for sink in sinks
        }

    def start(self) -> None:
        """Starts sending. May be called once."""
        for lane in self._all():
            lane.start()

    def wake(self, noted: Mapping[str, Collection[int]]) -> None:
        """There is something new in the outbox, for these sinks and lanes. Never blocks."""
        for sink, numbers in noted.items():
            for lane in self._lanes[sink]:
                if any(number in lane.numbers for number in numbers):
                    lane.wake()

    def wake_all(self, sink: str) -> None:
        """There may be something new in the outbox for a sink. Never blocks."""
        for lane in self._lanes[sink]:
            lane.wake()

    def stop(self) -> None:
        """Sends what can be sent at once, and ends; what still waits stays in the outbox."""
        for lane in self._all():
            lane.finish()
        until = time.monotonic() + STOP_S
        for lane in self._all():
            lane.stop(max(0.0, until - time.monotonic()))

    def states(self) -> list[SinkState]:
        """How it goes with each sink."""
        try:
            backlogs: Mapping[str, Backlog] | None = self.outbox.backlogs()
        except StoreError:  # health tells of the database itself
            backlogs = None
        return [self._state(sink, backlogs) for sink in self.sinks.values()]

    def strangers(self) -> Mapping[str, Backlog]:
        """What the outbox holds for sinks that there are no more.

        Raises:
            StoreError: The database can't be read.
        """
        return {sink: one for sink, one in self.outbox.backlogs().items() if sink not in self.sinks}

    def _all(self) -> list[Lane]:
        return [lane for lanes in self._lanes.values() for lane in lanes]

    def _state(self, sink: Sink, backlogs: Mapping[str, Backlog] | None) -> SinkState:
        backlog = None if backlogs is None else backlogs.get(sink.id, Backlog())
        progress = self._progress[sink.id]
        with progress.lock:
            # The lanes of one receiver mostly fail for one reason.
            reason = next(iter(progress.failing.values()), None)
            return SinkState(
                id=sink.id,
                kind=sink.kind,
                state="delivering" if reason is None else "failing",
                reason=reason,
                since=progress.since,
                waiting=backlog.waiting if backlog else None,
                dead=backlog.dead if backlog else None,
                delivered=progress.delivered,
                failures=progress.failures,
            )


def _lasting(lasted: timedelta) -> str:
    """A time as people say it, such as `12 min`."""
    seconds = max(0, int(lasted.total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"
