"""Encounters: whether two road users nearly met, by their true footprints on the ground.

    post-encroachment time    the second one comes upon a spot so long after the first one has left it
    time to collision         they would touch so soon if both went straight on at their speeds

Definitions of FHWA's Surrogate Safety Assessment Model (FHWA-HRT-08-051, ch. 2), at every step of the simulator.
"""

import numpy as np
from numpy.typing import NDArray

from benchmarks.simulation.trajectories import Floats, NearMiss, Trajectories
from vision.footprints import overlap

NEAR_S = 1.5
WITHIN_S = 5.0
"""So long before and after the moment that the simulator tells it is looked for."""
STEP_S = 0.1

Footprints = tuple[Floats, Floats, Floats]
"""Middles (k, 2), headings (k, 2) of length 1, and sizes (k, 2)."""


def encounter(trajectories: Trajectories, told: NearMiss) -> tuple[float, float] | None:
    """When each of two was at the spot, or so soon before it; none if they did not nearly meet.

    Args:
        trajectories: Where everybody was.
        told: A near miss as the simulator tells it.
    """
    first, second = told.users
    one_s, one, one_ms = _way(trajectories, first, told.time_s)
    other_s, other, other_ms = _way(trajectories, second, told.time_s)
    meets = overlap(_outer(one, 0), _outer(other, 1), 0.0)
    apart_s = np.where(meets, np.abs(one_s[:, None] - other_s[None]), np.inf)
    nearest = int(apart_s.argmin())
    if apart_s.flat[nearest] <= NEAR_S:
        return float(one_s[nearest // len(other_s)]), float(other_s[nearest % len(other_s)])
    _, here, there = np.intersect1d(_ticks(one_s), _ticks(other_s), return_indices=True)
    ahead_s = np.arange(0.0, NEAR_S + STEP_S / 2, STEP_S)
    meets = overlap(_onwards(one, one_ms, here, ahead_s), _onwards(other, other_ms, there, ahead_s), 0.0)
    soon = np.where(meets.any(axis=1), meets.argmax(axis=1), len(ahead_s))
    if not len(soon) or soon.min() == len(ahead_s):
        return None
    worst = int(soon.argmin())
    return float(one_s[here[worst]]), float(other_s[there[worst]])


def _way(trajectories: Trajectories, user: int, time_s: float) -> tuple[Floats, Footprints, Floats]:
    """Times, footprints and speeds of somebody around a moment."""
    rows = np.flatnonzero((trajectories.user == user) & (np.abs(trajectories.time_s - time_s) <= WITHIN_S))
    heading = trajectories.heading[rows]
    ahead = np.column_stack([np.cos(heading), np.sin(heading)])
    size = np.tile(np.array(trajectories.users[user].size[:2]), (len(rows), 1))
    return trajectories.time_s[rows], (trajectories.place[rows], ahead, size), trajectories.speed[rows]


def _outer(footprints: Footprints, axis: int) -> Footprints:
    """Footprints with an axis more, for all pairs of two of them."""
    middle, ahead, size = (np.expand_dims(column, 1 - axis) for column in footprints)
    return middle, ahead, size


def _onwards(footprints: Footprints, speed: Floats, rows: NDArray[np.intp], ahead_s: Floats) -> Footprints:
    """Where some footprints would be after some times if they went straight on, (rows, times)."""
    middle, ahead, size = (column[rows, None] for column in footprints)
    return middle + ahead * (speed[rows, None] * ahead_s)[..., None], ahead, size


def _ticks(time_s: Floats) -> Floats:
    return np.rint(time_s / STEP_S)
