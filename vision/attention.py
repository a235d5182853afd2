"""Attention: which pictures are worth a detector's time.

Detection is the costly part, and neighbouring pictures show much the same. With `auto` the next look is due before
the quickest road user of the last while would have moved on by less than half of its own size:

      │◀─ w ─▶│
      ┌───────┐          speed / size says how many of its own sizes it moves in a second;
      │   ▶   │┄┄┐       a look is due after STEP of a size, at the latest after LONGEST_S
      └───────┘┄┄┘

so that everybody is met again by overlap, and crossings are interpolated between close instants. Nothing is known of
whoever appears, so every picture is looked at for a moment then.
"""

from math import exp
from typing import Literal

from vision.scene import View

STEP = 0.4
"""Of its own size: by so much may a road user move between two looks. Pairing by overlap bears about one."""
LONGEST_S = 0.16
"""At least six looks a second: a motorcycle must be seen several times on its way through a picture."""
NEWCOMER_S = 0.12
"""For so long every picture is looked at after somebody has appeared, to learn how quick they are."""
FORGET_S = 20.0
"""Time constant in which a quick road user is forgotten: the next one may be as quick."""

Every = int | Literal["auto"]


class Attention:
    """Decides for one camera which pictures are looked at."""

    def __init__(self, every: Every) -> None:
        """Begins with the next picture.

        Args:
            every: 1 for every picture, 2 for every second one …; `auto` for as many as the traffic asks for.
        """
        self._every = every
        self._due: int | None = None
        self._looked_s: float | None = None
        self._pace = STEP / LONGEST_S
        self._strangers = 0
        self._all_until_s = float("-inf")

    def due(self, index: int, time_s: float) -> bool:
        """Whether a picture should be looked at. With `auto` it must be `looked` at before the next one is asked for.

        Args:
            index: Number of the picture in its stream.
            time_s: Its stream clock, seconds.
        """
        if self._every != "auto":
            if self._due is not None and index - self._due < self._every:
                return False
            self._due = index
            return True
        if self._looked_s is None or time_s <= self._all_until_s:
            return True
        # Half a millisecond of grace: stream clocks are sums of frame intervals.
        return time_s - self._looked_s >= min(STEP / self._pace, LONGEST_S) - 0.0005

    def looked(self, view: View, detected: int) -> None:
        """Takes what was seen in a picture that was looked at.

        Args:
            view: The road users that are tracked.
            detected: How many were detected with confidence; more than are tracked means that somebody is new.
        """
        strangers = detected - len(view.placed)
        if strangers > self._strangers:
            self._all_until_s = view.time_s + NEWCOMER_S
        self._strangers = strangers
        since_s = 0.0 if self._looked_s is None else view.time_s - self._looked_s
        self._looked_s = view.time_s
        quickest = max((_pace(row.velocity, row.box) for row in view.placed), default=0.0)
        self._pace = max(quickest, self._pace * exp(-since_s / FORGET_S), STEP / LONGEST_S)


def _pace(velocity: tuple[float, float], box: tuple[float, float, float, float]) -> float:
    """Own sizes that a box moves in a second."""
    width, height = max(box[2] - box[0], 1.0), max(box[3] - box[1], 1.0)
    return max(abs(velocity[0]) / width, abs(velocity[1]) / height)
