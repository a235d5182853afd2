"""Events: what happened, page by page, and as it happens."""

import logging
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Response
from pydantic import Field
from sse_starlette.event import ServerSentEvent
from sse_starlette.sse import EventSourceResponse, SendTimeoutError
from starlette.types import Receive, Scope, Send

from api.answers import EventsAnswer, KindsAnswer
from api.deps import Here
from api.errors import ProblemError
from api.feed import Message
from api.problems import (
    INVALID_REQUEST,
    STORE_UNAVAILABLE,
    UNKNOWN_EVENT,
    Fault,
    documented,
    invalid,
)
from api.routes.event_choice import EventChoice
from vision.events import Event

logger = logging.getLogger(__name__)
router = APIRouter(prefix="/events", tags=["events"])

RECONNECT_MS = 1000
PASSAGE = {
    "id": "01a20be8ac27ac5a81a7c5d9b8b601c6",
    "kind": "line_crossing",
    "rule": "count-main",
    "camera": "cau-vuot-1",
    "time_s": 613.482,
    "at": "2026-11-24T07:15:22.520Z",
    "label": "motorcycle",
    "track": 182,
    "place": [0.412, 0.6],
    "score": 0.87,
    "family": "passage",
    "line": "main",
    "direction": "towards",
    "from": None,
    "to": None,
    "speed_kmh": None,
    "speed_error_kmh": None,
}
_PAGE_EXAMPLE = {
    "items": [PASSAGE],
    "next": "MTc5NTUwNDUyMjUyMDAwMCAwMWEyMGJlOGFjMjdhYzVhODFhN2M1ZDliOGI2MDFjNg",
}
_STREAM_EXAMPLE = (
    'id: 1520\r\nretry: 1000\r\n\r\nevent: camera\r\ndata: {"id":"cau-vuot-1","state":"live",…}\r\n\r\n'
    'id: 1521\r\nevent: event\r\ndata: {"id":"01a20be8…","kind":"line_crossing",…}\r\n\r\n: ping\r\n\r\n'
)


class EventsQuery(EventChoice):
    """Which events, and how many."""

    limit: int = Field(default=50, ge=1, le=500, description="Events a page.", examples=[50])
    cursor: str | None = Field(default=None, max_length=200, description="`next` of the page before.")


@router.get(
    "",
    summary="Events, newest first",
    response_model=EventsAnswer,
    responses={
        200: {"content": {"application/json": {"example": _PAGE_EXAMPLE}}},
        **documented(INVALID_REQUEST, STORE_UNAVAILABLE),
    },
)
def list_events(query: Annotated[EventsQuery, Query()], here: Here) -> Response:
    """Events that fit the filter, newest first. Pages do not shift while new events arrive.

    An incident is one event: when it ends, the same one changes. It keeps the place of its beginning.
    """
    try:
        page = here.store.page(query.wanted(), query.limit, query.cursor)
    except ValueError as error:
        return invalid([Fault(field="query.cursor", message=str(error))])
    # The store holds the very JSON of the contract: parsing it to write it again would only cost time.
    items = ",".join(event.payload for event in page.items)
    following = f'"{page.next}"' if page.next else "null"
    return Response(f'{{"items":[{items}],"next":{following}}}', media_type="application/json")


@router.get("/kinds", summary="Kinds of events", responses=documented(STORE_UNAVAILABLE))
def list_kinds(here: Here) -> KindsAnswer:
    """The kinds of all events that there are. Those that may still come follow from the rules of the cameras."""
    return KindsAnswer.model_validate({"items": [{"family": one, "kind": kind} for one, kind in here.store.kinds()]})


@router.get(
    "/stream",
    summary="Events as they happen",
    response_class=Response,
    responses={
        200: {
            "description": "Server-sent events: `event` with the JSON of an event, `camera` with a camera "
            "(all of them first, then each whose state changes). Comments keep an idle stream open.",
            "content": {"text/event-stream": {"schema": {"type": "string"}, "example": _STREAM_EXAMPLE}},
        },
        **documented(INVALID_REQUEST, STORE_UNAVAILABLE),
    },
)
async def follow_events(
    here: Here,
    last_event_id: Annotated[
        int | None,
        Header(
            alias="Last-Event-ID",
            ge=0,
            lt=2**63,
            description="Id of the last message that came; browsers send it by themselves.",
            examples=[1520],
        ),
    ] = None,
) -> Response:
    """Every event once it is stored. After a break continues behind `Last-Event-ID`: nothing is missed.

    An incident comes when it begins and again, with the same `id` inside, when it ends.
    """
    return EventStream(
        _sent(here.feed.follow(last_event_id)),
        ping=here.settings.heartbeat_s,
        ping_message_factory=lambda: ServerSentEvent(comment="ping"),
        send_timeout=here.settings.send_timeout_s,
    )


@router.get(
    "/{event_id}",
    summary="One event",
    response_model=Event,
    responses={
        200: {"content": {"application/json": {"example": PASSAGE}}},
        **documented(UNKNOWN_EVENT, STORE_UNAVAILABLE),
    },
)
def read_event(
    event_id: Annotated[str, Path(max_length=64, description="Id of the event.", examples=[PASSAGE["id"]])],
    here: Here,
) -> Response:
    """An event by its id."""
    event = here.store.get(event_id)
    if event is None:
        raise ProblemError(
            404,
            "unknown-event",
            UNKNOWN_EVENT.title,
            f"no event {event_id!r}; it never was, or its time to be kept is over",
        )
    return Response(event.payload, media_type="application/json")


class EventStream(EventSourceResponse):
    """Server-sent events; ends quietly when the viewer takes nothing for too long."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends message by message."""
        try:
            await super().__call__(scope, receive, send)
        except SendTimeoutError:
            logger.info("an event stream ends: its viewer took nothing for %s s", self.send_timeout)


async def _sent(messages: AsyncIterator[Message]) -> AsyncIterator[ServerSentEvent]:
    async for message in messages:
        yield ServerSentEvent(
            message.data,
            event=message.name,
            id=None if message.seq is None else str(message.seq),
            retry=RECONNECT_MS if message.name is None else None,
        )
