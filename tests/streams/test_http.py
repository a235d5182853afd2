import base64
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest

from streams.errors import StreamError, StreamRefused
from streams.sources.http import HttpSource

ALLOWED = "Basic " + base64.b64encode(b"ngatu:s3cret").decode()


class Camera(BaseHTTPRequestHandler):
    """/video: Motion JPEG, 20 pictures a second; /locked: the same with a password; /clip.mp4: a file."""

    clip: Path

    def do_GET(self) -> None:
        if self.path == "/locked" and self.headers["Authorization"] != ALLOWED:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="camera"')
            self.end_headers()
        elif self.path in ("/video", "/locked"):
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=picture")
            self.end_headers()
            self._stream()
        elif self.path == "/clip.mp4":
            content = self.clip.read_bytes()
            self.send_response(200)
            self.send_header("Content-Type", "video/mp4")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self._write(content)
        else:
            self.send_error(404)

    def _stream(self) -> None:
        for shade in range(200):
            _, jpeg = cv2.imencode(".jpg", np.full((120, 160, 3), shade, np.uint8))
            head = f"--picture\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            if not self._write(head.encode() + jpeg.tobytes() + b"\r\n"):
                return
            time.sleep(0.05)

    def _write(self, content: bytes) -> bool:
        try:
            self.wfile.write(content)
        except OSError:
            return False
        return True

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class calls it so
        pass


@pytest.fixture
def address(clip: Path) -> Iterator[str]:
    Camera.clip = clip
    with ThreadingHTTPServer(("127.0.0.1", 0), Camera) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("path", ["video", "ngatu:s3cret@/locked"])
def test_motion_jpeg_is_timed_by_its_arrival(address: str, path: str) -> None:
    url = f"http://{address}/video" if path == "video" else f"http://ngatu:s3cret@{address}/locked"
    began = time.monotonic()
    opened = HttpSource(url=url).open("yard")
    frames = [opened.read() for _ in range(20)]
    took_s = time.monotonic() - began
    opened.close()
    assert {frame.size for frame in frames} == {(160, 120)}
    assert 0.2 < frames[-1].time_s < took_s


def test_what_goes_wrong_is_told_apart(address: str) -> None:
    with pytest.raises(StreamRefused, match="asks for a user and a password"):
        HttpSource(url=f"http://{address}/locked").open("yard")
    with pytest.raises(StreamRefused, match="user or password is wrong") as raised:
        HttpSource(url=f"http://ngatu:wr0ng@{address}/locked").open("yard")
    assert "wr0ng" not in str(raised.value)
    with pytest.raises(StreamRefused, match="no such path"):
        HttpSource(url=f"http://{address}/nix").open("yard")


def test_a_file_is_no_camera(address: str) -> None:
    with pytest.raises(StreamRefused, match="is a file, no live stream"):
        HttpSource(url=f"http://{address}/clip.mp4").open("yard")


def test_nothing_listens() -> None:
    with pytest.raises(StreamError, match="connection refused"):
        HttpSource(url="http://127.0.0.1:9/video").open("yard")
