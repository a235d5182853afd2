from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.receiver import Receiver, receiving
from tests.api.stage import WAIT_S, Stage, incident, passage, running
from tests.conftest import wait_until


@pytest.fixture(name="receiver")
def fixture_receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(name="office")
def fixture_office(receiver: Receiver, tmp_path: Path) -> Iterator[Stage]:
    with running(tmp_path, sinks=[receiver.sink(tries=1)]) as stage:
        yield stage


def happens(stage: Stage, *events: object) -> None:
    stage.store.add(events)  # type: ignore[arg-type]
    assert stage.store.flush(WAIT_S)


def test_without_sinks_there_is_nothing_to_tell(idle: Stage) -> None:
    assert idle.client.get("/api/v1/sinks").json() == {"items": []}
    answer = idle.client.get("/api/v1/sinks/ioc/dead")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "no sink 'ioc'; there are none"


def test_a_receiver_that_takes_nothing_is_told_everywhere(office: Stage, receiver: Receiver) -> None:
    receiver.stop()
    happens(office, passage(1), incident(2))

    def sink() -> dict[str, object]:
        (only,) = office.client.get("/api/v1/sinks").json()["items"]
        return dict(only)

    wait_until(lambda: sink()["state"] == "failing", WAIT_S, "it is noticed")
    assert {name: sink()[name] for name in ("id", "kind", "reason", "waiting", "dead", "delivered")} == {
        **{"id": "ioc", "kind": "webhook", "reason": "connection refused"},
        **{"waiting": 2, "dead": 0, "delivered": 0},
    }
    health = office.client.get("/health")
    assert health.status_code == 200
    assert health.json()["status"] == "degraded"
    (reason,) = [one for one in health.json()["reasons"] if "webhook" in one]
    assert reason.startswith("webhook 'ioc' has not taken anything for ")
    assert reason.endswith(" s: connection refused; 2 wait")
    assert health.json()["sinks"][0]["waiting"] == 2
    figures = office.client.get("/metrics").text
    assert 'ngatu_sink_up{kind="webhook",sink="ioc"} 0.0' in figures
    assert 'ngatu_sink_waiting_events{kind="webhook",sink="ioc"} 2.0' in figures
    receiver.start()
    counted = 'ngatu_delivery_seconds_count{sink="ioc"} 2.0'
    wait_until(lambda: counted in office.client.get("/metrics").text, WAIT_S, "everything has arrived")
    figures = office.client.get("/metrics").text
    assert 'ngatu_sink_up{kind="webhook",sink="ioc"} 1.0' in figures
    assert 'ngatu_sink_delivered_events_total{kind="webhook",sink="ioc"} 2.0' in figures
    assert 'ngatu_sink_failures_total{kind="webhook",sink="ioc"} ' in figures


def test_what_was_put_aside_is_looked_at_and_sent_again(office: Stage, receiver: Receiver) -> None:
    receiver.answer = lambda number, post: 400
    happens(office, passage(1), passage(2), passage(3))

    def dead(**query: object) -> list[dict[str, object]]:
        items: list[dict[str, object]] = office.client.get("/api/v1/sinks/ioc/dead", params=query).json()["items"]  # type: ignore[arg-type]
        return items

    wait_until(lambda: len(dead()) == 3, WAIT_S, "all are put aside")
    first, second, third = dead()
    assert (first["event"], first["type"], first["camera"]) == (passage(1).id, "passage.line_crossing", "road")
    assert (first["tries"], first["reason"]) == (1, "the receiver answers 400: it does not take this event")
    assert dead(limit=1) == [first]
    assert dead(after=first["seq"], limit=1) == [second]
    assert any("put aside" in reason for reason in office.client.get("/health").json()["reasons"])
    assert 'ngatu_sink_dead_events{kind="webhook",sink="ioc"} 3.0' in office.client.get("/metrics").text
    receiver.answer = lambda number, post: 204
    answer = office.client.post("/api/v1/sinks/ioc/replay", json={"events": [third["event"]]})
    assert answer.json() == {"replayed": 1}
    receiver.until(1)
    assert office.client.post("/api/v1/sinks/ioc/replay", json={}).json() == {"replayed": 2}
    receiver.until(3)
    assert receiver.ids() == [passage(3).id, passage(1).id, passage(2).id]


def test_what_is_asked_wrongly_is_refused(office: Stage) -> None:
    for path in ("/api/v1/sinks/log/dead", "/api/v1/sinks/ioc/dead?limit=0"):
        assert office.client.get(path).headers["content-type"] == "application/problem+json"
    answer = office.client.post("/api/v1/sinks/log/replay", json={})
    assert (answer.status_code, answer.json()["detail"]) == (404, "no sink 'log'; there are: ioc")
    assert office.client.post("/api/v1/sinks/ioc/replay", json={"all": True}).status_code == 422
    foreign = office.client.post("/api/v1/sinks/ioc/replay", json={}, headers={"Origin": "https://example.org"})
    assert foreign.status_code == 403
