"""Receiver: a real HTTP server that events are posted to, whose mood the test decides."""

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from api.sinks.webhook import Webhook
from tests.conftest import wait_until

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
LOCAL = ("127.0.0.1/32",)


@dataclass(frozen=True)
class Post:
    """A request that came."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def event(self) -> Any:
        return json.loads(self.body)["data"]


class Receiver:
    """A server on a port that it keeps, also while it is down.

    Args:
        certificate: Its key and certificate, where it speaks TLS.

    Attributes:
        answer: Decides by the number of the request (from 0) and the request what is answered: a status, or None for
            closing the connection without a word.
        delay_s: Seconds before it answers.
        headers: Of its answers.
        posts: What came and was answered with 2xx.
        all: Everything that came.
    """

    def __init__(self, certificate: Path | None = None) -> None:
        self._certificate = certificate
        self.answer: Callable[[int, Post], int | None] = lambda number, post: 204
        self.delay_s = 0.0
        self.headers: dict[str, str] = {}
        self.posts: list[Post] = []
        self.all: list[Post] = []
        self.port = 0
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"{'https' if self._certificate else 'http'}://127.0.0.1:{self.port}/hooks/ngatu?site=1"

    def start(self) -> None:
        """Comes up, on the port that it had."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                receiver._open.add(self.connection)

            def finish(self) -> None:
                receiver._open.discard(self.connection)
                super().finish()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                post = Post(self.path, dict(self.headers), body)
                with receiver._lock:
                    status = receiver.answer(len(receiver.all), post)
                    receiver.all.append(post)
                if receiver.delay_s:
                    time.sleep(receiver.delay_s)
                if status is None:
                    self.close_connection = True
                    return
                if 200 <= status < 300:
                    with receiver._lock:
                        receiver.posts.append(post)
                self.send_response(status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """A sender that was killed is no matter of the receiver."""

        self._server = Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        if self._certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self._certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Goes down: connections are refused."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        for connection in list(self._open):
            with suppress(OSError):  # it has just been closed
                connection.shutdown(socket.SHUT_RDWR)

    def ids(self) -> list[str]:
        """Ids of the messages that were taken."""
        return [post.headers["webhook-id"] for post in list(self.posts)]

    def until(self, count: int, within_s: float = 60.0) -> None:
        """Waits until so many different messages were taken."""
        wait_until(lambda: len(set(self.ids())) >= count, within_s, f"{count} messages, not {len(set(self.ids()))}")

    def sink(self, **given: Any) -> Webhook:
        """A sink that posts to it, everything that happens if nothing else is said."""
        return Webhook.model_validate(
            {"id": "ioc", "url": self.url, "secret": SECRET, "networks": LOCAL, "routes": [{}]} | given
        )


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that is up."""
    receiver = Receiver()
    receiver.start()
    try:
        yield receiver
    finally:
        receiver.stop()


def firsts(ids: Sequence[str]) -> list[str]:
    """Each id where it came first."""
    return list(dict.fromkeys(ids))
