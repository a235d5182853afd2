"""Table: rows on their way into a CSV or a Parquet file, batch by batch, so that a year of them fits too."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from api.errors import ApiError
from streams.whole_file import whole_file

Kind = type[str] | type[int] | type[float] | type[datetime]
Row = Sequence[Any]
"""A value for each column; None where there is none."""

_BATCH = 10_000


def write_table(path: Path, columns: Mapping[str, Kind], rows: Iterable[Row]) -> int:
    """Writes a table; the end of its name says in which format. It takes its place when it is whole.

    Args:
        path: File to write, `.csv` or `.parquet`.
        columns: What each column holds, by its name.
        rows: The rows.

    Returns:
        How many rows there were.

    Raises:
        ApiError: The format is not known, or what it needs is not installed.
        OSError: The file can't be written.
    """
    formats = {".csv": _write_csv, ".parquet": _write_parquet}
    write = formats.get(path.suffix.lower())
    if write is None:
        raise ApiError(f"{path}: the end of the name says in which format, one of {', '.join(formats)}")
    if path.is_dir():
        raise ApiError(f"{path}: is a folder; give the name of a file")
    if not path.absolute().parent.is_dir():
        raise ApiError(f"{path}: there is no folder {path.absolute().parent}; make it first")
    with whole_file(path) as part:
        return write(part, columns, rows)


def _write_csv(path: Path, columns: Mapping[str, Kind], rows: Iterable[Row]) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for row in rows:
            writer.writerow(map(_as_text, row))
            count += 1
    return count


def _as_text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, float):
        return f"{round(value, 6):.15g}"
    return value  # csv writes nothing for None


def _write_parquet(path: Path, columns: Mapping[str, Kind], rows: Iterable[Row]) -> int:
    try:
        import pyarrow as pa  # noqa: PLC0415 - large, and an extra
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError as error:
        raise ApiError(
            "Parquet needs the extra `parquet`: .venv/bin/python -m pip install -e '.[parquet]'; or write a .csv"
        ) from error
    types = {str: pa.string(), int: pa.int64(), float: pa.float64(), datetime: pa.timestamp("ms", tz="UTC")}
    schema = pa.schema([(name, types[kind]) for name, kind in columns.items()])
    count, waiting = 0, iter(rows)
    with parquet.ParquetWriter(path, schema) as writer:
        while batch := list(islice(waiting, _BATCH)):
            values = [list(column) for column in zip(*batch, strict=True)]
            writer.write_table(pa.table(dict(zip(columns, values, strict=True)), schema=schema))
            count += len(batch)
    return count
