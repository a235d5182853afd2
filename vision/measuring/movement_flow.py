"""Figures of a movement: who went from one line to another, as a rule `movement` tells."""

from collections.abc import Iterator
from itertools import permutations

from vision.events import Passage
from vision.measuring.meter import EVERYBODY, VEHICLES, Figures, Meter, Pcu, per_hour
from vision.measuring.sums import Sums
from vision.rule import Rule
from vision.rules.movement import Movement


class MovementFlow(Meter):
    """Measures one movement of one rule."""

    kind = "movement_flow"

    def __init__(self, rule: str, from_line: str, to_line: str, pcu: Pcu) -> None:
        """Counts what a rule tells of a movement."""
        self.rule = rule
        self.from_line, self.to_line = from_line, to_line
        self._pcu = pcu

    def told(self, event: Passage, sums: Sums) -> None:
        """Counts a passage (see `Meter.told`)."""
        if (event.rule, event.from_line, event.to_line) == (self.rule, self.from_line, self.to_line):
            sums.add("volume", 1, event.label or "")

    def figures(self, sums: Sums, watched_s: float) -> tuple[Figures, dict[str, Figures]]:
        """Volume and flow (see `Meter.figures`)."""
        values = {
            "volume": sums.total(["volume"], EVERYBODY),
            "flow_veh_h": per_hour(sums.total(["volume"], VEHICLES), watched_s),
            "flow_pcu_h": per_hour(self._pcu.total(sums, ["volume"]), watched_s),
        }
        return values, {label: {"volume": sums.of("volume", label)} for label in sums.labels()}


def movements_of(rule: Rule, pcu: Pcu) -> Iterator[MovementFlow]:
    """Meters of all movements that a rule tells; none where it tells of other things."""
    if isinstance(rule, Movement):
        for from_line, to_line in permutations(rule.lines, 2):
            yield MovementFlow(rule.id, from_line, to_line, pcu)
