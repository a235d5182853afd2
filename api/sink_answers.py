"""SinkAnswers: the JSON shapes that the API gives about sinks and what is sent to them."""

from dataclasses import asdict
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from api.delivery import SinkState
from api.outbox import Delivery
from vision.events import Moment

STARTED = "2026-11-24T07:05:09.120Z"
SINK: dict[str, JsonValue] = {
    "id": "ioc",
    "kind": "webhook",
    "state": "failing",
    "reason": "connection refused",
    "since": STARTED,
    "waiting": 348,
    "dead": 0,
    "delivered": 1520,
    "failures": 31,
}


class SinkAnswer(BaseModel):
    """How it goes with a sink."""

    model_config = ConfigDict(json_schema_extra={"examples": [SINK]})

    id: str = Field(description="Id of the sink in the site file.")
    kind: str = Field(description="Its kind.")
    state: Literal["delivering", "failing"] = Field(description="`failing` while its receiver takes nothing.")
    reason: str | None = Field(description="Why it takes nothing; null while it does.")
    since: Moment = Field(description="Since when it is in this state.")
    waiting: int | None = Field(description="Events that wait to be sent; null while the database can't be read.")
    dead: int | None = Field(description="Events put aside, until somebody replays or drops them.")
    delivered: int = Field(description="Events that the receiver has taken since the start.")
    failures: int = Field(description="Attempts that failed since the start.")

    @classmethod
    def of(cls, state: SinkState) -> "SinkAnswer":
        """A sink as it is now."""
        return cls(**asdict(state))


class SinksAnswer(BaseModel):
    """All sinks."""

    items: list[SinkAnswer] = Field(description="The sinks, in the order of the site file.")


class DeadLetterAnswer(BaseModel):
    """An event that was put aside: its receiver refused it, or took nothing for too long."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "seq": 1520,
                    "sink": "ioc",
                    "event": "01a20be8ac27ac5a81a7c5d9b8b601c6",
                    "type": "violation.red_light",
                    "camera": "cau-vuot-1",
                    "noted": STARTED,
                    "tries": 3,
                    "reason": "the receiver answers 422: it does not take this event",
                }
            ]
        }
    )

    seq: int = Field(description="Number of the change; give the last one as `after` for the next page.")
    sink: str = Field(description="Id of the sink.")
    event: str = Field(description="Id of the event.")
    type: str = Field(description="What it is: family, kind, and of incidents `began` or `ended`.")
    camera: str = Field(description="Id of the camera.")
    noted: Moment = Field(description="When it was put into the outbox.")
    tries: int = Field(description="How often the receiver refused it.")
    reason: str | None = Field(description="Why, the last time.")

    @classmethod
    def of(cls, delivery: Delivery) -> "DeadLetterAnswer":
        """What was put aside."""
        message = delivery.message
        return cls(
            seq=message.seq,
            sink=delivery.sink,
            event=message.event["id"],
            type=message.type,
            camera=message.camera,
            noted=delivery.noted,
            tries=delivery.tries,
            reason=delivery.reason,
        )


class DeadLettersAnswer(BaseModel):
    """Events that were put aside."""

    items: list[DeadLetterAnswer] = Field(description="The oldest change first.")


class ReplayAnswer(BaseModel):
    """What a replay did."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"replayed": 17}]})

    replayed: int = Field(description="Events that wait to be sent again.")
