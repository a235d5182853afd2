"""Traffic: how it goes in a zone, over the last while.

    space-mean speed = way of all road users ÷ time of all of them      (Edie 1963)

Whoever is slow is there for longer and weighs more. It is the harmonic mean of the speeds of those who pass, and what
traffic engineering compares with free flow; the arithmetic mean would say that a jam flows while somebody overtakes it.
Occupancy is the share of time in which lines across the zone are covered (see `occupancy`).
"""

from collections import deque
from collections.abc import Sequence
from math import inf
from typing import NamedTuple

from vision.occupancy import CrossSection
from vision.scene import Lane, Placed, View, Zone
from vision.yardstick import going_kmh

SPEED_S = 5.0
"""Speeds are taken over so long,"""
OCCUPANCY_S = 30.0
"""and occupancy over so long: gaps between those who pass belong to it."""
_LONGEST_S = 1.0  # one look counts for at most so long: nobody knows what was in a pause
_KNOWN = 0.5  # so much of the time must have been looked at


class Flow(NamedTuple):
    """How the traffic goes.

    Attributes:
        users: How many road users there are at a time.
        kmh: Their space-mean speed, rough where the ground is not known; infinite where nobody is there.
        occupancy: Share of the time, 0..1, in which a line across is covered; none while it is not known.
    """

    users: float
    kmh: float
    occupancy: float | None


class _Look(NamedTuple):
    """What one look adds, in seconds: what it stands for, what all spent in it, what they went (s · km/h), covered."""

    time_s: float
    seconds: float
    spent: float
    gone: float
    covered: float


class Traffic:
    """The traffic in one zone."""

    def __init__(self, zone: Zone) -> None:
        """Looks at a zone; a lane says which way its traffic goes, else that is seen from those who drive."""
        self._section = CrossSection(zone.polygon)
        self._heading = zone.heading if isinstance(zone, Lane) else None
        self._gone_px = (0.0, 0.0)
        self._looks: deque[_Look] = deque()

    def __len__(self) -> int:
        return len(self._looks)

    def step(self, view: View, rows: Sequence[Placed]) -> Flow | None:
        """Takes who is in the zone in the next view; returns how it goes, none while too little was looked at."""
        since_s = view.time_s - self._looks[-1].time_s if self._looks else 0.0
        self._looks.append(self._look(view, rows, min(since_s, _LONGEST_S)))
        while view.time_s - self._looks[0].time_s > OCCUPANCY_S:
            self._looks.popleft()
        recent = [look for look in self._looks if view.time_s - look.time_s <= SPEED_S]
        seconds, spent = sum(look.seconds for look in recent), sum(look.spent for look in recent)
        if seconds < _KNOWN * SPEED_S:
            return None
        kmh = sum(look.gone for look in recent) / spent if spent else inf
        watched_s = sum(look.seconds for look in self._looks)
        covered_s = sum(look.covered for look in self._looks)
        return Flow(spent / seconds, kmh, covered_s / watched_s if watched_s >= _KNOWN * OCCUPANCY_S else None)

    def clear(self) -> None:
        """Forgets what was: nobody knows how it goes now."""
        self._looks.clear()

    def _look(self, view: View, rows: Sequence[Placed], seconds: float) -> _Look:
        spent = gone = 0.0
        for row in rows:
            kmh = going_kmh(row)
            if kmh is not None and row.steady is not None:
                spent += seconds
                gone += seconds * kmh
                x, y = self._gone_px
                self._gone_px = (x + seconds * abs(row.steady[0]), y + seconds * abs(row.steady[1]))
        x, y = self._heading or self._gone_px
        covered = self._section.covered(rows, view.size, upwards=abs(y) >= abs(x))
        return _Look(view.time_s, seconds, spent, gone, seconds * covered)
