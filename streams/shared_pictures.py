"""SharedPictures: pictures from the process that reads a camera to the one that works, through shared memory.

    worker   begin("read") … write(frame) … begin("read") …       heartbeat, and three places for pictures
    reader   beat, doing                    read(): a copy of the newest

The memory has no name (memfd): whoever is killed leaves nothing behind, and the size of /dev/shm, 64 MB in most
containers, is no limit. It is as large as three of the largest pictures only on paper: pages that nobody has touched
do not exist.

Nobody waits for the other. Each place carries the number of the picture in it, written before the pixels and again
after them; who read other pixels than it meant to sees another number and takes the newest once more.
"""

import mmap
import os
import time
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from streams.errors import StreamError
from streams.frame import Frame

Doing = Literal["start", "open", "read", "hand on"]
"""What a worker does. It may hang in `open` and `read`, where it is in the hands of C code."""

DOING: tuple[Doing, ...] = get_args(Doing)
PAGE = 4096
PLACES = 3
"""One is read, one is written, and one stands between them, so that a reader has the time of a picture."""
PICTURE_MAX = 64 * 2**20
"""Bytes; a picture of 22 megapixels."""
PLACE = PAGE + PICTURE_MAX
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAPPED_MAX = 8
# Columns of the first page, and of the page before each picture; all int64, the clock in float64 bits.
BEAT_NS, DOES, NEWEST = range(3)
BEGUN, WRITTEN, INDEX, TIME_S, CAPTURED_US, HEIGHT, WIDTH = range(7)


class SharedPictures:
    """Memory that two processes share: one writes pictures, the other reads the newest.

    Args:
        handle: File descriptor of the memory; it belongs to this object from now on.
    """

    def __init__(self, handle: int) -> None:
        self.handle = handle
        self._memory = mmap.mmap(handle, PAGE + PLACES * PLACE)
        self._state = np.frombuffer(self._memory, np.int64, 3)
        self._heads = [np.frombuffer(self._memory, np.int64, 7, PAGE + number * PLACE) for number in range(PLACES)]
        self._pixels = [
            np.frombuffer(self._memory, np.uint8, PICTURE_MAX, PAGE + number * PLACE + PAGE) for number in range(PLACES)
        ]

    @classmethod
    def new(cls) -> "SharedPictures":
        """Memory without a picture, whose heart beats now."""
        handle = os.memfd_create("ngatu pictures", os.MFD_CLOEXEC)
        os.ftruncate(handle, PAGE + PLACES * PLACE)
        pictures = cls(handle)
        pictures.begin("start")
        return pictures

    def close(self) -> None:
        """Gives the memory back; it is gone when the other process has ended, too."""
        self._state, self._heads, self._pixels = np.empty(0, np.int64), [], []
        self._memory.close()
        os.close(self.handle)

    # The worker's side.

    def begin(self, doing: Doing) -> None:
        """The heartbeat: what the worker does from now on."""
        self._state[DOES] = DOING.index(doing)
        self._state[BEAT_NS] = time.monotonic_ns()

    def write(self, frame: Frame) -> None:
        """Makes a picture the newest.

        Raises:
            StreamError: It is larger than any that there is room for.
        """
        if frame.image.nbytes > PICTURE_MAX:
            width, height = frame.size
            raise StreamError(f"the picture is too large: {width}×{height}; at most {PICTURE_MAX // 3 / 1e6:.0f} MP")
        number = int(self._state[NEWEST]) + 1
        head, pixels = self._heads[number % PLACES], self._pixels[number % PLACES]
        head[BEGUN] = number
        height, width = frame.image.shape[:2]
        np.copyto(pixels[: frame.image.nbytes].reshape(height, width, 3), frame.image)
        head[INDEX], head[HEIGHT], head[WIDTH] = frame.index, height, width
        head[TIME_S : TIME_S + 1].view(np.float64)[0] = frame.time_s
        head[CAPTURED_US] = (frame.captured_at - EPOCH) // timedelta(microseconds=1)
        head[WRITTEN] = number
        self._state[NEWEST] = number

    # The reader's side.

    @property
    def doing(self) -> Doing:
        """What the worker does."""
        return DOING[int(self._state[DOES])]

    @property
    def silent_s(self) -> float:
        """For how long; the monotonic clock is the same for all processes of a machine."""
        return (time.monotonic_ns() - int(self._state[BEAT_NS])) / 1e9

    @property
    def newest(self) -> int:
        """Number of the newest picture, from 1; 0 before the first."""
        return int(self._state[NEWEST])

    def read(self, camera: str) -> tuple[int, Frame] | None:
        """A copy of the newest picture, with its number; None: there is none, or the worker is always ahead.

        Args:
            camera: Id that the frame carries.
        """
        for _ in range(LAPPED_MAX if self.newest else 0):
            number = self.newest
            found = self._heads[number % PLACES].copy()
            image = self._copied(number % PLACES, int(found[HEIGHT]), int(found[WIDTH]))
            if self._heads[number % PLACES][BEGUN] == number == found[WRITTEN]:
                time_s = float(found[TIME_S : TIME_S + 1].view(np.float64)[0])
                captured_at = EPOCH + timedelta(microseconds=int(found[CAPTURED_US]))
                return number, Frame(camera, int(found[INDEX]), time_s, captured_at, image)
        return None

    def _copied(self, place: int, height: int, width: int) -> NDArray[np.uint8]:
        size = min(height * width * 3, PICTURE_MAX)
        image = self._pixels[place][:size].reshape(height, width, 3).copy()
        image.setflags(write=False)
        return image
