"""Rule `stopped_vehicle`: a breakdown, or worse, on a carriageway."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from vision.events import Incident, Severity
from vision.incidents import OpenIncidents
from vision.lone_stops import LoneStops
from vision.rule import VEHICLES, LabelName, Rule, only
from vision.scene import Scene, View
from vision.stops import Stop


class StoppedVehicle(Rule):
    """A vehicle stands on a carriageway although the others don't."""

    kind: Literal["stopped_vehicle"] = "stopped_vehicle"
    labels: tuple[LabelName, ...] | None = only(*VEHICLES)
    zone: str = Field(description="Id of the zone or lane.")
    after_s: float = Field(
        default=10.0, gt=0, description="How long it must stand, without a queue around it, seconds."
    )
    severity: Severity = Field(default="warning", description="How urgent it is.")

    def watch(self, scene: Scene) -> "StoppedVehicleWatch":
        """Starts watching a scene (see `Rule.watch`)."""
        return StoppedVehicleWatch(self, scene)


class StoppedVehicleWatch:
    """`stopped_vehicle` at work on one camera."""

    def __init__(self, rule: StoppedVehicle, scene: Scene) -> None:
        scene.zone(rule.zone)
        self._rule = rule
        self._stops = LoneStops(rule.zone)
        self._told = OpenIncidents()

    def __len__(self) -> int:
        return len(self._stops) + len(self._told)

    def step(self, view: View) -> Iterator[Incident]:
        """Incidents that begin or end with this view."""
        standing, ended = self._stops.step(view)
        yield from self._end(ended)
        for lone in standing:
            stop = lone.stop
            # Anew after each queue: in a jam a moment without neighbours is only a gap between two of them.
            if not stop.told and view.time_s - max(stop.began_s, lone.queued_s) >= self._rule.after_s:
                stop.told = True
                incident = self._rule.incident(
                    view, stop.row, stop.began_s, self._rule.severity, stop.tracks, stop.tracks[0]
                )
                yield self._told.begin(stop, incident)

    def finish(self) -> Iterator[Incident]:
        """Ends all incidents."""
        yield from self._end(self._stops.finish())

    def _end(self, ended: list[Stop]) -> Iterator[Incident]:
        for stop in ended:
            yield from self._told.end(stop, stop.seen_s, stop.tracks)
