"""Queues: vehicles that hardly move, one behind or beside the other.

     ▭▭ ▭  ▭▭          ▭            ▭ ▭         slower than 7 km/h; one belongs to a queue if it is nearer than 10 m
    └────────┘   10 m  alone       └───┘        to another one of it
      metres

Where the ground is not known, the height of the boxes tells roughly how far apart they are (see `yardstick`).
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from models.detections import Label
from scipy.sparse.csgraph import connected_components

from vision.geometry import Floats
from vision.scene import Placed
from vision.yardstick import FORESHORTENED, going_kmh, metre_px

QUEUE_KMH = 7.0
"""Slower than this is queueing."""
SPACING_M = 10.0
"""So near are neighbours in a queue, from anchor to anchor."""
USUAL_LENGTH_M = 4.5
"""Of the vehicle at the end of a queue: anchors are no ends."""


class Queue(NamedTuple):
    """A queue.

    Attributes:
        rows: The vehicles, in the order in which they were given.
        span_m: How far apart the anchors of its ends are in a straight line, m.
    """

    rows: tuple[Placed, ...]
    span_m: float

    @property
    def vehicles(self) -> int:
        """How many there are."""
        return len(self.rows)

    @property
    def metres(self) -> float:
        """How long it is from the front of its first vehicle to the rear of its last one, m; 0 without any."""
        return self.span_m + USUAL_LENGTH_M if self.rows else 0.0


NO_QUEUE = Queue((), 0.0)


def queues(rows: Iterable[Placed], *, kmh: float = QUEUE_KMH, spacing_m: float = SPACING_M) -> list[Queue]:
    """The queues among some road users, the one of the most vehicles first; one vehicle alone is none.

    Args:
        rows: Road users; people on foot don't queue on the road, and of whom no speed is known yet nothing is said.
        kmh: Slower than this is queueing.
        spacing_m: Neighbours in a queue are nearer than this.
    """
    slow = [row for row in rows if _is_slow(row, kmh)]
    if len(slow) < 2:
        return []
    apart = distances_m(slow)
    count, chain_of = connected_components(apart < spacing_m, directed=False)
    chains = [np.flatnonzero(chain_of == chain) for chain in range(count)]
    found = [
        Queue(tuple(slow[one] for one in chain), float(apart[np.ix_(chain, chain)].max()))
        for chain in chains
        if len(chain) > 1
    ]
    return sorted(found, key=lambda queue: (-queue.vehicles, -queue.span_m))


def longest_queue(rows: Iterable[Placed]) -> Queue:
    """The queue of the most vehicles among some road users (see `queues`); `NO_QUEUE` if there is none."""
    return next(iter(queues(rows)), NO_QUEUE)


def distances_m(rows: Sequence[Placed]) -> Floats:
    """(n, n) how far apart n road users stand, m; roughly where the ground is not known at one of two."""
    grounds = np.array([row.ground or (np.nan, np.nan) for row in rows])
    apart: Floats = np.linalg.norm(grounds[:, None] - grounds[None], axis=2)
    unknown = np.isnan(apart)
    if unknown.any():
        feet = np.array([row.foot for row in rows]) * (1.0, FORESHORTENED)
        metres = np.array([metre_px(row) for row in rows])
        roughly = np.linalg.norm(feet[:, None] - feet[None], axis=2) / ((metres[:, None] + metres[None]) / 2)
        apart[unknown] = roughly[unknown]
    return apart


def _is_slow(row: Placed, kmh: float) -> bool:
    if row.label is Label.PERSON:
        return False
    speed_kmh = going_kmh(row)
    return speed_kmh is not None and speed_kmh < kmh
