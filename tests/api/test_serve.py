"""`ngatu serve` with real cameras: RTSP, H.264 and H.265, that die, hang and come back."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import numpy as np
import pytest

from api.recording_disk import check
from api.recording_index import RecordingIndex
from benchmarks.scenarios import free_port
from tests.api.served import ROOT, Served, serving
from tests.conftest import RtspCamera
from tests.streams.footage import shown

STREET = """
version: 1
cameras: [{id: street, source: {kind: synthetic, size: [320, 180], fps: 10}, detector: {kind: simulated}}]
"""
SITE = """
version: 1
site: {{id: test, name: "IOC thử", timezone: Asia/Ho_Chi_Minh}}
cameras:
  - id: road
    name: "Đường 30 tháng 4"
    source: {{kind: rtsp, url: "{road}"}}
    lines: {{main: {{from: [0, 0.6], to: [1, 0.6]}}}}
    rules: [{{kind: line_crossing, id: count, line: main}}]
  - id: hevc
    source: {{kind: rtsp, url: "{hevc}"}}
"""


@pytest.fixture(name="camera")
def fixture_camera(gstreamer: None, clip: Path, hevc_clip: Path) -> Iterator[RtspCamera]:
    camera = RtspCamera({"road": clip, "hevc": hevc_clip})
    camera.start()
    yield camera
    camera.kill()


@pytest.fixture(name="served")
def fixture_served(camera: RtspCamera, tmp_path: Path) -> Iterator[Served]:
    site = tmp_path / "site.yaml"
    site.write_text(SITE.format(road=camera.url("road"), hevc=camera.url("hevc")))
    with serving(tmp_path, "serve", "--site", site) as served:
        yield served


def states(served: Served) -> set[str]:
    return {camera["state"] for camera in served.get("/api/v1/cameras")["items"]}


def test_two_cameras_die_hang_and_come_back_while_the_api_stays_up(served: Served, camera: RtspCamera) -> None:
    def live() -> bool:
        return states(served) == {"live"} and all(
            one["detect_fps"] > 0 for one in served.get("/api/v1/cameras")["items"]
        )

    served.until(live, 30, "both cameras are live and analysed")
    for name in ("road", "hevc"):
        snapshot = httpx.get(f"{served.url}/api/v1/cameras/{name}/snapshot.jpg", params={"overlay": 1})
        assert snapshot.headers["content-type"] == "image/jpeg"
        assert len(snapshot.content) > 1000

    camera.kill()
    served.until(lambda: "live" not in states(served), 5, "both are noticed to be lost")
    assert served.get("/health")["status"] == "degraded"
    lost = served.events(kind="camera_lost")
    assert {event["camera"] for event in lost} == {"road", "hevc"}
    assert {event["status"] for event in lost} == {"began"}

    camera.start()
    served.until(live, 15, "both are back")
    assert all(one["gaps"][-1]["to"] for one in served.get("/api/v1/cameras")["items"]), "the gap is on record"
    assert {event["status"] for event in served.events(kind="camera_lost")} == {"ended"}

    camera.send(signal.SIGSTOP)
    noticed_s = served.until(lambda: "live" not in states(served), 10, "the silence is noticed")
    camera.send(signal.SIGCONT)
    served.until(live, 30, "both are back")
    assert noticed_s < 8, "5 s are wanted; a busy machine gets a little more"


def test_a_wrong_password_is_told_without_the_password(gstreamer: None, clip: Path, tmp_path: Path) -> None:
    camera = RtspCamera({"road": clip}, "--auth", "user:right", "--digest")
    camera.start()
    try:
        site = tmp_path / "site.yaml"
        url = camera.url("road", "user:bi-mat-7@")
        site.write_text(SITE.format(road=url, hevc=url))
        with serving(tmp_path, "serve", "--site", site) as served:
            served.until(lambda: served.camera("road")["state"] == "refused", 30, "the refusal")
            assert "password" in served.camera("road")["reason"]
            assert "bi-mat-7" not in str(served.get("/api/v1/cameras"))
        assert "bi-mat-7" not in (tmp_path / "server.log").read_text()
    finally:
        camera.kill()


@pytest.fixture(name="street")
def fixture_street(tmp_path: Path) -> Path:
    path = tmp_path / "street.yaml"
    path.write_text(STREET)
    return path


@pytest.mark.parametrize(("by", "said"), [(signal.SIGINT, "ngatu: interrupted\n"), (signal.SIGTERM, "")])
def test_who_ends_it_can_tell_how_it_ended(street: Path, tmp_path: Path, by: signal.Signals, said: str) -> None:
    with serving(tmp_path, "serve", "--site", street, "--engine", "local", stopped_by=by):
        pass  # the exit code is looked at there
    last = (tmp_path / "server.log").read_text().splitlines(keepends=True)[-1]
    assert last == said or (not said and "Ngã Tư watches 1 camera;" in last)


def test_it_can_be_interrupted_before_the_server_runs(tmp_path: Path) -> None:
    # A pipe that nothing comes from: it is still looking whether that is a video when the signal comes.
    pipe, site = tmp_path / "pipe.mp4", tmp_path / "site.yaml"
    os.mkfifo(pipe)
    site.write_text(f"version: 1\ncameras: [{{id: a, source: {{kind: file, path: {pipe}}}}}]\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "api", "serve", "--site", site], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    writer = until_read(pipe, process)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    os.close(writer)
    assert (process.returncode, said) == (130, "ngatu: interrupted\n")


def until_read(pipe: Path, process: "subprocess.Popen[str]") -> int:
    """Waits until a process has opened a pipe to read from it; the end to write to."""
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        with suppress(OSError):  # nobody reads yet
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        time.sleep(0.05)
    pytest.fail("the process does not open the pipe")


def test_events_that_the_database_did_not_take_fail_the_command(tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    site.write_text(
        f"version: 1\ncameras: [{{id: a, source: {{kind: rtsp, url: 'rtsp://127.0.0.1:{free_port()}/x'}}}}]"
    )
    with serving(tmp_path, "serve", "--site", site, exit_code=1) as served:
        served.until(lambda: served.events(kind="camera_lost"), 20, "the camera is lost")
        other = sqlite3.connect(tmp_path / "ngatu.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
    other.close()
    last = (tmp_path / "server.log").read_text().splitlines()[-1]
    path = tmp_path / "ngatu.db"
    assert last == f"ngatu: lost at the end, not saved in sqlite:///{path}: 1 event (database is locked)"


RECORDED = """
version: 1
cameras:
  - id: road
    source: {{kind: rtsp, url: "{road}"}}
    record: {{url: "{road}", pre_roll_s: 1, post_roll_s: 1}}
  - id: hevc
    source: {{kind: rtsp, url: "{hevc}"}}
    record: {{url: "{hevc}"}}
"""


def test_cameras_are_recorded_and_their_events_have_clips(
    camera: RtspCamera, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recordings = tmp_path / "recordings"
    monkeypatch.setenv("NGATU_RECORDINGS", str(recordings))
    monkeypatch.setenv("NGATU_RECORDINGS_FREE_GB", "0")
    site = tmp_path / "site.yaml"
    site.write_text(RECORDED.format(road=camera.url("road"), hevc=camera.url("hevc")))

    def recording(served: Served) -> list[str]:
        return [one["state"] for one in served.get("/health")["recording"]["cameras"]]

    with serving(tmp_path, "serve", "--site", site, stopped_by=signal.SIGKILL) as served:
        served.until(lambda: recording(served) == ["recording", "recording"], 30, "both are recorded")
    left = sorted(recordings.rglob("*.part.mp4"))
    assert len(left) == 2, "what was open when it was killed"
    with serving(tmp_path, "serve", "--site", site) as served:
        assert set(recordings.rglob("*.part.mp4")).isdisjoint(left)
        served.until(lambda: recording(served) == ["recording", "recording"], 30, "both are recorded again")
        assert served.camera("road")["recorded"] is True
        camera.kill()
        served.until(lambda: len(served.events(kind="camera_lost")) == 2, 20, "both are lost")
        event = next(one for one in served.events(kind="camera_lost") if one["camera"] == "road")
        path = f"{served.url}/api/v1/events/{event['id']}/clip.mp4"

        def answered() -> bool:
            answer = httpx.get(path)
            assert answer.status_code == 200 or answer.json()["type"] == "urn:ngatu:clip-not-ready"
            return answer.status_code == 200

        served.until(answered, 40, "the clip")
        (tmp_path / "clip.mp4").write_bytes(httpx.get(path).content)
        assert shown(tmp_path / "clip.mp4")
        reasons = served.get("/health")["reasons"]
        assert any("camera 'road' is not recorded: rtsp://127.0.0.1" in reason for reason in reasons)
        figures = httpx.get(f"{served.url}/metrics").text
        assert 'ngatu_recorder_state{camera="road",state="lost"} 1.0' in figures
        assert "ngatu_recordings_stopped 0.0" in figures
    with RecordingIndex.open(f"sqlite:///{tmp_path}/ngatu.db") as index:
        assert check(index, recordings, read=True) == []
        assert {segment.codec for segment in index.all()} == {"h264", "hevc"}


def test_a_folder_where_nothing_can_be_recorded_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    site = tmp_path / "site.yaml"
    url = f"rtsp://127.0.0.1:{free_port()}/x"
    site.write_text(RECORDED.format(road=url, hevc=url))
    ended = subprocess.run(
        [sys.executable, "-m", "api", "serve", "--site", site, "--port", "0"],
        cwd=ROOT,
        env=os.environ | {"NGATU_DATABASE": str(tmp_path / "n.db"), "NGATU_RECORDINGS": str(tmp_path / "file" / "x")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert "recordings can't be kept in" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.slow
def test_memory_is_flat_over_ten_minutes(served: Served) -> None:
    """RSS slope of two cameras under 1 MB a minute after warm-up."""
    served.until(lambda: states(served) == {"live"}, 30, "both cameras are live")
    httpx.get(f"{served.url}/api/v1/cameras/road/snapshot.jpg", params={"overlay": 1})
    samples: list[tuple[float, float]] = []

    def sample() -> bool:
        minutes = (len(samples) + 1) * 5 / 60
        samples.append((minutes, served.rss_mb))
        return minutes >= 11

    while not sample():
        assert served.process.poll() is None
        time.sleep(5)
    minutes, rss = np.array([one for one in samples if one[0] >= 1]).T
    slope = float(np.polyfit(minutes, rss, 1)[0])
    print(f"RSS {rss[0]:.1f} MB after 1 min, {rss[-1]:.1f} MB after 11 min, slope {slope:.3f} MB/min")
    assert slope < 1.0


def test_what_a_camera_usually_sees_is_kept_for_the_next_start(tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    site.write_text(STREET)
    with serving(tmp_path, "serve", "--site", site) as served:

        def analysed() -> float:
            figures = httpx.get(f"{served.url}/metrics").text
            found = [line for line in figures.splitlines() if line.startswith("ngatu_frames_analysed_total{")]
            return float(found[0].rsplit(" ", 1)[1]) if found else 0.0

        served.until(lambda: analysed() >= 60, 60, "six seconds of the street are analysed")
    kept = tmp_path / "ngatu.references" / "street.npz"
    assert kept.stat().st_size > 1000
    with serving(tmp_path, "serve", "--site", site) as served:
        served.until(lambda: served.camera("street")["state"] == "live", 30, "the street is live")
        assert served.events(kind="camera_moved") == []
