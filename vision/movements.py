"""Movements: from which line to which line a road user goes.

         north
        ──┬─┬────
          │ │   │
          │ └───┼──▶ east      north, then east: a movement from north to east
          ▼     │

North, then north the other way is a U-turn, from north to north. The last line of a movement is the first of the next
one: who crosses three lines makes two movements.

Between the lines many are hidden for so long that their track ends and they go on under another id. For counting, a
movement goes on, too, where nobody else comes into question (see `joining`), and one whose beginning nobody saw is told
where it can only have begun over one line (see `origins`). Nobody is accused by that.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vision.crossing import Crossing, Crossings
from vision.origins import Crossed, Origins
from vision.scene import Scene, View
from vision.tracks import PerTrack


@dataclass(frozen=True, slots=True)
class Movement:
    """A road user crossed one line and then another, or the same one in the other direction.

    Attributes:
        from_line: Id of the line that it crossed first.
        to_line: Id of the line that it crossed then.
        entry: How it crossed the first; none where nobody saw it.
        exit: How it crossed the second.
    """

    from_line: str
    to_line: str
    entry: Crossing | None
    exit: Crossing


@dataclass(slots=True)
class _Way:
    first: tuple[str, Crossing] | None = None
    last: tuple[str, Crossing] | None = None
    told: bool = False  # the movement that its first crossing ends, though nobody saw it begin


class Movements:
    """Watches some lines of one camera."""

    def __init__(self, scene: Scene, lines: Iterable[str], *, counts: bool = False) -> None:
        """Watches lines by their ids.

        Args:
            scene: Where they are.
            lines: Their ids.
            counts: Whether movements are only counted: one goes on under another id, and may have begun unseen.

        Raises:
            SiteError: There is no line of such an id.
        """
        known = {line: scene.line(line) for line in lines}
        self._crossings = {name: Crossings(name, line, joins=counts) for name, line in known.items()}
        self._origins = Origins(known) if counts else None
        self._ways = PerTrack(_Way)

    def __len__(self) -> int:
        return len(self._ways) + sum(map(len, self._crossings.values())) + len(self._origins or ())

    def step(self, view: View) -> Iterator[Movement]:
        """The movements that became certain in this view."""
        if self._origins is not None:
            self._origins.follow(view)
        crossed = [(line, crossing) for line, them in self._crossings.items() for crossing in them.step(view)]
        for line, crossing in sorted(crossed, key=lambda one: one[1].time_s):
            way = self._ways[crossing.row.id]
            now = (line, crossing)
            if self._origins is not None:
                yield from self._unseen(now, way, view, self._origins)
            way.first = min(way.first or now, now, key=lambda one: one[1].time_s)
            # A crossing is told when the foot has settled beyond the line, so lines side by side may swap places.
            first, way.last = sorted((way.last or now, now), key=lambda one: one[1].time_s)
            yield from self._movement(first, way.last)
        if self._origins is not None:
            yield from self._joined(view)
            self._origins.forget(view.ended)
        self._ways.forget(view.ended)

    def _movement(self, entry: tuple[str, Crossing], out: tuple[str, Crossing]) -> Iterator[Movement]:
        """The movement from one crossing to another; none where it is the same line in the same direction."""
        if entry[0] != out[0] or entry[1].side != out[1].side:
            if self._origins is not None:
                self._origins.learn(entry[0], _crossed(out))
            yield Movement(entry[0], out[0], entry[1], out[1])

    def _unseen(self, now: tuple[str, Crossing], way: _Way, view: View, origins: Origins) -> Iterator[Movement]:
        """The movement that a crossing ends if it is the first one of its track, but not of its road user."""
        origins.count(_crossed(now))
        origin = origins.of(now[1].row, _crossed(now), view.size) if way.first is None else None
        if origin is not None:
            way.told = True
            yield Movement(origin, now[0], None, now[1])

    def _joined(self, view: View) -> Iterator[Movement]:
        """The movements that ended under another id than they began."""
        for join in view.joined:
            old = self._ways.get(join.ended)
            if join.sure and old and old.last:
                new = self._ways[join.later]
                if new.first is None:
                    new.first = new.last = old.last
                elif not new.told:
                    yield from self._movement(old.last, new.first)


def _crossed(one: tuple[str, Crossing]) -> Crossed:
    return one[0], one[1].side
