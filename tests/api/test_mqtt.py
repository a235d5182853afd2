import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from socket import create_connection, create_server
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from pydantic import ValidationError

from api.errors import Refused, Unreachable
from api.sink import Message
from api.sinks.mqtt import TOPICS, Mqtt, judged, payload_of, topic_of
from benchmarks.scenarios import free_port
from tests.api.stage import WAIT_S, incident, passage
from tests.api.test_delivery import office
from tests.api.test_routing import violation
from tests.conftest import wait_until

# Debian keeps it where only root looks for commands.
MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


class Broker:
    """A real broker on a port that it keeps, also while it is down."""

    def __init__(self, folder: Path, *more: str) -> None:
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        lines = [f"listener {self.port} 127.0.0.1", *(more or ("allow_anonymous true",)), "user root"]
        self._config.write_text("\n".join(lines) + "\n")
        self._log = (folder / "mosquitto.log").open("w")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [str(MOSQUITTO), "-c", self._config], stdout=self._log, stderr=subprocess.STDOUT
        )
        wait_until(self._answers, WAIT_S, "the broker answers")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(WAIT_S)
            self._process = None

    def close(self) -> None:
        self.stop()
        self._log.close()

    def sink(self, **given: Any) -> Mqtt:
        return Mqtt.model_validate({"id": "broker", "url": f"mqtt://127.0.0.1:{self.port}", "routes": [{}]} | given)

    def _answers(self) -> bool:
        with suppress(OSError), create_connection(("127.0.0.1", self.port), 1):
            return True
        return False


class Subscriber:
    """Somebody who listens to a topic."""

    def __init__(self, broker: Broker, topic: str, user: str | None = None) -> None:
        self.came: list[tuple[str, Any]] = []
        self.lost = True
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.reconnect_delay_set(min_delay=1, max_delay=1)
        if user:
            self._client.username_pw_set(user, user)
        self._client.on_connect = lambda client, *_: client.subscribe(topic, qos=1)
        self._client.on_subscribe = self._subscribed
        self._client.on_disconnect = self._disconnected
        self._client.on_message = lambda client, data, one: self.came.append((one.topic, json.loads(one.payload)))
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()
        wait_until(lambda: not self.lost, WAIT_S, "it listens")

    def ids(self) -> list[str]:
        return [payload["Id"] for _, payload in self.came]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _subscribed(self, *_: object) -> None:
        self.lost = False

    def _disconnected(self, *_: object) -> None:
        self.lost = True


@pytest.fixture(name="start")
def fixture_start(tmp_path: Path) -> Iterator[Callable[..., Broker]]:
    """Starts a broker, with lines of its configuration."""
    if MOSQUITTO is None:
        pytest.skip("needs the broker mosquitto (Debian: apt install mosquitto)")
    brokers: list[Broker] = []

    def start(*more: str) -> Broker:
        broker = Broker(tmp_path, *more)
        brokers.append(broker)
        broker.start()
        return broker

    yield start
    for broker in brokers:
        broker.close()


@pytest.fixture(name="listen")
def fixture_listen() -> Iterator[Callable[..., Subscriber]]:
    """Lets somebody listen to a broker until the test is over."""
    subscribers: list[Subscriber] = []

    def listen(broker: Broker, topic: str = "#", user: str | None = None) -> Subscriber:
        subscribers.append(Subscriber(broker, topic, user))
        return subscribers[-1]

    yield listen
    for subscriber in subscribers:
        subscriber.close()


def message(event: Any) -> Message:
    return Message(1, event.camera, event.model_dump_json(by_alias=True))


def send(sink: Mqtt, *events: Any) -> None:
    connection = sink.connect()
    try:
        connection.send([message(event) for event in events])
    finally:
        connection.close()


def test_topics_and_payloads_are_those_of_onvif() -> None:
    began, ended = message(incident(10)), message(incident(10, ended_s=70.0))
    assert topic_of(began.event) == "onvif-ej/RuleEngine/FieldDetector/ObjectsInside/&road/fence"
    assert payload_of(began) == {
        "UtcTime": "2026-11-24T05:00:10.000Z",
        "Source": {"VideoSource": "road", "Rule": "fence"},
        "Key": {"ObjectId": 1},
        "Data": {"State": True, "IsInside": True},
        "Id": f"{incident(10).id}-began",
        "Event": began.event,
    }
    assert payload_of(ended)["Data"] == {"State": False, "IsInside": False}
    assert payload_of(ended)["UtcTime"] == "2026-11-24T05:01:10.000Z", "when it was over"
    lost = incident(1).model_copy(update={"kind": "camera_lost", "rule": "camera", "track": None})
    assert topic_of(message(lost).event) == "onvif-ej/VideoSource/SignalLoss/&road/camera"
    assert payload_of(message(lost))["Data"] == {"State": True}
    assert "Key" not in payload_of(message(lost))
    assert payload_of(message(passage(1)))["Data"] == {}


def test_what_onvif_has_no_name_for_is_named_by_family_and_kind() -> None:
    red = violation(1).model_copy(update={"rule": "red/near #1+"})
    assert topic_of(message(red).event) == "onvif-ej/RuleEngine/Violation/RedLight/&road/red_near _1_"
    assert all(name.count("/") in (1, 2) for name in TOPICS.values())


def test_events_reach_who_listens(start: Callable[..., Broker], listen: Callable[..., Subscriber]) -> None:
    broker = start()
    subscriber = listen(broker, "soc-trang/ngatu/onvif-ej/RuleEngine/LineDetector/#")
    send(broker.sink(prefix="soc-trang/ngatu"), passage(1), incident(2), passage(3))
    wait_until(lambda: len(subscriber.came) == 2, WAIT_S, "both have come")
    (topic, payload), _ = subscriber.came
    assert topic == "soc-trang/ngatu/onvif-ej/RuleEngine/LineDetector/Crossed/&road/count-main"
    assert payload["Event"] == json.loads(passage(1).model_dump_json(by_alias=True))
    assert subscriber.ids() == [passage(1).id, passage(3).id]


def test_a_broker_that_was_down_gets_everything_in_order(
    start: Callable[..., Broker], listen: Callable[..., Subscriber], tmp_path: Path
) -> None:
    broker = start()
    subscriber = listen(broker)
    events = [passage(number) for number in range(300)]
    with office(tmp_path, broker.sink()) as here:
        here.happens(*events[:100])
        here.until_nothing_waits()
        broker.stop()
        here.happens(*events[100:])
        wait_until(lambda: here.state().state == "failing", WAIT_S, "it is noticed")
        assert here.state().waiting == 200
    wait_until(lambda: subscriber.lost, WAIT_S, "who listens notices it, too")
    broker.start()
    wait_until(lambda: not subscriber.lost, WAIT_S, "it listens again")
    with office(tmp_path, broker.sink()) as here:
        here.until_nothing_waits()
        wait_until(lambda: len(set(subscriber.ids())) == 300, WAIT_S, "all have come")
    assert list(dict.fromkeys(subscriber.ids())) == [one.id for one in events]


def test_a_connection_that_was_lost_in_the_meantime_is_made_anew(start: Callable[..., Broker]) -> None:
    broker = start()
    connection = broker.sink().connect()
    connection.send([message(passage(1))])
    session = connection._session
    assert session is not None
    broker.stop()
    wait_until(lambda: session.lost, WAIT_S, "it is noticed")
    with pytest.raises(Unreachable, match=r"^connection refused$"):
        connection.send([message(passage(2))])
    broker.start()
    connection.send([message(passage(2))])
    connection.close()
    connection.close()


def passwords(folder: Path) -> Path:
    tool = shutil.which("mosquitto_passwd")
    if tool is None:
        pytest.skip("needs mosquitto_passwd, which comes with mosquitto")
    path = folder / "passwords"
    path.touch()
    subprocess.run([tool, "-b", path, "ngatu", "p@ss"], check=True, capture_output=True)
    path.chmod(0o600)
    return path


def test_a_broker_may_refuse_us(start: Callable[..., Broker], tmp_path: Path) -> None:
    rights = tmp_path / "rights"
    rights.write_text("user ngatu\ntopic write soc-trang/#\n")
    rights.chmod(0o600)
    broker = start(
        "allow_anonymous false", f"password_file {passwords(tmp_path)}", f"acl_file {rights}", "max_packet_size 3000"
    )
    for user in ("", "ngatu:geheim@"):
        with pytest.raises(Unreachable, match="the broker refuses us: Not authorized") as caught:
            send(broker.sink(url=f"mqtt://{user}127.0.0.1:{broker.port}"), passage(1))
        assert caught.value.refused
        assert "geheim" not in str(caught.value)
    known = broker.sink(url=f"mqtt://ngatu:p%40ss@127.0.0.1:{broker.port}", prefix="soc-trang")
    send(known, passage(1))
    with pytest.raises(Unreachable, match="does not let us publish to onvif-ej/RuleEngine/LineDetector") as caught:
        send(known.model_copy(update={"prefix": None}), passage(1))
    assert caught.value.refused


def test_a_broker_that_says_nothing_is_given_up() -> None:
    with create_server(("127.0.0.1", 0)) as silent:
        sink = Mqtt(id="broker", url=f"mqtt://127.0.0.1:{silent.getsockname()[1]}", timeout_s=0.3)
        with pytest.raises(Unreachable, match=r"no answer within 0\.3 s"):
            send(sink, passage(1))


def test_an_event_that_the_broker_will_not_take_is_told_from_a_broker_that_is_away() -> None:
    judged("t", 0x10)  # nobody listens: the broker has it all the same
    with pytest.raises(Refused, match=r"does not take this event \(reason 0x95\)"):
        judged("t", 0x95)
    with pytest.raises(Unreachable, match=r"does not let us publish to t \(reason 0x97\)") as caught:
        judged("t", 0x97)
    assert not caught.value.refused


def test_what_can_not_be_an_address_or_prefix_is_refused() -> None:
    with pytest.raises(ValidationError, match="must look like mqtts://HOST/PATH"):
        Mqtt(id="b", url="http://h/")
    for prefix in ("a/#", "+", "/a", ""):
        with pytest.raises(ValidationError):
            Mqtt(id="b", url="mqtt://h", prefix=prefix)
    assert Mqtt(id="b", url="mqtt://h").missing() == {}
