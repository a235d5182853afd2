"""Kalman filter of many boxes at once, on a real clock.

Each box is four coordinates (centre x, centre y, width, height) that move at a steady rate, disturbed by white
noise. The coordinates do not influence one another, so the covariance of a box is four 2×2 blocks instead of one
8×8 matrix: a step over all boxes is a handful of vector operations.

Noise levels begin with those of SORT and ByteTrack (Zhang et al., ECCV 2022), which are given for frames of 1/30 s,
turned into rates per second, so that any frame rate, a drop or a pause gives the same answer. Their drift is ten times
and their shake three times what ten MOTChallenge sequences and our streets ask for: road users keep their speed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_FRAME_S = 1 / 30
_POSITION_NOISE = 1 / 20  # standard deviation of a measured coordinate, of the box height
_DRIFT_RATE = 0.1 * _POSITION_NOISE**2 / _FRAME_S  # variance of the position per second, of the height squared
_SHAKE_RATE = 0.3 * (1 / 160 / _FRAME_S) ** 2 / _FRAME_S  # variance of the speed per second, of the height squared
_START_SPEED = 10 / 160 / _FRAME_S  # standard deviation of the speed of a new box, heights per second


@dataclass(slots=True)
class BoxFilter:
    """States of n boxes.

    Attributes:
        position: (n, 4) px: centre x, centre y, width, height.
        speed: (n, 4) px/s.
        pp: (n, 4) px², variance of the position.
        pv: (n, 4) px²/s, covariance of position and speed.
        vv: (n, 4) px²/s², variance of the speed.
    """

    position: Floats
    speed: Floats
    pp: Floats
    pv: Floats
    vv: Floats

    @classmethod
    def empty(cls) -> "BoxFilter":
        """No box yet."""
        return cls(*(np.empty((0, 4)) for _ in range(5)))

    @property
    def boxes(self) -> Floats:
        """(n, 4) px, x1 y1 x2 y2."""
        half = np.maximum(self.position[:, 2:], 1.0) / 2
        return np.hstack([self.position[:, :2] - half, self.position[:, :2] + half])

    def add(self, boxes: Floats) -> None:
        """Adds boxes that are seen for the first time, (m, 4) px, x1 y1 x2 y2."""
        position = centred(boxes)
        height = np.repeat(position[:, 3:], 4, axis=1)
        fresh = (
            position,
            np.zeros_like(position),
            (2 * _POSITION_NOISE * height) ** 2,
            np.zeros_like(position),
            (_START_SPEED * height) ** 2,
        )
        self.position, self.speed, self.pp, self.pv, self.vv = (
            np.vstack([old, new]) for old, new in zip(self._columns(), fresh, strict=True)
        )

    def predict(self, elapsed_s: float) -> None:
        """Moves all boxes on by a time, seconds."""
        variance = self.position[:, 3:] ** 2
        t = elapsed_s
        self.position += self.speed * t
        self.pp += (2 * self.pv + self.vv * t) * t + variance * (_DRIFT_RATE * t + _SHAKE_RATE * t**3 / 3)
        self.pv += self.vv * t + variance * _SHAKE_RATE * t**2 / 2
        self.vv += variance * _SHAKE_RATE * t

    def update(self, rows: NDArray[np.intp], boxes: Floats, trust: Floats) -> None:
        """Corrects some boxes by what was seen.

        Args:
            rows: (m,) which boxes.
            boxes: (m, 4) px, x1 y1 x2 y2, where they were seen.
            trust: (m,) 0..1, score of the detection: the measurement noise grows as it falls.
        """
        seen = centred(boxes)
        noise = (_POSITION_NOISE * seen[:, 3:]) ** 2 * (2 - trust[:, None])
        pp, pv, vv = self.pp[rows], self.pv[rows], self.vv[rows]
        gain_p, gain_v = pp / (pp + noise), pv / (pp + noise)
        surprise = seen - self.position[rows]
        self.position[rows] += gain_p * surprise
        self.speed[rows] += gain_v * surprise
        self.pp[rows] = (1 - gain_p) * pp
        self.pv[rows] = (1 - gain_p) * pv
        self.vv[rows] = vv - gain_v * pv

    def keep(self, rows: NDArray[np.bool_]) -> None:
        """Forgets all boxes but those of a mask (n,)."""
        self.position, self.speed, self.pp, self.pv, self.vv = (column[rows] for column in self._columns())

    def _columns(self) -> tuple[Floats, ...]:
        return self.position, self.speed, self.pp, self.pv, self.vv


def centred(boxes: Floats) -> Floats:
    """Boxes (n, 4) x1 y1 x2 y2 as centre x, centre y, width, height."""
    return np.hstack([(boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]])
