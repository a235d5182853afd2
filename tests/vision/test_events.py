import json
from datetime import UTC, datetime, timedelta, timezone

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


def test_events_go_through_json_and_back() -> None:
    passage = Passage(
        id="x",
        kind="movement",
        rule="r",
        camera="c",
        time_s=1.5,
        at=AT,
        label="car",
        track=3,
        place=(0.5, 0.25),
        score=0.75,
        from_line="a",
        to_line="b",
    )
    line = passage.model_dump_json(by_alias=True)
    assert json.loads(line)["from"] == "a"
    assert json.loads(line)["at"] == "2026-11-24T07:05:09.120Z"
    assert json.loads(line)["family"] == "passage"
    adapter: TypeAdapter[Event] = TypeAdapter(Event)
    assert adapter.validate_json(line) == passage
