import socket
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest

from benchmarks.errors import SkippedCaseError
from streams.errors import StreamError
from streams.source import OpenSource
from streams.sources.rtsp import RtspSource
from tests.conftest import RtspCamera
from tests.streams.clips import number_of, numbered, write_clip

StartCamera = Callable[..., RtspCamera]
LAP = 40
"""Pictures of the clips here."""


def numbers(opened: OpenSource, count: int) -> list[int]:
    return [number_of(opened.read().image) for _ in range(count)]


@pytest.mark.parametrize(
    ("suffix", "coding"),
    [
        ("mp4", {}),
        ("mp4", {"b_frames": 3}),
        ("ts", {}),
        ("mkv", {"codec": "libx265"}),
        ("mp4", {"codec": "mpeg4"}),
    ],
)
def test_every_picture_comes_in_its_turn_over_and_over(
    rtsp_camera: StartCamera, tmp_path: Path, suffix: str, coding: dict[str, Any]
) -> None:
    clip = write_clip(tmp_path / f"numbered.{suffix}", numbered(LAP), **coding)
    opened = RtspSource(url=rtsp_camera("--fps", "50", lap=clip).url("lap")).open("road")
    frames = [opened.read() for _ in range(2 * LAP + 5)]
    opened.close()
    assert [number_of(frame.image) for frame in frames] == [number % LAP for number in range(2 * LAP + 5)]
    # FFmpeg guesses the times of the very first pictures.
    steps = [b.time_s - a.time_s for a, b in pairwise(frames[5:])]
    assert steps == pytest.approx([0.02] * len(steps), abs=0.002)


def test_who_comes_later_sees_what_the_others_see(rtsp_camera: StartCamera, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "numbered.mp4", numbered(200))
    source = RtspSource(url=rtsp_camera(lap=clip).url("lap"))
    first = source.open("first")
    assert numbers(first, 30) == list(range(30))
    second = source.open("second")
    began = numbers(second, 1)[0]
    assert began >= 30, "not from the beginning"
    later = numbers(first, 150)
    assert began in later
    second.close()
    first.close()


def test_after_the_last_viewer_has_gone_the_clip_begins_anew(rtsp_camera: StartCamera, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "numbered.mp4", numbered(LAP))
    source = RtspSource(url=rtsp_camera(lap=clip).url("lap"))
    for _ in range(2):
        opened = source.open("road")
        assert numbers(opened, 10) == list(range(10))
        opened.close()


def test_it_goes_over_to_the_other_clip_in_the_running_stream(rtsp_camera: StartCamera, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "numbered.mp4", numbered(100))
    other = write_clip(tmp_path / "other.mp4", numbered(255, (160, 90))[200:250])
    camera = rtsp_camera("--other", str(other), lap=clip)
    opened = RtspSource(url=camera.url("lap")).open("road")
    assert numbers(opened, 5) == list(range(5))
    camera.tell("turn")
    frames = [opened.read() for _ in range(100)]
    camera.tell("turn")
    frames += [opened.read() for _ in range(100)]
    opened.close()
    seen = [number_of(frame.image) for frame in frames]
    assert {number >= 200 for number in seen} == {True, False}
    assert seen.index(200) < seen.index(249), "from its first picture on"
    assert seen[-1] < 200, "and back"
    steps = [b.time_s - a.time_s for a, b in pairwise(frames)]
    assert max(steps) < 0.5, "times count on"


def test_packets_are_lost_as_long_as_it_is_told_to(rtsp_camera: StartCamera, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "numbered.mp4", numbered(100))
    camera = rtsp_camera("--lossy", lap=clip)
    opened = RtspSource(url=camera.url("lap"), read_timeout_s=3).open("road")
    assert numbers(opened, 5) == list(range(5))
    camera.tell("loss 1")
    with pytest.raises(StreamError, match="no picture"):
        numbers(opened, 100_000)
    opened.close()
    camera.tell("loss 0")
    opened = RtspSource(url=camera.url("lap")).open("road")
    assert len(numbers(opened, 30)) == 30
    opened.close()


def test_nobody_outside_this_machine_can_see_it(rtsp_camera: StartCamera) -> None:
    sockets = psutil.Process(rtsp_camera().process).net_connections("tcp")
    assert [one.laddr.ip for one in sockets if one.status == psutil.CONN_LISTEN] == ["127.0.0.1"]


@pytest.mark.usefixtures("gstreamer")
@pytest.mark.parametrize("name", ["text.mp4", "gone.mp4"])
def test_what_is_no_video_is_refused_by_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "text.mp4").write_text("no video\n" * 100)
    with pytest.raises(SkippedCaseError, match=rf"{name}: no H\.264, H\.265 or MPEG-4 video"):
        RtspCamera({"road": tmp_path / name}).start()


@pytest.mark.usefixtures("gstreamer")
def test_a_port_that_is_taken(clip: Path) -> None:
    camera = RtspCamera({"road": clip})
    listens = socket.create_server(("127.0.0.1", camera.port))
    refused = pytest.raises(SkippedCaseError, match=rf"can't listen on 127\.0\.0\.1:{camera.port}")
    with listens, refused:
        camera.start()
