"""Spells: how long something has been true of a road user, deaf to flicker.

true     ▁▁▔▔▔▔▁▔▔▔▔▔▔▁▁▁▁▁▁        a short lapse, or a moment unseen, does not end a spell;
spell      ├───────────┤            it ends when the condition has not held for longer than the gap
"""

from collections.abc import Callable
from dataclasses import dataclass

from vision.scene import Placed, View


@dataclass(slots=True)
class Spell:
    """Something is true of a road user.

    Attributes:
        begin: How it looked when it began.
        began_s: When that was. Stream clock.
        row: How it looked when it was true last.
        held_s: When that was.
        told: Whether the rule has told anybody.
    """

    begin: Placed
    began_s: float
    row: Placed
    held_s: float
    told: bool = False


class Spells:
    """The spells of one condition in front of one camera."""

    def __init__(self, holds: Callable[[Placed], bool], gap_s: float = 1.0, lapse_s: float | None = None) -> None:
        """Begins without any spell.

        Args:
            holds: Whether the condition holds for a road user.
            gap_s: How long it may be false or unseen in between.
            lapse_s: How long it may be seen to be false in between, if that is less.
        """
        self._holds = holds
        self._gap_s = gap_s
        self._lapse_s = gap_s if lapse_s is None else lapse_s
        self._open: dict[int, Spell] = {}

    def __len__(self) -> int:
        return len(self._open)

    def step(self, view: View) -> tuple[list[Spell], list[Spell]]:
        """Takes the next view; returns the spells in which the condition holds now, and those that have ended."""
        over = [track for track, spell in self._open.items() if view.time_s - spell.held_s > self._gap_s]
        ended = [self._open.pop(track) for track in over]
        now = []
        for row in view.placed:
            if self._holds(row):
                spell = self._open.setdefault(row.id, Spell(row, view.time_s, row, view.time_s))
                spell.row, spell.held_s = row, view.time_s
                now.append(spell)
            elif row.id in self._open and view.time_s - self._open[row.id].held_s > self._lapse_s:
                ended.append(self._open.pop(row.id))
        return now, ended

    def finish(self) -> list[Spell]:
        """Ends all spells and returns them."""
        ended, self._open = list(self._open.values()), {}
        return ended
