"""Rule `intrusion` (ONVIF RuleEngine/FieldDetector/ObjectsInside: a state, not an event a frame)."""

from collections.abc import Iterator
from math import dist
from typing import Literal

from models.detections import Label
from pydantic import Field

from vision.events import Incident, Severity
from vision.geometry import Point
from vision.incidents import StayIncidents
from vision.rule import Rule
from vision.scene import Scene, View
from vision.stays import Stay

_MOVED = 0.5  # heights of the box: a vehicle that went no further has stood still
_BEGIN_S = 1.0  # who is there so soon after the hours began was there before
_PLACES = 100  # parked vehicles that are remembered


class Intrusion(Rule):
    """Somebody stands in a zone in its armed hours."""

    kind: Literal["intrusion"] = "intrusion"
    zone: str = Field(description="Id of the zone or lane.")
    after_s: float = Field(default=0.5, ge=0, description="How long somebody must be inside, seconds.")
    severity: Severity = Field(default="critical", description="How urgent it is.")

    def watch(self, scene: Scene) -> "IntrusionWatch":
        """Starts watching a scene (see `Rule.watch`)."""
        return IntrusionWatch(self, scene)


class IntrusionWatch:
    """`intrusion` at work on one camera."""

    def __init__(self, rule: Intrusion, scene: Scene) -> None:
        scene.zone(rule.zone)
        self._rule = rule
        self._timezone = scene.timezone
        self._incidents = StayIncidents(rule, rule.zone, rule.after_s, rule.severity, self._parked)
        self._armed_s: float | None = None
        self._places: list[Point] = []

    def __len__(self) -> int:
        return len(self._incidents)

    def step(self, view: View) -> Iterator[Incident]:
        """Incidents that begin or end with this view."""
        if self._rule.schedule and not self._rule.schedule.armed(view.captured_at, self._timezone):
            self._armed_s = None
        elif self._armed_s is None:
            self._armed_s, self._places = view.time_s, []
        return self._incidents.step(view)

    def finish(self) -> Iterator[Incident]:
        """Ends all incidents."""
        return self._incidents.finish()

    def _parked(self, stay: Stay) -> bool:
        """Whether a stay is that of a vehicle which was parked there before the hours began, and has not moved.

        It may be lost for long, hidden or not detected, and come back under another id: its place is remembered.
        """
        row = stay.row
        if row.label is Label.PERSON or dist(stay.begin.foot, row.foot) > _MOVED * row.height:
            return False
        before = self._armed_s is not None and stay.began_s <= self._armed_s + _BEGIN_S
        known = any(dist(place, row.foot) <= _MOVED * row.height for place in self._places)
        if before and not known and len(self._places) < _PLACES:
            self._places.append(row.foot)
        return before or known
