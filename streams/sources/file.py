"""A video file."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field

from streams.capture import Capture, Picture
from streams.clock import StreamClock
from streams.errors import SourceEnded, StreamError, StreamRefused
from streams.frame import Frame
from streams.source import OpenSource, Source

HOLE_S = 10.0
"""With `pace: real` a hole in a recording is not waited for any longer."""


class FileSource(Source):
    """A video file, read without drops."""

    kind: Literal["file"] = Field(default="file", description="Sort of source.")
    path: Path = Field(description="The file; any container and codec that FFmpeg reads.")
    pace: Literal["max", "real"] = Field(
        default="max", description="`max`: as fast as the machine can; `real`: at the speed it was recorded."
    )
    loop: bool = Field(default=False, description="Begin anew at the end; the stream's clock goes on.")

    @property
    def live(self) -> bool:
        """A file waits for us: nothing of it is dropped."""
        return False

    def missing(self) -> Mapping[str, str]:
        """The file, if it can't be read; whether it is a video is seen when it is opened."""
        why = _why_unreadable(self.path)
        return {"path": why} if why else {}

    def open(self, camera: str, start: datetime | None = None) -> OpenSource:
        """Opens the file and decodes its first picture.

        Raises:
            StreamRefused: There is no such file, or it is no video.
        """
        return _OpenFile(self, camera, start)


class _OpenFile(OpenSource):
    """A video file from its first to its last picture."""

    def __init__(self, source: FileSource, camera: str, start: datetime | None) -> None:
        self._source = source
        self._camera = camera
        self._index = -1
        self._time_s = 0.0
        self._ahead: Picture | None
        self._capture, self._ahead = _opened(source.path)
        self._begin_pass(0.0)
        count, fps = self._capture.frame_count, self._capture.fps
        self.expected_frames = None if source.loop else count
        self._duration_s = count / fps if count and fps > 0 else None
        self._start = start or _recorded_at(source.path) - timedelta(seconds=self._duration_s or 0)
        self._began = time.monotonic()

    def _begin_pass(self, at_s: float) -> None:
        self._pass_began_s = at_s
        self._pass_frames = 0
        self._last_stamp_s = 0.0
        self._clock = StreamClock(self._capture.fps)

    def read(self) -> Frame:
        """The next picture.

        Raises:
            SourceEnded: The file is at its end.
            StreamError: The file ends long before its own header says.
        """
        picture, self._ahead = self._ahead or self._capture.read(), None
        if picture is None:
            picture = self._end_of_pass()
        at_most_s = self._duration_s + 1 if self._duration_s else float("inf")
        time_s = self._pass_began_s + self._clock.tick(picture.stamp_s, at_most_s)
        if self._source.pace == "real":
            self._wait_until(time_s)
        self._time_s = time_s
        self._index += 1
        self._pass_frames += 1
        self._last_stamp_s = max(self._last_stamp_s, picture.stamp_s)
        captured_at = self._start + timedelta(seconds=time_s)
        return Frame(self._camera, self._index, time_s, captured_at, picture.image)

    def close(self) -> None:
        """Closes the file."""
        self._capture.close()

    def _end_of_pass(self) -> Picture:
        """What follows the last picture: with `loop` the first one, else the end."""
        count = self._capture.frame_count
        if count and self._duration_s:
            # Headers count a few pictures more than there are, and variable frame rates make a poor duration. Only
            # where both pictures and time are missing is the file cut off.
            missing_s = self._duration_s - self._last_stamp_s - self._clock.interval_s
            missing = (count - self._pass_frames) * self._clock.interval_s
            if min(missing_s, missing) > max(0.5, min(0.02 * self._duration_s, 3.0)):
                raise StreamError(f"{self._source.path}: truncated after {self._pass_frames} of {count} frames")
        if not self._source.loop:
            raise SourceEnded
        self._capture.close()
        self._capture, first = _opened(self._source.path)
        self._begin_pass(self._time_s + self._clock.interval_s)
        return first

    def _wait_until(self, time_s: float) -> None:
        wait_s = self._began + time_s - time.monotonic()
        if wait_s > HOLE_S:
            self._began -= wait_s - HOLE_S
            wait_s = HOLE_S
        if wait_s > 0:
            time.sleep(wait_s)


def _opened(path: Path) -> tuple[Capture, Picture]:
    """The file and its first picture.

    Raises:
        StreamRefused: Not a file, empty, not readable, or not a video.
    """
    if why := _why_unreadable(path):
        raise StreamRefused(why)
    # The absolute path, so that FFmpeg can't take a name such as `concat:x` for one of its protocols.
    capture = Capture.of_url(str(path.absolute()), {})
    if capture is None:
        raise StreamRefused(f"{path}: is not a video, or cut off before its index; ffprobe may tell more")
    first = capture.read()
    if first is None:
        capture.close()
        raise StreamRefused(f"{path}: not a single picture can be decoded; is it cut off?")
    return capture, first


def _why_unreadable(path: Path) -> str | None:
    """Why there is nothing to read; None where there is."""
    try:
        if path.is_dir():
            return f"{path}: is a directory, not a video file"
        with path.open("rb") as content:
            return None if content.read(1) else f"{path}: is empty (0 bytes)"
    except FileNotFoundError:
        return f"{path}: no such file"
    except OSError as error:
        return f"{path}: can't be read ({error.strerror})"


def _recorded_at(path: Path) -> datetime:
    """When the file was written last: about when its recording ended."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
