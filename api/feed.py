"""Feed: what happens, told live to every follower, with nothing missed after a break.

Events are read by their change number, from memory or, for who has been away for long, from the store. So a
follower has no queue of its own: a slow one costs nothing, and it continues where it stopped.
"""

import logging
import threading
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from anyio import to_thread

from api.bell import Bell
from api.errors import StoreError
from api.event_search import StoredEvent
from api.store import Store

logger = logging.getLogger(__name__)

RECENT = 2000
"""Changes kept in memory, about 1 kB each: half a minute of a busy city."""
CHUNK = 500


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to tell.

    Attributes:
        name: `event`, `camera`, or None for a message that sets the place to resume from and says nothing.
        seq: Change number to resume from; None where there is none.
        data: JSON.
    """

    name: str | None
    seq: int | None
    data: str | None


class Feed:
    """Tells followers of new events and of cameras whose state changes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._bell = Bell()
        self._closed = False
        self._lock = threading.Lock()
        self._recent: deque[StoredEvent] = deque()
        self._cameras: dict[str, tuple[int, str]] = {}
        self._announced = 0
        # In this order: what is written in between is in memory and above the floor.
        store.on_written(self._publish)
        self._floor = store.last_seq()

    @property
    def followers(self) -> int:
        """Followers that wait for news now."""
        return self._bell.listeners

    def announce(self, camera: str, data: str, *, news: bool) -> None:
        """Takes how a camera is, as JSON; new followers are told the latest, all others only where it is news."""
        with self._lock:
            self._announced += news
            number = self._announced if news else self._cameras[camera][0]
            self._cameras[camera] = number, data
        if news:
            self._bell.ring()

    async def follow(self, after: int | None) -> AsyncIterator[Message]:
        """Tells first the state of all cameras, then what happens after the change `after`.

        Args:
            after: Number of the last change known; None: only what happens from now on.
        """
        try:
            last = await to_thread.run_sync(self._store.last_seq)
            # A number that we have not reached comes from another database: go on from here.
            seq = last if after is None else min(after, last)
            yield Message(None, seq, None)
            announced = 0
            while not self._closed:
                # Before looking, so that what comes meanwhile is not waited for in vain.
                rung = self._bell.count
                changes = self._from_memory(seq)
                if changes is None:
                    changes = await to_thread.run_sync(self._store.changes_after, seq, CHUNK)
                states = self._states(announced)
                for number, data in states:
                    announced = number
                    yield Message("camera", None, data)
                for change in changes:
                    seq = change.seq
                    yield Message("event", seq, change.payload)
                if not changes and not states:
                    await self._bell.beyond(rung)
        except StoreError as error:
            logger.warning("an event stream ends, its viewer will come back: %s", error)

    def close(self) -> None:
        """Ends all followers; the server is about to stop."""
        self._closed = True
        self._bell.ring()

    def _publish(self, changes: Sequence[StoredEvent]) -> None:
        with self._lock:
            self._recent.extend(changes)
            while len(self._recent) > RECENT:
                self._floor = self._recent.popleft().seq
        self._bell.ring()

    def _from_memory(self, seq: int) -> list[StoredEvent] | None:
        """Changes after `seq`; None: memory does not reach back that far."""
        with self._lock:
            if seq < self._floor:
                return None
            newer: list[StoredEvent] = []
            for change in reversed(self._recent):
                if change.seq <= seq:
                    break
                newer.append(change)
            return newer[::-1]

    def _states(self, announced: int) -> list[tuple[int, str]]:
        with self._lock:
            return sorted(state for state in self._cameras.values() if state[0] > announced)
