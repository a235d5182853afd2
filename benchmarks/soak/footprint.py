"""Footprint: memory and CPU time of this program with its workers, while something lasts."""

import os
import time
from array import array
from collections.abc import Callable, Collection

import numpy as np

from benchmarks.machine import rss_mb, workers_cpu_seconds, workers_mb

LOOK_S = 1.0
SETTLED_S = 60.0


class Footprint:
    """Memory once a second, and CPU time since this was made.

    Memory is what this process has (RSS) and what its workers have (PSS: what several share is counted once).

    Args:
        senders: Says which processes below this one are cameras, and no workers.
    """

    def __init__(self, senders: Callable[[], Collection[int]] = tuple) -> None:
        self._senders = senders
        self._began = time.monotonic()
        self._cpu_before = self._cpu_s()
        # Plain numbers: what grows here must not be seen.
        self._times_s, self._memory_mb = array("d"), array("d")

    @property
    def spent_s(self) -> float:
        """Seconds since it was made."""
        return time.monotonic() - self._began

    @property
    def values(self) -> int:
        """How many values of memory there are."""
        return len(self._times_s)

    def look(self) -> bool:
        """To be called often; whether it was time to look."""
        if self._times_s and self.spent_s - self._times_s[-1] < LOOK_S:
            return False
        self._memory_mb.append(rss_mb() + workers_mb(os.getpid(), self._senders()))
        self._times_s.append(self.spent_s)
        return True

    def growth(self) -> tuple[float, float]:
        """How fast memory grows once it has settled, MB an hour (least squares), and over how many seconds."""
        times, sizes = np.array(self._times_s), np.array(self._memory_mb)
        settled = times >= min(SETTLED_S, times[-1] / 2)
        times, sizes = times[settled], sizes[settled]
        if len(times) < 2:
            return 0.0, 0.0
        return float(np.polyfit(times, sizes, 1)[0] * 3600), float(times[-1] - times[0])

    @property
    def peak_mb(self) -> float:
        """The most memory at once."""
        return max(self._memory_mb)

    @property
    def cores(self) -> float:
        """Cores that were busy for us on average."""
        return (self._cpu_s() - self._cpu_before) / self.spent_s

    def _cpu_s(self) -> float:
        return time.process_time() + workers_cpu_seconds(os.getpid(), self._senders())
