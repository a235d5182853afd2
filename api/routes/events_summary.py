"""Summary of events: how many there were, of what and when."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from api.answers import Moment
from api.deps import Here
from api.export import Family
from api.problems import INVALID_REQUEST, STORE_UNAVAILABLE, documented
from api.routes.event_choice import EventChoice
from api.schema import moment_of
from vision.events import LabelWord

router = APIRouter(prefix="/events", tags=["events"])


class CountAnswer(BaseModel):
    """How many events of one sort there were."""

    camera: str = Field(description="Id of the camera.")
    family: Family = Field(description="Family of the events.")
    kind: str = Field(description="Kind of the events.")
    label: LabelWord | None = Field(description="What the road users are; null where there is none.")
    count: int = Field(description="How many; an incident is one, from its beginning on.")


class HourAnswer(BaseModel):
    """How many events there were in an hour."""

    at: Moment = Field(description="When the hour begins; of the first and last only what is within the time counts.")
    count: int = Field(description="How many.")


class SummaryAnswer(BaseModel):
    """How many events there were."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "from": "2026-11-23T17:00:00.000Z",
                    "to": None,
                    "total": 1520,
                    "items": [
                        {
                            "camera": "cau-vuot-1",
                            "family": "passage",
                            "kind": "line_crossing",
                            "label": "motorcycle",
                            "count": 1520,
                        }
                    ],
                    "hours": [{"at": "2026-11-23T23:00:00.000Z", "count": 1520}],
                }
            ]
        }
    )

    since: Moment = Field(serialization_alias="from", description="Begin of the time.")
    until: Moment | None = Field(serialization_alias="to", description="End of the time; null: until now.")
    total: int = Field(description="How many in all.")
    items: list[CountAnswer] = Field(description="By what they are, in the order of cameras, families, kinds, labels.")
    hours: list[HourAnswer] = Field(description="By the hour (UTC), in order; hours without any are left out.")


@router.get(
    "/summary",
    summary="How many events there were",
    response_model=SummaryAnswer,
    responses=documented(INVALID_REQUEST, STORE_UNAVAILABLE),
)
def sum_up_events(query: Annotated[EventChoice, Query()], here: Here) -> SummaryAnswer:
    """How many events fit the filter, by what they are and by the hour; without `from`, of today in the site's zone."""
    since = query.since or _today(here.site.timezone, query.until)
    found = here.store.summary(query.model_copy(update={"since": since}).wanted())
    items = [
        CountAnswer.model_validate(one._asdict() | {"label": one.label or None, "count": n})
        for one, n in found.series.items()
    ]
    return SummaryAnswer(
        since=since,
        until=query.until,
        total=sum(found.series.values()),
        items=items,
        hours=[HourAnswer(at=moment_of(hour), count=n) for hour, n in found.hours.items()],
    )


def _today(timezone: str, until: datetime | None) -> datetime:
    """The last midnight; of a time that ends in the past, the last one before its end."""
    now = datetime.now(UTC)
    last = now if until is None else min(now, until - timedelta(microseconds=1))
    return last.astimezone(ZoneInfo(timezone)).replace(hour=0, minute=0, second=0, microsecond=0)
