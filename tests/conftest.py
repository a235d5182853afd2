import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.scenarios import RtspServer, rtsp_missing
from tests.streams.clips import street, write_clip


def wait_until(condition: Callable[[], object], within_s: float, what: str) -> float:
    """Waits for a condition and returns how long that took."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > within_s:
            pytest.fail(f"not within {within_s:g} s: {what}")
        time.sleep(0.01)
    return time.monotonic() - began


class RtspCamera(RtspServer):
    """A real camera on this machine: GStreamer's RTSP server, in a process of its own."""

    def url(self, path: str = "road", credentials: str = "") -> str:
        return f"rtsp://{credentials}127.0.0.1:{self.port}/{path}"


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds of the street, H.264, 25 fps."""
    return write_clip(tmp_path_factory.mktemp("clips") / "street.mp4", street(100))


@pytest.fixture(scope="session")
def hevc_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of the street, H.265."""
    return write_clip(tmp_path_factory.mktemp("clips") / "hevc.mp4", street(50), codec="libx265")


@pytest.fixture(scope="session")
def gstreamer() -> None:
    """Skips where there can be no camera on this machine."""
    if missing := rtsp_missing():
        pytest.skip(missing)


@pytest.fixture
def rtsp_camera(gstreamer: None, clip: Path) -> Iterator[Callable[..., RtspCamera]]:
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
