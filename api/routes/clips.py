"""Clips: what was recorded of an event."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import TypeAdapter, ValidationError
from starlette.responses import FileResponse

from api.deps import Here
from api.errors import ClipNotReady, NoClip, ProblemError
from api.problems import CLIP_FAILED, CLIP_NOT_READY, NO_CLIP, STORE_UNAVAILABLE, UNKNOWN_EVENT, documented
from vision.events import Event, rfc3339

router = APIRouter(prefix="/events", tags=["events"])

_EVENT: TypeAdapter[Event] = TypeAdapter(Event)
_HEADERS: dict[str, Any] = {
    "X-Clip-From": {
        "description": "When its first picture was taken, UTC: a little before the wanted time, at a key picture.",
        "schema": {"type": "string", "format": "date-time"},
        "example": "2026-11-24T07:15:12.120Z",
    },
    "X-Clip-To": {
        "description": "When its last picture was over, UTC.",
        "schema": {"type": "string", "format": "date-time"},
        "example": "2026-11-24T07:15:32.520Z",
    },
    "X-Clip-Codec": {
        "description": "`h264` or `hevc`: not every browser plays the second.",
        "schema": {"type": "string", "enum": ["h264", "hevc"]},
        "example": "h264",
    },
    "X-Clip-Missing-S": {
        "description": "Seconds of the wanted time that were not recorded. In the middle the picture stands still.",
        "schema": {"type": "number"},
        "example": 0.0,
    },
}


@router.get(
    "/{event_id}/clip.mp4",
    summary="Clip of an event",
    response_class=FileResponse,
    responses={
        200: {
            "description": "MP4 of the camera's own coded pictures, H.264 or H.265. Ranges of it can be asked for.",
            "headers": _HEADERS,
            "content": {"video/mp4": {"schema": {"type": "string", "format": "binary"}}},
        },
        **documented(UNKNOWN_EVENT, NO_CLIP, CLIP_NOT_READY, CLIP_FAILED, STORE_UNAVAILABLE),
    },
)
def read_clip(
    event_id: Annotated[
        str, Path(max_length=64, description="Id of the event.", examples=["01a20be8ac27ac5a81a7c5d9b8b601c6"])
    ],
    here: Here,
) -> FileResponse:
    """What the main stream showed from before an event until after it, as the site file's `record:` wants it.

    Nothing is coded again. While the end is not recorded yet the answer is 404 with `Retry-After`.
    """
    stored = here.store.get(event_id)
    try:
        event = _EVENT.validate_json(stored.payload) if stored else None
    except ValidationError:  # written by another version
        event = None
    if event is None:
        raise ProblemError(404, "unknown-event", UNKNOWN_EVENT.title, f"no event {event_id!r}; there never was")
    try:
        found = here.clips.of(event)
    except ClipNotReady as error:
        wait = {"Retry-After": str(max(1, round(error.wait_s + 0.5)))}
        raise ProblemError(404, "clip-not-ready", CLIP_NOT_READY.title, str(error), wait) from None
    except NoClip as error:
        raise ProblemError(404, "no-clip", NO_CLIP.title, str(error)) from None
    except OSError as error:
        cause = f"the clip can't be written: {error.strerror or error}"
        raise ProblemError(503, "clip-failed", CLIP_FAILED.title, cause, {"Retry-After": "5"}) from None
    return FileResponse(
        found.path,
        media_type="video/mp4",
        filename=f"{event.camera}-{event.id}.mp4",
        content_disposition_type="inline",
        headers={
            "Cache-Control": "private, no-cache",  # an incident that goes on has a longer clip later
            "X-Clip-From": rfc3339(found.clip.began),
            "X-Clip-To": rfc3339(found.clip.ended),
            "X-Clip-Codec": found.clip.codec,
            "X-Clip-Missing-S": f"{found.clip.missing_s:g}",
        },
    )
