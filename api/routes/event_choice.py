"""Event choice: the parameters by which every route of events chooses them."""

from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.event_search import EventFilter
from api.export import Family
from vision.events import LabelWord

Word = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")]


class Interval(BaseModel):
    """A time, open at both ends unless they are given."""

    model_config = ConfigDict(extra="forbid")

    since: AwareDatetime | None = Field(
        default=None,
        alias="from",
        description="Not before this moment (RFC 3339; write the `+` of an offset as `%2B`).",
        examples=["2026-11-24T00:00:00Z"],
    )
    until: AwareDatetime | None = Field(
        default=None, alias="to", description="Before this moment.", examples=["2026-11-25T00:00:00Z"]
    )

    @model_validator(mode="after")
    def _is_an_interval(self) -> Self:
        if self.since and self.until and self.since >= self.until:
            raise ValueError("`from` must be before `to`")
        return self


class EventChoice(Interval):
    """Which events. A parameter given several times means any of its values."""

    camera: list[Word] = Field(default=[], max_length=100, description="Ids of cameras.", examples=[["cau-vuot-1"]])
    kind: list[Word] = Field(default=[], max_length=100, description="Kinds of events.", examples=[["line_crossing"]])
    label: list[LabelWord] = Field(default=[], max_length=100, description="Labels.", examples=[["motorcycle"]])
    family: list[Family] = Field(default=[], max_length=100, description="Families of events.", examples=[["passage"]])

    def wanted(self) -> EventFilter:
        """The same as a filter of the store."""
        return EventFilter(
            cameras=tuple(self.camera),
            kinds=tuple(self.kind),
            families=tuple(self.family),
            labels=tuple(self.label),
            since=self.since,
            until=self.until,
        )
