"""Commands about sinks: `ngatu sinks …`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from api.outbox import Outbox

# Each command imports what it needs itself: the command line begins quickly.
# ruff: noqa: PLC0415

sinks_app = typer.Typer(help="Where events are sent, and what did not arrive.", no_args_is_help=True)

SinkArgument = Annotated[str, typer.Argument(help="Id of the sink.", show_default=False)]
EventOption = Annotated[list[str] | None, typer.Option("--event", help="Only this event; may be repeated.")]


@sinks_app.command("list")
def list_sinks() -> None:
    """Lists the sinks that something waits for, or was put aside of."""
    from rich.console import Console
    from rich.table import Table

    with _outbox() as outbox:
        table = Table("sink", "waiting", "dead", box=None)
        for sink, backlog in sorted(outbox.backlogs().items()):
            table.add_row(sink, str(backlog.waiting), str(backlog.dead))
    Console(soft_wrap=True).print(table)


@sinks_app.command("dead")
def list_dead(
    sink: Annotated[str | None, typer.Argument(help="Id of the sink; else of all.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, help="So many at most, the oldest first.")] = 100,
) -> None:
    """Lists what was put aside, and why: refused by the receiver, or not taken for too long."""
    from rich.console import Console
    from rich.table import Table

    from vision.events import rfc3339

    with _outbox() as outbox:
        table = Table("sink", "event", "what", "camera", "since", "why", box=None)
        for one in outbox.dead(sink, limit):
            message = one.message
            what = (message.event["id"], message.type, message.camera, rfc3339(one.noted), one.reason or "")
            table.add_row(one.sink, *what)
    Console(soft_wrap=True).print(table)


@sinks_app.command("replay")
def replay(sink: SinkArgument, event: EventOption = None) -> None:
    """Sends again what was put aside; a server that runs begins within seconds."""
    from api.words import counted

    with _outbox() as outbox:
        number = outbox.replay(sink, event or ())
    if not number:
        _refuse(f"nothing of sink {sink!r}" + (" and these events" if event else "") + " was put aside")
    typer.echo(f"to be sent again: {counted(number, 'event')}")


@sinks_app.command("drop")
def drop(
    sink: SinkArgument,
    event: EventOption = None,
    waiting: Annotated[
        bool, typer.Option("--waiting", help="Also what waits to be sent, as of a sink that is no more.")
    ] = False,
) -> None:
    """Removes what was put aside; it is never sent. The events themselves stay."""
    from api.words import counted

    with _outbox() as outbox:
        number = outbox.drop(sink, event or (), waiting=waiting)
    typer.echo(f"dropped: {counted(number, 'event')}")


@sinks_app.command("try")
def try_sink(
    sink: SinkArgument,
    site: Annotated[Path, typer.Option("--site", help="Site file.")] = Path("site.yaml"),
) -> None:
    """Sends one event that says it is a test, at once: exit code 0 when the receiver has it, else 1 and why not."""
    from datetime import UTC, datetime

    from api.errors import Refused, Unreachable
    from api.sink import Message
    from api.site_sinks import load_whole_site
    from vision.events import Incident, event_id

    whole, sinks = load_whole_site(site)
    chosen = next((one for one in sinks if one.id == sink), None)
    if chosen is None:
        _refuse(f"no sink {sink!r} in {site}; there are: {', '.join(one.id for one in sinks) or 'none'}")
    now, camera = datetime.now(UTC), whole.cameras[0].id
    event = Incident(
        id=event_id(now, camera, "test"),
        kind="test",
        rule="test",
        camera=camera,
        time_s=0.0,
        at=now,
        label=None,
        track=None,
        place=None,
        score=1.0,
        status="began",
        began_s=0.0,
        severity="info",
        tracks=(),
    )
    connection = chosen.connect()
    try:
        connection.send([Message(0, camera, event.model_dump_json(by_alias=True))])
    except (Refused, Unreachable) as error:
        typer.echo(f"ngatu: {chosen}: {error}", err=True)
        raise typer.Exit(1) from None
    finally:
        connection.close()
    typer.echo(f"{chosen} has taken a test event")


@contextmanager
def _outbox() -> Iterator["Outbox"]:
    from api.outbox import Outbox
    from api.settings import read_settings

    with Outbox.open(read_settings().database_url) as outbox:
        yield outbox


def _refuse(message: str) -> NoReturn:
    typer.echo(f"ngatu: {message}", err=True)
    raise typer.Exit(2)
