"""Rule `banned_movement`: a turn, or a U-turn, that the junction forbids."""

from collections.abc import Iterator
from typing import Literal

from pydantic import ConfigDict, Field

from vision.events import Violation
from vision.movements import Movement, Movements
from vision.rule import VEHICLES, LabelName, Rule, only
from vision.scene import Scene, View
from vision.yardstick import length_m, may_be_pushed

_TURN_M = 2.0  # a U-turn comes back so far beside the way in; who backs up comes back over the same place


class BannedMovement(Rule):
    """Somebody goes from one line to another where that turn is not allowed."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    kind: Literal["banned_movement"] = "banned_movement"
    labels: tuple[LabelName, ...] | None = only(*VEHICLES)
    from_line: str = Field(alias="from", description="Id of the line that is crossed first.")
    to_line: str = Field(
        alias="to",
        description="Id of the line that is crossed then; the same for a U-turn, back over it in the other direction.",
    )

    def watch(self, scene: Scene) -> "BannedMovementWatch":
        """Starts watching a scene (see `Rule.watch`)."""
        return BannedMovementWatch(self, scene)


class BannedMovementWatch:
    """`banned_movement` at work on one camera."""

    def __init__(self, rule: BannedMovement, scene: Scene) -> None:
        self._rule = rule
        self._ground = scene.ground
        self._movements = Movements(scene, dict.fromkeys((rule.from_line, rule.to_line)))

    def __len__(self) -> int:
        return len(self._movements)

    def step(self, view: View) -> Iterator[Violation]:
        """The banned movements that were completed."""
        for movement in self._movements.step(view):
            if (movement.from_line, movement.to_line) != (self._rule.from_line, self._rule.to_line):
                continue
            if may_be_pushed(movement.exit.row):
                continue
            turned_round = movement.from_line == movement.to_line
            if turned_round and not self._aside_m(movement, view) >= _TURN_M:
                continue
            crossing = movement.exit
            yield self._rule.violation(view, crossing.row, crossing.time_s, crossing.place)

    def finish(self) -> tuple[()]:
        """Nothing is ever open."""
        return ()

    def _aside_m(self, movement: Movement, view: View) -> float:
        """How far apart a line was crossed there and back; nan beyond the horizon."""
        assert movement.entry is not None  # it was seen: this rule does not only count
        entry, out = movement.entry.place, movement.exit.place
        if self._ground is not None:
            return self._ground.length_m(entry, out)[0]
        width, height = view.size
        return length_m(movement.exit.row, (out[0] - entry[0]) * width, (out[1] - entry[1]) * height)
