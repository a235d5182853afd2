"""Routing: which events go to which sinks, written in the transaction that stores them."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo

import sqlalchemy as sa

from api.event_search import StoredEvent
from api.outbox import deliveries_table, last_table, row_of, told_table
from api.schema import microseconds, moment_of
from api.sink import Route, Sink
from vision.events import Event


def _now() -> datetime:
    return datetime.now(UTC)


class Routing:
    """Puts events into the outbox; `note` is handed to the store.

    What it remembers (which incidents were told, when the last event of a rule was sent) stands in the database, too: a
    transaction that fails and is tried again, or the next run of the program, decides the same.

    Args:
        sinks: Where events may go.
        timezone: Time zone of the site, for the hours of routes.
        clock: The time now, UTC.
    """

    def __init__(self, sinks: Sequence[Sink], timezone: tzinfo, clock: Callable[[], datetime] = _now) -> None:
        self._sinks = sinks
        self._timezone = timezone
        self._clock = clock
        self._noted: dict[str, set[int]] = {}

    def note(self, connection: sa.Connection, changes: Sequence[tuple[StoredEvent, Event]]) -> None:
        """Puts what belongs to sinks into the outbox (see `api.store.Beside`)."""
        now = self._clock()
        rows = [row_of(sink.id, stored, now) for stored, event in changes for sink in self._sent(connection, event)]
        if rows:
            connection.execute(sa.insert(deliveries_table), rows)
        for row in rows:
            self._noted.setdefault(row["sink"], set()).add(row["lane"])

    def noted(self) -> Mapping[str, Collection[int]]:
        """What was put into the outbox since the last call: sinks and lanes. Asked by the thread that notes."""
        noted, self._noted = self._noted, {}
        return noted

    def _sent(self, connection: sa.Connection, event: Event) -> Iterator[Sink]:
        """The sinks that an event goes to."""
        for sink in self._sinks:
            if event.family == "incident" and event.status == "ended":
                if _was_told(connection, sink, event):
                    yield sink
                continue
            route = sink.route(event, self._timezone)
            if route is None or (route.quiet_s and _is_quiet(connection, sink, route, event)):
                continue
            if event.family == "incident" and route.ends:
                connection.execute(sa.insert(told_table).values(sink=sink.id, event=event.id))
            yield sink


def _was_told(connection: sa.Connection, sink: Sink, event: Event) -> bool:
    """Whether a sink was told that an incident began, and wants to know its end: a half story helps nobody."""
    told = sa.delete(told_table).where(told_table.c.sink == sink.id, told_table.c.event == event.id)
    return connection.execute(told).rowcount > 0


def _is_quiet(connection: sa.Connection, sink: Sink, route: Route, event: Event) -> bool:
    """Whether another event of the same camera, rule and kind was sent just before; else remembers this one."""
    columns = last_table.c
    key = {"sink": sink.id, "camera": event.camera, "rule": event.rule, "kind": event.kind}
    here = [columns[name] == value for name, value in key.items()]
    last = connection.execute(sa.select(columns.at_us).where(*here)).scalar()
    if last is not None and route.quiet(moment_of(last), event.at):
        return True
    at_us = microseconds(event.at)
    if last is None:
        connection.execute(sa.insert(last_table).values(**key, at_us=at_us))
    else:
        connection.execute(sa.update(last_table).where(*here).values(at_us=at_us))
    return False
