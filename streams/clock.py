"""Clocks of streams: one that never goes back, and how late pictures arrive by it."""

import heapq
import math
from collections import deque
from itertools import pairwise

CLOCK_OFF_S = 2.0
"""A camera's clock that is further off ours is not believed: events, and so clips, go by ours."""
BACK_S = 1.0
"""Stamps that are further back than this are not out of order: they count from another origin."""
DEPTH_MAX = 8
"""H.264 and H.265 reorder at most 16 pictures; cameras that use B-pictures at all use 1 to 3."""
KEPT = 64
"""Stamps that are remembered: those of the last second."""
WINDOW_S = 10.0
"""How long the quickest arrival is remembered, at least."""


class StreamClock:
    """The stream's own clock, from 0, made of time stamps that can't be trusted blindly.

    What cameras and containers do wrong, and what becomes of it:

    - Stamps in the order of decoding instead of showing (B-pictures). They are a permutation of the right ones,
      so they are sorted over as many pictures as it takes: 0 80 40 120 → 0 · 40 80 120.
    - One stamp that makes no sense: bridged by the nominal interval.
    - Two such in a row: the stream counts from a new origin (a seam, a restarted camera); the clock goes on.
    - The same stamps again: likewise a new origin, however near. FFmpeg reads some pictures ahead while it opens a
      stream, and counts anew behind them: 0 200 400 600 0 200 → 0 200 400 600 · 800 1000.
    - No stamps at all, always the same number: counted by the nominal interval.

    Args:
        fps: Nominal pictures per second; nonsense (AVs say 0, 90000, nan) is taken as 25.
    """

    def __init__(self, fps: float) -> None:
        self.interval_s = 1 / fps if 0.1 <= fps <= 240 else 1 / 25
        self.time_s: float | None = None
        self._origin_s = 0.0
        self._stamp_s = 0.0
        self._strange = 0
        self._stamps: deque[float] = deque(maxlen=KEPT)
        self._depth = 0
        self._pending: list[float] = []
        self._sorted_s = -math.inf

    def tick(self, stamp_s: float, at_most_s: float = math.inf) -> float:
        """The clock at the next picture.

        Args:
            stamp_s: The picture's stamp, seconds from any origin.
            at_most_s: What the clock can't be beyond, whatever the stamp says.

        Returns:
            Seconds since the first picture, more than at the picture before.
        """
        if self.time_s is None:
            self._origin_s, self.time_s = stamp_s, 0.0
        elif stamp_s == self._stamp_s:
            self.time_s += self.interval_s
        elif self.time_s - BACK_S < stamp_s - self._origin_s <= at_most_s and not self._came_before(stamp_s):
            self._strange = 0
            self.time_s = self._in_order(stamp_s - self._origin_s, self.time_s)
        else:
            self._strange += 1
            self.time_s += self.interval_s
            if self._strange > 1:
                self._origin_s = stamp_s - self.time_s
                self._pending.clear()
                self._stamps.clear()
                self._sorted_s = -math.inf
                self._strange = 0
        self._stamp_s = stamp_s
        if not self._strange:
            self._stamps.append(stamp_s)
        return self.time_s

    def _came_before(self, stamp_s: float) -> bool:
        """Whether it is one of the last stamps once more: those that are out of order are all different."""
        if len(self._stamps) < 2 or stamp_s > max(self._stamps):
            return False
        in_order = sorted({*self._stamps})
        apart_s = min((after - before for before, after in pairwise(in_order)), default=0.0)
        return min(abs(stamp_s - one) for one in in_order) < apart_s / 4

    def _in_order(self, time_s: float, last_s: float) -> float:
        heapq.heappush(self._pending, time_s)
        a_little_later = last_s + self.interval_s / 8
        if len(self._pending) <= self._depth:
            return a_little_later
        earliest = heapq.heappop(self._pending)
        if earliest < self._sorted_s:
            self._depth = min(self._depth + 1, DEPTH_MAX)
        self._sorted_s = max(self._sorted_s, earliest)
        return earliest if earliest > last_s else a_little_later


class Lateness:
    """How much later than the quickest of the last 10 to 20 s a picture arrives."""

    def __init__(self) -> None:
        self._since = float("-inf")
        self._before = self._quickest = float("inf")

    def of(self, time_s: float, now: float) -> float:
        """Seconds of lateness, ≥ 0.

        Args:
            time_s: Stream clock of the picture.
            now: Monotonic time of its arrival.
        """
        delay = now - time_s
        if now - self._since > WINDOW_S:
            self._since, self._before, self._quickest = now, self._quickest, delay
        self._quickest = min(self._quickest, delay)
        return delay - min(self._quickest, self._before)
