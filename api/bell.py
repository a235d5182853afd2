"""Bell: wakes coroutines from any thread, without a thread that waits."""

import asyncio
import threading
from contextlib import suppress


class Bell:
    """Counts its rings. Who waits says how many it has heard, so that no ring between two looks is missed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._waiting: set[asyncio.Future[None]] = set()

    @property
    def count(self) -> int:
        """Rings so far."""
        return self._count

    @property
    def listeners(self) -> int:
        """Coroutines that wait now."""
        return len(self._waiting)

    def ring(self) -> None:
        """Wakes all who wait. May be called from any thread, and never blocks."""
        with self._lock:
            self._count += 1
            waiting, self._waiting = self._waiting, set()
        for future in waiting:
            # RuntimeError: the loop of a coroutine that waited is closed, so nobody waits any more.
            with suppress(RuntimeError):
                future.get_loop().call_soon_threadsafe(_wake, future)

    async def beyond(self, count: int, timeout_s: float | None = None) -> int:
        """Waits until the bell has rung more than `count` times, or the time is over; gives the count."""
        with self._lock:
            if self._count > count:
                return self._count
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.add(future)
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(future, timeout_s)
        finally:
            with self._lock:
                self._waiting.discard(future)
        return self._count


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
