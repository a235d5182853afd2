"""Schedule: the hours in which a rule is armed.

Hours belong to the day on which they begin, on the clock of the site. In the night in which that clock is put forward
or back, "22:00" to "05:00" are six or eight hours long: they end when the clock says so.

    Tue 22:00 ├──────────────┤ 05:00 Wed      hours of Tuesday: whether Tuesday is a holiday counts, not Wednesday
"""

from datetime import date, datetime, time, timedelta, tzinfo
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Hours(BaseModel):
    """Hours of some days of the week, on the clock of the site. They may run past midnight."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    days: tuple[Day, ...] = Field(default=_DAYS, min_length=1, description="Days on which the hours begin.")
    start: time = Field(alias="from", description='When they begin, such as "22:00".')
    end: time = Field(alias="to", description='When they end, such as "05:00"; not later: on the next day.')

    def day(self, local: datetime) -> date | None:
        """The day on which those hours began that hold at a local moment; None where they don't hold."""
        clock, begun = local.time(), local.date()
        if self.start < self.end:
            hold = self.start <= clock < self.end
        else:
            hold = clock >= self.start or clock < self.end
            begun = begun if clock >= self.start else begun - timedelta(days=1)
        return begun if hold and _DAYS[begun.weekday()] in self.days else None


class Schedule(BaseModel):
    """When a rule is armed: in any of these hours."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hours: tuple[Hours, ...] = Field(min_length=1, description="Hours in which the rule is armed.")
    holidays: tuple[date, ...] = Field(default=(), description="Days that are not like others, such as 2026-09-02.")
    on_holidays: Literal["skip", "only"] = Field(
        default="skip",
        description="`skip`: hours that begin on a holiday do not hold; `only`: no others hold.",
    )

    @model_validator(mode="after")
    def _has_its_holidays(self) -> Self:
        if self.on_holidays == "only" and not self.holidays:
            raise ValueError("`on_holidays: only` needs `holidays`, else the rule is never armed")
        return self

    def armed(self, at: datetime, timezone: tzinfo) -> bool:
        """Whether the rule is armed at a moment (UTC) at a site."""
        local = at.astimezone(timezone)
        days = (hours.day(local) for hours in self.hours)
        return any(day is not None and (day in self.holidays) == (self.on_holidays == "only") for day in days)
