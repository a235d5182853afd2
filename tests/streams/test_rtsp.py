import os
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from benchmarks.scenarios import free_port
from streams.errors import StreamError, StreamRefused
from streams.frame import Frame
from streams.source import OpenSource
from streams.sources.rtsp import RtspSource
from tests.conftest import RtspCamera
from tests.streams.clips import street, write_clip

StartCamera = Callable[..., RtspCamera]


def read(source: RtspSource, count: int) -> list[Frame]:
    opened = source.open("road")
    try:
        return [opened.read() for _ in range(count)]
    finally:
        opened.close()


def test_pictures_come_with_the_cameras_clock(rtsp_camera: StartCamera) -> None:
    frames = read(RtspSource(url=rtsp_camera().url()), 40)
    assert [frame.index for frame in frames] == list(range(40))
    assert {frame.size for frame in frames} == {(320, 180)}
    assert [b.time_s - a.time_s for a, b in pairwise(frames[10:])] == pytest.approx([0.04] * 29, abs=0.002)


def test_h265(rtsp_camera: StartCamera, hevc_clip: Path) -> None:
    frames = read(RtspSource(url=rtsp_camera(hk=hevc_clip).url("hk")), 40)
    assert frames[-1].time_s == pytest.approx(39 * 0.04, abs=0.1)
    assert frames[-1].image.std() > 20


def test_two_clients_at_once(rtsp_camera: StartCamera) -> None:
    source = RtspSource(url=rtsp_camera().url())
    one, two = source.open("one"), source.open("two")
    for _ in range(10):
        assert one.read().size == two.read().size == (320, 180)
    one.close()
    two.close()


@pytest.mark.parametrize(("transport", "sockets"), [("tcp", 0), ("udp", 2)])
def test_pictures_travel_as_it_is_set(rtsp_camera: StartCamera, transport: str, sockets: int) -> None:
    source = RtspSource.model_validate({"url": rtsp_camera().url(), "transport": transport})
    process = psutil.Process()
    before = len(process.net_connections(kind="udp"))
    opened = source.open("road")
    opened.read()
    assert len(process.net_connections(kind="udp")) - before == sockets
    assert f"rtsp_transport;{transport}" in os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"]
    opened.close()


@pytest.mark.parametrize("scheme", ["basic", "digest"])
def test_passwords(rtsp_camera: StartCamera, scheme: str) -> None:
    camera = rtsp_camera("--auth", "ngatu:s3cr t", *(["--digest"] if scheme == "digest" else []))
    assert read(RtspSource(url=camera.url(credentials="ngatu:s3cr%20t@")), 1)
    with pytest.raises(StreamRefused, match="user or password is wrong") as raised:
        RtspSource(url=camera.url(credentials="ngatu:wr0ng@")).open("road")
    assert "wr0ng" not in str(raised.value)
    with pytest.raises(StreamRefused, match="asks for a user and a password"):
        RtspSource(url=camera.url()).open("road")
    with pytest.raises(StreamRefused, match="there is no such path"):
        RtspSource(url=camera.url("nix", credentials="ngatu:s3cr%20t@")).open("road")


def test_no_such_path(rtsp_camera: StartCamera) -> None:
    with pytest.raises(StreamRefused, match=r"there is no such path \(404\)"):
        RtspSource(url=rtsp_camera().url("nix")).open("road")


def test_nothing_listens() -> None:
    with pytest.raises(StreamError, match="connection refused") as raised:
        RtspSource(url=f"rtsp://127.0.0.1:{free_port()}/road").open("road")
    assert not isinstance(raised.value, StreamRefused)


def test_a_picture_of_before_a_silence_is_not_handed_on(
    rtsp_camera: StartCamera, stall: Callable[..., None], tmp_path: Path
) -> None:
    """FFmpeg gives up waiting after 2.5 s, and OpenCV answers with the pictures that the decoder had kept."""
    camera = rtsp_camera(kept=write_clip(tmp_path / "kept.mp4", street(100), b_frames=3))
    opened = RtspSource(url=camera.url("kept"), read_timeout_s=2.5).open("road")
    for _ in range(50):
        opened.read()
    stall(camera)
    waits: list[float] = []
    with pytest.raises(StreamError, match=r"no picture for \d s"):
        read_on(opened, waits)
    opened.close()
    assert max(waits, default=0) < 2


def read_on(opened: OpenSource, waits: list[float]) -> None:
    """Reads until it fails and notes how long each picture was waited for."""
    while True:
        asked = time.monotonic()
        opened.read()
        waits.append(time.monotonic() - asked)
