"""Schema: the tables of the database, but for those of the index of recordings, which stand beside it.

    series    every combination of camera, family, kind and label of which there is an event
    counts    how many events each series has, hour by hour
    events    the events themselves
    changes   the number of the last change

`series` and `counts` follow from `events`; they are what makes millions of events quick to ask.
"""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR_US = 3_600_000_000
NO_LABEL = ""
"""Stands for "none" where a label is part of a key."""

tables = sa.MetaData()
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
events_table = sa.Table(
    "events",
    tables,
    sa.Column("seq", BIG, primary_key=True, autoincrement=False),
    sa.Column("id", sa.String(64), nullable=False, unique=True),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("camera", sa.Text, nullable=False),
    sa.Column("family", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("label", sa.Text),
    sa.Column("status", sa.Text),
    sa.Column("payload", sa.Text, nullable=False),
    # Each serves one sort of question, and hands out its events in the order of time (see `api.event_search`).
    sa.Index("events_by_time", "at_us", "id"),
    sa.Index("events_by_kind", "kind", "label", "at_us", "id"),
    sa.Index("events_by_camera", "camera", "kind", "label", "at_us", "id"),
    sa.Index(
        "events_left_open",
        "seq",
        sqlite_where=sa.text("status = 'began'"),
        postgresql_where=sa.text("status = 'began'"),
    ),
)
_SERIES = ("camera", "family", "kind", "label")
series_table = sa.Table(
    "series", tables, *(sa.Column(name, sa.Text, primary_key=True) for name in _SERIES), sqlite_with_rowid=False
)
counts_table = sa.Table(
    "counts",
    tables,
    sa.Column("hour_us", sa.BigInteger, primary_key=True, autoincrement=False),
    *(sa.Column(name, sa.Text, primary_key=True) for name in _SERIES),
    sa.Column("n", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
changes_table = sa.Table(
    "changes",
    tables,
    sa.Column("one", sa.Integer, sa.CheckConstraint("one = 1"), primary_key=True),
    sa.Column("last", BIG, nullable=False),
)


def microseconds(moment: datetime) -> int:
    """Microseconds from 1970 to a moment that knows its time zone."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def moment_of(us: int) -> datetime:
    """The moment so many microseconds after 1970, UTC."""
    return EPOCH + timedelta(microseconds=us)
