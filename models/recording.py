"""Recorded detections: one JSON object a line for each frame, so that every rule can be replayed exactly.

    {"frame": 0, "time_s": 0.0, "size": [640, 352], "boxes": [[x1, y1, x2, y2, score, "car"], …]}

Boxes are in px. Optional: `signals` {id: state}, `at` (UTC, RFC 3339), `static` [[x1, y1, x2, y2], …], `health`
(where it isn't `valid`). Keys that are not known here are ignored. A file named `….gz` is compressed.
"""

import gzip
import json
import logging
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import IO, Annotated, Literal, NamedTuple, Self, cast

import numpy as np
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from models.detections import Detections, Label
from models.errors import ModelError
from models.labels import LabelWord
from models.observation import Health, Observation, SignalState

log = logging.getLogger(__name__)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
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

    A last line that was cut off (the recording program was killed) is left out, with a warning in the log.

    Args:
        path: The recording; `.gz` is read too.
        camera: Id that the observations carry.
        start: Wall-clock time of `time_s` 0. None takes `at` of each line; where there is none, 1970-01-01.

    Raises:
        ModelError: There is no such file, or a line is not right; the message has its number and the cause.
    """
    time_s, frame = -np.inf, -1
    for number, line, last in _lines(path):
        try:
            row = _Line.model_validate_json(line)
            if row.time_s < time_s or row.frame <= frame:
                raise _BadLineError(
                    f"frame {row.frame} at {row.time_s} s comes after frame {frame} at {time_s} s: time "
                    f"never goes back, and every frame is there once"
                )
            recorded = RecordedFrame(row.frame, _observation(row, camera, start))
        except (ValidationError, _BadLineError) as error:
            if last and not line.endswith(b"\n") and frame >= 0:
                log.warning("%s: the last line (%d) was cut off and is left out", path, number)
                return
            raise ModelError(f"{path}, line {number}: {_cause(error)}") from None
        time_s, frame = row.time_s, row.frame
        yield recorded


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
    at: AwareDatetime | None = None
    static: list[_Corners] = Field(default_factory=list)
    health: Health = "valid"


class _BadLineError(Exception):
    """A line that is well formed, but can't be."""


def _open(path: Path, mode: Literal["rb", "wb"]) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path, mode)) if path.suffix == ".gz" else path.open(mode)


def _lines(path: Path) -> Iterator[tuple[int, bytes, bool]]:
    """The lines that are not blank: number from 1, bytes, and whether it is the last one."""
    try:
        with _open(path, "rb") as file:
            number, line = 0, b""
            try:
                for following in file:
                    if line.strip():
                        yield number, line, False
                    number, line = number + 1, following
            except (EOFError, zlib.error) as error:
                log.warning("%s: the recording breaks off after line %d (%s)", path, number, error)
            if line.strip():
                yield number, line, True
    except FileNotFoundError:
        raise ModelError(f"{path}: there is no such recording of detections") from None
    except OSError as error:  # also gzip.BadGzipFile
        raise ModelError(f"{path}: can't be read: {error.strerror or error}") from None


def _observation(row: _Line, camera: str, start: datetime | None) -> Observation:
    table = np.array([box[:4] for box in row.boxes], np.float32).reshape(-1, 4)
    turned = np.flatnonzero((table[:, 2:] < table[:, :2]).any(axis=1))
    if len(turned):
        raise _BadLineError(
            f"boxes.{turned[0]}: {list(row.boxes[turned[0]][:4])} must be x1, y1, x2, y2 with x1 <= x2 and y1 <= y2"
        )
    known = row.at if start is None else None
    return Observation(
        camera=camera,
        time_s=row.time_s,
        captured_at=known.astimezone(UTC) if known else (start or EPOCH) + timedelta(seconds=row.time_s),
        size=row.size,
        detections=Detections(
            table,
            np.array([box[4] for box in row.boxes], np.float32),
            np.array([Label.of(box[5]) for box in row.boxes], np.int8),
        ),
        signals=row.signals,
        static=np.array(row.static, np.float32).reshape(-1, 4),
        health=row.health,
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
        "time_s": round(observation.time_s, 6),
        "size": observation.size,
        "boxes": [
            [*(round(x, 2) for x in box), round(score, 4), Label(label).word]
            for box, score, label in zip(
                detections.boxes.tolist(), detections.scores.tolist(), detections.labels.tolist(), strict=True
            )
        ],
        "signals": dict(observation.signals),
        "at": observation.captured_at.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
    }
    if len(observation.static):
        row["static"] = [[round(x, 2) for x in box] for box in observation.static.tolist()]
    if observation.health != "valid":
        row["health"] = observation.health
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
