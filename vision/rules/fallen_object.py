"""Rule `fallen_object`: what lies on the road and is no road user."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from vision.events import Incident, Severity
from vision.rule import Rule
from vision.scene import Scene, View
from vision.things import ThingIncidents, Things


class FallenObject(Rule):
    """A thing lies on the carriageway."""

    needs_static: ClassVar[bool] = True

    kind: Literal["fallen_object"] = "fallen_object"
    zone: str = Field(description="Id of the zone or lane.")
    after_s: float = Field(default=30.0, gt=0, description="How long it must have been there, seconds.")
    severity: Severity = Field(default="critical", description="How urgent it is.")

    def watch(self, scene: Scene) -> "FallenObjectWatch":
        """Starts watching a scene (see `Rule.watch`)."""
        return FallenObjectWatch(self, scene)


class FallenObjectWatch:
    """`fallen_object` at work on one camera."""

    def __init__(self, rule: FallenObject, scene: Scene) -> None:
        # Traffic goes on around it: nobody has to leave it alone first.
        self._incidents = ThingIncidents(rule, Things(scene, rule.zone, 0.0), rule.after_s, 0.0, rule.severity)

    def __len__(self) -> int:
        return len(self._incidents)

    def step(self, view: View) -> Iterator[Incident]:
        """Incidents that begin or end with this view."""
        return self._incidents.step(view, view.static)

    def finish(self) -> Iterator[Incident]:
        """Ends all incidents."""
        return self._incidents.finish()
