"""Event counts: how many events there were, of what and when; full hours are counted already, the rest is counted now.

        from            full hours             to
    ──────┤▒▒▒▒│ counts │ counts │ counts │▒▒▒▒├──────
          events                            events

So a day of a city costs some thousand rows, not some hundred thousand, and is right to the microsecond.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from api.event_search import Condition, EventFilter, apart
from api.schema import HOUR_US, NO_LABEL, counts_table, events_table, microseconds, series_table

Span = tuple[int, int]
"""From one moment, which belongs to it, to another, which does not; microseconds since 1970."""
FIRST_US = microseconds(datetime(1, 1, 1, tzinfo=UTC))
LAST_US = microseconds(datetime(9999, 12, 31, 23, tzinfo=UTC)) + HOUR_US
_NAMES = ("camera", "family", "kind", "label")
_KEY = ", ".join(_NAMES)
# Both databases understand this, and SQLAlchemy has a word of its own for each.
_ADD = sa.text(
    f"INSERT INTO counts (hour_us, {_KEY}, n) VALUES (:hour_us, :camera, :family, :kind, :label, :n) "  # noqa: S608
    f"ON CONFLICT (hour_us, {_KEY}) DO UPDATE SET n = counts.n + excluded.n"
)
_KNOW = sa.text(
    f"INSERT INTO series ({_KEY}) VALUES (:camera, :family, :kind, :label) ON CONFLICT DO NOTHING"  # noqa: S608
)


class Series(NamedTuple):
    """What events can have in common; an empty label stands for none."""

    camera: str
    family: str
    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class Summary:
    """How many events there were.

    Attributes:
        series: By what they are.
        hours: By the full hour (UTC) of their moment, microseconds since 1970, in order.
    """

    series: Mapping[Series, int]
    hours: Mapping[int, int]


def count(connection: sa.Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Adds new rows of `events` to the counts of their hours."""
    added: Counter[tuple[int, Series]] = Counter()
    for row in rows:
        series = Series(row["camera"], row["family"], row["kind"], row["label"] or NO_LABEL)
        added[row["at_us"] - row["at_us"] % HOUR_US, series] += 1
    if added:
        connection.execute(_KNOW, [series._asdict() for series in {series for _, series in added}])
        connection.execute(_ADD, [{"hour_us": hour, "n": n} | one._asdict() for (hour, one), n in added.items()])


def summed(connection: sa.Connection, wanted: EventFilter) -> Summary:
    """How many events fit a filter."""
    series: Counter[Series] = Counter()
    hours: Counter[int] = Counter()
    full, edges = _parts(wanted)
    known = [*wanted.of(counts_table), *_between(counts_table.c.hour_us, full)]
    keys, hour_us, n = _of(counts_table), counts_table.c.hour_us, sa.func.sum(counts_table.c.n)
    for *key, number in connection.execute(sa.select(*keys, n).where(*known).group_by(*keys)):
        series[Series(*key)] += int(number)
    for hour, number in connection.execute(sa.select(hour_us, n).where(*known).group_by(hour_us)):
        hours[hour] += int(number)
    keys, at_us = _of(events_table), events_table.c.at_us
    for edge in edges:
        chosen = [*wanted.of(events_table, apart), *_between(at_us, edge)]
        for *key, number in connection.execute(sa.select(*keys, sa.func.count()).where(*chosen).group_by(*keys)):
            series[Series(*(name or NO_LABEL for name in key))] += number
            hours[edge[0] - edge[0] % HOUR_US] += number
    return Summary(dict(sorted(series.items())), dict(sorted(hours.items())))


def known_kinds(connection: sa.Connection) -> list[tuple[str, str]]:
    """Family and kind of all events that there are, by kind."""
    columns = series_table.c
    found = connection.execute(sa.select(columns.family, columns.kind).distinct().order_by(columns.kind))
    return [(row.family, row.kind) for row in found]


def _parts(wanted: EventFilter) -> tuple[Span, list[Span]]:
    """The full hours of a time, and what is left of it before and behind them."""
    since_us = FIRST_US if wanted.since is None else microseconds(wanted.since)
    until_us = LAST_US if wanted.until is None else microseconds(wanted.until)
    first_us, last_us = -(-since_us // HOUR_US) * HOUR_US, until_us // HOUR_US * HOUR_US
    if first_us > last_us:  # it lies within one hour
        return (first_us, first_us), [(since_us, until_us)]
    edges = (since_us, first_us), (last_us, until_us)
    return (first_us, last_us), [edge for edge in edges if edge[0] < edge[1]]


def _between(moment: sa.ColumnElement[int], span: Span) -> list[Condition]:
    return [moment >= span[0], moment < span[1]]


def _of(table: sa.Table) -> list[sa.Column[Any]]:
    return [table.c[name] for name in _NAMES]
