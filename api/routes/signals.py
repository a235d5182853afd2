"""Signals: what traffic signals show; those that the camera does not see are told here."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator

from api.answers import SignalAnswer, SignalsAnswer
from api.deps import Here, Installation, KnownCamera
from api.errors import ProblemError
from api.live import CameraCard
from api.problems import INVALID_REQUEST, LATE_NEWS, SEEN_SIGNAL, UNKNOWN_CAMERA, UNKNOWN_SIGNAL, documented
from api.schema import EPOCH
from models.observation import SignalState
from vision.events import rfc3339
from vision.signals import Feed

router = APIRouter(tags=["signals"])

AHEAD = timedelta(seconds=5)
"""A moment that is so far ahead is the present by a clock that is fast."""


class SignalPost(BaseModel):
    """What a signal shows."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"state": "red", "since": "2026-11-24T07:05:09.120Z"}]}
    )

    state: SignalState = Field(description="What it shows now.")
    since: AwareDatetime | None = Field(
        default=None, description="Since when (RFC 3339); since now, or since it was told first, if not given."
    )

    @field_validator("since")
    @classmethod
    def _is_past(cls, since: datetime | None) -> datetime | None:
        now = datetime.now(UTC)
        if since and since > now + AHEAD:
            raise ValueError(f"is in the future: here it is {rfc3339(now)}; set the clocks by NTP")
        if since and since < EPOCH:
            raise ValueError("is before 1970; leave it out where it is not known")
        return since


@router.get("/signals", summary="All signals")
def list_signals(here: Here) -> SignalsAnswer:
    """What every signal of every camera shows, and since when."""
    return SignalsAnswer(items=[one for card in here.live.cards.values() for one in _signals(here, card)])


@router.get("/cameras/{camera_id}/signals", summary="The signals of a camera", responses=documented(UNKNOWN_CAMERA))
def list_signals_of_camera(card: KnownCamera, here: Here) -> SignalsAnswer:
    """What each signal of a camera shows, and since when."""
    return SignalsAnswer(items=list(_signals(here, card)))


@router.put(
    "/cameras/{camera_id}/signals/{signal_id}",
    summary="Tell what a signal shows",
    responses=documented(UNKNOWN_CAMERA, UNKNOWN_SIGNAL, SEEN_SIGNAL, LATE_NEWS, INVALID_REQUEST),
)
def tell_signal(
    card: KnownCamera,
    signal_id: Annotated[str, Path(description="Id of the signal in the site file.", examples=["near"])],
    post: SignalPost,
    here: Here,
) -> SignalAnswer:
    """Tells the state of a signal of kind `feed`: at every change, and again before `stale_s` is over.

    A state that is not told again in time is `unknown` from then on, and nobody is accused by it.
    """
    signal = card.scene.signals.get(signal_id)
    if signal is None:
        known = f"there are: {', '.join(card.scene.signals)}" if card.scene.signals else "it has none"
        detail = f"no signal {signal_id!r} of camera {card.id!r}; {known}"
        raise ProblemError(404, "unknown-signal", UNKNOWN_SIGNAL.title, detail)
    if not isinstance(signal, Feed):
        detail = f"signal {signal_id!r} of camera {card.id!r} is of kind {signal.kind}; only those of kind feed can be "
        raise ProblemError(409, "seen-signal", SEEN_SIGNAL.title, detail + "told their state")
    now = datetime.now(UTC)
    taken = here.engine.signal_feed(card.id).tell(signal_id, post.state, post.since, now)
    found = next(one for one in _signals(here, card, now) if one.id == signal_id)
    if not taken:
        since = rfc3339(found.since) if found.since else "before"
        detail = f"signal {signal_id!r} of camera {card.id!r} is {found.state} since {since}, after this"
        raise ProblemError(409, "late-news", LATE_NEWS.title, detail)
    return found


def _signals(here: Installation, card: CameraCard, now: datetime | None = None) -> Iterator[SignalAnswer]:
    """What the signals of a camera show."""
    now = now or datetime.now(UTC)
    told = here.engine.signal_feed(card.id).at(now)
    view = here.live.seen(card.id)
    live = here.engine.status()[card.id].stream.state == "live"
    for name, signal in card.scene.signals.items():
        if isinstance(signal, Feed):
            state, since = told[name]
            yield SignalAnswer(camera=card.id, id=name, kind=signal.kind, state=state, since=since, at=now)
            continue
        read = view.signals.get(name) if view and live else None
        yield SignalAnswer(
            camera=card.id,
            id=name,
            kind=signal.kind,
            state=read.state if read else "unknown",
            since=view.moment(read.since_s) if view and read and isfinite(read.since_s) else None,
            at=view.captured_at if view else None,
        )
