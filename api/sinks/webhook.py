"""Webhook: events to a server by HTTP, signed as Standard Webhooks (standardwebhooks.com) has it."""

import base64
import binascii
import hashlib
import hmac
import http.client
import socket
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Literal
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, Field

from api.errors import Refused, Unreachable
from api.networks import Networks, NetworkText, why
from api.sink import Message, Sink
from streams.address import PORTS, checked

PREFIX = "whsec_"
REFUSALS = (400, 413, 415, 422)
"""Answers that are about the message itself: it would get the same the next time."""
LATER = (408, 425, 429)
"""Answers that ask us to come again."""
WAIT_MAX_S = 300.0
BODY_MAX = 65536


def _key(secret: str) -> str:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(PREFIX) or not 24 <= len(key) <= 64:
        raise ValueError(
            f"must be {PREFIX} and 24 to 64 bytes in base64; make one with: "
            f'echo "{PREFIX}$(head -c 32 /dev/urandom | base64)"'
        )
    return secret


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The signature of a message: HMAC-SHA256 of `id.timestamp.body`, Standard Webhooks version 1.

    Args:
        secret: The common secret, `whsec_…`.
        message_id: Header `webhook-id`.
        timestamp: Header `webhook-timestamp`, seconds since 1970.
        body: The body as it is sent.
    """
    key = base64.b64decode(secret.removeprefix(PREFIX))
    digest = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(digest).decode()


class Webhook(Sink):
    """Posts each event to a server, signed; `2xx` means that it has it."""

    kind: Literal["webhook"] = "webhook"
    url: Annotated[str, AfterValidator(lambda url: checked(url, "https", "http"))] = Field(
        repr=False, description="Address that events are posted to, `https://…`; `http://…` within a closed network."
    )
    secret: Annotated[str, AfterValidator(_key)] = Field(
        repr=False, description='Secret that both sides know, `whsec_…`: write "${NAME}" and set it in the environment.'
    )
    networks: tuple[NetworkText, ...] = Field(
        min_length=1, description="Networks that the address must lead to, such as `10.20.0.0/16`; others are refused."
    )
    timeout_s: float = Field(default=10.0, gt=0, description="Seconds that the receiver may take to answer.")
    lanes: int = Field(default=4, ge=1, le=64, description=Sink.model_fields["lanes"].description)

    def connect(self) -> "WebhookConnection":
        """A connection that is kept open (see `Sink.connect`)."""
        return WebhookConnection(self)


class WebhookConnection:
    """Posts messages one by one over one HTTP connection.

    Args:
        sink: Where to.
    """

    def __init__(self, sink: Webhook) -> None:
        self._sink = sink
        self._parts = urlsplit(sink.url)
        self._networks = Networks(sink.networks)
        self._target = (self._parts.path or "/") + (f"?{self._parts.query}" if self._parts.query else "")
        self._tls = ssl.create_default_context() if self._parts.scheme == "https" else None
        self._open: http.client.HTTPConnection | None = None

    def send(self, messages: Sequence[Message]) -> None:
        """Posts a message (see `Connection.send`)."""
        for message in messages:
            status, wait_s = self._answer(message)
            if status in REFUSALS:
                raise Refused(f"the receiver answers {status}: it does not take this event")
            if status in LATER or status >= 500:
                raise Unreachable(f"the receiver answers {status}: not now", wait_s=wait_s)
            if not 200 <= status < 300:
                raise Unreachable(_words(status), refused=True, wait_s=wait_s)

    def close(self) -> None:
        """Closes the connection (see `Connection.close`)."""
        connection, self._open = self._open, None
        if connection is not None:
            with suppress(OSError, AttributeError):  # it may be closed already, or not open yet
                connection.sock.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _answer(self, message: Message) -> tuple[int, float]:
        """Status of the answer, and seconds that the receiver wants us to wait."""
        kept = self._open
        try:
            return self._post(message)
        except (ConnectionError, http.client.BadStatusLine):
            closed_by_us = self._open is not kept
            self.close()
            if kept is None or closed_by_us:
                raise Unreachable("the receiver closes the connection without an answer") from None
        # A connection that was kept may have been closed by the other side in the meantime: that says nothing.
        return self._answer(message)

    def _post(self, message: Message) -> tuple[int, float]:
        body = f'{{"type":"{message.type}","timestamp":"{message.event["at"]}","data":{message.payload}}}'.encode()
        try:
            connection = self._connected()
            connection.request("POST", self._target, body, self._headers(message, body))
            answer = connection.getresponse()
        except TimeoutError:
            self.close()
            raise Unreachable(f"no answer within {self._sink.timeout_s:g} s") from None
        except (http.client.BadStatusLine, ConnectionError):
            raise
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Unreachable(why(error)) from error
        self._finish(answer)
        return answer.status, _seconds(answer.headers.get("Retry-After"))

    def _finish(self, answer: http.client.HTTPResponse) -> None:
        """Reads what else the receiver says, so that the connection can be used again; of no interest otherwise."""
        try:
            done = len(answer.read(BODY_MAX)) < BODY_MAX and not answer.will_close
        except (OSError, http.client.HTTPException):
            done = False
        if not done:
            self.close()

    def _headers(self, message: Message, body: bytes) -> dict[str, str]:
        now = int(time.time())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "ngatu",
            "webhook-id": message.id,
            "webhook-timestamp": str(now),
            "webhook-signature": sign(self._sink.secret, message.id, now, body),
        }
        if self._parts.username is not None:
            user = f"{unquote(self._parts.username)}:{unquote(self._parts.password or '')}"
            headers["Authorization"] = "Basic " + base64.b64encode(user.encode()).decode()
        return headers

    def _connected(self) -> http.client.HTTPConnection:
        """The open connection, or a new one to an address that was looked at.

        Raises:
            Unreachable: There is none.
        """
        if self._open is None:
            host = self._parts.hostname or ""
            port = self._parts.port or PORTS[self._parts.scheme]
            sock = self._dialled(host, port)
            connection = (
                http.client.HTTPSConnection(host, port, context=self._tls)
                if self._tls
                else http.client.HTTPConnection(host, port)
            )
            connection.sock = sock
            connection.auto_open = 0  # by itself it would ask the DNS again, and go wherever that says
            self._open = connection
        return self._open

    def _dialled(self, host: str, port: int) -> socket.socket:
        address = self._networks.resolve(host, port)
        try:
            sock = socket.create_connection((address, port), self._sink.timeout_s)
        except TimeoutError:
            raise Unreachable(f"{host} does not answer on port {port} within {self._sink.timeout_s:g} s") from None
        except OSError as error:
            raise Unreachable(why(error)) from error
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is None:
            return sock
        try:
            return self._tls.wrap_socket(sock, server_hostname=host)
        except OSError as error:
            sock.close()
            raise Unreachable(why(error)) from error


def _seconds(retry_after: str | None) -> float:
    """Seconds to wait by a header `Retry-After`; a date in it is not understood."""
    return min(float(retry_after), WAIT_MAX_S) if retry_after and retry_after.isdecimal() else 0.0


def _words(status: int) -> str:
    if status in (401, 403):
        return f"the receiver answers {status}: it does not accept the secret, or the user in the address"
    if 300 <= status < 400:
        return f"the receiver answers {status}: it has moved; give its new address, none is followed"
    return f"the receiver answers {status}: the address leads to nothing that takes events"
