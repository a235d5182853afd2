"""Schedule: the hours in which a rule is armed."""

from datetime import datetime, time, tzinfo
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Hours(BaseModel):
    """Hours of some days of the week, on the clock of the site. They may run past midnight."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    days: tuple[Day, ...] = Field(default=_DAYS, min_length=1, description="Days on which the hours begin.")
    start: time = Field(alias="from", description='When they begin, such as "22:00".')
    end: time = Field(alias="to", description='When they end, such as "05:00"; not later: on the next day.')

    def hold(self, local: datetime) -> bool:
        """Whether a local moment lies in these hours."""
        clock, today, yesterday = local.time(), _DAYS[local.weekday()], _DAYS[local.weekday() - 1]
        if self.start < self.end:
            return today in self.days and self.start <= clock < self.end
        return (today in self.days and clock >= self.start) or (yesterday in self.days and clock < self.end)


class Schedule(BaseModel):
    """When a rule is armed: in any of these hours."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hours: tuple[Hours, ...] = Field(min_length=1, description="Hours in which the rule is armed.")

    def armed(self, at: datetime, timezone: tzinfo) -> bool:
        """Whether the rule is armed at a moment (UTC) at a site."""
        local = at.astimezone(timezone)
        return any(hours.hold(local) for hours in self.hours)
