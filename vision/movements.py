"""Movements: from which line to which line a road user goes.

         north
        ──┬─┬────
          │ │   │
          │ └───┼──▶ east      north, then east: a movement from north to east
          ▼     │

North, then north the other way is a U-turn, from north to north. The last line of a movement is the first of the next
one: who crosses three lines makes two movements.

Between the lines many are hidden for so long that their track ends and they go on under another id. For counting, a
movement goes on, too, where nobody else comes into question (see `joining`); nobody is accused by it.
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
    first: tuple[str, Crossing] | None = None
    last: tuple[str, Crossing] | None = None


class Movements:
    """Watches some lines of one camera."""

    def __init__(self, scene: Scene, lines: Iterable[str], *, joins: bool = False) -> None:
        """Watches lines by their ids.

        Args:
            scene: Where they are.
            lines: Their ids.
            joins: Whether a movement goes on under another id.

        Raises:
            SiteError: There is no line of such an id.
        """
        self._joins = joins
        self._crossings = {line: Crossings(line, scene.line(line), joins=joins) for line in lines}
        self._ways = PerTrack(_Way)

    def __len__(self) -> int:
        return len(self._ways) + sum(map(len, self._crossings.values()))

    def step(self, view: View) -> Iterator[Movement]:
        """The movements that became certain in this view."""
        crossed = [(line, crossing) for line, them in self._crossings.items() for crossing in them.step(view)]
        for line, crossing in sorted(crossed, key=lambda one: one[1].time_s):
            way = self._ways[crossing.row.id]
            now = (line, crossing)
            way.first = min(way.first or now, now, key=lambda one: one[1].time_s)
            # A crossing is told when the foot has settled beyond the line, so lines side by side may swap places.
            first, way.last = sorted((way.last or now, now), key=lambda one: one[1].time_s)
            yield from _movement(first, way.last)
        for join in view.joined if self._joins else ():
            old = self._ways.get(join.ended)
            if join.sure and old and old.last:
                new = self._ways[join.later]
                if new.first:
                    yield from _movement(old.last, new.first)
                else:
                    new.first = new.last = old.last
        self._ways.forget(view.ended)


def _movement(entry: tuple[str, Crossing], out: tuple[str, Crossing]) -> Iterator[Movement]:
    """The movement from one crossing to another; none where it is the same line in the same direction."""
    if entry[0] != out[0] or entry[1].side != out[1].side:
        yield Movement(entry[0], out[0], entry[1], out[1])
