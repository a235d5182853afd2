"""Kept tracks: what a tracker made of a recording, so that the next replay need not track again.

    day.jsonl.gz ──▶ tracker ──┬──▶ rules        the first replay
                               ▼
              day.jsonl.gz.tracks ──▶ rules      the next ones, whatever the rules, lines, zones and calibration

Tracks depend on the recording, the tracker's settings and its code, and on nothing else. A file of tracks says of which
it is; one that is of others, that broke off or that was damaged is as good as none. All numbers in it are exact.

    mark, fingerprint; for each thousand pictures: length and CRC-32 (<II), a NumPy archive; at the end: two zeros
"""

import hashlib
import json
import logging
import platform
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields
from datetime import datetime, timedelta
from functools import cache
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, get_origin, get_type_hints

import numpy as np
import scipy
from numpy.typing import NDArray
from pydantic import TypeAdapter

import models
import vision
from models.detections import Detections
from models.observation import Observation
from models.recording import EPOCH, RecordedFrame, begun_at, read_recording
from streams.whole_file import part_of, put_in_place
from vision.site import Camera, Site
from vision.tracker import Tracker
from vision.tracks import Tracks

log = logging.getLogger(__name__)
_MARK = b"ngatu tracks 1\n"
_CHUNK = 1000  # pictures
_HEAD = struct.Struct("<II")
_MICROSECOND = timedelta(microseconds=1)
_COMMON = ("size", "signals", "signals_since_s", "static", "removed", "health")  # hardly change from picture to picture


def place_of(recording: Path) -> Path:
    """Where the tracks of a recording are kept: beside it."""
    return recording.with_name(f"{recording.name}.tracks")


@contextmanager
def tracked(
    site: Site, camera: Camera, recording: Path, start: datetime | None, *, keep: bool
) -> Iterator[tuple[Tracker, Iterator[RecordedFrame]]]:
    """The pictures of a recording, and the tracker that must be asked after each of them.

    With tracks that were kept before, the detections are not read again: observations are handed on without them.

    Args:
        site: The site.
        camera: Its camera.
        recording: The recording.
        start: See `read_recording`.
        keep: Whether to keep the tracks, once all pictures have been through. If that can't be done it is logged.

    Raises:
        ModelError: See `read_recording`; raised by the iterator.
    """
    place, tracker = place_of(recording), site.tracker(camera)
    fingerprint = _fingerprint(site, camera, recording) if recording.is_file() and (keep or place.is_file()) else None
    if fingerprint and _is_whole(place, fingerprint):
        recalled = _Recalled(place, camera.id, start)
        yield recalled, recalled.pictures()
    elif fingerprint and keep:
        file = _TracksFile(place, fingerprint)
        try:
            noting = _Noting(tracker, file, start)
            yield noting, noting.pictures(read_recording(recording, camera.id))
        finally:
            file.discard()
    else:
        yield tracker, read_recording(recording, camera.id, start)


class _Recalled:
    """A tracker that hands on what was kept."""

    def __init__(self, place: Path, camera: str, start: datetime | None) -> None:
        self._place = place
        self._camera = camera
        self._start = start
        self._tracks: Tracks | None = None

    def step(self, detections: Detections, time_s: float) -> Tracks:
        """The tracks of the newest picture (see `Tracker.step`)."""
        assert self._tracks is not None
        return self._tracks

    def pictures(self) -> Iterator[RecordedFrame]:
        """The pictures, one by one."""
        with self._place.open("rb") as file:
            file.seek(len(_MARK) + 64)
            while length := _HEAD.unpack(file.read(_HEAD.size))[0]:
                for recorded, tracks in _decoded(file.read(length), self._camera):
                    self._tracks = tracks
                    yield begun_at(recorded, self._start) if self._start else recorded


class _Noting:
    """A tracker at work, whose tracks are kept."""

    def __init__(self, tracker: Tracker, file: "_TracksFile", start: datetime | None) -> None:
        self._tracker = tracker
        self._file = file
        self._start = start
        self._tracks: Tracks | None = None

    def step(self, detections: Detections, time_s: float) -> Tracks:
        """The tracks of the newest picture (see `Tracker.step`)."""
        self._tracks = self._tracker.step(detections, time_s)
        return self._tracks

    def pictures(self, recording: Iterator[RecordedFrame]) -> Iterator[RecordedFrame]:
        """The pictures, one by one; after the last one their tracks are put into their place."""
        for recorded in recording:
            yield begun_at(recorded, self._start) if self._start else recorded
            assert self._tracks is not None
            self._file.add(recorded, self._tracks)
        self._file.complete()


class _TracksFile:
    """A file of tracks that is written beside its place, and takes it when it is whole.

    It only saves time: where it can't be written that is logged, and nothing more is done.
    """

    def __init__(self, place: Path, fingerprint: bytes) -> None:
        self._place = place
        self._part = part_of(place)
        self._chunk: list[tuple[RecordedFrame, Tracks]] = []
        self._file: BinaryIO | None = None
        with self._giving_up():
            self._file = self._part.open("wb")
            self._file.write(_MARK + fingerprint)

    def add(self, recorded: RecordedFrame, tracks: Tracks) -> None:
        """Adds a picture."""
        if self._file:
            self._chunk.append((recorded, tracks))
            if len(self._chunk) == _CHUNK:
                self._write()

    def complete(self) -> None:
        """Puts the file into its place."""
        if self._chunk:
            self._write()
        with self._giving_up():
            if self._file:
                self._file.write(_HEAD.pack(0, 0))
                self._file.close()
                put_in_place(self._place)
                self._file = None

    def discard(self) -> None:
        """Removes what was not completed."""
        if self._file:
            self._file.close()
            self._part.unlink(missing_ok=True)
            self._file = None

    def _write(self) -> None:
        chunk, self._chunk = self._chunk, []
        with self._giving_up():
            if self._file:
                content = _encoded(chunk)
                self._file.write(_HEAD.pack(len(content), zlib.crc32(content)) + content)

    @contextmanager
    def _giving_up(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            log.warning("%s: tracks are not kept: %s", self._place, error.strerror or error)
            with suppress(OSError):
                self.discard()


def _fingerprint(site: Site, camera: Camera, recording: Path) -> bytes:
    """64 digits for all that the tracks of a recording depend on."""
    tracker = (camera.tracker or site.defaults.tracker).model_dump(mode="json")
    with recording.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    known = [content, tracker, site.detector(camera).confidence, _code()]
    return hashlib.sha256(json.dumps(known).encode()).hexdigest().encode()


@cache
def _code() -> list[str]:
    """What computes tracks: our own code and what it stands on."""
    code = hashlib.sha256()
    for package in (models, vision):
        for folder in package.__path__:
            for path in sorted(Path(folder).rglob("*.py")):
                code.update(path.read_bytes())
    return [code.hexdigest(), np.__version__, scipy.__version__, platform.machine()]


def _is_whole(place: Path, fingerprint: bytes) -> bool:
    """Whether a file has the tracks of a fingerprint, all of them and as they were written."""
    try:
        with place.open("rb") as file:
            if file.read(len(_MARK) + len(fingerprint)) != _MARK + fingerprint:
                return False
            while True:
                length, check = _HEAD.unpack(file.read(_HEAD.size))
                if not length:
                    return not file.read(1)
                content = file.read(length)
                if len(content) < length or zlib.crc32(content) != check:
                    return False
    except (OSError, struct.error):
        return False


@cache
def _columns() -> tuple[dict[str, type], dict[str, TypeAdapter[Any]]]:
    """The fields of `Tracks` that have a row for each track, and the others."""
    hints = get_type_hints(Tracks)
    names = [one.name for one in fields(Tracks) if one.name not in ("camera", "time_s")]
    arrays = {name: hints[name] for name in names if get_origin(hints[name]) is np.ndarray}
    return arrays, {name: TypeAdapter(hints[name]) for name in names if name not in arrays}


def _encoded(chunk: Sequence[tuple[RecordedFrame, Tracks]]) -> bytes:
    """Some pictures and their tracks as a NumPy archive."""
    arrays, others = _columns()
    commons: dict[str, int] = {}
    seen = [one.observation for (one, _) in chunk]
    which = [commons.setdefault(_common(one), len(commons)) for one in seen]
    more = {
        name: {
            index: kind.dump_python(value, mode="json")
            for index, (_, tracks) in enumerate(chunk)
            if (value := getattr(tracks, name))
        }
        for name, kind in others.items()
    }
    columns: dict[str, NDArray[Any]] = {
        "frame": np.array([one.frame for one, _ in chunk], np.int64),
        "time_s": np.array([one.time_s for one in seen]),
        "at": np.array([(one.captured_at - EPOCH) // _MICROSECOND for one in seen], np.int64),
        "count": np.array([len(tracks) for _, tracks in chunk], np.int64),
        "which": np.array(which, np.int64),
    }
    kinds = {}
    for name in arrays:
        column = np.concatenate([getattr(tracks, name) for _, tracks in chunk])
        kinds[name] = column.dtype.str
        columns[f"tracks.{name}"] = _smaller(column)
    rest = {"commons": [json.loads(one) for one in commons], "more": more, "kinds": kinds}
    columns["rest"] = np.frombuffer(json.dumps(rest).encode(), np.uint8)
    content = BytesIO()
    np.savez(content, allow_pickle=False, **columns)
    return content.getvalue()


def _smaller(column: NDArray[Any]) -> NDArray[Any]:
    """A column in half the room, where no number of it suffers."""
    if column.dtype != np.float64:
        return column
    half = column.astype(np.float32)
    return half if np.array_equal(half, column, equal_nan=True) else column


def _common(observation: Observation) -> str:
    """What hardly changes from picture to picture."""
    values = {name: getattr(observation, name) for name in _COMMON}
    return json.dumps(values, default=lambda value: value.tolist() if isinstance(value, np.ndarray) else dict(value))


def _decoded(content: bytes, camera: str) -> Iterator[tuple[RecordedFrame, Tracks]]:
    """What `_encoded` made bytes of."""
    with np.load(BytesIO(content), allow_pickle=False) as archive:
        columns = {name: archive[name] for name in archive.files}
    rest = json.loads(columns.pop("rest").tobytes())
    commons = [_of_common(one) for one in rest["commons"]]
    arrays, others = _columns()
    rows = {name: columns[f"tracks.{name}"].astype(rest["kinds"][name]) for name in arrays}
    more = {
        name: {int(index): kind.validate_python(value) for index, value in rest["more"][name].items()}
        for name, kind in others.items()
    }
    nothing = {name: kind.validate_python(()) for name, kind in others.items()}
    detections = Detections.empty()
    ends = [0, *np.cumsum(columns["count"]).tolist()]
    heads = zip(*(columns[name].tolist() for name in ("frame", "time_s", "at", "which")), pairwise(ends), strict=True)
    for index, (frame, time_s, at, which, (begin, end)) in enumerate(heads):
        own = {name: column[begin:end] for name, column in rows.items()}
        told = {name: values.get(index, nothing[name]) for name, values in more.items()}
        observation = Observation(
            camera=camera,
            time_s=time_s,
            captured_at=EPOCH + at * _MICROSECOND,
            detections=detections,
            **commons[which],
        )
        yield RecordedFrame(frame, observation), Tracks(camera=camera, time_s=time_s, **own, **told)


def _of_common(values: dict[str, Any]) -> dict[str, Any]:
    boxes = {name: np.array(values[name], np.float32).reshape(-1, 4) for name in ("static", "removed")}
    return values | boxes | {"size": (values["size"][0], values["size"][1])}
