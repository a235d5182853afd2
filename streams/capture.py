"""Capture: OpenCV's FFmpeg backend, and all that one must know to use it safely.

- The backend is named (`CAP_FFMPEG`); else OpenCV tries whatever it was built with.
- Options for FFmpeg go through an environment variable that is read while opening, by the whole process.
- One decoding thread a stream: with more, FFmpeg holds back one picture a thread, and cameras share the cores.
- After a stall `read()` may answer with pictures of before the stall: whoever reads a live stream has to look at
  the stamps (see `streams.camera`).
- A stream that changes its size on the way is scaled to the size that it was opened with (OpenCV 5).
"""

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from streams.errors import StreamError

# FFmpeg and OpenCV write every damaged packet, every time-out and every webcam that is not there to stderr. What
# people should know of it stands in StreamError and StreamHealth, once; what OpenCV can't do, it raises.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_FATAL)
# Reader threads and the inference session fill the cores; a pool inside each OpenCV call would only fight them.
cv2.setNumThreads(1)

# Short analysis: codec and size are in the SDP and the first key picture. `fflags;nobuffer` and `flags;low_delay` are
# left out on purpose: the first throws away the key picture that opening read (so pictures begin with the next one,
# and H.265 begins broken), the second brings pictures with B-frames out of order.
LIVE_OPTIONS = {"rtsp_transport": "tcp", "analyzeduration": "500000", "fpsprobesize": "2"}
"""For FFmpeg, the same for all that is live, so that many cameras can be opened at the same time."""
LETTERS = frozenset({"ansi", "bint", "xbin", "idf "})
"""FFmpeg's codecs that draw text as pictures: a text file is no video."""


class Picture(NamedTuple):
    """A decoded picture and its stamp.

    Attributes:
        image: (H, W, 3) uint8, BGR, read-only.
        stamp_s: Seconds by the container or the camera, from any origin.
    """

    image: NDArray[np.uint8]
    stamp_s: float


class _Options:
    """OPENCV_FFMPEG_CAPTURE_OPTIONS, which belongs to the process: who wants the same may open at the same time."""

    def __init__(self) -> None:
        self._users = 0
        self._turn = threading.Lock()
        self._free = threading.Condition()

    @contextmanager
    def set_to(self, options: Mapping[str, str]) -> Iterator[None]:
        """Keeps the variable as it is wanted while a stream is being opened."""
        name, wanted = "OPENCV_FFMPEG_CAPTURE_OPTIONS", "|".join(f"{key};{value}" for key, value in options.items())
        # Who comes later waits behind who waits already: nobody starves.
        with self._turn, self._free:
            self._free.wait_for(lambda: self._users == 0 or os.environ.get(name) == wanted)
            self._users += 1
            if os.environ.get(name) != wanted:
                os.environ[name] = wanted
        try:
            yield
        finally:
            with self._free:
                self._users -= 1
                self._free.notify_all()


_options = _Options()


class Capture:
    """A stream that OpenCV has opened. Used by one thread.

    Attributes:
        fps: Pictures per second that the container states; may be nonsense.
        frame_count: How many pictures the container promises (a few more may be promised than there are);
            None for live streams.
    """

    def __init__(self, device: cv2.VideoCapture) -> None:
        self._device = device
        self.fps = device.get(cv2.CAP_PROP_FPS)
        count = device.get(cv2.CAP_PROP_FRAME_COUNT)
        self.frame_count = int(count) if 0 < count < 1e9 else None

    @classmethod
    def of_url(
        cls, url: str, options: Mapping[str, str], open_timeout_s: float = 30, read_timeout_s: float = 30
    ) -> "Capture | None":
        """Opens a file or a network stream with FFmpeg; None where FFmpeg can't."""
        parameters = [
            (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, int(open_timeout_s * 1000)),
            (cv2.CAP_PROP_READ_TIMEOUT_MSEC, int(read_timeout_s * 1000)),
            (cv2.CAP_PROP_N_THREADS, 1),
        ]
        with _options.set_to(options):
            device = cv2.VideoCapture(url, cv2.CAP_FFMPEG, [number for pair in parameters for number in pair])
        if device.isOpened() and _codec(device) not in LETTERS:
            return cls(device)
        device.release()
        return None

    @classmethod
    def of_webcam(cls, number: int) -> "Capture | None":
        """Opens a camera of this machine; None where there is none."""
        device = cv2.VideoCapture(number, cv2.CAP_ANY)
        if device.isOpened():
            return cls(device)
        device.release()
        return None

    def read(self) -> Picture | None:
        """The next picture; None at the end, after the read time-out, or where nothing can be decoded.

        Raises:
            StreamError: The picture is of a kind that OpenCV can't convert.
        """
        try:
            there, image = self._device.read()
        except cv2.error as error:
            raise StreamError(f"the picture can't be converted: {error.err}") from error
        if not there:
            return None
        pixels = np.asarray(image, np.uint8)
        pixels.setflags(write=False)
        # The stamp belongs to the picture that was read last, so it must be asked for afterwards.
        return Picture(pixels, self._device.get(cv2.CAP_PROP_POS_MSEC) / 1000)

    def close(self) -> None:
        """Frees the decoder and the connection."""
        self._device.release()


def _codec(device: cv2.VideoCapture) -> str:
    number = int(device.get(cv2.CAP_PROP_FOURCC))
    return "".join(chr(number >> 8 * place & 0xFF) for place in range(4)).lower()
