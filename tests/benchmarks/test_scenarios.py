from pathlib import Path

import pytest

from benchmarks.errors import SkippedCaseError
from benchmarks.machine import clip_mark, cpu_seconds
from benchmarks.scenarios import (
    FirstFrames,
    PacedClip,
    busy_process,
    paced,
    rtsp_missing,
    site_of,
    unpaced,
    written_clip,
)
from models.detectors.simulated import Simulated
from streams.errors import SourceEnded
from streams.sources.file import FileSource
from tests.conftest import wait_until


def test_only_the_first_frames_come(clip: Path) -> None:
    source = unpaced(clip, 7)
    assert isinstance(source, FirstFrames)
    assert not source.live
    opened = source.open("camera")
    assert [opened.read().index for _ in range(7)] == list(range(7))
    with pytest.raises(SourceEnded):
        opened.read()
    opened.close()


def test_a_whole_file_is_a_file(clip: Path) -> None:
    assert unpaced(clip, None) == FileSource(path=clip)


def test_a_paced_clip_is_a_camera_that_never_ends(clip: Path) -> None:
    source = PacedClip(path=clip, fps=1000)
    assert source.live
    opened = source.open("camera")
    frames = [opened.read() for _ in range(120)]  # the clip has 100
    opened.close()
    assert [frame.index for frame in frames] == list(range(120))
    assert frames[50].time_s == pytest.approx(0.05)
    # Due at its own pace, however late it is read.
    due = (frames[100].captured_at - frames[0].captured_at).total_seconds()
    assert due == pytest.approx(0.1, abs=1e-4)


def test_without_an_rtsp_camera_the_clip_takes_its_place(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.scenarios.rtsp_missing", lambda: "no RTSP camera: no GStreamer")
    with paced("auto", clip, 3, 10) as cameras:
        assert cameras.sources == [PacedClip(path=clip, fps=10)] * 3
    with pytest.raises(SkippedCaseError, match="no GStreamer"), paced("rtsp", clip, 1, 10):
        pytest.fail("there is no such camera")


def test_a_machine_without_an_rtsp_camera_says_what_it_lacks(tmp_path: Path) -> None:
    assert "No such file" in rtsp_missing(str(tmp_path / "python3"))
    python = tmp_path / "python3"
    python.write_text("#!/bin/sh\necho 'Traceback:' >&2; echo 'No module named gi' >&2; exit 1\n")
    python.chmod(0o755)
    assert "No module named gi" in rtsp_missing(f"{python.parent}/./{python.name}")


@pytest.mark.usefixtures("gstreamer")
def test_real_cameras_send_until_the_context_ends(clip: Path) -> None:
    with paced("auto", clip, 2, 10) as cameras:
        assert cameras.how.startswith("RTSP")
        opened = [source.open("camera") for source in cameras.sources]
        assert [one.read().size for one in opened] == [(320, 180)] * 2
        for one in opened:
            one.close()
        assert Path(f"/proc/{cameras.process}").exists()
    assert not Path(f"/proc/{cameras.process}").exists()


@pytest.mark.usefixtures("gstreamer")
def test_the_written_clip_can_be_sent(tmp_path: Path) -> None:
    """Machines that have no clip of their own measure with RTSP as well."""
    with paced("rtsp", written_clip(tmp_path, (160, 90), 10), 1, 10) as cameras:
        opened = cameras.sources[0].open("camera")
        assert opened.read().size == (160, 90)
        opened.close()


def test_machines_without_a_clip_write_one_once(tmp_path: Path) -> None:
    path = written_clip(tmp_path, (160, 90), 10)
    assert clip_mark(path).detail == "160×90, 25 fps, 10 pictures"
    before = path.stat().st_mtime_ns
    assert written_clip(tmp_path, (160, 90), 10) == path
    assert path.stat().st_mtime_ns == before


def test_all_cameras_have_the_same_work(clip: Path) -> None:
    site = site_of([PacedClip(path=clip, fps=5)] * 3, Simulated())
    assert [camera.id for camera in site.cameras] == ["camera-1", "camera-2", "camera-3"]
    for camera in site.cameras:
        assert len(camera.rules) == 3
        site.pipeline(camera)
        assert site.detector(camera) == Simulated()


def test_a_busy_process_is_gone_afterwards() -> None:
    with busy_process() as process:
        wait_until(lambda: cpu_seconds(process) > 0.05, 30, "the process is busy")
    assert not Path(f"/proc/{process}").exists()
