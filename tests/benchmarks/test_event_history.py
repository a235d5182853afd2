from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import TypeAdapter

from api.event_search import EventFilter
from api.schema import events_table
from api.store import Store
from benchmarks.event_history import DAYS, KINDS, write_history
from vision.events import Event

NOW = datetime(2026, 11, 24, 7, 30, tzinfo=UTC)
EVENTS = 4000


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("history") / "store.db"
    made = write_history(path, EVENTS, NOW)
    assert (made.events, made.began, made.ended) == (
        EVENTS,
        NOW.replace(hour=0, minute=0) - timedelta(DAYS),
        made.ended,
    )
    return f"sqlite:///{path}"


def test_every_event_is_one_as_the_program_writes_it(history: str) -> None:
    with Store.open(history) as store:
        stored = list(store.each(EventFilter()))
    assert len({event.id for event in stored}) == EVENTS
    events = [TypeAdapter[Event](Event).validate_json(one.payload) for one in stored]
    for event, one in zip(events, stored, strict=True):
        assert (event.id, event.camera, event.kind) == (one.id, one.camera, one.kind)
        assert abs(event.at.timestamp() * 1e6 - one.at_us) < 1000
        assert event.model_dump_json(by_alias=True) == one.payload
        assert event.family == KINDS[event.kind][0]
    assert max(event.at for event in events) < NOW.replace(hour=0, minute=0)
    assert Counter(event.kind for event in events).most_common(1)[0][0] == "line_crossing"


def test_its_counts_are_those_of_its_events(history: str) -> None:
    with Store.open(history) as store:
        stored = list(store.each(EventFilter()))
        summary = store.summary(EventFilter())
        assert summary.series == Counter(
            (row.camera, row.family, row.kind, row.label or "")
            for row in (TypeAdapter[Event](Event).validate_json(one.payload) for one in stored)
        )
        assert sum(summary.hours.values()) == EVENTS
        assert store.last_seq() >= EVENTS


def test_it_has_the_indexes_of_the_store(history: str) -> None:
    engine = sa.create_engine(history)
    found = {index["name"] for index in sa.inspect(engine).get_indexes("events")}
    engine.dispose()
    assert found >= {index.name for index in events_table.indexes}
