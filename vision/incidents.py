"""Keeps incidents from their beginning to their end, under the same id."""

from collections.abc import Callable, Hashable, Iterable, Iterator

from vision.events import Incident, Severity
from vision.rule import Rule
from vision.scene import View
from vision.stays import Stay, Stays


class OpenIncidents:
    """The incidents of one rule that have begun and not ended, each under a key of the rule's own."""

    def __init__(self) -> None:
        self._open: dict[Hashable, Incident] = {}

    def __len__(self) -> int:
        return len(self._open)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._open

    def begin(self, key: Hashable, incident: Incident) -> Incident:
        """Keeps an incident that begins, and returns it."""
        self._open[key] = incident
        return incident

    def end(self, key: Hashable, ended_s: float, tracks: Iterable[int] | None = None) -> Iterator[Incident]:
        """Ends an incident, if it is open.

        Args:
            key: What it was begun under.
            ended_s: End of the state. Stream clock.
            tracks: Who took part by then, if others than at its beginning.
        """
        incident = self._open.pop(key, None)
        if incident is not None:
            took_part = incident.tracks if tracks is None else tuple(tracks)
            ended_s = max(ended_s, incident.began_s)
            yield incident.model_copy(update={"status": "ended", "ended_s": ended_s, "tracks": took_part})

    def finish(self, ended_s: float) -> Iterator[Incident]:
        """Ends all that is open."""
        for key in list(self._open):
            yield from self.end(key, ended_s)


class StayIncidents:
    """Begins an incident when a stay in a zone has lasted long enough, and ends it with the stay."""

    def __init__(
        self,
        rule: Rule,
        zone: str,
        after_s: float,
        severity: Severity,
        excused: Callable[[Stay], bool] = lambda stay: False,
    ) -> None:
        """Watches a zone.

        Args:
            rule: Whose incidents they are.
            zone: Id of the zone or lane.
            after_s: How long a stay must last to be an incident, seconds.
            severity: How urgent they are.
            excused: Whether a stay is none of the rule's business, for now.
        """
        self._rule = rule
        self._excused = excused
        self._after_s = after_s
        self._severity = severity
        self._stays = Stays(zone)
        self._told = OpenIncidents()

    def __len__(self) -> int:
        return len(self._stays) + len(self._told)

    def step(self, view: View) -> Iterator[Incident]:
        """Incidents that begin or end with this view."""
        staying, ended = self._stays.step(view)
        yield from self._end(ended)
        for stay in staying:
            # Seen now, or the time would run on for somebody who may have left behind a lorry.
            long = stay.seen_s == view.time_s and view.time_s - stay.began_s >= self._after_s
            if long and stay not in self._told and not self._excused(stay):
                incident = self._rule.incident(
                    view, stay.row, stay.began_s, self._severity, stay.tracks, stay.tracks[0]
                )
                yield self._told.begin(stay, incident)

    def finish(self) -> Iterator[Incident]:
        """Ends all incidents."""
        yield from self._end(self._stays.finish())

    def _end(self, ended: list[Stay]) -> Iterator[Incident]:
        for stay in ended:
            yield from self._told.end(stay, stay.seen_s, stay.tracks)
