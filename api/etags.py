"""ETags: who asks again for what is still the same is told so, without all of it (RFC 9110, 13.1.2).

    GET /events                             200, ETag: "5d9…", and the events
    GET /events, If-None-Match: "5d9…"      304 while it would be the same answer

Browsers do it by themselves; the ETag is a hash of the answer, so it is right whatever the answer follows from.
"""

import hashlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class ETags:
    """Puts an ETag on every JSON answer, and answers 304 to who has it already. All else is passed on as it comes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        known = Headers(scope=scope).get("if-none-match", "")
        start: Message | None = None
        body = bytearray()

        async def send_marked(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _may_be_marked(message):
                start = message
                return
            if start is None:
                await send(message)
                return
            body.extend(message.get("body", b""))
            if message.get("more_body", False):
                return
            headers = MutableHeaders(scope=start)
            etag = f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'
            headers["ETag"] = etag
            headers.setdefault("Cache-Control", "private, no-cache")
            if not _has(known, etag):
                await send(start)
                await send({"type": "http.response.body", "body": bytes(body)})
                return
            for name in ("Content-Length", "Content-Type"):
                del headers[name]
            await send({**start, "status": 304})
            await send({"type": "http.response.body"})

        await self._app(scope, receive, send_marked)


def _may_be_marked(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    return (
        start["status"] == 200
        and headers.get("content-type", "").partition(";")[0] == "application/json"
        and "etag" not in headers
        and "no-store" not in headers.get("cache-control", "")
    )


def _has(known: str, etag: str) -> bool:
    """Whether an If-None-Match names an ETag; what stands in a proxy's weak one is the same answer to us."""
    return any(one.strip().removeprefix("W/") in (etag, "*") for one in known.split(","))
