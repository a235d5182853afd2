from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
import sqlalchemy as sa
from alembic import command

from api.database import alembic_config
from api.event_counts import Series, Summary
from api.event_search import EventFilter
from api.store import Store
from tests.api.databases import both_databases
from tests.api.stage import NOON, WAIT_S, Stage, incident, passage
from vision.events import Event


def day() -> list[Event]:
    """Events of 24 hours, one every 7 minutes, and one before 1970."""
    events: list[Event] = [
        passage(420 * number, camera=("road", "gate")[number % 2], label=("car", "bus", "truck")[number % 3])
        for number in range(200)
    ]
    old = passage(1).model_copy(update={"id": "old", "at": datetime(1969, 12, 31, 23, 30, tzinfo=UTC)})
    return [*events, incident(100), incident(100, ended_s=5000.0), old]


def written(store: Store, events: Sequence[Event]) -> None:
    store.add(events)
    assert store.flush(WAIT_S)


def by_hand(events: Sequence[Event], since: datetime | None = None, until: datetime | None = None) -> Summary:
    once = {event.id: event for event in events}.values()
    within = [event for event in once if (since is None or event.at >= since) and (until is None or event.at < until)]
    series = Counter(Series(event.camera, event.family, event.kind, event.label or "") for event in within)
    hours = Counter(event.at.replace(minute=0, second=0, microsecond=0) for event in within)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return Summary(dict(series), {round((hour - epoch).total_seconds()) * 1_000_000: n for hour, n in hours.items()})


@both_databases
def test_every_time_has_the_events_that_lie_in_it(store: Store) -> None:
    events = day()
    for event in events:  # as they come: hours are counted bit by bit
        store.add([event])
    assert store.flush(WAIT_S)
    assert store.summary(EventFilter()) == by_hand(events)
    minutes = [0, 1, 7, 59, 60, 61, 119, 120, 300, 301, 719, 1440, 3000]
    moments = [NOON + timedelta(minutes=minute) for minute in minutes]
    for first, second in [*pairwise(moments), (moments[1], moments[-2]), (moments[2], moments[-1])]:
        assert store.summary(EventFilter(since=first, until=second)) == by_hand(events, first, second)
        assert store.summary(EventFilter(since=first)) == by_hand(events, first)
        assert store.summary(EventFilter(until=first)) == by_hand(events, None, first)


@both_databases
def test_a_summary_is_of_what_fits(store: Store) -> None:
    events = day()
    written(store, events)
    since, until = NOON + timedelta(minutes=30), NOON + timedelta(hours=5, minutes=30)
    wanted = EventFilter(cameras=("gate",), labels=("car", "bus"), families=("passage",), since=since, until=until)
    chosen = [event for event in events if event.camera == "gate" and event.label in ("car", "bus")]
    assert store.summary(wanted) == by_hand(chosen, since, until)
    assert store.summary(EventFilter(kinds=("speeding",))) == Summary({}, {})


@both_databases
def test_what_comes_twice_is_counted_once(store: Store) -> None:
    for _ in range(2):
        written(store, [passage(1), passage(1), incident(2), incident(2, ended_s=9.0)])
    assert sum(store.summary(EventFilter()).series.values()) == 2


@both_databases
def test_events_of_before_are_counted_by_the_migration(database: str) -> None:
    with Store.open(database) as store:
        written(store, day())
        before, kinds = store.summary(EventFilter()), store.kinds()
    engine = sa.create_engine(database)
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), "0003")
        assert "counts" not in sa.inspect(connection).get_table_names()
    engine.dispose()
    with Store.open(database) as store:
        assert store.summary(EventFilter()) == before
        assert store.kinds() == kinds
        written(store, [passage(1_000_000)])
        assert sum(store.summary(EventFilter()).series.values()) == sum(before.series.values()) + 1


@both_databases
def test_the_route_tells_a_day(stage: Stage) -> None:
    written(stage.store, [passage(n, label="bus") for n in range(3)] + [incident(5), passage(4000, camera="gate")])
    query = {"from": "2026-11-24T00:00:00+07:00", "to": "2026-11-25T00:00:00+07:00"}
    answer = stage.client.get("/api/v1/events/summary", params=query).json()
    assert answer == {
        "from": "2026-11-23T17:00:00.000Z",
        "to": "2026-11-24T17:00:00.000Z",
        "total": 5,
        "items": [
            {"camera": "gate", "family": "passage", "kind": "line_crossing", "label": "car", "count": 1},
            {"camera": "road", "family": "incident", "kind": "intrusion", "label": "person", "count": 1},
            {"camera": "road", "family": "passage", "kind": "line_crossing", "label": "bus", "count": 3},
        ],
        "hours": [
            {"at": "2026-11-24T05:00:00.000Z", "count": 4},
            {"at": "2026-11-24T06:00:00.000Z", "count": 1},
        ],
    }
    only = stage.client.get("/api/v1/events/summary", params=query | {"family": "incident"}).json()
    assert (only["total"], len(only["items"])) == (1, 1)


def test_without_a_time_it_is_today_where_the_site_is(stage: Stage) -> None:
    began = stage.client.get("/api/v1/events/summary").json()["from"]
    assert began.endswith("T17:00:00.000Z"), "midnight in Sóc Trăng"
    midnight = datetime.fromisoformat(began)
    before = midnight - timedelta(microseconds=1)
    written(stage.store, [passage(n).model_copy(update={"at": at}) for n, at in enumerate((midnight, before))])
    answer = stage.client.get("/api/v1/events/summary").json()
    assert answer["to"] is None
    assert answer["from"] != began or answer["total"] == 1, "unless a new day has just begun"


def test_without_a_begin_it_is_the_day_of_the_end(stage: Stage) -> None:
    written(stage.store, [incident(1).model_copy(update={"label": None, "at": datetime(2024, 5, 1, 12, tzinfo=UTC)})])
    for end in ("2024-05-01T17:00:00Z", "2024-05-02T00:00:00+07:00", "2024-05-01T12:00:00.000001Z"):
        answer = stage.client.get("/api/v1/events/summary", params={"to": end}).json()
        assert answer["from"] == "2024-04-30T17:00:00.000Z"
        assert [one["label"] for one in answer["items"]] == [None]
    assert stage.client.get("/api/v1/events/summary?to=2024-05-01T12:00:00Z").json()["total"] == 0


@pytest.mark.parametrize("query", ["limit=5", "camera=", "from=2026-11-24T05:00:00Z&to=2026-11-24T05:00:00Z"])
def test_a_summary_of_nonsense_is_a_problem(idle: Stage, query: str) -> None:
    answer = idle.client.get(f"/api/v1/events/summary?{query}")
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:ngatu:invalid-request")
