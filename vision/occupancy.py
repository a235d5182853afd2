"""Occupancy: the share of time in which a line across a road is covered.

A loop in the road is covered while a vehicle stands or drives over it. Here lines across a zone take its place, and
"covered" means at least half of a line, so that it says the same of one lane as of three, and of a pack of
motorcycles as of a lorry:

    zone ┌───────────────────┐        ▭ footprint: the lower part of a box; what is above hides the road behind
         │ ──▭▭▭──────────── │ ¼
         │ ──▭▭▭▭▭──▭▭▭▭──── │ ½      covered
         │ ───────────────── │ ¾
         └───────────────────┘

The share of the lines that are covered now, summed up over time, is the occupancy.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from vision.geometry import Point
from vision.scene import Placed

_AT = (0.25, 0.5, 0.75)  # of the extent of the zone along the traffic
_COVERED = 0.5  # of the length of a line
_UPWARDS = 0.5  # of the height of a box lies on the road: its length, seen from above and behind
_SIDEWAYS = 0.3  # of the height of a box lies on the road: its width, seen from the side


class _Line(NamedTuple):
    """A stretch across the zone, 0..1 of the picture: where it is along the traffic, and from where to where."""

    at: float
    begin: float
    end: float


class CrossSection:
    """Lines across one zone."""

    def __init__(self, polygon: Sequence[Point]) -> None:
        """Draws the lines.

        Args:
            polygon: Corners of the zone, 0..1 of the picture.
        """
        self._level = _lines(polygon)
        self._upright = _lines([(y, x) for x, y in polygon])

    def covered(self, rows: Iterable[Placed], size: tuple[int, int], upwards: bool) -> float:
        """Share of the lines, 0..1, that are covered.

        Args:
            rows: The road users.
            size: Of the picture, px.
            upwards: Whether the traffic goes up or down the picture, not to the left or right.
        """
        width, height = size
        spans: list[tuple[float, float, float, float]] = []
        for row in rows:
            x1, y1, x2, y2 = row.box
            x1, x2, y2, tall = x1 / width, x2 / width, y2 / height, (y2 - y1) / height
            if upwards:
                spans.append((y2 - _UPWARDS * tall, y2, x1, x2))
            else:
                spans.append((x1, x2, y2 - _SIDEWAYS * tall, y2))
        lines = self._level if upwards else self._upright
        return sum(_is_covered(line, spans) for line in lines) / len(lines)


def _lines(polygon: Sequence[Point]) -> list[_Line]:
    """The longest level stretches inside a polygon at three heights."""
    low, high = min(y for _, y in polygon), max(y for _, y in polygon)
    lines = []
    for share in _AT:
        y = low + share * (high - low)
        corners = [*polygon, polygon[0]]
        meets = sorted(
            x1 + (y - y1) / (y2 - y1) * (x2 - x1) for (x1, y1), (x2, y2) in pairwise(corners) if (y1 > y) != (y2 > y)
        )
        begin, end = max(zip(meets[::2], meets[1::2], strict=True), key=lambda pair: pair[1] - pair[0])
        lines.append(_Line(y, begin, end))
    return lines


def _is_covered(line: _Line, spans: Iterable[tuple[float, float, float, float]]) -> bool:
    """Whether at least half of a line is covered; spans are from and to along the traffic, then across."""
    over = sorted(
        (max(begin, line.begin), min(end, line.end)) for low, high, begin, end in spans if low <= line.at <= high
    )
    reached, length = line.begin, 0.0
    for begin, end in over:
        length += max(0.0, end - max(begin, reached))
        reached = max(reached, end)
    return length >= _COVERED * (line.end - line.begin)
