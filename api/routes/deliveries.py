"""Deliveries: how it goes with those that events are sent to, and what did not arrive."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from api.delivery import Deliveries
from api.deps import Here, Installation, OwnOrigin
from api.errors import ProblemError
from api.problems import FOREIGN_ORIGIN, INVALID_REQUEST, STORE_UNAVAILABLE, UNKNOWN_SINK, documented
from api.sink_answers import DeadLetterAnswer, DeadLettersAnswer, ReplayAnswer, SinkAnswer, SinksAnswer

router = APIRouter(prefix="/sinks", tags=["sinks"])

SinkName = Annotated[str, Path(description="Id of the sink in the site file.", examples=["ioc"])]


class ReplayPost(BaseModel):
    """What to send again."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"events": []}]})

    events: list[str] = Field(
        default=[], max_length=1000, description="Ids of events that were put aside; empty for all of the sink."
    )


@router.get("", summary="All sinks")
def list_sinks(here: Here) -> SinksAnswer:
    """Every sink: whether its receiver takes events, what waits for it, and what was put aside."""
    states = here.deliveries.states() if here.deliveries else []
    return SinksAnswer(items=[SinkAnswer.of(state) for state in states])


@router.get(
    "/{sink_id}/dead",
    summary="What was put aside",
    responses=documented(UNKNOWN_SINK, INVALID_REQUEST, STORE_UNAVAILABLE),
)
def list_dead_letters(
    sink_id: SinkName,
    here: Here,
    limit: Annotated[int, Query(ge=1, le=500, description="So many at most.", examples=[50])] = 50,
    after: Annotated[int, Query(ge=0, lt=2**63, description="Only what has a higher `seq`.", examples=[1520])] = 0,
) -> DeadLettersAnswer:
    """Events that a receiver refused, or did not take for too long: they wait for somebody to replay or drop them."""
    dead = _sending(here, sink_id).outbox.dead(sink_id, limit, after)
    return DeadLettersAnswer(items=[DeadLetterAnswer.of(one) for one in dead])


@router.post(
    "/{sink_id}/replay",
    summary="Send again what was put aside",
    dependencies=[OwnOrigin],
    responses=documented(FOREIGN_ORIGIN, UNKNOWN_SINK, INVALID_REQUEST, STORE_UNAVAILABLE),
)
def replay_dead_letters(sink_id: SinkName, post: ReplayPost, here: Here) -> ReplayAnswer:
    """Lets events that were put aside wait to be sent again, before all newer ones of their cameras."""
    deliveries = _sending(here, sink_id)
    replayed = deliveries.outbox.replay(sink_id, post.events)
    deliveries.wake_all(sink_id)
    return ReplayAnswer(replayed=replayed)


def _sending(here: Installation, sink_id: str) -> Deliveries:
    """The deliveries, if there is a sink of that id.

    Raises:
        ProblemError: There is none; the answer lists those there are.
    """
    known = here.deliveries.sinks if here.deliveries else {}
    if here.deliveries is None or sink_id not in known:
        detail = f"no sink {sink_id!r}; " + (f"there are: {', '.join(known)}" if known else "there are none")
        raise ProblemError(404, "unknown-sink", UNKNOWN_SINK.title, detail)
    return here.deliveries
