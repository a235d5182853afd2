"""Rule `red_light`."""

from collections.abc import Iterator
from typing import Literal

from models.detections import Label
from pydantic import Field

from vision.events import Violation
from vision.red_crossings import (
    BEYOND_HEIGHTS,
    BEYOND_M,
    END_GRACE_S,
    GRACE_S,
    RedCrossings,
    Terms,
    red_violation,
)
from vision.rule import LabelName, Rule
from vision.scene import Scene, View


class RedLight(Rule):
    """Somebody crosses the stop line on red and goes on."""

    kind: Literal["red_light"] = "red_light"
    labels: tuple[LabelName, ...] | None = Field(
        default=(Label.BICYCLE, Label.MOTORCYCLE, Label.CAR, Label.BUS, Label.TRUCK),
        min_length=1,
        description="Only road users with these labels; null for all.",
    )
    line: str = Field(description="Id of the stop line.")
    signal: str = Field(description="Id of the signal that it belongs to.")
    direction: str = Field(description="Way over the line that the signal is for: `left`, `right` or its own name.")
    grace_s: float = Field(
        default=GRACE_S, ge=0, description="Who crosses within so long after the start of red is let go, seconds."
    )
    end_grace_s: float = Field(
        default=END_GRACE_S, ge=0, description="The same before the end of red, for times are not exact, seconds."
    )
    beyond_m: float = Field(
        default=BEYOND_M, gt=0, description="So far beyond the line one has gone on, m; where there is a calibration."
    )
    beyond_heights: float = Field(
        default=BEYOND_HEIGHTS, gt=0, description="The same without calibration, heights of the box."
    )

    def watch(self, scene: Scene) -> "RedLightWatch":
        """Starts watching a scene (see `Rule.watch`)."""
        return RedLightWatch(self, scene)


class RedLightWatch:
    """`red_light` at work on one camera."""

    def __init__(self, rule: RedLight, scene: Scene) -> None:
        self._rule = rule
        terms = Terms(rule.grace_s, rule.end_grace_s, rule.beyond_m, rule.beyond_heights)
        self._crossings = RedCrossings(scene, rule.line, rule.signal, rule.direction, terms)

    def __len__(self) -> int:
        return len(self._crossings)

    def step(self, view: View) -> Iterator[Violation]:
        """The violations that became certain."""
        for crossing, outcome in self._crossings.step(view):
            if outcome == "went_on":
                yield red_violation(self._rule, view, crossing)

    def finish(self) -> tuple[()]:
        """Who stands beyond the line has not gone on."""
        self._crossings.finish()
        return ()
