r"""Event search: which events are asked for, and queries that stay quick among millions of them.

The events of one series (camera, family, kind, label) lie in an index in the order of time, so that its newest 50 are
found at once, however many there are. What fits a filter is some such series, and its newest 50 are among the newest
50 of each:

    kind red_light, any camera                    series that there are      newest of each     newest of all
        ──▶ (red_light, car)                  ──▶ ▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪ ──▶ ▪▪▪▪ ┐
            (red_light, motorcycle)           ──▶ ▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪ ──▶ ▪▪▪▪ ┼──────────▶ ▪▪▪▪
            (red_light, truck)                ──▶ ▪▪▪▪                   ──▶ ▪▪▪▪ ┘

One query over all of them with `kind IN (…)` would leave it to the database to guess how rare they are: where it
guesses wrong it sorts, or steps over, millions.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from api.schema import NO_LABEL, events_table, microseconds, series_table

MOST_LEGS = 200
"""More series than this are so much of all events that stepping over the others costs less."""

Query = sa.Select[*tuple[Any, ...]]
Condition = sa.ColumnElement[bool]
Column = sa.ColumnElement[str]


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

    @property
    def place(self) -> tuple[int, str]:
        """Its place in the order of all events."""
        return self.at_us, self.id


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events: an empty tuple or None leaves a field open. `since` belongs to it, `until` does not."""

    cameras: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None

    def of(self, table: sa.Table, seen_as: Callable[[Column], Column] = lambda column: column) -> list[Condition]:
        """Which series, as SQL conditions on a table that has their columns; every value is a bound parameter.

        Args:
            table: The table.
            seen_as: What stands for a column in its condition.
        """
        wanted = {"camera": self.cameras, "kind": self.kinds, "family": self.families, "label": self.labels}
        return [seen_as(table.c[name]).in_(values) for name, values in wanted.items() if values]

    def within(self, at_us: sa.ColumnElement[int]) -> list[Condition]:
        """Which time, as SQL conditions on a column of moments."""
        since = [] if self.since is None else [at_us >= microseconds(self.since)]
        until = [] if self.until is None else [at_us < microseconds(self.until)]
        return since + until


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events, newest first, and the cursor that continues behind them (None: that was all)."""

    items: list[StoredEvent]
    next: str | None


SELECT = sa.select(*(events_table.c[name] for name in StoredEvent.__slots__))
"""What a `StoredEvent` is made of."""
_AT, _ID = events_table.c.at_us, events_table.c.id


def apart(column: Column) -> Column:
    """The same column, but in no index: so that none but that of time tempts the database, which would have to sort."""
    return column.concat("")


def legs_of(connection: sa.Connection, wanted: EventFilter) -> list[list[Condition]]:
    """What fits a filter as parts that have no event in common; each is handed out by an index in the order of time.

    The time that is asked for is not among the conditions. No part at all: nothing can fit.
    """
    if not wanted.of(events_table):
        return [[]]
    columns = series_table.c
    names = ("camera", "kind", "label") if wanted.cameras else ("kind", "label")
    series = sa.select(*(columns[name] for name in names)).where(*wanted.of(series_table)).distinct()
    found = connection.execute(series.limit(MOST_LEGS + 1)).all()
    if len(found) > MOST_LEGS:
        return [wanted.of(events_table, apart)]
    # Nothing on families: each kind is of one, and what is not in the index would have to be looked up in every event.
    return [[_is(name, value) for name, value in zip(names, row, strict=True)] for row in found]


def newest(
    legs: Sequence[Sequence[Condition]], wanted: EventFilter, limit: int, before: tuple[int, str] | None
) -> Query:
    """The query of the newest events of some legs, newest first.

    Args:
        legs: What fits (see `legs_of`).
        wanted: The filter, for its time.
        limit: So many at most.
        before: Only those behind this place.
    """
    time = wanted.within(_AT)
    if before is not None:
        time.append(sa.tuple_(_AT, _ID) < sa.tuple_(*map(sa.literal, before)))
    order = _AT.desc(), _ID.desc()
    if len(legs) == 1:
        return SELECT.where(*legs[0], *time).order_by(*order).limit(limit)
    # First only the places, which the index alone tells; then what lies at the few that are wanted.
    parts = [sa.select(_AT, _ID).where(*leg, *time).order_by(*order).limit(limit).subquery() for leg in legs]
    of_each = sa.union_all(*map(sa.select, parts)).subquery()
    first = sa.select(of_each).order_by(of_each.c.at_us.desc(), of_each.c.id.desc()).limit(limit).subquery()
    return SELECT.join(first, first.c.id == _ID).order_by(first.c.at_us.desc(), first.c.id.desc())


def oldest(leg: Iterable[Condition], wanted: EventFilter, limit: int, after: tuple[int, str] | None) -> Query:
    """The query of the oldest events of one leg, oldest first; arguments as those of `newest`."""
    time = wanted.within(_AT)
    if after is not None:
        time.append(sa.tuple_(_AT, _ID) > sa.tuple_(*map(sa.literal, after)))
    return SELECT.where(*leg, *time).order_by(_AT, _ID).limit(limit)


def _is(name: str, value: str) -> Condition:
    column = events_table.c[name]
    return column.is_(None) if name == "label" and value == NO_LABEL else column == value
