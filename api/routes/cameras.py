"""Cameras: how they are, and what they see."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from starlette.responses import StreamingResponse
from starlette.types import Message, Send

from api.answers import CameraAnswer, CamerasAnswer
from api.deps import Here, KnownCamera, camera_answers
from api.errors import ProblemError
from api.live import Picture
from api.problems import NO_PICTURE, UNKNOWN_CAMERA, documented
from vision.events import rfc3339

logger = logging.getLogger(__name__)
router = APIRouter(prefix="/cameras", tags=["cameras"])

BOUNDARY = b"--frame\r\n"
Overlay = Annotated[
    bool,
    Query(description="Draw road users, lines, zones, signals and events of just now.", examples=[True]),
]
_CAPTURED_AT: dict[str, Any] = {
    "X-Captured-At": {
        "description": "When the camera took the picture, UTC. Of a lost camera it is the last one.",
        "schema": {"type": "string", "format": "date-time"},
        "example": "2026-11-24T07:05:09.120Z",
    }
}


@router.get("", summary="All cameras")
def list_cameras(here: Here) -> CamerasAnswer:
    """Every camera of the site with the state of its stream, its gaps and what is looked for."""
    return CamerasAnswer(items=camera_answers(here))


@router.get("/{camera_id}", summary="One camera", responses=documented(UNKNOWN_CAMERA))
def read_camera(card: KnownCamera, here: Here) -> CameraAnswer:
    """A camera as in the list of all cameras."""
    return CameraAnswer.of(card, here.engine.status()[card.id], here.live.detect_fps(card.id))


@router.get(
    "/{camera_id}/snapshot.jpg",
    summary="Newest picture",
    response_class=Response,
    responses={
        200: {
            "description": "The newest picture that was analysed.",
            "headers": _CAPTURED_AT,
            "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}},
        },
        **documented(UNKNOWN_CAMERA, NO_PICTURE),
    },
)
async def read_snapshot(card: KnownCamera, here: Here, overlay: Overlay = True) -> Response:
    """The newest picture as JPEG. A lost camera gives its last one: see `X-Captured-At`."""
    picture = await here.live.newest(card.id, overlay=overlay)
    if picture is None:
        why = here.engine.status()[card.id].stream.reason or "it is being connected"
        raise ProblemError(
            503, "no-picture", NO_PICTURE.title, f"no picture of {card.id!r} yet: {why}", {"Retry-After": "2"}
        )
    return Response(
        picture.jpeg,
        media_type="image/jpeg",
        headers={"X-Captured-At": rfc3339(picture.captured_at), "Cache-Control": "no-store"},
    )


@router.get(
    "/{camera_id}/preview.mjpeg",
    summary="Live picture",
    response_class=Response,
    responses={
        200: {
            "description": "JPEGs as they come; each part carries `X-Captured-At`. Never ends by itself.",
            "content": {
                "multipart/x-mixed-replace": {
                    "schema": {"type": "string", "format": "binary"},
                    "example": "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 48213\r\n"
                    "X-Captured-At: 2026-11-24T07:05:09.120Z\r\n\r\n(JPEG)\r\n--frame\r\n",
                }
            },
        },
        **documented(UNKNOWN_CAMERA),
    },
)
async def follow_preview(
    card: KnownCamera,
    here: Here,
    overlay: Overlay = True,
    fps: Annotated[float, Query(ge=0.2, le=30, description="Pictures a second at most.", examples=[8])] = 10,
) -> Response:
    """Motion JPEG for `<img src>`: always the newest picture; a slow viewer gets fewer.

    While a camera is lost nothing comes, and the stream goes on by itself when it is back.
    """
    pictures = here.live.follow(card.id, overlay=overlay, fps=fps)
    return MotionJpeg(pictures, here.settings.send_timeout_s)


class MotionJpeg(StreamingResponse):
    """Pictures as parts of one endless answer."""

    def __init__(self, pictures: AsyncIterator[Picture], send_timeout_s: float) -> None:
        super().__init__(
            _parts(pictures),
            media_type="multipart/x-mixed-replace; boundary=frame",
            headers={"Cache-Control": "no-store"},
        )
        self._send_timeout_s = send_timeout_s

    async def stream_response(self, send: Send) -> None:
        """Sends part by part; ends when the viewer takes nothing for too long."""

        async def send_in_time(message: Message) -> None:
            await asyncio.wait_for(send(message), self._send_timeout_s)

        try:
            await super().stream_response(send_in_time)
        except TimeoutError:
            logger.info("a preview ends: its viewer took nothing for %s s", self._send_timeout_s)


async def _parts(pictures: AsyncIterator[Picture]) -> AsyncIterator[bytes]:
    # The boundary goes out right behind its picture and not before the next one: browsers show a part when
    # they see its end, and the last picture of a lost camera would never show.
    yield BOUNDARY
    async for picture in pictures:
        head = (
            f"Content-Type: image/jpeg\r\nContent-Length: {len(picture.jpeg)}\r\n"
            f"X-Captured-At: {rfc3339(picture.captured_at)}\r\n\r\n"
        )
        yield head.encode() + picture.jpeg + b"\r\n" + BOUNDARY
