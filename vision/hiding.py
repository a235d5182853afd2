"""Who hides whom: of two boxes that overlap, the one whose foot is lower in the picture is nearer and in front.

A box ends where somebody in front begins, and then its bottom is not where its owner stands:

      ┌────┐
      │ a  │  ← ends here: seen is the upper part of a, its foot is hidden
    ┌─┴────┴─┐
    │   b    │
    └────────┘
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vision.geometry import Floats
from vision.scene import Placed

_BESIDE = 0.1  # of its height: so near to the bottom of a box begins who hides what is below
_ACROSS = 0.4  # of its width must be behind the other one


def feet_hidden(rows: Sequence[Placed], others: Sequence[Placed]) -> list[bool]:
    """Which of some road users have their feet hidden by one of some others in front of them."""
    if not rows or not others:
        return [False] * len(rows)
    boxes, before = _boxes(rows), _boxes(others)
    bottom, height = boxes[:, 3, None], (boxes[:, 3] - boxes[:, 1])[:, None]
    below = (before[None, :, 1] <= bottom + _BESIDE * height) & (before[None, :, 3] > bottom + _BESIDE * height)
    wide = _shared(boxes, before, 0) >= _ACROSS * (boxes[:, 2] - boxes[:, 0])[:, None]
    hidden: list[bool] = np.asarray((below & wide).any(axis=1)).tolist()
    return hidden


def hidden_shares(rows: Sequence[Placed], others: Sequence[Placed]) -> list[float]:
    """How much of each of some boxes, 0..1, is behind the one of some others that hides most of it."""
    if not rows or not others:
        return [0.0] * len(rows)
    boxes, before = _boxes(rows), _boxes(others)
    area = np.maximum((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]), 1e-9)
    shared = _shared(boxes, before, 0) * _shared(boxes, before, 1) / area[:, None]
    in_front: NDArray[np.bool_] = before[None, :, 3] > boxes[:, 3, None]
    shares: list[float] = np.where(in_front, shared, 0.0).max(axis=1).tolist()
    return shares


def _boxes(rows: Sequence[Placed]) -> Floats:
    return np.array([row.box for row in rows], np.float64)


def _shared(boxes: Floats, others: Floats, axis: int) -> Floats:
    """(n, m) how many px boxes have in common with others along an axis."""
    low = np.maximum(boxes[:, None, axis], others[None, :, axis])
    high = np.minimum(boxes[:, None, axis + 2], others[None, :, axis + 2])
    shared: Floats = np.maximum(high - low, 0.0)
    return shared
