"""Free flow: how fast a road is driven when nothing is in the way, learnt from those who drive it.

The 85th percentile of the mean speeds of single road users is what traffic engineering takes for it (HCM). Those of
the last hours count: a jam in between changes little, since few get through.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np
from models.detections import Label

from vision.scene import Placed

_PERCENTILE = 85.0
_LEAST = 30  # fewer road users tell nothing
_KEPT = 1000
_KEPT_S = 6 * 3600.0
_LEAST_S = 0.3  # who was seen for a shorter time says nothing; more would leave out the fastest
_UNSEEN_S = 3.0  # who was not seen for longer has passed
_EVERY = 10  # so many new ones until it is computed anew


@dataclass(slots=True)
class Passing:
    """Somebody drives through.

    Attributes:
        label: What it is.
        began_s: When it came. Stream clock.
        seen_s: When it was last seen.
        seconds: How long it was seen.
        gone: Its speed, summed up over that time.
    """

    label: Label
    began_s: float
    seen_s: float
    seconds: float = 0.0
    gone: float = 0.0

    @property
    def speed(self) -> float:
        """Its mean speed."""
        return self.gone / self.seconds


class FreeFlow:
    """Learns the free flow of one zone, in whatever unit its speeds have.

    Attributes:
        speed: The free flow; none while too few have passed.
    """

    def __init__(self) -> None:
        self._inside: dict[int, Passing] = {}
        self._passed: deque[tuple[float, float]] = deque(maxlen=_KEPT)
        self._new = 0
        self.speed: float | None = None

    def __len__(self) -> int:
        return len(self._inside) + len(self._passed)

    def see(self, row: Placed, speed: float, seconds: float, time_s: float) -> None:
        """Takes the speed of somebody inside for the last moment."""
        passing = self._inside.setdefault(row.id, Passing(row.label, time_s, time_s))
        passing.seconds += seconds
        passing.gone += seconds * speed
        passing.seen_s = time_s

    def step(self, time_s: float, learn: bool = True) -> list[Passing]:
        """Takes the time, and returns who has passed by now.

        Args:
            time_s: Stream clock.
            learn: Whether those who have passed tell the free flow.
        """
        over = [track for track, one in self._inside.items() if time_s - one.seen_s > _UNSEEN_S]
        passed = [one for one in (self._inside.pop(track) for track in over) if one.seconds >= _LEAST_S]
        if learn:
            self._passed.extend((time_s, one.speed) for one in passed)
            self._new += len(passed)
        while self._passed and time_s - self._passed[0][0] > _KEPT_S:
            self._passed.popleft()
        if self._new >= _EVERY and len(self._passed) >= _LEAST:
            self._new = 0
            self.speed = float(np.percentile([speed for _, speed in self._passed], _PERCENTILE))
        return passed
