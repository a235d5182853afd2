"""Live view over a real WebSocket, from real cameras."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from api.app import SHUTDOWN_S
from api.archive import Archive, Limits
from api.videos import Videos
from streams.on_demand import OnDemand
from streams.record import Record
from streams.session import Session
from streams.sources.file import FileSource
from streams.sources.rtsp import RtspSource
from tests.api.stage import WAIT_S, Stage, running
from tests.conftest import RtspCamera, wait_until
from tests.streams.clips import numbered, write_clip
from tests.streams.footage import decoded_numbers, shown
from vision.site import Camera

StartCamera = Callable[..., RtspCamera]
EVERYTHING = Limits(age=timedelta(days=30), bytes=None, free=0)


@dataclass
class Watched:
    """What a viewer was sent."""

    texts: list[dict[str, Any]] = field(default_factory=list)
    videos: list[bytes] = field(default_factory=list)

    def take(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            self.videos[-1] += message
            return
        self.texts.append(json.loads(message))
        if self.texts[-1]["type"] == "video":
            self.videos.append(b"")

    @property
    def pictures(self) -> int:
        """Fragments of the last video."""
        return self.videos[-1].count(b"moof") if self.videos else 0


def watch(stage: Stage, camera: str = "road", origin: str | None = None) -> ClientConnection:
    """A viewer."""
    url = f"ws://127.0.0.1:{stage.port}/api/v1/cameras/{camera}/live"
    allowed = None if origin is None else Origin(origin)
    return connect(url, origin=allowed, max_size=None, proxy=None, close_timeout=0.5)


def until(viewer: ClientConnection, seen: Watched, condition: Callable[[], object]) -> None:
    """Takes what is sent until something is so."""
    deadline = time.monotonic() + WAIT_S
    while not condition():
        seen.take(viewer.recv(timeout=max(0.0, deadline - time.monotonic())))


def closed(viewer: ClientConnection) -> tuple[int, str]:
    """How the server closes."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            viewer.recv(timeout=WAIT_S)
    assert viewer.close_code is not None
    return viewer.close_code, viewer.close_reason or ""


def road(url: str, **more: Any) -> Camera:
    return Camera(id="road", source=RtspSource(url=url), **more)


@pytest.fixture(name="numbered_clip", scope="module")
def fixture_numbered_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clips") / "numbered.mp4", numbered(200))


@pytest.fixture(name="watched")
def fixture_watched(rtsp_camera: StartCamera, numbered_clip: Path, tmp_path: Path) -> Iterator[Stage]:
    """A server with a camera whose pictures carry numbers, and a file."""
    cameras = [
        road(rtsp_camera(numbered=numbered_clip).url("numbered")),
        Camera(id="gate", source=FileSource(path=numbered_clip)),
    ]
    with running(tmp_path, watched=cameras) as stage:
        yield stage


def test_a_viewer_gets_every_picture_of_the_camera(watched: Stage) -> None:
    seen = Watched()
    with watch(watched) as viewer:
        until(viewer, seen, lambda: seen.pictures >= 120)
    (told,) = seen.texts
    assert told["type"] == "video"
    assert told["codec"].startswith("avc1.64")
    assert told["mime"] == f'video/mp4; codecs="{told["codec"]}"'
    assert told["size"] == [320, 180]
    numbers = decoded_numbers(seen.videos[0])
    assert numbers == list(range(seen.pictures))


def test_all_viewers_of_a_camera_share_one_connection(watched: Stage) -> None:
    first, later = Watched(), Watched()
    with watch(watched) as one:
        until(one, first, lambda: first.pictures >= 40)
        with watch(watched) as other:
            until(other, later, lambda: later.pictures >= 30)
            figures = watched.client.get("/metrics").text
            assert 'ngatu_video_viewers{camera="road"} 2.0' in figures
        until(one, first, lambda: first.pictures >= 90)
    began = decoded_numbers(later.videos[0])
    assert began == list(range(began[0], began[0] + len(began)))
    assert began[0] % 25 == 0
    assert decoded_numbers(first.videos[0]) == list(range(first.pictures))
    wait_until(lambda: 'video_viewers{camera="road"} 0.0' in watched.client.get("/metrics").text, 10, "both have gone")
    assert 'ngatu_video_skipped_total{camera="road"} 0.0' in watched.client.get("/metrics").text


def test_h265_is_passed_on_as_it_is(rtsp_camera: StartCamera, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "hevc.mp4", numbered(100), codec="libx265")
    with running(tmp_path, watched=[road(rtsp_camera(hk=clip).url("hk"))]) as stage:
        seen = Watched()
        with watch(stage) as viewer:
            until(viewer, seen, lambda: seen.pictures >= 40)
        assert seen.texts[0]["codec"].startswith("hvc1.1.6.L")
        assert decoded_numbers(seen.videos[0]) == list(range(seen.pictures))


def test_what_has_no_video_says_so(watched: Stage) -> None:
    with watch(watched, "gate") as viewer:
        code, reason = closed(viewer)
    assert code == 4000
    assert "of kind file" in reason
    assert len(reason.encode()) <= 123


def test_a_camera_that_there_is_not(watched: Stage) -> None:
    with pytest.raises(InvalidStatus) as raised:
        watch(watched, "nowhere")
    assert raised.value.response.status_code == 404
    assert json.loads(raised.value.response.body or b"")["type"] == "urn:ngatu:unknown-camera"


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://127.0.0.1:1", "null", "https://127.0.0.1.evil.example"]
)
def test_pages_of_others_are_refused(watched: Stage, origin: str) -> None:
    with pytest.raises(InvalidStatus) as raised:
        watch(watched, origin=origin)
    assert raised.value.response.status_code == 403
    assert json.loads(raised.value.response.body or b"")["type"] == "urn:ngatu:foreign-origin"


def test_our_own_page_is_let_in(watched: Stage) -> None:
    seen = Watched()
    with watch(watched, origin=f"http://127.0.0.1:{watched.port}") as viewer:
        until(viewer, seen, lambda: seen.pictures)


def test_a_host_that_is_not_ours_is_refused(watched: Stage) -> None:
    with pytest.raises(InvalidStatus) as raised:
        connect(
            f"ws://evil.example:{watched.port}/api/v1/cameras/road/live",
            sock=socket.create_connection(("127.0.0.1", watched.port)),
        )
    assert raised.value.response.status_code == 400


def test_only_so_many_may_watch(rtsp_camera: StartCamera, numbered_clip: Path, tmp_path: Path) -> None:
    camera = road(rtsp_camera(numbered=numbered_clip).url("numbered"))
    with running(tmp_path, watched=[camera], live_viewers=2) as stage:
        seen = Watched()
        with watch(stage) as first, watch(stage):
            with watch(stage) as third:
                code, reason = closed(third)
            assert (code, reason) == (4001, "2 watch this camera already; take preview.mjpeg")
            until(first, seen, lambda: seen.pictures >= 30)
        wait_until(lambda: stage.videos.broadcasts["road"].viewers == 0, 10, "they have gone")
        with watch(stage) as again:
            until(again, Watched(), lambda: True)
            again.recv(timeout=WAIT_S)


def sleepy(stage: Stage) -> socket.socket:
    """A viewer that asks and then takes nothing."""
    viewer = socket.socket()
    viewer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    viewer.connect(("127.0.0.1", stage.port))
    viewer.sendall(
        b"GET /api/v1/cameras/road/live HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    assert viewer.recv(12) == b"HTTP/1.1 101"
    return viewer


@pytest.fixture(name="noisy")
def fixture_noisy(rtsp_camera: StartCamera, tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    """Starts a server with a camera that sends several megabytes a second."""
    chance = np.random.default_rng(1)
    clip = write_clip(tmp_path / "noise.mp4", [chance.integers(0, 255, (360, 640, 3), np.uint8) for _ in range(25)])
    with contextlib.ExitStack() as running_ones:

        def start(**settings: Any) -> Stage:
            camera = road(rtsp_camera(noise=clip).url("noise"))
            return running_ones.enter_context(running(tmp_path, watched=[camera], **settings))

        yield start


def test_a_viewer_that_takes_nothing_holds_up_nobody_and_is_dropped_in_the_end(noisy: Callable[..., Stage]) -> None:
    stage = noisy(send_timeout_s=0.5)
    sleeper = sleepy(stage)
    broadcast = stage.videos.broadcasts["road"]
    seen = Watched()
    with watch(stage) as viewer:
        until(viewer, seen, lambda: seen.pictures >= 25)
        assert broadcast.viewers == 2
        until(viewer, seen, lambda: broadcast.viewers == 1)
        until(viewer, seen, lambda: len(stage.server.server_state.connections) <= 2)
        assert len(seen.videos) == 1
        assert broadcast.skipped == 0, "the other viewer has missed nothing"
    sleeper.close()


def test_a_viewer_that_is_slow_leaves_pictures_out(noisy: Callable[..., Stage]) -> None:
    stage = noisy()
    sleeper = sleepy(stage)
    sleeper.settimeout(WAIT_S)
    broadcast = stage.videos.broadcasts["road"]
    quick = Watched()
    with watch(stage) as viewer:
        until(viewer, quick, lambda: quick.pictures >= 250)
        assert broadcast.skipped == 0, "it does not ask for more while its connection is full"
        while not broadcast.skipped:
            assert sleeper.recv(1 << 20)
        until(viewer, quick, lambda: quick.pictures >= 300)
        assert len(quick.videos) == 1
        assert broadcast.viewers == 2
    sleeper.close()


def test_who_watches_gets_pictures_again_where_the_thread_that_reads_hangs(
    watched: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, go_on = OnDemand._read, threading.Event()
    hung: list[Session] = []

    def hang_once(on_demand: OnDemand, session: Session) -> None:
        if not hung:
            hung.append(session)
            go_on.wait(60)
        else:
            read(on_demand, session)

    monkeypatch.setattr(OnDemand, "_read", hang_once)
    monkeypatch.setattr("streams.on_demand.HANG_S", 0.5)
    monkeypatch.setattr("api.videos.LOOK_S", 0.2)
    seen = Watched()
    with watch(watched) as viewer:
        until(viewer, seen, lambda: seen.pictures >= 10)
    assert len(hung) == 1
    go_on.set()
    wait_until(lambda: hung[0].over, 10, "the thread that hung ends")


def test_the_server_stops_at_once_although_somebody_watches(watched: Stage) -> None:
    seen = Watched()
    with watch(watched) as viewer:
        until(viewer, seen, lambda: seen.pictures >= 5)
        began = time.monotonic()
        watched.stop()
        assert time.monotonic() - began < SHUTDOWN_S
        code, _ = closed(viewer)
        assert code in (1001, 1012)


def test_the_server_stops_with_a_viewer_that_takes_nothing(noisy: Callable[..., Stage]) -> None:
    stage = noisy()
    sleeper = sleepy(stage)
    (connection,) = stage.server.server_state.connections
    wait_until(lambda: connection.transport.get_write_buffer_size() > 0, WAIT_S, "it is full")
    stage.stop()
    sleeper.close()


def test_a_camera_that_dies_and_comes_back(rtsp_camera: StartCamera, numbered_clip: Path, tmp_path: Path) -> None:
    camera = rtsp_camera(numbered=numbered_clip)
    with running(tmp_path, watched=[road(camera.url("numbered"))]) as stage:
        seen = Watched()
        with watch(stage) as viewer:
            until(viewer, seen, lambda: seen.pictures >= 30)
            camera.kill()
            until(viewer, seen, lambda: seen.texts[-1]["type"] == "state")
            assert seen.texts[-1]["state"] == "lost"
            assert seen.texts[-1]["reason"]
            camera.start()
            until(viewer, seen, lambda: len(seen.videos) == 2 and seen.pictures >= 30)
        assert decoded_numbers(seen.videos[0])[:30] == list(range(30))
        assert decoded_numbers(seen.videos[1]) == list(range(seen.pictures))


def test_a_camera_that_is_recorded_is_asked_once(rtsp_camera: StartCamera, numbered_clip: Path, tmp_path: Path) -> None:
    camera = rtsp_camera(numbered=numbered_clip)
    record = Record(url=camera.url("numbered"))
    with running(tmp_path, watched=[road(camera.url("numbered"), record=record)]) as stage:
        archive = Archive(
            {"road": record},
            stage.folder,
            stage.index,
            EVERYTHING,
            segment_s=1,
            broadcasts=stage.videos.broadcasts,
        )
        archive.start()
        try:
            wait_until(lambda: archive.state().recorders["road"].state == "recording", 20, "it is recorded")
            seen = Watched()
            with watch(stage) as viewer:
                until(viewer, seen, lambda: seen.pictures >= 60)
                assert connections(camera) == 1
        finally:
            archive.stop()
        numbers = decoded_numbers(seen.videos[0])
        assert numbers == [(numbers[0] + step) % 200 for step in range(seen.pictures)]
        recorded = [shown(stage.folder / segment.file) for segment in stage.index.all()]
        assert sum(map(len, recorded)) >= 60, "what is watched is recorded all the same"


def connections(camera: RtspCamera) -> int:
    """How many are connected to a camera."""
    found = psutil.Process(camera.process).net_connections("tcp")
    return sum(one.status == psutil.CONN_ESTABLISHED for one in found)


def test_a_full_disk_is_nothing_to_who_watches(rtsp_camera: StartCamera, numbered_clip: Path, tmp_path: Path) -> None:
    url = rtsp_camera(numbered=numbered_clip).url("numbered")
    record = Record(url=url)
    with running(tmp_path, watched=[road(url, record=record)]) as stage:
        full = replace(EVERYTHING, free=10**18)
        archive = Archive({"road": record}, stage.folder, stage.index, full, broadcasts=stage.videos.broadcasts)
        archive.start()
        try:
            seen = Watched()
            with watch(stage) as viewer:
                until(viewer, seen, lambda: seen.pictures >= 30)
            assert archive.state().recorders["road"].state == "stopped"
        finally:
            archive.stop()
        assert {text["type"] for text in seen.texts} == {"video"}


def test_nobody_is_asked_while_nobody_watches(rtsp_camera: StartCamera, tmp_path: Path) -> None:
    camera = rtsp_camera()
    with running(tmp_path, watched=[road(camera.url())]) as stage:
        assert stage.client.get("/api/v1/site").status_code == 200
        assert connections(camera) == 0


def test_cameras_without_a_video_are_known_by_their_kind(tmp_path: Path) -> None:
    videos = Videos([Camera(id="gate", source=FileSource(path=tmp_path / "clip.mp4"))], viewers=1)
    assert videos.broadcasts == {}
    videos.close()


def test_the_page_may_play_what_comes(watched: Stage) -> None:
    policy = watched.client.get("/api/v1/site").headers["content-security-policy"]
    assert "media-src 'self' blob:" in policy
