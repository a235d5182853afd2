import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.streams.clips import street, write_clip

TOOL = Path(__file__).parents[1] / "../shared/tools/rtsp_camera.py"
SYSTEM_PYTHON = "/usr/bin/python3"


def wait_until(condition: Callable[[], object], within_s: float, what: str) -> float:
    """Waits for a condition and returns how long that took."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > within_s:
            pytest.fail(f"not within {within_s:g} s: {what}")
        time.sleep(0.01)
    return time.monotonic() - began


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class RtspCamera:
    """A real camera on this machine: GStreamer's RTSP server, in a process of its own."""

    def __init__(self, clips: dict[str, Path], *options: str) -> None:
        self.port = free_port()
        self._command = [SYSTEM_PYTHON, str(TOOL), str(self.port)]
        self._command += [f"{name}={clip}" for name, clip in clips.items()] + list(options)
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, path: str = "road", credentials: str = "") -> str:
        return f"rtsp://{credentials}127.0.0.1:{self.port}/{path}"

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self._process.stdout is not None
        assert select.select([self._process.stdout], [], [], 20)[0], "the camera does not start"
        assert self._process.stdout.readline() == b"ready\n"

    def send(self, number: signal.Signals) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds of the street, H.264, 25 fps."""
    return write_clip(tmp_path_factory.mktemp("clips") / "street.mp4", street(100))


@pytest.fixture(scope="session")
def hevc_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of the street, H.265."""
    return write_clip(tmp_path_factory.mktemp("clips") / "hevc.mp4", street(50), codec="libx265")


@pytest.fixture(scope="session")
def rtsp_tool() -> None:
    if not TOOL.exists():
        pytest.skip("no RTSP test camera: ../shared/tools/rtsp_camera.py is not there")
    probe = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    try:
        subprocess.run([SYSTEM_PYTHON, "-c", probe], check=True, capture_output=True, timeout=30)
        subprocess.run(["ffprobe", "-version"], check=True, capture_output=True, timeout=30)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no RTSP test camera: GStreamer's RTSP server (gir1.2-gst-rtsp-server-1.0) or ffmpeg is missing")


@pytest.fixture
def rtsp_camera(rtsp_tool: None, clip: Path) -> Iterator[Callable[..., RtspCamera]]:
    """Starts cameras that serve the street, and whatever else, until the test is over."""
    cameras: list[RtspCamera] = []

    def start(*options: str, **clips: Path) -> RtspCamera:
        camera = RtspCamera({"road": clip, **clips}, *options)
        cameras.append(camera)
        camera.start()
        return camera

    yield start
    for camera in cameras:
        camera.kill()


@pytest.fixture
def stall() -> Iterator[Callable[[RtspCamera], None]]:
    """Stops cameras where they stand, as a hung one would, and lets them go on when the test is over."""
    stalled: list[RtspCamera] = []

    def stop(camera: RtspCamera) -> None:
        camera.send(signal.SIGSTOP)
        stalled.append(camera)

    yield stop
    for camera in stalled:
        camera.send(signal.SIGCONT)
