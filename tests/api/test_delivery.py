import logging
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest

from api.delivery import Deliveries, SinkState
from api.errors import Refused, StoreError, Unreachable
from api.outbox import Outbox
from api.routing import Routing
from api.sink import Message, Sink
from api.sinks.jsonl import Jsonl
from api.store import Store
from tests.api.receiver import Receiver, firsts, receiving
from tests.api.stage import NOON, WAIT_S, incident, passage
from tests.conftest import wait_until
from vision.events import Event


@pytest.fixture(name="receiver")
def fixture_receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


class Office:
    """A store, its outbox, and the sinks at work."""

    def __init__(self, store: Store, outbox: Outbox, deliveries: Deliveries, path: Path) -> None:
        self.store = store
        self.outbox = outbox
        self.deliveries = deliveries
        self.path = path
        self.delays_s: list[float] = []

    def happens(self, *events: Event) -> None:
        self.store.add(events)
        assert self.store.flush(WAIT_S)

    def state(self) -> SinkState:
        (state,) = self.deliveries.states()
        return state

    def until_nothing_waits(self) -> None:
        wait_until(lambda: self.state().waiting == 0, WAIT_S, "nothing waits")

    def until_counted(self, delivered: int) -> None:
        """Waits until so many have been taken, and told: a moment after they do not wait any more."""
        wait_until(lambda: len(self.delays_s) >= delivered, WAIT_S, f"{delivered} events are delivered")


@contextmanager
def office(folder: Path, *sinks: Sink) -> Iterator[Office]:
    url = f"sqlite:///{folder}/ngatu.db"
    routing = Routing(sinks, UTC)
    with Outbox.open(url) as outbox, Store.open(url, beside=routing.note) as store:
        delays_s: list[float] = []
        deliveries = Deliveries(sinks, outbox, lambda sink, seconds: delays_s.append(seconds))
        store.on_written(lambda _: deliveries.wake(routing.noted()))
        deliveries.start()
        here = Office(store, outbox, deliveries, folder / "ngatu.db")
        here.delays_s = delays_s
        try:
            yield here
        finally:
            deliveries.stop()


def by_camera(receiver: Receiver) -> dict[str, list[str]]:
    """Ids of the messages that were taken, each once and where it came first, by camera."""
    found: dict[str, list[str]] = defaultdict(list)
    cameras = {post.headers["webhook-id"]: post.event["camera"] for post in receiver.posts}
    for name in firsts(receiver.ids()):
        found[cameras[name]].append(name)
    return found


def expected(events: Sequence[Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for event in events:
        found[event.camera].append(event.id)
    return found


MANY = [passage(number, camera=f"camera-{number % 7}") for number in range(140)]


def test_what_happens_arrives_and_nothing_is_left(receiver: Receiver, tmp_path: Path) -> None:
    with office(tmp_path, receiver.sink()) as here:
        here.happens(incident(1), incident(1, ended_s=9.0))
        receiver.until(2)
        here.until_counted(2)
        assert receiver.ids() == [f"{incident(1).id}-began", f"{incident(1).id}-ended"]
        state = here.state()
        assert (state.state, state.reason, state.dead, state.delivered, state.failures) == ("delivering", None, 0, 2, 0)
        assert state.faults(NOON) == []
        assert len(here.delays_s) == 2
        assert all(delay >= 0 for delay in here.delays_s)


def test_cameras_keep_their_order_over_a_receiver_that_fails_at_random(receiver: Receiver, tmp_path: Path) -> None:
    receiver.answer = lambda number, post: 503 if number % 5 == 3 else None if number % 11 == 7 else 204
    with office(tmp_path, receiver.sink()) as here:
        here.happens(*MANY[:70])
        here.happens(*MANY[70:])
        receiver.until(len(MANY))
        here.until_nothing_waits()
    assert by_camera(receiver) == expected(MANY)
    assert here.deliveries.states()[0].failures > 0


def test_a_receiver_that_was_down_gets_everything_afterwards(
    receiver: Receiver, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with office(tmp_path, receiver.sink()) as here:
        here.happens(*MANY[:20])
        receiver.until(20)
        here.until_counted(20)
        receiver.stop()
        here.happens(*MANY[20:])
        wait_until(lambda: here.state().state == "failing", WAIT_S, "it is noticed")
        state = here.state()
        assert (state.reason, state.waiting, state.delivered) == ("connection refused", 120, 20)
        assert state.faults(state.since + timedelta(minutes=12)) == [
            "webhook 'ioc' has not taken anything for 12 min: connection refused; 120 wait"
        ]
        receiver.start()
        receiver.until(len(MANY))
        here.until_counted(len(MANY))
        assert here.state().state == "delivering"
    assert by_camera(receiver) == expected(MANY)
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert told == [
        "webhook 'ioc' takes nothing, events wait: connection refused",
        "webhook 'ioc' takes events again",
    ], "once when it fails, once when it is back"


def test_a_slow_receiver_holds_up_neither_the_store_nor_other_sinks(receiver: Receiver, tmp_path: Path) -> None:
    gate = threading.Event()

    def waits(number: int, post: object) -> int:
        gate.wait(WAIT_S)
        return 204

    receiver.answer = waits
    log = Jsonl.model_validate({"id": "log", "path": tmp_path / "log.jsonl", "routes": [{}]})
    with office(tmp_path, receiver.sink(), log) as here:
        here.happens(*MANY)
        wait_until(lambda: here.outbox.backlogs().keys() == {"ioc"}, WAIT_S, "the file has everything")
        assert len((tmp_path / "log.jsonl").read_text().splitlines()) == len(MANY)
        assert receiver.posts == []
        gate.set()
        receiver.until(len(MANY))
    assert by_camera(receiver) == expected(MANY)


def test_what_is_refused_is_put_aside_and_the_rest_goes_on(receiver: Receiver, tmp_path: Path) -> None:
    bad = MANY[3].id
    receiver.answer = lambda number, post: 422 if post.headers["webhook-id"] == bad else 204
    with office(tmp_path, receiver.sink(tries=2)) as here:
        here.happens(*MANY)
        receiver.until(len(MANY) - 1)
        here.until_nothing_waits()
        state = here.state()
        assert (state.state, state.dead) == ("delivering", 1)
        assert state.faults(NOON) == ["webhook 'ioc': 1 event put aside; `ngatu sinks dead ioc` shows why"]
        (dead,) = here.outbox.dead("ioc")
        assert (dead.message.event["id"], dead.tries) == (bad, 2)
        assert dead.reason == "the receiver answers 422: it does not take this event"
        assert [post.headers["webhook-id"] for post in receiver.all].count(bad) == 2
        receiver.answer = lambda number, post: 204
        assert here.outbox.replay("ioc") == 1
        here.deliveries.wake_all("ioc")
        receiver.until(len(MANY))
        here.until_nothing_waits()
        assert here.state().dead == 0
    assert receiver.ids()[-1] == bad


def test_a_refusal_among_many_that_are_sent_at_once_is_found(tmp_path: Path) -> None:
    picky = Picky.model_validate({"id": "picky", "routes": [{}], "taken": [], "tries": 1})
    with office(tmp_path, picky) as here:
        here.happens(*MANY[:10])
        here.until_nothing_waits()
        (dead,) = here.outbox.dead()
        assert (dead.message.seq, dead.reason) == (4, "no fours")
    assert sorted(picky.taken) == [1, 2, 3, 5, 6, 7, 8, 9, 10]


def test_what_a_receiver_never_takes_is_put_aside_at_last(receiver: Receiver, tmp_path: Path) -> None:
    receiver.answer = lambda number, post: 503
    with office(tmp_path, receiver.sink(give_up_after_h=1e-6)) as here:
        here.happens(*MANY[:5])
        here.until_nothing_waits()
        assert {one.reason for one in here.outbox.dead("ioc")} == {"the receiver answers 503: not now"}
        wait_until(lambda: here.state().state == "delivering", WAIT_S, "nobody waits for it any more")


def test_what_waits_at_the_end_is_sent_by_the_next_server(receiver: Receiver, tmp_path: Path) -> None:
    receiver.stop()
    with office(tmp_path, receiver.sink()) as here:
        here.happens(*MANY)
    receiver.start()
    with office(tmp_path, receiver.sink()) as here:
        receiver.until(len(MANY))
        here.until_nothing_waits()
    assert by_camera(receiver) == expected(MANY)


def test_stopping_sends_what_can_be_sent(receiver: Receiver, tmp_path: Path) -> None:
    with office(tmp_path, receiver.sink()) as here:
        here.happens(*MANY[:20])
    assert by_camera(receiver) == expected(MANY[:20])


def test_a_sending_that_does_not_come_back_is_broken_off_at_the_end(receiver: Receiver, tmp_path: Path) -> None:
    gate = threading.Event()
    receiver.answer = lambda number, post: 204 if gate.wait(WAIT_S) else 500
    with office(tmp_path, receiver.sink(timeout_s=600)) as here:
        here.happens(*MANY[:5])
        wait_until(receiver._lock.locked, WAIT_S, "it is being sent")
    gate.set()
    with Outbox.open(f"sqlite:///{tmp_path}/ngatu.db") as outbox:
        assert outbox.backlogs()["ioc"].waiting == 5


def test_a_locked_database_makes_nothing_be_sent_twice(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: list[StoreError] = []
    remove = Outbox.taken

    def taken(outbox: Outbox, sink: str, seqs: Collection[int]) -> None:
        try:
            remove(outbox, sink, seqs)
        except StoreError as error:
            failed.append(error)
            raise

    monkeypatch.setattr(Outbox, "taken", taken)
    with office(tmp_path, receiver.sink()) as here:
        gate = threading.Event()
        receiver.answer = lambda number, post: 204 if gate.wait(WAIT_S) else 500
        here.happens(*MANY[:1])
        wait_until(receiver._lock.locked, WAIT_S, "it is being sent")
        other = sqlite3.connect(here.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        gate.set()
        wait_until(lambda: failed, WAIT_S, "it can't be removed from the outbox")
        other.execute("ROLLBACK")
        other.close()
        here.until_nothing_waits()
    assert receiver.ids() == [MANY[0].id]


def test_a_fault_of_ours_ends_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with office(tmp_path, Clumsy.model_validate({"id": "clumsy", "routes": [{}]})) as here:
        here.happens(*MANY[:3])
        here.until_counted(3)
        assert here.state().delivered == 3
    assert "clumsy 'clumsy': sending failed by a fault of ours" in caplog.text


def test_what_is_left_of_sinks_that_are_no_more_is_known(receiver: Receiver, tmp_path: Path) -> None:
    receiver.stop()
    with office(tmp_path, receiver.sink()) as here:
        here.happens(*MANY[:3])
        assert here.deliveries.strangers() == {}
    with office(tmp_path) as here:
        assert here.deliveries.strangers()["ioc"].waiting == 3


def test_a_database_that_can_not_be_read_is_no_reason_to_say_nothing(receiver: Receiver, tmp_path: Path) -> None:
    with office(tmp_path, receiver.sink()) as here:
        here.happens(*MANY[:1])
        here.until_nothing_waits()
        connection = sqlite3.connect(here.path)
        connection.execute("ALTER TABLE deliveries RENAME TO elsewhere")
        state = here.state()
        assert (state.waiting, state.dead) == (None, None)
        failing = replace(state, state="failing", reason="connection refused")
        assert failing.faults(failing.since + timedelta(seconds=90)) == [
            "webhook 'ioc' has not taken anything for 90 s: connection refused"
        ]
        assert "for 3 h:" in failing.faults(failing.since + timedelta(hours=3.5))[0]
        connection.execute("ALTER TABLE elsewhere RENAME TO deliveries")
        connection.commit()
        connection.close()


class Picky(Sink):
    """Takes all but the fourth change."""

    kind: Literal["picky"] = "picky"
    at_once: ClassVar[int] = 10
    taken: list[int]

    def connect(self) -> "PickyConnection":
        return PickyConnection(self.taken)


class PickyConnection:
    def __init__(self, taken: list[int]) -> None:
        self._taken = taken

    def send(self, messages: Sequence[Message]) -> None:
        if any(message.seq == 4 for message in messages):
            raise Refused("no fours")
        self._taken += [message.seq for message in messages]

    def close(self) -> None:
        pass


class Clumsy(Sink):
    """Has a fault of its own the first time."""

    kind: Literal["clumsy"] = "clumsy"

    def connect(self) -> "ClumsyConnection":
        return ClumsyConnection()


class ClumsyConnection:
    def __init__(self) -> None:
        self._times = 0

    def send(self, messages: Sequence[Message]) -> None:
        self._times += 1
        if self._times == 1:
            raise KeyError("x")
        if self._times == 2:
            raise Unreachable("not now")

    def close(self) -> None:
        pass
