"""Sources that misbehave, as cameras and the C code that decodes them do. Everything about them is in their fields,
so that a worker's process can make one, too."""

import ctypes
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from streams.errors import SourceEnded, StreamError, StreamRefused
from streams.frame import Frame
from streams.source import OpenSource, Source

FPS = 50.0
SLEEP_S = 600
Does = Literal[
    "counts", "hangs", "hangs with the lock", "hangs at first", "crashes", "leaks", "damages", "ends", "fails", "goes"
]


class Unruly(Source):
    """A live source of pictures that carry their number, until it does what it is for.

    With a `marker` it only does so while there is no such file, and makes it: the next one behaves.
    """

    kind: Literal["unruly"] = "unruly"
    does: Does = "counts"
    after: int = 5
    marker: Path | None = None
    size: tuple[int, int] = Field(default=(32, 18))
    opened_in: Path | None = None

    @property
    def foreign(self) -> bool:
        return True

    def open(self, camera: str, start: datetime | None = None) -> OpenSource:
        if self.opened_in:
            with self.opened_in.open("a") as file:
                file.write(f"{os.getpid()}\n")
        if self.does == "hangs at first":
            _sleep_in_c()
        if self.does == "fails":
            raise StreamRefused("wrong password")
        return _OpenUnruly(self, camera)


class _OpenUnruly(OpenSource):
    expected_frames = 7

    def __init__(self, source: Unruly, camera: str) -> None:
        self._source = source
        self._camera = camera
        self._index = -1
        self._kept: list[bytes] = []
        self._behaves = source.marker is not None and source.marker.exists()

    def read(self) -> Frame:
        time.sleep(1 / FPS)
        self._index += 1
        if self._index >= self._source.after and not self._behaves:
            if self._source.marker:
                self._source.marker.touch()
            self._misbehave()
        width, height = self._source.size
        image = np.full((height, width, 3), self._index % 256, np.uint8)
        return Frame(self._camera, self._index, self._index / FPS, datetime.now(UTC), image)

    def close(self) -> None:
        pass

    def _misbehave(self) -> None:
        match self._source.does:
            case "hangs":
                _sleep_in_c()
            case "hangs with the lock":
                ctypes.PyDLL(None).sleep(SLEEP_S)  # no thread of that process runs any more
            case "crashes":
                ctypes.string_at(0)
            case "leaks":
                self._kept.append(os.urandom(8_000_000))
            case "damages":
                os.write(2, b"[OPENCV:FFMPEG:16] error while decoding MB 40 3, bytestream -5\n")
            case "ends":
                raise SourceEnded
            case "goes":
                raise StreamError("the camera ended the stream")
            case _:
                return


def _sleep_in_c() -> None:
    ctypes.CDLL(None).sleep(SLEEP_S)
