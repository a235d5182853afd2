"""Movements: from which line to which line a road user goes.

         north
        ──┬─┬────
          │ │   │
          │ └───┼──▶ east      north, then east: a movement from north to east
          ▼     │

North, then north the other way is a U-turn, from north to north. The last line of a movement is the first of the next
one: who crosses three lines makes two movements.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vision.crossing import Crossing, Crossings
from vision.scene import Scene, View
from vision.tracks import PerTrack


@dataclass(frozen=True, slots=True)
class Movement:
    """A road user crossed one line and then another, or the same one in the other direction.

    Attributes:
        from_line: Id of the line that it crossed first.
        to_line: Id of the line that it crossed then.
        entry: How it crossed the first.
        exit: How it crossed the second.
    """

    from_line: str
    to_line: str
    entry: Crossing
    exit: Crossing


@dataclass(slots=True)
class _Way:
    last: tuple[str, Crossing] | None = None


class Movements:
    """Watches some lines of one camera."""

    def __init__(self, scene: Scene, lines: Iterable[str]) -> None:
        """Watches lines by their ids.

        Raises:
            SiteError: There is no line of such an id.
        """
        self._crossings = {line: Crossings(line, scene.line(line)) for line in lines}
        self._ways = PerTrack(_Way)

    def __len__(self) -> int:
        return len(self._ways) + sum(map(len, self._crossings.values()))

    def step(self, view: View) -> Iterator[Movement]:
        """The movements that became certain in this view."""
        crossed = [(line, crossing) for line, them in self._crossings.items() for crossing in them.step(view)]
        for line, crossing in sorted(crossed, key=lambda one: one[1].time_s):
            way = self._ways[crossing.row.id]
            if way.last is not None:
                # A crossing is told when the foot has settled beyond the line, so lines side by side may swap places.
                first, second = sorted((way.last, (line, crossing)), key=lambda one: one[1].time_s)
                if first[0] != second[0] or first[1].side != second[1].side:
                    yield Movement(first[0], second[0], first[1], second[1])
                way.last = second
            else:
                way.last = (line, crossing)
        self._ways.forget(view.ended)
