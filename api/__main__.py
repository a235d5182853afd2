"""The command line, and the composition root: here the parts are put together, and nowhere else."""

import logging
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, NoReturn
from zoneinfo import ZoneInfo

import typer

from api.discover_command import discover
from api.errors import ApiError, EventsLost
from api.export_commands import export
from api.interruption import INTERRUPTED
from api.otflow_commands import otflow_app
from api.recordings_commands import clip, recordings_app
from api.sinks_commands import sinks_app
from models.errors import ModelError
from streams.errors import StreamError
from vision.errors import SiteError

# Each command imports what it needs itself: `ngatu run` must not pay for a web server that it does not start.
# ruff: noqa: PLC0415

app = typer.Typer(
    name="ngatu",
    help="Ngã Tư: city cameras turned into traffic and security events.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
models_app = typer.Typer(help="The detectors that are at hand.", no_args_is_help=True)
app.add_typer(models_app, name="models")
app.command("export")(export)
app.add_typer(otflow_app, name="otflow")
app.add_typer(recordings_app, name="recordings")
app.add_typer(sinks_app, name="sinks")
app.command()(clip)
app.command()(discover)

SiteOption = Annotated[Path | None, typer.Option("--site", help="Site file: what to watch.", show_default=False)]


def fail(message: str, code: int) -> NoReturn:
    """Ends the command with a message on standard error."""
    for line in message.splitlines():
        typer.echo(f"ngatu: {line}", err=True)
    raise typer.Exit(code)


@app.command()
def run(
    source: Annotated[
        str | None,
        typer.Argument(help="A file, rtsp://…, http(s)://…, or webcam:0. Else the source in the site file."),
    ] = None,
    site: SiteOption = None,
    camera: Annotated[str | None, typer.Option(help="Camera of the site file; needed where it has several.")] = None,
    events: Annotated[Path | None, typer.Option(help="Write events here, JSON lines.")] = None,
    tracks: Annotated[Path | None, typer.Option(help="Write tracks here, MOTChallenge text.")] = None,
    detections: Annotated[
        Path | None, typer.Option(help="Replay recorded detections (.jsonl, .jsonl.gz): no video, no model.")
    ] = None,
    detections_out: Annotated[Path | None, typer.Option(help="Record the detections here, for a replay.")] = None,
    start: Annotated[
        str | None, typer.Option(help="Wall-clock time of the first picture, ISO 8601. Else the file's own time.")
    ] = None,
    pace: Annotated[
        Literal["max", "real"] | None, typer.Option(help="Read a file as fast as possible, or at its own speed.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Detector: name in the catalogue, or an .onnx file.")] = None,
    keep_tracks: Annotated[
        bool, typer.Option("--keep-tracks", help="With --detections: keep the tracks beside it, for the next replay.")
    ] = False,
) -> None:
    """Runs one source from beginning to end and writes what it sees into files.

    Exit codes: 0 done; 1 the run failed, what was found so far is written; 2 bad input, nothing is written;
    130 interrupted, what was found so far is written.
    """
    from api.kept_tracks import place_of
    from api.outputs import Outputs
    from api.run import DONE, replay, run_live
    from api.sources import files_of, only_camera, sited
    from api.words import counted

    if detections and (source or model or detections_out or pace):
        fail("--detections replays without video and model: leave out SOURCE, --model, --pace, --detections-out", 2)
    if keep_tracks and not detections:
        fail("--keep-tracks keeps the tracks of a replay: give --detections, too", 2)
    if not (source or detections or site):
        fail("give a SOURCE to run, or --detections to replay; `ngatu run --help` shows how", 2)
    outputs = Outputs(events, tracks, detections_out, aside=detections is not None)
    whole = sited(site)
    try:
        one = only_camera(whole, camera, source, pace, model)
    except SiteError as error:
        raise SiteError(f"{site}: {error}" if site else str(error)) from None
    refusal = outputs.refusal(site, *([detections, place_of(detections)] if detections else files_of(one)))
    if refusal:
        fail(refusal, 2)
    began = _moment(start, whole.site.timezone)
    result = (
        replay(one, detections, outputs, began, keep_tracks=keep_tracks)
        if detections
        else run_live(one, outputs, began)
    )
    if result.code != DONE:
        fail(result.message, result.code)
    if sys.stderr.isatty():
        found = ", ".join(f"{count} {kind}" for kind, count in sorted(outputs.events.items()))
        typer.echo(f"{counted(outputs.frames, 'frame')}; events: {found or 'none'}", err=True)


@app.command()
def serve(
    site: SiteOption = None,
    port: Annotated[int | None, typer.Option(help="TCP port of the API and the page [NGATU_PORT].")] = None,
    engine: Annotated[
        Literal["local", "ray"],
        typer.Option(help="Where cameras are analysed: on this machine, or by Ray on many."),
    ] = "local",
) -> None:
    """Watches all cameras of a site; API and page at http://127.0.0.1:8200.

    Exit codes: 0 asked to stop (SIGTERM); 1 events could not be saved at the end; 2 bad input; 130 interrupted.
    """
    from api.serve import serve as serve_site
    from api.settings import read_settings
    from api.site_sinks import load_whole_site

    if engine == "ray":
        fail("the Ray engine is not part of this version yet; leave out --engine, or give --engine local", 2)
    path = site or Path("site.yaml")
    if site is None and not path.exists():
        fail("no site file; give one with --site FILE, or look around with: ngatu demo", 2)
    _log()
    site_file, sinks = load_whole_site(path)
    _served(serve_site(site_file, read_settings() if port is None else read_settings(port=port), sinks))


@app.command()
def demo(
    source: Annotated[
        str | None, typer.Argument(help="A clip or rtsp://… for the real detector. Else a synthetic street.")
    ] = None,
    port: Annotated[int | None, typer.Option(help="TCP port of the API and the page [NGATU_PORT].")] = None,
) -> None:
    """Everything on one machine, no camera needed: a synthetic street, its events, API and page."""
    from api.demo import demo_settings, demo_site
    from api.serve import serve as serve_site

    _log()
    _served(serve_site(demo_site(source), demo_settings(port)))


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="Site file.", show_default=False)],
) -> None:
    """Checks a site file and that what it names is there: exit code 0, or 2 with each fault's path and cause."""
    from api.site_sinks import load_whole_site
    from api.words import counted

    site, sinks = load_whole_site(file, sources=True)
    rules = sum(len(camera.rules) for camera in site.cameras)
    sent = f", {counted(len(sinks), 'sink')}" if sinks else ""
    typer.echo(f"{file}: good; {counted(len(site.cameras), 'camera')}, {counted(rules, 'rule')}{sent}")


@app.command()
def calibrate(
    site: Annotated[Path, typer.Argument(help="Site file.", show_default=False)],
    camera: Annotated[str | None, typer.Option(help="Camera of the site file; needed where it has several.")] = None,
    snapshot: Annotated[Path | None, typer.Option(help="Draw the ground over this picture of the camera.")] = None,
    from_source: Annotated[bool, typer.Option("--from-source", help="Draw it over the camera's next picture.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Picture to write, .jpg or .png; else ground-CAMERA.jpg.", show_default=False),
    ] = None,
) -> None:
    """Tells how well the points of a camera lay its picture on the ground, and draws that ground over a picture.

    Exit codes: 0 the points can be used; 2 they can't, with the reason, or other bad input.
    """
    from api.calibrate import picture_of, read_points, refusal_of, report, write_picture
    from api.ground_picture import draw_ground

    if snapshot and from_source:
        fail("--snapshot and --from-source name two pictures; give one of them", 2)
    measured = read_points(site, camera, source=from_source)
    target = out or (Path(f"ground-{measured.camera.id}.jpg") if snapshot or from_source else None)
    refusal = refusal_of(target, site, snapshot) if target else None
    if refusal:
        fail(refusal, 2)
    for line in report(measured):
        typer.echo(line)
    if target:
        image = picture_of(measured, snapshot, source=from_source)
        write_picture(target, draw_ground(image, measured.points, measured.fit.ground if measured.fit else None))
        typer.echo(f"drawn: {target}")
    if measured.refusal:
        fail(f"{site}: camera {measured.camera.id!r}: {measured.refusal}", 2)


# `benchmarks` has its own options, and imports models, OpenCV and more: it is asked only when it is wanted.
@app.command(add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def bench(context: typer.Context) -> None:
    """Measures what this machine carries, at what latency and accuracy; `ngatu bench --help` tells more."""
    from benchmarks.command import main as measure

    measure(context.args)


@models_app.command("list")
def list_models() -> None:
    """Lists the models of the catalogue."""
    from rich.console import Console
    from rich.table import Table

    from models.catalogue import rows as catalogue_rows

    rows = catalogue_rows()
    table = Table(*rows[0], box=None)
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    Console().print(table)


@models_app.command("show")
def show_model(name: Annotated[str, typer.Argument(help="Name in the catalogue, or a file.")]) -> None:
    """Shows all that is known of a model."""
    from models.catalogue import details, find_model
    from models.tuned import tuned

    model = find_model(name)
    found = tuned(model)
    known = {"one camera": str(found.one), "many cameras": str(found.many)} if found else {}
    for key, value in (details(model) | known).items():
        typer.echo(f"{key:12} {value}")


@models_app.command("add")
def add(
    what: Annotated[str, typer.Argument(help="An .onnx or .pt file, or an official name such as yolo26n.")],
    name: Annotated[str | None, typer.Option(help="What it is to be called; else the name of the file.")] = None,
    licence: Annotated[str | None, typer.Option(help="Licence of the weights, SPDX.")] = None,
    source: Annotated[str | None, typer.Option(help="Where the weights come from.")] = None,
    label: Annotated[
        list[str] | None, typer.Option(help="Our label of a class of the model: van=truck, 0=car; may be repeated.")
    ] = None,
) -> None:
    """Adds a model to the catalogue of this installation, if it can be read."""
    from models.adding import add_model, label_map

    model = add_model(what, name, licence=licence, source=source, label_map=label_map(label or ()))
    typer.echo(f"added {model.name}")


@models_app.command("export")
def export_model(
    weights: Annotated[Path, typer.Argument(help="Weights, .pt; or an .onnx file to be prepared.")],
    out: Annotated[Path | None, typer.Option(help="File to write; else beside the weights, .onnx.")] = None,
) -> None:
    """Exports weights to an ONNX file that can be run (needs the extra `train`)."""
    from models.export import export

    target = out or weights.with_suffix(".onnx")
    if target.exists():
        fail(f"{target} is there already; name another file with --out", 2)
    done = export(str(weights), target)
    typer.echo(f"wrote {target} ({', '.join(sorted(done)) or 'as it was: its graph is of another kind'})")


@models_app.command("train")
def train_model(
    data: Annotated[Path, typer.Option(help="Data set in YOLO format, .yaml, with `train` and `val`.")],
    weights: Annotated[
        Path | None, typer.Option("--from", help="Checkpoint to start from, .pt; else that of street-n.")
    ] = None,
    out: Annotated[Path, typer.Option(help="New folder for all that is made; the model is called like it.")] = Path(
        "street-own"
    ),
    epochs: Annotated[int, typer.Option(min=1, help="How often all pictures are shown.")] = 10,
    stop_after: Annotated[int | None, typer.Option(min=1, help="End after so many of these epochs.")] = None,
    size: Annotated[int, typer.Option(min=32, help="Side of the training pictures, px; a multiple of 32.")] = 640,
    batch: Annotated[int, typer.Option(min=1, help="Pictures a step.")] = 16,
    learning_rate: Annotated[float, typer.Option(help="AdamW's at the start.")] = 4e-4,
    rare: Annotated[float, typer.Option(help="Share of pictures in which every label should be seen, 0..1.")] = 0.0,
    night: Annotated[float, typer.Option(help="Share of pictures that are shown as by night too, 0..1.")] = 0.0,
    riders: Annotated[
        Literal["auto", "apart", "joined"],
        typer.Option(help="Whether the data set has a rider and the two-wheeler apart; they are joined then."),
    ] = "auto",
    licence: Annotated[str, typer.Option(help="Licence of the weights, for the card.")] = "AGPL-3.0",
    data_licence: Annotated[
        str, typer.Option(help="Where the pictures come from, and their licence, for the card.")
    ] = "Licence of the pictures: not stated",
    device: Annotated[str, typer.Option(help="`cpu`, or the number of a GPU.")] = "cpu",
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; else all cores.")] = None,
) -> None:
    """Trains a model on your own pictures (needs the extra `train`); the same words go on after an interruption."""
    from pydantic import ValidationError

    from models.training.recipe import Recipe
    from models.training.train import train

    stated = {"weights": weights} if weights else {}
    try:
        recipe = Recipe.model_validate(
            stated
            | {"data": data, "out": out, "epochs": epochs, "stop_after": stop_after, "size": size, "batch": batch}
            | {"learning_rate": learning_rate, "rare": rare, "night": night, "riders": riders}
            | {"device": device, "threads": threads}
        )
    except ValidationError as error:
        first = error.errors()[0]
        fail(f"--{str(first['loc'][0]).replace('_', '-')} {first['input']}: {first['msg']}", 2)
    try:
        found = train(recipe, licence, data_licence, lambda line: typer.echo(line, err=True))
    except KeyboardInterrupt:
        fail("interrupted; the same command goes on after the last whole epoch", 130)
    typer.echo(f"mAP50 {found.map50:.3f}; card: {recipe.file('.md')}\nnext: ngatu models add {recipe.file('.onnx')}")


@models_app.command("evaluate")
def evaluate_model(
    name: Annotated[str, typer.Argument(help="Name in the catalogue, or an .onnx file.")],
    data: Annotated[Path, typer.Option(help="Data set in YOLO format; its validation part is measured on.")],
    json: Annotated[Path | None, typer.Option(help="Write the figures here, JSON.")] = None,
) -> None:
    """Measures how good a model is: average precision by label."""
    from json import dumps

    from models.evaluation import evaluate

    found = evaluate(name, data)
    for label, score in found.by_label.items():
        typer.echo(f"{label.word:12} AP50 {score.ap50:.3f}   AP50-95 {score.ap50_95:.3f}   {score.truths} true boxes")
    typer.echo(f"{'all':12} mAP50 {found.map50:.3f}  mAP50-95 {found.map50_95:.3f}  {found.pictures} pictures")
    if json:
        json.write_text(dumps(found.as_json(), indent=2) + "\n", encoding="utf-8")


@models_app.command("quantize")
def quantize_model(
    name: Annotated[str, typer.Argument(help="Name in the catalogue, or an .onnx file.")],
    data: Annotated[Path | None, typer.Option(help="Data set in YOLO format, of your own cameras.")] = None,
    frames: Annotated[Path | None, typer.Option(help="Folder of pictures, or a clip, of your own cameras.")] = None,
) -> None:
    """Makes an int8 form of a model; kept only if it is faster here and as good."""
    from models.catalogue import find_model
    from models.quantize import quantize_and_judge

    verdict, made = quantize_and_judge(find_model(name), data, frames)
    typer.echo(str(verdict))
    if made is None:
        fail(f"refused: {verdict.refusal}", 1)
    typer.echo(f"added {made.name}")


@models_app.command("tune")
def tune_model(name: Annotated[str, typer.Argument(help="Name in the catalogue.")] = "street-n") -> None:
    """Finds the fastest way to run a model on this machine, and remembers it."""
    from models.catalogue import find_model
    from models.tuned import remember
    from models.tuning import tune

    model = find_model(name)
    result = tune(model)
    for reason in result.refused:
        typer.echo(f"left out: {reason}", err=True)
    for way in sorted(result.tried, key=lambda way: -way.fps):
        typer.echo(str(way))
    path = remember(model, result.found)
    typer.echo(f"one camera:   {result.found.one}\nmany cameras: {result.found.many}\nremembered in {path}")


def _moment(text: str | None, timezone: str) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        fail(f"--start {text!r} is no ISO 8601 time; write it such as 2026-11-24T14:05:00+07:00", 2)
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(timezone))


def _served(interrupted: bool) -> None:
    """Ends a command that served."""
    if interrupted:
        fail("interrupted", INTERRUPTED)


def _log() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for chatty in ("alembic", "uvicorn"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def main() -> None:
    """Runs the command line; known errors end with their exit code and a message, without a trace."""
    try:
        app()
    except (SiteError, ModelError, StreamError, ApiError) as error:
        for line in str(error).splitlines():
            typer.echo(f"ngatu: {line}", err=True)
        sys.exit(1 if isinstance(error, EventsLost) else 2)


if __name__ == "__main__":
    main()
