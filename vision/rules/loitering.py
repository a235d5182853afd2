"""Rule `loitering` (ONVIF RuleEngine/LoiteringDetector/ObjectIsLoitering)."""

from typing import Literal

from models.detections import Label
from pydantic import Field

from vision.events import Severity
from vision.incidents import StayIncidents
from vision.rule import LabelName, Rule, only
from vision.scene import Scene


class Loitering(Rule):
    """Somebody stays in a zone for longer than anybody who only passes would."""

    kind: Literal["loitering"] = "loitering"
    labels: tuple[LabelName, ...] | None = only(Label.PERSON)
    zone: str = Field(description="Id of the zone or lane.")
    after_s: float = Field(default=30.0, gt=0, description="How long somebody must be inside, seconds.")
    severity: Severity = Field(default="warning", description="How urgent it is.")

    def watch(self, scene: Scene) -> StayIncidents:
        """Starts watching a scene (see `Rule.watch`)."""
        scene.zone(self.zone)
        return StayIncidents(self, self.zone, self.after_s, self.severity)
