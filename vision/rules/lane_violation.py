"""Rule `lane_violation`: who must not use a lane, or not at this hour."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from pydantic import Field

from vision.events import Violation
from vision.lanes import LaneArea
from vision.rule import LabelName, Rule
from vision.scene import Scene, View
from vision.spells import Spells
from vision.successors import Successors
from vision.yardstick import may_be_pushed


class LaneViolation(Rule):
    """Somebody drives in a lane that does not admit them."""

    kind: Literal["lane_violation"] = "lane_violation"
    labels: tuple[LabelName, ...] = Field(
        min_length=1, description="Road users that the lane does not admit; the rule sees only them."
    )
    lane: str = Field(description="Id of the lane.")
    after_s: float = Field(default=2.0, ge=0, description="How long they must be in the lane, seconds.")
    distance_m: float = Field(
        default=10.0, gt=0, description="How far they must drive in it, where the ground is known, m."
    )
    distance_heights: float = Field(
        default=2.0, gt=0, description="How far they must drive in it without calibration, heights of the box."
    )

    def watch(self, scene: Scene) -> "LaneViolationWatch":
        """Starts watching a scene (see `Rule.watch`)."""
        return LaneViolationWatch(self, scene)


class LaneViolationWatch:
    """`lane_violation` at work on one camera."""

    def __init__(self, rule: LaneViolation, scene: Scene) -> None:
        self._rule = rule
        self._lane = LaneArea(scene, rule.lane)
        self._successors = Successors()
        self._inside: frozenset[int] = frozenset()
        # A moment unseen changes nothing, a moment beside the lane does: on its edge nobody is guilty.
        self._spells = Spells(lambda row: row.id in self._inside, lapse_s=0.0)
        self._told: set[int] = set()

    def __len__(self) -> int:
        return len(self._successors) + len(self._spells) + len(self._told)

    def step(self, view: View) -> Iterator[Violation]:
        """The violations that became certain."""
        view = self._successors.step(view)
        whole = tuple(row for row in view.placed if not view.cuts_off(row))
        view = replace(view, placed=whole)
        self._inside = self._lane.drivers(view)
        for spell in self._spells.step(view)[0]:
            row, begin = spell.row, spell.begin
            if row.id in self._told or view.time_s - spell.began_s < self._rule.after_s or may_be_pushed(row):
                continue
            if row.has_gone(begin, self._rule.distance_m, self._rule.distance_heights):
                self._told.add(row.id)
                yield self._rule.violation(view, row, spell.began_s, begin.place)
        self._told.difference_update(view.ended)

    def finish(self) -> tuple[()]:
        """Nothing is ever open."""
        return ()
