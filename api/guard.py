"""Guard: pure ASGI layers around the app. They pass streams on as they come."""

from collections.abc import Sequence

from anyio import CancelScope
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import FOREIGN_HOST, answer

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class SecurityHeaders:
    """Puts the security headers on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything on."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SECURITY_HEADERS)
            await send(message)

        await self._app(scope, receive, send_with_headers)


class OwnHosts:
    """Refuses requests for a host that we are not.

    A foreign page can have its own name resolve to this machine (DNS rebinding) and would then be let in by
    the browser as if it were ours; but its requests still carry its name.
    """

    def __init__(self, app: ASGIApp, allowed: Sequence[str]) -> None:
        self._app = app
        self._allowed = frozenset(name.lower() for name in allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what is for us."""
        if scope["type"] not in ("http", "websocket") or "*" in self._allowed:
            await self._app(scope, receive, send)
            return
        host = Headers(scope=scope).get("host", "")
        # The port is no part of the name; the colons of an IPv6 address stand in brackets.
        name = host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
        if name.lower() in self._allowed:
            await self._app(scope, receive, send)
            return
        refusal = answer(
            400,
            f"host {name!r} is not ours; name it in NGATU_ALLOWED_HOSTS if it should be",
            kind="foreign-host",
            title=FOREIGN_HOST.title,
        )
        await refusal(scope, receive, send)


class HeadAsGet:
    """Answers HEAD as GET, without the body (RFC 9110, 9.3.2): status and headers are those of the real answer.

    An endless stream must not be started for it: the app is left as soon as it has given its headers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything else on."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body"})
                answering.cancel()

        with CancelScope() as answering:
            await self._app(dict(scope, method="GET"), receive, send_headers)
