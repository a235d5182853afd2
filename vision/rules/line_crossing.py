"""Rule `line_crossing` (ONVIF RuleEngine/LineDetector/Crossed)."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from vision.crossing import Crossing, Crossings
from vision.events import Passage
from vision.passing import Passings
from vision.rule import Rule
from vision.scene import Scene, View


class LineCrossing(Rule):
    """Counts road users that cross a line, each once for a direction, at the instant it crosses."""

    kind: Literal["line_crossing"] = "line_crossing"
    line: str = Field(description="Id of the line.")
    direction: str | None = Field(
        default=None,
        description="Only this direction: `left`, `right` or the line's own name; both if not given.",
    )

    def watch(self, scene: Scene) -> "LineCrossingWatch":
        """Starts watching a scene (see `Rule.watch`)."""
        return LineCrossingWatch(self, scene)


class LineCrossingWatch:
    """`line_crossing` at work on one camera."""

    def __init__(self, rule: LineCrossing, scene: Scene) -> None:
        self._rule = rule
        self._line = scene.line(rule.line)
        self._only = None if rule.direction is None else scene.side(rule.line, rule.direction)
        self._crossings = Crossings(rule.line, self._line, joins=True)
        self._passings = Passings(scene.ground)
        self._view: View | None = None

    def __len__(self) -> int:
        return len(self._crossings) + len(self._passings)

    def step(self, view: View) -> Iterator[Passage]:
        """The passages that became certain."""
        self._view = view
        crossings = (one for one in self._crossings.step(view) if self._only in (None, one.side))
        for crossing in self._passings.step(view, crossings):
            yield self._passage(crossing, view)

    def finish(self) -> Iterator[Passage]:
        """Tells of those whose speed was waited for."""
        for crossing in self._passings.finish():
            assert self._view is not None
            yield self._passage(crossing, self._view)

    def _passage(self, crossing: Crossing, view: View) -> Passage:
        row, direction = crossing.row, self._line.direction(crossing.side)
        return self._rule.passage(
            view,
            row,
            crossing.time_s,
            crossing.place,
            direction,
            line=self._rule.line,
            direction=direction,
            speed_kmh=row.speed_kmh,
            speed_error_kmh=row.speed_error_kmh,
        )
