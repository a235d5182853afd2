"""Archive: all recorders of a site, the index of what they record, and the room that it may take.

recorder of camera 1 ──┐                  ┌─▶ index (database)
recorder of camera 2 ──┼─▶ whole segments ┤
recorder of camera 3 ──┘                  └─▶ too old, too much: the oldest go, but for those under a hold
▲ │
│ └── is there room? ◀── keeper's thread: looks every second, tells once
└──── look(): a thread that hangs is replaced
"""

import logging
import shutil
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Self

from api.errors import ApiError, StoreError
from api.recording_disk import settle
from api.recording_index import RecordingIndex
from api.settings import Settings
from streams.broadcast import Broadcast
from streams.record import Record
from streams.recorder import SEGMENT_S, Recorder, RecorderHealth
from streams.segment import Segment

log = logging.getLogger(__name__)

GB = 10**9
LOOK_S = 1.0
RETENTION_S = 5.0
WAITING_MAX = 100_000
"""Segments that may wait for the index, about a day of a hundred cameras; more are noted at the next start."""
REMOVED_AT_ONCE = 100
REMOVED_FOR_ROOM = 10
STOP_S = 10.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What recordings may take.

    Attributes:
        age: How long they are kept.
        bytes: How much room; None for four fifths of the disk.
        free: Bytes of the disk that nothing is recorded into.
    """

    age: timedelta
    bytes: int | None
    free: int

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The limits that the settings name."""
        quota = settings.recordings_gb
        return cls(
            age=timedelta(days=settings.recordings_days),
            bytes=None if quota is None else round(quota * GB),
            free=round(settings.recordings_free_gb * GB),
        )


@dataclass(frozen=True, slots=True)
class ArchiveState:
    """How the archive is doing.

    Attributes:
        bytes: Size of all recordings.
        free_bytes: Free on their disk.
        stopped: Why nothing can be recorded now; empty where something can.
        index: Why the index can't be written now; empty where it can.
        waiting: Segments that wait for it.
        recorders: How each camera's recording is doing.
    """

    bytes: int
    free_bytes: int
    stopped: str
    index: str
    waiting: int
    recorders: Mapping[str, RecorderHealth]


class Archive:
    """Records the cameras of a site from `start` to `stop`.

    Args:
        records: What is recorded, by camera.
        folder: Folder of all recordings.
        index: Where they are noted.
        limits: What they may take.
        segment_s: See `Recorder`.
        broadcasts: Where the pictures of cameras go as well, for who watches; by camera.

    Raises:
        ApiError: There can be no such folder.
        StoreError: The index can't be read or written.
    """

    def __init__(
        self,
        records: Mapping[str, Record],
        folder: Path,
        index: RecordingIndex,
        limits: Limits,
        *,
        segment_s: float = SEGMENT_S,
        broadcasts: Mapping[str, Broadcast] = MappingProxyType({}),
    ) -> None:
        self.folder = folder
        self._index = index
        self._limits = limits
        try:
            folder.mkdir(parents=True, exist_ok=True)
            settle(index, folder)
        except OSError as error:
            cause = error.strerror or error
            raise ApiError(
                f"recordings can't be kept in {folder}: {cause}; name another folder in NGATU_RECORDINGS"
            ) from error
        self._waiting: deque[Segment] = deque(maxlen=WAITING_MAX)
        self._size = index.size()
        self._free = shutil.disk_usage(folder).free
        self._stopped = self._why_full(0)
        self._index_fault = ""
        self._retention_due = 0.0
        self._stop = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="keep recordings", daemon=True)
        self._recorders = {
            camera: Recorder(
                camera,
                record,
                folder,
                segment_s=segment_s,
                no_room=lambda: self._stopped,
                on_segment=self._waiting.append,
                broadcast=broadcasts.get(camera),
            )
            for camera, record in records.items()
        }

    def start(self) -> None:
        """Starts recording. May be called once."""
        self._look()
        self._keeper.start()
        for recorder in self._recorders.values():
            recorder.start()

    def stop(self) -> None:
        """Stops recording: open segments are ended and noted."""
        for recorder in self._recorders.values():
            recorder.stop(0)
        until = time.monotonic() + STOP_S
        for recorder in self._recorders.values():
            recorder.stop(max(0.0, until - time.monotonic()))
        self._stop.set()
        if self._keeper.is_alive():
            self._keeper.join()
        self._note()

    def state(self) -> ArchiveState:
        """How the archive is doing now."""
        return ArchiveState(
            bytes=self._size,
            free_bytes=self._free,
            stopped=self._stopped,
            index=self._index_fault,
            waiting=len(self._waiting),
            recorders={camera: recorder.health() for camera, recorder in self._recorders.items()},
        )

    # The keeper's thread.

    def _keep(self) -> None:
        while not self._stop.wait(LOOK_S):
            try:
                self._look()
            except Exception:
                # A guard: whatever is wrong with one look, there must be a next one.
                log.exception("recordings can't be looked after")

    def _look(self) -> None:
        for recorder in self._recorders.values():
            recorder.look()
        self._note()
        if time.monotonic() >= self._retention_due:
            self._retention_due = time.monotonic() + RETENTION_S
            self._make_room()

    def _note(self) -> None:
        """Notes the segments that wait; those that can't be noted now wait on."""
        batch = [self._waiting[number] for number in range(len(self._waiting))]
        try:
            self._index.add(batch)
        except StoreError as error:
            if not self._index_fault:
                log.error("recordings can't be noted, they wait in memory: %s", error)
            self._index_fault = str(error)
            return
        for _ in batch:
            self._waiting.popleft()
        self._size += sum(segment.bytes for segment in batch)
        if self._index_fault:
            log.warning("recordings can be noted again")
        self._index_fault = ""

    def _make_room(self) -> None:
        """Removes what is too old or too much, and finds out whether there is room."""
        usage = shutil.disk_usage(self.folder)
        quota = self._limits.bytes if self._limits.bytes is not None else usage.total * 4 // 5
        held = 0
        try:
            too_old = datetime.now(UTC) - self._limits.age
            while self._remove(REMOVED_AT_ONCE, before=too_old) == REMOVED_AT_ONCE:
                continue
            while self._size > quota and not held:
                held = 0 if self._remove(REMOVED_FOR_ROOM) else self._size
        except (StoreError, OSError) as error:
            log.warning("old recordings can't be removed: %s", error)
        self._free = shutil.disk_usage(self.folder).free
        before, self._stopped = self._stopped, self._why_full(held)
        if self._stopped and not before:
            log.error("nothing is recorded any more: %s", self._stopped)
        elif before and not self._stopped:
            log.warning("there is room for recordings again")

    def _why_full(self, held: int) -> str:
        """Why nothing may be recorded; empty where something may.

        Args:
            held: Size of the recordings where they take too much and none of them may be removed.
        """
        if self._free < self._limits.free:
            return (
                f"{self._free / GB:.1f} GB are free on the disk of {self.folder}, {self._limits.free / GB:g} GB must "
                "stay; make room there, or lower NGATU_RECORDINGS_GB"
            )
        if held:
            return (
                f"the {held / GB:.1f} GB that are recorded are all under a legal hold, and no more may be kept; raise "
                "NGATU_RECORDINGS_GB, or end holds: ngatu recordings release"
            )
        return ""

    def _remove(self, limit: int, before: datetime | None = None) -> int:
        """Removes the oldest recordings that may go; says how many."""
        gone = self._index.remove_oldest(self._unlink, before=before, limit=limit)
        self._size -= sum(segment.bytes for segment in gone)
        return len(gone)

    def _unlink(self, file: str) -> None:
        path = self.folder / file
        path.unlink(missing_ok=True)
        # Today's folder stays: a segment may be about to come into it.
        if path.parent.name < f"{datetime.now(UTC) - timedelta(days=1):%Y%m%d}":
            try:
                path.parent.rmdir()
            except OSError:
                return  # others are in it
