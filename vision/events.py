"""The four families of events. The store, the API and the page know these four shapes and no other, for ever.

A new rule picks a family and a `kind`; it never adds a table, a route or a page.

An event holds every digit that was computed. As JSON, times and places have six decimals (a microsecond, a millionth
of the picture) and scores four: what people read.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

LabelWord = Literal["person", "bicycle", "motorcycle", "car", "bus", "truck"]
Severity = Literal["info", "warning", "critical"]


def rfc3339(moment: datetime) -> str:
    """A UTC moment in RFC 3339 with milliseconds, such as `2026-11-24T07:05:09.120Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Moment = Annotated[datetime, PlainSerializer(rfc3339, return_type=str, when_used="json")]
Number = Annotated[float, PlainSerializer(lambda value: round(value, 6), return_type=float, when_used="json")]
Place = tuple[Number, Number]
Fraction = Annotated[
    float,
    Field(ge=0, le=1),
    PlainSerializer(lambda value: round(value, 4), return_type=float, when_used="json"),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1}),
]
"""A share of 1."""


def event_id(at: datetime, *cause: object) -> str:
    """An id that sorts by time and is the same whenever the same cause is seen again.

    Replaying a recording, or writing an event twice after a crash, gives the same id: whoever stores events
    can drop what it has already.

    Args:
        at: Moment of the cause, UTC.
        cause: What makes the event the one that it is: camera, rule, track, …

    Returns:
        32 hexadecimal digits: 12 of milliseconds since 1970, 20 of a hash of the cause.
    """
    milliseconds = max(0, (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1))
    digest = hashlib.blake2b("\x1f".join(map(str, cause)).encode(), digest_size=10).hexdigest()
    return f"{milliseconds:012x}{digest}"


class EventBase(BaseModel):
    """What all events have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True)

    id: str = Field(description="Sortable by time, unique; the same cause has the same id in every replay.")
    kind: str = Field(description="Which sort of event, such as `line_crossing`.")
    rule: str = Field(description="Id of the rule in the site file.")
    camera: str = Field(description="Id of the camera.")
    time_s: Number = Field(description="Stream clock, seconds.")
    at: Moment = Field(description="The same moment for people: UTC, RFC 3339.")
    label: LabelWord | None = Field(description="What the road user is; null where there is none.")
    track: int | None = Field(description="Id of the track; null where there is none.")
    place: Place | None = Field(description="Where, x and y as 0..1 of the picture; null where nowhere.")
    score: Fraction = Field(description="How sure the detector was, 0..1.")


def _is_none(value: object) -> bool:
    return value is None


class Passage(EventBase):
    """Something crossed a line, or completed a movement from one line to another: one has `line`, one `from`, `to`."""

    family: Literal["passage"] = "passage"
    line: str | None = Field(default=None, exclude_if=_is_none, description="Line that was crossed.")
    direction: str | None = Field(default=None, description="Side that the road user goes to.")
    from_line: str | None = Field(default=None, exclude_if=_is_none, alias="from", description="Entry of a movement.")
    to_line: str | None = Field(default=None, exclude_if=_is_none, alias="to", description="Exit of a movement.")
    speed_kmh: Number | None = Field(default=None, description="Speed, km/h; null without calibration.")
    speed_error_kmh: Number | None = Field(default=None, description="± of the speed, km/h.")


class Violation(EventBase):
    """Something broke a rule of the road."""

    family: Literal["violation"] = "violation"
    fired_s: Number = Field(description="Stream clock when the rule was sure; `time_s` is the act.")
    measured: Number | None = Field(default=None, description="What was measured, in `unit`.")
    error: Number | None = Field(default=None, description="± of `measured`, in `unit`; it lies within with 95 %.")
    limit: Number | None = Field(default=None, description="What is allowed, in `unit`.")
    unit: str | None = Field(default=None, description="Unit of `measured` and `limit`.")
    phase: str | None = Field(default=None, description="State of the signal, where one plays a part.")
    code: str | None = Field(default=None, description="Law code of the behaviour.")
    case: str | None = Field(default=None, description="Id of the case with the evidence.")


class Incident(EventBase):
    """A state with a beginning and an end: one event when it begins and one, of the same id, when it ends."""

    family: Literal["incident"] = "incident"
    status: Literal["began", "ended"] = Field(description="`began` or `ended`, under the same id.")
    began_s: Number = Field(description="Onset of the state, before the rule was sure. Stream clock.")
    ended_s: Number | None = Field(default=None, description="End of the state. Stream clock.")
    severity: Severity = Field(description="How urgent it is.")
    tracks: tuple[int, ...] = Field(description="Tracks that take part.")
    outcome: Literal["unknown"] | None = Field(
        default=None,
        exclude_if=_is_none,
        description="`unknown`: it ended because the camera could not be trusted any more; nobody saw how.",
    )


class Measurement(EventBase):
    """Figures of an interval: of a line, a zone, a movement, or else of the whole picture.

    Never a silent zero: `completeness` says how much of the interval was watched.
    """

    family: Literal["measurement"] = "measurement"
    line: str | None = Field(default=None, exclude_if=_is_none, description="Line that was measured.")
    zone: str | None = Field(default=None, exclude_if=_is_none, description="Zone or lane that was measured.")
    from_line: str | None = Field(default=None, exclude_if=_is_none, alias="from", description="Entry of a movement.")
    to_line: str | None = Field(default=None, exclude_if=_is_none, alias="to", description="Exit of a movement.")
    began_s: Number = Field(description="Start of the interval. Stream clock.")
    ended_s: Number = Field(description="End of the interval. Stream clock.")
    values: dict[str, Number] = Field(description="The figures by name, units in the names.")
    by_label: dict[str, dict[str, Number]] = Field(description="The same by label.")
    completeness: Fraction = Field(description="Share of the interval that was really watched.")


Event = Annotated[Passage | Violation | Incident | Measurement, Field(discriminator="family")]
