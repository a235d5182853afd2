"""RecordingIndex: which recordings lie on the disk, and what of them must be kept. Its queries stand here.

A recording is removed in one transaction with its row: the row goes, then the file, then it is committed. Whatever
ends the program in between leaves a row without a file, which the next removal meets again, never a file that nobody
knows of.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from api.database import Kept, reading, writing
from api.schema import microseconds, moment_of, tables
from streams.segment import Segment

LONGEST = timedelta(minutes=10)
"""No segment is longer: it bounds how far back one has to look for what lasts until a moment."""
PAGE = 1000
_WHAT = "the index of recordings"
recordings_table = sa.Table(
    "recordings",
    tables,
    sa.Column("file", sa.Text, primary_key=True),
    sa.Column("camera", sa.Text, nullable=False),
    sa.Column("began_us", sa.BigInteger, nullable=False),
    sa.Column("ended_us", sa.BigInteger, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("codec", sa.Text, nullable=False),
    sa.Column("key_pictures", sa.Integer, nullable=False),
    sa.Column("clock", sa.Text, nullable=False),
    sa.Index("recordings_by_camera", "camera", "began_us"),
    sa.Index("recordings_by_time", "began_us"),
)
holds_table = sa.Table(
    "holds",
    tables,
    sa.Column("event", sa.String(64), primary_key=True),
    sa.Column("camera", sa.Text, nullable=False),
    sa.Column("began_us", sa.BigInteger, nullable=False),
    sa.Column("ended_us", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Index("holds_by_camera", "camera", "began_us"),
)
_HELD = sa.exists().where(
    holds_table.c.camera == recordings_table.c.camera,
    holds_table.c.began_us < recordings_table.c.ended_us,
    holds_table.c.ended_us > recordings_table.c.began_us,
)


@dataclass(frozen=True, slots=True)
class Hold:
    """A legal hold: what a camera recorded in this time is not removed, whatever its age and however full the disk.

    Attributes:
        event: Id of the event that it is for.
        camera: Id of its camera.
        began: Since when.
        ended: Until when.
        reason: Why, for people.
    """

    event: str
    camera: str
    began: datetime
    ended: datetime
    reason: str

    def covers(self, segment: Segment) -> bool:
        """Whether a segment is under it."""
        return self.camera == segment.camera and self.began < segment.ended and self.ended > segment.began


class RecordingIndex(Kept):
    """The index in the database. Made by `open()`; safe to be used from every thread.

    Every method raises StoreError where the database can't be read or written.
    """

    # -- writing

    def add(self, segments: Iterable[Segment]) -> None:
        """Notes segments; what was known of the same files is replaced."""
        rows = {segment.file: _row(segment) for segment in segments}
        if not rows:
            return
        with writing(self._engine, _WHAT) as connection:
            # First of all the one that writes: SQLite then waits for other writers instead of giving up.
            connection.execute(sa.delete(recordings_table).where(recordings_table.c.file.in_(rows)))
            connection.execute(sa.insert(recordings_table), list(rows.values()))

    def forget(self, files: Sequence[str]) -> None:
        """Removes rows whose files are gone."""
        with writing(self._engine, _WHAT) as connection:
            connection.execute(sa.delete(recordings_table).where(recordings_table.c.file.in_(files)))

    def remove_oldest(
        self, unlink: Callable[[str], None], *, before: datetime | None = None, limit: int = 100
    ) -> list[Segment]:
        """Removes the oldest recordings that are under no hold, rows and files.

        Args:
            unlink: Removes a file; one that is gone already is no error.
            before: Only those that had ended by then.
            limit: So many at most.

        Returns:
            What was removed, the oldest first.

        Raises:
            OSError: A file can't be removed; its row stays.
        """
        columns = recordings_table.c
        wanted = [sa.not_(_HELD)]
        if before is not None:
            wanted.append(columns.ended_us < microseconds(before))
        oldest = sa.select(columns.file).where(*wanted).order_by(columns.began_us).limit(limit)
        chosen = sa.delete(recordings_table).where(columns.file.in_(oldest)).returning(*columns)
        with writing(self._engine, _WHAT) as connection:
            removed = sorted((_segment(row) for row in connection.execute(chosen)), key=lambda one: one.began)
            for segment in removed:
                unlink(segment.file)
        return removed

    def hold(self, hold: Hold) -> None:
        """Puts a hold, or changes that of the same event."""
        values = asdict(hold)
        times = {f"{name}_us": microseconds(values.pop(name)) for name in ("began", "ended")}
        with writing(self._engine, _WHAT) as connection:
            connection.execute(sa.delete(holds_table).where(holds_table.c.event == hold.event))
            connection.execute(sa.insert(holds_table), [values | times])

    def release(self, event: str) -> bool:
        """Ends the hold of an event; False: there was none."""
        with writing(self._engine, _WHAT) as connection:
            gone = sa.delete(holds_table).where(holds_table.c.event == event).returning(holds_table.c.event)
            return connection.execute(gone).first() is not None

    # -- reading

    def covering(self, camera: str, began: datetime, ended: datetime) -> list[Segment]:
        """What a camera recorded in a time, in order; the first and last may reach beyond it."""
        columns = recordings_table.c
        return self._segments(
            sa.select(*columns)
            .where(
                columns.camera == camera,
                columns.began_us > microseconds(began - LONGEST),
                columns.began_us < microseconds(ended),
                columns.ended_us > microseconds(began),
            )
            .order_by(columns.began_us)
        )

    def last(self, camera: str) -> Segment | None:
        """The newest recording of a camera; None: there is none."""
        columns = recordings_table.c
        newest = sa.select(*columns).where(columns.camera == camera).order_by(columns.began_us.desc()).limit(1)
        return next(iter(self._segments(newest)), None)

    def all(self, camera: str | None = None) -> Iterator[Segment]:
        """All recordings, by file name: those of a camera in the order of time. Read bit by bit: there are many."""
        columns = recordings_table.c
        after = ""
        while True:
            page = sa.select(*columns).where(columns.file > after).order_by(columns.file).limit(PAGE)
            found = self._segments(page if camera is None else page.where(columns.camera == camera))
            yield from found
            if len(found) < PAGE:
                return
            after = found[-1].file

    def size(self) -> int:
        """Bytes of all recordings."""
        with reading(self._engine, _WHAT) as connection:
            return int(connection.execute(sa.select(sa.func.sum(recordings_table.c.bytes))).scalar() or 0)

    def holds(self) -> list[Hold]:
        """All holds, the oldest first."""
        columns = holds_table.c
        with reading(self._engine, _WHAT) as connection:
            return [
                Hold(row.event, row.camera, moment_of(row.began_us), moment_of(row.ended_us), row.reason)
                for row in connection.execute(sa.select(*columns).order_by(columns.began_us))
            ]

    def _segments(self, query: sa.Select[*tuple[Any, ...]]) -> list[Segment]:
        with reading(self._engine, _WHAT) as connection:
            return [_segment(row) for row in connection.execute(query)]


def _row(segment: Segment) -> dict[str, Any]:
    values = asdict(segment)
    return values | {f"{name}_us": microseconds(values.pop(name)) for name in ("began", "ended")}


def _segment(row: Any) -> Segment:
    return Segment(
        camera=row.camera,
        file=row.file,
        began=moment_of(row.began_us),
        ended=moment_of(row.ended_us),
        bytes=row.bytes,
        codec=row.codec,
        key_pictures=row.key_pictures,
        clock=row.clock,
    )
