from collections.abc import Sequence
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from api.event_search import EventFilter
from api.outbox import LANES, Outbox
from api.routing import Routing
from api.sink import Route, Sink, severity_of
from api.sinks.jsonl import Jsonl
from api.store import Store
from tests.api.stage import NOON, WAIT_S, incident, passage
from vision.events import Event, Incident, Violation, event_id

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")


def violation(number: int = 0, camera: str = "road") -> Violation:
    """A red light, `number` seconds after noon UTC."""
    common = passage(number, camera=camera, kind="red_light").model_dump(exclude={"family", "line", "direction"})
    common = {name: value for name, value in common.items() if name in Violation.model_fields}
    return Violation(**common | {"id": event_id(NOON, camera, "red", number), "fired_s": number + 1.0})


def blocked(number: int = 0, severity: Any = "info") -> Incident:
    return incident(number).model_copy(update={"severity": severity, "kind": "congestion", "rule": "jam"})


def sink(name: str, *routes: Any) -> Sink:
    return Jsonl.model_validate({"id": name, "path": "x.jsonl"} | ({"routes": routes} if routes else {}))


class Desk:
    """A store and the outbox beside it."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder}/ngatu.db"

    def sent(self, sinks: Sequence[Sink], *batches: Sequence[Event]) -> dict[str, list[str]]:
        """What each sink is sent when these batches are stored by one server: ids of messages."""
        routing = Routing(sinks, HANOI)
        with Store.open(self.url, beside=routing.note) as store:
            for batch in batches:
                store.add(batch)
                assert store.flush(WAIT_S)
        with Outbox.open(self.url) as outbox:
            return {one.id: [it.message.id for it in outbox.waiting(one.id, range(LANES), 1000)] for one in sinks}


@pytest.fixture(name="desk")
def fixture_desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_without_routes_violations_and_incidents_are_sent(desk: Desk) -> None:
    sent = desk.sent([sink("ioc")], [passage(1), violation(2), incident(3), incident(3, ended_s=9.0)])
    assert sent == {"ioc": [violation(2).id, f"{incident(3).id}-began", f"{incident(3).id}-ended"]}


@pytest.mark.parametrize(
    ("route", "fits"),
    [
        ({}, "pvic"),
        ({"families": ["passage"]}, "p"),
        ({"kinds": ["red_light", "intrusion"]}, "vi"),
        ({"cameras": ["gate"]}, ""),
        ({"cameras": ["gate", "road"]}, "pvic"),
        ({"severity": "warning"}, "vi"),
        ({"severity": "critical"}, "i"),
        ({"families": ["incident"], "kinds": ["congestion"]}, "c"),
        ({"families": ["passage"], "kinds": ["congestion"]}, ""),
        ({"schedule": {"hours": [{"from": "12:00", "to": "12:30"}]}}, "pvic"),
        ({"schedule": {"hours": [{"from": "05:00", "to": "05:30"}]}}, ""),
    ],
)
def test_all_that_a_route_says_must_fit(route: dict[str, Any], fits: str) -> None:
    """Noon of these events is 05:00 UTC, 12:00 on the clock of the site."""
    events: dict[str, Event] = {"p": passage(1), "v": violation(2), "i": incident(3), "c": blocked(4)}
    one = Route.model_validate(route)
    assert "".join(letter for letter, event in events.items() if one.takes(event, HANOI)) == fits


def test_severities() -> None:
    assert [severity_of(one) for one in (passage(1), violation(1), blocked(1), incident(1))] == [
        *("info", "warning", "info", "critical")
    ]


def test_an_event_goes_to_every_sink_with_a_route_for_it(desk: Desk) -> None:
    sinks = [
        sink("counts", {"families": ["passage"]}),
        sink("police", {"kinds": ["red_light"]}, {"families": ["passage"], "cameras": ["gate"]}),
        sink("nothing", {"kinds": ["speeding"]}),
    ]
    sent = desk.sent(sinks, [passage(1), passage(2, camera="gate"), violation(3)])
    assert sent == {
        "counts": [passage(1).id, passage(2, camera="gate").id],
        "police": [passage(2, camera="gate").id, violation(3).id],
        "nothing": [],
    }


def test_the_same_event_again_is_not_sent_again(desk: Desk) -> None:
    assert desk.sent([sink("ioc")], [violation(1), violation(1)], [violation(1)]) == {"ioc": [violation(1).id]}
    assert desk.sent([sink("ioc")], [violation(1)]) == {"ioc": [violation(1).id]}, "after a restart neither"


def test_after_an_event_its_rule_is_quiet_for_a_while(desk: Desk) -> None:
    quiet = sink("ioc", {"families": ["violation"], "quiet_s": 60})
    first = desk.sent([quiet], [violation(0), violation(59), violation(59, camera="gate")])
    gate = violation(59, camera="gate").id
    assert first == {"ioc": [violation(0).id, gate]}
    sent = desk.sent([quiet], [violation(30)], [violation(60), violation(100)])
    assert sent == {"ioc": [violation(0).id, gate, violation(60).id]}, "a restart changes nothing"


def test_the_first_route_that_fits_decides(desk: Desk) -> None:
    routes = {"cameras": ["gate"], "quiet_s": 600}, {"families": ["violation"]}
    events = [violation(1), violation(2), violation(3, camera="gate"), violation(4, camera="gate")]
    assert desk.sent([sink("ioc", *routes)], events) == {"ioc": [one.id for one in events[:3]]}


def test_the_end_is_sent_to_whom_the_beginning_was_sent(desk: Desk) -> None:
    """Whatever the hours and the quiet: a receiver that was told of an incident is told that it is over."""
    noon = {"hours": [{"from": "12:00", "to": "12:01"}]}
    sinks = [
        sink("noon", {"schedule": noon}),
        sink("quiet", {"quiet_s": 3600}),
        sink("beginnings", {"ends": False}),
        sink("others", {"kinds": ["crash"]}),
    ]
    one, two = incident(0), incident(300)
    began = desk.sent(sinks, [one], [two])
    assert began == {
        "noon": [f"{one.id}-began"],
        "quiet": [f"{one.id}-began"],
        "beginnings": [f"{one.id}-began", f"{two.id}-began"],
        "others": [],
    }
    ended = desk.sent(sinks, [incident(300, ended_s=400.0), incident(0, ended_s=500.0)])
    assert ended["noon"] == ended["quiet"] == [f"{one.id}-began", f"{one.id}-ended"]
    assert ended["beginnings"] == began["beginnings"]
    assert ended["others"] == []


def test_an_event_and_its_deliveries_are_written_together_or_not_at_all(desk: Desk) -> None:
    """The first transaction fails after the deliveries were written; the next one writes all of it once."""
    quiet = sink("ioc", {"quiet_s": 60})
    routing = Routing([quiet], HANOI)
    fails = [sa.exc.OperationalError("", None, Exception("disk I/O error"))]

    def note(connection: sa.Connection, changes: Any) -> None:
        routing.note(connection, changes)
        if fails:
            raise fails.pop()

    with Store.open(desk.url, beside=note) as store, Outbox.open(desk.url) as outbox:
        store.add([violation(1)])
        assert store.flush(WAIT_S)
        assert not fails
        assert [one.id for one in store.page(EventFilter(), 10).items] == [violation(1).id]
        assert [it.message.id for it in outbox.waiting("ioc", range(LANES), 10)] == [violation(1).id]


def test_it_says_which_lanes_have_something_new(tmp_path: Path) -> None:
    routing = Routing([sink("ioc"), sink("log")], UTC)
    with Store.open(f"sqlite:///{tmp_path}/ngatu.db", beside=routing.note) as store:
        store.add([violation(1), passage(2)])
        assert store.flush(WAIT_S)
        noted = routing.noted()
        assert set(noted) == {"ioc", "log"}
        assert [len(lanes) for lanes in noted.values()] == [1, 1]
        assert routing.noted() == {}


def test_a_quiet_time_looks_both_ways() -> None:
    route = Route(quiet_s=10)
    assert route.quiet(NOON, NOON - timedelta(seconds=9)), "events come in the order in which rules are sure"
    assert not route.quiet(NOON, NOON + timedelta(seconds=10))
