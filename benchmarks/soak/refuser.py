"""Refuser: answers every RTSP request with 401, and counts who shows a password."""

import socketserver
import threading


class _Answer(socketserver.StreamRequestHandler):
    server: "_Server"

    def handle(self) -> None:
        while lines := self._request():
            cseq = next((line for line in lines if line.lower().startswith(b"cseq:")), b"CSeq: 0")
            if any(line.lower().startswith(b"authorization:") for line in lines):
                with self.server.lock:
                    self.server.passwords_shown += 1
            challenge = b'WWW-Authenticate: Digest realm="camera", nonce="6e67"'
            self.wfile.write(b"\r\n".join([b"RTSP/1.0 401 Unauthorized", cseq, challenge, b"", b""]))

    def _request(self) -> list[bytes]:
        """The lines of the next request; none: there is no more."""
        lines: list[bytes] = []
        try:
            while line := self.rfile.readline(4096).strip():
                lines.append(line)
        except OSError:
            return []
        return lines


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: str, port: int) -> None:
        self.lock = threading.Lock()
        self.passwords_shown = 0
        super().__init__((address, port), _Answer)


class Refuser:
    """Listens from when it is made until it is closed.

    Attributes:
        port: Where it listens.
    """

    def __init__(self, address: str, port: int) -> None:
        self.port = port
        self._server = _Server(address, port)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def passwords_shown(self) -> int:
        """How many requests came with a password: what a camera counts before it locks somebody out."""
        return self._server.passwords_shown

    def close(self) -> None:
        """Stops listening. A connection that is open is served until its other end closes it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
