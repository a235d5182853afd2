import threading
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient
from pydantic import ValidationError

from api.errors import Refused, Unreachable
from api.sink import Message
from api.sinks.kafka import Kafka
from benchmarks.scenarios import free_port
from tests.api.receiver import firsts
from tests.api.stage import incident, passage
from tests.api.test_delivery import office


@pytest.fixture(name="servers", scope="module")
def fixture_servers() -> Iterator[str]:
    """The broker that the client itself brings for tests: it speaks Kafka's protocol over a socket."""
    cluster = AdminClient({"test.mock.num.brokers": "1"})
    (broker,) = cluster.list_topics(timeout=30).brokers.values()
    yield f"{broker.host}:{broker.port}"
    del cluster


def sink(servers: str, **given: Any) -> Kafka:
    return Kafka.model_validate({"id": "bus", "servers": [servers], "topic": "ngatu.events", "routes": [{}]} | given)


def refused(**given: Any) -> bool:
    """Whether a sink with these fields can't be one."""
    try:
        Kafka.model_validate({"id": "bus", "servers": ["h:9092"], "topic": "t"} | given)
    except ValidationError:
        return True
    return False


def message(event: Any) -> Message:
    return Message(1, event.camera, event.model_dump_json(by_alias=True))


def read(servers: str, topic: str, count: int) -> list[Any]:
    """The first messages of a topic, partition by partition in order."""
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "test", "auto.offset.reset": "earliest"})
    try:
        partitions = consumer.list_topics(topic, timeout=30).topics[topic].partitions
        consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
        found: list[Any] = []
        while len(found) < count:
            one = consumer.poll(30)
            assert one is not None, f"{len(found)} of {count} messages"
            assert one.error() is None, one.error()
            found.append(one)
        return found
    finally:
        consumer.close()


def test_an_event_is_a_message_with_the_key_of_its_camera(servers: str) -> None:
    connection = sink(servers, topic="one").connect()
    connection.send([message(incident(1))])
    connection.close()
    (one,) = read(servers, "one", 1)
    assert one.value().decode() == incident(1).model_dump_json(by_alias=True)
    assert one.key() == b"road"
    assert dict(one.headers()) == {"id": f"{incident(1).id}-began".encode(), "type": b"incident.intrusion.began"}


def test_cameras_keep_their_order(servers: str, tmp_path: Any) -> None:
    events = [passage(number, camera=f"camera-{number % 5}") for number in range(300)]
    with office(tmp_path, sink(servers, topic="many")) as here:
        here.happens(*events[:150])
        here.happens(*events[150:])
        here.until_nothing_waits()
    found = read(servers, "many", 300)
    for number in range(5):
        key = f"camera-{number}"
        ids = [dict(one.headers())["id"].decode() for one in found if one.key() == key.encode()]
        assert firsts(ids) == [event.id for event in events if event.camera == key]


def test_what_is_too_large_is_refused_and_the_rest_goes_on(servers: str, tmp_path: Any) -> None:
    large = passage(2).model_copy(update={"direction": "x" * 2_000_000})
    with office(tmp_path, sink(servers, topic="large", tries=1)) as here:
        here.happens(passage(1), large, passage(3))
        here.until_nothing_waits()
        (dead,) = here.outbox.dead()
        assert dead.message.event["id"] == large.id
        assert "do not take this event" in str(dead.reason)
    ids = [dict(one.headers())["id"].decode() for one in read(servers, "large", 2)]
    assert set(ids) >= {passage(1).id}


def test_brokers_that_are_away_are_said() -> None:
    connection = sink(f"127.0.0.1:{free_port()}", timeout_s=1.0).connect()
    with pytest.raises(Unreachable, match="no broker has taken it in time"):
        connection.send([message(passage(1))])
    connection.close()
    connection.close()


def test_what_can_not_be_is_refused_at_the_start() -> None:
    assert not refused()
    wrong: list[dict[str, Any]] = [{"topic": "a b"}, {"servers": []}, {"user": "ngatu"}, {"security": "sasl_ssl"}]
    for given in wrong:
        assert refused(**given), given
    known = sink("127.0.0.1:9092", security="sasl_ssl", user="ngatu", secret="geheim")
    assert "geheim" not in repr(known)
    assert known.missing() == {}


def test_closing_from_elsewhere_ends_the_waiting() -> None:
    connection = sink(f"127.0.0.1:{free_port()}", timeout_s=60.0).connect()
    failed: list[Exception] = []

    def sending() -> None:
        try:
            connection.send([message(passage(1))])
        except (Unreachable, Refused) as error:
            failed.append(error)

    thread = threading.Thread(target=sending)
    thread.start()
    while connection._producer is None or not len(connection._producer):
        thread.join(0.01)
    connection.close()
    thread.join(30)
    assert not thread.is_alive()
    assert failed
