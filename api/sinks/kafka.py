"""Kafka: events into a topic, keyed by camera."""

import importlib.util
import logging
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from api.errors import Refused, Unreachable
from api.sink import Message, Sink

# The client is an extra: it is imported by who connects.
# ruff: noqa: PLC0415

logger = logging.getLogger(__name__)

REFUSALS = ("MSG_SIZE_TOO_LARGE", "INVALID_MSG", "INVALID_MSG_SIZE", "INVALID_RECORD")
"""Errors that are about the message itself."""
NOT_ALLOWED = ("TOPIC_AUTHORIZATION_FAILED", "CLUSTER_AUTHORIZATION_FAILED", "_AUTHENTICATION", "TOPIC_EXCEPTION")


class Kafka(Sink):
    """Writes each event into a Kafka topic; all replicas have it when it counts as sent."""

    kind: Literal["kafka"] = "kafka"
    at_once: ClassVar[int] = 200
    servers: tuple[str, ...] = Field(min_length=1, description="Brokers to begin with, `HOST:PORT`.")
    topic: str = Field(
        pattern=r"^[a-zA-Z0-9._-]+$", max_length=249, description="Topic; the camera's id is the key of each message."
    )
    security: Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"] = Field(
        default="plaintext", description="How the brokers are spoken to."
    )
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="SCRAM-SHA-512", description="How the user is shown, with `sasl_…`."
    )
    user: str | None = Field(default=None, description="User, with `sasl_…`.")
    secret: str | None = Field(
        default=None, repr=False, description='The user\'s password: write "${NAME}" and set it in the environment.'
    )
    timeout_s: float = Field(default=10.0, gt=0, description="Seconds that the brokers may take to have an event.")

    @model_validator(mode="after")
    def _has_its_user(self) -> "Kafka":
        wanted = self.security.startswith("sasl")
        if {self.user is not None, self.secret is not None} != {wanted}:
            raise ValueError(
                "`user` and `secret` belong to `security: sasl_ssl` (or `sasl_plaintext`): give all or none"
            )
        return self

    def missing(self) -> Mapping[str, str]:
        """The client, where it is not installed."""
        if importlib.util.find_spec("confluent_kafka"):
            return {}
        return {"kind": "needs the extra `kafka`: .venv/bin/python -m pip install -e '.[kafka]'"}

    def connect(self) -> "KafkaConnection":
        """A producer that is made when it is needed (see `Sink.connect`)."""
        return KafkaConnection(self)


class KafkaConnection:
    """Writes messages and waits for the brokers' word on each.

    Args:
        sink: Where to.
    """

    def __init__(self, sink: Kafka) -> None:
        self._sink = sink
        self._producer: Any = None

    def send(self, messages: Sequence[Message]) -> None:
        """Writes messages (see `Connection.send`)."""
        from confluent_kafka import KafkaException

        faults: list[Any] = []
        try:
            producer = self._made()
            for one in messages:
                producer.produce(
                    self._sink.topic,
                    one.payload.encode(),
                    one.camera.encode(),
                    headers=[("id", one.id.encode()), ("type", one.type.encode())],
                    on_delivery=lambda error, _: faults.append(error) if error else None,
                )
            left = producer.flush(2 * self._sink.timeout_s)
        except KafkaException as error:
            faults.append(error.args[0])
            left = 0
        if faults:
            raise _fault(faults[0])
        if left:
            raise Unreachable(f"no answer within {self._sink.timeout_s:g} s")

    def close(self) -> None:
        """Forgets the producer and what it has not sent (see `Connection.close`)."""
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.purge()

    def _made(self) -> Any:
        from confluent_kafka import Producer

        if self._producer is None:
            sink = self._sink
            settings: dict[str, Any] = {
                "bootstrap.servers": ",".join(sink.servers),
                "client.id": "ngatu",
                # The brokers drop what a retry of the client sends twice, and keep the order.
                "enable.idempotence": True,
                "delivery.timeout.ms": round(sink.timeout_s * 1000),
                "request.timeout.ms": round(sink.timeout_s * 1000),
                "linger.ms": 0,
                "security.protocol": sink.security,
            }
            if sink.user is not None:
                settings |= {
                    "sasl.mechanism": sink.mechanism,
                    "sasl.username": sink.user,
                    "sasl.password": sink.secret,
                }
            self._producer = Producer(settings, logger=logger)
        return self._producer


def _fault(error: Any) -> Unreachable | Refused:
    """What an error of the client means for us."""
    name = error.name()
    if name in REFUSALS:
        return Refused(f"the brokers do not take this event: {error.str()}")
    words = error.str()
    if name == "_MSG_TIMED_OUT":
        words = "no broker has taken it in time"
    return Unreachable(words[0].lower() + words[1:], refused=name in NOT_ALLOWED)
