"""Store: keeps events in a database, and finds them again.

The only queries of the project are here, in what it is made of (`event_search`, `event_counts`), and in the index of
recordings.

Every change carries a number, `seq`, that only grows: a new event, and an incident that ends. Who knows the
last number it saw misses nothing.
"""

import heapq
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from api.cursor import decode_cursor, encode_cursor
from api.database import cause_of, connect, reading
from api.errors import EventsLost, StoreError
from api.event_counts import Summary, count, known_kinds, summed
from api.event_search import (
    SELECT,
    EventFilter,
    EventPage,
    Leg,
    Query,
    StoredEvent,
    legs_of,
    newest,
    oldest,
)
from api.schema import changes_table, events_table, microseconds
from api.words import counted
from api.writer import Writer, WriterState
from vision.events import Event

logger = logging.getLogger(__name__)

FEWEST = 50
"""Events that are read of a leg at once, at least."""
Beside = Callable[[sa.Connection, Sequence[tuple[StoredEvent, Event]]], None]
"""Writes what belongs to changes into their transaction, after them."""


class Store:
    """Events on disk. Made by `open()`; safe to be used from every thread."""

    def __init__(self, engine: sa.Engine, capacity: int, beside: Beside | None = None) -> None:
        self._engine = engine
        self._beside = beside
        self._writer: Writer[StoredEvent] = Writer(self._write, capacity)

    @classmethod
    def open(cls, url: str, capacity: int = 100_000, beside: Beside | None = None) -> Self:
        """Opens the database, brings its tables up to date and starts the writer.

        Args:
            url: SQLAlchemy URL, such as `sqlite:///var/ngatu.db`.
            capacity: How many events may wait to be written.
            beside: Writes what belongs to changes, all or nothing with them.

        As a context it ends with `close`, and raises EventsLost where that left something.

        Raises:
            StoreError: It can't be opened, or a newer version of the program made it.
        """
        store = cls(connect(url), capacity, beside)
        store._writer.start()
        return store

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        left = self.close()
        if not left:
            return
        where = self._engine.url.render_as_string(hide_password=True)
        reason = self.state().reason or "the database is too slow"
        message = f"lost at the end, not saved in {where}: {counted(left, 'event')} ({reason})"
        if kind is not None and issubclass(kind, Exception):
            logger.error(message)  # the error on its way must not be hidden
        else:
            raise EventsLost(message)

    # -- writing

    def on_written(self, listener: Callable[[Sequence[StoredEvent]], None]) -> None:
        """Has the listener called in the writer's thread after each commit, in the order of `seq`.

        It must not block. An incident that began and ended within one batch is told twice.
        """
        self._writer.on_written(listener)

    def add(self, events: Iterable[Event]) -> None:
        """Takes events to be written. Never blocks, never raises; what finds no room is counted as lost.

        The same event may come twice: an id that is there already is left alone, except that an incident
        that began may end.
        """
        self._writer.add(events)

    def flush(self, timeout_s: float | None = None) -> bool:
        """Waits until all events accepted so far are written. False: not within the time."""
        return self._writer.flush(timeout_s)

    def close(self, timeout_s: float = 10.0) -> int:
        """Writes what waits and closes the database. May be called twice.

        Returns:
            How many events could not be written within the time and are lost now.
        """
        left = self._writer.close(timeout_s)
        self._engine.dispose()
        return left

    def state(self) -> WriterState:
        """How writing goes."""
        return self._writer.state()

    def _write(self, batch: Sequence[Event]) -> list[StoredEvent]:
        """Writes a batch in one transaction; gives what it changed.

        Raises:
            StoreError: The database can't be written now.
            IntegrityError: It refuses something of the batch for good; DataError likewise.
        """
        try:
            return self._transact(batch)
        except (IntegrityError, DataError):
            raise
        except (DBAPIError, NoConnectionError) as error:
            raise StoreError(cause_of(error)) from error

    def _transact(self, batch: Sequence[Event]) -> list[StoredEvent]:
        with self._engine.begin() as connection:
            # First of all the counter: its row lock lets one writer in at a time, in PostgreSQL too, so
            # that changes become visible in the order of their numbers and nobody who resumes skips one.
            last: int = connection.execute(
                sa.update(changes_table).values(last=changes_table.c.last + len(batch)).returning(changes_table.c.last)
            ).scalar_one()
            present = connection.execute(
                sa.select(events_table.c.id, events_table.c.status).where(
                    events_table.c.id.in_({event.id for event in batch})
                )
            )
            known: dict[str, str | None] = {row.id: row.status for row in present}
            changes: list[tuple[StoredEvent, Event]] = []
            inserts: dict[str, dict[str, Any]] = {}
            updates: dict[str, dict[str, Any]] = {}
            for seq, event in enumerate(batch, start=last - len(batch) + 1):
                row = _row(seq, event)
                if event.id not in known:
                    inserts[event.id] = row
                elif (known[event.id], row["status"]) != ("began", "ended"):
                    continue
                elif event.id in inserts:
                    inserts[event.id] = row | {"at_us": inserts[event.id]["at_us"]}
                else:
                    updates[event.id] = row
                known[event.id] = row["status"]
                stored = StoredEvent(seq, event.id, row["at_us"], event.camera, event.kind, row["payload"])
                changes.append((stored, event))
            if inserts:
                connection.execute(sa.insert(events_table), list(inserts.values()))
                count(connection, inserts.values())
            for row in updates.values():
                # `at_us` stays: a row that moved would be missed by whoever is paging just then.
                connection.execute(
                    sa.update(events_table)
                    .where(events_table.c.id == row["id"])
                    .values(seq=row["seq"], status=row["status"], payload=row["payload"])
                )
            if self._beside and changes:
                self._beside(connection, changes)
        return [stored for stored, _ in changes]

    # -- reading

    def page(self, wanted: EventFilter, limit: int, cursor: str | None = None) -> EventPage:
        """Events, newest first; pages do not shift when new events arrive.

        Raises:
            ValueError: The cursor is none of ours.
            StoreError: The database can't be read.
        """
        place = None if cursor is None else decode_cursor(cursor)
        with reading(self._engine) as connection:
            legs = legs_of(connection, wanted)
            # One more than wanted tells whether there is a next page.
            rows = _events(connection, newest(legs, wanted, limit + 1, place)) if legs else []
        items = rows[:limit]
        return EventPage(items, encode_cursor(*items[-1].place) if len(rows) > limit else None)

    def each(self, wanted: EventFilter, batch: int = 1000) -> Iterator[StoredEvent]:
        """All events that fit, oldest first, read batch by batch.

        Raises:
            StoreError: The database can't be read.
        """
        with reading(self._engine) as connection:
            legs = legs_of(connection, wanted)
        size = min(batch, max(FEWEST, batch // max(1, len(legs))))
        yield from heapq.merge(*(self._each(leg, wanted, size) for leg in legs), key=lambda event: event.place)

    def _each(self, leg: Leg, wanted: EventFilter, batch: int) -> Iterator[StoredEvent]:
        rows = self._read(oldest(leg, wanted, batch, None))
        while rows:
            yield from rows
            rows = self._read(oldest(leg, wanted, batch, rows[-1].place))

    def summary(self, wanted: EventFilter) -> Summary:
        """How many events fit, of what and when.

        Raises:
            StoreError: The database can't be read.
        """
        with reading(self._engine) as connection:
            return summed(connection, wanted)

    def get(self, event_id: str) -> StoredEvent | None:
        """The event of an id; None: there is none.

        Raises:
            StoreError: The database can't be read.
        """
        if "\0" in event_id:
            return None  # PostgreSQL knows no text with it, and would call the question an error
        rows = self._read(SELECT.where(events_table.c.id == event_id))
        return rows[0] if rows else None

    def kinds(self) -> list[tuple[str, str]]:
        """Family and kind of all events that there are, by kind.

        Raises:
            StoreError: The database can't be read.
        """
        with reading(self._engine) as connection:
            return known_kinds(connection)

    def changes_after(self, seq: int, limit: int) -> list[StoredEvent]:
        """Events that changed after `seq`, in the order of their changes.

        Raises:
            StoreError: The database can't be read.
        """
        return self._read(SELECT.where(events_table.c.seq > seq).order_by(events_table.c.seq).limit(limit))

    def open_incidents(self) -> list[StoredEvent]:
        """Incidents that have not ended, in the order in which they began.

        Raises:
            StoreError: The database can't be read.
        """
        # Spelled out: with a parameter SQLite can't know that the index of just these rows will do.
        return self._read(SELECT.where(sa.text("status = 'began'")).order_by(events_table.c.seq))

    def last_change(self) -> StoredEvent | None:
        """The event that was written last; None: there is none.

        Raises:
            StoreError: The database can't be read.
        """
        rows = self._read(SELECT.order_by(events_table.c.seq.desc()).limit(1))
        return rows[0] if rows else None

    def last_seq(self) -> int:
        """A number that every change up to now is not above, and every later one is.

        Raises:
            StoreError: The database can't be read.
        """
        with reading(self._engine) as connection:
            last: int = connection.execute(sa.select(changes_table.c.last)).scalar_one()
            return last

    def _read(self, query: Query) -> list[StoredEvent]:
        with reading(self._engine) as connection:
            return _events(connection, query)


def _events(connection: sa.Connection, query: Query) -> list[StoredEvent]:
    return [StoredEvent(*row) for row in connection.execute(query)]


def _row(seq: int, event: Event) -> dict[str, Any]:
    return {
        "seq": seq,
        "id": event.id,
        "at_us": microseconds(event.at.astimezone(UTC)),
        "camera": event.camera,
        "family": event.family,
        "kind": event.kind,
        "rule": event.rule,
        "label": event.label,
        "status": event.status if event.family == "incident" else None,
        "payload": event.model_dump_json(by_alias=True),
    }
