"""OpenClip: a video with an end that has been opened."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from streams.capture import Capture, Picture
from streams.clock import StreamClock
from streams.errors import SourceEnded, StreamError
from streams.frame import Frame
from streams.source import OpenSource

HOLE_S = 10.0
"""At its own pace a hole in a recording is not waited for any longer."""


class OpenClip(OpenSource):
    """A video from its first to its last picture, none dropped.

    Args:
        opened: Opens it and decodes its first picture; with `loop` for every pass.
        camera: Id for the frames.
        shown: What it is called in messages, without secrets.
        real_pace: Whether to read it at the speed at which it was recorded; else as fast as possible.
        loop: Whether to begin anew at the end; the stream's clock goes on.
        start: Wall-clock time of its first picture, for its length in seconds (0 where it states none).
    """

    def __init__(
        self,
        opened: Callable[[], tuple[Capture, Picture]],
        camera: str,
        *,
        shown: str,
        real_pace: bool,
        loop: bool,
        start: Callable[[float], datetime],
    ) -> None:
        self._opened = opened
        self._camera = camera
        self._shown = shown
        self._real_pace = real_pace
        self._loop = loop
        self._index = -1
        self._time_s = 0.0
        self._ahead: Picture | None
        self._capture, self._ahead = opened()
        self._begin_pass(0.0)
        count, fps = self._capture.frame_count, self._capture.fps
        self.expected_frames = None if loop else count
        self._duration_s = count / fps if count and fps > 0 else None
        self._start = start(self._duration_s or 0.0)
        self._began = time.monotonic()

    def _begin_pass(self, at_s: float) -> None:
        self._pass_began_s = at_s
        self._pass_frames = 0
        self._last_stamp_s = 0.0
        self._clock = StreamClock(self._capture.fps)

    def read(self) -> Frame:
        """The next picture.

        Raises:
            SourceEnded: It is at its end.
            StreamError: It ends long before its own header says.
        """
        picture, self._ahead = self._ahead or self._capture.read(), None
        if picture is None:
            picture = self._end_of_pass()
        at_most_s = self._duration_s + 1 if self._duration_s else float("inf")
        time_s = self._pass_began_s + self._clock.tick(picture.stamp_s, at_most_s)
        if self._real_pace:
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
                raise StreamError(f"{self._shown}: truncated after {self._pass_frames} of {count} frames")
        if not self._loop:
            raise SourceEnded
        self._capture.close()
        self._capture, first = self._opened()
        self._begin_pass(self._time_s + self._clock.interval_s)
        return first

    def _wait_until(self, time_s: float) -> None:
        wait_s = self._began + time_s - time.monotonic()
        if wait_s > HOLE_S:
            self._began -= wait_s - HOLE_S
            wait_s = HOLE_S
        if wait_s > 0:
            time.sleep(wait_s)
