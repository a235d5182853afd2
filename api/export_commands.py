"""Commands that hand out what was found: tables for spreadsheets and notebooks, and OpenTrafficCam's formats."""

import re
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

otflow_app = typer.Typer(help="Sections, flows and counts in OpenTrafficCam's formats.", no_args_is_help=True)

Out = Annotated[Path, typer.Option(help="File to write.", show_default=False)]
Events = Annotated[
    Path | None, typer.Option("--events", help="Events of `ngatu run`, JSON lines; else the database [NGATU_DATABASE].")
]
Since = Annotated[str | None, typer.Option("--from", help="Not before this moment, ISO 8601.")]
Until = Annotated[str | None, typer.Option("--to", help="Before this moment; an interval may end then.")]
CameraIds = Annotated[list[str] | None, typer.Option("--camera", help="Only of this camera; may be repeated.")]
Zone = Annotated[str, typer.Option("--timezone", help="Time zone of moments, in and out, such as Asia/Ho_Chi_Minh.")]


def export(
    out: Annotated[Path, typer.Option(help="File to write, .csv or .parquet.", show_default=False)],
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
    """Writes events of a time as a table, CSV or Parquet; measurements have a row for each figure.

    Exit codes: 0 done; 1 the file could not be written; 2 bad input, nothing is written.
    """
    from api.export import COLUMNS, Selection, events_of, rows_of
    from api.settings import read_settings

    zone = _zone(timezone)
    selection = Selection(
        family,
        tuple(camera or ()),
        tuple(kind or ()),
        interval,
        _moment("--from", since, zone),
        _moment("--to", until, zone),
    )
    rows = rows_of(family, events_of(selection, events, read_settings()), zone)
    _write(out, COLUMNS[family], rows, events)


@otflow_app.command("import")
def import_otflow(
    file: Annotated[Path, typer.Argument(help="FILE.otflow, or FILE.otconfig.", show_default=False)],
    size: Annotated[str, typer.Option(help="Size of the video that it was drawn on, such as 800x600.")],
) -> None:
    """Prints the sections and flows of OpenTrafficCam as lines, zones and a rule, for a camera in a site file."""
    from api.otflow import read_otflow

    found = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", size)
    if found is None:
        raise ApiError(f"--size {size!r}: write width and height in px, such as 800x600")
    typer.echo(read_otflow(file, (int(found[1]), int(found[2]))), nl=False)


@otflow_app.command("counts")
def counts_otflow(
    out: Out,
    events: Events = None,
    camera: Annotated[str | None, typer.Option(help="Camera; needed where there are counts of several.")] = None,
    interval: Annotated[int, typer.Option(help="Length of the intervals, seconds; one that is measured.")] = 900,
    since: Since = None,
    until: Until = None,
    timezone: Zone = "UTC",
) -> None:
    """Writes how many went from line to line, by class and interval, in the format of OTAnalytics' counts (CSV)."""
    from api.export import Selection, events_of
    from api.otflow import COUNT_COLUMNS, counts
    from api.settings import read_settings

    zone = _zone(timezone)
    if out.suffix.lower() != ".csv":
        raise ApiError(f"{out}: counts are written as .csv")
    moments = _moment("--from", since, zone), _moment("--to", until, zone)
    chosen = Selection("measurement", (camera,) if camera else (), ("movement_flow",), interval, *moments)
    found = list(events_of(chosen, events, read_settings()))
    cameras = sorted({event.camera for event in found})
    if len(cameras) > 1:
        raise ApiError(f"there are counts of several cameras; say of which with --camera: {', '.join(cameras)}")
    if not found:
        raise ApiError(
            f"there are no counts of {interval} s; a rule `movement` makes them, at the `intervals_s` of the site file"
        )
    rows, partly = counts(found, zone)
    _write(out, COUNT_COLUMNS, rows, events)
    if partly:
        typer.echo(f"ngatu: of {counted(partly, 'interval')} a part was not watched: counts may be too low", err=True)


def _write(out: Path, columns: "Mapping[str, Kind]", rows: "Iterable[Row]", events: Path | None) -> None:
    from api.table import write_table

    if events and out.resolve() == events.resolve():
        raise ApiError(f"{out}: is read by this export and would be destroyed; write elsewhere")
    try:
        count = write_table(out, columns, rows)
    except OSError as error:
        typer.echo(f"ngatu: {out}: can't be written: {error.strerror or error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{out}: {counted(count, 'row')}")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ApiError(f"--timezone {name!r}: no such time zone; write it such as Asia/Ho_Chi_Minh") from None


def _moment(option: str, text: str | None, zone: ZoneInfo) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ApiError(f"{option} {text!r} is no ISO 8601 time; write it such as 2026-11-24T14:05:00+07:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
