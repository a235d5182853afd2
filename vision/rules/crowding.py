"""Rule `crowding` (ONVIF CountAggregation/OccupancyCounter)."""

from collections.abc import Iterator
from typing import Literal

from models.detections import Label
from pydantic import Field

from vision.events import Incident, Severity
from vision.incidents import OpenIncidents
from vision.presence import SMOOTHING_S, Presence, Smoothed
from vision.rule import LabelName, Rule, only
from vision.scene import Scene, View

_LAPSE_S = 1.0  # not so many for longer: it begins anew
_UNWATCHED_S = 2.0  # after a longer time without a view nobody knows what was in between


class Crowding(Rule):
    """There are too many people in a zone for a while."""

    kind: Literal["crowding"] = "crowding"
    labels: tuple[LabelName, ...] | None = only(Label.PERSON)
    zone: str = Field(description="Id of the zone or lane.")
    limit: int = Field(ge=1, description="So many may be there; more are a crowd.")
    after_s: float = Field(default=5.0, ge=0, description="For how long there must be more, seconds.")
    clear_share: float = Field(
        default=0.8, gt=0, le=1, description="It is over when fewer than this share of the limit are there, 0..1."
    )
    severity: Severity = Field(default="warning", description="How urgent it is.")

    def watch(self, scene: Scene) -> "CrowdingWatch":
        """Starts watching a scene (see `Rule.watch`)."""
        scene.zone(self.zone)
        return CrowdingWatch(self)


class CrowdingWatch:
    """`crowding` at work on one camera."""

    def __init__(self, rule: Crowding) -> None:
        self._rule = rule
        self._presence = Presence()
        self._count = Smoothed()
        self._seen_s = self._watched_since_s = float("-inf")
        self._above: tuple[float, float] | None = None
        self._open = OpenIncidents()

    def __len__(self) -> int:
        return len(self._presence) + len(self._open)

    def step(self, view: View) -> Iterator[Incident]:
        """Incidents that begin or end with this view."""
        rule = self._rule
        if view.time_s - self._seen_s > _UNWATCHED_S:
            self._above, self._watched_since_s = None, view.time_s
            self._count.clear()
        self._seen_s = view.time_s
        there = [row for row in self._presence.step(view, view.placed) if rule.zone in row.zones]
        count = self._count.step(view.time_s, len(there))
        # A median changes when half of its time has changed.
        changed_s = max(view.time_s - SMOOTHING_S / 2, self._watched_since_s)
        if self._open:
            if count < rule.clear_share * rule.limit:
                yield from self._open.end(rule.zone, changed_s)
            return
        began_s = self._above_since(count, changed_s)
        if began_s is not None and len(there) > rule.limit and view.time_s - began_s >= rule.after_s:
            self._above = None
            incident = rule.incident(view, None, began_s, rule.severity, [row.id for row in there])
            x, y = (sum(row.place[axis] for row in there) / len(there) for axis in (0, 1))
            yield self._open.begin(rule.zone, incident.model_copy(update={"place": (x, y)}))

    def finish(self) -> Iterator[Incident]:
        """Ends what is open."""
        self._above = None
        yield from self._open.finish(self._seen_s)

    def _above_since(self, count: float, time_s: float) -> float | None:
        """Since when there have been more than allowed, short lapses aside; None where there are not."""
        if count > self._rule.limit:
            began_s = self._above[0] if self._above else time_s
            self._above = (began_s, time_s)
        elif self._above and time_s - self._above[1] > _LAPSE_S:
            self._above = None
        return self._above[0] if self._above else None
