"""Store: keeps events in a database. The only queries of the project, but for those of the index of recordings.

Every change carries a number, `seq`, that only grows: a new event, and an incident that ends. Who knows the
last number it saw misses nothing.
"""

import base64
import binascii
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from api.database import cause_of, connect
from api.errors import EventsLost, StoreError
from api.words import counted
from api.writer import Writer, WriterState
from vision.events import Event

logger = logging.getLogger(__name__)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

tables = sa.MetaData()
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
events_table = sa.Table(
    "events",
    tables,
    sa.Column("seq", _BIG, primary_key=True, autoincrement=False),
    sa.Column("id", sa.String(64), nullable=False, unique=True),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("camera", sa.Text, nullable=False),
    sa.Column("family", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("label", sa.Text),
    sa.Column("status", sa.Text),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Index("events_by_time", "at_us", "id"),
    sa.Index("events_by_camera", "camera", "at_us", "id"),
    sa.Index("events_by_kind", "kind", "at_us", "id"),
    sa.Index(
        "events_left_open",
        "seq",
        sqlite_where=sa.text("status = 'began'"),
        postgresql_where=sa.text("status = 'began'"),
    ),
)
changes_table = sa.Table(
    "changes",
    tables,
    sa.Column("one", sa.Integer, sa.CheckConstraint("one = 1"), primary_key=True),
    sa.Column("last", _BIG, nullable=False),
)


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as it lies in the store.

    Attributes:
        seq: Number of its last change.
        id: Its id.
        at_us: When, microseconds since 1970; for an incident the `at` of its beginning, for ever.
        camera: Id of the camera.
        kind: Its kind.
        payload: The event as JSON, as contract.md has it.
    """

    seq: int
    id: str
    at_us: int
    camera: str
    kind: str
    payload: str


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events: an empty tuple or None leaves a field open. `since` belongs to it, `until` does not."""

    cameras: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """The filter as SQL conditions; every value is a bound parameter."""
        columns = events_table.c
        found: list[sa.ColumnElement[bool]] = [
            column.in_(values)
            for column, values in (
                (columns.camera, self.cameras),
                (columns.kind, self.kinds),
                (columns.family, self.families),
                (columns.label, self.labels),
            )
            if values
        ]
        if self.since is not None:
            found.append(columns.at_us >= microseconds(self.since))
        if self.until is not None:
            found.append(columns.at_us < microseconds(self.until))
        return found


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events, newest first, and the cursor that continues behind them (None: that was all)."""

    items: list[StoredEvent]
    next: str | None


def microseconds(moment: datetime) -> int:
    """Microseconds from 1970 to a moment that knows its time zone."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def encode_cursor(event: StoredEvent) -> str:
    """The opaque cursor that continues behind an event."""
    return base64.urlsafe_b64encode(f"{event.at_us} {event.id}".encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> tuple[int, str]:
    """Place of a cursor: `at_us` and id.

    Raises:
        ValueError: We never gave out such a cursor.
    """
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        at_us, event_id = raw.decode("ascii").split(" ")
        place = int(at_us), event_id
    except (ValueError, binascii.Error) as error:
        raise ValueError("not a cursor of ours; take `next` of the page before") from error
    if not -(2**63) <= place[0] < 2**63 or not event_id.isprintable():
        raise ValueError("not a cursor of ours; take `next` of the page before")
    return place


class Store:
    """Events on disk. Made by `open()`; safe to be used from every thread."""

    def __init__(self, engine: sa.Engine, capacity: int) -> None:
        self._engine = engine
        self._writer: Writer[StoredEvent] = Writer(self._write, capacity)

    @classmethod
    def open(cls, url: str, capacity: int = 100_000) -> Self:
        """Opens the database, brings its tables up to date and starts the writer.

        Args:
            url: SQLAlchemy URL, such as `sqlite:///var/ngatu.db`.
            capacity: How many events may wait to be written.

        As a context it ends with `close`, and raises EventsLost where that left something.

        Raises:
            StoreError: It can't be opened, or a newer version of the program made it.
        """
        store = cls(connect(url), capacity)
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
            changes: list[StoredEvent] = []
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
                changes.append(StoredEvent(seq, event.id, row["at_us"], event.camera, event.kind, row["payload"]))
            if inserts:
                connection.execute(sa.insert(events_table), list(inserts.values()))
            for row in updates.values():
                # `at_us` stays: a row that moved would be missed by whoever is paging just then.
                connection.execute(
                    sa.update(events_table)
                    .where(events_table.c.id == row["id"])
                    .values(seq=row["seq"], status=row["status"], payload=row["payload"])
                )
        return changes

    # -- reading

    def page(self, wanted: EventFilter, limit: int, cursor: str | None = None) -> EventPage:
        """Events, newest first; pages do not shift when new events arrive.

        Raises:
            ValueError: The cursor is none of ours.
            StoreError: The database can't be read.
        """
        conditions = wanted.conditions()
        if cursor is not None:
            place = sa.tuple_(*map(sa.literal, decode_cursor(cursor)))
            conditions.append(sa.tuple_(events_table.c.at_us, events_table.c.id) < place)
        order = events_table.c.at_us.desc(), events_table.c.id.desc()
        # One more than wanted tells whether there is a next page.
        rows = self._read(_SELECT.where(*conditions).order_by(*order).limit(limit + 1))
        items = rows[:limit]
        return EventPage(items, encode_cursor(items[-1]) if len(rows) > limit else None)

    def each(self, wanted: EventFilter, batch: int = 1000) -> Iterator[StoredEvent]:
        """All events that fit, oldest first, read batch by batch.

        Raises:
            StoreError: The database can't be read.
        """
        order = events_table.c.at_us, events_table.c.id
        query = _SELECT.where(*wanted.conditions()).order_by(*order).limit(batch)
        rows = self._read(query)
        while rows:
            yield from rows
            last = sa.tuple_(sa.literal(rows[-1].at_us), sa.literal(rows[-1].id))
            rows = self._read(query.where(sa.tuple_(*order) > last))

    def get(self, event_id: str) -> StoredEvent | None:
        """The event of an id; None: there is none.

        Raises:
            StoreError: The database can't be read.
        """
        if "\0" in event_id:
            return None  # PostgreSQL knows no text with it, and would call the question an error
        rows = self._read(_SELECT.where(events_table.c.id == event_id))
        return rows[0] if rows else None

    def kinds(self) -> list[tuple[str, str]]:
        """Family and kind of all events that there are, by kind.

        Raises:
            StoreError: The database can't be read.
        """
        columns, found = events_table.c, []
        after = sa.select(columns.family, columns.kind).order_by(columns.kind).limit(1)
        try:
            with self._engine.connect() as connection:
                # From kind to kind by their index: DISTINCT would read every event that ever was.
                row = connection.execute(after).first()
                while row is not None:
                    found.append((row.family, row.kind))
                    row = connection.execute(after.where(columns.kind > row.kind)).first()
        except (DBAPIError, NoConnectionError) as error:
            raise StoreError(f"the database can't be read: {cause_of(error)}") from error
        return found

    def changes_after(self, seq: int, limit: int) -> list[StoredEvent]:
        """Events that changed after `seq`, in the order of their changes.

        Raises:
            StoreError: The database can't be read.
        """
        return self._read(_SELECT.where(events_table.c.seq > seq).order_by(events_table.c.seq).limit(limit))

    def open_incidents(self) -> list[StoredEvent]:
        """Incidents that have not ended, in the order in which they began.

        Raises:
            StoreError: The database can't be read.
        """
        # Spelled out: with a parameter SQLite can't know that the index of just these rows will do.
        return self._read(_SELECT.where(sa.text("status = 'began'")).order_by(events_table.c.seq))

    def last_change(self) -> StoredEvent | None:
        """The event that was written last; None: there is none.

        Raises:
            StoreError: The database can't be read.
        """
        rows = self._read(_SELECT.order_by(events_table.c.seq.desc()).limit(1))
        return rows[0] if rows else None

    def last_seq(self) -> int:
        """A number that every change up to now is not above, and every later one is.

        Raises:
            StoreError: The database can't be read.
        """
        try:
            with self._engine.connect() as connection:
                last: int = connection.execute(sa.select(changes_table.c.last)).scalar_one()
                return last
        except (DBAPIError, NoConnectionError) as error:
            raise StoreError(f"the database can't be read: {cause_of(error)}") from error

    def _read(self, query: sa.Select[*tuple[Any, ...]]) -> list[StoredEvent]:
        try:
            with self._engine.connect() as connection:
                return [StoredEvent(*row) for row in connection.execute(query)]
        except (DBAPIError, NoConnectionError) as error:
            raise StoreError(f"the database can't be read: {cause_of(error)}") from error


_SELECT = sa.select(*(events_table.c[name] for name in StoredEvent.__slots__))


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
