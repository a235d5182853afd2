"""Rule `red_light`."""

from collections.abc import Iterator
from typing import Literal

from vision.events import Violation
from vision.red_crossings import RedCrossings, StopLineTerms, red_violation
from vision.rule import Rule
from vision.scene import Scene, View


class RedLight(StopLineTerms, Rule):
    """Somebody crosses the stop line on red and goes on."""

    kind: Literal["red_light"] = "red_light"

    def watch(self, scene: Scene) -> "RedLightWatch":
        """Starts watching a scene (see `Rule.watch`)."""
        return RedLightWatch(self, scene)


class RedLightWatch:
    """`red_light` at work on one camera."""

    def __init__(self, rule: RedLight, scene: Scene) -> None:
        self._rule = rule
        self._crossings = RedCrossings(scene, rule)

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
