import base64
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import cv2
import numpy as np
import pytest

from streams.errors import SourceEnded, StreamError, StreamRefused
from streams.frame import Frame
from streams.sources.http import HttpSource
from tests.streams.clips import street, write_clip
from tests.streams.web import served

ALLOWED = "Basic " + base64.b64encode(b"ngatu:s3cret").decode()


class Camera(BaseHTTPRequestHandler):
    """/video: Motion JPEG, 20 pictures a second; /clip…: files. All that is below /locked asks for a password.

    It can't begin in the middle of a file, as small servers can't.
    """

    clips: Mapping[str, Path]

    def do_GET(self) -> None:
        if self.path.startswith("/locked") and self.headers["Authorization"] != ALLOWED:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="camera"')
            self.end_headers()
        elif self.path in ("/video", "/locked"):
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=picture")
            self.end_headers()
            self._stream()
        elif self.path.removeprefix("/locked") in self.clips:
            content = self.clips[self.path.removeprefix("/locked")].read_bytes()
            self.send_response(200)
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


@pytest.fixture(name="clips", scope="module")
def fixture_clips(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("clips")
    images = street(40, size=(640, 360))
    long = write_clip(folder / "long.mp4", street(400, size=(640, 360)))
    cut, text = folder / "cut.mkv", folder / "text.mp4"
    whole = write_clip(folder / "whole.mkv", images)
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    text.write_text("this is no video\n" * 100)
    return {
        "/clip.mp4": write_clip(folder / "fast.mp4", images, muxing={"movflags": "faststart"}),
        "/clip": clip,
        "/index-at-its-end.mp4": long,
        "/whole.mkv": whole,
        "/cut.mkv": cut,
        "/text.mp4": text,
        "/live.mkv": write_clip(folder / "live.mkv", images, muxing={"live": "1"}),
    }


@pytest.fixture
def address(clips: dict[str, Path]) -> Iterator[str]:
    Camera.clips = clips
    with served(Camera) as address:
        yield address


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


def frames_of(source: HttpSource, start: datetime | None = None) -> list[Frame]:
    opened, frames = source.open("yard", start), []
    try:
        while True:
            frames.append(opened.read())
    except SourceEnded:
        return frames
    finally:
        opened.close()


@pytest.mark.parametrize(
    ("path", "count"), [("clip.mp4", 40), ("clip.mp4?token=x", 40), ("whole.mkv", 40), ("index-at-its-end.mp4", 400)]
)
def test_a_file_is_read_without_drops_to_its_end(address: str, path: str, count: int) -> None:
    Camera.clips = {**Camera.clips, "/clip.mp4?token=x": Camera.clips["/clip.mp4"]}
    source = HttpSource(url=f"http://{address}/{path}")
    assert not source.live
    frames = frames_of(source)
    assert [frame.index for frame in frames] == list(range(count))
    assert [frame.time_s for frame in frames] == pytest.approx([n / 25 for n in range(count)], abs=0.002)
    opened = source.open("yard")
    assert opened.expected_frames == count
    opened.close()


@pytest.mark.parametrize("path", ["clip.mp4", "index-at-its-end.mp4"])
def test_a_file_behind_a_password(address: str, path: str) -> None:
    frames = frames_of(HttpSource(url=f"http://ngatu:s3cret@{address}/locked/{path}"))
    assert len(frames) in (40, 400)
    with pytest.raises(StreamRefused, match="user or password is wrong") as raised:
        HttpSource(url=f"http://ngatu:wr0ng@{address}/locked/{path}").open("yard")
    assert "wr0ng" not in str(raised.value)


def test_a_file_is_of_now_where_no_start_is_given(address: str) -> None:
    source = HttpSource(url=f"http://{address}/clip.mp4")
    before = datetime.now(UTC)
    assert before <= frames_of(source)[0].captured_at <= datetime.now(UTC)
    assert frames_of(source, before)[1].captured_at == before + timedelta(seconds=0.04)


def test_a_file_begins_anew_where_it_is_to_loop(address: str) -> None:
    opened = HttpSource(url=f"http://{address}/clip.mp4", loop=True).open("yard")
    frames = [opened.read() for _ in range(100)]
    opened.close()
    assert opened.expected_frames is None
    assert [frame.time_s for frame in frames] == pytest.approx([n / 25 for n in range(100)], abs=0.002)


def test_a_file_that_breaks_off_is_told(address: str) -> None:
    opened = HttpSource(url=f"http://{address}/cut.mkv").open("yard")
    with pytest.raises(StreamError, match=r"cut\.mkv: truncated after \d+ of 40 frames"):
        [opened.read() for _ in range(41)]
    opened.close()


def test_a_file_that_is_no_video_is_told(address: str) -> None:
    with pytest.raises(StreamError, match="answers, but no picture came"):
        HttpSource(url=f"http://{address}/text.mp4").open("yard")


def test_what_has_not_the_name_of_a_file_has_to_be_called_one(address: str) -> None:
    url = f"http://{address}/clip"
    assert HttpSource(url=url).live
    with pytest.raises(StreamRefused, match=r"is a file, no live stream.*`file: true`"):
        HttpSource(url=url).open("yard")
    assert len(frames_of(HttpSource(url=url, file=True))) == 100


def test_what_has_the_name_of_a_file_may_be_live(address: str) -> None:
    url = f"http://{address}/live.mkv"
    with pytest.raises(StreamRefused, match=r"states no length.*`file: false`"):
        HttpSource(url=url).open("yard")
    assert len(frames_of(HttpSource(url=url, file=True))) == 40
    source = HttpSource(url=url, file=False)
    assert source.live
    opened = source.open("yard")
    assert opened.read().size == (640, 360)
    opened.close()


def test_nothing_listens() -> None:
    with pytest.raises(StreamError, match="connection refused"):
        HttpSource(url="http://127.0.0.1:9/video").open("yard")
