"""Reader: the one supervised reader of a camera.

    supervisor thread      starts a session, watches it, waits, starts the next     never calls a source
      └─ session thread    open → read → read → … → error or end                    may hang inside C code
           └─ its home     this thread itself, or a process that can be killed      see `streams.home`

A read may block for ever where no exception reaches it. So nobody waits for the session: the supervisor looks at
its heartbeat, says `stalled` after 3 s without a picture, and after much longer leaves the thread to itself and
starts another; where it can, in a process from then on. Only the present session can publish. All of this goes by the
monotonic clock: whoever sets the machine's clock changes what people read, and nothing else.
"""

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from streams.backoff import Failures, Turnstile, restart_delay_s
from streams.errors import SourceEnded, StreamError, StreamRefused, WorkerLost
from streams.frame import Frame
from streams.health import LOST_STATES, Gap, StreamHealth, StreamState, WorkerHealth, WorkerState
from streams.home import Home, InThread
from streams.latest import Latest
from streams.source import Source

log = logging.getLogger(__name__)

STALL_S = 3.0
"""Without a picture for longer, a live stream counts as stalled. Must be noticed within 5 s."""
LOOK_S = 0.25
STUCK_S = {"open": 26.0, "read": 11.0}
"""Beyond the time-outs of nearly all sources: people should see that something is wrong."""
LATELY_S = 600.0
"""How long a restart counts when the next one has to wait."""
HUNG_MAX = 3
"""So many threads of one camera may hang; then no new one is started until one returns."""
GAPS_MAX = 100


class _Session:
    """One connection: from opening until its end. What its thread is doing, and since when."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.doing = "open"
        self.beat = time.monotonic()
        self.outcome: StreamError | SourceEnded | None = None
        self.thread: threading.Thread | None = None

    def begin(self, doing: str) -> None:
        self.doing, self.beat = doing, time.monotonic()

    @property
    def silent_s(self) -> float:
        """For how long the heart of whoever calls the source has not beaten."""
        theirs = self.home.silent_s
        return time.monotonic() - self.beat if theirs is None else theirs

    @property
    def hangs(self) -> bool:
        limits = {"open": self.home.hangs_s["open"], "read": self.home.hangs_s["read"]}
        return self.doing in limits and time.monotonic() - self.beat > limits[self.doing]

    @property
    def state(self) -> WorkerState:
        if self.doing in STUCK_S and self.silent_s > STUCK_S[self.doing]:
            return "stuck"
        return "starting" if self.doing == "open" else "running"


class Reader:
    """Reads one camera for as long as it is wanted, whatever happens to the camera.

    Live sources hand on the newest picture, others every one. The stream's clock and the numbers of the pictures
    go on over a reconnect, with the real gap between.

    Args:
        camera: Id of the camera.
        source: Where its pictures come from.
        home: Where it is read.
        refuge: Where it is read from the moment on at which it hung; nowhere else if None.
        turnstile: What all cameras pass before they connect, so that they do not come all at once.
        hush: Asked whether a loss is one of many, so that it need not be told by itself.
        start: Wall-clock time of the first picture, where the source can't know it (files).
        wake: Called whenever there is something new: a picture to `take`, or an end. By a thread of the reader:
            must be quick and must not raise.
        on_change: Called with the new health whenever its state changes. By a thread of the reader: must be quick
            and must not raise.
    """

    def __init__(
        self,
        camera: str,
        source: Source,
        *,
        home: Home | None = None,
        refuge: Home | None = None,
        turnstile: Turnstile | None = None,
        hush: Callable[[], bool] = lambda: False,
        start: datetime | None = None,
        wake: Callable[[], None] = lambda: None,
        on_change: Callable[[StreamHealth], None] = lambda health: None,
    ) -> None:
        self.camera = camera
        self.source = source
        self._home: Home = home or InThread()
        self._refuge = refuge
        self._turnstile = turnstile
        self._hush = hush
        self._start = start
        self._wake = wake
        self._on_change = on_change
        self._mailbox: Latest[Frame] = Latest(drops=source.live)
        self._lock = threading.Condition()
        self._stopping = False
        self._supervisor: threading.Thread | None = None
        self._session: _Session | None = None
        self._hung: list[_Session] = []
        self._began = datetime.now(UTC)
        # What health tells; guarded by the lock.
        self._state: StreamState = "connecting"
        self._since = self._began
        self._reason = ""
        self._received = 0
        self._reconnects = 0
        self._failures = Failures()
        self._restarts = 0
        self._restarted: deque[float] = deque(maxlen=16)
        self._between: WorkerState = "starting"
        self._retry_at: float | None = None
        self._expected_frames: int | None = None
        self._arrivals: deque[float] = deque(maxlen=64)
        self._gaps: deque[Gap] = deque(maxlen=GAPS_MAX)
        # Where the clock and the numbers stand, and what is added to those of the present session.
        self._last: Frame | None = None
        self._arrived = 0.0
        self._away_s = 0.0
        self._add_s = 0.0
        self._add_index = 0

    def start(self) -> None:
        """Starts reading. May be called once."""
        self._began = self._since = datetime.now(UTC)
        self._arrived = time.monotonic()
        self._supervisor = threading.Thread(target=self._supervise, name=f"supervise {self.camera}", daemon=True)
        self._supervisor.start()

    def stop(self, timeout_s: float = 6.0) -> None:
        """Stops reading; what waits can still be taken.

        Args:
            timeout_s: How long to wait for a read that is under way. 0 only asks: to stop many readers at once,
                ask all, then stop each.
        """
        with self._lock:
            self._stopping = True
            self._lock.notify_all()
            session = self._session
        self._mailbox.close()
        if session is not None:
            session.home.kill()
        until = time.monotonic() + timeout_s
        for thread in (self._supervisor, session and session.thread):
            if thread and thread is not threading.current_thread():
                thread.join(max(0.0, until - time.monotonic()))

    def take(self) -> Frame | None:
        """The picture that waits, or None. Never waits itself."""
        return self._mailbox.take()

    @property
    def waiting_since(self) -> float | None:
        """Since when (`time.monotonic`) a picture waits to be taken; None where none does."""
        return self._mailbox.waiting_since

    @property
    def finished(self) -> bool:
        """Whether no picture will come any more and none waits: the file is read, or can't be read on."""
        with self._lock:
            over = self._stopping or self._state == "ended" or self._failed
        return over and self._mailbox.waiting_since is None

    @property
    def _failed(self) -> bool:
        return not self.source.live and self._state in ("lost", "refused")

    def health(self) -> StreamHealth:
        """How the stream is doing now."""
        now = time.monotonic()
        with self._lock:
            recent = [moment for moment in self._arrivals if now - moment < 5]
            # While pictures come, the span ends with the last of them; when they stop, the rate falls.
            span_s = (recent[-1] if now - recent[-1] < 1 else now) - recent[0] if recent else 0.0
            return StreamHealth(
                camera=self.camera,
                state=self._state,
                since=self._since,
                reason=self._reason,
                received=self._received,
                dropped=self._mailbox.dropped,
                fps=(len(recent) - 1) / span_s if span_s > 0 else 0.0,
                reconnects=self._reconnects,
                failures=self._failures.count,
                retry_in_s=max(0.0, self._retry_at - now) if self._retry_at else None,
                size=self._last.size if self._last else None,
                captured_at=self._last.captured_at if self._last else None,
                expected_frames=self._expected_frames,
                gaps=tuple(self._gaps),
                silent_s=max(0.0, now - self._arrived) if self._supervisor else 0.0,
                worker=self._worker(),
            )

    def _worker(self) -> WorkerHealth:
        session = self._session
        home = self._home
        return WorkerHealth(
            home=home.name,
            state="ended" if self._stopping or self._state == "ended" else session.state if session else self._between,
            restarts=self._restarts,
            process=home.process,
            memory_mb=home.memory_mb,
        )

    # The session's thread.

    def _read(self, session: _Session) -> None:
        """Reads one connection to its end."""
        try:
            opened = session.home.open(self.source, self.camera, self._start)
            try:
                with self._lock:
                    self._expected_frames = opened.expected_frames
                first = True
                while self._wanted(session):
                    session.begin("read")
                    frame = opened.read()
                    session.begin("hand on")
                    self._publish(session, frame, first)
                    first = False
            finally:
                opened.close()
        except (StreamError, SourceEnded) as outcome:
            session.outcome = outcome
        except Exception as error:
            # A guard: a fault in one source must end neither this camera's supervision nor another camera.
            log.exception("camera %s: fault in the source", self.camera)
            session.outcome = StreamError(f"fault in the source: {type(error).__name__}")
        finally:
            session.begin("done")
            with self._lock:
                self._lock.notify_all()

    def _wanted(self, session: _Session) -> bool:
        return session is self._session and not self._stopping

    def _publish(self, session: _Session, frame: Frame, first: bool) -> None:
        now = time.monotonic()
        with self._lock:
            if not self._wanted(session):
                return
            if first and self._last is not None:
                self._add_s = self._last.time_s + max(now - self._arrived, 0.001) - frame.time_s
                self._add_index = self._last.index + 1 - frame.index
                self._reconnects += 1
            if self._add_s or self._add_index:
                frame = replace(frame, index=frame.index + self._add_index, time_s=frame.time_s + self._add_s)
            self._away_s = now - self._arrived
            self._last, self._arrived = frame, now
            self._received += 1
            self._failures.forget()
            self._arrivals.append(now)
        self._enter("live", "")
        self._mailbox.put(frame)
        self._wake()

    # The supervisor's thread.

    def _supervise(self) -> None:
        while not self._stopping:
            if self._turnstile is not None:
                self._pause(self._turnstile.wait_s())
            outcome = self._run_session()
            if outcome is None:
                return
            if isinstance(outcome, SourceEnded):
                self._enter("ended", "")
                return
            refused = isinstance(outcome, StreamRefused)
            delay_s = self._delay_s(outcome)
            self._retry_at = time.monotonic() + delay_s if self.source.live else None
            self._enter("refused" if refused else "lost", str(outcome))
            if not self.source.live:
                return
            self._pause(delay_s)
            self._retry_at = None

    def _pause(self, seconds: float) -> None:
        """Waits, unless the reader is stopped."""
        with self._lock:
            self._lock.wait_for(lambda: self._stopping, seconds)

    def _delay_s(self, outcome: StreamError) -> float:
        """How long to wait after an attempt that failed: a camera that is away, or a worker that dies too often."""
        now = time.monotonic()
        with self._lock:
            delay_s = self._failures.note(now - self._arrived, isinstance(outcome, StreamRefused))
            if lost := isinstance(outcome, WorkerLost):
                self._restarts += 1
                self._restarted.append(now)
                self._between = "restarting"
            elif self._between != "failed":
                self._between = "waiting"
            lately = sum(now - moment < LATELY_S for moment in self._restarted)
        return max(delay_s, restart_delay_s(lately, random.random())) if lost else delay_s  # noqa: S311

    def _run_session(self) -> StreamError | SourceEnded | None:
        """Runs a session to its outcome; None when the reader was stopped."""
        self._hung = [hung for hung in self._hung if hung.outcome is None]
        if len(self._hung) >= HUNG_MAX:
            self._between = "failed"
            return StreamError(f"{HUNG_MAX} attempts to read hang and do not return; the camera is left alone")
        session = _Session(self._home)
        session.thread = threading.Thread(target=self._read, args=(session,), name=f"read {self.camera}", daemon=True)
        with self._lock:
            if self._stopping:
                return None
            self._session, self._between = session, "starting"
        session.thread.start()
        outcome = self._watch(session)
        with self._lock:
            if self._session is session and not self._stopping:
                self._session = None
        return outcome

    def _watch(self, session: _Session) -> StreamError | SourceEnded | None:
        """Looks at a session until it has an outcome, or hangs; None when the reader was stopped."""
        while not self._stopping:
            with self._lock:
                self._lock.wait_for(lambda: self._stopping or session.outcome is not None, LOOK_S)
                if self._stopping:
                    return None
            if session.outcome is not None:
                return session.outcome
            if session.hangs:
                return self._leave(session)
            if self.source.live and self._state == "live" and time.monotonic() - self._arrived > STALL_S:
                self._enter("stalled", f"no picture for {time.monotonic() - self._arrived:.0f} s")
        return None

    def _leave(self, session: _Session) -> WorkerLost:
        """Leaves a session to itself whose thread hangs; the next one runs where it can be killed, if there is such."""
        why = f"{session.doing} hangs for {time.monotonic() - session.beat:.0f} s"
        with self._lock:
            self._session = None
            self._hung.append(session)
            if self._refuge is not None and self._home is not self._refuge:
                self._home = self._refuge
                log.warning("camera %r is read in a process of its own from now on: %s", self.camera, why)
        session.home.kill()
        return WorkerLost(why)

    # State.

    def _enter(self, state: StreamState, reason: str) -> None:
        """Notes a new state, its gap, and tells whom it concerns, once."""
        with self._lock:
            before, self._reason = self._state, reason
            just_came = state == "stalled" and time.monotonic() - self._arrived <= STALL_S
            if state == before or just_came or self._stopping:
                return
            self._state, self._since = state, datetime.now(UTC)
            gap = self._note_gap(state, reason)
        self._on_change(self.health())
        if self.source.live and state in LOST_STATES and before in ("live", "connecting"):
            log.log(logging.INFO if self._hush() else logging.WARNING, "camera %r is lost: %s", self.camera, reason)
        elif state == "live" and gap is not None and gap.ended is not None:
            log.info("camera %r is back after %.0f s", self.camera, self._away_s)
        self._wake()

    def _note_gap(self, state: StreamState, reason: str) -> Gap | None:
        """The gap that begins, goes on or ends with a state; None where there is none."""
        last_gap = self._gaps[-1] if self._gaps and self._gaps[-1].ended is None else None
        if state == "live" and self._last is not None:
            if last_gap is None:
                return None
            self._gaps[-1] = last_gap.model_copy(update={"ended": self._last.captured_at})
        elif state in LOST_STATES:
            if last_gap is None:
                began = self._last.captured_at if self._last else self._began
                self._gaps.append(Gap(began=began, ended=None, reason=reason))
            else:
                self._gaps[-1] = last_gap.model_copy(update={"reason": reason})
        return self._gaps[-1] if self._gaps else None
