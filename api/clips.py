"""Clips: what a camera recorded of an event, cut when somebody asks for it, and kept for a while."""

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from api.errors import ClipNotReady, NoClip
from api.recording_index import RecordingIndex
from streams.cut import Clip, cut
from streams.record import Record
from streams.recorder import SEGMENT_S
from streams.segment import Segment
from vision.events import Event, Incident, Measurement, Violation

LONGEST_S = 300.0
"""Of an event that lasts longer, a clip shows the beginning."""
WRITTEN_WITHIN_S = SEGMENT_S + 10.0
"""A segment ends with the first key picture after `SEGMENT_S`; so much later its recording is whole and noted."""
KEPT_S = 600.0
FOLDER = ".clips"


@dataclass(frozen=True, slots=True)
class ClipFile:
    """A clip on disk.

    Attributes:
        path: Its file.
        clip: What it shows.
    """

    path: Path
    clip: Clip


def span(event: Event) -> tuple[datetime, datetime]:
    """From when to when an event lasted, as far as is known, by the time of day.

    `at` is the time of day of `time_s`; what else an event tells on its stream's clock is reckoned from there.
    """
    began_s = ended_s = event.time_s
    if isinstance(event, Incident | Measurement):
        began_s = min(began_s, event.began_s)
        ended_s = max(ended_s, event.ended_s or ended_s)
    elif isinstance(event, Violation):
        ended_s = max(ended_s, event.fired_s)
    began = event.at + timedelta(seconds=began_s - event.time_s)
    return began, began + timedelta(seconds=min(ended_s - began_s, LONGEST_S))


class Clips:
    """Cuts clips of events. Safe to be used from every thread.

    Args:
        index: What is recorded.
        folder: Where.
        records: How much belongs to an event, by camera; the defaults for others, which are recorded no more.
    """

    def __init__(self, index: RecordingIndex, folder: Path, records: Mapping[str, Record]) -> None:
        self._index = index
        self._folder = folder
        self._records = records
        self._known: dict[str, Clip] = {}

    def window(self, event: Event) -> tuple[datetime, datetime]:
        """From when to when a clip of an event is wanted."""
        record = self._records.get(event.camera)
        pre_s = record.pre_roll_s if record else Record.model_fields["pre_roll_s"].default
        post_s = record.post_roll_s if record else Record.model_fields["post_roll_s"].default
        began, ended = span(event)
        return began - timedelta(seconds=pre_s), ended + timedelta(seconds=post_s)

    def of(self, event: Event, now: datetime | None = None) -> ClipFile:
        """The clip of an event, in a file that stays for a while.

        Raises:
            ClipNotReady: Its end is not recorded yet.
            NoClip: Nothing was recorded of it, or it is kept no longer.
            StoreError: The index can't be read.
            OSError: There is no room for it.
        """
        began, ended = self.window(event)
        segments = self._recorded(event, began, ended, now or datetime.now(UTC))
        key = "\n".join([began.isoformat(), ended.isoformat(), *(f"{one.file} {one.bytes}" for one in segments)])
        place = self._folder / FOLDER
        place.mkdir(parents=True, exist_ok=True)
        self._tidy(place)
        path = place / f"{event.id}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.mp4"
        known = self._known.get(path.name)
        if known and path.exists():
            # A browser asks several times for parts of it. That it is in use shows in the time of access alone: by
            # the other time the browser knows that the parts belong together.
            os.utime(path, (time.time(), path.stat().st_mtime))
            return ClipFile(path, known)
        with tempfile.NamedTemporaryFile(dir=place, suffix=".part") as part:
            clip = self._cut(event, segments, began, ended, Path(part.name))
            with suppress(FileExistsError):  # another request was as quick
                path.hardlink_to(part.name)
        self._known[path.name] = clip
        return ClipFile(path, clip)

    def write(self, event: Event, out: Path, began: datetime, ended: datetime) -> Clip:
        """Writes a clip of an event into a file; takes what is recorded by now.

        Raises:
            ClipNotReady: Its end is not recorded yet.
            NoClip: Nothing was recorded of it, or it is kept no longer.
            StoreError: The index can't be read.
            OSError: The file can't be written.
        """
        segments = self._recorded(event, began, ended, datetime.now(UTC))
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=".clip-") as folder:
            part = Path(folder, "clip.mp4")
            clip = self._cut(event, segments, began, ended, part)
            shutil.move(part, out)
        return clip

    def _recorded(self, event: Event, began: datetime, ended: datetime, now: datetime) -> list[Segment]:
        segments = self._index.covering(event.camera, began, ended)
        whole_at = ended + timedelta(seconds=WRITTEN_WITHIN_S)
        if now < whole_at and not (segments and segments[-1].ended >= ended) and self._is_recorded(event.camera, began):
            raise ClipNotReady(event.id, whole_at, (whole_at - now).total_seconds())
        if not segments:
            raise NoClip(
                f"no clip of event {event.id!r}: nothing of camera {event.camera!r} was recorded then, or it is kept "
                "no longer; a camera is recorded where the site file gives it a `record:` block"
            )
        return segments

    def _is_recorded(self, camera: str, lately: datetime) -> bool:
        if camera in self._records:
            return True
        last = self._index.last(camera)
        return last is not None and last.ended > lately - timedelta(seconds=WRITTEN_WITHIN_S)

    def _cut(self, event: Event, segments: list[Segment], began: datetime, ended: datetime, out: Path) -> Clip:
        clip = cut(self._folder, segments, began, ended, out)
        if clip is None:
            raise NoClip(f"no clip of event {event.id!r}: its recordings can't be read, or are gone")
        return clip

    def _tidy(self, place: Path) -> None:
        """Removes clips that nobody has asked for in a while."""
        for path in place.iterdir():
            with suppress(FileNotFoundError):
                if time.time() - path.stat().st_atime > KEPT_S:
                    path.unlink()
                    self._known.pop(path.name, None)
