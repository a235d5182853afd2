"""Recorded detections: one JSON object a line for each frame, so that every rule can be replayed exactly.

    {"frame": 0, "time_s": 0.0, "size": [640, 352], "boxes": [[x1, y1, x2, y2, score, "car"], …]}

Boxes are in px. Optional: `signals` {id: state}, `signals_since_s` {id: time_s} (of signals that tell since when),
`at` (UTC, RFC 3339), `static` and `removed` [[x1, y1, x2, y2], …], `health` (where it isn't `valid`). Keys that are not
known here are ignored. A file named `….gz` is compressed.

What is written is read again bit for bit: a rule that sees pixels or moments of a little less gives other events.
"""

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import IO, Annotated, Any, Literal, NamedTuple, Self, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from models.detections import Detections, Label
from models.errors import ModelError, RecordingCutError
from models.labels import LabelWord
from models.observation import Health, Observation, SignalState

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBERS = {label.word: int(label) for label in Label}
_Pixels = Annotated[int, Field(gt=0)]
_Score = Annotated[float, Field(ge=0, le=1)]
_Corners = tuple[float, float, float, float]


class RecordedFrame(NamedTuple):
    """One line of a recording.

    Attributes:
        frame: Number of the frame in its stream, from 0.
        observation: What was seen in it.
    """

    frame: int
    observation: Observation


def read_recording(path: Path, camera: str = "", start: datetime | None = None) -> Iterator[RecordedFrame]:
    """Reads recorded detections, line by line.

    Args:
        path: The recording; `.gz` is read too.
        camera: Id that the observations carry.
        start: Wall-clock time of `time_s` 0. None takes `at` of each line; where there is none, 1970-01-01.

    Raises:
        RecordingCutError: The recording breaks off. All whole lines were handed on before.
        ModelError: There is no such file, nothing is in it, or a line is not right; the message has its number and
            the cause.
    """
    before: RecordedFrame | None = None
    try:
        for number, line in _lines(path):
            try:
                recorded = _recorded(line, before, camera)
            except (ValidationError, _BadLineError) as error:
                if before and not line.endswith(b"\n"):
                    raise RecordingCutError(f"{path}: the recording breaks off in line {number}") from None
                raise ModelError(f"{path}, line {number}: {_cause(error)}") from None
            yield recorded if start is None else begun_at(recorded, start)
            before = recorded
    except RecordingCutError:
        if before:
            raise
    if not before:
        raise ModelError(f"{path}: not a single frame is in it; `ngatu run … --detections-out FILE` records some")


class RecordingWriter:
    """Writes recorded detections. Every line is on its way to the disk when `write` returns.

    Args:
        path: File to write; what was there is replaced. Compressed when it ends in `.gz`.

    Raises:
        OSError: It can't be written to.
    """

    def __init__(self, path: Path) -> None:
        self._file: IO[bytes] = _open(path, "wb")

    def write(self, frame: int, observation: Observation) -> None:
        """Adds one frame.

        Args:
            frame: Number of the frame in its stream, from 0.
            observation: What was seen in it.

        Raises:
            OSError: The disk is full, or gone.
        """
        self._file.write(_encoded(frame, observation))
        self._file.flush()  # a crash loses at most one line

    def close(self) -> None:
        """Completes the file. May be called twice."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    frame: int = Field(ge=0)
    time_s: float
    size: tuple[_Pixels, _Pixels]
    boxes: list[tuple[float, float, float, float, _Score, LabelWord]]
    signals: Mapping[str, SignalState] = Field(default_factory=dict)
    signals_since_s: Mapping[str, float] = Field(default_factory=dict)
    at: AwareDatetime | None = None
    static: list[_Corners] = Field(default_factory=list)
    removed: list[_Corners] = Field(default_factory=list)
    health: Health = "valid"


class _BadLineError(Exception):
    """A line that is well formed, but can't be."""


def _open(path: Path, mode: Literal["rb", "wb"]) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path, mode)) if path.suffix == ".gz" else path.open(mode)


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, each with its number from 1."""
    number = 0
    try:
        with _open(path, "rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, line
    except (EOFError, zlib.error):
        raise RecordingCutError(f"{path}: the recording breaks off after line {number}") from None
    except FileNotFoundError:
        raise ModelError(f"{path}: there is no such recording of detections") from None
    except OSError as error:  # also gzip.BadGzipFile
        raise ModelError(f"{path}: can't be read: {error.strerror or error}") from None


def begun_at(recorded: RecordedFrame, start: datetime) -> RecordedFrame:
    """The same frame of a recording whose `time_s` 0 is at another moment."""
    captured_at = start + timedelta(seconds=recorded.observation.time_s)
    return recorded._replace(observation=replace(recorded.observation, captured_at=captured_at))


def _recorded(line: bytes, before: RecordedFrame | None, camera: str) -> RecordedFrame:
    row = _Line.model_validate_json(line)
    if before and (row.time_s < before.observation.time_s or row.frame <= before.frame):
        raise _BadLineError(
            f"frame {row.frame} at {row.time_s} s comes after frame {before.frame} at {before.observation.time_s} s: "
            f"time never goes back, and every frame is there once"
        )
    return RecordedFrame(row.frame, _observation(row, camera))


def _observation(row: _Line, camera: str) -> Observation:
    numbers = np.array([box[:5] for box in row.boxes], np.float32).reshape(-1, 5)
    table = numbers[:, :4]
    turned = np.flatnonzero((table[:, 2:] < table[:, :2]).any(axis=1))
    if len(turned):
        raise _BadLineError(
            f"boxes.{turned[0]}: {list(row.boxes[turned[0]][:4])} must be x1, y1, x2, y2 with x1 <= x2 and y1 <= y2"
        )
    return Observation(
        camera=camera,
        time_s=row.time_s,
        captured_at=row.at.astimezone(UTC) if row.at else EPOCH + timedelta(seconds=row.time_s),
        size=row.size,
        detections=Detections(
            table,
            numbers[:, 4],
            np.array([_NUMBERS[box[5]] for box in row.boxes], np.int8),
        ),
        signals=row.signals,
        static=np.array(row.static, np.float32).reshape(-1, 4),
        removed=np.array(row.removed, np.float32).reshape(-1, 4),
        health=row.health,
        signals_since_s=row.signals_since_s,
    )


def _cause(error: ValidationError | _BadLineError) -> str:
    if isinstance(error, _BadLineError):
        return str(error)
    first = error.errors(include_url=False, include_context=False)[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where}: {first['msg']}" if where else first["msg"]


def _encoded(frame: int, observation: Observation) -> bytes:
    detections = observation.detections
    row: dict[str, object] = {
        "frame": frame,
        "time_s": observation.time_s,
        "size": observation.size,
        "boxes": [
            [*box, score, Label(label).word]
            for box, score, label in zip(
                _numbers(detections.boxes), _numbers(detections.scores), detections.labels.tolist(), strict=True
            )
        ],
        "signals": dict(observation.signals),
        "at": observation.captured_at.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z",
    }
    if observation.signals_since_s:
        row["signals_since_s"] = dict(observation.signals_since_s)
    if len(observation.static):
        row["static"] = _numbers(observation.static)
    if len(observation.removed):
        row["removed"] = _numbers(observation.removed)
    if observation.health != "valid":
        row["health"] = observation.health
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _numbers(column: NDArray[np.float32]) -> list[Any]:
    """A column for JSON, each number in the fewest digits that are read as the very same float32."""
    numbers: list[Any] = column.astype(np.str_).astype(np.float64).tolist()
    return numbers
