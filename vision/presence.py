"""Who is there: those who are seen now, and those who were a moment ago.

A detector misses somebody in one picture of ten, and a crowd hides some of its own. Whoever counts only those who are
seen counts too few:

    seen      ▔▔▔▔▁▔▔▔▔▔▁▁▔▔▔▔▁▁▁▁▁▁▁▁
    present   ▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▁▁▁▁▁      hidden for half a second at most
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from vision.scene import Placed, View

HIDDEN_S = 0.5
"""Whoever is not seen for longer has gone, or nobody knows where. A false box of a moment is not waited for so long."""
SMOOTHING_S = 1.5
"""Counts are medians of so long: a false box, or the two ids of one track that changed it, does not make a crowd."""


@dataclass(slots=True)
class _Sight:
    first_s: float
    last_s: float
    row: Placed

    def is_over(self, time_s: float) -> bool:
        """Whether it has been hidden for too long, or for longer than it was ever seen."""
        return time_s - self.last_s > min(HIDDEN_S, self.last_s - self.first_s)


class Presence:
    """The road users of one camera who are present."""

    def __init__(self) -> None:
        self._sights: dict[int, _Sight] = {}

    def __len__(self) -> int:
        return len(self._sights)

    def step(self, view: View, rows: Iterable[Placed]) -> list[Placed]:
        """Takes who is seen in the next view; returns who is present, as last seen."""
        for track in view.ended:
            self._sights.pop(track, None)
        for row in rows:
            sight = self._sights.get(row.id)
            if sight is None:
                self._sights[row.id] = _Sight(view.time_s, view.time_s, row)
            else:
                sight.last_s, sight.row = view.time_s, row
        for track in [track for track, sight in self._sights.items() if sight.is_over(view.time_s)]:
            del self._sights[track]
        return [sight.row for sight in self._sights.values()]


class Smoothed:
    """A number that changes slowly: its median over the last while."""

    def __init__(self, window_s: float = SMOOTHING_S) -> None:
        """Begins without a number.

        Args:
            window_s: Of how long the median is, seconds.
        """
        self._window_s = window_s
        self._numbers: deque[tuple[float, float]] = deque()

    def step(self, time_s: float, number: float) -> float:
        """Takes the number of a time later than the last one; returns the smoothed one."""
        self._numbers.append((time_s, number))
        while time_s - self._numbers[0][0] > self._window_s:
            self._numbers.popleft()
        return float(median(number for _, number in self._numbers))

    def clear(self) -> None:
        """Forgets all numbers: what comes next has nothing to do with them."""
        self._numbers.clear()
