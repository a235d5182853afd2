"""OnDemand: a connection to a camera for as long as somebody watches, where no recorder has one already."""

import logging
import threading
import time

from streams.backoff import Failures
from streams.broadcast import Broadcast
from streams.errors import StreamError, StreamRefused
from streams.main_stream import MainStream
from streams.record import Record
from streams.session import HANG_S, HUNG_MAX, Session

log = logging.getLogger(__name__)

LINGER_S = 10.0
"""So long after the last viewer has gone the connection stays: people come back, and a new one takes a second."""
LOOK_S = 0.5
FAULT_RETRY_S = 5.0


class OnDemand:
    """Gives a broadcast its pictures while somebody watches and no recorder does.

    Args:
        camera: Id of the camera.
        stream: Which stream is watched.
        broadcast: Where its pictures go.
        linger_s: How long the connection stays without viewers.
    """

    def __init__(self, camera: str, stream: Record, broadcast: Broadcast, linger_s: float = LINGER_S) -> None:
        self._camera = camera
        self._wanted_stream = stream
        self._broadcast = broadcast
        self._linger_s = linger_s
        self._lock = threading.Condition()
        self._stopping = False
        self._session: Session | None = None
        self._hung: list[Session] = []
        self._watched_s = 0.0
        self._arrived_s = time.monotonic()
        self._failures = Failures()

    def wake(self) -> None:
        """Somebody watches: connects, where nobody has yet or who has hangs. Never blocks."""
        with self._lock:
            now = self._watched_s = time.monotonic()
            session = self._session
            if self._stopping or (session is not None and not session.over and now - session.beat < HANG_S):
                return
            self._hung = [one for one in (*self._hung, session) if one is not None and not one.over]
            if len(self._hung) >= HUNG_MAX:
                return
            self._session = Session()
            name = f"watch {self._camera}"
            threading.Thread(target=self._work, args=(self._session,), name=name, daemon=True).start()

    def stop(self) -> None:
        """Ends the connection, and there is no other. Does not wait for it."""
        with self._lock:
            self._stopping = True
            self._lock.notify_all()

    # Its own thread.

    def _work(self, session: Session) -> None:
        while self._goes_on(session):
            if self._broadcast.recorded:
                self._pause(session, LOOK_S)
                continue
            session.beat = time.monotonic()
            try:
                self._read(session)
            except StreamError as error:
                refused = isinstance(error, StreamRefused)
                if not self._broadcast.recorded:
                    self._broadcast.lost(str(error), refused=refused)
                self._pause(session, self._failures.note(time.monotonic() - self._arrived_s, refused))
            except Exception:
                # A guard: a fault of ours must not leave viewers without pictures for good.
                log.exception("live view of camera %s: a fault of ours", self._camera)
                self._pause(session, FAULT_RETRY_S)

    def _read(self, session: Session) -> None:
        """Passes one connection's pictures on, until nobody wants them any more.

        Raises:
            StreamError: The connection came to its end.
        """
        stream = MainStream(self._wanted_stream)
        try:
            for picture in stream.pictures():
                session.beat = self._arrived_s = picture.arrived_s
                if self._broadcast.recorded or not self._watched(session):
                    return
                self._failures.forget()
                self._broadcast.put(stream, picture)
        finally:
            stream.close()

    def _watched(self, session: Session) -> bool:
        """Whether this thread is the one that is wanted, and somebody watches, or did just now."""
        if session is not self._session or self._stopping:
            return False
        if self._broadcast.viewers:
            self._watched_s = time.monotonic()
        return time.monotonic() - self._watched_s < self._linger_s

    def _goes_on(self, session: Session) -> bool:
        """The same; where not, the thread has said that it is over, so that the next viewer begins another."""
        with self._lock:
            if self._watched(session):
                return True
            session.over = True
            if session is self._session and not self._broadcast.recorded:
                self._broadcast.rest()
            return False

    def _pause(self, session: Session, seconds: float) -> None:
        until = time.monotonic() + seconds
        with self._lock:
            while self._watched(session) and time.monotonic() < until:
                session.beat = time.monotonic()
                self._lock.wait(min(LOOK_S, max(0.0, until - time.monotonic())))
