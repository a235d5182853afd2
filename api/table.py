"""Table: rows on their way into a CSV, Parquet or XLSX file, piece by piece, so that a year of them fits too.

What stands in a table may have been written by anybody who names a line. A spreadsheet takes a text that begins with
`=`, `+`, `-` or `@` for a formula: in CSV such a text gets an apostrophe before it, in XLSX every text is said to be
one.
"""

import csv
import io
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from api.errors import ApiError, FormatMissing
from streams.whole_file import whole_file

Kind = type[str] | type[int] | type[float] | type[datetime]
Columns = Mapping[str, Kind]
"""What each column holds, by its name."""
Row = Sequence[Any]
"""A value for each column; None where there is none."""

SHEET_ROWS = 1_048_576
"""More rows has no sheet of a spreadsheet, its head included."""
_BATCH = 10_000
_PIECE = 1 << 20
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Written:
    """A format of tables.

    Attributes:
        media_type: What it is called on the web.
        pieces: Writes rows; yields the file, bit by bit. FormatMissing where what it needs is not installed.
    """

    media_type: str
    pieces: Callable[[Columns, Iterable[Row]], Iterator[bytes]]


def write_table(path: Path, columns: Columns, rows: Iterable[Row]) -> int:
    """Writes a table; the end of its name says in which format. It takes its place when it is whole.

    Args:
        path: File to write, `.csv`, `.parquet` or `.xlsx`.
        columns: What each column holds, by its name.
        rows: The rows.

    Returns:
        How many rows there were.

    Raises:
        ApiError: The format is not known, or what it needs is not installed.
        OSError: The file can't be written.
    """
    names = {f".{name}": one for name, one in FORMATS.items()}
    chosen = names.get(path.suffix.lower())
    if chosen is None:
        raise ApiError(f"{path}: the end of the name says in which format, one of {', '.join(names)}")
    if path.is_dir():
        raise ApiError(f"{path}: is a folder; give the name of a file")
    if not path.absolute().parent.is_dir():
        raise ApiError(f"{path}: there is no folder {path.absolute().parent}; make it first")
    counted = _Counted(rows)
    with whole_file(path) as part, part.open("wb") as file:
        for piece in chosen.pieces(columns, counted):
            file.write(piece)
    return counted.count


class _Counted:
    """Rows, and how many of them were taken."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = rows
        self.count = 0

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            self.count += 1
            yield row


def _csv(columns: Columns, rows: Iterable[Row]) -> Iterator[bytes]:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    for batch in _batches(rows):
        writer.writerows([_as_text(value) for value in row] for row in batch)
        yield _taken(text).encode()
    if text.tell():
        yield _taken(text).encode()


def _taken(text: io.StringIO) -> str:
    """What was written so far, which is forgotten."""
    written = text.getvalue()
    text.seek(0)
    text.truncate()
    return written


def _as_text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, float):
        return f"{round(value, 6):.15g}"
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value  # csv writes nothing for None


def _parquet(columns: Columns, rows: Iterable[Row]) -> Iterator[bytes]:
    try:
        import pyarrow as pa  # noqa: PLC0415 - large, and an extra
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError as error:
        raise FormatMissing(
            "Parquet needs the extra `parquet`: .venv/bin/python -m pip install -e '.[parquet]'; or take CSV"
        ) from error
    types = {str: pa.string(), int: pa.int64(), float: pa.float64(), datetime: pa.timestamp("ms", tz="UTC")}
    schema = pa.schema([(name, types[kind]) for name, kind in columns.items()])
    sink = _Sink()
    with parquet.ParquetWriter(sink, schema) as writer:
        for batch in _batches(rows):
            values = [list(column) for column in zip(*batch, strict=True)]
            writer.write_table(pa.table(dict(zip(columns, values, strict=True)), schema=schema))
            yield sink.taken()
    yield sink.taken()


class _Sink(io.RawIOBase):
    """A file of which what was written is taken away again and again."""

    def __init__(self) -> None:
        super().__init__()
        self._written: list[bytes] = []
        self._length = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._length

    def write(self, piece: Any) -> int:
        self._written.append(bytes(piece))
        self._length += len(piece)
        return len(piece)

    def taken(self) -> bytes:
        written, self._written = b"".join(self._written), []
        return written


def _xlsx(columns: Columns, rows: Iterable[Row]) -> Iterator[bytes]:
    from xlsxwriter import Workbook  # noqa: PLC0415 - only who wants such a table waits for it

    with tempfile.TemporaryDirectory(prefix="ngatu-xlsx-") as folder:
        path = Path(folder) / "table.xlsx"
        # A row is on the disk when the next one begins.
        with Workbook(path, {"constant_memory": True, "tmpdir": folder}) as book:
            bold = book.add_format({"bold": True})
            moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss.000"})
            left = iter(rows)
            while True:
                sheet = book.add_worksheet()
                sheet.freeze_panes(1, 0)
                for column, name in enumerate(columns):
                    sheet.write_string(0, column, name, bold)
                written = 0
                for number, row in enumerate(islice(left, SHEET_ROWS - 1), start=1):
                    written = number
                    for column, value in enumerate(row):
                        if isinstance(value, datetime):
                            # A spreadsheet knows no time zones: it shows the time of the wanted one.
                            sheet.write_datetime(number, column, value.replace(tzinfo=None), moment)
                        elif isinstance(value, str):
                            sheet.write_string(number, column, value)
                        elif value is not None:
                            sheet.write_number(number, column, value)
                if written < SHEET_ROWS - 1:
                    break
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    waiting = iter(rows)
    while batch := list(islice(waiting, _BATCH)):
        yield batch


Format = Literal["csv", "parquet", "xlsx"]
FORMATS: Mapping[Format, Written] = {
    "csv": Written("text/csv; charset=utf-8", _csv),
    "parquet": Written("application/vnd.apache.parquet", _parquet),
    "xlsx": Written("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _xlsx),
}
"""How a table can be written, by the end of a file's name."""
