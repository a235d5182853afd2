"""Jsonl: events into a file, a line each."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from api.errors import Unreachable
from api.sink import Message, Sink

LINE_MAX = 1 << 20
"""No line of ours is longer, bytes."""


class Jsonl(Sink):
    """Appends events to a file, JSON lines; each has reached the disk when it counts as sent."""

    kind: Literal["jsonl"] = "jsonl"
    at_once: ClassVar[int] = 200
    path: Path = Field(description="The file; its folder is made if it is missing.")
    lanes: Literal[1] = Field(default=1, description="A file has one writer.")

    def connect(self) -> "JsonlFile":
        """The file (see `Sink.connect`)."""
        return JsonlFile(self.path)


class JsonlFile:
    """A file of JSON lines. Opened for every batch, so that it may be moved away (logrotate) at any time.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, messages: Sequence[Message]) -> None:
        """Appends the events (see `Connection.send`)."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab+") as file:
                _end_line(file.fileno())
                file.write("".join(f"{message.payload}\n" for message in messages).encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise Unreachable(f"{self._path}: {error.strerror or error}") from error

    def close(self) -> None:
        """Nothing is held between batches."""


def _end_line(file: int) -> None:
    """Cuts off a line that a crash or a full disk broke off: it was not sent, and comes again whole.

    Raises:
        Unreachable: The file ends with something that is no line of ours.
    """
    size = os.fstat(file).st_size
    if size == 0 or os.pread(file, 1, size - 1) == b"\n":
        return
    end = os.pread(file, LINE_MAX, max(0, size - LINE_MAX))
    broken = end[end.rfind(b"\n") + 1 :]
    if not broken.startswith(b'{"id":'):
        raise Unreachable("the file does not end with a line of events; name another one", refused=True)
    os.ftruncate(file, size - len(broken))
