"""Rule `removed_object` (ONVIF RuleEngine/ObjectDetector/ObjectRemoved)."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from vision.events import Incident, Severity
from vision.rule import Rule
from vision.scene import Scene, View
from vision.things import ThingIncidents, Things


class RemovedObject(Rule):
    """A thing that stood in a zone has gone."""

    needs_static: ClassVar[bool] = True

    kind: Literal["removed_object"] = "removed_object"
    zone: str = Field(description="Id of the zone or lane.")
    after_s: float = Field(default=60.0, gt=0, description="How long it must have been gone, seconds.")
    alone_s: float = Field(default=30.0, ge=0, description="How long nobody may have been near its place, seconds.")
    near_m: float = Field(
        default=2.0, gt=0, description="Who is as near as this is with it, m; by their own height without calibration."
    )
    severity: Severity = Field(default="critical", description="How urgent it is.")

    def watch(self, scene: Scene) -> "RemovedObjectWatch":
        """Starts watching a scene (see `Rule.watch`)."""
        return RemovedObjectWatch(self, scene)


class RemovedObjectWatch:
    """`removed_object` at work on one camera."""

    def __init__(self, rule: RemovedObject, scene: Scene) -> None:
        things = Things(scene, rule.zone, rule.near_m)
        self._incidents = ThingIncidents(rule, things, rule.after_s, rule.alone_s, rule.severity)

    def __len__(self) -> int:
        return len(self._incidents)

    def step(self, view: View) -> Iterator[Incident]:
        """Incidents that begin or end with this view."""
        return self._incidents.step(view, view.removed)

    def finish(self) -> Iterator[Incident]:
        """Ends all incidents."""
        return self._incidents.finish()
