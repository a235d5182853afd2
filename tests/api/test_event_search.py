import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from api.event_search import MOST_LEGS, EventFilter, StoredEvent
from api.store import Store
from tests.api.databases import both_databases
from tests.api.stage import NOON, WAIT_S, incident, passage
from vision.events import Event, LabelWord

CAMERAS = ("road", "gate", "bridge")
LABELS: Sequence[LabelWord] = ("car", "bus", "motorcycle")
FILTERS = [
    EventFilter(),
    EventFilter(families=("passage",)),
    EventFilter(families=("passage", "incident")),
    EventFilter(cameras=("gate",)),
    EventFilter(cameras=("road", "bridge"), labels=("bus",)),
    EventFilter(kinds=("movement",)),
    EventFilter(kinds=("movement", "intrusion"), labels=("car", "person")),
    EventFilter(labels=("motorcycle",)),
    EventFilter(cameras=CAMERAS, kinds=("line_crossing",), since=NOON + timedelta(seconds=50)),
    EventFilter(families=("incident",), until=NOON + timedelta(seconds=150)),
    EventFilter(cameras=("nowhere",)),
    EventFilter(families=("violation",)),
    EventFilter(kinds=("intrusion",), labels=("bus",)),
]


def street() -> list[Event]:
    """Events of three cameras, several at once, in no order."""
    passages: list[Event] = [
        passage(number, camera=camera, kind=kind, label=label)
        for number, (camera, kind, label) in enumerate(
            (camera, kind, label)
            for _ in range(15)
            for camera in CAMERAS
            for kind in ("line_crossing", "movement")
            for label in LABELS
        )
    ]
    events = [
        *passages,
        *(passage(275, camera=camera) for camera in CAMERAS),
        *(incident(n) for n in range(0, 200, 40)),
    ]
    random.Random(6).shuffle(events)
    return events


def written(store: Store, events: Sequence[Event]) -> None:
    store.add(events)
    assert store.flush(WAIT_S)


def fits(event: Event, wanted: EventFilter) -> bool:
    return (
        (not wanted.cameras or event.camera in wanted.cameras)
        and (not wanted.kinds or event.kind in wanted.kinds)
        and (not wanted.families or event.family in wanted.families)
        and (not wanted.labels or event.label in wanted.labels)
        and (wanted.since is None or event.at >= wanted.since)
        and (wanted.until is None or event.at < wanted.until)
    )


def paged(store: Store, wanted: EventFilter, limit: int) -> Iterator[StoredEvent]:
    page = store.page(wanted, limit)
    yield from page.items
    while page.next:
        page = store.page(wanted, limit, page.next)
        yield from page.items


@both_databases
@pytest.mark.parametrize("most_legs", [MOST_LEGS, 2], ids=["by series", "by time"])
def test_every_filter_finds_what_looking_at_all_events_finds(
    store: Store, most_legs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.event_search.MOST_LEGS", most_legs)
    events = street()
    written(store, events)
    for wanted in FILTERS:
        order = sorted(((event.at, event.id) for event in events if fits(event, wanted)), reverse=True)
        ids = [event_id for _, event_id in order]
        assert [event.id for event in paged(store, wanted, 7)] == ids
        assert [event.id for event in store.each(wanted, 10)] == ids[::-1]


@contextmanager
def asked(store: Store) -> Iterator[list[tuple[str, Any]]]:
    """What the database is asked meanwhile, with the values."""
    questions: list[tuple[str, Any]] = []

    def note(*call: object) -> None:
        questions.append((str(call[2]), call[3]))

    sa.event.listen(store._engine, "before_cursor_execute", note)
    yield questions
    sa.event.remove(store._engine, "before_cursor_execute", note)


def plan(store: Store, question: tuple[str, Any]) -> list[str]:
    """How SQLite goes about a question."""
    with store._engine.connect() as connection:
        raw = connection.connection.cursor()
        raw.execute(f"EXPLAIN QUERY PLAN {question[0]}", question[1])
        return [row[-1] for row in raw.fetchall()]


@pytest.mark.parametrize("deep", [False, True], ids=["first page", "deep page"])
@pytest.mark.parametrize("wanted", FILTERS, ids=str)
def test_no_page_reads_all_events(store: Store, wanted: EventFilter, deep: bool) -> None:
    written(store, street())
    cursor = store.page(EventFilter(), 30).next if deep else None
    with asked(store) as questions:
        store.page(wanted, 10, cursor)
    for step in (step for question in questions if "FROM events" in question[0] for step in plan(store, question)):
        # By the index of time it may be read from its end until there are enough.
        assert " events" not in step or "SEARCH events" in step or step == "SCAN events USING INDEX events_by_time", (
            step
        )


@pytest.mark.parametrize("wanted", FILTERS, ids=str)
def test_no_summary_reads_more_events_than_those_of_two_hours(store: Store, wanted: EventFilter) -> None:
    written(store, street())
    since, until = NOON - timedelta(hours=2, minutes=1), NOON + timedelta(hours=3, minutes=1)
    with asked(store) as questions:
        store.summary(replace(wanted, since=since, until=until))
    steps = [step for question in questions for step in plan(store, question) if "events" in step]
    assert steps == ["SEARCH events USING INDEX events_by_time (at_us>? AND at_us<?)"] * 2


def test_the_events_of_a_series_are_handed_out_in_the_order_of_time(store: Store) -> None:
    written(store, street())
    for wanted in (EventFilter(kinds=("intrusion",)), EventFilter(cameras=("road",), kinds=("intrusion",))):
        with asked(store) as questions:
            store.page(wanted, 10)
            list(store.each(wanted))
        for question in questions:
            if "FROM events" in question[0]:
                assert not [step for step in plan(store, question) if "TEMP B-TREE" in step], "nothing is sorted"
