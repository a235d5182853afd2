"""Origins: over which line somebody came whom nobody saw come.

Who stood hidden in a queue for long is seen first beyond the line, under a new id, and no track tells what it crossed
before. Where it begins tells it: nobody turns at once, so what lies straight behind is where it came from.

          north
         ──┬────        seen first at ○, and left over `south`: straight back from ○ lies `north`,
           ┊            and from north others went to south
           ○
           ┃  │         A line that lies far behind may have been left aside by a turn before ○. It may be at most
        ───▼──┴─        three times as far as the way out; else nothing is said.
          south

Which crossings are exits, and from where they are reached, is learned from those who were seen on both lines: most of
who leaves over a line came over another one first, and hardly anybody of who enters did.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import dist

from vision.geometry import Point, crossing_fraction
from vision.scene import Line, Placed, Side, View
from vision.tracks import PerTrack

_AIM = 1.0  # so far, heights of the box, must somebody have gone that its direction is known
_BEHIND = 3.0  # so far behind, of the way to the exit, may the entry lie: who begins late may have turned before
_MOST = 0.5  # such a share of who leaves over a line was seen to come over another one

Crossed = tuple[str, Side]
"""Id of a line, and the side that was gone to."""


@dataclass(slots=True)
class _Begun:
    place: Point | None = None  # px, where it was seen first,
    height: float = 0.0  # px, of its box then,
    aim: Point | None = None  # and where it was when it had gone some way


class Origins:
    """Knows from where the exits of one camera are reached."""

    def __init__(self, lines: Mapping[str, Line]) -> None:
        """Knows nothing yet of some lines by their ids."""
        self._lines = lines
        self._begun = PerTrack(_Begun)
        self._crossed: Counter[Crossed] = Counter()
        self._came: defaultdict[Crossed, Counter[str]] = defaultdict(Counter)  # by exit: over which line

    def __len__(self) -> int:
        return len(self._begun)

    def follow(self, view: View) -> None:
        """Notes where everybody begins, and where to."""
        for row in view.placed:
            one = self._begun[row.id]
            if one.aim is not None:  # most, most of the time
                continue
            if one.place is None:
                one.place, one.height = row.foot, row.height
            elif dist(one.place, row.foot) >= _AIM * one.height:
                one.aim = row.foot

    def count(self, crossed: Crossed) -> None:
        """Somebody crossed a line."""
        self._crossed[crossed] += 1

    def learn(self, line: str, out: Crossed) -> None:
        """Somebody was seen to come over one line and to leave over another."""
        self._came[out][line] += 1

    def of(self, row: Placed, out: Crossed, size: tuple[int, int]) -> str | None:
        """Over which line somebody came who has just crossed its first one; none if that is not sure.

        Args:
            row: Who it is.
            out: What it crossed.
            size: Width and height of the picture, px.
        """
        came, begun = self._came.get(out, Counter[str]()), self._begun[row.id]
        if begun.place is None or begun.aim is None or came.total() < _MOST * self._crossed[out]:
            return None
        (x, y), (aim_x, aim_y) = begun.place, begun.aim
        reach = _BEHIND * dist(begun.place, row.foot) / dist(begun.place, begun.aim)
        behind = (x - reach * (aim_x - x), y - reach * (aim_y - y))
        met = []
        for name in came:
            start, end = ((px * size[0], py * size[1]) for px, py in (self._lines[name].start, self._lines[name].end))
            fraction = crossing_fraction(begun.place, behind, start, end)
            if fraction is not None:
                met.append((fraction, name))
        return min(met)[1] if met else None

    def forget(self, ended: Iterable[int]) -> None:
        """Drops what is kept of tracks that have ended."""
        self._begun.forget(ended)
