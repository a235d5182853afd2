"""Recorder: records the main stream of a camera for as long as it is wanted, without decoding it.

    record thread    connect → picture → picture → … → segment every 10 s → … → error → wait → connect
    owner            look(), now and then: a thread that hangs in C code is left to itself, another begins

Only coded pictures are copied: what lies on disk is the camera's own bitstream. Sound is not recorded.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from streams.backoff import Failures
from streams.broadcast import Broadcast
from streams.clock import CLOCK_OFF_S, Lateness
from streams.errors import StreamError, StreamRefused
from streams.main_stream import CodedPicture, MainStream
from streams.record import Record
from streams.segment import Clock, Segment, SegmentWriter
from streams.session import HANG_S, HUNG_MAX, Session

log = logging.getLogger(__name__)

SEGMENT_S = 10.0
STALL_S = 3.0
ROOM_LOOK_S = 1.0
DISK_RETRY_S = 5.0
RecorderState = Literal["connecting", "recording", "stalled", "lost", "refused", "stopped"]


class RecorderHealth(BaseModel):
    """How the recording of a camera is doing at one moment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    camera: str = Field(description="Id of the camera.")
    state: RecorderState = Field(
        description="`connecting`: not one picture yet; `recording`; `stalled`: connected, but silent; `lost`: no "
        "connection, tried again; `refused`: the same, but somebody has to mend it (password, path, codec); "
        "`stopped`: it can't be written, the disk is full or gone."
    )
    since: datetime = Field(description="When this state began, UTC.")
    reason: str = Field(description="Why, for people; empty while all is well. Never with a secret.")
    segments: int = Field(description="Segments put into their place since the start.", ge=0)
    bytes: int = Field(description="Their size.", ge=0)
    recorded_to: datetime | None = Field(description="When the last whole segment ended, UTC.")
    clock: Clock | None = Field(description="By whose clock the last segment is named: `camera` (RTCP) or `arrival`.")
    clock_off_s: float | None = Field(
        description="How far the camera's clock is ahead of ours, s; null where it sends none."
    )
    retry_in_s: float | None = Field(description="Seconds until the next attempt; null where none is due.")


class WallClock:
    """When the pictures of one connection were taken: by the camera's clock where it can be believed, else by ours."""

    def __init__(self) -> None:
        self._lateness = Lateness()
        self._ours = datetime.now(UTC)
        self._camera: datetime | None = None

    def note(self, picture: CodedPicture) -> None:
        """Takes in what a picture tells of both clocks."""
        since_start = timedelta(seconds=picture.time_s)
        late_s = self._lateness.of(picture.time_s, picture.arrived_s)
        self._ours = datetime.now(UTC) - timedelta(seconds=late_s) - since_start
        if picture.camera_at is not None:
            self._camera = picture.camera_at - since_start

    @property
    def off_s(self) -> float | None:
        """How far the camera's clock is ahead of ours; None where it sends none."""
        return (self._camera - self._ours).total_seconds() if self._camera else None

    @property
    def clock(self) -> Clock:
        """Which clock `epoch` is read from."""
        return "camera" if self.off_s is not None and abs(self.off_s) <= CLOCK_OFF_S else "arrival"

    @property
    def epoch(self) -> datetime:
        """The moment of 0 on the stream's clock, UTC."""
        return self._camera if self._camera and self.clock == "camera" else self._ours


class Recorder:
    """Records one camera, whatever happens to the camera, the network or the disk.

    Args:
        camera: Id of the camera.
        record: Which stream.
        folder: Folder of all recordings.
        segment_s: A segment ends with the first key picture after so many seconds.
        no_room: Says why nothing may be written now; empty where something may. Asked before each segment, and
            again and again while it says no; whoever answers tells people.
        on_segment: Called with each whole segment. By a thread of the recorder: must be quick and must not raise.
        broadcast: Where the pictures go as well, for who watches: a camera is asked for its main stream once.
    """

    def __init__(
        self,
        camera: str,
        record: Record,
        folder: Path,
        *,
        segment_s: float = SEGMENT_S,
        no_room: Callable[[], str] = lambda: "",
        on_segment: Callable[[Segment], None] = lambda segment: None,
        broadcast: Broadcast | None = None,
    ) -> None:
        self.camera = camera
        self._record = record
        self._folder = folder
        self._segment_s = segment_s
        self._no_room = no_room
        self._on_segment = on_segment
        self._broadcast = broadcast
        self._lock = threading.Condition()
        self._stopping = False
        self._session = Session()
        self._hung: list[Session] = []
        # What health tells; guarded by the lock.
        self._state: RecorderState = "connecting"
        self._since = datetime.now(UTC)
        self._reason = ""
        self._down = False
        self._disk_failed = False
        self._failures = Failures()
        self._arrived = time.monotonic()
        self._retry_at: float | None = None
        self._segments = 0
        self._bytes = 0
        self._last: Segment | None = None
        self._clock_off_s: float | None = None

    def start(self) -> None:
        """Starts recording. May be called once."""
        with self._lock:
            self._begin()

    def stop(self, timeout_s: float = 8.0) -> None:
        """Stops recording; the open segment is ended.

        Args:
            timeout_s: How long to wait for that. 0 only asks: to stop many, ask all, then stop each.
        """
        with self._lock:
            self._stopping = True
            self._lock.notify_all()
            thread = self._session.thread
        if thread:
            thread.join(timeout_s)

    def look(self) -> None:
        """Looks after the thread from outside. To be called every second or so, by one thread."""
        with self._lock:
            if self._stopping:
                return
            now, session = time.monotonic(), self._session
            if self._state == "recording" and now - self._arrived > STALL_S:
                self._enter("stalled", f"no picture for {now - self._arrived:.0f} s")
            if now - session.beat < HANG_S:
                return
            self._hung = [hung for hung in dict.fromkeys((*self._hung, session)) if not hung.over]
            self._enter("lost", f"connecting or reading hangs for {now - session.beat:.0f} s")
            if len(self._hung) < HUNG_MAX:
                self._begin()

    def health(self) -> RecorderHealth:
        """How the recording is doing now."""
        with self._lock:
            last = self._last
            return RecorderHealth(
                camera=self.camera,
                state=self._state,
                since=self._since,
                reason=self._reason,
                segments=self._segments,
                bytes=self._bytes,
                recorded_to=last.ended if last else None,
                clock=last.clock if last else None,
                clock_off_s=self._clock_off_s,
                retry_in_s=max(0.0, self._retry_at - time.monotonic()) if self._retry_at else None,
            )

    def _begin(self) -> None:
        session = self._session = Session()
        name = f"record {self.camera}"
        session.thread = threading.Thread(target=self._work, args=(session,), name=name, daemon=True)
        session.thread.start()

    # The record thread.

    def _work(self, session: Session) -> None:
        try:
            while self._wanted(session):
                session.beat = time.monotonic()
                reason = self._no_room()
                if reason:
                    self._fell(session, "stopped", reason, ROOM_LOOK_S, told=True)
                    continue
                if self._broadcast:
                    self._broadcast.recorded = True
                try:
                    self._read(session)
                except StreamError as error:
                    refused = isinstance(error, StreamRefused)
                    delay_s = self._failures.note(time.monotonic() - self._arrived, refused)
                    self._fell(session, "refused" if refused else "lost", str(error), delay_s)
                except OSError as error:
                    self._disk_failed = True
                    reason = f"can't write to {self._folder}: {error.strerror or error}"
                    self._fell(session, "stopped", reason, DISK_RETRY_S)
                except Exception as error:
                    # A guard: a fault of ours must end neither the recording for good nor another camera.
                    log.exception("recording of camera %s: a fault of ours", self.camera)
                    self._fell(session, "lost", f"a fault of ours: {type(error).__name__}", DISK_RETRY_S)
        finally:
            session.over = True

    def _wanted(self, session: Session) -> bool:
        return session is self._session and not self._stopping

    def _fell(self, session: Session, state: RecorderState, reason: str, delay_s: float, told: bool = False) -> None:
        """Notes why nothing is recorded, and waits until it is tried again."""
        with self._lock:
            if not self._wanted(session):
                return
            self._retry_at = time.monotonic() + delay_s
            self._enter(state, reason, told)
            self._tell_viewers(state, reason)
            until = self._retry_at
            while self._wanted(session) and time.monotonic() < until:
                session.beat = time.monotonic()
                self._lock.wait(min(1.0, max(0.0, until - time.monotonic())))
            self._retry_at = None

    def _read(self, session: Session) -> None:
        """Records one connection to its end.

        Raises:
            StreamError: The connection came to its end.
            OSError: It can't be written.
        """
        stream = MainStream(self._record)
        clock = WallClock()
        writer: SegmentWriter | None = None
        try:
            for picture in stream.pictures():
                if not self._wanted(session):
                    return
                session.beat = time.monotonic()
                clock.note(picture)
                if self._broadcast:
                    self._broadcast.put(stream, picture)
                if picture.key and (writer is None or writer.length_s >= self._segment_s):
                    ended, writer = writer, None
                    self._put(ended, clock)
                    if self._no_room():
                        return
                    began = clock.epoch + timedelta(seconds=picture.time_s)
                    writer = SegmentWriter(self._folder, self.camera, stream.video, stream.parameters.all, began)
                assert writer is not None  # the first picture is a key picture
                writer.write(picture)
                self._came(picture)
        finally:
            stream.close()
            self._put(writer, clock)

    def _put(self, writer: SegmentWriter | None, clock: WallClock) -> None:
        """Ends a segment.

        Raises:
            OSError: Not all of it could be written.
        """
        if writer is None:
            return
        segment = writer.close(clock.epoch, clock.clock)
        if segment is not None:
            with self._lock:
                self._segments += 1
                self._bytes += segment.bytes
                self._last = segment
                self._clock_off_s = clock.off_s
            self._on_segment(segment)
        if writer.failure:
            raise writer.failure
        self._disk_failed = False

    def _came(self, picture: CodedPicture) -> None:
        with self._lock:
            self._arrived = picture.arrived_s
            self._failures.forget()
            # On a disk that is full pictures still come; it is not over before a segment was written.
            if self._state != "recording" and not self._disk_failed:
                self._enter("recording", "")

    def _tell_viewers(self, state: RecorderState, reason: str) -> None:
        if self._broadcast is None:
            return
        if state == "stopped":  # for want of room on the disk, which is nothing to who watches
            self._broadcast.recorded = False
        else:
            self._broadcast.lost(reason, refused=state == "refused")

    # State; under the lock.

    def _enter(self, state: RecorderState, reason: str, told: bool = False) -> None:
        """Notes a state; tells once when recording ends and once when it goes on.

        Args:
            state: The state.
            reason: Why.
            told: Whether somebody else tells people.
        """
        self._reason = reason
        if state == self._state:
            return
        self._state, self._since = state, datetime.now(UTC)
        if state == "recording":
            if self._down:
                log.info("camera %r is recorded again", self.camera)
            self._down = False
        elif state != "connecting" and not self._down and not told:
            log.warning("camera %r is not recorded: %s", self.camera, reason)
            self._down = True
