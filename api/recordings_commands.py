"""Commands about recordings: `ngatu recordings …` and `ngatu clip`."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from api.recording_index import RecordingIndex
    from api.settings import Settings
    from vision.events import Event

# Each command imports what it needs itself: the command line begins quickly.
# ruff: noqa: PLC0415

recordings_app = typer.Typer(help="What is recorded, and what of it must be kept.", no_args_is_help=True)

EventArgument = Annotated[str, typer.Argument(help="Id of the event.", show_default=False)]
BeforeOption = Annotated[float, typer.Option(min=0, max=600, help="Seconds before the event.")]
AfterOption = Annotated[float, typer.Option(min=0, max=600, help="Seconds after the event.")]


@recordings_app.command("list")
def list_recordings(
    camera: Annotated[str | None, typer.Option(help="Only those of this camera.")] = None,
    each: Annotated[bool, typer.Option(help="Every file, not only how much of each day.")] = False,
) -> None:
    """Lists what is recorded: how much of each day and camera, or every file."""
    from rich.console import Console
    from rich.table import Table

    with _index() as (_, index):
        holds = index.holds()
        table = Table(*(("file", "from", "to", "MB", "codec", "clock", "held") if each else _DAY), box=None)
        rows: dict[tuple[str, str], list[float]] = {}
        for one in index.all(camera):
            held = any(
                hold.camera == one.camera and hold.began < one.ended and hold.ended > one.began for hold in holds
            )
            if each:
                times = (f"{moment:%Y-%m-%d %H:%M:%S}" for moment in (one.began, one.ended))
                size = f"{one.bytes / 1e6:.1f}"
                table.add_row(one.file, *times, size, one.codec, one.clock, "held" if held else "")
                continue
            row = rows.setdefault((one.camera, f"{one.began:%Y-%m-%d}"), [0, 0, 0, 0])
            added = (1, (one.ended - one.began).total_seconds() / 3600, one.bytes / 1e9, held)
            row[:] = [before + more for before, more in zip(row, added, strict=True)]
        for (name, day), (files, hours, gigabytes, kept) in rows.items():
            table.add_row(name, day, f"{files:.0f}", f"{hours:.2f}", f"{gigabytes:.2f}", f"{kept:.0f}")
        Console(soft_wrap=True).print(table)
        for hold in holds:
            typer.echo(f"hold: event {hold.event}, camera {hold.camera}, {hold.began} to {hold.ended}: {hold.reason}")


_DAY = ("camera", "day (UTC)", "files", "hours", "GB", "held")


@recordings_app.command("check")
def check_recordings(
    read: Annotated[bool, typer.Option(help="Read every file from beginning to end, too.")] = False,
    mend: Annotated[
        bool, typer.Option(help="Bring the index into line with the disk. Not while a server is at work.")
    ] = False,
) -> None:
    """Proves that the index and the disk agree: exit code 0, or 1 with what differs."""
    from api import recording_disk

    with _index() as (settings, index):
        folder = Path(settings.recordings)
        differences = recording_disk.check(index, folder, read=read)
        for one in differences:
            typer.echo(str(one))
        if mend and differences:
            recording_disk.mend(index, folder, differences)
            differences = [one for one in recording_disk.check(index, folder, read=read) if one.kind != "broken"]
            typer.echo("mended" if not differences else "not all could be mended:")
            for one in differences:
                typer.echo(str(one))
        count = sum(1 for _ in index.all())
        if not differences:
            typer.echo(f"{folder}: good; index and disk agree on {count} recordings")
            return
    raise typer.Exit(1)


@recordings_app.command("hold")
def hold_recordings(
    event: EventArgument,
    reason: Annotated[str, typer.Option(help="Why: case number, court, who asked.", show_default=False)],
    before: BeforeOption = 60.0,
    after: AfterOption = 60.0,
) -> None:
    """Puts what was recorded of an event under a legal hold: it is not removed until it is released."""
    from api.clips import span
    from api.recording_index import Hold

    with _index() as (settings, index):
        found = _event(settings, event)
        began, ended = span(found)
        hold = Hold(event, found.camera, began - timedelta(seconds=before), ended + timedelta(seconds=after), reason)
        index.hold(hold)
        segments = index.covering(hold.camera, hold.began, hold.ended)
        typer.echo(f"held: camera {hold.camera}, {hold.began} to {hold.ended}: {len(segments)} recordings")


@recordings_app.command("release")
def release_recordings(event: EventArgument) -> None:
    """Ends the legal hold of an event."""
    with _index() as (_, index):
        if not index.release(event):
            known = ", ".join(hold.event for hold in index.holds()) or "none"
            _refuse(f"event {event!r} is under no hold; there are: {known}")
        typer.echo(f"released: event {event}")


def clip(
    event: EventArgument,
    out: Annotated[Path, typer.Option(help="File to write, .mp4.", show_default=False)],
    before: BeforeOption = 10.0,
    after: AfterOption = 10.0,
) -> None:
    """Cuts what was recorded of an event into an MP4 file; nothing is coded again."""
    from api.clips import Clips, span

    if out.is_dir() or not out.absolute().parent.is_dir():
        _refuse(f"{out}: is a folder, or its folder does not exist; name a file in one that does")
    with _index() as (settings, index):
        found = _event(settings, event)
        began, ended = span(found)
        window: tuple[datetime, datetime] = began - timedelta(seconds=before), ended + timedelta(seconds=after)
        try:
            made = Clips(index, Path(settings.recordings), {}).write(found, out, *window)
        except OSError as error:
            typer.echo(f"ngatu: {out}: {error.strerror or error}", err=True)
            raise typer.Exit(1) from None
    missing = f"; {made.missing_s:g} s of it were not recorded" if made.missing_s else ""
    typer.echo(f"wrote {out}: {made.began} to {made.ended}{missing}")


@contextmanager
def _index() -> Iterator[tuple["Settings", "RecordingIndex"]]:
    from api.recording_index import RecordingIndex
    from api.settings import read_settings

    settings = read_settings()
    with RecordingIndex.open(settings.database_url) as index:
        yield settings, index


def _event(settings: "Settings", event_id: str) -> "Event":
    """The event of an id; ends the command where there is none."""
    from pydantic import TypeAdapter, ValidationError

    from api.store import Store
    from vision.events import Event

    with Store.open(settings.database_url) as store:
        stored = store.get(event_id)
    try:
        if stored is not None:
            found: Event = TypeAdapter(Event).validate_json(stored.payload)
            return found
    except ValidationError:
        _refuse(f"event {event_id!r} was written by another version of the program, which this one can't read")
    _refuse(f"no event {event_id!r} in the database; NGATU_DATABASE names the one that is asked")
    raise AssertionError


def _refuse(message: str) -> None:
    typer.echo(f"ngatu: {message}", err=True)
    raise typer.Exit(2)
