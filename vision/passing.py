"""Passings: crossings of a line with the speed that somebody had there.

A speed is that of the last second (see `motion`): whoever speeds up or brakes had it half a second ago. So half a
second is waited for, until the last second lies around the crossing:

    ─────────┼─────────▶        crossed at ┼, told at ○
        ◀────┼────▶○
          one second

Whose foot others hid for a part of that second, or who was mistaken for somebody else, seems to have any speed. The box
then has another stature than before, and the speed is that of a moment nearby in which it had not, or unknown.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from vision.calibration import Ground
from vision.crossing import Crossing
from vision.motion import WINDOW_S
from vision.scene import View
from vision.stature import Statures

_GRACE_S = 0.0005  # stream clocks are sums of frame intervals
_LOOK_S = 0.1  # so often is looked how tall everybody is


@dataclass(slots=True)
class _Passing:
    crossing: Crossing
    off_s: float  # how far from half a second after the crossing its row was seen

    @property
    def due_s(self) -> float:
        return self.crossing.time_s + WINDOW_S / 2


class Passings:
    """Crossings that wait for their speed; not where the ground is unknown, and with it all speeds."""

    def __init__(self, ground: Ground | None) -> None:
        """Begins without any; without `ground` there are no speeds."""
        self._open: list[_Passing] = []
        self._statures = Statures(ground) if ground else None
        self._looked_s = float("-inf")
        self._ended: list[int] = []  # since

    def __len__(self) -> int:
        return len(self._open) + (len(self._statures) if self._statures else 0)

    def step(self, view: View, crossings: Iterable[Crossing]) -> Iterator[Crossing]:
        """Takes the crossings that became certain in the next view; tells those whose speed is known by now."""
        if self._statures is None:
            yield from crossings
            return
        self._look(view, self._statures)
        self._open += [_Passing(_without_speed(one), float("inf")) for one in crossings]
        if not self._open:
            return
        rows = {row.id: row for row in view.placed}
        for one in self._open:
            row, off_s = rows.get(one.crossing.row.id), abs(view.time_s - one.due_s)
            # At the edge of the picture a box is cut off, and its foot is slower than its owner.
            if row is None or row.speed_kmh is None or off_s >= one.off_s or view.cuts_off(row):
                continue
            if not self._statures.has_changed(row):
                one.crossing, one.off_s = replace(one.crossing, row=row), off_s
        due = [one.due_s <= view.time_s + _GRACE_S for one in self._open]
        told = [one.crossing for one, is_due in zip(self._open, due, strict=True) if is_due]
        self._open = [one for one, is_due in zip(self._open, due, strict=True) if not is_due]
        yield from told

    def finish(self) -> list[Crossing]:
        """Tells those that still wait: nothing more will be seen."""
        told, self._open = [one.crossing for one in self._open], []
        return told

    def _look(self, view: View, statures: Statures) -> None:
        """Looks how tall everybody is, a few times a second."""
        self._ended += view.ended
        if view.time_s - self._looked_s >= _LOOK_S - _GRACE_S:
            statures.step(replace(view, ended=tuple(self._ended)))
            self._ended.clear()
            self._looked_s = view.time_s


def _without_speed(crossing: Crossing) -> Crossing:
    return replace(crossing, row=replace(crossing.row, speed_kmh=None, speed_error_kmh=None))
