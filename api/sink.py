"""What every sink is: a frozen config whose one verb, `connect()`, makes the live thing."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from vision.events import Event, Severity
from vision.schedule import Schedule

SinkId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=64)]
Family = Literal["passage", "violation", "incident", "measurement"]
_SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")


@dataclass(frozen=True)
class Message:
    """One thing to be sent: an event, or the end of an incident.

    Attributes:
        seq: Number of its change in the store; numbers of a camera go up with time.
        camera: Id of the camera.
        payload: The event as JSON, as contract.md has it.
    """

    seq: int
    camera: str
    payload: str

    @cached_property
    def event(self) -> Mapping[str, Any]:
        """The event."""
        event: Mapping[str, Any] = json.loads(self.payload)
        return event

    @property
    def id(self) -> str:
        """The same whenever the same message is sent again, and no other's: receivers tell by it what they have."""
        status = self.event.get("status")
        return f"{self.event['id']}-{status}" if status else str(self.event["id"])

    @property
    def type(self) -> str:
        """What it is, such as `violation.red_light` or `incident.intrusion.began`."""
        parts = self.event["family"], self.event["kind"], self.event.get("status")
        return ".".join(part for part in parts if part)


class Connection(Protocol):
    """A sink at work. Used by one thread, which sends in the order of each camera."""

    def send(self, messages: Sequence[Message]) -> None:
        """Sends messages, at most `at_once` of the sink, and returns when the receiver has them all.

        Raises:
            Unreachable: Nothing can be sent now; they are sent again later, perhaps some of them twice.
            Refused: The receiver will not take them, however often they are sent.
        """
        ...

    def close(self) -> None:
        """Frees what it holds. May be called twice, and by another thread while it sends: that fails then."""
        ...


class Route(BaseModel):
    """Which events a sink is sent. All that is given must fit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    families: tuple[Family, ...] | None = Field(
        default=None, min_length=1, description="Only events of these families; all if not given."
    )
    kinds: tuple[str, ...] | None = Field(default=None, min_length=1, description="Only events of these kinds.")
    cameras: tuple[str, ...] | None = Field(default=None, min_length=1, description="Only events of these cameras.")
    severity: Severity = Field(
        default="info",
        description="Only what is at least so urgent. Incidents say it themselves; a violation counts as `warning`, "
        "a passage or measurement as `info`.",
    )
    schedule: Schedule | None = Field(default=None, description="Only what happens in these hours.")
    quiet_s: float = Field(
        default=0.0,
        ge=0,
        description="Seconds after an event in which no other of the same camera, rule and kind is sent.",
    )
    ends: bool = Field(default=True, description="Whether the end of an incident is sent, too.")

    def takes(self, event: Event, timezone: tzinfo) -> bool:
        """Whether an event fits. Whether it comes too early after another is not asked here."""
        return (
            (self.families is None or event.family in self.families)
            and (self.kinds is None or event.kind in self.kinds)
            and (self.cameras is None or event.camera in self.cameras)
            and _SEVERITIES.index(severity_of(event)) >= _SEVERITIES.index(self.severity)
            and (self.schedule is None or self.schedule.armed(event.at, timezone))
        )

    def quiet(self, last: datetime, at: datetime) -> bool:
        """Whether an event at a moment comes too early after the last that was sent."""
        return abs(at - last) < timedelta(seconds=self.quiet_s)


def severity_of(event: Event) -> Severity:
    """How urgent an event is."""
    if event.family == "incident":
        return event.severity
    return "warning" if event.family == "violation" else "info"


class Sink(BaseModel, ABC):
    """Where events are sent. The first line of a sink's docstring is what people read in the docs."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    at_once: ClassVar[int] = 1
    """So many messages its connection takes in one `send`."""

    kind: str
    id: SinkId = Field(description="Short name, unique in the file.")
    routes: tuple[Route, ...] = Field(
        default=(Route(families=("violation", "incident")),),
        min_length=1,
        description="Which events it is sent: those that any of these fits; the first that fits decides. "
        "Else violations and incidents.",
    )
    lanes: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Connections at once. Those of a camera go over one, so that they keep their order.",
    )
    tries: int = Field(
        default=3, ge=1, description="How often a message that the receiver refuses is sent before it is put aside."
    )
    give_up_after_h: float = Field(
        default=72.0, gt=0, description="Hours after which what a receiver never took is put aside."
    )

    def __str__(self) -> str:
        return f"{self.kind} {self.id!r}"

    def route(self, event: Event, timezone: tzinfo) -> Route | None:
        """The route that brings an event here; None: it is not sent here."""
        return next((route for route in self.routes if route.takes(event, timezone)), None)

    def missing(self) -> Mapping[str, str]:
        """What it needs and can't have: why, by the field that names it. Nobody is called."""
        return {}

    @abstractmethod
    def connect(self) -> Connection:
        """Makes a connection. Nobody is called before something is sent, so this can't fail."""
