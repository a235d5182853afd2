import base64
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

import streams.download
from benchmarks.scenarios import free_port
from streams.download import downloaded
from streams.errors import StreamError
from tests.streams.web import served

CONTENT = bytes(range(256)) * 10_000
ALLOWED = "Basic " + base64.b64encode(b"ngatu:s3cr/t").decode()


class Shelf(BaseHTTPRequestHandler):
    """/file: anybody may have it; /locked: who knows the password; /torn: breaks off in the middle."""

    def do_GET(self) -> None:
        if self.path == "/locked" and self.headers["Authorization"] != ALLOWED:
            self.send_error(401)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT if self.path != "/torn" else CONTENT[:1000])

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class calls it so
        pass


@pytest.fixture(name="address")
def fixture_address() -> Iterator[str]:
    with served(Shelf) as address:
        yield address


@pytest.mark.parametrize("place", ["{}/file", "ngatu:s3cr%2Ft@{}/locked"])
def test_the_whole_content_comes(address: str, place: str) -> None:
    with downloaded("http://" + place.format(address), 5) as content:
        content.seek(0)
        assert content.read() == CONTENT


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("ngatu:wr0ng@{}/locked", r"ngatu:\*\*\*@.*/locked: can't be fetched \(HTTP Error 401"),
        ("{}/torn", r"/torn: can't be fetched"),
    ],
)
def test_what_does_not_come_whole_is_told_without_a_password(address: str, place: str, message: str) -> None:
    with pytest.raises(StreamError, match=message) as raised:
        downloaded("http://" + place.format(address), 5)
    assert "wr0ng" not in str(raised.value)


def test_nothing_listens() -> None:
    with pytest.raises(StreamError, match=r"can't be fetched \(Connection refused\)"):
        downloaded(f"http://127.0.0.1:{free_port()}/file", 5)


def test_what_takes_too_long_is_given_up(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams.download, "LONGEST_S", 0.0)
    with pytest.raises(StreamError, match="Download it and name its path"):
        downloaded(f"http://{address}/file", 5)
