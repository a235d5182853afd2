"""Turns stays in a zone into incidents: the common part of the rules that ask how long somebody is somewhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from vision.events import Incident, event_id
from vision.scene import View
from vision.stays import Stay, Stays

Severity = Literal["info", "warning", "critical"]


@dataclass(frozen=True, slots=True)
class IncidentKind:
    """What the incidents of a rule have in common: `kind` and `rule` of the event, the camera, the severity."""

    kind: str
    rule: str
    camera: str
    severity: Severity


class StayIncidents:
    """Begins an incident when a stay in a zone has lasted long enough, and ends it with the stay."""

    def __init__(self, what: IncidentKind, zone: str, after_s: float) -> None:
        """Watches a zone.

        Args:
            what: What the incidents have in common.
            zone: Id of the zone or lane.
            after_s: How long a stay must last to be an incident, seconds.
        """
        self._what = what
        self._after_s = after_s
        self._stays = Stays(zone)
        self._told: list[tuple[Stay, Incident]] = []

    def __len__(self) -> int:
        return len(self._stays) + len(self._told)

    def step(self, view: View) -> Iterator[Incident]:
        """Incidents that begin or end with this view."""
        staying, ended = self._stays.step(view)
        yield from self._end(ended)
        for stay in staying:
            # Seen now, or the time would run on for somebody who may have left behind a lorry.
            if not stay.told and stay.seen_s == view.time_s and view.time_s - stay.began_s >= self._after_s:
                stay.told = True
                incident = self._begin(stay, view)
                self._told.append((stay, incident))
                yield incident

    def finish(self) -> Iterator[Incident]:
        """Ends all incidents."""
        yield from self._end(self._stays.finish())

    def _begin(self, stay: Stay, view: View) -> Incident:
        what = self._what
        return Incident(
            id=event_id(view.moment(stay.began_s), what.camera, what.rule, what.kind, stay.tracks[0]),
            kind=what.kind,
            rule=what.rule,
            camera=what.camera,
            time_s=view.time_s,
            at=view.moment(view.time_s),
            label=stay.row.label.word,
            track=stay.row.id,
            place=stay.row.place,
            score=stay.row.score,
            status="began",
            began_s=stay.began_s,
            severity=what.severity,
            tracks=tuple(stay.tracks),
        )

    def _end(self, ended: list[Stay]) -> Iterator[Incident]:
        over = [(stay, incident) for stay, incident in self._told if stay in ended]
        self._told = [(stay, incident) for stay, incident in self._told if stay not in ended]
        for stay, incident in over:
            yield incident.model_copy(update={"status": "ended", "ended_s": stay.seen_s, "tracks": tuple(stay.tracks)})
