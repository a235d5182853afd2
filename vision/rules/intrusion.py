"""Rule `intrusion` (ONVIF RuleEngine/FieldDetector/ObjectsInside: a state, not an event a frame)."""

from typing import Literal

from pydantic import Field

from vision.events import Severity
from vision.incidents import StayIncidents
from vision.rule import Rule
from vision.scene import Scene


class Intrusion(Rule):
    """Somebody stands in a zone in its armed hours."""

    kind: Literal["intrusion"] = "intrusion"
    zone: str = Field(description="Id of the zone or lane.")
    after_s: float = Field(default=0.5, ge=0, description="How long somebody must be inside, seconds.")
    severity: Severity = Field(default="critical", description="How urgent it is.")

    def watch(self, scene: Scene) -> StayIncidents:
        """Starts watching a scene (see `Rule.watch`)."""
        scene.zone(self.zone)
        return StayIncidents(self, self.zone, self.after_s, self.severity)
