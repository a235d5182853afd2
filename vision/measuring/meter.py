"""Meter: what measures one thing in front of a camera."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence

from models.detections import Label
from pydantic import BaseModel, ConfigDict, Field

from vision.events import Passage
from vision.measuring.sums import Sums
from vision.scene import Placed, View

Figures = dict[str, float]
SumsAt = Callable[[float], Sums]
"""The sums of the interval in which a moment of the stream clock lies."""
Present = Mapping[str, Sequence[Placed]]
"""Who is present in each zone by its id; under `EVERYWHERE` everybody."""

MEASURE_RULE = "measure"
"""Stands for the rule in measurements that no rule asked for."""
EVERYWHERE = ""
EVERYBODY = tuple(label.word for label in Label)
VEHICLES = tuple(label.word for label in Label if label is not Label.PERSON)


class Pcu(BaseModel):
    """Passenger car units: as how many cars a vehicle counts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bicycle: float = Field(default=0.2, ge=0, description="Of a bicycle.")
    motorcycle: float = Field(default=0.3, ge=0, description="Of a motorcycle.")
    car: float = Field(default=1.0, ge=0, description="Of a car.")
    bus: float = Field(default=2.5, ge=0, description="Of a bus.")
    truck: float = Field(default=2.5, ge=0, description="Of a truck.")

    def total(self, sums: Sums, names: Sequence[str]) -> float:
        """Sums of some names over the vehicles, each as so many cars as it counts."""
        factors: list[tuple[str, float]] = list(self)
        return sum(factor * sums.of(name, label) for name in names for label, factor in factors)


class Meter(ABC):
    """Measures one thing. What most meters have in common: they hear nothing of rules, and nothing of them lapses.

    Attributes:
        kind: Kind of its measurements.
        rule: What they carry as their rule.
        line: Id of the line that is measured; none where it is none.
        zone: Id of the zone or lane.
        from_line: Entry of the movement.
        to_line: Exit of the movement.
        least_s: It is told for intervals of this length and longer ones, seconds.
    """

    kind: str
    rule: str = MEASURE_RULE
    line: str | None = None
    zone: str | None = None
    from_line: str | None = None
    to_line: str | None = None
    least_s: int = 0

    def follow(self, view: View, sums_at: SumsAt) -> None:  # noqa: B027 - may do nothing
        """Takes every view, for what happens in a moment.

        Args:
            view: The view.
            sums_at: Where to sum up what happened at a moment.
        """

    def look(self, view: View, present: Present, sums: Sums) -> None:  # noqa: B027
        """Takes a view a few times a second, for what lasts.

        Args:
            view: The view.
            present: Who is present.
            sums: Where to sum up what is the case now.
        """

    def hold(self, sums: Sums, seconds: float) -> None:  # noqa: B027
        """Sums up that it has been for some time as when it was looked at last."""

    def told(self, event: Passage, sums: Sums) -> None:  # noqa: B027
        """Takes a passage that a rule has told."""

    def lapse(self) -> None:  # noqa: B027
        """Nobody has watched for a while: what was before says nothing about what comes."""

    @abstractmethod
    def figures(self, sums: Sums, watched_s: float) -> tuple[Figures, dict[str, Figures]]:
        """The figures of an interval, and the same by label. What can't be known is absent, never zero."""


def per_hour(count: float, watched_s: float) -> float:
    """A count of some time as a rate an hour."""
    return count * 3600 / watched_s
