"""Rule `wrong_way`: against the direction of travel of a lane.

heading of the lane ▼          ○ farthest along the lane: here, and then, the wrong driving began
     │      ▲      │           ● the rule is sure: it went a length back from ○, against the heading
     │      ●      │             (by more than 120°) over the last while, faster than anybody on foot
     │      ┃      │
     │      ○      │
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from vision.events import Violation
from vision.geometry import Point
from vision.lanes import LaneArea
from vision.rule import VEHICLES, LabelName, Rule, only
from vision.scene import Placed, Scene, View
from vision.successors import Successors
from vision.tracks import PerTrack
from vision.yardstick import ON_FOOT_KMH, going_kmh

_STILL = 0.1  # heights of the box: so much a foot may go back and still be at its farthest
_SURE_S = 0.5  # so long without any doubt: the box of somebody mistaken for the one behind them jumps back only once
_SOLID = 0.1  # of the way of the foot that both edges of the box must have gone, too


class WrongWay(Rule):
    """Somebody drives in a lane against its direction of travel."""

    kind: Literal["wrong_way"] = "wrong_way"
    labels: tuple[LabelName, ...] | None = only(*VEHICLES)
    lane: str = Field(description="Id of the lane.")
    after_s: float = Field(default=1.0, ge=0.5, description="How long they must drive against it, seconds.")
    off_deg: float = Field(
        default=120.0,
        ge=90,
        lt=180,
        description="More off the lane's heading than this is against it, degrees in the picture.",
    )
    distance_m: float = Field(default=5.0, gt=0, description="How far they must go, where the ground is known, m.")
    distance_heights: float = Field(
        default=1.0, gt=0, description="How far they must go without calibration, heights of the box."
    )

    def watch(self, scene: Scene) -> "WrongWayWatch":
        """Starts watching a scene (see `Rule.watch`)."""
        return WrongWayWatch(self, scene)


@dataclass(slots=True)
class _Driver:
    farthest: Placed | None = None  # how it looked farthest along the lane; none while it is not in the lane
    farthest_s: float = 0.0  # when it was there last
    against_s: float | None = None  # since when it drives against the lane without any doubt
    told: bool = False


class WrongWayWatch:
    """`wrong_way` at work on one camera."""

    def __init__(self, rule: WrongWay, scene: Scene) -> None:
        self._rule = rule
        self._lane = LaneArea(scene, rule.lane)
        self._successors = Successors()
        self._drivers = PerTrack(_Driver)

    def __len__(self) -> int:
        return len(self._drivers) + len(self._successors)

    def step(self, view: View) -> Iterator[Violation]:
        """The violations that became certain."""
        view = self._successors.step(view)
        inside = self._lane.drivers(view)
        for row in view.placed:
            driver = self._drivers[row.id]
            if self._rule.lane not in row.zones:
                driver.farthest = driver.against_s = None
            elif not driver.told and not view.cuts_off(row):
                yield from self._look(driver, row, view, row.id in inside)
        self._drivers.forget(view.ended)

    def finish(self) -> tuple[()]:
        """Nothing is ever open."""
        return ()

    def _look(self, driver: _Driver, row: Placed, view: View, inside: bool) -> Iterator[Violation]:
        """Takes the next sight of a road user in the lane, well `inside` or on its edge."""
        speed_kmh = going_kmh(row)
        on_foot = speed_kmh is not None and speed_kmh < ON_FOOT_KMH
        if on_foot or driver.farthest is None or self._back_px(driver.farthest, row) <= 0:
            driver.farthest_s, driver.farthest = view.time_s, row
        elif self._back_px(driver.farthest, row) <= _STILL * row.height:
            driver.farthest_s = view.time_s
        if row.steady is None or speed_kmh is None:
            return  # it was hidden until now
        if on_foot or not inside or not self._goes_against(row, row.steady):
            driver.against_s = None
            return
        if driver.against_s is None:
            driver.against_s = view.time_s
        long = view.time_s - driver.farthest_s >= self._rule.after_s and view.time_s - driver.against_s >= _SURE_S
        if long and self._has_gone_back(driver.farthest, row):
            driver.told = True
            yield self._rule.violation(view, row, driver.farthest_s, driver.farthest.place)

    def _goes_against(self, row: Placed, steady: Point) -> bool:
        """Whether somebody goes against the heading, over the last while and just now."""
        return self._lane.off_heading_deg(steady) > self._rule.off_deg and self._lane.along(row.velocity) < 0

    def _back_px(self, farthest: Placed, row: Placed) -> float:
        """How far somebody is back from where they were farthest along the lane."""
        return self._lane.along(farthest.foot) - self._lane.along(row.foot)

    def _has_gone_back(self, farthest: Placed, row: Placed) -> bool:
        """Whether somebody has gone far enough against the heading, box and all."""
        if not row.has_gone(farthest, self._rule.distance_m, self._rule.distance_heights):
            return False
        way = (row.foot[0] - farthest.foot[0], row.foot[1] - farthest.foot[1])
        if self._lane.off_heading_deg(way) <= self._rule.off_deg:
            return False
        # What only creeps behind something big has an edge that stays where it is.
        axis = 0 if abs(way[0]) > abs(way[1]) else 1
        edges = (row.box[axis] - farthest.box[axis], row.box[axis + 2] - farthest.box[axis + 2])
        return all(edge / way[axis] >= _SOLID for edge in edges)
