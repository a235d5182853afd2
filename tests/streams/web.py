"""A web server of this machine, for tests of what is read by HTTP."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def served(handler: Callable[..., BaseHTTPRequestHandler], address: str = "127.0.0.1") -> Iterator[str]:
    """Answers requests by a handler; gives host and port."""
    with ThreadingHTTPServer((address, 0), handler) as server:
        server.daemon_threads = True  # an endless stream must not keep the test from its end
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"{address}:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
