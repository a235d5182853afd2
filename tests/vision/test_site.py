from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from models.detectors.yolo import Yolo
from streams.sources.file import FileSource
from streams.sources.rtsp import RtspSource
from vision.errors import SiteError
from vision.rules.line_crossing import LineCrossing
from vision.scene import Scene
from vision.signals import Feed
from vision.site import load_site, parse_site
from vision.trackers.bytetrack import ByteTrack

GOOD = """
version: 1
site: {id: soc-trang, name: "IOC Sóc Trăng", timezone: Asia/Ho_Chi_Minh}
defaults:
  detector: {kind: yolo, model: street-n, confidence: 0.4}
cameras:
  - id: cau-vuot-1
    name: "Cầu vượt – hướng chợ"
    location: {lat: 9.6025, lon: 105.9739, heading_deg: 40}
    source: {kind: rtsp, url: "rtsp://ngatu:${CAM1_PASSWORD}@10.0.0.11:554/sub", transport: tcp}
    record: {url: "rtsp://ngatu:${CAM1_PASSWORD}@10.0.0.11:554/main", post_roll_s: 20}
    tracker: {kind: bytetrack}
    lines:
      main: {from: [0.05, 0.60], to: [0.95, 0.60], names: {left: away, right: towards}}
    zones:
      yard: {polygon: [[0.80, 0.50], [0.95, 0.50], [0.99, 0.99], [0.85, 0.99]]}
    lanes:
      inbound: {polygon: [[0.5, 0.3], [0.7, 0.3], [0.9, 1.0], [0.4, 1.0]], heading: [0.1, 1.0]}
    rules:
      - {kind: line_crossing, id: count-main, line: main}
      - {kind: intrusion, id: yard, zone: yard, schedule: {hours: [{from: "22:00", to: "05:00"}]}}
  - id: clip
    source: {kind: file, path: clips/a.mp4}
    detector: {kind: simulated}
"""


NIGHT = {"from": "22:00", "to": "05:00"}


def written(folder: Path, text: str) -> Path:
    path = folder / "site.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_file(tmp_path: Path) -> None:
    site = load_site(written(tmp_path, GOOD), {"CAM1_PASSWORD": "p@ss/1"})
    first, second = site.cameras
    assert isinstance(first.source, RtspSource)
    assert first.source.url == "rtsp://ngatu:p%40ss%2F1@10.0.0.11:554/sub"
    assert first.record is not None
    assert first.record.url == "rtsp://ngatu:p%40ss%2F1@10.0.0.11:554/main"
    assert (first.record.pre_roll_s, first.record.post_roll_s) == (10, 20)
    assert second.record is None
    assert isinstance(second.source, FileSource)
    assert second.source.path == tmp_path / "clips/a.mp4", "paths are relative to the site file"
    assert site.detector(first).confidence == 0.4
    assert site.detector(second).kind == "simulated"
    assert first.tracker == ByteTrack()
    assert site.scene(first).lines["main"].names.left == "away"
    assert str(site.scene(first).timezone) == "Asia/Ho_Chi_Minh"
    assert site.camera("clip") is second
    with pytest.raises(SiteError, match="no camera 'x'; there are: cau-vuot-1, clip"):
        site.camera("x")


def tree() -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe", pure=True).load(GOOD)
    return loaded


def camera(changes: dict[str, Any]) -> dict[str, Any]:
    whole = tree()
    whole["cameras"][0].update(changes)
    return whole


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (
            camera({"rules": [{"kind": "line_crosing", "id": "a", "line": "main"}]}),
            r"cameras\[0\].rules\[0\].kind: no kind 'line_crosing'; did you mean 'line_crossing'\? there are: .*loiter",
        ),
        (
            camera({"rules": [{"kind": "line_crossing", "id": "a", "lin": "main", "line": "main"}]}),
            r"cameras\[0\].rules\[0\]: no field 'lin'; did you mean 'line'\? there are: kind, id, .*line, direction",
        ),
        (camera({"rules": [{"id": "a"}]}), r"cameras\[0\].rules\[0\]: `kind` is missing"),
        (camera({"rules": [{"kind": "line_crossing", "line": "main"}]}), r"cameras\[0\].rules\[0\].id: is missing"),
        (
            camera({"rules": [{"kind": "intrusion", "id": "a", "zone": "yard", "labels": ["dog"]}]}),
            r"rules\[0\].labels\[0\]: no label 'dog'; there are: person, bicycle",
        ),
        (
            camera(
                {
                    "rules": [
                        {"kind": "intrusion", "id": "a", "zone": "yard", "schedule": {"hour": [], "hours": [NIGHT]}}
                    ]
                }
            ),
            r"rules\[0\].schedule: no field 'hour'; did you mean 'hours'",
        ),
        (
            camera({"rules": 2 * [{"kind": "line_crossing", "id": "a", "line": "main"}]}),
            r"cameras\[0\]: rule ids must be unique; given more than once: a",
        ),
        (
            camera({"lines": {"main": {"from": [0.1, 0.1], "to": [0.1, 1.2]}}}),
            r"cameras\[0\].lines.main.to\[1\]: input should be less than or equal to 1, not 1.2",
        ),
        (
            camera({"lines": {"main": {"from": [0.1, 0.1], "to": [0.1, 0.1]}}}),
            r"cameras\[0\].lines.main: the line has no length",
        ),
        (camera({"zones": {"z": {"polygon": [[0, 0], [1, 1]]}}}), r"cameras\[0\].zones.z: a polygon needs at least 3"),
        (
            camera({"zones": {"z": {"poly": [], "polygon": [[0, 0]]}}}),
            r"zones.z: no field 'poly'; did you mean 'polygon'",
        ),
        (
            camera({"zones": {"inbound": {"polygon": [[0, 0], [1, 1], [1, 0]]}}}),
            r"cameras\[0\]: zone or lane ids must be unique; given more than once: inbound",
        ),
        (camera({"source": "rtsp://a:secret@x"}), r"cameras\[0\].source: input should be .*rtsp://[^e]*x'$"),
        (camera({"id": "cầu 1"}), r"cameras\[0\].id: string should match pattern .*, not 'cầu 1'"),
        (camera({"tracker": {"kind": "sort"}}), r"cameras\[0\].tracker.kind: no kind 'sort';"),
        (
            camera({"detector": {"kind": "yolo", "modle": "a"}}),
            r"cameras\[0\].detector: no field 'modle'; did you mean 'model'",
        ),
        ({**tree(), "cameras": []}, r"^cameras: "),
        ({**tree(), "version": 2}, r"version: input should be 1, not 2"),
        ({**tree(), "camera": []}, r"the file: no field 'camera'; did you mean 'cameras'"),
        ({**tree(), "cameras": 2 * tree()["cameras"][1:]}, r"the file: camera ids must be unique; .* clip"),
        ({**tree(), "site": {"timezone": "Asia/Saigong"}}, r"site.timezone: no time zone .*did you mean Asia/Saigon"),
        ({**tree(), "site": {"timezone": "qqqqqqq"}}, r"site.timezone: no time zone 'qqqqqqq'$"),
        ({**tree(), "cameras": [7]}, r"cameras\[0\]: input should be a valid dictionary"),
        ({**tree(), "cameras": {"a": 1}}, r"cameras: input should be"),
    ],
)
def test_a_fault_is_told_with_its_path_and_what_is_known(bad: dict[str, Any], message: str) -> None:
    with pytest.raises(SiteError, match=message) as caught:
        parse_site(bad)
    assert len(str(caught.value).splitlines()) == 1, "one fault, one line"


def test_all_faults_are_told_at_once() -> None:
    whole = camera({"zones": {"z": {"polygon": [[0, 0], [1, 1]]}}, "rules": [{"kind": "x", "id": "a"}]})
    with pytest.raises(SiteError) as caught:
        parse_site(whole)
    assert len(str(caught.value).splitlines()) == 2


def refusal(path: Path, environment: dict[str, str] | None = None, **looked_for: bool) -> list[str]:
    """What is said of a bad file, line by line, without its name."""
    with pytest.raises(SiteError) as caught:
        load_site(path, environment or {}, **looked_for)
    lines = str(caught.value).splitlines()
    assert all(line.startswith(f"{path}: ") for line in lines)
    return [line.removeprefix(f"{path}: ") for line in lines]


FAULTY = """
version: 1
site: {name: "${CITY}"}
cameras:
  - id: market
    source: {kind: rtsp, url: "rtsp://${USER}:${PASSWORD}@10.0.0.11/sub"}
    lines:
      main: {from: [0.05, 0.60], to: [0.95, 0.60]}
    rules:
      - {kind: line_crossing, id: good, line: main}
      - {kind: line_crossing, id: a, line: mian}
      - {kind: intrusion, id: b, zone: yard}
  - id: bridge
    source: {kind: rtsp, url: "rtsp://${HOST}:${PORT}/sub"}
    rules:
      - {kind: line_crosing, id: a, line: main}
      - {kind: line_crossing, id: b, line: main}
  - id: harbour
    source: {kind: webcam}
    lines:
      main: {from: [0.05, 0.60], to: [0.95, 0.60]}
    rules:
      - {kind: line_crossing, id: a, line: main, direction: up}
"""


def test_all_faults_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, FAULTY)
    assert [line.split(";")[0] for line in refusal(path, {"HOST": "h"})] == [
        "site.name: `${…}` is filled in only where the key is `url` or `secret`",
        "cameras[0].source.url: the environment variable USER is not set",
        "cameras[0].source.url: the environment variable PASSWORD is not set",
        "cameras[1].source.url: the environment variable PORT is not set",
        "cameras[1].rules[0].kind: no kind 'line_crosing'",
        "cameras[0].rules[1]: no line 'mian'",
        "cameras[0].rules[2]: no zone 'yard'",
        "cameras[1].rules[1]: no line 'main'",
        "cameras[2].rules[0]: no direction 'up'",
    ]


def test_rules_are_tried_in_the_scene_in_which_they_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Scene] = []
    watch = LineCrossing.watch

    def noted(rule: LineCrossing, scene: Scene) -> object:
        tried.append(scene)
        return watch(rule, scene)

    monkeypatch.setattr(LineCrossing, "watch", noted)
    corners = [([0.2, 0.4], [0, 0]), ([0.8, 0.4], [7, 0]), ([0.9, 0.9], [7, 24]), ([0.1, 0.9], [0, 24])]
    points = ", ".join(f"{{image: {image}, ground_m: {ground}}}" for image, ground in corners)
    more = f"    signals: {{near: {{kind: feed}}}}\n    calibration: {{points: [{points}]}}\n    lines:\n"
    site = load_site(written(tmp_path, GOOD.replace("    lines:\n", more)), {"CAM1_PASSWORD": "x"})
    real = site.scene(site.cameras[0])
    [scene] = tried
    assert scene.signals == real.signals == {"near": Feed()}
    assert scene.ground is not None
    assert real.ground is not None
    assert [scene.lines, scene.zones, scene.lanes] == [real.lines, real.zones, real.lanes]


def test_a_line_with_a_fault_of_its_own_is_not_said_to_be_missing(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD.replace("to: [0.95, 0.60]", "to: [1.95, 0.60]"))
    [said] = refusal(path, {"CAM1_PASSWORD": "x"})
    assert said.startswith("cameras[0].lines.main.to[0]: ")


def test_rules_that_need_metres_find_the_calibration(tmp_path: Path) -> None:
    points = "".join(
        f"        - {{image: [{x}, {y}], ground_m: [{across}, {along}]}}\n"
        for x, y, across, along in ((0.3, 0.8, 0, 0), (0.7, 0.8, 7, 0), (0.6, 0.5, 7, 30), (0.4, 0.5, 0, 30))
    )
    rule = "      - {kind: speeding, id: fast, zone: yard, limit_kmh: 50}\n"
    plain = GOOD.replace("    rules:\n", f"    rules:\n{rule}")
    with pytest.raises(SiteError, match=r"cameras\[0\]\.rules\[0\]: needs metres, and the camera has no calibration"):
        load_site(written(tmp_path, plain), {"CAM1_PASSWORD": "x"})
    measured = plain.replace("    lines:\n", f"    calibration:\n      points:\n{points}    lines:\n")
    assert load_site(written(tmp_path, measured), {"CAM1_PASSWORD": "x"}).cameras[0].calibration is not None


def test_an_address_whose_variable_is_not_set_has_no_other_fault(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD.replace("rtsp://ngatu", "${SCHEME}://ngatu", 1))
    assert refusal(path, {"CAM1_PASSWORD": "x"}) == [
        "cameras[0].source.url: the environment variable SCHEME is not set; set it before you start: export SCHEME=…"
    ]


NAMING = """
version: 1
defaults: {detector: {kind: yolo, model: street-m}}
cameras:
  - id: a
    source: {kind: file, path: a.mp4}
  - id: b
    source: {kind: webcam}
    detector: {kind: yolo, model: no/own.onnx}
  - id: c
    source: {kind: file, path: clips}
    detector: {kind: replay, path: d.jsonl}
  - id: d
    source: {kind: file, path: empty.mp4}
    detector: {kind: yolo, model: no/own.onnx}
"""


def test_what_a_file_names_is_looked_for_where_that_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    (tmp_path / "empty.mp4").touch()
    path = written(tmp_path, NAMING)
    assert len(load_site(path).cameras) == 4, "who replaces a source or a model needs neither"
    detectors = [
        "defaults.detector.model: no model 'street-m'. Did you mean street-n?",
        f"cameras[1].detector.model: {tmp_path}/no/own.onnx: there is no such model file",
        f"cameras[2].detector.path: {tmp_path}/d.jsonl: there is no such recording of detections",
        f"cameras[3].detector.model: {tmp_path}/no/own.onnx: there is no such model file",
    ]
    sources = [
        f"cameras[0].source.path: {tmp_path}/a.mp4: no such file",
        f"cameras[2].source.path: {tmp_path}/clips: is a directory, not a video file",
        f"cameras[3].source.path: {tmp_path}/empty.mp4: is empty (0 bytes)",
    ]
    said = refusal(path, detectors=True)
    assert [line.split(" There are:")[0] for line in said] == detectors
    assert refusal(path, sources=True) == sources
    assert sorted(refusal(path, detectors=True, sources=True)) == sorted(said + sources)


def test_a_file_that_names_what_is_there_is_good(tmp_path: Path) -> None:
    for name in ("a.mp4", "clips", "empty.mp4", "d.jsonl", "own.onnx"):
        (tmp_path / name).write_bytes(b"x")
    path = written(tmp_path, NAMING.replace("street-m", "street-n").replace("no/own", "own"))
    assert len(load_site(path, detectors=True, sources=True).cameras) == 4


def test_a_default_detector_that_nobody_wants_is_not_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(detector: Yolo) -> dict[str, str]:
        return {"model": f"no {detector.model}"}

    monkeypatch.setattr(Yolo, "missing", missing)
    text = "version: 1\ncameras: [{id: a, source: {kind: webcam}, detector: {kind: simulated}}]"
    assert len(load_site(written(tmp_path, text), detectors=True).cameras) == 1
    assert refusal(written(tmp_path, text.replace(", detector: {kind: simulated}", "")), detectors=True) == [
        "defaults.detector.model: no street-n"
    ]


@pytest.mark.parametrize("text", ["version: 1", "version: 1\ncameras: 7", "version: 1\ncameras: [7]\ndefaults: 7"])
def test_a_file_of_another_shape_is_told(tmp_path: Path, text: str) -> None:
    assert any(line.startswith("cameras") for line in refusal(written(tmp_path, text), detectors=True, sources=True))
