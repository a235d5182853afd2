"""Command `export`: what was found as tables, for spreadsheets and notebooks."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from api.errors import ApiError
from api.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from api.table import Kind, Row

# Each command imports what it needs itself (see api/__main__.py).
# ruff: noqa: PLC0415

Events = Annotated[
    Path | None, typer.Option("--events", help="Events of `ngatu run`, JSON lines; else the database [NGATU_DATABASE].")
]
Since = Annotated[str | None, typer.Option("--from", help="Not before this moment, ISO 8601.")]
Until = Annotated[str | None, typer.Option("--to", help="Before this moment; an interval may end then.")]
CameraIds = Annotated[list[str] | None, typer.Option("--camera", help="Only of this camera; may be repeated.")]
Zone = Annotated[str, typer.Option("--timezone", help="Time zone of moments, in and out, such as Asia/Ho_Chi_Minh.")]


def export(
    out: Annotated[Path, typer.Option(help="File to write, .csv, .parquet or .xlsx.", show_default=False)],
    events: Events = None,
    family: Annotated[
        Literal["passage", "violation", "incident", "measurement"], typer.Option(help="Which events.")
    ] = "measurement",
    kind: Annotated[list[str] | None, typer.Option(help="Only of this kind; may be repeated.")] = None,
    camera: CameraIds = None,
    interval: Annotated[int | None, typer.Option(help="Measurements of intervals so long only, seconds.")] = None,
    since: Since = None,
    until: Until = None,
    timezone: Zone = "UTC",
) -> None:
    """Writes events of a time as a table, CSV, Parquet or XLSX; measurements have a row for each figure.

    Exit codes: 0 done; 1 the file could not be written; 2 bad input, nothing is written.
    """
    from api.export import COLUMNS, Selection, events_of, rows_of
    from api.settings import read_settings

    zone = zone_of(timezone)
    selection = Selection(
        family,
        tuple(camera or ()),
        tuple(kind or ()),
        interval,
        moment_of("--from", since, zone),
        moment_of("--to", until, zone),
    )
    rows = rows_of(family, events_of(selection, events, read_settings()), zone)
    write_rows(out, COLUMNS[family], rows, events)


def write_rows(out: Path, columns: "Mapping[str, Kind]", rows: "Iterable[Row]", events: Path | None) -> None:
    """Writes a table and tells how many rows it has; ends the command where the file can't be written.

    Raises:
        ApiError: The name of the file is none for a table, or that of the events that are read.
    """
    from api.table import write_table

    if events and out.resolve() == events.resolve():
        raise ApiError(f"{out}: is read by this export and would be destroyed; write elsewhere")
    try:
        count = write_table(out, columns, rows)
    except OSError as error:
        typer.echo(f"ngatu: {out}: can't be written: {error.strerror or error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{out}: {counted(count, 'row')}")


def zone_of(name: str) -> ZoneInfo:
    """A time zone by its name.

    Raises:
        ApiError: There is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ApiError(f"--timezone {name!r}: no such time zone; write it such as Asia/Ho_Chi_Minh") from None


def moment_of(option: str, text: str | None, zone: ZoneInfo) -> datetime | None:
    """A moment as people write it; without an offset it is meant in a time zone.

    Raises:
        ApiError: It is none.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ApiError(f"{option} {text!r} is no ISO 8601 time; write it such as 2026-11-24T14:05:00+07:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
