import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest

from api.app import SHUTDOWN_S
from api.errors import StoreError
from api.store import Store
from tests.api.databases import both_databases
from tests.api.stage import WAIT_S, Stage, Told, frame, incident, messages, passage, running, view

STREAM = "/api/v1/events/stream"


@contextmanager
def followed(stage: Stage, after: str | None = None) -> Iterator[Iterator[Told]]:
    """An event stream, from its first message on."""
    headers = {} if after is None else {"Last-Event-ID": after}
    with stage.client.stream("GET", STREAM, headers=headers) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        yield messages(response)


def events(told: Iterator[Told], count: int) -> list[Told]:
    """The next events; states of cameras are passed over."""
    found: list[Told] = []
    while len(found) < count:
        message = next(told)
        if message.name == "event":
            found.append(message)
    return found


@both_databases
def test_events_are_told_as_they_happen(stage: Stage) -> None:
    stage.store.add([passage(1)])
    stage.store.flush(WAIT_S)
    with followed(stage) as told:
        assert [next(told).name for _ in range(2)] == ["camera", "camera"]
        stage.store.add([passage(2), incident(3)])
        first, second = events(told, 2)
        assert first.data == stage.client.get(f"/api/v1/events/{passage(2).id}").json()
        stage.store.add([incident(3, ended_s=4.0)])
        (third,) = events(told, 1)
        assert second.data["id"] == third.data["id"] == incident(3).id
        assert (second.data["status"], third.data["status"]) == ("began", "ended")
        assert int(first.id) < int(second.id) < int(third.id)


def test_a_camera_is_told_when_its_state_changes(stage: Stage) -> None:
    with followed(stage) as told:
        known = {message.data["id"]: message for message in (next(told), next(told))}
        assert known["road"].data == stage.client.get("/api/v1/cameras/road").json()
        stage.cameras.become("road", "lost", "the camera does not answer")
        lost = next(told)
        assert lost.name == "camera"
        assert (lost.data["state"], lost.data["reason"]) == ("lost", "the camera does not answer")
        stage.cameras.become("road", "live")
        assert next(told).data["state"] == "live"


def test_a_new_follower_is_told_the_latest_of_a_camera_though_it_is_no_news(stage: Stage) -> None:
    def heard() -> int:
        with followed(stage) as told:
            return next(int(message.data["frames"]) for message in told if message.data["id"] == "road")

    assert heard() == 120
    status = stage.cameras.states["road"]
    later = status.stream.model_copy(update={"received": 500})
    stage.cameras.states["road"] = replace(status, stream=later)
    assert 500 in (heard() for _ in range(1000))


@both_databases
def test_a_follower_that_comes_back_misses_nothing_and_hears_nothing_twice(stage: Stage) -> None:
    """Breaks the stream again and again while two threads write; what it heard must be all of it, once."""
    total = 400

    def write(first: int) -> None:
        for number in range(first, first + total // 2):
            stage.store.add([passage(number)])

    heard: list[Told] = []
    with followed(stage) as told:
        next(told)
        writers = [threading.Thread(target=write, args=(first,)) for first in (0, 1000)]
        for writer in writers:
            writer.start()
        heard += events(told, 3)
    while len(heard) < total:
        with followed(stage, heard[-1].id) as told:
            heard += events(told, min(37, total - len(heard)))
    for writer in writers:
        writer.join()
    assert len({message.data["id"] for message in heard}) == total
    numbers = [int(message.id) for message in heard]
    assert numbers == sorted(set(numbers))


@both_databases
def test_a_follower_that_was_away_for_long_gets_what_memory_has_forgotten(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.feed.RECENT", 10)
    stage.store.add([passage(0)])
    stage.store.flush(WAIT_S)
    with followed(stage, "0") as told:
        (first,) = events(told, 1)
    stage.store.add(passage(number) for number in range(1, 1200))
    stage.store.flush(WAIT_S)
    with followed(stage, first.id) as told:
        heard = events(told, 1199)
        assert [message.data["id"] for message in heard] == [passage(n).id for n in range(1, 1200)]
        stage.store.add([passage(5000)])
        assert events(told, 1)[0].data["id"] == passage(5000).id


@both_databases
def test_an_incident_that_ended_meanwhile_is_told(stage: Stage) -> None:
    stage.store.add([incident(1), passage(2)])
    with followed(stage, "0") as told:
        *_, last = events(told, 2)
    stage.store.add([incident(1, ended_s=9.0)])
    with followed(stage, last.id) as told:
        (ended,) = events(told, 1)
        assert (ended.data["id"], ended.data["status"]) == (incident(1).id, "ended")


@both_databases
def test_a_follower_that_heard_no_event_yet_can_resume_as_well(stage: Stage) -> None:
    with followed(stage) as told:
        place = next(told).id
        assert place == "0"
    stage.store.add([passage(1)])
    stage.store.flush(WAIT_S)
    with followed(stage, place) as told:
        assert events(told, 1)[0].data["id"] == passage(1).id


@both_databases
def test_a_place_of_another_database_goes_on_from_now(stage: Stage) -> None:
    stage.store.add([passage(1)])
    stage.store.flush(WAIT_S)
    with followed(stage, "999999") as told:
        next(told)
        stage.store.add([passage(2)])
        assert events(told, 1)[0].data["id"] == passage(2).id


def test_an_idle_stream_is_kept_open_by_comments(tmp_path: Path) -> None:
    with running(tmp_path, heartbeat_s=0.05) as stage, stage.client.stream("GET", STREAM) as response:
        comments = (line for line in response.iter_lines() if line.startswith(":"))
        assert next(comments) == ": ping"
        assert next(comments) == ": ping"


def test_a_stream_ends_when_the_database_can_not_be_read(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise StoreError("the database can't be read: disk I/O error")

    stage.store.add([passage(1)])
    stage.store.flush(WAIT_S)
    monkeypatch.setattr("api.feed.RECENT", 0)
    monkeypatch.setattr(stage.store, "changes_after", fail)
    with followed(stage) as told:
        next(told)
        stage.store.add([passage(2)])
        assert [message.name for message in told if message.name == "event"] == []
    assert stage.client.get("/api/v1/site").status_code == 200


def parts(response: httpx.Response) -> Iterator[tuple[dict[str, str], bytes]]:
    """Parts of a multipart stream: headers and body. Complete as soon as their boundary has come."""
    data = b""
    for chunk in response.iter_raw():
        data += chunk
        while data.count(b"--frame\r\n") >= 2:
            _, part, rest = data.split(b"--frame\r\n", 2)
            data = b"--frame\r\n" + rest
            head, _, body = part.partition(b"\r\n\r\n")
            headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
            assert body.endswith(b"\r\n")
            yield headers, body[:-2]


def test_a_preview_shows_changing_pictures(stage: Stage) -> None:
    url = "/api/v1/cameras/road/preview.mjpeg?fps=30&overlay=0"
    stage.show(0)
    with stage.client.stream("GET", url) as response:
        assert response.headers["content-type"] == "multipart/x-mixed-replace; boundary=frame"
        seen = parts(response)
        for index in (0, 20, 40):
            if index:
                stage.show(index)
            headers, jpeg = next(seen)
            assert headers["Content-Type"] == "image/jpeg"
            assert int(headers["Content-Length"]) == len(jpeg)
            assert headers["X-Captured-At"] == f"2026-11-24T05:00:{index // 10:02d}.000Z"
            image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
            assert image is not None
            assert image.shape == (180, 320, 3)
            assert abs(float(image.mean()) - index) < 3


def test_a_preview_waits_for_the_first_picture(stage: Stage) -> None:
    with stage.client.stream("GET", "/api/v1/cameras/road/preview.mjpeg") as response:
        assert response.status_code == 200
        stage.show(0)
        assert next(parts(response))[1].startswith(b"\xff\xd8")


def test_a_preview_leaves_pictures_out_rather_than_fall_behind(stage: Stage) -> None:
    stage.show(0)
    with stage.client.stream("GET", "/api/v1/cameras/road/preview.mjpeg?fps=5") as response:
        seen = parts(response)
        next(seen)
        for index in range(1, 51):
            stage.show(index)
        indices: list[str] = []
        while not indices or indices[-1] != "2026-11-24T05:00:05.000Z":
            indices.append(next(seen)[0]["X-Captured-At"])
        assert len(indices) <= 3


def sleepy(stage: Stage, path: str) -> socket.socket:
    """A viewer that asks and then takes nothing."""
    viewer = socket.socket()
    viewer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    viewer.connect(("127.0.0.1", stage.port))
    viewer.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    assert viewer.recv(12) == b"HTTP/1.1 200"
    return viewer


def test_a_viewer_that_takes_nothing_holds_up_nobody(stage: Stage) -> None:
    stage.show(0)
    sleepers = [sleepy(stage, path) for path in [STREAM, "/api/v1/cameras/road/preview.mjpeg?fps=30&overlay=0"] * 2]
    with (
        followed(stage) as told,
        stage.client.stream("GET", "/api/v1/cameras/road/preview.mjpeg?fps=30") as response,
    ):
        seen = parts(response)
        next(seen)
        began = time.monotonic()
        for index in range(1, 3001):
            stage.show(index)
            stage.store.add([passage(index)])
        assert time.monotonic() - began < WAIT_S
        assert len(events(told, 3000)) == 3000
        while next(seen)[0]["X-Captured-At"] != "2026-11-24T05:05:00.000Z":
            pass
    for sleeper in sleepers:
        sleeper.close()


def test_a_viewer_that_takes_nothing_is_dropped_in_the_end(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (720, 1280, 3), np.uint8)
    with running(tmp_path, send_timeout_s=0.2) as stage:
        stage.show(0)
        preview = "/api/v1/cameras/road/preview.mjpeg?fps=30&overlay=0"
        sleepers = [sleepy(stage, STREAM), sleepy(stage, preview)]
        open_streams = stage.server.server_state.connections
        deadline, number = time.monotonic() + WAIT_S, 0
        while open_streams:
            assert time.monotonic() < deadline
            # More than what the buffers on the way can hold.
            number += 1
            seen = replace(frame(number), image=noise)
            stage.live.show(seen, view(seen))
            stage.store.add(passage(number * 1000 + extra) for extra in range(200))
            stage.store.flush(WAIT_S)
        for sleeper in sleepers:
            sleeper.close()


def test_the_server_stops_at_once_with_streams_open(stage: Stage) -> None:
    stage.show(0)
    preview = "/api/v1/cameras/road/preview.mjpeg"
    with (
        followed(stage) as told,
        stage.client.stream("GET", preview) as response,
        stage.client.stream("GET", preview + "?fps=0.2") as slow,
        stage.client.stream("GET", "/api/v1/cameras/gate/preview.mjpeg") as waiting,
    ):
        next(told)
        next(parts(response))
        next(parts(slow))
        began = time.monotonic()
        stage.stop()
        assert time.monotonic() - began < SHUTDOWN_S, "without the time-out that ends what hangs"
        assert [message.name for message in told if message.name == "event"] == []
        assert b"".join(waiting.iter_raw()) == b"--frame\r\n"


def test_the_server_stops_with_a_viewer_that_takes_nothing(stage: Stage) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (720, 1280, 3), np.uint8)
    sleeper = sleepy(stage, "/api/v1/cameras/road/preview.mjpeg?fps=30&overlay=0")
    (connection,) = stage.server.server_state.connections
    deadline, index = time.monotonic() + WAIT_S, 0
    while connection.transport.get_write_buffer_size() == 0:
        assert time.monotonic() < deadline
        index += 1
        seen = replace(frame(index), image=noise)
        stage.live.show(seen, view(seen))
    stage.stop()
    sleeper.close()


SERVE = """
import sys
from pathlib import Path
from tests.api.stage import Cameras, SiteCard, cards, frame, passage, view
from pathlib import Path

from api.app import Server, create_app, listen
from api.clips import Clips
from api.live import Live
from api.metrics import Metrics
from api.recording_index import RecordingIndex
from api.settings import Settings
from api.store import Store

settings = Settings(database=sys.argv[1], port=0)
live = Live(cards())
seen = frame(0)
live.show(seen, view(seen))
with Store.open(settings.database_url) as store:
    app = create_app(site_card=SiteCard("s", "S", "UTC"), engine=Cameras(), live=live, store=store,
                     metrics=Metrics("test"), settings=settings,
                     clips=Clips(RecordingIndex.open(settings.database_url), Path("recordings"), {}))
    sock = listen(settings)
    print(sock.getsockname()[1], flush=True)
    server = Server(app)
    server.run([sock])
    store.add([passage(1)])
print("interrupted" if server.interrupted else "ended")
"""


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_program_with_streams_open(tmp_path: Path, sign: signal.Signals) -> None:
    command = [sys.executable, "-c", SERVE, str(tmp_path / "ngatu.db")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        port = int(program.stdout.readline())
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=WAIT_S, trust_env=False) as client:
            for _ in range(1000):
                with suppress(httpx.ConnectError):
                    client.get("/api/v1/site")
                    break
            with (
                client.stream("GET", STREAM) as stream,
                client.stream("GET", "/api/v1/cameras/road/preview.mjpeg") as preview,
            ):
                next(messages(stream))
                next(parts(preview))
                began = time.monotonic()
                program.send_signal(sign)
                program.wait(WAIT_S)
                assert time.monotonic() - began < WAIT_S
            assert program.stdout.read() == ("interrupted\n" if sign == signal.SIGINT else "ended\n")
    assert program.returncode == 0
    with Store.open(f"sqlite:///{tmp_path}/ngatu.db") as store:
        assert store.get(passage(1).id), "what comes after the server has stopped is kept as well"
