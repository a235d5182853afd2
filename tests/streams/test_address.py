import socket

import pytest

from benchmarks.scenarios import free_port
from streams.address import masked, why_silent
from streams.errors import StreamRefused


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://ngatu:s3cret@10.0.0.11:554/sub", "rtsp://ngatu:***@10.0.0.11:554/sub"),
        ("rtsp://ngatu:s3@c:r/et@10.0.0.11/sub", "rtsp://ngatu:***@10.0.0.11/sub"),
        ("rtsp://ngatu:s3 c@r et@10.0.0.11/sub", "rtsp://ngatu:***@10.0.0.11/sub"),
        ("rtsp://nga tu:s3cret@10.0.0.11/sub", "rtsp://nga tu:***@10.0.0.11/sub"),
        ("rtsp://:s3cret@h/x", "rtsp://:***@h/x"),
        ("http://h/video?user=a&password=s3cret&n=1", "http://h/video?user=a&password=***&n=1"),
        ("http://h/video?loginpass=s3cret", "http://h/video?loginpass=***"),
        ("http://h/x?access_token=s3cret", "http://h/x?access_token=***"),
        ("can't open rtsp://a:s3cret@h/x, sorry", "can't open rtsp://a:***@h/x, sorry"),
        ("rtsp://ngatu@h/x", "rtsp://ngatu@h/x"),
        ("/videos/clip.mp4", "/videos/clip.mp4"),
    ],
)
def test_no_secret_is_shown(url: str, shown: str) -> None:
    assert masked(url) == shown


def test_nothing_listens() -> None:
    error = why_silent(f"rtsp://a:s3cret@127.0.0.1:{free_port()}/x", 2)
    assert "connection refused" in str(error)
    assert "s3cret" not in str(error)
    assert not isinstance(error, StreamRefused)


def test_no_such_host() -> None:
    assert "no host has the name 'no-camera.invalid'" in str(why_silent("rtsp://no-camera.invalid/x", 2))


def test_accepts_but_never_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        error = why_silent(f"rtsp://127.0.0.1:{server.getsockname()[1]}/x", 0.2)
    assert "no answer from 127.0.0.1" in str(error)
