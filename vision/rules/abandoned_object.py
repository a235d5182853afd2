"""Rule `abandoned_object` (ONVIF RuleEngine/ObjectDetector/ObjectAbandoned)."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from vision.events import Incident, Severity
from vision.rule import Rule
from vision.scene import Scene, View
from vision.things import ThingIncidents, Things


class AbandonedObject(Rule):
    """A thing was put down in a zone, stays, and nobody is near it any more."""

    needs_static: ClassVar[bool] = True

    kind: Literal["abandoned_object"] = "abandoned_object"
    zone: str = Field(description="Id of the zone or lane.")
    after_s: float = Field(default=60.0, gt=0, description="How long it must have been there, seconds.")
    alone_s: float = Field(default=30.0, ge=0, description="How long nobody may have been near it, seconds.")
    near_m: float = Field(
        default=2.0, gt=0, description="Who is as near as this is with it, m; by their own height without calibration."
    )
    severity: Severity = Field(default="critical", description="How urgent it is.")

    def watch(self, scene: Scene) -> "AbandonedObjectWatch":
        """Starts watching a scene (see `Rule.watch`)."""
        return AbandonedObjectWatch(self, scene)


class AbandonedObjectWatch:
    """`abandoned_object` at work on one camera."""

    def __init__(self, rule: AbandonedObject, scene: Scene) -> None:
        things = Things(scene, rule.zone, rule.near_m)
        self._incidents = ThingIncidents(rule, things, rule.after_s, rule.alone_s, rule.severity)

    def __len__(self) -> int:
        return len(self._incidents)

    def step(self, view: View) -> Iterator[Incident]:
        """Incidents that begin or end with this view."""
        return self._incidents.step(view, view.static)

    def finish(self) -> Iterator[Incident]:
        """Ends all incidents."""
        return self._incidents.finish()
