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

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from api.schema import NO_LABEL, events_table, microseconds, series_table

MOST_LEGS = 200
"""More series than this are so much of all events that stepping over the others costs less."""

Query = sa.Select[*tuple[Any, ...]]
Leg = Mapping[str, str]
"""A part of all events by what it has in common, the columns of an index by their names; an empty one is all events."""
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


def legs_of(connection: sa.Connection, wanted: EventFilter) -> list[Leg]:
    """What fits a filter as parts that have no event in common; each is handed out by an index in the order of time.

    The time that is asked for is not in them. No part at all: nothing can fit.
    """
    columns = series_table.c
    chosen = wanted.of(series_table)
    if not chosen:
        return [{}]
    names = ("camera", "kind", "label") if wanted.cameras else ("kind", "label")
    series = sa.select(*(columns[name] for name in names)).where(*chosen).distinct()
    found = connection.execute(series.limit(MOST_LEGS + 1)).all()
    # Nothing on families: each kind is of one, and what is not in the index would have to be looked up in every event.
    return [{}] if len(found) > MOST_LEGS else [dict(zip(names, row, strict=True)) for row in found]


def newest(legs: Sequence[Leg], wanted: EventFilter, limit: int, before: tuple[int, str] | None) -> Query:
    """The query of the newest events of some legs, newest first.

    Args:
        legs: What fits (see `legs_of`).
        wanted: The filter.
        limit: So many at most.
        before: Only those behind this place.
    """
    if len(legs) == 1:
        time = wanted.within(_AT)
        if before is not None:
            time.append(sa.tuple_(_AT, _ID) < sa.tuple_(*map(sa.literal, before)))
        return SELECT.where(*_conditions(legs[0], wanted), *time).order_by(_AT.desc(), _ID.desc()).limit(limit)
    # First only the places, which the index alone tells; then what lies at the few that are wanted.
    of_each = _newest_of_each(legs, wanted, limit, before)
    first = sa.select(of_each).order_by(of_each.c.at_us.desc(), of_each.c.id.desc()).limit(limit).subquery()
    return SELECT.join(first, first.c.id == _ID).order_by(first.c.at_us.desc(), first.c.id.desc())


def oldest(leg: Leg, wanted: EventFilter, limit: int, after: tuple[int, str] | None) -> Query:
    """The query of the oldest events of one leg, oldest first; arguments as those of `newest`."""
    time = wanted.within(_AT)
    if after is not None:
        time.append(sa.tuple_(_AT, _ID) > sa.tuple_(*map(sa.literal, after)))
    return SELECT.where(*_conditions(leg, wanted), *time).order_by(_AT, _ID).limit(limit)


def _newest_of_each(
    legs: Sequence[Leg], wanted: EventFilter, limit: int, before: tuple[int, str] | None
) -> sa.Subquery:
    """The places of the newest events of each leg."""
    # As text: SQLAlchemy takes half a second to put 100 of them together. All values are bound parameters.
    values: dict[str, Any] = {"limit": limit}
    time = ""
    for name, sign, moment in (("since", ">=", wanted.since), ("until", "<", wanted.until)):
        if moment is not None:
            time += f" AND at_us {sign} :{name}"
            values[name] = microseconds(moment)
    if before is not None:
        time += " AND (at_us, id) < (:before_us, :before_id)"
        values["before_us"], values["before_id"] = before
    parts = []
    for number, leg in enumerate(legs):
        series = []
        for column, value in leg.items():
            if column == "label" and value == NO_LABEL:
                series.append("label IS NULL")
            else:
                series.append(f"{column} = :{column}_{number}")
                values[f"{column}_{number}"] = value
        parts.append(
            f"SELECT * FROM (SELECT at_us, id FROM events WHERE {' AND '.join(series)}{time} "  # noqa: S608
            f"ORDER BY at_us DESC, id DESC LIMIT :limit) AS leg_{number}"
        )
    text = sa.text(" UNION ALL ".join(parts)).bindparams(**values)
    return text.columns(at_us=sa.BigInteger, id=sa.String).subquery()


def _conditions(leg: Leg, wanted: EventFilter) -> list[Condition]:
    """A leg as conditions; of the one that is all events the filter itself."""
    return [_is(name, value) for name, value in leg.items()] if leg else wanted.of(events_table, apart)


def _is(name: str, value: str) -> Condition:
    column = events_table.c[name]
    return column.is_(None) if name == "label" and value == NO_LABEL else column == value
