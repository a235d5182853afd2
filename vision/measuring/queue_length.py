"""Queues: vehicles that hardly move, one behind or beside the other.

 ▭▭ ▭  ▭▭          ▭            ▭ ▭         slower than 7 km/h; one belongs to the queue if it is
└────────┘   10 m  alone                    nearer than 10 m to another one of it

Only where speeds and places on the ground are known: without calibration nobody knows what 7 km/h and 10 m are.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vision.scene import Placed

SLOW_KMH = 7.0
"""Slower than this is queueing."""
SPACED_M = 10.0
"""So near are neighbours in a queue, from anchor to anchor."""


class Queue(NamedTuple):
    """A queue: how many vehicles, and how far apart the anchors of its ends are."""

    vehicles: int
    metres: float


NO_QUEUE = Queue(0, 0.0)


def longest_queue(rows: Iterable[Placed]) -> Queue:
    """The queue of the most vehicles; one vehicle alone is none.

    Args:
        rows: Vehicles; those whose speed or place on the ground is not known count as if they were not there.
    """
    slow = [row.ground for row in rows if row.ground and row.speed_kmh is not None and row.speed_kmh < SLOW_KMH]
    if len(slow) < 2:
        return NO_QUEUE
    places = np.array(slow)
    apart = np.linalg.norm(places[:, None] - places[None, :], axis=2)
    near = apart < SPACED_M
    queue = max(_chains(near), key=lambda chain: (len(chain), apart[np.ix_(chain, chain)].max()))
    return Queue(len(queue), float(apart[np.ix_(queue, queue)].max())) if len(queue) > 1 else NO_QUEUE


def _chains(near: NDArray[np.bool_]) -> list[list[int]]:
    """Groups in which everyone is near another one.

    Args:
        near: (n, n) who is near whom.
    """
    left, chains = set(range(len(near))), []
    while left:
        chain, edge = [], [left.pop()]
        while edge:
            one = edge.pop()
            chain.append(one)
            beside = left.intersection(np.flatnonzero(near[one]).tolist())
            left -= beside
            edge.extend(beside)
        chains.append(sorted(chain))
    return chains
