"""Commands `otflow`: sections and flows of OpenTrafficCam come in, counts go out."""

import re
from pathlib import Path
from typing import Annotated

import typer

from api.errors import ApiError
from api.export_commands import Events, Since, Until, Zone, moment_of, write_rows, zone_of
from api.words import counted

# Each command imports what it needs itself (see api/__main__.py).
# ruff: noqa: PLC0415

otflow_app = typer.Typer(help="Sections, flows and counts in OpenTrafficCam's formats.", no_args_is_help=True)


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
    out: Annotated[Path, typer.Option(help="File to write, .csv.", show_default=False)],
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

    zone = zone_of(timezone)
    if out.suffix.lower() != ".csv":
        raise ApiError(f"{out}: counts are written as .csv")
    moments = moment_of("--from", since, zone), moment_of("--to", until, zone)
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
    write_rows(out, COUNT_COLUMNS, rows, events)
    if partly:
        typer.echo(f"ngatu: of {counted(partly, 'interval')} a part was not watched: counts may be too low", err=True)
