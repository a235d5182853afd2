"""Tiling: a wide picture is looked at in overlapping parts, so that small road users stay large enough to be seen.

2x1      ◀─── first ───▶           Each tile is scaled to the model's input by itself. What is smaller than the
       ┌───────────┬─┬─┬───────┐   overlap lies in one tile as a whole; the other one may see a part of it, whose
       │           │ │ │       │   box ends at the tile's edge. Such a cut box goes where another one holds the
       │           │ ├─┼─┐     │   whole; two cut boxes of one road user, too large for the overlap, are united.
       │           │ │ │█│     │   The picture as a whole is looked at too (unless told otherwise): it shows
       └───────────┴─┴─┴───────┘   what is larger than a tile.
                     ◀── second ─▶
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from models.detections import Detections
from models.images import Size
from models.suppression import kindred

Area = tuple[int, int, int, int]
"""A part of a picture: x1, y1, x2, y2 in px."""

_OVERLAP = 0.2  # part of a tile's side that it shares with its neighbour
_AT_EDGE = 0.01  # a box that ends so near to its tile's edge (part of the tile's side) was cut there
_INSIDE = 0.7  # part of a cut box that another box of its kin must cover to hold it
_TRUST = 0.5  # and how sure it must be, as a part of the cut box's score
_ABREAST = 0.6  # overlap (IoU) along the seam of two halves of one road user


@dataclass(frozen=True, slots=True)
class Tiles:
    """How a picture is parted.

    Attributes:
        columns: Tiles side by side.
        rows: Tiles above each other.
        whole: Whether the picture as a whole is looked at too.
    """

    columns: int
    rows: int
    whole: bool

    def areas(self, picture: Size) -> tuple[Area, ...]:
        """The parts of a picture that are looked at; the picture itself, where that is one, comes last."""
        return _areas(self, picture)


def unite(parts: Sequence[Detections], areas: Sequence[Area], picture: Size) -> Detections:
    """What was seen in the parts of a picture, in px of the picture, without the cut doubles at the seams.

    Doubles that were seen as a whole twice are still there: suppression comes after this.

    Args:
        parts: What was seen in each area, in px of the area.
        areas: The parts.
        picture: Size of the picture.
    """
    moved = [one.boxes + np.array(area[:2] * 2, np.float32) for one, area in zip(parts, areas, strict=True)]
    boxes = np.concatenate(moved)
    scores = np.concatenate([one.scores for one in parts])
    labels = np.concatenate([one.labels for one in parts])
    cuts = np.concatenate([_cuts(one.boxes, area, picture) for one, area in zip(parts, areas, strict=True)])
    part = np.repeat(np.arange(len(parts)), [len(one) for one in parts])
    kin = kindred(labels)
    cut = cuts.any(axis=1)
    left = np.ones(len(boxes), np.bool_)
    for row in np.flatnonzero(cut).tolist():
        others = left & (kin == kin[row]) & (part != part[row])
        holds = others & (_covered(boxes[row], boxes) > _INSIDE) & (scores > scores[row] * _TRUST)
        if (holds & ~cut).any():
            left[row] = False
            continue
        halves = (other for other in np.flatnonzero(others & cut).tolist() if _halves(boxes, cuts, row, other))
        half = next(halves, None)
        if half is not None:
            _join(boxes, cuts, row, half)
            if scores[row] > scores[half]:
                scores[half], labels[half] = scores[row], labels[row]
        # Else a cut box that shows more of it will do.
        left[row] = half is None and not (holds & (_area(boxes) > _area(boxes[row]))).any()
    return Detections(boxes, scores, labels)[left]


@cache
def _areas(tiles: Tiles, picture: Size) -> tuple[Area, ...]:
    columns = _spans(picture[0], tiles.columns)
    rows = _spans(picture[1], tiles.rows)
    areas = [(left, top, right, bottom) for top, bottom in rows for left, right in columns]
    whole = (0, 0, *picture)
    return tuple(areas) if not tiles.whole or areas == [whole] else (*areas, whole)


def _spans(length: int, count: int) -> list[tuple[int, int]]:
    """Spans of equal length that overlap and together cover a side."""
    side = length / (count - (count - 1) * _OVERLAP)
    return [(round(i * side * (1 - _OVERLAP)), round(i * side * (1 - _OVERLAP) + side)) for i in range(count)]


def _cuts(boxes: NDArray[np.float32], area: Area, picture: Size) -> NDArray[np.bool_]:
    """Which sides of boxes end at an edge of their area that is none of the picture; (n, 4)."""
    width, height = area[2] - area[0], area[3] - area[1]
    near = np.array([width, height] * 2) * _AT_EDGE
    at_edge = np.hstack((boxes[:, :2] <= near[:2], boxes[:, 2:] >= np.array([width, height]) - near[2:]))
    inner = np.array([area[0] > 0, area[1] > 0, area[2] < picture[0], area[3] < picture[1]])
    return np.asarray(at_edge & inner, np.bool_)


def _area(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])


def _covered(box: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Part of a box that lies in each of the others."""
    common = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    return np.asarray(np.clip(common, 0, None).prod(axis=1) / max(float(_area(box)), 1e-9), np.float32)


def _halves(boxes: NDArray[np.float32], cuts: NDArray[np.bool_], row: int, other: int) -> bool:
    """Whether two cut boxes are the two sides of one road user: they meet in the overlap, abreast of each other."""
    one, two = (boxes[row], cuts[row]), (boxes[other], cuts[other])
    return any(_goes_on(*one, *two, axis) or _goes_on(*two, *one, axis) for axis in (0, 1))


def _goes_on(
    first: NDArray[np.float32],
    first_cut: NDArray[np.bool_],
    second: NDArray[np.float32],
    second_cut: NDArray[np.bool_],
    axis: int,
) -> bool:
    """Whether a box that was cut at its far side goes on in one that was cut at its near side."""
    near, far = axis, axis + 2
    if not (first_cut[far] and second_cut[near] and first[near] <= second[near] <= first[far] <= second[far]):
        return False
    across = 1 - axis
    ends = sorted((first[across], first[across + 2], second[across], second[across + 2]))
    common = min(first[across + 2], second[across + 2]) - max(first[across], second[across])
    return bool(common > _ABREAST * (ends[3] - ends[0]))


def _join(boxes: NDArray[np.float32], cuts: NDArray[np.bool_], row: int, other: int) -> None:
    """Makes the other box the union of both; it is cut where the half that reaches farther is."""
    farther = np.hstack((boxes[row, :2] < boxes[other, :2], boxes[row, 2:] > boxes[other, 2:]))
    boxes[other] = np.where(farther, boxes[row], boxes[other])
    cuts[other] = np.where(farther, cuts[row], cuts[other])
