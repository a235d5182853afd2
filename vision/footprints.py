"""Footprints: the rectangles that road users cover on the ground, and whether two of them overlap.

A box says where somebody stands, not how long they are. Its lower edge is the end that is nearest to the camera; the
middle of the vehicle is half a length (or width, or what is between) further away:

              ┌────┐
              │    │ ▲ heading           anchor ●, the bottom-centre of the box, and middle ×:
              │ ×  │ │                   away from the camera by half of what the rectangle
              │    │ │                   measures in that direction
              └─●──┘
                ┊ towards the camera
"""

import numpy as np
from models.detections import Label
from numpy.typing import NDArray

from vision.geometry import Floats

SIZES_M = {
    Label.PERSON: (0.46, 0.61),
    Label.BICYCLE: (1.6, 0.65),
    Label.MOTORCYCLE: (1.91, 0.69),
    Label.CAR: (4.43, 1.73),
    Label.BUS: (12.0, 2.5),
    Label.TRUCK: (7.1, 2.4),
}
"""Length and width, m. A person: body ellipse of the Highway Capacity Manual (18 × 24 in); motorcycle and car: two of
the most common ones of Vietnam, Honda Wave Alpha and Toyota Vios; the others: defaults of SUMO's vehicle classes."""
_TABLE = np.array([SIZES_M[label] for label in Label])


def sizes(labels: NDArray[np.int8]) -> Floats:
    """(n, 2) length and width of some labels, m."""
    found: Floats = _TABLE[labels]
    return found


def middles(anchors: Floats, headings: Floats, size: Floats, away: Floats) -> Floats:
    """Middles of the rectangles whose anchors are given.

    Args:
        anchors: (…, 2) m.
        headings: (…, 2) of length 1.
        size: (…, 2) length and width, m.
        away: (…, 2) direction that leads away from the camera, of length 1.
    """
    along, across = _parts(headings, away)
    deep = size[..., 0] * along + size[..., 1] * across
    moved: Floats = anchors + away * (deep / 2)[..., None]
    return moved


def overlap(
    first: tuple[Floats, Floats, Floats], second: tuple[Floats, Floats, Floats], spared_m: float
) -> NDArray[np.bool_]:
    """Which rectangles overlap: they do unless a side of one of them parts them (separating axes, Gottschalk 1996).

    Args:
        first: Middles (…, 2), headings (…, 2) of length 1, and sizes (…, 2).
        second: The same of the others.
        spared_m: So much is taken off on every side before: places are not exact.

    Returns:
        (…) bool; False where anything is nan.
    """
    (here, ahead, size), (there, other_ahead, other_size) = first, second
    gap = there - here
    half = np.maximum(size / 2 - spared_m, 0.05)
    other_half = np.maximum(other_size / 2 - spared_m, 0.05)
    along, across = _parts(ahead, other_ahead)
    meets = np.ones(np.broadcast_shapes(gap.shape[:-1], along.shape), np.bool_)
    for axis, one, other in ((ahead, half, other_half), (other_ahead, other_half, half)):
        lengthwise, sideways = _parts(gap, axis)
        meets &= lengthwise <= one[..., 0] + other[..., 0] * along + other[..., 1] * across
        meets &= sideways <= one[..., 1] + other[..., 0] * across + other[..., 1] * along
    return meets


def _parts(vectors: Floats, axis: Floats) -> tuple[Floats, Floats]:
    """How long some vectors (…, 2) are along axes and across them."""
    x, y, along, up = vectors[..., 0], vectors[..., 1], axis[..., 0], axis[..., 1]
    return np.abs(x * along + y * up), np.abs(x * up - y * along)
