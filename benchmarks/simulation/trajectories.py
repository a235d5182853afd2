"""Trajectories: where every road user really was. All simulators end here, and the camera begins here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from models.detections import Label
from models.observation import SignalState

Floats = NDArray[np.float64]
_GAP_S = 0.5
"""Two sights of one road user further apart are two visits: nobody knows what was between."""


class RoadUser(NamedTuple):
    """Somebody, for as long as the simulation knows them.

    Attributes:
        name: Id in the simulation.
        label: What they are.
        size: Length, width and height, m; riders included.
    """

    name: str
    label: Label
    size: tuple[float, float, float]


SIZES: Mapping[Label, tuple[float, float, float]] = {
    Label.PERSON: (0.35, 0.5, 1.68),
    Label.BICYCLE: (1.7, 0.55, 1.65),
    Label.MOTORCYCLE: (1.9, 0.75, 1.6),
    Label.CAR: (4.4, 1.8, 1.5),
    Label.BUS: (10.5, 2.5, 3.1),
    Label.TRUCK: (7.5, 2.4, 3.0),
}
"""Length, width and height, m."""


@dataclass(frozen=True, eq=False)
class Trajectories:
    """Columns of equal length n, sorted by road user, then by time.

    Attributes:
        users: The road users.
        user: (n,) row in `users`.
        time_s: (n,) seconds since the simulation began.
        place: (n, 2) x and y of the centre on the ground, m.
        heading: (n,) where the front looks, radians anticlockwise from x, continuous for each road user.
        speed: (n,) m/s, the simulator's own.
    """

    users: tuple[RoadUser, ...]
    user: NDArray[np.int64]
    time_s: Floats
    place: Floats
    heading: Floats
    speed: Floats

    def __len__(self) -> int:
        return len(self.user)

    @classmethod
    def of(cls, users: Sequence[RoadUser], user: Sequence[int] | NDArray[np.int64], columns: Floats) -> Self:
        """Trajectories from rows in any order.

        Args:
            users: The road users.
            user: (n,) row in `users`.
            columns: (n, 5) time, x, y, heading, speed.
        """
        numbers = np.asarray(user, np.int64)
        order = np.lexsort((columns[:, 0], numbers))
        numbers, columns = numbers[order], columns[order]
        heading = columns[:, 3].copy()
        for first, last in _runs(numbers):
            heading[first:last] = np.unwrap(heading[first:last])
        return cls(tuple(users), numbers, columns[:, 0], columns[:, 1:3], heading, columns[:, 4])

    def rows(self) -> list[slice]:
        """The rows of every road user who has any."""
        return [slice(first, last) for first, last in _runs(self.user)]

    def sampled(self, fps: float) -> Self:
        """The same at the instants of pictures, interpolated between the simulator's steps."""
        parts: list[Floats] = []
        numbers: list[NDArray[np.int64]] = []
        for rows in self.rows():
            known = self.time_s[rows]
            frames = np.arange(np.ceil(known[0] * fps - 1e-6), np.floor(known[-1] * fps + 1e-6) + 1)
            times = frames / fps
            after = np.clip(np.searchsorted(known, times - 1e-9), 1, max(len(known) - 1, 1))
            if len(known) > 1:
                times = times[(known[after] - known[after - 1] <= _GAP_S) | (np.abs(known[after] - times) < 1e-6)]
            columns = (self.place[rows, 0], self.place[rows, 1], self.heading[rows], self.speed[rows])
            parts.append(np.column_stack([times, *(np.interp(times, known, column) for column in columns)]))
            numbers.append(np.full(len(times), self.user[rows.start]))
        if not parts:
            return self
        return type(self).of(self.users, np.concatenate(numbers), np.vstack(parts))


class NearMiss(NamedTuple):
    """Two road users nearly met, as the simulator itself reports it.

    Attributes:
        users: Their rows in `Trajectories.users`.
        time_s: When it was worst.
        place: Where, m.
        measured: Time to collision or post-encroachment time, s.
        sure: Whether anybody would call it so.
    """

    users: tuple[int, int]
    time_s: float
    place: tuple[float, float]
    measured: float
    sure: bool


@dataclass(frozen=True, eq=False)
class Recording:
    """All that a simulator tells about one run.

    Attributes:
        seconds: How long it lasted.
        trajectories: Where everybody was.
        signals: Changes of each signal by its id: since when, and what.
        near_misses: Who nearly met.
        scripted: Events that only the script knows: kind and when it happened.
    """

    seconds: float
    trajectories: Trajectories
    signals: Mapping[str, Sequence[tuple[float, SignalState]]] = field(default_factory=dict)
    near_misses: Sequence[NearMiss] = ()
    scripted: Sequence[tuple[str, float]] = ()


def state_at(changes: Sequence[tuple[float, SignalState]], time_s: float) -> SignalState:
    """State of a signal at a moment; `unknown` before its first change."""
    state: SignalState = "unknown"
    for since_s, following in changes:
        if since_s > time_s + 1e-9:
            break
        state = following
    return state


def _runs(numbers: NDArray[np.int64]) -> list[tuple[int, int]]:
    """First and last + 1 of every run of equal numbers."""
    borders = np.flatnonzero(np.diff(numbers)) + 1
    edges = [0, *borders.tolist(), len(numbers)] if len(numbers) else [0]
    return list(pairwise(edges))
