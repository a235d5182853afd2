from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.errors import StoreError
from api.event_search import StoredEvent
from api.outbox import LANES, Backlog, Delivery, Outbox, deliveries_table, lane_of, row_of
from tests.api.stage import NOON, passage

ALL = range(LANES)


@pytest.fixture(name="url")
def fixture_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/ngatu.db"


@pytest.fixture(name="outbox")
def fixture_outbox(url: str) -> Iterator[Outbox]:
    with Outbox.open(url) as outbox:
        yield outbox


def put(url: str, sink: str, *seqs: int, camera: str = "road", noted: datetime = NOON) -> None:
    engine = sa.create_engine(url)
    rows = []
    for seq in seqs:
        event = passage(seq, camera=camera)
        stored = StoredEvent(seq, event.id, 0, camera, event.kind, event.model_dump_json(by_alias=True))
        rows.append(row_of(sink, stored, noted))
    with engine.begin() as connection:
        connection.execute(sa.insert(deliveries_table), rows)
    engine.dispose()


def seqs(deliveries: list[Delivery]) -> list[int]:
    return [one.message.seq for one in deliveries]


def test_what_waits_comes_in_the_order_of_events_until_it_is_taken(url: str, outbox: Outbox) -> None:
    put(url, "ioc", 3, 1, 2)
    put(url, "log", 1)
    assert seqs(outbox.waiting("ioc", ALL, 10)) == [1, 2, 3]
    assert seqs(outbox.waiting("ioc", ALL, 2)) == [1, 2]
    outbox.taken("ioc", [1, 3])
    assert seqs(outbox.waiting("ioc", ALL, 10)) == [2]
    assert seqs(outbox.waiting("log", ALL, 10)) == [1], "what one sink has taken, another has not"
    (one,) = outbox.waiting("log", ALL, 10)
    assert (one.noted, one.message.event["id"], one.message.camera) == (NOON, passage(1).id, "road")


def test_cameras_are_spread_over_lanes_and_each_stays_in_its_own(url: str, outbox: Outbox) -> None:
    cameras = [f"camera-{number}" for number in range(40)]
    for seq, camera in enumerate(cameras):
        put(url, "ioc", seq, camera=camera)
    shares = [seqs(outbox.waiting("ioc", range(number, LANES, 4), 100)) for number in range(4)]
    assert sorted(seq for share in shares for seq in share) == list(range(40))
    assert min(map(len, shares)) >= 4, "none of them is idle"
    assert lane_of("cau-vuot-1") == 37, "in every version: what waits was written with it"


def test_what_is_refused_again_and_again_is_put_aside_replayed_and_dropped(url: str, outbox: Outbox) -> None:
    put(url, "ioc", 1, 2)
    assert not outbox.refused("ioc", 1, "answers 422", 2)
    assert seqs(outbox.waiting("ioc", ALL, 10)) == [1, 2]
    assert outbox.refused("ioc", 1, "answers 400", 2)
    assert seqs(outbox.waiting("ioc", ALL, 10)) == [2]
    assert outbox.backlogs() == {"ioc": Backlog(waiting=1, dead=1)}
    (dead,) = outbox.dead()
    assert (dead.sink, dead.tries, dead.reason) == ("ioc", 2, "answers 400")
    assert outbox.replay("ioc", ["another"]) == outbox.replay("log") == 0
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    assert outbox.replay("ioc", [passage(1).id]) == 1
    again = outbox.waiting("ioc", ALL, 10)
    assert seqs(again) == [1, 2]
    assert again[0].tries == 0
    assert again[0].noted >= before, "it is not given up at once for its age"
    assert outbox.drop("ioc") == 0, "what waits is not dropped by mistake"
    assert outbox.drop("ioc", [passage(2).id], waiting=True) == 1
    assert outbox.drop("ioc", waiting=True) == 1
    assert outbox.backlogs() == {}


def test_what_has_waited_for_too_long_is_put_aside(url: str, outbox: Outbox) -> None:
    put(url, "ioc", 1, 2)
    put(url, "ioc", 3, noted=NOON + timedelta(hours=1))
    put(url, "log", 1)
    assert outbox.give_up("ioc", NOON + timedelta(minutes=1), "connection refused") == 2
    assert seqs(outbox.dead("ioc")) == [1, 2]
    assert [one.reason for one in outbox.dead("ioc", limit=1)] == ["connection refused"]
    assert seqs(outbox.dead("ioc", after=1)) == [2]
    assert outbox.dead("log") == []
    assert seqs(outbox.waiting("ioc", ALL, 10)) == [3]


def test_a_database_that_lost_its_tables_is_said(url: str, outbox: Outbox) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE deliveries"))
    engine.dispose()
    with pytest.raises(StoreError, match="the outbox can't be read: no such table"):
        outbox.backlogs()
    with pytest.raises(StoreError, match="the outbox can't be written: no such table"):
        outbox.replay("ioc")
