"""Rule `solid_line`: a marking that must not be crossed."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import dist, hypot
from typing import Literal

from pydantic import Field

from vision.crossing import Crossing, Crossings
from vision.events import Violation
from vision.rule import VEHICLES, LabelName, Rule, only
from vision.scene import Placed, Scene, Side, View
from vision.tracks import PerTrack
from vision.yardstick import may_be_pushed

_STAYS_S = 0.3  # over the line for so long: a box that another one hid for a moment comes back sooner
_MISTAKEN_S = 0.5  # two cross at one place, in opposite directions, within that: the tracker took one for the other
_RECENT_S = 3.0  # crossings are kept for so long to see that


class SolidLine(Rule):
    """Somebody crosses a solid line."""

    kind: Literal["solid_line"] = "solid_line"
    labels: tuple[LabelName, ...] | None = only(*VEHICLES)
    line: str = Field(description="Id of the line.")
    direction: str | None = Field(
        default=None,
        description="Only to this side, where the other may cross: `left`, `right` or the line's own name; "
        "both if not given.",
    )
    beyond: float = Field(
        default=0.3,
        ge=0,
        le=1,
        description="How far the middle of a box must get from one side of the line to the other: so much before it "
        "and beyond it, as a share of the size of the box across the line. 0.5 is the whole box.",
    )

    def watch(self, scene: Scene) -> "SolidLineWatch":
        """Starts watching a scene (see `Rule.watch`)."""
        return SolidLineWatch(self, scene)


@dataclass(slots=True)
class _Path:
    clear_of: Side | None = None  # the side on which it was last seen well off the line
    crossing: Crossing | None = None  # from there to the other side, not certain yet
    beyond_s: float | None = None  # since when it is well off the line on that other side
    told: bool = False


class SolidLineWatch:
    """`solid_line` at work on one camera."""

    def __init__(self, rule: SolidLine, scene: Scene) -> None:
        self._rule = rule
        self._line = scene.line(rule.line)
        self._only = None if rule.direction is None else scene.side(rule.line, rule.direction)
        # At speed a lane is changed at a very small angle; here the margin on both sides tells it from trembling.
        self._crossings = Crossings(rule.line, self._line, parallel_deg=0.0)
        self._paths = PerTrack(_Path)
        self._recent: deque[Crossing] = deque()

    def __len__(self) -> int:
        return len(self._paths) + len(self._crossings) + len(self._recent)

    def step(self, view: View) -> Iterator[Violation]:
        """The violations that became certain."""
        while self._recent and view.time_s - self._recent[0].time_s > _RECENT_S:
            self._recent.popleft()
        # Where a box is cut off its middle slides along the edge of the picture, over any line that ends there.
        whole = tuple(row for row in view.placed if not view.cuts_off(row))
        for crossing in self._crossings.step(replace(view, placed=whole)):
            self._recent.append(crossing)
            path = self._paths[crossing.row.id]
            came_over = path.clear_of not in (None, crossing.side)
            path.crossing, path.beyond_s = (crossing if came_over else None), None
        across = self._across(view.size)
        for row in whole:
            crossed = self._settled(self._paths[row.id], row, view.time_s, across)
            if crossed and self._is_banned(crossed, row):
                self._paths[row.id].told = True
                yield self._rule.violation(view, row, crossed.time_s, crossed.place)
        self._paths.forget(view.ended)

    def finish(self) -> tuple[()]:
        """Nothing is ever open."""
        return ()

    def _settled(self, path: _Path, row: Placed, time_s: float, across: tuple[float, float]) -> Crossing | None:
        """Takes the next sight of a road user; returns the crossing of which it makes certain that it was one."""
        distance = row.distances[self._rule.line]
        side: Side = "left" if distance > 0 else "right"
        if abs(distance) < self._rule.beyond * (across[0] * row.width + across[1] * row.height):
            path.beyond_s = None
            return None
        if path.crossing is None or path.crossing.side != side:
            path.clear_of, path.crossing = side, None
            return None
        if path.beyond_s is None:
            path.beyond_s = time_s
        # Its speed tells whether it is pushed, and is known after half a second.
        if time_s - path.beyond_s < _STAYS_S or row.steady is None:
            return None
        crossing, path.crossing, path.clear_of = path.crossing, None, side
        return None if path.told else crossing

    def _is_banned(self, crossing: Crossing, row: Placed) -> bool:
        if self._only not in (None, crossing.side) or may_be_pushed(row):
            return False
        width, height = crossing.row.width, crossing.row.height
        return not any(
            other.side != crossing.side
            and abs(other.time_s - crossing.time_s) <= _MISTAKEN_S
            and dist(other.row.foot, crossing.row.foot) <= max(width, height)
            for other in self._recent
        )

    def _across(self, size: tuple[int, int]) -> tuple[float, float]:
        """Shares of the width and of the height of a box that lie across the line."""
        x = (self._line.end[0] - self._line.start[0]) * size[0]
        y = (self._line.end[1] - self._line.start[1]) * size[1]
        return abs(y) / hypot(x, y), abs(x) / hypot(x, y)
