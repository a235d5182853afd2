"""Mqtt: events to a broker, on the topics and in the JSON of ONVIF (Core Specification, "onvif-ej")."""

import importlib.util
import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, Field

from api.errors import Refused, Unreachable
from api.networks import why
from api.sink import Message, Sink
from streams.address import checked
from vision.events import rfc3339

# paho is an extra: it is imported by who connects.
# ruff: noqa: PLC0415

PORTS = {"mqtt": 1883, "mqtts": 8883}
TOPICS = {
    "line_crossing": "RuleEngine/LineDetector/Crossed",
    "intrusion": "RuleEngine/FieldDetector/ObjectsInside",
    "loitering": "RuleEngine/LoiteringDetector/ObjectIsLoitering",
    "crowding": "RuleEngine/CountAggregation/OccupancyCounter",
    "abandoned_object": "RuleEngine/ObjectAbandoned",
    "removed_object": "RuleEngine/ObjectRemoved",
    "camera_lost": "VideoSource/SignalLoss",
    "camera_dark": "VideoSource/ImageTooDark",
    "camera_bright": "VideoSource/ImageTooBright",
    "camera_blurred": "VideoSource/ImageTooBlurry",
    "camera_moved": "VideoSource/GlobalSceneChange",
    "camera_covered": "VideoSource/GlobalSceneChange",
}
"""Topics that ONVIF has a name for; all others are ours, by family and kind."""
REFUSALS = (0x90, 0x95, 0x99)
"""Reason codes of MQTT 5 that are about the message: topic name invalid, packet too large, payload format invalid."""
NOT_AUTHORIZED = (0x86, 0x87, 0x8A)
FAILED = 0x80
KEEP_ALIVE_S = 30


def topic_of(event: Mapping[str, Any]) -> str:
    """The topic of an event below the prefix: ONVIF's or ours, then the camera and the rule as its source."""
    kind = str(event["kind"])
    name = TOPICS.get(kind) or f"RuleEngine/{_pascal(event['family'])}/{_pascal(kind)}"
    return f"onvif-ej/{name}/&{_level(event['camera'])}/{_level(event['rule'])}"


def payload_of(message: Message) -> dict[str, Any]:
    """The event in the JSON of ONVIF, with ours beside it."""
    event = message.event
    payload: dict[str, Any] = {
        "UtcTime": _moment(event),
        "Source": {"VideoSource": event["camera"], "Rule": event["rule"]},
        "Data": _state(event),
        "Id": message.id,
        "Event": event,
    }
    if event.get("track") is not None:
        payload["Key"] = {"ObjectId": event["track"]}
    return payload


class Mqtt(Sink):
    """Publishes each event to an MQTT 5 broker, QoS 1, on ONVIF topics."""

    kind: Literal["mqtt"] = "mqtt"
    at_once: ClassVar[int] = 100
    url: Annotated[str, AfterValidator(lambda url: checked(url, "mqtts", "mqtt"))] = Field(
        repr=False, description="Address of the broker, `mqtts://USER:${PASSWORD}@HOST:PORT` or `mqtt://…`."
    )
    prefix: Annotated[str, Field(pattern=r"^[^+#/\x00]+(/[^+#/\x00]+)*$", max_length=200)] | None = Field(
        default=None, description="Levels before `onvif-ej` in every topic, such as `soc-trang/ngatu`."
    )
    timeout_s: float = Field(default=10.0, gt=0, description="Seconds that the broker may take to answer.")

    def missing(self) -> Mapping[str, str]:
        """The client, where it is not installed."""
        if importlib.util.find_spec("paho"):
            return {}
        return {"kind": "needs the extra `mqtt`: .venv/bin/python -m pip install -e '.[mqtt]'"}

    def connect(self) -> "MqttConnection":
        """A connection that is kept open (see `Sink.connect`)."""
        return MqttConnection(self)


class MqttConnection:
    """Publishes messages over one connection.

    Args:
        sink: Where to.
    """

    def __init__(self, sink: Mqtt) -> None:
        self._sink = sink
        self._session: _Session | None = None

    def send(self, messages: Sequence[Message]) -> None:
        """Publishes messages and waits until the broker has them all (see `Connection.send`)."""
        before = f"{self._sink.prefix}/" if self._sink.prefix else ""
        if self._session is None or self._session.lost:
            self.close()  # one that was lost while nothing was sent says nothing about the broker now
            self._session = _Session(self._sink)
        self._session.publish(
            [
                (before + topic_of(one.event), json.dumps(payload_of(one), ensure_ascii=False, separators=(",", ":")))
                for one in messages
            ]
        )

    def close(self) -> None:
        """Ends the connection (see `Connection.close`)."""
        session, self._session = self._session, None
        if session is not None:
            session.end()


class _Session:
    """A connection to a broker, from its making to its loss.

    Args:
        sink: Which.

    Raises:
        Unreachable: The broker does not answer, or refuses us.
    """

    def __init__(self, sink: Mqtt) -> None:
        import paho.mqtt.client as mqtt
        from paho.mqtt.enums import CallbackAPIVersion

        self._timeout_s = sink.timeout_s
        self._turn = threading.Condition()
        self._welcome: int | None = None
        self._gone = ""
        self._answers: dict[int, int] = {}
        parts = urlsplit(sink.url)
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5, reconnect_on_failure=False)
        self._client.connect_timeout = sink.timeout_s
        self._client.on_connect = lambda client, data, flags, reason, more: self._connected(reason)
        self._client.on_disconnect = lambda client, data, flags, reason, more: self._disconnected(str(reason))
        self._client.on_publish = lambda client, data, number, reason, more: self._answered(number, reason.value)
        if parts.username is not None:
            self._client.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
        try:
            if parts.scheme == "mqtts":
                self._client.tls_set()
            self._client.connect(parts.hostname or "", parts.port or PORTS[parts.scheme], KEEP_ALIVE_S)
        except OSError as error:
            raise Unreachable(why(error)) from error
        self._client.loop_start()
        try:
            self._wait(lambda: self._welcome is not None)
        except Unreachable:
            self.end()
            raise

    @property
    def lost(self) -> bool:
        """Whether it is over."""
        return bool(self._gone)

    def publish(self, messages: Sequence[tuple[str, str]]) -> None:
        """Publishes texts to topics, in this order, and waits for the broker's word on each.

        Raises:
            Unreachable: It does not have them all.
            Refused: It will not take one of them.
        """
        numbers = {self._client.publish(topic, text, qos=1).mid: topic for topic, text in messages}
        self._wait(lambda: numbers.keys() <= self._answers.keys())
        for number, topic in numbers.items():
            judged(topic, self._answers.pop(number))

    def end(self) -> None:
        """Ends the connection; who waits for an answer gets none."""
        self._disconnected("closed by us")
        self._client.disconnect()
        self._client.loop_stop()

    def _wait(self, condition: Callable[[], bool]) -> None:
        """Waits for a word of the broker.

        Raises:
            Unreachable: It is gone, or says nothing.
        """
        with self._turn:
            if not self._turn.wait_for(lambda: condition() or self._gone, self._timeout_s):
                raise Unreachable(f"no answer within {self._timeout_s:g} s")
            if self._welcome is not None and self._welcome >= FAILED:
                raise Unreachable("the broker refuses us: " + self._gone, refused=True)
            if self._gone and not condition():
                raise Unreachable(f"the connection to the broker is lost: {self._gone}")

    # The client's thread.

    def _connected(self, reason: Any) -> None:
        with self._turn:
            self._welcome = reason.value
            if reason.value >= FAILED:
                self._gone = str(reason)
            self._turn.notify_all()

    def _disconnected(self, reason: str) -> None:
        with self._turn:
            self._gone = self._gone or reason
            self._turn.notify_all()

    def _answered(self, number: int, reason: int) -> None:
        with self._turn:
            self._answers[number] = reason
            self._turn.notify_all()


def judged(topic: str, reason: int) -> None:
    """What the broker's answer to a message means.

    Args:
        topic: Where it was published.
        reason: Reason code of MQTT 5.

    Raises:
        Refused: It will not take this one.
        Unreachable: It takes nothing there, or not now.
    """
    if reason in REFUSALS:
        raise Refused(f"the broker does not take this event (reason 0x{reason:02x})")
    if reason >= FAILED:
        raise Unreachable(
            f"the broker does not let us publish to {topic} (reason 0x{reason:02x})", refused=reason in NOT_AUTHORIZED
        )


def _state(event: Mapping[str, Any]) -> dict[str, Any]:
    """What ONVIF calls the data of an event: of a state whether it holds now, of an act nothing but that it was."""
    if event["family"] != "incident":
        return {}
    holds = event["status"] == "began"
    return {"State": holds, "IsInside": holds} if event["kind"] == "intrusion" else {"State": holds}


def _moment(event: Mapping[str, Any]) -> str:
    """When it was; of the end of a state, when that was."""
    ended_s = event.get("ended_s") if event["family"] == "incident" else None
    if ended_s is None:
        return str(event["at"])
    return rfc3339(datetime.fromisoformat(event["at"]) + timedelta(seconds=ended_s - event["time_s"]))


def _pascal(word: str) -> str:
    return "".join(part.capitalize() for part in word.split("_"))


def _level(name: str) -> str:
    """A name as one level of a topic."""
    return re.sub(r"[+#/\x00]", "_", name)
