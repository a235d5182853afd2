"""What lies on the disk, against what the index says: brought together at the start, and proved by a check."""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

from api.recording_index import RecordingIndex
from streams.segment import BROKEN, PART, Segment, began_of, mended, read_segment

log = logging.getLogger(__name__)

SETTLE_S = 3.0
"""A server at work may put a file into its place just now, and its row a moment later: who differs is asked twice."""
NEAR = timedelta(seconds=1)
OPEN_S = 60.0
"""An unfinished file that was written to within this time belongs to a server at work."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something in which index and disk do not agree.

    Attributes:
        kind: `missing`: a row without a file; `unknown`: a file without a row; `size`: the file has another size;
            `unfinished`: left by a crash; `broken`: damaged, nothing in it can be read; `unreadable`: likewise, but
            found by reading it.
        file: Path in the folder of recordings.
        words: For people.
    """

    kind: Literal["missing", "unknown", "size", "unfinished", "broken", "unreadable"]
    file: str
    words: str

    def __str__(self) -> str:
        return f"{self.file}: {self.words}"


def days(folder: Path, camera: str) -> list[Path]:
    """The folders of a camera's days, in order."""
    place = folder / camera
    return sorted(day for day in place.iterdir() if day.is_dir()) if place.is_dir() else []


def cameras(folder: Path) -> list[str]:
    """The cameras that have a folder."""
    if not folder.is_dir():
        return []
    return sorted(place.name for place in folder.iterdir() if place.is_dir() and not place.name.startswith("."))


def is_whole(path: Path) -> bool:
    """Whether a file's name is that of a whole segment."""
    return path.suffix == ".mp4" and not path.name.endswith(PART)


def settle(index: RecordingIndex, folder: Path) -> None:
    """Mends what the last server left unfinished and takes in what it did not note. Before anything is recorded.

    Only what is newer than the newest that is noted can be unknown, so a start does not take longer with years of
    recordings; `check` looks at all.

    Raises:
        StoreError: The index can't be read or written.
        OSError: The disk can't be.
    """
    for camera in cameras(folder):
        found: list[Segment] = []
        last = index.last(camera)
        for day in days(folder, camera):
            if last is not None and day.name < last.file.split("/")[1]:
                continue
            for path in sorted(day.iterdir()):
                segment = _whole(folder, path, last.file if last else "")
                if segment is not None:
                    found.append(segment)
        if found:
            index.add(found)
            log.warning("camera %r: %d recordings of before a crash were mended or noted", camera, len(found))


def _whole(folder: Path, path: Path, newest: str) -> Segment | None:
    """The segment of a file that has no row yet; None where it has one, or is none."""
    if path.name.endswith(PART):
        segment = mended(folder, path)
        if segment is None:
            log.warning("%s: nothing could be kept of this recording", path)
        return segment
    if not is_whole(path) or path.relative_to(folder).as_posix() <= newest:
        return None
    try:
        return read_segment(folder, path)
    except ValueError as error:
        log.warning("%s", error)
        path.replace(path.with_name(path.name.removesuffix(".mp4") + BROKEN))
        return None


def check(index: RecordingIndex, folder: Path, *, read: bool = False) -> list[Difference]:
    """In what index and disk do not agree. May be asked while a server is at work.

    Args:
        index: The index.
        folder: The folder of all recordings.
        read: Whether each file is read from beginning to end, and its times and key pictures compared.

    Raises:
        StoreError: The index can't be read.
        OSError: The disk can't be.
    """
    found = _differences(index, folder, read)
    if found and any(one.kind in ("missing", "unknown", "size") for one in found):
        time.sleep(SETTLE_S)
        again = set(_differences(index, folder, read))
        found = [one for one in found if one in again]
    return found


def mend(index: RecordingIndex, folder: Path, differences: list[Difference]) -> None:
    """Brings the index into line with the disk. Not while a server is at work: its open files would be cut off.

    Raises:
        StoreError: The index can't be written.
        OSError: The disk can't be.
    """
    index.forget([one.file for one in differences if one.kind == "missing"])
    segments = []
    for one in differences:
        if one.kind in ("unknown", "size", "unfinished", "unreadable"):
            index.forget([one.file])
            segments.append(_whole(folder, folder / one.file, ""))
    index.add(segment for segment in segments if segment is not None)


def _differences(index: RecordingIndex, folder: Path, read: bool) -> list[Difference]:
    found: list[Difference] = []
    on_disk: dict[str, int] = {}
    for path in _files(folder):
        file = path.relative_to(folder).as_posix()
        try:
            status = path.stat()
        except FileNotFoundError:  # renamed or removed just now
            continue
        if path.name.endswith(PART):
            if time.time() - status.st_mtime > OPEN_S:
                found.append(Difference("unfinished", file, "was left unfinished by a crash; the next start mends it"))
        elif path.name.endswith(BROKEN):
            found.append(Difference("broken", file, "is damaged: nothing in it can be read"))
        else:
            on_disk[file] = status.st_size
    for segment in index.all():
        size = on_disk.pop(segment.file, None)
        if size is None:
            if not (folder / segment.file).exists():
                found.append(Difference("missing", segment.file, "stands in the index and is not on the disk"))
        elif size != segment.bytes:
            words = f"has {size} bytes on the disk and {segment.bytes} in the index"
            found.append(Difference("size", segment.file, words))
        elif read:
            found += _read(folder, segment)
    found += [Difference("unknown", file, "is on the disk and not in the index") for file in on_disk]
    return sorted(found, key=lambda one: one.file)


def _read(folder: Path, segment: Segment) -> list[Difference]:
    try:
        really = read_segment(folder, folder / segment.file)
    except (ValueError, FileNotFoundError):
        return [Difference("unreadable", segment.file, "can't be read")]
    lasts, noted = really.ended - really.began, segment.ended - segment.began
    if (really.codec, really.key_pictures) == (segment.codec, segment.key_pictures) and abs(lasts - noted) < NEAR:
        return []
    words = f"holds {lasts.total_seconds():g} s, the index says {noted.total_seconds():g} s"
    return [Difference("unreadable", segment.file, words)]


def _files(folder: Path) -> Iterator[Path]:
    for camera in cameras(folder):
        for day in days(folder, camera):
            for path in day.iterdir():
                if is_whole(path) or path.name.endswith((PART, BROKEN)):
                    try:
                        began_of(path)
                    except ValueError:  # not ours: nothing that we speak about, and nothing that we touch
                        continue
                    yield path
