import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from pydantic import TypeAdapter

from vision.events import Event, Passage, event_id, rfc3339

AT = datetime(2026, 11, 24, 7, 5, 9, 120000, tzinfo=UTC)


def test_ids_sort_by_time_and_depend_on_the_cause_alone() -> None:
    ids = [event_id(AT + timedelta(milliseconds=n), "cam", "rule", n) for n in range(50)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 50
    assert event_id(AT, "cam", "a", 1) == event_id(AT, "cam", "a", 1)
    assert event_id(AT, "cam", "a", 1) != event_id(AT, "cam", "a", 2)
    assert event_id(AT, "ab", "c") != event_id(AT, "a", "bc")
    assert len(event_id(datetime(1900, 1, 1, tzinfo=UTC))) == 32


def test_moments_are_utc_with_milliseconds() -> None:
    assert rfc3339(AT.astimezone(timezone(timedelta(hours=7)))) == "2026-11-24T07:05:09.120Z"


def passage(**fields: Any) -> Passage:
    common = {"id": "x", "kind": "k", "rule": "r", "camera": "c", "time_s": 1.5, "at": AT, "label": "car", "track": 3}
    return Passage.model_validate({**common, "place": (0.5, 0.25), "score": 0.75, **fields})


def test_events_go_through_json_and_back() -> None:
    movement = passage(from_line="a", to_line="b")
    line = movement.model_dump_json(by_alias=True)
    assert json.loads(line)["from"] == "a"
    assert json.loads(line)["at"] == "2026-11-24T07:05:09.120Z"
    assert json.loads(line)["family"] == "passage"
    adapter: TypeAdapter[Event] = TypeAdapter(Event)
    assert adapter.validate_json(line) == movement


def test_a_passage_has_the_line_or_the_two_lines_and_always_a_speed() -> None:
    both = {"direction", "speed_kmh", "speed_error_kmh"}
    own = {"line", "from", "to"} | both
    crossing = json.loads(passage(line="main", direction="away").model_dump_json(by_alias=True))
    assert crossing.keys() & own == {"line"} | both
    assert crossing["speed_kmh"] is None
    movement = json.loads(passage(from_line="a", to_line="b").model_dump_json(by_alias=True))
    assert movement.keys() & own == {"from", "to"} | both


def test_numbers_are_rounded_as_json_only() -> None:
    third = passage(time_s=1 / 3, place=(1 / 3, 2 / 3), score=2 / 3, speed_kmh=100 / 3, line="main")
    assert third.time_s == 1 / 3
    assert third.model_dump()["place"] == (1 / 3, 2 / 3)
    row = json.loads(third.model_dump_json(by_alias=True))
    assert [row["time_s"], row["place"], row["score"]] == [0.333333, [0.333333, 0.666667], 0.6667]
    assert row["speed_kmh"] == 33.333333
    shape = Passage.model_json_schema(mode="serialization")["properties"]
    assert [shape["score"]["minimum"], shape["score"]["maximum"]] == [0, 1]
