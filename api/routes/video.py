"""Video: what a camera sends, passed on to browsers by WebSocket."""

import asyncio
import logging
from contextlib import aclosing, suppress

from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from api.deps import Here, Installation, KnownCamera, OwnOrigin
from api.errors import NoVideo, TooManyViewers

logger = logging.getLogger(__name__)
router = APIRouter(prefix="/cameras", tags=["cameras"])

NO_VIDEO, FULL, GOING_AWAY = 4000, 4001, 1001
"""Why we close (RFC 6455, 7.4): this camera has no video; too many watch it; the server stops."""


@router.websocket("/{camera_id}/live", dependencies=[OwnOrigin])
async def follow_video(socket: WebSocket, card: KnownCamera, here: Here) -> None:
    """Passes a camera's video on until the viewer or the server ends it; see docs/live-view.md."""
    await socket.accept()
    sending = asyncio.create_task(_send(socket, here, card.id))
    leaving = asyncio.create_task(_left(socket))
    try:
        done, _ = await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (sending, leaving):
            task.cancel()
        await asyncio.gather(sending, leaving, return_exceptions=True)
    if sending in done and (ending := sending.result()):
        with suppress(WebSocketDisconnect):  # the viewer, or the server, was as quick
            await socket.close(*ending)


async def _pass_on(socket: WebSocket, message: str | bytes) -> None:
    try:
        if isinstance(message, str):
            await socket.send_text(message)
        else:
            await socket.send_bytes(message)
    except RuntimeError as error:
        # uvicorn has closed by itself, because the viewer did not answer its ping.
        raise WebSocketDisconnect(1006) from error


async def _left(socket: WebSocket) -> None:
    """Waits until the viewer goes; what it says is not listened to."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        continue


async def _send(socket: WebSocket, here: Installation, camera: str) -> tuple[int, str] | None:
    """Sends what there is; says how to close, None where the viewer has gone or takes nothing."""
    limit_s = here.settings.send_timeout_s
    try:
        with here.videos.watching(camera) as viewer:
            async with aclosing(viewer.messages()) as messages:
                async for message in messages:
                    async with asyncio.timeout(limit_s):
                        await _pass_on(socket, message)
    except NoVideo as error:
        return NO_VIDEO, str(error)
    except TooManyViewers as error:
        return FULL, str(error)
    except WebSocketDisconnect:
        return None
    except TimeoutError:
        logger.info("a live view of camera %r ends: its viewer took nothing for %s s", camera, limit_s)
        return None
    return GOING_AWAY, "the server stops"
