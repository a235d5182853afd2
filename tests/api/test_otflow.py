import bz2
import csv
import json
from datetime import UTC
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from ruamel.yaml import YAML

from api.errors import ApiError
from api.otflow import COUNT_COLUMNS, counts, read_otflow
from tests.api.test_export import minute, ngatu
from vision.events import Measurement
from vision.rules.movement import Movement
from vision.site import parse_site

SIZE = (800, 600)


def section(
    name: str, *points: tuple[float, float], number: str = "", offset: tuple[float, float] = (0.5, 0.5), **more: Any
) -> dict[str, Any]:
    return {
        "id": number or name,
        "name": name,
        "type": "line",
        "relative_offset_coordinates": {"section-enter": {"x": offset[0], "y": offset[1]}},
        "coordinates": [{"x": x, "y": y} for x, y in points],
        "plugin_data": {},
    } | more


def flow(start: str, end: str) -> dict[str, Any]:
    return {"id": f"{start} --> {end}", "name": f"{start} --> {end}", "start": start, "end": end, "distance": None}


JUNCTION = {
    "sections": [
        section("Süd", (40, 540), (400, 580), number="1"),
        section("Bắc", (400, 60), (480, 60), number="2", offset=(0.5, 1.0)),
        section("east", (700, 200), (760, 300), (700, 420), number="3"),
        section("Area 1", (100, 100), (300, 100), (300, 300), (100, 100), number="4", type="area"),
    ],
    "flows": [flow("1", "2"), flow("2", "1"), flow("1", "3"), flow("2", "2"), flow("4", "1")],
}


def written(folder: Path, tree: object) -> Path:
    path = folder / "junction.otflow"
    path.write_text(json.dumps(tree), encoding="utf-8")
    return path


def test_sections_and_flows_become_lines_and_a_rule(tmp_path: Path) -> None:
    text = read_otflow(written(tmp_path, JUNCTION), SIZE)
    camera = YAML(typ="safe", pure=True).load(text)
    site = parse_site({"version": 1, "cameras": [{"id": "a", "source": {"kind": "webcam", "device": 0}} | camera]})
    [one] = site.cameras
    assert {name: (line.start, line.end) for name, line in one.lines.items()} == {
        "Sud": ((0.05, 0.9), (0.5, 0.9667)), "Bac": ((0.5, 0.1), (0.6, 0.1)), "east": ((0.875, 0.3333), (0.875, 0.7)),
    }  # fmt: skip
    assert list(one.zones) == ["Area-1"]
    assert len(one.zones["Area-1"].polygon) == 3, "closed outlines are opened"
    assert one.rules == (Movement(id="flows", lines=("Sud", "Bac", "east")),)
    site.pipeline(one)


def test_what_is_different_here_is_told_beside_it(tmp_path: Path) -> None:
    text = read_otflow(written(tmp_path, JUNCTION), SIZE)
    assert '# "Süd"\n  # was crossed by the point of a box at 0.5 of its width and 0.5 of its height\n  Sud:' in text
    assert '# "Bắc"\n  Bac:' in text, "the bottom-centre is what we have"
    assert "# was bent, up to 60 px beside this straight line" in text
    assert '# flow "2 --> 2" is left out: from a line to itself' in text
    assert '# flow "4 --> 1" is left out: not between two lines' in text
    assert "reached out" not in text
    assert "  # reached out of the picture of 400x300" in read_otflow(written(tmp_path, JUNCTION), (400, 300))


def test_an_older_file_has_no_names_and_ids_that_are_alike_differ(tmp_path: Path) -> None:
    sections = [section("a b", (0, 0), (9, 9)), section("a-b", (0, 9), (9, 0)), section("→", (0, 5), (9, 5))]
    for one in sections:
        del one["name"]
    text = read_otflow(written(tmp_path, {"sections": sections}), SIZE)
    assert list(YAML(typ="safe", pure=True).load(text)["lines"]) == ["a-b", "a-b-2", "section"]
    assert "rules" not in text


def test_only_areas_and_packed_files_are_read_too(tmp_path: Path) -> None:
    packed = tmp_path / "a.otconfig"
    areas = {"sections": JUNCTION["sections"][3:], "project": {"name": "more"}}
    packed.write_bytes(bz2.compress(json.dumps(areas).encode()))
    camera = YAML(typ="safe", pure=True).load(read_otflow(packed, SIZE))
    assert list(camera) == ["zones"]


@pytest.mark.parametrize(
    ("tree", "why"),
    [
        ({"sections": []}, "sections: list should have at least 1 item"),
        ({"flows": []}, "sections: field required"),
        ({"Detectors": {}, "Movements": {}}, "before OTAnalytics 1"),
        ([1], "input should be"),
        ({"sections": [section("x", (5, 5), (5, 5))]}, "ends where it begins"),
        ({"sections": [section("x", (5, 5))]}, "at least 2 items"),
    ],
)
def test_a_file_that_is_none_of_theirs_is_told(tmp_path: Path, tree: object, why: str) -> None:
    with pytest.raises(ApiError, match=why):
        read_otflow(written(tmp_path, tree), SIZE)


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    with pytest.raises(ApiError, match="can't be read"):
        read_otflow(tmp_path / "none.otflow", SIZE)
    for content in (b"not json", b"BZh broken", b"\xff\xfe"):
        (tmp_path / "bad.otflow").write_bytes(content)
        with pytest.raises(ApiError, match="no file of OpenTrafficCam"):
            read_otflow(tmp_path / "bad.otflow", SIZE)


def turn(number: int, from_line: str, to_line: str, by_label: dict[str, int], **more: Any) -> Measurement:
    ends: dict[str, Any] = {"line": None, "from": from_line, "to": to_line, "rule": "flows"}
    volumes = {label: {"volume": float(volume)} for label, volume in by_label.items()}
    return minute(number, kind="movement_flow", length_s=900, by_label=volumes, **ends, **more)


def test_counts_have_the_columns_of_otanalytics() -> None:
    events = [
        turn(1, "south", "north", {"car": 2}),
        turn(0, "south", "north", {"car": 3, "person": 1}),
        turn(0, "north", "south", {}),
        minute(0),
    ]
    rows, partly = counts(events, ZoneInfo("Asia/Ho_Chi_Minh"))
    assert partly == 0
    noon = ["2026-11-24 12:00:00", "2026-11-24", "12:00:00", "2026-11-24 12:15:00", "2026-11-24", "12:15:00"]
    later = ["2026-11-24 12:15:00", "2026-11-24", "12:15:00", "2026-11-24 12:30:00", "2026-11-24", "12:30:00"]
    assert rows == [
        [*noon, "car", "north --> south", "north", "south", 0],
        [*noon, "car", "south --> north", "south", "north", 3],
        [*noon, "pedestrian", "north --> south", "north", "south", 0],
        [*noon, "pedestrian", "south --> north", "south", "north", 1],
        [*later, "car", "south --> north", "south", "north", 2],
        [*later, "pedestrian", "south --> north", "south", "north", 0],
    ]
    assert len(COUNT_COLUMNS) == len(rows[0])


def test_parts_of_an_interval_are_added_up() -> None:
    parts = [turn(0, "a", "b", {"car": number}, watched=0.4, id=str(number)) for number in (2, 3)]
    [row], partly = counts(parts, UTC)
    assert row[-1] == 5
    assert partly == 1
    whole = [turn(0, "a", "b", {"car": 1}, watched=0.5, id=str(number)) for number in (2, 3)]
    assert counts(whole, UTC)[1] == 0


def test_by_the_command_line(tmp_path: Path) -> None:
    run = ngatu("otflow", "import", written(tmp_path, JUNCTION), "--size", "800x600")
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == read_otflow(tmp_path / "junction.otflow", SIZE)
    assert ngatu("otflow", "import", tmp_path / "junction.otflow", "--size", "big").returncode == 2

    events, out = tmp_path / "e.jsonl", tmp_path / "c.csv"
    found = [turn(0, "a", "b", {"bus": 4}, watched=0.5), turn(0, "a", "b", {"bus": 1}, camera="gate")]
    events.write_text("".join(one.model_dump_json(by_alias=True) + "\n" for one in found))
    run = ngatu("otflow", "counts", "--events", events, "--out", out)
    assert run.returncode == 2
    assert "say of which with --camera: gate, road" in run.stderr
    run = ngatu("otflow", "counts", "--events", events, "--out", out, "--camera", "road")
    assert (run.returncode, run.stdout) == (0, f"{out}: 1 row\n")
    assert "of 1 interval a part was not watched" in run.stderr
    with out.open(newline="") as file:
        [row] = csv.DictReader(file)
    assert [row["classification"], row["flow"], row["count"]] == ["bus", "a --> b", "4"]
    run = ngatu("otflow", "counts", "--events", events, "--out", out, "--camera", "gate", "--interval", "60")
    assert run.returncode == 2
    assert "there are no counts of 60 s" in run.stderr
    assert ngatu("otflow", "counts", "--events", events, "--out", tmp_path / "c.parquet").returncode == 2
