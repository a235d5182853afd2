"""Tracks: detections that are the same road user, under one id."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

State = TypeVar("State")


class Join(NamedTuple):
    """A track has ended, and its road user, it seems, goes on under another id.

    Attributes:
        ended: The id that has ended.
        later: The id under which it goes on since.
        sure: Whether nobody else comes into question, neither for the one nor for the other.
    """

    ended: int
    later: int
    sure: bool


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """The road users of one instant, in columns of equal length n.

    Only those seen in this picture have a row. A road user that is hidden has none, but keeps its id: it has
    not ended before the id stands in `ended`.

    Attributes:
        camera: Id of the camera.
        time_s: The stream's own clock, seconds.
        ids: (n,) int64, unique in a run of a camera, from 1.
        boxes: (n, 4) float64 px, x1 y1 x2 y2, smoothed.
        seen: (n, 4) float64 px, as they were detected: they tremble, but do not lag behind who brakes.
        labels: (n,) int8, values of `Label`: what the track has been so far, not what it looks like now.
        scores: (n,) float64, 0..1, of the detection in this picture.
        velocities: (n, 2) float64 px/s of the box's centre.
        ended: Ids that will never be seen again.
        joined: Which of those, it seems, go on under another id.
    """

    camera: str
    time_s: float
    ids: NDArray[np.int64]
    boxes: NDArray[np.float64]
    seen: NDArray[np.float64]
    labels: NDArray[np.int8]
    scores: NDArray[np.float64]
    velocities: NDArray[np.float64]
    ended: tuple[int, ...]
    joined: tuple[Join, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def feet(self) -> NDArray[np.float64]:
        """(n, 2) px, where they stand: bottom-centre of the boxes."""
        return np.column_stack([(self.boxes[:, 0] + self.boxes[:, 2]) / 2, self.boxes[:, 3]])


class PerTrack(defaultdict[int, State]):
    """State kept for each track and forgotten when the track has ended: a day of traffic must not grow it.

    Begun with what makes the state of a track that has none yet.
    """

    def forget(self, ended: Iterable[int]) -> None:
        """Drops the state of the tracks that have ended."""
        for track in ended:
            self.pop(track, None)
