"""Back-off: how long to wait before the next attempt, alone and among many."""

import random
import threading
import time
from collections.abc import Callable

RESTART_S = 30.0
"""A worker that dies again and again is started again at most this late."""


def retry_delay_s(failures: int, down_s: float, refused: bool, chance: float) -> float:
    """How long to wait before the next attempt to connect: exponential back-off with full jitter.

    A camera that was away for a few seconds should be back at once, one that is gone for long should cost little,
    and many that went together (a switch, a power cut) should not all come at the same moment. A camera that
    refuses us is asked rarely: most lock an address out after a few wrong passwords.

    Args:
        failures: Attempts that failed in a row, or of a refusal: that were refused, ≥ 1.
        down_s: Seconds since the last picture.
        refused: Whether the last attempt was refused.
        chance: Random number in 0..1.
    """
    doubled = 2.0 ** min(failures - 1, 10)
    if refused:
        longest = min(20.0 * doubled, 300.0)
        return longest / 2 + chance * longest / 2
    longest = min(0.5 * doubled, 1.0 if down_s < 60 else min(30.0, down_s / 30))
    return 0.1 + chance * longest


class Failures:
    """Attempts of one camera that failed since its last picture.

    Refusals count among themselves: a camera that comes back after an hour may refuse us once while it starts, and must
    not be left alone for minutes because of all the attempts before.

    Attributes:
        count: How many failed.
    """

    def __init__(self) -> None:
        self.count = 0
        self._refused = 0

    def note(self, down_s: float, refused: bool) -> float:
        """Notes one more; how long to wait before the next attempt.

        Args:
            down_s: Seconds since the last picture.
            refused: Whether it was refused.
        """
        self.count += 1
        self._refused += refused
        return retry_delay_s(self._refused if refused else self.count, down_s, refused, random.random())  # noqa: S311

    def forget(self) -> None:
        """There was a picture."""
        self.count = self._refused = 0


def restart_delay_s(restarts: int, chance: float) -> float:
    """How long to wait before a worker that was killed or died is started again: the same for one that gives pictures.

    Args:
        restarts: How often it was lately, ≥ 1.
        chance: Random number in 0..1.
    """
    return 0.1 + chance * min(0.5 * 2.0 ** min(restarts - 1, 10), RESTART_S)


class Turnstile:
    """Lets attempts of all cameras through one after another, so that many that come together are no storm.

    Args:
        a_second: So many a second.
        at_once: So many may go through at the same moment when nobody came for a while.
        clock: A monotonic clock.
    """

    def __init__(self, a_second: float = 5.0, at_once: int = 5, clock: Callable[[], float] = time.monotonic) -> None:
        self._apart_s = 1 / a_second
        self._ahead_s = (at_once - 1) / a_second
        self._clock = clock
        self._lock = threading.Lock()
        self._next = 0.0

    def wait_s(self) -> float:
        """Takes a turn: how long to wait for it."""
        with self._lock:
            now = self._clock()
            turn = max(self._next, now - self._ahead_s)
            self._next = turn + self._apart_s
            return max(0.0, turn - now)
