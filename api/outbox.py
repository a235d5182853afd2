"""Outbox: what has to be sent to sinks, in the database. Its queries stand here.

A delivery is written in the transaction of its event and removed when the receiver has it. So whatever ends the
program in between, nothing that was stored is left unsent; what was sent and not yet removed is sent again.

    event ──one transaction──▶ waiting ──taken──▶ (gone)
                                 │ ▲
              refused, too old   ▼ │ replayed
                                dead ──dropped──▶ (gone)
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from zlib import crc32

import sqlalchemy as sa

from api.database import Kept, reading, writing
from api.event_search import StoredEvent
from api.schema import BIG, microseconds, moment_of, tables
from api.sink import Message

LANES = 64
"""So many lanes the cameras are spread over; a sink's connection takes some of them."""
_WHAT = "the outbox"
deliveries_table = sa.Table(
    "deliveries",
    tables,
    sa.Column("sink", sa.Text, primary_key=True),
    sa.Column("seq", BIG, primary_key=True, autoincrement=False),
    sa.Column("event", sa.String(64), nullable=False),
    sa.Column("camera", sa.Text, nullable=False),
    sa.Column("lane", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("noted_us", sa.BigInteger, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Index("deliveries_by_state", "sink", "state", "seq"),
)
told_table = sa.Table(
    "deliveries_told",
    tables,
    sa.Column("sink", sa.Text, primary_key=True),
    sa.Column("event", sa.String(64), primary_key=True),
)
last_table = sa.Table(
    "deliveries_last",
    tables,
    sa.Column("sink", sa.Text, primary_key=True),
    sa.Column("camera", sa.Text, primary_key=True),
    sa.Column("rule", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("at_us", sa.BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """Something that waits to be sent to a sink, or was put aside.

    Attributes:
        sink: Id of the sink.
        state: `waiting`, or `dead`: put aside until somebody replays or drops it.
        tries: How often the receiver refused it.
        reason: Why the last time, for people; None while nobody did.
        noted: When it was put into the outbox, UTC.
        message: What is sent.
    """

    sink: str
    state: Literal["waiting", "dead"]
    tries: int
    reason: str | None
    noted: datetime
    message: Message


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much of a sink waits, and how much was put aside."""

    waiting: int = 0
    dead: int = 0


def lane_of(camera: str) -> int:
    """The lane of a camera: the same in every run of the program, since order hangs on it."""
    return crc32(camera.encode()) % LANES


def row_of(sink: str, event: StoredEvent, noted: datetime) -> dict[str, Any]:
    """A new delivery as a row of its table."""
    return {
        "sink": sink,
        "seq": event.seq,
        "event": event.id,
        "camera": event.camera,
        "lane": lane_of(event.camera),
        "state": "waiting",
        "tries": 0,
        "reason": None,
        "noted_us": microseconds(noted),
        "payload": event.payload,
    }


class Outbox(Kept):
    """What has to be sent. Made by `open()`; safe to be used from every thread.

    Every method raises StoreError where the database can't be read or written.
    """

    # -- reading

    def waiting(self, sink: str, lanes: Collection[int], limit: int) -> list[Delivery]:
        """What waits to be sent over some lanes of a sink, in the order of the events."""
        columns = deliveries_table.c
        wanted = [columns.sink == sink, columns.state == "waiting"]
        if len(lanes) < LANES:
            wanted.append(columns.lane.in_(lanes))
        return self._deliveries(*wanted, limit=limit)

    def dead(self, sink: str | None = None, limit: int = 1000, after: int = 0) -> list[Delivery]:
        """What was put aside, of a sink or of all, in the order of the events.

        Args:
            sink: Only of this one.
            limit: So many at most.
            after: Only what has a higher `seq`.
        """
        columns = deliveries_table.c
        wanted = [columns.state == "dead", columns.seq > after]
        if sink is not None:
            wanted.append(columns.sink == sink)
        return self._deliveries(*wanted, limit=limit)

    def backlogs(self) -> dict[str, Backlog]:
        """How much waits and was put aside, by sink; of sinks, too, that are not in the site file any more."""
        columns = deliveries_table.c
        counts = sa.select(columns.sink, columns.state, sa.func.count()).group_by(columns.sink, columns.state)
        found: dict[str, dict[str, int]] = {}
        with reading(self._engine, _WHAT) as connection:
            for sink, state, count in connection.execute(counts):
                found.setdefault(sink, {})[state] = count
        return {sink: Backlog(**states) for sink, states in found.items()}

    # -- writing

    def taken(self, sink: str, seqs: Collection[int]) -> None:
        """The receiver has these."""
        with writing(self._engine, _WHAT) as connection:
            connection.execute(sa.delete(deliveries_table).where(*_these(sink, seqs)))

    def refused(self, sink: str, seq: int, reason: str, tries: int) -> bool:
        """The receiver refused this one; gives whether it is put aside now, after so many tries."""
        columns = deliveries_table.c
        change = (
            sa.update(deliveries_table)
            .where(*_these(sink, [seq]))
            .values(
                tries=columns.tries + 1,
                reason=reason,
                state=sa.case((columns.tries + 1 >= tries, "dead"), else_=columns.state),
            )
            .returning(columns.state)
        )
        with writing(self._engine, _WHAT) as connection:
            return connection.execute(change).scalar() == "dead"

    def give_up(self, sink: str, before: datetime, reason: str) -> int:
        """Puts aside what has waited since before a moment; gives how many those were."""
        columns = deliveries_table.c
        change = (
            sa.update(deliveries_table)
            .where(columns.sink == sink, columns.state == "waiting", columns.noted_us < microseconds(before))
            .values(state="dead", reason=reason)
        )
        with writing(self._engine, _WHAT) as connection:
            return connection.execute(change).rowcount

    def replay(self, sink: str, events: Collection[str] = ()) -> int:
        """Lets what was put aside wait again, as if it were new; gives how many those were.

        Args:
            sink: Of this one.
            events: Ids of events; empty for all.
        """
        wanted = [deliveries_table.c.state == "dead", *_of(sink, events)]
        values = {"state": "waiting", "tries": 0, "noted_us": microseconds(datetime.now(UTC))}
        with writing(self._engine, _WHAT) as connection:
            return connection.execute(sa.update(deliveries_table).where(*wanted).values(**values)).rowcount

    def drop(self, sink: str, events: Collection[str] = (), *, waiting: bool = False) -> int:
        """Removes what was put aside, and on demand what waits; gives how many those were."""
        states = ("dead", "waiting") if waiting else ("dead",)
        wanted = [deliveries_table.c.state.in_(states), *_of(sink, events)]
        with writing(self._engine, _WHAT) as connection:
            return connection.execute(sa.delete(deliveries_table).where(*wanted)).rowcount

    def _deliveries(self, *wanted: sa.ColumnElement[bool], limit: int) -> list[Delivery]:
        columns = deliveries_table.c
        query = sa.select(*columns).where(*wanted).order_by(columns.seq, columns.sink).limit(limit)
        with reading(self._engine, _WHAT) as connection:
            return [
                Delivery(
                    sink=row.sink,
                    state=row.state,
                    tries=row.tries,
                    reason=row.reason,
                    noted=moment_of(row.noted_us),
                    message=Message(row.seq, row.camera, row.payload),
                )
                for row in connection.execute(query)
            ]


def _these(sink: str, seqs: Collection[int]) -> Sequence[sa.ColumnElement[bool]]:
    return deliveries_table.c.sink == sink, deliveries_table.c.seq.in_(seqs)


def _of(sink: str, events: Collection[str]) -> Sequence[sa.ColumnElement[bool]]:
    """Of a sink, all or those of some events."""
    here = deliveries_table.c.sink == sink
    return (here, deliveries_table.c.event.in_(events)) if events else (here,)
