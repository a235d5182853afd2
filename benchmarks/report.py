"""Results: rows of figures, how they are written down, and how two results are compared.

A result is a folder:

    system.json     the machine, the versions, the model and clip by their content, the command
    rows.jsonl      one row a line, written as it is measured: a run that is killed has lost nothing
    report.md       the same for people
    *.svg           the same to look at

or one JSON document with both, as `--json` writes it.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from benchmarks.errors import BenchError, IncomparableError
from benchmarks.machine import System

PERCENTILES: Mapping[str, tuple[float, int]] = {
    "p90": (0.90, 100),
    "p95": (0.95, 200),
    "p99": (0.99, 1000),
    "p99.9": (0.999, 10000),
}
"""Name, share, and how many values it takes: ten must lie beyond, else it is one slow moment's luck."""


class Row(BaseModel):
    """One figure that was measured several times, or a distribution."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")

    suite: str = Field(description="Suite that measured it.")
    case: str = Field(description="What was measured.")
    metric: str = Field(description="Which of its sides.")
    unit: str = Field(description="Unit of the values.")
    n: int = Field(description="How many values there are; 0 for a case that could not be measured.")
    median: float | None = Field(description="Median of the values.")
    min: float | None = Field(description="Smallest value.")
    max: float | None = Field(description="Greatest value; nothing is clipped.")
    percentiles: dict[str, float] = Field(default={}, description="Those that so many values can bear.")
    at_least: float | None = Field(default=None, description="What the median must reach.")
    at_most: float | None = Field(default=None, description="What the median must not exceed.")
    note: str = Field(default="", description="What one must know to read it.")

    @classmethod
    def of(
        cls,
        suite: str,
        case: str,
        metric: str,
        unit: str,
        values: Iterable[float],
        *,
        at_least: float | None = None,
        at_most: float | None = None,
        note: str = "",
    ) -> Self:
        """The row of some values.

        Raises:
            ValueError: There is none.
        """
        ordered = np.sort(np.fromiter(values, np.float64))
        if not len(ordered):
            raise ValueError(f"{suite}, {case}, {metric}: no value; a case that can't be measured is `skipped`")
        return cls(
            suite=suite,
            case=case,
            metric=metric,
            unit=unit,
            n=len(ordered),
            median=float(np.median(ordered)),
            min=float(ordered[0]),
            max=float(ordered[-1]),
            percentiles=percentiles(ordered),
            at_least=at_least,
            at_most=at_most,
            note=note,
        )

    @classmethod
    def skipped(cls, suite: str, case: str, reason: object) -> Self:
        """The row of a case that could not be measured: missing figures are said, not left out."""
        return cls(
            suite=suite, case=case, metric="", unit="", n=0, median=None, min=None, max=None, note=f"skipped: {reason}"
        )

    @property
    def met(self) -> bool | None:
        """Whether the median is where it must be; None where nothing is asked for."""
        if self.median is None or (self.at_least is None and self.at_most is None):
            return None
        enough = self.at_least is None or self.median >= self.at_least
        return enough and (self.at_most is None or self.median <= self.at_most)

    @property
    def target(self) -> str:
        """What is asked for, and whether it is met, for people."""
        parts = [f"≥ {shown(self.at_least)}"] if self.at_least is not None else []
        parts += [f"≤ {shown(self.at_most)}"] if self.at_most is not None else []
        verdict = {True: " ✓", False: " ✗", None: ""}[self.met]
        return " and ".join(parts) + verdict


class Result(BaseModel):
    """All rows of one run, with the machine they come from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: System
    rows: tuple[Row, ...]


class ResultWriter:
    """A result's folder while it is measured."""

    def __init__(self, folder: Path, system: System) -> None:
        """Makes the folder.

        Raises:
            BenchError: It has a result already, or can't be made.
        """
        self.folder = folder
        self._rows: list[Row] = []
        self._system = system
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if (folder / "rows.jsonl").exists():
                raise BenchError(f"{folder}: holds a result already; give a new folder with --out")
            (folder / "rows.jsonl").touch()
            self._write_system()
        except OSError as error:
            raise BenchError(f"{folder}: can't be written to ({error.strerror}); give another with --out") from None

    def add(self, row: Row) -> None:
        """Adds a row; it is on the disk when this returns."""
        self._rows.append(row)
        with (self.folder / "rows.jsonl").open("a", encoding="utf-8") as file:
            file.write(row.model_dump_json() + "\n")

    def close(self, system: System) -> Result:
        """Completes the folder with what is known at the end."""
        self._system = system
        self._write_system()
        result = Result(system=system, rows=tuple(self._rows))
        (self.folder / "report.md").write_text(markdown(result), encoding="utf-8")
        return result

    def _write_system(self) -> None:
        (self.folder / "system.json").write_text(self._system.model_dump_json(indent=2) + "\n", encoding="utf-8")


def percentiles(ordered: Sequence[float] | np.ndarray) -> dict[str, float]:
    """The percentiles that so many values can bear: each is a value that was measured (nearest rank).

    Args:
        ordered: The values in ascending order.
    """
    n = len(ordered)
    return {
        name: float(ordered[math.ceil(share * n) - 1]) for name, (share, needed) in PERCENTILES.items() if n >= needed
    }


def read_result(path: Path) -> Result:
    """A result from its folder or JSON document.

    Raises:
        BenchError: There is none.
    """
    try:
        if not path.is_dir():
            return Result.model_validate_json(path.read_text(encoding="utf-8"))
        system = System.model_validate_json((path / "system.json").read_text(encoding="utf-8"))
        lines = (path / "rows.jsonl").read_text(encoding="utf-8").splitlines()
        return Result(system=system, rows=tuple(Row.model_validate_json(line) for line in lines))
    except OSError as error:
        raise BenchError(
            f"{path}: no result there ({error.strerror}); give the folder or the JSON file that `ngatu bench` wrote"
        ) from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise BenchError(f"{path}: is no result of `ngatu bench`: {where}: {first['msg']}") from None


def write_json(result: Result, path: Path) -> None:
    """Writes a result as one JSON document.

    Raises:
        BenchError: It can't be written.
    """
    try:
        path.write_text(json.dumps(result.model_dump(mode="json"), ensure_ascii=False, indent=1) + "\n", "utf-8")
    except OSError as error:
        raise BenchError(f"{path}: can't be written: {error.strerror}") from None


def merged(results: Sequence[Result]) -> Result:
    """Several results of one machine as one; of a case that was measured twice the later result counts.

    Raises:
        IncomparableError: They come from different machines.
    """
    first, *others = results
    rows = {(row.suite, row.case, row.metric): row for row in first.rows}
    for other in others:
        _must_be_alike(first, other)
        again = {row.suite for row in other.rows}
        rows = {key: row for key, row in rows.items() if row.suite not in again}
        rows |= {(row.suite, row.case, row.metric): row for row in other.rows}
    return Result(system=results[-1].system, rows=tuple(rows.values()))


def compare(before: Result, after: Result) -> str:
    """Two results side by side, as Markdown; the ratio is after ÷ before.

    Raises:
        IncomparableError: They come from different machines, models or clips.
    """
    _must_be_alike(before, after)
    known = {(row.suite, row.case, row.metric): row for row in before.rows if row.n}
    lines = ["| suite | case | metric | before | after | ratio | |", "| --- | --- | --- | ---: | ---: | ---: | --- |"]
    for row in after.rows:
        old = known.pop((row.suite, row.case, row.metric), None)
        if old is None or old.median is None or row.median is None:
            continue
        ratio = f"{row.median / old.median:.3f}" if old.median else "–"
        # Ranges that overlap are no proof of anything, whatever the medians say.
        apart = (old.n > 1 and row.n > 1 and (row.min or 0) > (old.max or 0)) or (row.max or 0) < (old.min or 0)
        values = f"{shown(old.median)} | {shown(row.median)} {row.unit} | {ratio}"
        lines.append(f"| {row.suite} | {row.case} | {row.metric} | {values} | {'' if apart else 'ranges overlap'} |")
    if len(lines) == 2:
        raise IncomparableError("the two results have no case in common; run the same suites in both")
    return "\n".join(lines) + "\n"


def markdown(result: Result) -> str:
    """A result for people."""
    names = dict.fromkeys(row.suite for row in result.rows)
    tables = {name: suite_table([row for row in result.rows if row.suite == name]) for name in names}
    return "\n".join([machine_table(result.system), *(f"### {name}\n\n{table}" for name, table in tables.items())])


def machine_table(system: System) -> str:
    """The machine as Markdown."""
    versions = ", ".join(f"{name} {number}" for name, number in system.packages.items())
    quick = " **Quick run: durations were cut short, these figures are for a look only.**" if system.quick else ""
    steal = "not counted" if system.steal is None else f"{system.steal:.2%}"
    clip = (
        f"{system.clip.name}, {system.clip.detail} (sha256 {system.clip.sha256[:12]}…)" if system.clip else "computed"
    )
    # Where things lie on the machine is nobody's business.
    command = " ".join(Path(word).name if word.startswith("/") else word for word in system.command.split())
    model = f"{system.detector}" + (f" (sha256 {system.model.sha256[:12]}…)" if system.model else "")
    lines = [
        "| | |",
        "| --- | --- |",
        f"| CPU | {system.cpu}, {system.cores} cores ({system.simd}) |",
        f"| memory | {system.memory_mb} MB |",
        f"| system | {system.kernel}, Python {system.python}, {versions} |",
        f"| model | {model} |",
        f"| clip | {clip} |",
        f"| busy with other things | load {system.load_before:.2f} before, {steal} of CPU time stolen |",
        f"| measured | {system.began:%Y-%m-%d %H:%M} UTC, `{command}`.{quick} |",
    ]
    return "\n".join(lines) + "\n"


def suite_table(rows: Sequence[Row]) -> str:
    """The rows of one suite as Markdown."""
    lines = [
        "| case | metric | median | min – max | n | percentiles | target | |",
        "| --- | --- | ---: | ---: | ---: | --- | --- | --- |",
    ]
    for row in rows:
        if row.n == 0:
            lines.append(f"| {row.case} | | | | | | | {row.note} |")
            continue
        span = f"{shown(row.min)} – {shown(row.max)}" if row.n > 1 else ""
        ranks = ", ".join(f"{name} {shown(value)}" for name, value in row.percentiles.items())
        values = f"{shown(row.median)} {row.unit} | {span} | {row.n} | {ranks} | {row.target} | {row.note} |"
        lines.append(f"| {row.case} | {row.metric} | {values}")
    return "\n".join(lines) + "\n"


def shown(value: float | None) -> str:
    """A number with four significant digits, or as many as stand before the point."""
    if value is None or math.isnan(value):
        return "–"
    if abs(value) >= 1000 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.4g}"


def _must_be_alike(before: Result, after: Result) -> None:
    differences = before.system.differences(after.system)
    if differences:
        raise IncomparableError(
            "these results say nothing about each other; they differ in "
            + "; ".join(differences)
            + ". Measure both on one machine, with the same model, clip and durations"
        )
