"""Passings: crossings of a line with the speed that somebody had there.

A speed is that of the last second (see `motion`): whoever speeds up or brakes had it half a second ago. So half a
second is waited for, until the last second lies around the crossing:

    ─────────┼─────────▶        crossed at ┼, told at ○
        ◀────┼────▶○
          one second
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from vision.crossing import Crossing
from vision.motion import WINDOW_S
from vision.scene import View

_GRACE_S = 0.0005  # stream clocks are sums of frame intervals


@dataclass(slots=True)
class _Passing:
    crossing: Crossing
    off_s: float  # how far from half a second after the crossing its row was seen

    @property
    def due_s(self) -> float:
        return self.crossing.time_s + WINDOW_S / 2


class Passings:
    """Crossings that wait for their speed; not where the ground is unknown, and with it all speeds."""

    def __init__(self) -> None:
        """Begins without any."""
        self._open: list[_Passing] = []

    def __len__(self) -> int:
        return len(self._open)

    def step(self, view: View, crossings: Iterable[Crossing]) -> Iterator[Crossing]:
        """Takes the crossings that became certain in the next view; tells those whose speed is known by now."""
        self._open += [_Passing(one, float("inf")) for one in crossings]
        if not self._open:
            return
        rows = {row.id: row for row in view.placed}
        for one in self._open:
            row, off_s = rows.get(one.crossing.row.id), abs(view.time_s - one.due_s)
            # At the edge of the picture a box is cut off, and its foot is slower than its owner.
            if row and row.speed_kmh is not None and not view.cuts_off(row) and off_s < one.off_s:
                one.crossing, one.off_s = replace(one.crossing, row=row), off_s
        due = [one.due_s <= view.time_s + _GRACE_S or not one.crossing.row.ground for one in self._open]
        told = [one.crossing for one, is_due in zip(self._open, due, strict=True) if is_due]
        self._open = [one for one, is_due in zip(self._open, due, strict=True) if not is_due]
        yield from told

    def finish(self) -> list[Crossing]:
        """Tells those that still wait: nothing more will be seen."""
        told, self._open = [one.crossing for one in self._open], []
        return told
