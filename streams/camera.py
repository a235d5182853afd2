"""OpenCamera: a live stream that has been opened."""

import time
from datetime import UTC, datetime, timedelta

from streams.capture import Capture
from streams.clock import Lateness, StreamClock
from streams.errors import StreamError
from streams.frame import Frame
from streams.source import OpenSource

SILENCE_S = 2.0
"""A picture that comes after a longer silence is looked at twice: is it of now, or of before the silence?"""
JUMP_S = 5.0
"""How far stamps may run ahead of the wall clock from one picture to the next (what was buffered while opening)."""


class OpenCamera(OpenSource):
    """Pictures of a live stream, each with the stream's clock.

    Args:
        capture: What OpenCV opened.
        camera: Id for the frames.
        shown: What the stream is called in messages, without secrets.
        stamped: Whether the stream's stamps are to be believed; else the time of arrival is the stream's clock.
    """

    expected_frames = None

    def __init__(self, capture: Capture, camera: str, shown: str, stamped: bool) -> None:
        self._capture = capture
        self._camera = camera
        self._shown = shown
        self._stamped = stamped
        self._clock = StreamClock(capture.fps)
        self._lateness = Lateness()
        self._index = -1
        self._arrived = time.monotonic()

    def read(self) -> Frame:
        """The next picture.

        Raises:
            StreamError: The camera closed the stream or is silent; or a picture came that was taken before a
                silence. FFmpeg hands out one or two of those when it has given up waiting. Then the connection is
                of no use: a new one begins with now.
        """
        asked = time.monotonic()
        picture = self._capture.read()
        now = time.monotonic()
        if picture is None:
            if now - asked > SILENCE_S:
                raise StreamError(f"{self._shown}: no picture for {now - self._arrived:.0f} s")
            raise StreamError(f"{self._shown}: the camera ended the stream")
        silence_s = now - self._arrived
        at_most_s = (self._clock.time_s or 0.0) + silence_s + JUMP_S
        time_s = self._clock.tick(picture.stamp_s if self._stamped else now, at_most_s)
        late_s = self._lateness.of(time_s, now)
        if silence_s > SILENCE_S and late_s > SILENCE_S:
            raise StreamError(f"{self._shown}: no picture for {silence_s:.0f} s")
        self._arrived = now
        self._index += 1
        captured_at = datetime.now(UTC) - timedelta(seconds=late_s)
        return Frame(self._camera, self._index, time_s, captured_at, picture.image)

    def close(self) -> None:
        """Closes the connection."""
        self._capture.close()
