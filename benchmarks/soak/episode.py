"""Episode: one fault from a rest before it to a rest after its recovery, and what it cost whom."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from benchmarks.drive import Progress
from benchmarks.soak.faults import Fault
from benchmarks.soak.stage import FPS, Stage
from benchmarks.soak.tape import Hole
from streams.health import StreamHealth

LOOK_S, BACK_S = 0.05, 120.0
SLACK = timedelta(seconds=3)
"""A hole in a recording begins with the last segment that is whole: up to a fragment before the fault."""


@dataclass(frozen=True)
class Pictures:
    """How many pictures a camera should have given in a time, and how many it gave.

    Attributes:
        due: How many it should have given.
        came: How many reached us, those included that were dropped.
        dropped: How many of them were dropped, since the machine had no time for them; no fault of a camera is that.
    """

    due: float
    came: int
    dropped: int = 0

    @property
    def share(self) -> float:
        """Those that came, in percent."""
        return 100 * self.came / self.due if self.due else 100.0

    @property
    def lost(self) -> int:
        """Those that did not."""
        return max(0, round(self.due) - self.came)


@dataclass(frozen=True)
class Episode:
    """What one fault cost.

    Attributes:
        fault: Which.
        victim: Camera that it happened to; empty: none in particular.
        began: When, UTC.
        noticed_s: Seconds from its beginning until it was noticed; None: never.
        recovered_s: Seconds from its end until its camera gave pictures again, or all was well.
        recorded_s: Seconds from its end until all cameras were recorded again; 0 where no recording was interrupted.
        pictures: By camera: what should have come from before it until after its recovery, and what came.
        reconnects: How often each camera connected anew.
        further: See `Fault.further`.
        missing_s: What of each recording is missing because of it, s.
    """

    fault: Fault
    victim: str
    began: datetime
    noticed_s: float | None
    recovered_s: float
    recorded_s: float
    pictures: Mapping[str, Pictures]
    reconnects: Mapping[str, int]
    further: Mapping[str, float]
    missing_s: dict[str, float] = field(default_factory=dict)

    @property
    def others(self) -> list[str]:
        """The cameras that must not have noticed anything."""
        return [name for name in self.pictures if name != self.victim]


def happen(stage: Stage, fault: Fault, turn: int, down_s: float, rest_s: float) -> Episode:
    """Has a fault happen.

    Args:
        stage: Where.
        fault: Which.
        turn: How often it has happened before.
        down_s: The measure of how long it lasts.
        rest_s: How long nothing happens before it and after its recovery.

    Raises:
        SkippedCaseError: It can't happen on this machine.
    """
    victim = fault.victim(stage, turn)
    stage.rest(rest_s)
    health, progress = stage.health(), stage.watched.progress()
    began, began_at = time.monotonic(), datetime.now(UTC)
    fault.begin(stage, victim)
    noticed_s: float | None = None
    interrupted = False

    def look() -> None:
        nonlocal noticed_s, interrupted
        interrupted = interrupted or not stage.recorded_by_all()
        if noticed_s is None and fault.noticed(stage, victim):
            noticed_s = time.monotonic() - began
        stage.rest(LOOK_S)

    while time.monotonic() < began + fault.lasts * down_s:
        look()
    if fault.lasts:
        fault.end(stage, victim)
    ended = time.monotonic()
    recovered_s = _waited(lambda: fault.over(stage, victim, health.get(victim), ended), look, ended)
    recorded_s = _waited(stage.recorded_by_all, look, ended)
    stage.rest(rest_s)
    after, now = stage.health(), stage.watched.progress()
    return Episode(
        fault,
        victim,
        began_at,
        noticed_s,
        recovered_s,
        recorded_s if interrupted else 0.0,
        {
            name: _pictures(progress[name], now[name], _dropped(health[name], after[name]), by_stream=name != victim)
            for name in now
        },
        {name: one.reconnects - health[name].reconnects for name, one in after.items()},
        fault.further(),
    )


def _waited(well: Callable[[], bool], look: Callable[[], None], since: float) -> float:
    """Looks until all is well; seconds since a moment. Infinite where it takes too long: the soak goes on."""
    while not well():
        if time.monotonic() - since > BACK_S:
            return float("inf")
        look()
    return time.monotonic() - since


def charge(episodes: list[Episode], holes: list[Hole]) -> None:
    """Charges each hole in a recording to the fault that it began with: the last one before it."""
    for hole in holes:
        before = [one for one in episodes if one.began <= hole.began + SLACK]
        if before:
            missing = before[-1].missing_s
            missing[hole.camera] = missing.get(hole.camera, 0.0) + hole.seconds


def _dropped(before: StreamHealth, after: StreamHealth) -> int:
    return after.dropped - before.dropped


def _pictures(before: Progress, after: Progress, dropped: int, *, by_stream: bool) -> Pictures:
    """What came in a time. A stream's own clock tells it exactly, but not over a new connection: then it is ours."""
    seconds = after.time_s - before.time_s if by_stream else after.at_s - before.at_s
    return Pictures(seconds * FPS, after.analysed - before.analysed + dropped, dropped)
