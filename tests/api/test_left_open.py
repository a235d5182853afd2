import json
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from api.event_search import EventFilter
from api.left_open import end_left_open
from api.store import Store
from benchmarks.scenarios import free_port
from tests.api.served import serving
from tests.api.stage import WAIT_S, incident, messages, passage

SITE = """
version: 1
cameras:
  - {{id: gone, source: {{kind: rtsp, url: "rtsp://127.0.0.1:{port}/x"}}}}
  - id: street
    source: {{kind: synthetic, size: [320, 180], fps: 10}}
    detector: {{kind: simulated}}
    lines: {{road: {{from: [0.0, 0.5], to: [1.0, 0.5]}}}}
    rules: [{{kind: line_crossing, id: count, line: road}}]
"""


def written(store: Store, *events: Any) -> None:
    store.add(events)
    assert store.flush(WAIT_S)


def payload(store: Store, event_id: str) -> Any:
    stored = store.get(event_id)
    assert stored is not None
    return json.loads(stored.payload)


def test_it_ends_with_the_last_event_of_its_camera(store: Store) -> None:
    written(store, incident(10), passage(25))
    assert end_left_open(store) == 1
    assert store.flush(WAIT_S)
    ended = payload(store, incident(10).id)
    assert (ended["status"], ended["ended_s"]) == ("ended", 25.0)
    began = json.loads(incident(10).model_dump_json())
    assert ended | {"status": "began", "ended_s": None} == began, "all else stays, the time of its beginning too"


def test_it_ends_with_the_last_event_of_another_camera_by_the_time_of_day(store: Store) -> None:
    # The clock of the other camera stands elsewhere: it was started 1000 s before.
    other = passage(40, camera="gate").model_copy(update={"time_s": 1040.0})
    written(store, incident(10), passage(25), other)
    assert end_left_open(store) == 1
    assert store.flush(WAIT_S)
    assert payload(store, incident(10).id)["ended_s"] == 40.0


def test_what_the_last_event_tells_of_counts_and_not_only_its_beginning(store: Store) -> None:
    other = incident(5).model_copy(update={"id": "other", "camera": "gate"})
    written(store, incident(10), other, other.model_copy(update={"status": "ended", "ended_s": 33.5}))
    assert end_left_open(store) == 1
    assert store.flush(WAIT_S)
    assert payload(store, incident(10).id)["ended_s"] == 33.5


@pytest.mark.parametrize("camera", ["road", "gate"])
def test_it_never_ends_before_the_rule_was_sure(store: Store, camera: str) -> None:
    written(store, incident(10), passage(4, camera=camera))
    assert end_left_open(store) == 1
    assert store.flush(WAIT_S)
    assert payload(store, incident(10).id)["ended_s"] == 10.0


def test_what_has_ended_is_left_alone_and_so_is_an_empty_store(store: Store) -> None:
    assert end_left_open(store) == 0
    written(store, incident(10), incident(10, ended_s=12.0), passage(25))
    before = store.last_seq()
    assert end_left_open(store) == 0
    assert store.flush(WAIT_S)
    assert store.last_seq() == before


def test_an_event_of_another_version_stops_nothing(store: Store, tmp_path: Path) -> None:
    written(store, incident(10), passage(20), incident(30))
    with store._engine.begin() as connection:
        connection.exec_driver_sql('UPDATE events SET payload = \'{"kind": "of the future"}\' WHERE seq = 1')
    assert end_left_open(store) == 1
    assert store.flush(WAIT_S)
    assert payload(store, incident(30).id)["status"] == "ended"


def test_open_incidents_are_found_without_reading_all_events(store: Store) -> None:
    asked: list[str] = []
    sa.event.listen(store._engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    store.open_incidents()
    with store._engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked[-1]}").all()
    assert [row[-1] for row in plan] == ["SCAN events USING INDEX events_left_open"]


def test_a_killed_server_leaves_no_incident_open_after_the_next_start(tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    site.write_text(SITE.format(port=free_port()))

    with serving(tmp_path, "serve", "--site", site, stopped_by=signal.SIGKILL) as served:
        served.until(lambda: served.events(kind="camera_lost"), 20, "the camera is lost")
        [began] = served.events(kind="camera_lost")
        assert began["status"] == "began"
        served.until(lambda: served.events(kind="line_crossing"), 60, "something happens in the street")

    # The second finds the camera lost as well: that is an incident of its own.
    with serving(tmp_path, "serve", "--site", site) as served:
        served.until(lambda: len(served.events(kind="camera_lost")) == 2, 20, "it is lost again")
        again, ended = served.events(kind="camera_lost")
        assert (again["status"], ended["status"]) == ("began", "ended")
        assert ended["id"] == began["id"] != again["id"]
        assert ended["at"] == began["at"]
        assert ended["ended_s"] > began["time_s"], "something happened after it began"
        # A page that was open all the time comes back with the last thing that it was told.
        url = f"{served.url}/api/v1/events/stream"
        with httpx.stream("GET", url, headers={"Last-Event-ID": "1"}, timeout=WAIT_S) as stream:
            told = next(one.data for one in messages(stream) if one.name == "event" and one.data["id"] == began["id"])
        assert told["status"] == "ended"
    with Store.open(f"sqlite:///{tmp_path}/ngatu.db") as store:
        assert store.open_incidents() == [], "a server that is asked to stop leaves nothing open"
        assert len(store.page(EventFilter(kinds=("camera_lost",)), 10).items) == 2
