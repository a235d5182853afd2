"""Latest: a mailbox of one place between the thread that reads and the thread that works."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Latest(Generic[T]):
    """A mailbox of one place.

    With `drops` the newest wins: a reader of a live camera must never wait, and a worker that is late is better
    served with what is true now. Without it `put` waits for the place, so that of a file nothing is lost.

    Attributes:
        dropped: How many items were replaced before anybody took them.
    """

    def __init__(self, drops: bool = True, clock: Callable[[], float] = time.monotonic) -> None:
        self.dropped = 0
        self._drops = drops
        self._clock = clock
        self._item: T | None = None
        self._put_at: float | None = None
        self._closed = False
        self._changed = threading.Condition()

    def put(self, item: T) -> bool:
        """Puts an item in; without `drops` waits until the place is free.

        Returns:
            Whether the item was taken in: False once the mailbox is closed.
        """
        with self._changed:
            if not self._drops:
                self._changed.wait_for(lambda: self._item is None or self._closed)
            if self._closed:
                return False
            if self._item is not None:
                self.dropped += 1
            self._item = item
            self._put_at = self._clock()
            return True

    def take(self) -> T | None:
        """The item that waits, or None. Does not wait."""
        with self._changed:
            item, self._item, self._put_at = self._item, None, None
            self._changed.notify_all()
            return item

    @property
    def waiting_since(self) -> float | None:
        """When the item that waits was put in, on the mailbox's clock; None where none waits."""
        return self._put_at

    def close(self) -> None:
        """Takes nothing in any more and lets go who waits in `put`. What waits can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
