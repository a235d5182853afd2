"""Signals over the API: told by PUT, seen by the rules."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from ruamel.yaml import YAML

from streams.sources.synthetic import SyntheticSource
from tests.api.served import serving
from tests.api.stage import NOON, Stage, frame, view
from vision.events import rfc3339
from vision.signals import Phase, Signal
from vision.site import parse_site

FAR = "/api/v1/cameras/road/signals/far"
PAGE = Path(__file__).parents[2] / "docs/signals.md"
SITE = f"""
version: 1
cameras:
  - id: street
    source: {{kind: synthetic, size: [320, 180], fps: 10}}
    detector: {{kind: simulated}}
    lines: {{road: {{from: {list(SyntheticSource.LINE[0])}, to: {list(SyntheticSource.LINE[1])}}}}}
    signals: {{near: {{kind: feed, stale_s: 2}}}}
    rules:
      - {{kind: red_light, id: away, line: road, signal: near, direction: left}}
      - {{kind: red_light, id: back, line: road, signal: near, direction: right}}
"""


def signals(stage: Stage, path: str = "/api/v1/signals") -> dict[str, Any]:
    answer = stage.client.get(path)
    assert answer.status_code == 200
    return {one["id"]: one for one in answer.json()["items"]}


def test_a_told_state_is_known_at_once_with_its_time_of_change(stage: Stage) -> None:
    assert (signals(stage)["far"]["state"], signals(stage)["far"]["since"]) == ("unknown", None)
    since = rfc3339(datetime.now(UTC) - timedelta(seconds=7))
    answer = stage.client.put(FAR, json={"state": "red", "since": since})
    assert answer.status_code == 200
    told = answer.json()
    assert datetime.fromisoformat(told.pop("at")).tzinfo is not None
    assert told == {"camera": "road", "id": "far", "kind": "feed", "state": "red", "since": since}
    assert signals(stage, "/api/v1/cameras/road/signals")["far"]["since"] == since
    before = datetime.now(UTC)
    green = stage.client.put(FAR, json={"state": "green"}).json()
    assert green["state"] == "green"
    assert before - timedelta(milliseconds=1) <= datetime.fromisoformat(green["since"]) <= datetime.now(UTC)


def test_a_state_told_again_keeps_its_time_of_change(stage: Stage) -> None:
    first = stage.client.put(FAR, json={"state": "red"}).json()
    again = stage.client.put(FAR, json={"state": "red"}).json()
    assert again["since"] == first["since"]


def test_news_of_before_come_too_late(stage: Stage) -> None:
    stage.client.put(FAR, json={"state": "yellow"})
    answer = stage.client.put(FAR, json={"state": "green", "since": "2026-01-01T00:00:00Z"})
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:ngatu:late-news"
    assert "is yellow since 2" in answer.json()["detail"]
    assert signals(stage)["far"]["state"] == "yellow"


def test_a_clock_that_is_a_little_fast_is_taken_for_now(stage: Stage) -> None:
    ahead = rfc3339(datetime.now(UTC) + timedelta(seconds=3))
    answer = stage.client.put(FAR, json={"state": "red", "since": ahead})
    assert answer.status_code == 200
    assert answer.json()["since"] < ahead


def test_a_lamp_has_the_state_that_the_newest_picture_shows(stage: Stage) -> None:
    near = signals(stage)["near"]
    assert (near["kind"], near["state"], near["since"], near["at"]) == ("lamp", "unknown", None, None)
    stage.show(20)
    near = signals(stage)["near"]
    assert (near["state"], near["since"], near["at"]) == ("red", rfc3339(NOON), rfc3339(NOON + timedelta(seconds=2)))
    shown = view(frame(30))
    for phases, since in (((Phase("green", float("-inf")),), None), ((Phase("green", 2.5),), "05:00:02.500Z")):
        stage.live.show(frame(30), replace(shown, signals={"near": Signal(phases)}))
        near = signals(stage)["near"]
        assert near["state"] == "green"
        assert near["since"] == (since and f"2026-11-24T{since}")


def test_a_lamp_of_a_lost_camera_is_unknown(stage: Stage) -> None:
    stage.show(20)
    stage.cameras.become("road", "lost", "no route to host")
    near = signals(stage)["near"]
    assert (near["state"], near["since"], near["at"]) == ("unknown", None, rfc3339(NOON + timedelta(seconds=2)))


def test_a_camera_without_signals_has_none(idle: Stage) -> None:
    assert signals(idle, "/api/v1/cameras/gate/signals") == {}


@pytest.mark.parametrize(
    ("path", "body", "status", "kind", "detail"),
    [
        ("/cameras/raod/signals/far", {"state": "red"}, 404, "unknown-camera", "there are: road, gate"),
        ("/cameras/road/signals/fra", {"state": "red"}, 404, "unknown-signal", "there are: near, far"),
        (
            "/cameras/gate/signals/far",
            {"state": "red"},
            404,
            "unknown-signal",
            "no signal 'far' of camera 'gate'; it has",
        ),
        ("/cameras/road/signals/near", {"state": "red"}, 409, "seen-signal", "is of kind lamp"),
        ("/cameras/road/signals/far", {"state": "pink"}, 422, "invalid-request", "body.state"),
        ("/cameras/road/signals/far", {}, 422, "invalid-request", "body.state: Field required"),
        ("/cameras/road/signals/far", [], 422, "invalid-request", "body"),
        ("/cameras/road/signals/far", {"state": "red", "sicne": 1}, 422, "invalid-request", "there is no such"),
        ("/cameras/road/signals/far", {"state": "red", "since": "07:05"}, 422, "invalid-request", "body.since"),
        (
            "/cameras/road/signals/far",
            {"state": "red", "since": "2026-11-24T05:00:00"},
            422,
            "invalid-request",
            "body.since: Input should have timezone",
        ),
        (
            "/cameras/road/signals/far",
            {"state": "red", "since": "9999-12-31T23:59:59-23:59"},
            422,
            "invalid-request",
            "is in the future: here it is 2",
        ),
        (
            "/cameras/road/signals/far",
            {"state": "red", "since": "0001-01-01T00:00:00+23:59"},
            422,
            "invalid-request",
            "is before 1970",
        ),
    ],
)
def test_what_can_not_be_told_is_a_problem(
    idle: Stage, path: str, body: object, status: int, kind: str, detail: str
) -> None:
    answer = idle.client.put(f"/api/v1{path}", json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"urn:ngatu:{kind}"
    assert detail in answer.json()["detail"]
    assert signals(idle)["far"]["state"] == "unknown"


def test_a_body_that_is_no_json_is_a_problem(idle: Stage) -> None:
    answer = idle.client.put(FAR, content=b"{red", headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:ngatu:invalid-request"


def test_rules_judge_by_what_was_told_and_by_nothing_when_it_is_silent(tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    site.write_text(SITE)
    with serving(tmp_path, "serve", "--site", site) as served:

        def ran_red() -> object:
            path = f"{served.url}/api/v1/cameras/street/signals/near"
            httpx.put(path, json={"state": "red"}).raise_for_status()
            return served.events(kind="red_light")

        served.until(ran_red, 90, "somebody runs the red light")
        [near] = served.get("/api/v1/signals")["items"]
        assert near["state"] == "red"
        event = served.events(kind="red_light")[0]
        assert (event["family"], event["phase"], event["unit"]) == ("violation", "red", "s")
        assert event["measured"] > 0
        served.until(
            lambda: served.get("/api/v1/signals")["items"][0]["state"] == "unknown", 30, "the silence is noticed"
        )


def test_the_yaml_of_the_docs_is_right() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) >= 2
    kinds = set()
    for block in blocks:
        camera = YAML(typ="safe", pure=True).load(block)
        site = parse_site({"version": 1, "cameras": [{"id": "a", "source": {"kind": "webcam"}} | camera]})
        site.pipeline(site.cameras[0])
        kinds |= {signal.kind for signal in site.cameras[0].signals.values()}
    assert kinds == {"lamp", "feed"}
