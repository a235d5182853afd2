"""Load generators: cameras and files that know nothing of models.

    unpaced     pictures come as fast as they are taken; nothing is dropped
    paced       pictures come when they are due, whether anybody takes them or not, as a camera's do

Paced pictures come, best first, from a real RTSP server in a process of its own (`rtsp_camera.py`, where GStreamer
is there), from a clip that is decoded picture by picture when each is due, or from the synthetic street.
"""

import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Literal, Self

import av
import cv2

from benchmarks.errors import SkippedCaseError
from models.detector import DetectorConfig
from streams.errors import SourceEnded
from streams.frame import Frame
from streams.source import OpenSource, Source
from streams.sources.file import FileSource
from streams.sources.rtsp import RtspSource
from streams.sources.synthetic import SyntheticSource
from vision.rules.intrusion import Intrusion
from vision.rules.line_crossing import LineCrossing
from vision.rules.loitering import Loitering
from vision.scene import Line, Zone
from vision.site import Camera, Defaults, Site

SYSTEM_PYTHON = "/usr/bin/python3"
"""GStreamer's Python binding is a package of the system."""
RTSP_CAMERA = Path(__file__).with_name("rtsp_camera.py")
START_S = 20.0
Feed = Literal["auto", "rtsp", "clip", "synthetic"]


class FirstFrames(Source):
    """The first pictures of a file, in a row and without drops."""

    kind: Literal["first_frames"] = "first_frames"
    file: FileSource
    count: int

    @property
    def live(self) -> bool:
        """A file waits for us."""
        return False

    def open(self, camera: str, start: datetime | None = None) -> OpenSource:
        """Opens the file."""
        return _OpenFirst(self.file.open(camera, start), self.count)


class _OpenFirst(OpenSource):
    def __init__(self, opened: OpenSource, count: int) -> None:
        self._opened = opened
        self._left = self.expected_frames = count

    def read(self) -> Frame:
        if self._left == 0:
            raise SourceEnded
        self._left -= 1
        return self._opened.read()

    def close(self) -> None:
        self._opened.close()


class PacedClip(Source):
    """A clip as a camera would send it: over and over, each picture decoded when it is due."""

    kind: Literal["paced_clip"] = "paced_clip"
    path: Path
    fps: float

    def open(self, camera: str, start: datetime | None = None) -> OpenSource:
        """Opens the clip; its first picture is due now."""
        return _OpenPaced(FileSource(path=self.path, loop=True).open(camera, start), self.fps)


class _OpenPaced(OpenSource):
    def __init__(self, opened: OpenSource, fps: float) -> None:
        self._opened = opened
        self._fps = fps
        self._index = -1
        self._began, self._began_at = time.monotonic(), datetime.now(UTC)

    def read(self) -> Frame:
        self._index += 1
        time_s = self._index / self._fps
        # Who is late gets the next one at once: a camera sends on, and the mailbox drops what nobody took.
        time.sleep(max(0.0, self._began + time_s - time.monotonic()))
        due = self._began_at + timedelta(seconds=time_s)
        return replace(self._opened.read(), index=self._index, time_s=time_s, captured_at=due)

    def close(self) -> None:
        self._opened.close()


def free_port() -> int:
    """A TCP port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class RtspServer:
    """A camera of our own: a real RTSP server in a process of its own, see `rtsp_camera.py`.

    Args:
        clips: What is served, by name.
        options: What else the program is told.
        address: Where it listens.
        before: What its command begins with, to run it elsewhere.
    """

    def __init__(
        self, clips: Mapping[str, Path], *options: str, address: str = "127.0.0.1", before: Sequence[str] = ()
    ) -> None:
        self.address, self.port = address, free_port()
        self._command = [*before, SYSTEM_PYTHON, str(RTSP_CAMERA), str(self.port)]
        self._command += [f"{name}={clip}" for name, clip in clips.items()] + ["--address", address, *options]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> int:
        """Id of the server's process; 0 while it does not run."""
        return self._process.pid if self._process else 0

    def start(self, *options: str) -> None:
        """Starts the server and waits until it listens.

        Args:
            options: What it is told this time on top of what it is told always.

        Raises:
            SkippedCaseError: It does not start.
        """
        with tempfile.TemporaryFile() as said:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [*self._command, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said
            )
            assert self._process.stdout is not None
            ready = select.select([self._process.stdout], [], [], START_S)[0]
            if not ready or self._process.stdout.readline() != b"ready\n":
                self.kill()
                said.seek(0)
                cause = _last_line(said.read().decode(errors="replace")) or f"it is not ready within {START_S:g} s"
                raise SkippedCaseError(f"the RTSP camera does not start: {cause}")

    def kill(self) -> None:
        """Takes its power away."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                assert pipe is not None
                pipe.close()
            self._process = None

    def tell(self, order: str) -> None:
        """Tells the server something while it runs: see `rtsp_camera.py`."""
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.stdin.write(f"{order}\n".encode())
            self._process.stdin.flush()

    def send(self, number: signal.Signals) -> None:
        """Sends a signal to the server, if it runs."""
        if self._process is not None:
            os.kill(self._process.pid, number)

    def freeze(self) -> None:
        """Stops the server where it stands, as a camera that hangs: connected, but silent."""
        self.send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Lets it go on."""
        self.send(signal.SIGCONT)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


class RtspCameras(RtspServer):
    """A clip under several names, as so many cameras."""

    def __init__(self, clip: Path, count: int, fps: float) -> None:
        names = [f"camera-{number}" for number in range(1, count + 1)]
        super().__init__(dict.fromkeys(names, clip), "--fps", f"{fps:g}")
        self.sources = [RtspSource(url=f"rtsp://{self.address}:{self.port}/{name}") for name in names]


@dataclass(frozen=True)
class Paced:
    """Cameras that send, whether anybody looks or not.

    Attributes:
        sources: One a camera.
        how: Where the pictures come from, for people.
        process: Process that sends them, to see what it costs; 0 where it is our own.
    """

    sources: Sequence[Source]
    how: str
    process: int = 0


@contextmanager
def paced(feed: Feed, clip: Path | None, count: int, fps: float) -> Iterator[Paced]:
    """Cameras of a rate, for as long as the context lasts.

    Args:
        feed: Where the pictures come from; `auto` takes RTSP where it can be had, else the clip.
        clip: What is seen; needed but for `synthetic`.
        count: How many cameras.
        fps: Pictures a second of each.

    Raises:
        SkippedCaseError: `rtsp` was asked for and can't be had.
    """
    missing = rtsp_missing()
    if feed == "synthetic" or clip is None:
        seeds = range(1, count + 1)
        yield Paced([SyntheticSource(seed=seed, fps=fps, size=(640, 360)) for seed in seeds], "synthetic street")
    elif feed == "clip" or (feed == "auto" and missing):
        yield Paced([PacedClip(path=clip, fps=fps)] * count, "clip, decoded when due")
    elif missing:
        raise SkippedCaseError(missing)
    else:
        with RtspCameras(clip, count, fps) as cameras:
            yield Paced(cameras.sources, "RTSP over TCP", cameras.process)


def unpaced(clip: Path | None, frames: int | None) -> Source:
    """A file, or a synthetic street where there is none, as fast as it is taken.

    Args:
        clip: The file.
        frames: Only so many pictures from its beginning; all of them when not given.
    """
    if clip is None:
        return SyntheticSource(pace="max", size=(640, 360), duration_s=(frames or 500) / 25)
    file = FileSource(path=clip)
    return FirstFrames(file=file, count=frames) if frames else file


@cache
def rtsp_missing(python: str = SYSTEM_PYTHON) -> str:
    """Why there can be no RTSP camera; empty where there can."""
    try:
        # Without anything to serve it only sees whether it could.
        found = subprocess.run(  # noqa: S603 - our own command
            [python, str(RTSP_CAMERA), "0"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.SubprocessError) as error:
        return f"no RTSP camera: {error}"
    if found.returncode == 0:
        return ""
    return f"no RTSP camera: {_last_line(found.stderr)}; .ci/run has the packages of Debian that it needs"


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2]


def written_clip(folder: Path, size: tuple[int, int] = (1280, 720), frames: int = 250) -> Path:
    """A clip of the synthetic street, for machines without a clip of their own. Written once."""
    path = folder / f"street_{size[0]}x{size[1]}.mp4"
    if not path.exists():
        opened = SyntheticSource(pace="max", size=size).open("street")
        # OpenCV's own FFmpeg can write MPEG-4 everywhere, H.264 only with luck.
        unfinished = path.with_suffix(".part.mp4")
        writer = cv2.VideoWriter(str(unfinished), cv2.VideoWriter.fourcc(*"mp4v"), 25.0, size)
        for _ in range(frames):
            writer.write(opened.read().image)
        writer.release()
        unfinished.rename(path)
    return path


def coded_street(path: Path, size: tuple[int, int], fps: float, key_s: float = 1.0, seconds: float = 4.0) -> Path:
    """Writes a clip of the synthetic street as a camera would send it: H.264, key pictures often, one slice a picture.

    Args:
        path: Where it is written.
        size: Width and height, px.
        fps: Pictures a second.
        key_s: From one key picture to the next.
        seconds: How long it is.
    """
    opened = SyntheticSource(pace="max", size=size, fps=fps).open("street")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=round(fps))
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.gop_size, stream.max_b_frames = round(key_s * fps), 0
        stream.codec_context.thread_count = 1
        stream.options = {"preset": "veryfast"}
        for _ in range(round(seconds * fps)):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(opened.read().image, format="bgr24")))
        container.mux(stream.encode(None))
    return path


def site_of(sources: Sequence[Source], detector: DetectorConfig) -> Site:
    """A site whose cameras all have the same work to do: a line, a zone, three rules.

    Args:
        sources: One a camera.
        detector: The same for all.
    """
    line = Line.model_validate({"from": (0.05, 0.62), "to": (0.95, 0.62)})
    zone = Zone(polygon=((0.05, 0.5), (0.95, 0.5), (0.95, 0.98), (0.05, 0.98)))
    rules = (
        LineCrossing(id="count", line="main"),
        Intrusion(id="inside", zone="road"),
        Loitering(id="stays", zone="road"),
    )
    # The scene is checked; the source is not: ours are no kinds of a site file.
    pattern = Camera(
        id="camera", source=SyntheticSource(), detector=None, lines={"main": line}, zones={"road": zone}, rules=rules
    )
    cameras = tuple(
        pattern.model_copy(update={"id": f"camera-{number}", "source": source})
        for number, source in enumerate(sources, 1)
    )
    whole = Site(version=1, cameras=(pattern,))
    defaults = Defaults().model_copy(update={"detector": detector})
    return whole.model_copy(update={"cameras": cameras, "defaults": defaults})


@contextmanager
def busy_process() -> Iterator[int]:
    """Another process that wants a core, all the time; its id."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()
