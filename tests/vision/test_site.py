from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from streams.sources.file import FileSource
from streams.sources.rtsp import RtspSource
from vision.errors import SiteError
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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version: 1\ncameras: [", "no valid YAML: .*line 2"),
        ("- a\n- b", "a site file is a mapping"),
        ("", "a site file is a mapping"),
        (
            "version: 1\ncameras:\n  - id: a\n    source: {kind: webcam, device: 0}\n    lines:\n"
            "      l: {from: [0, 0], to: [1, 1]}\n      l: {from: [0, 0], to: [1, 0]}\n",
            'no valid YAML: .*duplicate key "l"',
        ),
        (GOOD, r"cameras\[0\].source.url: the environment variable CAM1_PASSWORD is not set; .*export CAM1_PASSWORD="),
        (GOOD.replace("line: main", "line: mian"), "camera 'cau-vuot-1', rule 'count-main': no line 'mian'"),
    ],
)
def test_a_bad_file_is_told_with_its_name(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, text)
    environment = {"CAM1_PASSWORD": "x"} if "mian" in text else {}
    with pytest.raises(SiteError, match=message) as caught:
        load_site(path, environment)
    assert all(line.startswith(str(path)) for line in str(caught.value).splitlines())


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match="no such file"):
        load_site(tmp_path / "no.yaml")
    with pytest.raises(SiteError, match="can't be read"):
        load_site(tmp_path)
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(SiteError, match="can't be read"):
        load_site(tmp_path / "binary.yaml")
