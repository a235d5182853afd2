"""Latest: a mailbox of few places between the thread that reads and the thread that works."""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

PLACES = 2
"""With drops, as for a live camera: the cameras of a city send at the same moments, and the picture that waits for its
turn must not be lost because the next one is a few milliseconds early. With more, what comes out is older and nothing
is won (docs/decisions/0007-a-mailbox-of-two-places.md)."""


class Latest(Generic[T]):
    """A mailbox of few places.

    With `drops` the newest win: a reader of a live camera must never wait, and a worker that is late is better
    served with what is true now. Without it there is one place and `put` waits for it: of a file nothing is lost.

    Attributes:
        dropped: How many items newer ones replaced before anybody took them.
    """

    def __init__(self, drops: bool = True, clock: Callable[[], float] = time.monotonic) -> None:
        self.dropped = 0
        self._drops = drops
        self._places = PLACES if drops else 1
        self._clock = clock
        self._waiting: deque[tuple[float, T]] = deque()
        self._closed = False
        self._changed = threading.Condition()

    def put(self, item: T) -> bool:
        """Puts an item in; without `drops` waits until a place is free.

        Returns:
            Whether the item was taken in: False once the mailbox is closed.
        """
        with self._changed:
            if not self._drops:
                self._changed.wait_for(lambda: len(self._waiting) < self._places or self._closed)
            if self._closed:
                return False
            if len(self._waiting) == self._places:
                self._waiting.popleft()
                self.dropped += 1
            self._waiting.append((self._clock(), item))
            return True

    def take(self) -> T | None:
        """The item that has waited longest, or None. Does not wait."""
        with self._changed:
            item = self._waiting.popleft()[1] if self._waiting else None
            self._changed.notify_all()
            return item

    @property
    def waiting_since(self) -> float | None:
        """When the item that is next was put in, on the mailbox's clock; None where none waits."""
        with self._changed:
            return self._waiting[0][0] if self._waiting else None

    def close(self) -> None:
        """Takes nothing in any more and lets go who waits in `put`. What waits can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
