"""Incidents that a killed server left open: the next one ends them, as far as anybody can know when."""

import logging
from datetime import timedelta

from pydantic import TypeAdapter, ValidationError

from api.event_search import StoredEvent
from api.store import Store
from vision.events import Event, Incident

log = logging.getLogger(__name__)

_EVENT: TypeAdapter[Event] = TypeAdapter(Event)


def end_left_open(store: Store) -> int:
    """Ends all incidents of the store that are open. Called before anything is watched, so all are of before.

    A server that was killed could not end them, and nobody looked since: when such a state really ended is not
    known. Events are stored in their order; so each lasted at least until the last event that was stored, of
    whatever camera. That is its `ended_s`. It is written like every other end, so followers are told.

    Returns:
        How many incidents those were.

    Raises:
        StoreError: The database can't be read.
    """
    last = _event(store.last_change())
    ended = [
        incident.model_copy(update={"status": "ended", "ended_s": _known_until_s(incident, last)})
        for incident in map(_event, store.open_incidents())
        if isinstance(incident, Incident)
    ]
    store.add(ended)
    return len(ended)


def _known_until_s(incident: Incident, last: Event | None) -> float:
    """Until when an incident is known to have lasted, on the stream clock of its camera."""
    if last is None:
        return incident.time_s
    clocks = (last.time_s, getattr(last, "fired_s", None), getattr(last, "ended_s", None))
    told_s = max(clock for clock in clocks if clock is not None)
    if last.camera == incident.camera:
        return max(incident.time_s, told_s)
    # Each camera has a clock of its own; the time of day is what they share.
    told_at = last.at + timedelta(seconds=told_s - last.time_s)
    return round(incident.time_s + max(0.0, (told_at - incident.at).total_seconds()), 3)


def _event(stored: StoredEvent | None) -> Event | None:
    if stored is None:
        return None
    try:
        return _EVENT.validate_json(stored.payload)
    except ValidationError:
        log.warning("event %s was written by another version and is left as it is", stored.id)
        return None
