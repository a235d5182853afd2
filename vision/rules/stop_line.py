"""Rule `stop_line`."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from vision.events import Violation
from vision.red_crossings import REST_S, RedCrossing, RedCrossings, StopLineTerms, red_violation
from vision.rule import Rule
from vision.scene import Scene, View


class StopLine(StopLineTerms, Rule):
    """Somebody crosses the stop line on red and stops behind it, such as on the crosswalk."""

    kind: Literal["stop_line"] = "stop_line"
    zone: str | None = Field(default=None, description="Id of the crosswalk: only who stops inside. Anywhere if none.")
    rest_s: float = Field(default=REST_S, gt=0, description="Who stands for so long has stopped, seconds.")

    def watch(self, scene: Scene) -> "StopLineWatch":
        """Starts watching a scene (see `Rule.watch`)."""
        return StopLineWatch(self, scene)


class StopLineWatch:
    """`stop_line` at work on one camera."""

    def __init__(self, rule: StopLine, scene: Scene) -> None:
        self._rule = rule
        if rule.zone is not None:
            scene.zone(rule.zone)
        self._crossings = RedCrossings(scene, rule, rule.rest_s)

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
