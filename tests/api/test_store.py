import logging
import os
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from api.errors import EventsLost, StoreError
from api.event_search import EventFilter, StoredEvent
from api.store import Store
from tests.api.databases import PostgreSQL, both_databases, tell, writing_elsewhere
from tests.api.stage import NOON, WAIT_S, incident, passage

ALL = EventFilter()


def written(store: Store, *events: Any) -> None:
    store.add(events)
    assert store.flush(WAIT_S)


def numbers(events: Sequence[StoredEvent]) -> list[int]:
    return [round(event.at_us / 1e6 - NOON.timestamp()) for event in events]


@both_databases
@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (ALL, [5, 4, 3, 2, 1]),
        (EventFilter(cameras=("gate",)), [3]),
        (EventFilter(cameras=("gate", "road")), [5, 4, 3, 2, 1]),
        (EventFilter(kinds=("intrusion",)), [5]),
        (EventFilter(kinds=("movement", "intrusion")), [5, 4]),
        (EventFilter(families=("incident",)), [5]),
        (EventFilter(labels=("bus", "person")), [5, 2]),
        (EventFilter(cameras=("road",), labels=("car",)), [4, 1]),
        (EventFilter(since=NOON + timedelta(seconds=3)), [5, 4, 3]),
        (EventFilter(until=NOON + timedelta(seconds=3)), [2, 1]),
        (EventFilter(since=NOON + timedelta(seconds=2), until=NOON + timedelta(seconds=4)), [3, 2]),
        (EventFilter(cameras=("nowhere",)), []),
        (EventFilter(cameras=("road' OR '1'='1",)), []),
        (EventFilter(kinds=("'; DROP TABLE events; --",)), []),
    ],
)
def test_a_filter_finds_what_fits(store: Store, wanted: EventFilter, found: list[int]) -> None:
    written(
        store,
        passage(1),
        passage(2, label="bus"),
        passage(3, camera="gate"),
        passage(4, kind="movement"),
        incident(5),
    )
    assert numbers(store.page(wanted, 10).items) == found


@both_databases
def test_pages_miss_and_repeat_nothing_while_events_arrive(store: Store) -> None:
    written(store, *(passage(number) for number in range(100)))
    seen: list[int] = []
    cursor, pages = None, 0
    while True:
        page = store.page(ALL, 7, cursor)
        seen += numbers(page.items)
        pages += 1
        written(store, passage(100 + pages), passage(200 + pages))
        cursor = page.next
        if cursor is None:
            break
    assert seen == list(range(99, -1, -1))
    assert pages == 15


@both_databases
def test_events_of_the_same_moment_are_paged_by_id(store: Store) -> None:
    same = [passage(1, camera=f"cam-{number}") for number in range(9)]
    written(store, *same)
    first = store.page(ALL, 5)
    second = store.page(ALL, 5, first.next)
    assert second.next is None
    together = [event.id for event in first.items + second.items]
    assert together == sorted((event.id for event in same), reverse=True)


@both_databases
def test_the_same_event_twice_is_one(store: Store) -> None:
    changes: list[StoredEvent] = []
    store.on_written(changes.extend)
    written(store, passage(1), passage(1))
    written(store, passage(1), passage(2))
    assert numbers(store.page(ALL, 10).items) == [2, 1]
    assert numbers(changes) == [1, 2]
    assert store.state().lost == 0


@both_databases
def test_an_incident_that_ends_changes_its_row_and_is_told_again(store: Store) -> None:
    written(store, incident(1), passage(2))
    before = store.last_seq()
    written(store, incident(1, ended_s=9.0))
    (change,) = store.changes_after(before, 10)
    assert change.id == incident(1).id
    assert '"status":"ended"' in change.payload
    assert numbers(store.page(ALL, 10).items) == [2, 1]
    assert store.get(incident(1).id) == change


@both_databases
def test_an_incident_does_not_begin_again_after_its_end(store: Store) -> None:
    written(store, incident(1), incident(1, ended_s=9.0))
    before = store.last_seq()
    written(store, incident(1), incident(1, ended_s=9.0))
    assert store.changes_after(before, 10) == []
    (kept,) = store.page(ALL, 10).items
    assert '"status":"ended"' in kept.payload


@both_databases
def test_an_incident_that_begins_and_ends_in_one_batch_is_told_twice(store: Store) -> None:
    changes: list[StoredEvent] = []
    store.on_written(changes.extend)
    written(store, incident(1), incident(1, ended_s=1.1))
    assert ['"began"' in change.payload for change in changes] == [True, False]
    assert changes[0].seq < changes[1].seq
    assert [event.seq for event in store.page(ALL, 10).items] == [changes[1].seq]


@both_databases
def test_change_numbers_go_on_after_a_restart(database: str) -> None:
    with Store.open(database) as store:
        written(store, passage(1))
        last = store.last_seq()
    with Store.open(database) as store:
        assert numbers(store.page(ALL, 10).items) == [1]
        assert store.last_seq() == last
        written(store, passage(2))
        assert [change.seq > last for change in store.changes_after(last, 10)] == [True]


@both_databases
def test_closing_writes_what_waits(database: str) -> None:
    store = Store.open(database)
    store.add(passage(number) for number in range(3000))
    assert store.close() == 0
    assert store.close() == 0
    with Store.open(database) as store:
        assert len(store.page(ALL, 5000).items) == 3000


@contextmanager
def small_pages(path: Path) -> Iterator[Callable[[], None]]:
    """The database may not grow: SQLite's own limit, which ends in the same error as a full disk."""
    limit = {"pages": 60}

    def restrict(connection: Any, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {limit['pages']}")

    sa.event.listen(sa.pool.Pool, "checkout", restrict)
    try:
        yield lambda: limit.update(pages=1_000_000)
    finally:
        sa.event.remove(sa.pool.Pool, "checkout", restrict)


@contextmanager
def small_disk(path: Path) -> Iterator[Callable[[], None]]:
    """The database's folder becomes a disk of 40 MB, full but for a little."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    mount = ["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let us mount a small disk")
    ballast = path / "ballast"
    try:
        ballast.write_bytes(bytes(38_500_000))
        yield ballast.unlink
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


@pytest.mark.parametrize("full", [small_pages, small_disk])
def test_a_full_disk_loses_nothing(
    tmp_path: Path, full: Callable[[Path], Any], caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    with full(folder) as make_room, Store.open(f"sqlite:///{folder}/ngatu.db") as store:
        store.add(passage(number) for number in range(6000))
        wait_for(lambda: not store.state().writing)
        state = store.state()
        assert state.reason == "database or disk is full"
        assert state.pending > 0
        assert state.lost == 0
        store.add([passage(6000)])
        assert store.last_seq() == state.written, "reading goes on"
        make_room()
        assert store.flush(WAIT_S)
        assert store.state().writing
        assert store.state().reason is None
        assert numbers(store.page(ALL, 7000).items) == list(range(6000, -1, -1))
    told = [record.levelno for record in caplog.records if record.name == "api.writer"]
    assert told == [logging.ERROR, logging.WARNING], "once when it fails, once when it is back"


@both_databases
def test_a_locked_database_is_waited_for(database: str) -> None:
    reasons = {"sqlite": "database is locked", "postgresql": "canceling statement due to lock timeout"}
    with Store.open(database) as store:
        written(store, passage(1))
        with writing_elsewhere(database):
            store.add([passage(2)])
            wait_for(lambda: store.state().reason == reasons[sa.make_url(database).get_backend_name()])
            assert numbers(store.page(ALL, 10).items) == [1], "reading goes on"
        assert store.flush(WAIT_S)
        assert numbers(store.page(ALL, 10).items) == [2, 1]


def test_a_server_that_lost_its_power_is_found_again(postgresql: PostgreSQL) -> None:
    with postgresql.database() as url, Store.open(url) as store:
        written(store, passage(1))
        postgresql.stop()
        try:
            store.add([passage(2)])
            wait_for(lambda: not store.state().writing)
            with pytest.raises(StoreError, match="can't be read"):
                store.page(ALL, 10)
        finally:
            postgresql.start()
        assert numbers(store.page(ALL, 10).items)[-1:] == [1], "the first question is answered at once"
        assert store.flush(WAIT_S)
        assert numbers(store.page(ALL, 10).items) == [2, 1]
        assert store.state().lost == 0


def test_what_finds_no_room_is_counted_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    url = f"sqlite:///{tmp_path}/ngatu.db"
    with Store.open(url, capacity=5) as store:
        with writing_elsewhere(url):
            store.add(passage(number) for number in range(8))
            store.add([passage(8)])
            assert store.state().lost == 4
            assert store.state().pending == 5
        assert store.flush(WAIT_S)
        assert numbers(store.page(ALL, 10).items) == [4, 3, 2, 1, 0], "what was accepted is kept"
        written(store, passage(9))
        assert store.state().lost == 4
    assert [record.message for record in caplog.records if "being lost" in record.message] == [
        "events are being lost: 5 wait already and can't be written (the database is too slow)"
    ]


def test_what_can_not_be_saved_at_the_end_is_said(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ngatu.db"
    store = Store.open(url)
    with writing_elsewhere(url):
        store.add([passage(1), passage(2)])
        assert store.close(timeout_s=0) == 2
        with pytest.raises(EventsLost, match=rf"not saved in {url}: 2 events \(database is locked\)"), store:
            pass


def test_what_can_not_be_saved_does_not_hide_why_the_end_came(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    url = f"sqlite:///{tmp_path}/ngatu.db"
    store = Store.open(url)
    with writing_elsewhere(url):
        store.add([passage(1)])
        assert store.close(timeout_s=0) == 1
        with pytest.raises(ZeroDivisionError), store:
            raise ZeroDivisionError
    assert f"lost at the end, not saved in {url}: 1 event (database is locked)" in caplog.messages


@both_databases
def test_an_event_that_can_not_be_stored_holds_up_no_other(store: Store) -> None:
    poison = passage(2).model_copy(update={"camera": "\ud800"})
    written(store, passage(1), poison, passage(3))
    assert numbers(store.page(ALL, 10).items) == [3, 1]
    assert store.state().lost == 1
    assert store.state().writing


def test_a_listener_that_fails_stops_nothing(store: Store) -> None:
    told: list[int] = []

    def fail(_: Sequence[StoredEvent]) -> None:
        raise RuntimeError("not today")

    store.on_written(fail)
    store.on_written(lambda changes: told.extend(numbers(changes)))
    written(store, passage(1))
    written(store, passage(2))
    assert told == [1, 2]


@both_databases
def test_many_threads_may_add_and_read(store: Store) -> None:
    def work(first: int) -> None:
        for number in range(first, first + 200):
            store.add([passage(number)])
            store.page(ALL, 3)

    threads = [threading.Thread(target=work, args=(1000 * index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.flush(WAIT_S)
    assert len(store.page(ALL, 1000).items) == 800


@both_databases
def test_a_store_that_can_not_be_read_says_so(database: str) -> None:
    with Store.open(database) as store:
        tell(database, "DROP TABLE events", "DROP TABLE changes")
        for read in (lambda: store.page(ALL, 1), lambda: store.get("x"), store.last_seq):
            with pytest.raises(StoreError, match=r"can't be read: (no such table: \w+|relation .\w+. does not exist)$"):
                read()


@both_databases
def test_an_id_that_no_event_can_have_is_unknown(store: Store) -> None:
    written(store, passage(1))
    for nonsense in ("", "\0", "' OR '1'='1", "ÿ" * 64):
        assert store.get(nonsense) is None


def wait_for(condition: Callable[[], bool]) -> None:
    """Looks until the condition holds; for states that nothing else tells of."""
    pause = threading.Event()
    for _ in range(int(WAIT_S / 0.02)):
        if condition():
            return
        pause.wait(0.02)
    raise AssertionError("waited in vain")
