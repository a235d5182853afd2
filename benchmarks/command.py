"""The command `ngatu bench`."""

import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Annotated, Literal, ParamSpec

import typer

from benchmarks.docs import pictures, write_docs
from benchmarks.errors import BenchError
from benchmarks.machine import CpuTimes, describe
from benchmarks.report import Result, ResultWriter, Row, compare, merged, read_result, suite_table, write_json
from benchmarks.scenarios import Feed, written_clip
from benchmarks.suite import ROOT, TARGETS, Plan
from benchmarks.suites import SUITES
from benchmarks.tracking import track_sequences
from models.detectors.yolo import Yolo
from models.errors import ModelError
from vision.tracker import TrackerConfig
from vision.trackers.bytetrack import ByteTrack
from vision.trackers.packtrack import PackTrack

SHARED = ROOT.parent / "shared"
CLIP = "residential_road.mp4"
COMMANDS = ("tracking", "compare", "docs")
Arguments = ParamSpec("Arguments")

measuring = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
others = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def main(words: Sequence[str], program: str = "ngatu bench") -> None:
    """Runs the command line: what begins with another command is that; all else says which suites are measured."""
    app = others if words and words[0] in COMMANDS else measuring
    app(args=list(words), prog_name=program)


def _told(command: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """Ends a command that can't do what it should with a message and exit code 2."""

    @wraps(command)
    def careful(*values: Arguments.args, **options: Arguments.kwargs) -> None:
        try:
            command(*values, **options)
        except (BenchError, ModelError) as error:
            for line in str(error).splitlines():
                typer.echo(f"ngatu: {line}", err=True)
            raise typer.Exit(2) from None

    return careful


@measuring.command(epilog="Also: ngatu bench tracking | compare | docs, each with --help.")
@_told
def run(
    suites: Annotated[
        list[str] | None, typer.Argument(metavar="[SUITE]...", help=f"Which: {', '.join(SUITES)}; all if none.")
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Write machine and rows here too, as one JSON document.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the result.", show_default="benchmarks/results/DATE-TIME")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Cut all short: to see that it works.")] = False,
    clip: Annotated[Path | None, typer.Option(help="What is seen.", show_default=f"{CLIP} or a written one")] = None,
    model: Annotated[str, typer.Option(help="Name in the catalogue, or an .onnx file.")] = "street-n",
    feed: Annotated[Feed, typer.Option(help="Where paced pictures come from; auto: RTSP if it can be had.")] = "auto",
    seconds: Annotated[float | None, typer.Option(min=1, help="Length of a paced run, soak included.")] = None,
    events: Annotated[
        int | None, typer.Option(min=100, help="Events in the database of store.", show_default="20 million")
    ] = None,
    fps: Annotated[list[float] | None, typer.Option(min=1, help="Target of density; may be repeated.")] = None,
    peers: Annotated[Path | None, typer.Option(help="Python interpreter with peers installed.")] = None,
    pt: Annotated[Path | None, typer.Option(help="The model's weights as .pt, for peers.")] = None,
    shared: Annotated[Path, typer.Option(help="Folder with clips and sequences.", show_default="../shared")] = SHARED,
) -> None:
    """Measures what this machine carries, at what latency and accuracy, and writes it down."""
    unknown = [name for name in suites or () if name not in SUITES]
    if unknown:
        raise BenchError(f"no suite {unknown[0]!r}; there are: {', '.join(SUITES)}")
    folder = out or ROOT / "benchmarks" / "results" / f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    with tempfile.TemporaryDirectory(prefix="ngatu-bench-") as scratch:
        plan = Plan(
            detector=Yolo(model=model),
            clip=_clip(clip, shared, feed),
            shared=shared,
            scratch=Path(scratch),
            feed=feed,
            quick=quick,
            seconds=seconds,
            events=events,
            targets=tuple(fps or TARGETS),
            # Not resolved: the link in a virtual environment is what makes it one.
            peers=peers.absolute() if peers else None,
            torch_weights=pt.absolute() if pt else None,
        )
        result = measure(plan, suites or list(SUITES), folder)
    if json:
        write_json(result, json)
    typer.echo(f"\nwritten: {folder}" + (f", {json}" if json else ""))


def measure(plan: Plan, names: Sequence[str], folder: Path) -> Result:
    """Runs some suites, tells their tables as they are known, and writes the result.

    Raises:
        BenchError: Something is wrong that the user can mend.
        ModelError: The detector can't be used.
    """
    system = describe(plan.detector, plan.clip, quick=plan.quick)
    writer, cpu = ResultWriter(folder, system), CpuTimes()
    for name in names:
        _tell(f"{SUITES[name].level} {name}")
        rows: list[Row] = []
        for row in SUITES[name].run(plan):
            writer.add(row)
            rows.append(row)
            _tell(_line(row))
        typer.echo(f"\n### {name}\n\n{suite_table(rows)}")
    result = writer.close(system.model_copy(update={"ended": datetime.now(UTC), "steal": cpu.steal}))
    for file, drawing in pictures(result.rows).items():
        (folder / file).write_text(drawing, encoding="utf-8")
    return result


@others.command()
@_told
def tracking(
    data: Annotated[Path, typer.Option(help="DIR/<sequence>/{det.txt, seqinfo.ini}.")],
    out: Annotated[Path, typer.Option(help="Folder for one MOTChallenge text file a sequence.")],
    every: Annotated[int, typer.Option(min=1, help="Look at one frame of so many only.")] = 1,
    tracker: Annotated[Literal["packtrack", "bytetrack"], typer.Option(help="Kind of tracker.")] = "packtrack",
) -> None:
    """Tracks MOTChallenge sequences from their public detections."""
    steps: list[float] = []
    for one in track_sequences(data, out, _tracker(tracker), every):
        steps += one.step_ms.tolist()
        typer.echo(f"{one.name}: {one.frames} frames, {one.tracks} tracks, {one.step_ms.mean():.2f} ms a step")
    if steps:
        row = Row.of("tracking", tracker, "a step", "ms", steps)
        ranks = ", ".join(f"{name} {value:.2f}" for name, value in row.percentiles.items())
        typer.echo(f"all: median {row.median:.2f} ms a step" + (f", {ranks}" if ranks else "") + f" (n = {row.n})")


@others.command("compare")
@_told
def compare_results(
    before: Annotated[Path, typer.Argument(help="Result: folder or JSON document.")],
    after: Annotated[Path, typer.Argument(help="The other one.")],
) -> None:
    """Two results side by side; refuses those of other machines, models or clips."""
    typer.echo(compare(read_result(before), read_result(after)))


@others.command()
@_told
def docs(
    results: Annotated[list[Path] | None, typer.Argument(help="Results of one machine; a later one wins.")] = None,
) -> None:
    """Renews docs/benchmarks.md and docs/reliability.md: what the suites are and, from results, what they found."""
    for path in write_docs(merged([read_result(path) for path in results]) if results else None):
        typer.echo(f"written: {path}")


def _clip(given: Path | None, shared: Path, feed: Feed) -> Path | None:
    if given is not None:
        return given
    if feed == "synthetic":
        raise BenchError("--feed synthetic has no clip to look at: give one with --clip for what needs it")
    clip = shared / "data" / "clips" / CLIP
    if clip.is_file():
        return clip
    # Kept between runs, so that its content (and with it the right to compare) stays the same.
    folder = ROOT / "var"
    folder.mkdir(exist_ok=True)
    return written_clip(folder)


def _tracker(kind: str) -> TrackerConfig:
    return ByteTrack() if kind == "bytetrack" else PackTrack()


def _tell(line: str) -> None:
    """Shows on a terminal how far a long run is; with output to a pipe it is quiet."""
    if sys.stderr.isatty():
        typer.echo(line, err=True)


def _line(row: Row) -> str:
    if row.n == 0:
        return f"  {row.case}: {row.note}"
    return f"  {row.case}: {row.metric} {row.median:.4g} {row.unit} {row.target} {row.note}".rstrip()


if __name__ == "__main__":
    main(sys.argv[1:])
