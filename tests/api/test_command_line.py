"""The commands as people type them: a process of its own, real files, real exit codes."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from benchmarks.scenarios import free_port
from streams.sources.synthetic import SyntheticSource
from tests.conftest import RtspCamera
from tests.streams.clips import street, write_clip
from tests.streams.web import served

ROOT = Path(__file__).parents[2]
MEASURED = ("line_flow", "zone_use", "heat_map")
SITE = f"""
version: 1
cameras:
  - id: street
    source: {{kind: synthetic, pace: max, duration_s: 40, fps: 10, size: [320, 180]}}
    detector: {{kind: simulated, miss: 0.1, jitter: 0.02}}
    lines:
      road: {{from: {list(SyntheticSource.LINE[0])}, to: {list(SyntheticSource.LINE[1])}}}
    zones:
      yard: {{polygon: {[list(corner) for corner in SyntheticSource.YARD]}}}
    rules:
      - {{kind: line_crossing, id: count, line: road}}
      - {{kind: intrusion, id: yard, zone: yard}}
"""


def ngatu(*words: object, timeout: float = 120, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "api", *map(str, words)],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def lines(path: Path) -> list[dict[str, Any]]:
    text = path.read_text(encoding="utf-8")
    assert text == "" or text.endswith("\n"), "the last line is whole"
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(name="site", scope="module")
def fixture_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("site") / "site.yaml"
    path.write_text(SITE)
    return path


@pytest.fixture(name="clip", scope="module")
def fixture_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "street.mp4", street(40), muxing={"movflags": "faststart"})


def test_run_writes_events_tracks_and_a_recording_that_replays_exactly(site: Path, tmp_path: Path) -> None:
    events, tracks, recording = tmp_path / "e.jsonl", tmp_path / "t.txt", tmp_path / "d.jsonl.gz"
    run = ngatu(
        "run", "--site", site, "--events", events, "--tracks", tracks, "--detections-out", recording,
        "--start", "2026-11-24T07:00:00+07:00",
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert run.stdout + run.stderr == "", "quiet where nobody looks on"
    first = lines(events)
    assert {event["kind"] for event in first} == {"line_crossing", "intrusion", *MEASURED}
    assert all(event["at"].startswith("2026-11-24T00:00") for event in first)
    assert len({(event["id"], event.get("status")) for event in first}) == len(first)

    rows = [line.split(",") for line in tracks.read_text().splitlines()]
    assert all(len(row) == 10 for row in rows)
    assert min(int(row[0]) for row in rows) >= 1
    assert {int(row[7]) for row in rows} <= set(range(1, 7))
    assert max(Counter((row[0], row[1]) for row in rows).values()) == 1

    again = tmp_path / "again.jsonl"
    replayed = ngatu("run", "--detections", recording, "--site", site, "--events", again)
    assert replayed.returncode == 0, replayed.stderr
    assert again.read_bytes() == events.read_bytes()


def test_a_replay_twice_gives_the_same_bytes(site: Path, tmp_path: Path) -> None:
    recording = tmp_path / "d.jsonl"
    assert ngatu("run", "--site", site, "--detections-out", recording).returncode == 0
    outputs = [tmp_path / "1.jsonl", tmp_path / "2.jsonl"]
    for output in outputs:
        assert ngatu("run", "--detections", recording, "--site", site, "--events", output).returncode == 0
    assert outputs[0].read_bytes() == outputs[1].read_bytes()
    assert outputs[0].stat().st_size > 0


def test_a_clip_through_the_real_detector_without_a_site(clip: Path, tmp_path: Path) -> None:
    recording = tmp_path / "d.jsonl"
    run = ngatu("run", clip, "--detections-out", recording, "--tracks", tmp_path / "t.txt")
    assert run.returncode == 0, run.stderr
    frames = lines(recording)
    assert [frame["frame"] for frame in frames] == list(range(40))
    assert frames[0]["size"] == [320, 180]
    assert (tmp_path / "t.txt").exists()


@pytest.fixture(name="shelf", scope="module")
def fixture_shelf(clip: Path) -> Iterator[str]:
    """Python's own HTTP server over the folder of the clip."""

    class Shelf(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class calls it so
            pass

    with served(partial(Shelf, directory=str(clip.parent))) as where:
        yield f"http://{where}"


def test_a_clip_by_http_gives_what_the_file_gives(shelf: str, clip: Path, tmp_path: Path) -> None:
    recordings = tmp_path / "file.jsonl", tmp_path / "http.jsonl"
    start = ("--start", "2026-11-24T07:00:00Z")
    for source, recording in zip((clip, f"{shelf}/{clip.name}"), recordings, strict=True):
        run = ngatu("run", source, "--detections-out", recording, *start)
        assert run.returncode == 0, run.stderr
        assert run.stderr == ""
    assert recordings[0].read_bytes() == recordings[1].read_bytes()
    assert len(lines(recordings[1])) == 40


def test_a_clip_that_is_not_on_the_server_is_bad_input(shelf: str, tmp_path: Path) -> None:
    run = ngatu("run", f"{shelf}/no.mp4", "--events", tmp_path / "e.jsonl")
    assert run.returncode == 2
    assert run.stderr.startswith(f"ngatu: {shelf}/no.mp4: there is no such path (404)")
    assert not (tmp_path / "e.jsonl").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("no.mp4", None, "no such file"),
        ("empty.mp4", b"", "is empty"),
        ("text.mp4", b"this is no video\n" * 100, "is not a video"),
        ("text.txt", b"this is no video\n" * 100, "is not a video"),
    ],
)
def test_a_bad_clip_is_bad_input_and_writes_nothing(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    clip, events = tmp_path / name, tmp_path / "e.jsonl"
    if content is not None:
        clip.write_bytes(content)
    run = ngatu("run", clip, "--events", events)
    assert run.returncode == 2
    assert message in run.stderr
    assert "Traceback" not in run.stderr
    assert not events.exists()


def test_a_truncated_clip_fails_with_all_that_was_found_before(clip: Path, tmp_path: Path) -> None:
    cut, recording = tmp_path / "cut.mp4", tmp_path / "d.jsonl"
    cut.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    run = ngatu("run", cut, "--detections-out", recording)
    assert run.returncode == 1
    assert "truncated after" in run.stderr
    assert 5 < len(lines(recording)) < 40


def test_a_recording_that_breaks_off_is_a_failed_run_with_what_was_found(site: Path, tmp_path: Path) -> None:
    recording, whole, events = tmp_path / "d.jsonl", tmp_path / "whole.jsonl", tmp_path / "e.jsonl"
    assert ngatu("run", "--site", site, "--detections-out", recording, "--events", whole).returncode == 0
    recording.write_bytes(recording.read_bytes()[:-20])
    run = ngatu("run", "--detections", recording, "--site", site, "--events", events)
    assert run.returncode == 1
    assert "breaks off" in run.stderr
    assert 0 < len(lines(events)) <= len(lines(whole))


def test_a_bad_recording_is_bad_input_and_writes_nothing(site: Path, tmp_path: Path) -> None:
    recording, events = tmp_path / "d.jsonl", tmp_path / "e.jsonl"
    assert ngatu("run", "--site", site, "--detections-out", recording).returncode == 0
    rows = recording.read_text().splitlines()
    rows[300] = rows[300].replace('"boxes"', '"boxen"')
    recording.write_text("\n".join(rows) + "\n")
    run = ngatu("run", "--detections", recording, "--site", site, "--events", events)
    assert run.returncode == 2
    assert "line 301" in run.stderr
    assert not events.exists()
    events.write_text("of before")
    assert ngatu("run", "--detections", recording, "--site", site, "--events", events).returncode == 2
    assert events.read_text() == "of before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["d.jsonl", "e.jsonl"], "nothing else is left behind"


@pytest.fixture(name="recording", scope="module")
def fixture_recording(site: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("recording") / "d.jsonl"
    assert ngatu("run", "--site", site, "--detections-out", path).returncode == 0
    return path.read_bytes()


@contextmanager
def replaying(site: Path, folder: Path) -> Iterator[tuple["subprocess.Popen[str]", BinaryIO]]:
    """A replay of what is written to a pipe, which nobody can read twice; it writes to `e.jsonl`."""
    os.mkfifo(folder / "d.jsonl")
    words = ("run", "--detections", folder / "d.jsonl", "--site", site, "--events", folder / "e.jsonl")
    process = subprocess.Popen(
        [sys.executable, "-m", "api", *map(str, words)], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    try:
        with (folder / "d.jsonl").open("wb", buffering=0) as pipe:
            yield process, pipe
    finally:
        process.kill()
        process.communicate()


def until_written(path: Path) -> None:
    end = time.monotonic() + 60
    while not (path.exists() and path.stat().st_size):
        assert time.monotonic() < end, f"nothing is written to {path}"
        time.sleep(0.05)


def test_a_replay_reads_once_and_keeps_the_output_of_before_until_its_end(
    site: Path, recording: bytes, tmp_path: Path
) -> None:
    events, part = tmp_path / "e.jsonl", tmp_path / "e.jsonl.part"
    events.write_text("of before")
    events.chmod(0o640)
    with replaying(site, tmp_path) as (process, pipe):
        pipe.write(recording[:-100])
        until_written(part)
        assert events.read_text() == "of before"
        pipe.write(recording[-100:])
        pipe.close()
        assert process.wait(60) == 0
    assert {event["kind"] for event in lines(events)} == {"line_crossing", "intrusion", *MEASURED}
    assert events.stat().st_mode & 0o777 == 0o640
    assert not part.exists()


def test_an_interrupted_replay_keeps_what_was_found(site: Path, recording: bytes, tmp_path: Path) -> None:
    with replaying(site, tmp_path) as (process, pipe):
        pipe.write(recording)
        until_written(tmp_path / "e.jsonl.part")
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    assert lines(tmp_path / "e.jsonl")
    assert not (tmp_path / "e.jsonl.part").exists()


def test_a_demo_of_nothing_is_bad_input(tmp_path: Path) -> None:
    run = ngatu("demo", tmp_path / "no.mp4", "--port", free_port(), NGATU_DATABASE=str(tmp_path / "n.db"))
    assert run.returncode == 2
    assert "no such file" in run.stderr


def test_a_wrong_password_leaves_the_output_of_before(gstreamer: None, clip: Path, tmp_path: Path) -> None:
    camera, events = RtspCamera({"road": clip}, "--auth", "user:right"), tmp_path / "e.jsonl"
    events.write_text("of before")
    camera.start()
    try:
        run = ngatu("run", camera.url("road", "user:wrong-7@"), "--events", events)
    finally:
        camera.kill()
    assert run.returncode == 2, run.stderr
    assert "wrong-7" not in run.stderr
    assert events.read_text() == "of before"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("rtsp://u:geheim@127.0.0.1:PORT/x", "rtsp://u:***@127.0.0.1:PORT/x: connection refused."),
        ("http://127.0.0.1:PORT/video", "http://127.0.0.1:PORT/video: connection refused."),
        ("webcam:97", "no camera webcam:97, or another program uses it"),
    ],
)
def test_a_source_that_never_was_there_is_bad_input_told_once(tmp_path: Path, source: str, message: str) -> None:
    port, events = str(free_port()), tmp_path / "e.jsonl"
    run = ngatu("run", source.replace("PORT", port), "--events", events)
    assert run.returncode == 2, run.stderr
    [line] = run.stderr.splitlines()
    assert line.startswith(f"ngatu: {message.replace('PORT', port)}")
    assert not events.exists()


def test_a_camera_that_is_lost_for_good_fails_with_all_that_was_found_before(
    gstreamer: None, clip: Path, tmp_path: Path
) -> None:
    camera, recording = RtspCamera({"road": clip}), tmp_path / "d.jsonl"
    camera.start()
    words = ("run", camera.url("road"), "--detections-out", recording, "--events", tmp_path / "e.jsonl")
    process = subprocess.Popen(
        [sys.executable, "-m", "api", *map(str, words)], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    try:
        until_written(recording)
    finally:
        camera.kill()
    _, said = process.communicate(timeout=90)
    assert process.returncode == 1
    first, last = said.splitlines()
    assert first.startswith("camera 'camera' is lost: rtsp://")
    assert last.startswith("ngatu: no picture for 30 s, given up: rtsp://")
    assert lines(recording)
    incidents = [event for event in lines(tmp_path / "e.jsonl") if event["family"] == "incident"]
    assert [event["kind"] for event in incidents] == ["camera_lost", "camera_lost"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "give a SOURCE to run"),
        (("CLIP", "--detections", "x.jsonl"), "--detections replays without video"),
        (("CLIP", "--site", "no.yaml"), "no.yaml: no such file"),
        (("CLIP", "--site", "SITE", "--camera", "x"), "no camera 'x'; there are: street"),
        (("CLIP", "--start", "yesterday"), "no ISO 8601 time"),
        (("CLIP", "--model", "street-m"), "street-n"),
        (("CLIP", "--model", "CLIP.onnx"), "CLIP.onnx"),
        (("CLIP", "--model", "BROKEN.onnx"), "BROKEN.onnx"),
        (("CLIP", "--events", "no/such/folder/e.jsonl"), "there is no folder"),
        (("CLIP", "--events", "/"), "is a folder"),
        (("CLIP", "--events", "a", "--tracks", "a"), "same file"),
        (("CLIP", "--events", "CLIP"), "would be destroyed"),
        (("CLIP", "--site", "SITE", "--tracks", "SITE"), "would be destroyed"),
        (("--site", "PLAYS", "--events", "CLIP"), "would be destroyed"),
        (("CLIP", "--model", "BROKEN.onnx", "--events", "BROKEN.onnx"), "would be destroyed"),
        (("rtsp://",), "must look like"),
        (("rtsp://u:geheim/b@h/x",), "must look like"),
        (("ftp://x/y.mp4",), "ftp:// is no source"),
        (("webcam:front",), "such as webcam:0"),
        (("--detections", "no.jsonl", "--site", "SITE"), "no such recording"),
        (("--detections", "CLIP", "--events", "a", "--tracks", "a.part"), "same file"),
        (("--detections", "x.part", "--events", "x"), "would be destroyed"),
        (("--detections", "x", "--events", "x.tracks"), "would be destroyed"),
        (("CLIP", "--keep-tracks"), "give --detections, too"),
    ],
)
def test_bad_words_are_bad_input(clip: Path, site: Path, tmp_path: Path, words: tuple[str, ...], message: str) -> None:
    broken = tmp_path / "BROKEN.onnx"
    broken.write_bytes(b"no model")
    plays = tmp_path / "plays.yaml"
    plays.write_text(f"version: 1\ncameras: [{{id: a, source: {{kind: file, path: '{clip}'}}}}]\n")
    places = {"PLAYS": plays, "CLIP": clip, "SITE": site, "BROKEN.onnx": broken}
    run = ngatu("run", *(places.get(word, word) for word in words))
    assert run.returncode == 2, run.stderr
    assert message in run.stderr
    assert "Traceback" not in run.stderr
    assert "geheim" not in run.stderr
    assert clip.stat().st_size > 1000
    assert site.read_text() == SITE


def test_several_cameras_need_a_name(site: Path, clip: Path, tmp_path: Path) -> None:
    two = tmp_path / "two.yaml"
    two.write_text(SITE + SITE.split("cameras:")[1].replace("id: street", "id: other"))
    run = ngatu("run", clip, "--site", two)
    assert run.returncode == 2
    assert "say which with --camera: street, other" in run.stderr


def test_ctrl_c_keeps_what_was_found(tmp_path: Path) -> None:
    site, events = tmp_path / "site.yaml", tmp_path / "e.jsonl"
    site.write_text(SITE.replace("pace: max, duration_s: 40", "pace: real"))
    process = subprocess.Popen(
        [sys.executable, "-m", "api", "run", "--site", site, "--events", events],
        cwd=ROOT, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    end = time.monotonic() + 60
    while not (events.exists() and events.stat().st_size) and time.monotonic() < end:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "interrupted" in said
    assert "Traceback" not in said
    assert lines(events)


@pytest.fixture(name="small_disk")
def fixture_small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(disk)]
    if os.geteuid() or shutil.which("mount") is None or subprocess.run(mount, check=False).returncode:
        pytest.skip("a small disk needs root and the right to mount a tmpfs")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_fails_with_whole_lines(site: Path, small_disk: Path) -> None:
    tracks = small_disk / "t.txt"
    run = ngatu("run", "--site", site, "--tracks", tracks)
    assert run.returncode == 1
    assert run.stderr == f"ngatu: {tracks}: can't be written: {FULL}; what was written before is whole\n"
    text = tracks.read_text()
    assert text.endswith("\n")
    assert all(len(line.split(",")) == 10 for line in text.splitlines())
    assert len(text) > 8000


FULL = "No space left on device"


@pytest.mark.parametrize("option", ["--events", "--tracks", "--detections-out"])
def test_a_full_disk_from_the_start(site: Path, option: str) -> None:
    run = ngatu("run", "--site", site, option, "/dev/full")
    assert run.returncode == 1
    assert run.stderr == f"ngatu: /dev/full: can't be written: {FULL}; what was written before is whole\n"


def test_a_replay_can_write_into_a_pipe(site: Path, recording: bytes, tmp_path: Path) -> None:
    (tmp_path / "d.jsonl").write_bytes(recording)
    run = ngatu("run", "--detections", tmp_path / "d.jsonl", "--site", site, "--events", "/dev/stdout")
    assert run.returncode == 0, run.stderr
    assert {json.loads(line)["kind"] for line in run.stdout.splitlines()} == {"line_crossing", "intrusion", *MEASURED}


def test_a_replay_on_a_full_disk_replaces_no_device(site: Path, recording: bytes, tmp_path: Path) -> None:
    (tmp_path / "d.jsonl").write_bytes(recording)
    run = ngatu("run", "--detections", tmp_path / "d.jsonl", "--site", site, "--events", "/dev/full")
    assert run.returncode == 1
    assert run.stderr.startswith("ngatu: /dev/full: can't be written")
    assert Path("/dev/full").is_char_device()


def test_check(site: Path, tmp_path: Path) -> None:
    good = ngatu("check", site)
    assert (good.returncode, good.stdout) == (0, f"{site}: good; 1 camera, 2 rules\n")
    bad = tmp_path / "bad.yaml"
    bad.write_text(
        SITE.replace("kind: line_crossing", "kind: line_crosing")
        + "  - {id: clip, source: {kind: file, path: no.mp4}, rules: [{kind: intrusion, id: yard, zone: yard}]}\n"
        + "  - {id: road, source: {kind: rtsp, url: 'rtsp://u:${NOT_SET_ANYWHERE}@h/x'}}\n"
    )
    run = ngatu("check", bad)
    assert run.returncode == 2
    for fault in (
        "cameras[0].rules[0].kind: no kind 'line_crosing'; did you mean 'line_crossing'?",
        "cameras[1].rules[0]: no zone 'yard'",
        f"cameras[1].source.path: {tmp_path}/no.mp4: no such file",
        "cameras[2].source.url: the environment variable NOT_SET_ANYWHERE is not set",
    ):
        assert f"ngatu: {bad}: {fault}" in run.stderr


def test_serve_says_where_a_wrong_model_stands(tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    site.write_text("version: 1\ncameras: [{id: a, source: {kind: webcam}, detector: {kind: yolo, model: stret-n}}]\n")
    run = ngatu("serve", "--site", site, "--port", free_port(), NGATU_DATABASE=str(tmp_path / "n.db"))
    assert run.returncode == 2
    assert f"{site}: cameras[0].detector.model: no model 'stret-n'. Did you mean street-n?" in run.stderr


def test_models_list() -> None:
    run = ngatu("models", "list")
    assert run.returncode == 0
    assert "street-n" in run.stdout
    assert "AGPL-3.0" in run.stdout


def test_a_busy_port_is_told(site: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = ngatu("serve", "--site", site, "--port", port, NGATU_DATABASE=str(tmp_path / "n.db"))
    assert run.returncode == 2
    assert f"can't listen on 127.0.0.1 port {port}" in run.stderr
    assert "Traceback" not in run.stderr


def test_ray_is_not_part_of_this_version_yet(site: Path) -> None:
    run = ngatu("serve", "--site", site, "--engine", "ray")
    assert run.returncode == 2
    assert "the Ray engine is not part of this version yet" in run.stderr
    assert ngatu("serve", "--site", site, "--engine", "abacus").returncode == 2


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_bad_settings_are_told_without_a_trace(site: Path, command: str) -> None:
    words = ("--site", site) if command == "serve" else ()
    run = ngatu(command, *words, NGATU_PORT="abc", NGATU_JPEG_QUALITY="1000")
    assert run.returncode == 2
    assert [line.partition(": input")[0] for line in run.stderr.splitlines()] == [
        "ngatu: NGATU_PORT",
        "ngatu: NGATU_JPEG_QUALITY",
    ]


def test_serve_needs_a_site() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "api", "serve", "--port", str(free_port())],
        cwd=ROOT / "docs", env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 2
    assert "no site file" in run.stderr
