import csv
import io
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest

from api.export import COLUMNS, rows_of
from api.table import write_table
from tests.api.databases import both_databases
from tests.api.stage import NOON, WAIT_S, Stage, incident, passage
from tests.api.test_export import minute, violation

EXPORT = "/api/v1/events/export"
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def written(stage: Stage, *events: Any) -> None:
    stage.store.add(events)
    assert stage.store.flush(WAIT_S)


def sheets(content: bytes) -> list[list[list[str]]]:
    """The cells of each sheet as they stand in the file; texts and numbers alike."""
    found = []
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        for name in sorted(name for name in book.namelist() if name.startswith("xl/worksheets/")):
            root = ElementTree.fromstring(book.read(name))
            assert not list(root.iter(f"{MAIN}f")), "there is no formula"
            found.append([["".join(cell.itertext()) for cell in row] for row in root.iter(f"{MAIN}row")])
    return found


@both_databases
def test_a_table_is_that_of_the_command(stage: Stage, tmp_path: Path) -> None:
    events = [minute(0), minute(1), minute(0, camera="gate"), minute(0, length_s=900)]
    written(stage, *events, passage(1), incident(2))
    query: dict[str, str | int] = {"camera": "road", "interval": 60, "timezone": "Asia/Ho_Chi_Minh"}
    answer = stage.client.get(EXPORT, params=query)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    name = answer.headers["content-disposition"]
    assert name.startswith('attachment; filename="soc-trang-measurement-')
    assert name.endswith('.csv"')
    out = tmp_path / "out.csv"
    rows = rows_of("measurement", events[:2], ZoneInfo("Asia/Ho_Chi_Minh"))
    assert write_table(out, COLUMNS["measurement"], rows) == 6
    assert answer.content == out.read_bytes()
    assert stage.client.get(EXPORT, params=query | {"timezone": ""}).status_code == 422
    del query["timezone"]
    assert stage.client.get(EXPORT, params=query).content == answer.content, "the site's zone if none is given"


def test_a_table_of_a_time(stage: Stage) -> None:
    written(stage, *(passage(number, label="bus") for number in range(10)), violation(3))
    query = {"family": "passage", "from": "2026-11-24T05:00:02Z", "to": "2026-11-24T05:00:05Z", "timezone": "UTC"}
    rows = list(csv.DictReader(io.StringIO(stage.client.get(EXPORT, params=query).text)))
    assert [row["at"] for row in rows] == [f"2026-11-24T05:00:0{n}.000Z" for n in (2, 3, 4)]
    none = stage.client.get(EXPORT, params={"family": "incident"})
    assert none.text == ",".join(COLUMNS["incident"]) + "\r\n"


def test_more_than_a_batch_comes_in_pieces(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.table._BATCH", 100)
    written(stage, *(passage(number) for number in range(1234)))
    with stage.client.stream("GET", EXPORT, params={"family": "passage"}) as answer:
        assert "content-length" not in answer.headers
        text = "".join(answer.iter_text())
    ids = [row["id"] for row in csv.DictReader(io.StringIO(text))]
    assert ids == [passage(number).id for number in range(1234)]


def test_a_spreadsheet(stage: Stage) -> None:
    written(stage, passage(1, label="bus"), passage(2, line="Cầu Quay <1> & 'more'"))
    answer = stage.client.get(EXPORT, params={"family": "passage", "format": "xlsx", "timezone": "Asia/Ho_Chi_Minh"})
    assert answer.headers["content-type"] == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    [[head, first, second]] = sheets(answer.content)
    assert head == list(COLUMNS["passage"])
    found = dict(zip(head, first[: len(head)], strict=False))
    assert (found["id"], found["camera"], found["label"]) == (passage(1).id, "road", "bus")
    day = timedelta(days=float(found["at"]))
    local = datetime(1899, 12, 30) + day  # day 0 of spreadsheets
    assert abs(local - datetime(2026, 11, 24, 12, 0, 1)) < timedelta(milliseconds=1), "12:00:01 in Sóc Trăng"
    assert "Cầu Quay <1> & 'more'" in second


def test_a_sheet_that_is_full_goes_on_in_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.table.SHEET_ROWS", 4)
    for count, lengths in ((0, [1]), (2, [3]), (3, [4, 1]), (7, [4, 4, 2])):
        out = tmp_path / f"{count}.xlsx"
        assert write_table(out, {"n": int}, ([number] for number in range(count))) == count
        found = sheets(out.read_bytes())
        assert [len(sheet) for sheet in found] == lengths
        assert [row for sheet in found for row in sheet if row != ["n"]] == [[str(number)] for number in range(count)]


@pytest.mark.parametrize("text", ["=1+1", '=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_text_is_no_formula(tmp_path: Path, text: str) -> None:
    for name in ("a.csv", "a.xlsx"):
        write_table(tmp_path / name, {"text": str, "n": float}, [[text, -1.5]])
    with (tmp_path / "a.csv").open(newline="") as file:
        [_, row] = csv.reader(file)
    assert row == [f"'{text}", "-1.5"], "a number stays one"
    [[_, cells]] = sheets((tmp_path / "a.xlsx").read_bytes())
    assert cells[1] == "-1.5"
    assert cells[0].replace("_x000D_", "\r").strip() == text.strip()


def test_parquet_comes_whole(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra `parquet` is not installed")
    monkeypatch.setattr("api.table._BATCH", 10)
    written(stage, *(passage(number) for number in range(25)))
    answer = stage.client.get(EXPORT, params={"family": "passage", "format": "parquet"})
    found = parquet.read_table(io.BytesIO(answer.content))
    assert found.column("id").to_pylist() == [passage(number).id for number in range(25)]
    assert found.column("at").to_pylist()[1] == NOON.astimezone(UTC) + timedelta(seconds=1)


def test_a_format_that_is_not_installed_is_a_problem(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    answer = stage.client.get(EXPORT, params={"format": "parquet"})
    assert (answer.status_code, answer.json()["type"]) == (501, "urn:ngatu:format-missing")
    assert "pip install -e '.[parquet]'" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("format=ods", "query.format"),
        ("family=x", "query.family"),
        ("timezone=Mars/Crater", "query.timezone"),
        ("timezone=../etc/passwd", "query.timezone"),
        ("interval=0", "query.interval"),
        ("label=car", "query.label"),
        ("from=2026-11-24T05:00:00Z&to=2026-11-24T04:00:00Z", "query"),
    ],
)
def test_a_table_of_nonsense_is_a_problem(idle: Stage, query: str, field: str) -> None:
    answer = idle.client.get(f"{EXPORT}?{query}")
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:ngatu:invalid-request")
    assert answer.json()["errors"][0]["field"] == field
