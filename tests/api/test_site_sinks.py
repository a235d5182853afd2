import re
from pathlib import Path
from typing import Any

import pytest

from api.kinds import event_kinds
from api.sinks import KINDS
from api.sinks.jsonl import Jsonl
from api.sinks.webhook import Webhook
from api.site_sinks import load_whole_site
from tests.api.receiver import SECRET
from vision.errors import SiteError
from vision.site import load_site

GUIDE = Path(__file__).parents[2] / "docs" / "alerts.md"
CAMERAS = """
version: 1
cameras:
  - {id: gate, source: {kind: synthetic}, detector: {kind: simulated}}
"""
GOOD = (
    CAMERAS
    + """
sinks:
  - kind: webhook
    id: ioc
    url: "https://ngatu:${PASSWORD}@ioc.example/hooks"
    secret: "${IOC_SECRET}"
    networks: [10.20.0.0/16]
    routes:
      - {kinds: [intrusion, camera_lost], cameras: [gate], quiet_s: 60}
      - {severity: critical, schedule: {hours: [{from: "22:00", to: "05:00"}]}}
  - {kind: jsonl, id: log, path: out/events.jsonl}
"""
)
SET = {"PASSWORD": "p@ss", "IOC_SECRET": SECRET}


def written(folder: Path, text: str) -> Path:
    path = folder / "site.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(path: Path, environment: dict[str, str] = SET) -> list[str]:
    with pytest.raises(SiteError) as caught:
        load_whole_site(path, environment)
    return [line.removeprefix(f"{path}: ") for line in str(caught.value).splitlines()]


def test_a_good_file(tmp_path: Path) -> None:
    site, sinks = load_whole_site(written(tmp_path, GOOD), SET, sources=True)
    assert [camera.id for camera in site.cameras] == ["gate"]
    webhook, log = sinks
    assert isinstance(webhook, Webhook)
    assert (webhook.url, webhook.secret) == ("https://ngatu:p%40ss@ioc.example/hooks", SECRET)
    assert [route.kinds for route in webhook.routes] == [("intrusion", "camera_lost"), None]
    assert isinstance(log, Jsonl)
    assert log.path == tmp_path / "out/events.jsonl", "paths are relative to the site file"
    assert str(webhook) == "webhook 'ioc'"


def test_a_file_without_sinks_has_none(tmp_path: Path) -> None:
    assert load_whole_site(written(tmp_path, CAMERAS))[1] == ()


def test_who_only_watches_leaves_sinks_alone(tmp_path: Path) -> None:
    assert load_site(written(tmp_path, CAMERAS + "sinks: [{kind: telegram}]")).cameras


@pytest.mark.parametrize(
    ("block", "told"),
    [
        ("{kind: web_hook, id: a}", ["sinks[0].kind: no kind 'web_hook'; did you mean 'webhook'? there are: "]),
        ("{id: a}", ["sinks[0]: `kind` is missing"]),
        ("{kind: jsonl, id: a, path: x, pth: y}", ["sinks[0]: no field 'pth'; did you mean 'path'? there are: "]),
        (
            "{kind: webhook, id: a, url: 'https://h/', secret: geheim}",
            ["sinks[0].secret: must be whsec_", "is missing"],
        ),
        ("{kind: webhook, id: a, url: 'https://h/', secret: '${NO}', networks: [x]}", ["variable NO is", "no network"]),
        ("{kind: jsonl, id: a b, path: x}", ["sinks[0].id: string should match pattern"]),
        ("{kind: jsonl, id: a, path: x, routes: []}", ["sinks[0].routes: tuple should have at least 1 item"]),
        (
            "{kind: jsonl, id: a, path: x, routes: [{kinds: [intrusio]}]}",
            ["sinks[0].routes[0].kinds: no kind of event"],
        ),
        ("{kind: jsonl, id: a, path: x, routes: [{cameras: [yard]}]}", ["no camera 'yard'; there are: gate"]),
        ("{kind: jsonl, id: a, path: x, routes: [{severity: high}]}", ["sinks[0].routes[0].severity: input should be"]),
        ("{kind: jsonl, id: a, path: x}, {kind: jsonl, id: a, path: y}", ["sinks: sink ids must be unique"]),
        ("{kind: jsonl, id: a, path: x, lanes: 2}", ["sinks[0].lanes: input should be 1"]),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, block: str, told: list[str]) -> None:
    said = refusal(written(tmp_path, f"{CAMERAS}\nsinks: [{block}]"))
    assert len(said) == len(told), said
    for line, words in zip(sorted(said), sorted(told), strict=True):
        assert words in line
    assert "geheim" not in str(said)


def test_faults_of_cameras_and_sinks_are_told_at_once(tmp_path: Path) -> None:
    text = CAMERAS.replace("kind: synthetic", "kind: synthetik") + "sinks: [{kind: jsonl, id: a}]"
    said = refusal(written(tmp_path, text))
    assert [line.split(":")[0] for line in said] == ["cameras[0].source.kind", "sinks[0].path"]
    assert refusal(written(tmp_path, CAMERAS + "sinks: {kind: jsonl}")) == ["sinks: input should be a valid tuple"]
    with pytest.raises(SiteError, match="no such file"):
        load_whole_site(tmp_path / "no.yaml")


@pytest.mark.parametrize(
    ("block", "extra"),
    [
        ("{kind: mqtt, id: a, url: 'mqtt://h'}", "mqtt"),
        ("{kind: kafka, id: a, servers: ['h:9092'], topic: t}", "kafka"),
    ],
)
def test_a_client_that_is_not_installed_is_named_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: str, extra: str
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert refusal(written(tmp_path, f"{CAMERAS}sinks: [{block}]")) == [
        f"sinks[0].kind: needs the extra `{extra}`: .venv/bin/python -m pip install -e '.[{extra}]'"
    ]


def test_the_kinds_of_events_are_those_of_rules_measurements_and_cameras() -> None:
    kinds = event_kinds()
    assert {"red_light", "intrusion", "line_flow", "heat_map", "camera_lost", "camera_moved"} <= set(kinds)
    assert "valid" not in kinds


def test_every_kind_of_sink_is_described_here_and_in_the_guide() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    for kind in KINDS:
        name = kind.model_fields["kind"].default
        assert kind.__module__ == f"api.sinks.{name}"
        assert f"## `{name}`" in guide
        for field_name, field in kind.model_fields.items():
            assert field_name == "kind" or field.description, (name, field_name)
            assert field_name == "kind" or f"`{field_name}`" in guide, (name, field_name)


def test_the_site_of_the_guide_is_good(tmp_path: Path) -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", guide, re.S)
    assert len(blocks) >= len(KINDS)
    environment: Any = dict.fromkeys(re.findall(r"\$\{(\w+)\}", guide), SECRET)
    cameras = CAMERAS.replace("gate", "cau-vuot-1")
    sinks = "\n".join(block.removeprefix("sinks:\n") for block in blocks)
    load_whole_site(written(tmp_path, f"{cameras}\nsinks:\n{sinks}"), environment)
