"""Worker: what the process of one camera does. It opens its source, and hands on pictures until something ends it.

    ◀── order       which source, as JSON
    ──▶ opened      how many pictures are expected
    ──▶ "picture"   there is a new one in the shared pictures; never the picture itself
    ──▶ outcome     why it ended

FFmpeg says of every damaged picture that it is damaged, in words, on standard output or error, and nowhere else. Here
that belongs to one camera, so it can be counted.
"""

import ctypes
import faulthandler
import importlib
import json
import os
import socket
import time
import traceback
from collections import deque
from datetime import datetime
from typing import Any

import streams.sources  # noqa: F401 - imported in the nursery, once for all workers
from streams.errors import SourceEnded, StreamError, StreamRefused
from streams.shared_pictures import SharedPictures
from streams.source import OpenSource, Source

_C = ctypes.CDLL(None)
MESSAGE_MAX = 65536
PICTURE = b"picture"
STORM_S = 5.0
STORM_SHARE = 0.8
STORM_PICTURES = 10
DAMAGE = (
    "error while decoding",
    "decode_slice_header error",
    "non-existing pps",
    "non-existing sps",
    "no frame!",
    "could not find ref",
    "missing reference",
    "invalid level prefix",
    "corrupted macroblock",
    "out of range",
    "error decoding",
    "overread",
)
"""What FFmpeg's decoders say of pictures that are really damaged; of some cameras they find fault with every one."""


def order_for(source: Source, camera: str, start: datetime | None, storm_s: float) -> bytes:
    """The order for a worker.

    Args:
        source: What it shall read; a class of a module, all of it in its fields.
        camera: Id that errors and frames name.
        start: See `Source.open`.
        storm_s: So long all pictures may be damaged.
    """
    kind = type(source)
    order = {
        "source": [kind.__module__, kind.__qualname__, source.model_dump_json()],
        "camera": camera,
        "start": start and start.isoformat(),
        "storm_s": storm_s,
    }
    return json.dumps(order).encode()


def work(channel: socket.socket, pictures: SharedPictures) -> None:
    """Takes an order and reads until the source ends, fails, or nobody listens any more."""
    faulthandler.enable(os.dup(2))  # a crash in C code leaves a trace in our log
    errors = DecoderErrors.listen()
    channel.settimeout(None)
    message = channel.recv(MESSAGE_MAX)
    if not message:
        return
    try:
        _read(json.loads(message), channel, pictures, errors)
    except BrokenPipeError:
        return
    except SourceEnded:
        _tell(channel, "ended")
    except StreamRefused as error:
        _tell(channel, "refused", str(error))
    except StreamError as error:
        _tell(channel, "failed", str(error))
    except Exception as error:  # noqa: BLE001 - a guard, as that of the reader's session
        errors.say(traceback.format_exc())
        _tell(channel, "failed", f"fault in the source: {type(error).__name__}")


def _read(order: dict[str, Any], channel: socket.socket, pictures: SharedPictures, errors: "DecoderErrors") -> None:
    module, name, fields = order["source"]
    kind: type[Source] = getattr(importlib.import_module(module), name)
    source = kind.model_validate_json(fields)
    start = datetime.fromisoformat(order["start"]) if order["start"] else None
    storm = Storm(order["storm_s"])
    pictures.begin("open")
    opened: OpenSource = source.open(order["camera"], start)
    channel.send(json.dumps({"opened": opened.expected_frames}).encode())
    while True:
        pictures.begin("read")
        frame = opened.read()
        pictures.begin("hand on")
        storm.picture(time.monotonic(), bool(errors.count()))
        pictures.write(frame)
        try:
            channel.send(PICTURE, socket.MSG_DONTWAIT)
        except BlockingIOError:
            continue  # who is late finds the newest one anyway


def _tell(channel: socket.socket, outcome: str, reason: str = "") -> None:
    try:
        channel.send(json.dumps({"outcome": outcome, "reason": reason}).encode())
    except OSError:  # nobody listens any more
        return


class DecoderErrors:
    """What FFmpeg says about damaged pictures.

    Args:
        said: Read end of the pipe that it writes to.
        log: Where else to say something.
    """

    def __init__(self, said: int, log: int) -> None:
        self._said = said
        self._log = log

    @classmethod
    def listen(cls) -> "DecoderErrors":
        """Takes this process's standard output and error. A pipe that is full loses lines; nobody waits for it."""
        os.environ["OPENCV_FFMPEG_LOGLEVEL"] = "16"  # AV_LOG_ERROR; read when the first stream is opened
        log = os.dup(2)
        said, written = os.pipe()
        for end in (said, written):
            os.set_blocking(end, False)
        for standard in (1, 2):
            os.dup2(written, standard)
        os.close(written)
        return cls(said, log)

    def count(self) -> int:
        """How many lines have come since the last time that tell of a damaged picture."""
        _C.fflush(None)  # OpenCV prints, and what is no terminal is told in blocks
        text = b""
        while True:
            try:
                more = os.read(self._said, MESSAGE_MAX)
            except BlockingIOError:
                break
            text += more
        if not text:
            return 0
        lines = text.decode(errors="replace").lower().splitlines()
        return sum(any(word in line for word in DAMAGE) for line in lines)

    def say(self, text: str) -> None:
        """Says something on what was standard error."""
        os.write(self._log, text.encode())


class Storm:
    """Tells when a decoder has lost its way: for seconds nearly every picture is damaged.

    A few are damaged by every lost packet, and the next key picture mends that. A decoder that finds fault with all
    of them for longer does not understand the stream any more; a new connection brings the parameter sets anew.

    Args:
        after_s: For how long.
    """

    def __init__(self, after_s: float = STORM_S) -> None:
        self._after_s = after_s
        self._began: float | None = None
        self._seen: deque[tuple[float, bool]] = deque()

    def picture(self, now: float, damaged: bool) -> None:
        """Takes the next picture.

        Raises:
            StreamError: That is enough.
        """
        self._began = now if self._began is None else self._began
        self._seen.append((now, damaged))
        while now - self._seen[0][0] > self._after_s:
            self._seen.popleft()
        bad = sum(damaged for _, damaged in self._seen)
        if now - self._began < self._after_s or bad < STORM_PICTURES or bad < STORM_SHARE * len(self._seen):
            return
        raise StreamError(f"{STORM}: {bad} of {len(self._seen)} pictures in {self._after_s:.0f} s are damaged")


STORM = "the decoder is lost"
"""How the reason of a storm begins."""
