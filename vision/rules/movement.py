"""Rule `movement`: turning movements, from which arm of a junction to which."""

from collections.abc import Iterator
from typing import Literal, Self

from pydantic import Field, model_validator

from vision.events import Passage
from vision.movements import Movements
from vision.rule import Rule
from vision.scene import Scene, View


class Movement(Rule):
    """Counts road users that cross one line and then another, by the pair: where they come from and go to."""

    kind: Literal["movement"] = "movement"
    lines: tuple[str, ...] = Field(
        min_length=2, description="Ids of the entry and exit lines; any of them may be either."
    )

    @model_validator(mode="after")
    def _lines_differ(self) -> Self:
        twice = sorted({line for line in self.lines if self.lines.count(line) > 1})
        if twice:
            raise ValueError(f"a movement goes between different lines; given more than once: {', '.join(twice)}")
        return self

    def watch(self, scene: Scene) -> "MovementWatch":
        """Starts watching a scene (see `Rule.watch`)."""
        return MovementWatch(self, scene)


class MovementWatch:
    """`movement` at work on one camera."""

    def __init__(self, rule: Movement, scene: Scene) -> None:
        self._rule = rule
        self._movements = Movements(scene, rule.lines, counts=True)

    def __len__(self) -> int:
        return len(self._movements)

    def step(self, view: View) -> Iterator[Passage]:
        """The movements that were completed."""
        for movement in self._movements.step(view):
            if movement.from_line == movement.to_line:
                continue
            row = movement.exit.row
            yield self._rule.passage(
                view,
                row,
                movement.exit.time_s,
                movement.exit.place,
                movement.from_line,
                movement.to_line,
                from_line=movement.from_line,
                to_line=movement.to_line,
                speed_kmh=row.speed_kmh,
                speed_error_kmh=row.speed_error_kmh,
            )

    def finish(self) -> tuple[()]:
        """Nothing is ever open."""
        return ()
