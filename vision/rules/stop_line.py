"""Rule `stop_line`."""

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
    RedCrossing,
    RedCrossings,
    Terms,
    red_violation,
)
from vision.rule import LabelName, Rule
from vision.scene import Scene, View


class StopLine(Rule):
    """Somebody crosses the stop line on red and stops behind it, such as on the crosswalk."""

    kind: Literal["stop_line"] = "stop_line"
    labels: tuple[LabelName, ...] | None = Field(
        default=(Label.BICYCLE, Label.MOTORCYCLE, Label.CAR, Label.BUS, Label.TRUCK),
        min_length=1,
        description="Only road users with these labels; null for all.",
    )
    line: str = Field(description="Id of the stop line.")
    signal: str = Field(description="Id of the signal that it belongs to.")
    direction: str = Field(description="Way over the line that the signal is for: `left`, `right` or its own name.")
    zone: str | None = Field(default=None, description="Id of the crosswalk: only who stops inside. Anywhere if none.")
    rest_s: float = Field(default=1.0, gt=0, description="Who stands for so long has stopped, seconds.")
    grace_s: float = Field(
        default=GRACE_S, ge=0, description="Who crosses within so long after the start of red is let go, seconds."
    )
    end_grace_s: float = Field(
        default=END_GRACE_S, ge=0, description="The same before the end of red, for times are not exact, seconds."
    )
    beyond_m: float = Field(
        default=BEYOND_M,
        gt=0,
        description="Who goes on for so long beyond the line has not stopped but run the red light, m; as in "
        "`red_light`.",
    )
    beyond_heights: float = Field(
        default=BEYOND_HEIGHTS, gt=0, description="The same without calibration, heights of the box."
    )

    def watch(self, scene: Scene) -> "StopLineWatch":
        """Starts watching a scene (see `Rule.watch`)."""
        return StopLineWatch(self, scene)


class StopLineWatch:
    """`stop_line` at work on one camera."""

    def __init__(self, rule: StopLine, scene: Scene) -> None:
        self._rule = rule
        if rule.zone is not None:
            scene.zone(rule.zone)
        terms = Terms(rule.grace_s, rule.end_grace_s, rule.beyond_m, rule.beyond_heights, rule.rest_s)
        self._crossings = RedCrossings(scene, rule.line, rule.signal, rule.direction, terms)

    def __len__(self) -> int:
        return len(self._crossings)

    def step(self, view: View) -> Iterator[Violation]:
        """The violations that became certain."""
        for crossing, outcome in self._crossings.step(view):
            if outcome == "stopped" and self._inside(crossing):
                yield red_violation(self._rule, view, crossing)

    def finish(self) -> Iterator[Violation]:
        """Who stands beyond the line at the end."""
        for crossing, view in self._crossings.finish():
            if self._inside(crossing):
                yield red_violation(self._rule, view, crossing)

    def _inside(self, crossing: RedCrossing) -> bool:
        return self._rule.zone is None or (crossing.rested is not None and self._rule.zone in crossing.rested[0].zones)
