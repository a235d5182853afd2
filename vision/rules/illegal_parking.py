"""Rule `illegal_parking`: stands where nobody may park."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from pydantic import Field

from vision.events import Violation
from vision.lone_stops import LoneStops
from vision.rule import VEHICLES, LabelName, Rule, only
from vision.scene import Scene, View


class IllegalParking(Rule):
    """A vehicle stands where it must not park, for longer than it may stop there."""

    kind: Literal["illegal_parking"] = "illegal_parking"
    labels: tuple[LabelName, ...] | None = only(*VEHICLES)
    zone: str = Field(description="Id of the zone or lane.")
    after_s: float = Field(
        default=60.0,
        gt=0,
        description="How long a vehicle may stand there, seconds; 300 where a sign allows to stop for so long. "
        "Time in a queue does not count.",
    )

    def watch(self, scene: Scene) -> "IllegalParkingWatch":
        """Starts watching a scene (see `Rule.watch`)."""
        return IllegalParkingWatch(self, scene)


class IllegalParkingWatch:
    """`illegal_parking` at work on one camera."""

    def __init__(self, rule: IllegalParking, scene: Scene) -> None:
        scene.zone(rule.zone)
        self._rule = rule
        self._stops = LoneStops(rule.zone, queue_inside=True)

    def __len__(self) -> int:
        return len(self._stops)

    def step(self, view: View) -> Iterator[Violation]:
        """The violations that became certain."""
        for lone in self._stops.step(view)[0]:
            stop = lone.stop
            if lone.alone_s >= self._rule.after_s and not stop.told:
                stop.told = True
                yield self._rule.violation(
                    view,
                    replace(stop.row, id=stop.at.id),  # the id that it had then
                    stop.at_s,
                    stop.at.place,
                    measured=view.time_s - stop.at_s,
                    limit=self._rule.after_s,
                    unit="s",
                )

    def finish(self) -> tuple[()]:
        """A violation is told at once: nothing is open but who may still drive on."""
        self._stops.finish()
        return ()
