"""Errors of api.

    ApiError
    ├── StoreError       the database can't be opened or read; the message says what to do
    ├── EventsLost       the server ends, and the database did not take all events
    ├── FormatMissing    what a format of tables needs is not installed
    ├── NoClip           nothing is recorded of an event, or not any more
    ├── ClipNotReady     the end of an event's clip is not recorded yet
    ├── NoVideo          a camera's source can't be passed on as it comes
    ├── TooManyViewers   as many as may watch a camera do already
    ├── Unreachable      a receiver of events takes nothing now; tried again
    ├── Refused          a receiver will not take an event, however often it is sent
    └── ProblemError     an answer other than 2xx: becomes one application/problem+json

All messages are for people: they say what to do, and hold no secret.
"""

from collections.abc import Mapping
from datetime import datetime
from math import ceil

from vision.events import rfc3339


class ApiError(Exception):
    """What the API side can't do. The message is for people and holds no secret."""


class StoreError(ApiError):
    """The database can't be opened, read or brought up to date (writing retries by itself)."""


class EventsLost(ApiError):  # noqa: N818 - what happened, in two words
    """Events that waited could not be written before the end. The message says how many, where, and why."""


class FormatMissing(ApiError):  # noqa: N818 - what is so, in two words
    """What a format of tables needs is not installed. The message says how to install it."""


class NoClip(ApiError):  # noqa: N818 - what is so, in two words
    """Nothing is recorded of an event: its camera was not, or what it recorded is kept no longer."""


class ClipNotReady(ApiError):  # noqa: N818 - what is so, in words
    """The end of an event's clip is not recorded yet.

    Args:
        event: Id of the event.
        at: When it will be, UTC.
        wait_s: Seconds until then.
    """

    def __init__(self, event: str, at: datetime, wait_s: float) -> None:
        super().__init__(
            f"the end of the clip of event {event!r} is recorded at {rfc3339(at)}; ask again in {ceil(wait_s)} s"
        )
        self.at = at
        self.wait_s = wait_s


class NoVideo(ApiError):  # noqa: N818 - what is so, in two words
    """A camera's source can't be passed on as it comes. The message fits into a WebSocket's close frame."""


class TooManyViewers(ApiError):  # noqa: N818 - what is so, in words
    """As many as may watch a camera do already. The message fits into a WebSocket's close frame."""


class Unreachable(ApiError):  # noqa: N818 - what is so, in a word
    """A receiver of events takes nothing now; what it did not take is sent again.

    Args:
        reason: Why, for people; it holds no secret.
        refused: Whether it is there and refuses us: then asking often does not help.
        wait_s: Seconds that it wants us to wait at least.
    """

    def __init__(self, reason: str, *, refused: bool = False, wait_s: float = 0.0) -> None:
        super().__init__(reason)
        self.refused = refused
        self.wait_s = wait_s


class Refused(ApiError):  # noqa: N818 - what is so, in a word
    """A receiver will not take an event, however often it is sent. The message says why and holds no secret."""


class ProblemError(ApiError):
    """Ends a request with a problem (RFC 9457).

    Args:
        status: HTTP status code.
        kind: Short name of the problem, such as `unknown-camera`; becomes its `type`.
        title: What is wrong, the same for every problem of the kind.
        detail: What is wrong this time, and what to do.
        headers: Further headers of the answer.
    """

    def __init__(
        self, status: int, kind: str, title: str, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.title = title
        self.detail = detail
        self.headers = dict(headers or {})
