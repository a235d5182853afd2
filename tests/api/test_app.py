import json
import logging
import socket
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import listen
from api.errors import ApiError
from api.settings import Settings
from streams.health import Gap, WorkerHealth
from streams.supervisor import CommonFault
from tests.api.databases import both_databases
from tests.api.stage import NOON, WAIT_S, Stage, frame, incident, passage, running, view


def written(stage: Stage, *events: Any) -> None:
    stage.store.add(events)
    assert stage.store.flush(WAIT_S)


def test_site(stage: Stage) -> None:
    answer = stage.client.get("/api/v1/site").json()
    assert datetime.fromisoformat(answer.pop("now")).tzinfo is not None
    assert answer.pop("version")
    assert answer == {"id": "soc-trang", "name": "IOC Sóc Trăng", "timezone": "Asia/Ho_Chi_Minh"}


def test_cameras(stage: Stage) -> None:
    worker = WorkerHealth(home="process", state="waiting", restarts=2, process=4711, memory_mb=96.44)
    stage.cameras.become("road", "lost", "the camera does not answer", worker=worker)
    stage.show(0)
    road, gate = stage.client.get("/api/v1/cameras").json()["items"]
    assert road.pop("since")
    assert road.pop("detect_fps") > 0
    main = {"kind": "line", "id": "main", "name": "Vạch đếm"}
    yard = {"kind": "zone", "id": "yard", "name": None}
    assert road == {
        "id": "road",
        "name": "Cầu vượt – hướng chợ",
        "state": "lost",
        "reason": "the camera does not answer",
        "fps": 25.0,
        "frames": 120,
        "dropped": 20,
        "reconnects": 1,
        "retry_in_s": 4.0,
        "size": [320, 180],
        "last_frame_at": "2026-11-24T05:00:00.000Z",
        "detector": "street-n on CPU",
        "simulated": True,
        "gaps": [],
        "worker": {"home": "process", "state": "waiting", "restarts": 2, "process": 4711, "memory_mb": 96.4},
        "recorded": True,
        "lines": ["main"],
        "zones": ["yard"],
        "parts": [
            main,
            yard,
            {"kind": "signal", "id": "near", "name": None},
            {"kind": "signal", "id": "far", "name": None},
        ],
        "rules": [
            {"id": "count-main", "kind": "line_crossing", "parts": [main]},
            {"id": "fence", "kind": "intrusion", "parts": [yard]},
        ],
    }
    assert gate["recorded"] is False
    assert gate["state"] == "connecting"
    assert gate["reason"] is gate["size"] is gate["last_frame_at"] is None
    assert stage.client.get("/api/v1/cameras/gate").json() == gate


def test_a_gap_is_told_with_its_ends(stage: Stage) -> None:
    stage.cameras.become("road", "lost", gaps=(Gap(began=NOON, ended=None, reason="no picture for 5 s"),))
    assert stage.client.get("/api/v1/cameras/road").json()["gaps"] == [
        {"from": "2026-11-24T05:00:00.000Z", "to": None, "reason": "no picture for 5 s"}
    ]


@both_databases
def test_events_are_the_json_of_the_contract(stage: Stage) -> None:
    written(stage, passage(1), incident(2))
    answer = stage.client.get("/api/v1/events").json()
    assert answer["next"] is None
    wanted = [json.loads(event.model_dump_json(by_alias=True)) for event in (incident(2), passage(1))]
    assert answer["items"] == wanted
    assert stage.client.get(f"/api/v1/events/{passage(1).id}").json() == wanted[1]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("camera=road&camera=gate", 4),
        ("camera=gate", 1),
        ("kind=intrusion&kind=movement", 1),
        ("family=passage&label=bus", 1),
        ("label=bus&label=car", 3),
        ("from=2026-11-24T05:00:02Z", 3),
        ("from=2026-11-24T12:00:02%2B07:00&to=2026-11-24T05:00:04Z", 2),
        ("to=0001-01-01T00:00:00%2B23:59", 0),
        ("from=9999-12-31T23:59:59-23:59", 0),
        ("camera=nowhere", 0),
        ("limit=2", 2),
    ],
)
def test_events_are_filtered(idle: Stage, query: str, found: int) -> None:
    written(idle, passage(1), passage(2, label="bus"), passage(3, camera="gate"), incident(4))
    answer = idle.client.get(f"/api/v1/events?{query}")
    assert answer.status_code == 200
    assert len(answer.json()["items"]) == found


@both_databases
def test_no_time_and_no_id_is_too_strange(stage: Stage) -> None:
    written(stage, passage(1))
    for query in ("to=0001-01-01T00:00:00%2B23:59", "from=9999-12-31T23:59:59-23:59"):
        assert stage.client.get(f"/api/v1/events?{query}").json()["items"] == []
    assert stage.client.get("/api/v1/events/%00").status_code == 404
    first = stage.client.get("/api/v1/events?limit=1&from=2026-11-24T12:00:01%2B07:00&to=2026-11-24T05:00:02Z").json()
    assert [event["id"] for event in first["items"]] == [passage(1).id]


@both_databases
def test_kinds_are_those_of_the_events_that_there_are(stage: Stage) -> None:
    assert stage.client.get("/api/v1/events/kinds").json() == {"items": []}
    written(stage, *(passage(number) for number in range(5)), incident(1), incident(2, ended_s=9.0))
    written(stage, passage(1, kind="movement"))
    assert stage.client.get("/api/v1/events/kinds").json()["items"] == [
        {"family": "incident", "kind": "intrusion"},
        {"family": "passage", "kind": "line_crossing"},
        {"family": "passage", "kind": "movement"},
    ]


@both_databases
def test_pages_of_events_lead_to_each_other(stage: Stage) -> None:
    written(stage, *(passage(number) for number in range(25)))
    ids: list[str] = []
    query: dict[str, str | int] = {"limit": 10}
    while query.get("cursor", "") is not None:
        answer = stage.client.get("/api/v1/events", params=query).json()
        ids += [event["id"] for event in answer["items"]]
        query["cursor"] = answer["next"]
    assert ids == [passage(number).id for number in range(24, -1, -1)]


PROBLEMS = [
    ("GET", "/api/v1/nothing", 404, "about:blank", "there is nothing at /api/v1/nothing"),
    ("GET", "/api", 404, "about:blank", "there is nothing at /api"),
    ("POST", "/api/v1/events", 405, "about:blank", "POST is not possible"),
    ("DELETE", "/api/v1/cameras/road", 405, "about:blank", "DELETE is not possible"),
    ("GET", "/api/v1/cameras/raod", 404, "urn:ngatu:unknown-camera", "there are: road, gate"),
    ("GET", "/api/v1/cameras/x/snapshot.jpg", 404, "urn:ngatu:unknown-camera", "no camera 'x'"),
    ("GET", "/api/v1/cameras/x/preview.mjpeg", 404, "urn:ngatu:unknown-camera", "no camera 'x'"),
    ("GET", "/api/v1/cameras/road/snapshot.jpg", 503, "urn:ngatu:no-picture", "no picture of 'road' yet"),
    ("GET", "/api/v1/cameras/road/preview.mjpeg?fps=99", 422, "urn:ngatu:invalid-request", "query.fps"),
    ("GET", "/api/v1/cameras/road/snapshot.jpg?overlay=x", 422, "urn:ngatu:invalid-request", "query.overlay"),
    ("GET", "/api/v1/events/unknown", 404, "urn:ngatu:unknown-event", "no event 'unknown'"),
    ("GET", "/api/v1/events/unknown/clip.mp4", 404, "urn:ngatu:unknown-event", "no event 'unknown'"),
    ("GET", f"/api/v1/events/{'x' * 99}/clip.mp4", 422, "urn:ngatu:invalid-request", "path.event_id"),
    ("GET", f"/api/v1/events/{'x' * 99}", 422, "urn:ngatu:invalid-request", "path.event_id"),
    ("GET", "/api/v1/events?limit=0", 422, "urn:ngatu:invalid-request", "query.limit"),
    ("GET", "/api/v1/events?limit=many", 422, "urn:ngatu:invalid-request", "query.limit"),
    ("GET", "/api/v1/events?label=horse", 422, "urn:ngatu:invalid-request", "query.label.0"),
    ("GET", "/api/v1/events?family=x", 422, "urn:ngatu:invalid-request", "query.family.0"),
    ("GET", "/api/v1/events?camera=", 422, "urn:ngatu:invalid-request", "query.camera.0"),
    ("GET", "/api/v1/events?kind=%00", 422, "urn:ngatu:invalid-request", "query.kind.0"),
    ("GET", "/api/v1/events?cmaera=road", 422, "urn:ngatu:invalid-request", "there is no such parameter"),
    ("GET", "/api/v1/events?from=yesterday", 422, "urn:ngatu:invalid-request", "query.from"),
    ("GET", "/api/v1/events?from=2026-11-24T05:00:00", 422, "urn:ngatu:invalid-request", "query.from"),
    (
        "GET",
        "/api/v1/events?from=2026-11-24T05:00:00Z&to=2026-11-24T05:00:00Z",
        422,
        "urn:ngatu:invalid-request",
        "`from` must be before `to`",
    ),
    ("GET", "/api/v1/events?cursor=garbage!", 422, "urn:ngatu:invalid-request", "not a cursor of ours"),
]


@pytest.mark.parametrize(("method", "path", "status", "kind", "detail"), PROBLEMS)
def test_every_error_is_a_problem(idle: Stage, method: str, path: str, status: int, kind: str, detail: str) -> None:
    answer = idle.client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["type"] == kind
    assert problem["title"]
    assert detail in problem["detail"]
    assert ("errors" in problem) == (status == 422)
    assert all(set(fault) == {"field", "message"} for fault in problem.get("errors", []))
    if status == 405:
        assert answer.headers["allow"] == "GET"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/health",
        "/metrics",
        "/nothing.js",
        "/api/v1/site",
        "/api/v1/cameras",
        "/api/v1/cameras/road",
        "/api/v1/cameras/raod",
        "/api/v1/cameras/road/snapshot.jpg",
        "/api/v1/events",
        "/api/v1/events?limit=0",
        "/api/v1/events/unknown",
        "/api/v1/openapi.json",
    ],
)
def test_head_is_answered_as_get_without_a_body(idle: Stage, path: str) -> None:
    get, head = idle.client.get(path), idle.client.head(path)
    assert head.content == b""
    assert head.status_code == get.status_code
    # Times, and so the length of what holds them, may differ.
    alike = [{name: value for name, value in answer.headers.items() if name not in VARY} for answer in (get, head)]
    assert alike[0] == alike[1]


VARY = ("date", "content-length", "etag")


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/api/v1/cameras/road/preview.mjpeg", "multipart/x-mixed-replace; boundary=frame"),
        ("/api/v1/events/stream", "text/event-stream; charset=utf-8"),
    ],
)
def test_head_of_an_endless_stream_comes_to_its_end(stage: Stage, path: str, media_type: str) -> None:
    stage.show(0)
    for _ in range(3):  # over one connection, which stays in order
        head = stage.client.head(path)
        assert (head.status_code, head.content, head.headers["content-type"]) == (200, b"", media_type)
    assert stage.client.get("/health").status_code == 200
    figures = stage.client.get("/metrics").text.splitlines()
    assert 'ngatu_preview_viewers{camera="road"} 0.0' in figures
    assert "ngatu_feed_followers 0.0" in figures


def test_head_tells_that_the_database_can_not_be_written(stage: Stage, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "ngatu.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    stage.store.add([passage(1)])
    refused = next(one for one in polled(stage, "/health") if one.status_code != 200)
    head = stage.client.head("/health")
    other.close()
    assert head.status_code == refused.status_code == 503


def test_what_resumes_from_nonsense_is_a_problem(idle: Stage) -> None:
    for nonsense in ("abc", "-1", str(2**63)):
        answer = idle.client.get("/api/v1/events/stream", headers={"Last-Event-ID": nonsense})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "header.Last-Event-ID"


def test_a_fault_of_ours_is_a_problem_without_its_trace(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise RuntimeError("rtsp://admin:geheim@10.0.0.11")

    monkeypatch.setattr(stage.cameras, "status", fail)
    answer = stage.client.get("/api/v1/cameras")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "geheim" not in answer.text
    assert "GET /api/v1/cameras failed: RuntimeError" in caplog.messages


def test_a_database_that_can_not_be_read_is_a_problem(stage: Stage, tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "ngatu.db")
    with connection:
        for table in ("events", "series", "counts"):
            connection.execute(f"DROP TABLE {table}")
    connection.close()
    for path in ("/events", "/events?kind=a", "/events/kinds", "/events/summary", "/events/export"):
        answer = stage.client.get(f"/api/v1{path}")
        assert answer.status_code == 503
        assert answer.json()["type"] == "urn:ngatu:store-unavailable"
        assert answer.headers["retry-after"] == "5"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8200", "127.0.0.1.evil.example", "", "[::2]:80"])
def test_a_foreign_host_is_refused(idle: Stage, host: str) -> None:
    for path in ("/api/v1/site", "/"):
        answer = idle.client.get(path, headers={"Host": host})
        assert answer.status_code == 400
        assert answer.json()["type"] == "urn:ngatu:foreign-host"
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8200", "127.0.0.1:1", "[::1]:8200"])
def test_our_own_hosts_are_served(idle: Stage, host: str) -> None:
    assert idle.client.get("/api/v1/site", headers={"Host": host}).status_code == 200


def test_a_host_of_the_settings_is_served(tmp_path: Path) -> None:
    with running(tmp_path, allowed_hosts="ioc.example, cams.example") as stage:
        assert stage.client.get("/api/v1/site", headers={"Host": "cams.example"}).status_code == 200
        assert stage.client.get("/api/v1/site").status_code == 400


@pytest.mark.parametrize("path", ["/api/v1/site", "/api/v1/nothing", "/", "/api/v1/cameras/road/snapshot.jpg"])
def test_every_answer_carries_the_security_headers(idle: Stage, path: str) -> None:
    headers = idle.client.get(path).headers
    policy = headers["content-security-policy"]
    for part in ("default-src 'self'", "img-src 'self' data: blob:", "frame-ancestors 'none'"):
        assert part in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "access-control-allow-origin" not in headers
    assert "server" not in headers


def test_health_is_ok_while_all_is_well(stage: Stage) -> None:
    for path in ("/api/v1/health", "/health"):
        answer = stage.client.get(path)
        assert answer.status_code == 200
        assert answer.json()["status"] == "ok"
        assert answer.json()["reasons"] == []
        assert [one["state"] for one in answer.json()["cameras"]] == ["live", "connecting"]


def test_health_is_degraded_while_a_camera_is_lost(stage: Stage) -> None:
    stage.cameras.become("road", "lost", "no route to host")
    answer = stage.client.get("/api/v1/health")
    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert answer.json()["reasons"] == ["camera 'road' is lost: no route to host"]


def test_what_many_cameras_have_in_common_is_one_reason(stage: Stage) -> None:
    assert stage.client.get("/health").json()["common_fault"] is None
    stage.cameras.become("road", "lost", "no route to host")
    stage.cameras.become("gate", "lost", "wrong cable")
    stage.cameras.common = CommonFault(NOON, ("road",), 2, "no route to host")
    health = stage.client.get("/health").json()
    assert health["common_fault"] == {
        "since": "2026-11-24T05:00:00.000Z",
        "cameras": ["road"],
        "watched": 2,
        "reason": "no route to host",
    }
    common, alone = health["reasons"]
    assert common.startswith("common fault: 1 of 2 cameras")
    assert alone == "camera 'gate' is lost: wrong cable"
    assert "ngatu_common_fault_cameras 1.0" in stage.client.get("/metrics").text


def test_health_tells_who_reads_a_camera(stage: Stage) -> None:
    worker = WorkerHealth(home="process", state="stuck", restarts=1, process=4711, memory_mb=100.0)
    stage.cameras.become("road", "stalled", "no picture for 9 s", worker=worker)
    road, gate = stage.client.get("/health").json()["cameras"]
    assert road["worker"]["state"] == "stuck"
    assert gate["worker"] == {
        "home": "thread",
        "state": "starting",
        "restarts": 0,
        "process": None,
        "memory_mb": None,
    }
    lines = stage.client.get("/metrics").text.splitlines()
    for line in (
        'ngatu_worker_restarts_total{camera="road"} 1.0',
        'ngatu_worker_state{camera="road",home="process",state="stuck"} 1.0',
        'ngatu_worker_memory_bytes{camera="road"} 1e+08',
        "ngatu_common_fault_cameras 0.0",
    ):
        assert line in lines
    assert not [line for line in lines if line.startswith('ngatu_worker_memory_bytes{camera="gate"')]


def test_health_tells_what_has_stopped_without_its_trace(stage: Stage) -> None:
    stage.cameras.become("road", "live", faults={"fence": "KeyError: geheim"})
    answer = stage.client.get("/api/v1/health")
    assert answer.json()["reasons"] == ["camera 'road': fence has stopped"]
    assert answer.json()["cameras"][0]["faults"] == ["fence"]
    assert "geheim" not in answer.text


def test_health_fails_while_the_database_can_not_be_written(stage: Stage, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "ngatu.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    stage.store.add([passage(1)])
    assert not stage.store.flush(0)
    answer = next(one for one in polled(stage, "/api/v1/health") if one.status_code != 200)
    other.close()
    assert answer.status_code == 503
    assert answer.json()["status"] == "degraded"
    assert answer.json()["reasons"] == ["the database can't be written: database is locked; events that wait: 1"]
    assert answer.json()["store"]["pending"] == 1
    assert 200 in (one.status_code for one in polled(stage, "/api/v1/health"))
    assert stage.client.get("/api/v1/events").json()["items"][0]["id"] == passage(1).id


def test_events_that_were_lost_are_told_in_health(tmp_path: Path) -> None:
    with running(tmp_path, store_capacity=1) as stage:
        written(stage, passage(1), passage(2), passage(3))
        health = stage.client.get("/api/v1/health").json()
        assert health["reasons"] == ["events lost since the start: 2"]
        assert health["store"]["lost"] == 2


def test_metrics(stage: Stage) -> None:
    stage.show(0)
    stage.metrics.inferred("road", 0.04)
    written(stage, passage(1), incident(2), incident(2, ended_s=9.0))
    for path in ("/api/v1/metrics", "/metrics"):
        answer = stage.client.get(path)
        assert answer.headers["content-type"].startswith("text/plain")
        lines = answer.text.splitlines()
        for line in (
            'ngatu_frames_received_total{camera="road"} 120.0',
            'ngatu_frames_dropped_total{camera="road"} 20.0',
            'ngatu_frames_analysed_total{camera="road"} 100.0',
            'ngatu_frames_analysed_total{camera="gate"} 0.0',
            'ngatu_camera_reconnects_total{camera="road"} 1.0',
            'ngatu_camera_state{camera="road",state="live"} 1.0',
            'ngatu_events_total{camera="road",kind="line_crossing"} 1.0',
            'ngatu_events_total{camera="road",kind="intrusion"} 2.0',
            'ngatu_inference_seconds_bucket{camera="road",le="0.05"} 1.0',
            'ngatu_inference_seconds_count{camera="road"} 1.0',
            'ngatu_build_info{version="test"} 1.0',
            "ngatu_store_up 1.0",
            "ngatu_store_pending_events 0.0",
            "ngatu_store_lost_events_total 0.0",
        ):
            assert line in lines
        assert "process_resident_memory_bytes" in answer.text


def test_no_part_of_an_answer_waits_for_an_acknowledgement() -> None:
    with listen(Settings(port=0)) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_two_apps_do_not_share_metrics(tmp_path: Path) -> None:
    folders = tmp_path / "a", tmp_path / "b"
    with running(folders[0]) as one, running(folders[1]) as other:
        written(one, passage(1))
        assert "ngatu_events_total{" in one.client.get("/metrics").text
        assert "ngatu_events_total{" not in other.client.get("/metrics").text


def operations(schema: Any) -> Iterator[tuple[str, Any]]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def test_openapi_describes_every_operation_with_examples(idle: Stage) -> None:
    schema = idle.client.get("/api/v1/openapi.json").json()
    tags = {tag["name"] for tag in schema["tags"]}
    found = dict(operations(schema))
    assert set(found) == {
        f"get /api/v1{path}"
        for path in (
            "/site",
            "/cameras",
            "/cameras/{camera_id}",
            "/cameras/{camera_id}/snapshot.jpg",
            "/cameras/{camera_id}/preview.mjpeg",
            "/cameras/{camera_id}/signals",
            "/signals",
            "/events",
            "/events/export",
            "/events/kinds",
            "/events/stream",
            "/events/summary",
            "/events/{event_id}",
            "/events/{event_id}/clip.mp4",
            "/sinks",
            "/sinks/{sink_id}/dead",
            "/health",
            "/metrics",
        )
    } | {"put /api/v1/cameras/{camera_id}/signals/{signal_id}", "post /api/v1/sinks/{sink_id}/replay"}
    for name, operation in found.items():
        assert operation["summary"], name
        assert operation["description"], name
        assert set(operation["tags"]) <= tags, name
        for parameter in operation.get("parameters", []):
            assert parameter["description"], (name, parameter["name"])
        for status, response in operation["responses"].items():
            assert response["description"], (name, status)
            for media_type, content in response["content"].items():
                if content.get("schema", {}).get("format") != "binary":
                    assert has_example(content, schema), (name, status, media_type)
            if status not in ("200", "503"):
                assert list(response["content"]) == ["application/problem+json"], (name, status)
        assert {"400", "422", "500"} <= set(operation["responses"]), name
    assert "HTTPValidationError" not in schema["components"]["schemas"]
    assert_references_lead_somewhere(schema, schema)


def has_example(content: Any, schema: Any) -> bool:
    if content.get("example") or content.get("examples"):
        return True
    reference = content["schema"].get("$ref", "").rpartition("/")[2]
    shape = schema["components"]["schemas"].get(reference, {})
    if shape.get("examples"):
        return True
    items = shape.get("properties", {}).get("items", {}).get("items")
    return bool(items) and has_example({"schema": items}, schema)


def assert_references_lead_somewhere(node: Any, schema: Any) -> None:
    if isinstance(node, dict):
        reference = node.get("$ref")
        if isinstance(reference, str):
            assert reference.rpartition("/")[2] in schema["components"]["schemas"], reference
        for value in node.values():
            assert_references_lead_somewhere(value, schema)
    elif isinstance(node, list):
        for value in node:
            assert_references_lead_somewhere(value, schema)


def test_the_events_of_openapi_have_the_names_of_the_contract(idle: Stage) -> None:
    shapes = idle.client.get("/api/v1/openapi.json").json()["components"]["schemas"]
    assert {"from", "to", "line", "speed_kmh"} <= set(shapes["Passage"]["properties"])
    assert {"Passage", "Violation", "Incident", "Measurement", "Problem", "Fault"} <= set(shapes)


def test_a_busy_port_is_said_with_a_remedy(idle: Stage) -> None:
    with pytest.raises(ApiError, match=f"port {idle.port}: Address already in use; choose another with NGATU_PORT"):
        listen(Settings(port=idle.port))


def test_the_page_is_missing_until_it_is_built(stage: Stage, tmp_path: Path) -> None:
    answer = stage.client.get("/")
    assert answer.status_code == 503
    assert answer.headers["content-type"].startswith("text/plain")
    assert "not been built" in answer.text
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<title>Ngã Tư</title>")
    (dist / "assets" / "page-1a2b.js").write_text("let page = 1;")
    page = stage.client.get("/")
    assert page.text == "<title>Ngã Tư</title>"
    assert page.headers["cache-control"] == "no-cache"
    for view_of_the_page in ("/cameras/road", "/assets", "/su-kien?kind=x"):
        answer = stage.client.get(view_of_the_page)
        assert (answer.status_code, answer.text) == (200, page.text)
    script = stage.client.get("/assets/page-1a2b.js")
    assert script.text == "let page = 1;"
    assert "immutable" in script.headers["cache-control"]
    assert stage.client.head("/").status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/assets/gone.js", "/../ngatu.db", "/%2e%2e/ngatu.db", "/..%2fngatu.db", "/%00.js", "/api/", "/api/v2/site"],
)
def test_files_that_are_not_of_the_page_are_not_there(stage: Stage, tmp_path: Path, path: str) -> None:
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "index.html").write_text("page")
    raw = httpx.URL(stage.url).copy_with(raw_path=path.encode())
    answer = stage.client.get(raw)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_snapshot(stage: Stage) -> None:
    seen = frame(3)
    stage.live.show(seen, view(seen))
    drawn = stage.client.get("/api/v1/cameras/road/snapshot.jpg")
    plain = stage.client.get("/api/v1/cameras/road/snapshot.jpg?overlay=0")
    for answer in (drawn, plain):
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["x-captured-at"] == "2026-11-24T05:00:00.300Z"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.content.startswith(b"\xff\xd8")
    assert drawn.content != plain.content


def test_nothing_is_logged_while_all_is_well(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        stage.show(0)
        written(stage, passage(1))
        for path in ("/api/v1/cameras", "/api/v1/events", "/metrics", "/api/v1/cameras/road/snapshot.jpg"):
            assert stage.client.get(path).status_code == 200
    assert caplog.records == []


def polled(stage: Stage, path: str) -> Iterator[httpx.Response]:
    """Answers until the one that is waited for has come; a lock makes each take its time."""
    for _ in range(3000):
        yield stage.client.get(path)
    raise AssertionError("waited in vain")
