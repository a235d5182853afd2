import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from api.errors import ApiError
from api.event_search import EventFilter
from api.export import COLUMNS, FAMILIES, Selection, events_of, rows_of, span
from api.settings import Settings
from api.store import Store
from api.table import write_table
from tests.api.stage import NOON, WAIT_S, incident, passage
from tests.api.test_command_line import SITE
from vision.events import Event, Measurement, Violation, event_id

ROOT = Path(__file__).parents[2]


def minute(
    number: int = 0,
    *,
    camera: str = "road",
    length_s: int = 60,
    kind: str = "line_flow",
    watched: float = 1.0,
    **more: object,
) -> Measurement:
    """Figures of an interval that began `number` lengths after noon."""
    ended_s = float((number + 1) * length_s)
    at = NOON + timedelta(seconds=ended_s)
    return Measurement.model_validate(
        {
            "id": event_id(at, camera, kind, length_s, *more.values()),
            "kind": kind, "rule": "measure", "camera": camera, "time_s": ended_s, "at": at, "label": None,
            "track": None, "place": None, "score": 1.0, "line": "main", "began_s": ended_s - length_s,
            "ended_s": ended_s, "completeness": watched, "values": {"volume": 3.0, "headway_s:away": 1 / 3},
            "by_label": {"car": {"volume": 3.0}},
        }
        | more
    )  # fmt: skip


def violation(number: int) -> Violation:
    fields = passage(number).model_dump(
        exclude={"family", "line", "direction", "from_line", "to_line", "speed_kmh", "speed_error_kmh"}
    )
    return Violation.model_validate(
        fields | {"kind": "speeding", "fired_s": number + 1, "measured": 72.5, "limit": 50, "unit": "km/h"}
    )


EVENTS: list[Event] = [
    passage(1),
    incident(5),
    violation(9),
    minute(0),
    passage(70),
    minute(1),
    minute(0, length_s=900),
]


@pytest.fixture(name="file")
def fixture_file(tmp_path: Path) -> Path:
    path = tmp_path / "events.jsonl"
    path.write_text(
        "".join(event.model_dump_json(by_alias=True) + "\n" for event in [*EVENTS, incident(5, ended_s=30.0)])
    )
    return path


@pytest.fixture(name="filled")
def fixture_filled(tmp_path: Path) -> Path:
    path = tmp_path / "ngatu.db"
    with Store.open(f"sqlite:///{path}") as store:
        store.add([*EVENTS, incident(5, ended_s=30.0)])
        assert store.flush(WAIT_S)
    return path


@pytest.fixture(name="source", params=["file", "database"])
def fixture_source(request: pytest.FixtureRequest, file: Path, filled: Path) -> tuple[Path | None, Settings]:
    return (file if request.param == "file" else None), Settings(database=str(filled))


def chosen(source: tuple[Path | None, Settings], selection: Selection) -> list[Event]:
    return list(events_of(selection, *source))


Source = tuple[Path | None, Settings]


def test_file_and_database_give_the_same(source: Source) -> None:
    assert [round(one.time_s) for one in chosen(source, Selection("passage"))] == [1, 70]
    [one] = chosen(source, Selection("incident"))
    assert one == incident(5, ended_s=30.0), "once, as it was last"
    assert [one.kind for one in chosen(source, Selection("violation"))] == ["speeding"]


@pytest.mark.parametrize(
    ("selection", "lengths"),
    [
        (Selection("measurement"), [60, 60, 900]),
        (Selection("measurement", interval_s=60), [60, 60]),
        (Selection("measurement", since=NOON, until=NOON + timedelta(minutes=1)), [60]),
        (Selection("measurement", since=NOON + timedelta(minutes=1)), [60]),
        (Selection("measurement", until=NOON + timedelta(minutes=15)), [60, 60, 900]),
        (Selection("measurement", cameras=("gate",)), []),
        (Selection("measurement", kinds=("zone_use",)), []),
    ],
)
def test_an_interval_belongs_to_a_time_if_it_lies_within(
    source: Source, selection: Selection, lengths: list[int]
) -> None:
    found = [one for one in chosen(source, selection) if isinstance(one, Measurement)]
    assert [round(one.ended_s - one.began_s) for one in found] == lengths


def test_other_events_belong_to_a_time_but_not_at_its_end(source: Source) -> None:
    until = NOON + timedelta(seconds=70)
    assert [round(one.time_s) for one in chosen(source, Selection("passage", until=until))] == [1]
    assert [round(one.time_s) for one in chosen(source, Selection("passage", since=until))] == [70]


def test_a_part_that_was_told_early_ends_at_the_full_minute() -> None:
    part = minute(0, time_s=29.9666667, at=NOON + timedelta(milliseconds=29966), watched=0.5)
    assert span(part) == (NOON, NOON + timedelta(minutes=1))
    odd = minute(0, began_s=0.0, ended_s=47.0, time_s=47.0, at=NOON + timedelta(seconds=75))
    assert span(odd) == (NOON + timedelta(seconds=28), NOON + timedelta(seconds=75)), "a clock was put right"


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_measurements_have_a_row_for_each_figure(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    hanoi = ZoneInfo("Asia/Ho_Chi_Minh")
    assert write_table(out, COLUMNS["measurement"], rows_of("measurement", [minute(0, watched=0.5)], hanoi)) == 3
    common = {
        "camera": "road", "kind": "line_flow", "rule": "measure", "line": "main", "zone": "", "from": "", "to": "",
        "began_at": "2026-11-24T12:00:00.000+07:00", "ended_at": "2026-11-24T12:01:00.000+07:00",
        "interval_s": "60", "completeness": "0.5",
    }  # fmt: skip
    assert table(out) == [
        common | {"label": "", "direction": "", "figure": "volume", "value": "3"},
        common | {"label": "", "direction": "away", "figure": "headway_s", "value": "0.333333"},
        common | {"label": "car", "direction": "", "figure": "volume", "value": "3"},
    ]
    assert list(tmp_path.iterdir()) == [out], "nothing else is left behind"


def test_every_family_has_its_table(source: Source, tmp_path: Path) -> None:
    found = {}
    for family in FAMILIES:
        out = tmp_path / f"{family}.csv"
        write_table(out, COLUMNS[family], rows_of(family, events_of(Selection(family), *source), UTC))
        found[family] = table(out)[0]
    assert found["passage"]["at"] == "2026-11-24T05:00:01.000Z"
    assert [found["passage"][name] for name in ("x", "y", "line", "from", "speed_kmh")] == [
        "0.5",
        "0.5",
        "main",
        "",
        "",
    ]
    assert [found["violation"][name] for name in ("measured", "limit", "unit")] == ["72.5", "50", "km/h"]
    assert [found["incident"][name] for name in ("status", "ended_s", "tracks")] == ["ended", "30", "1"]


def test_an_event_without_a_place_has_none() -> None:
    [row] = rows_of("incident", [incident(5).model_copy(update={"place": None})], UTC)
    assert row[list(COLUMNS["incident"]).index("x")] is None


def test_parquet_holds_the_same_with_types(file: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra `parquet` is not installed")
    out = tmp_path / "out.parquet"
    events = [minute(number) for number in range(4000)]
    assert write_table(out, COLUMNS["measurement"], rows_of("measurement", events, UTC)) == 12000
    found = parquet.read_table(out)
    assert found.num_rows == 12000
    assert found.schema.field("began_at").type.tz == "UTC"
    first = found.slice(0, 1).to_pylist()[0]
    assert first["began_at"] == NOON
    assert (first["value"], first["zone"], first["interval_s"]) == (3.0, None, 60)


def test_without_pyarrow_it_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ApiError, match=r"pip install -e '\.\[parquet\]'"):
        write_table(tmp_path / "out.parquet", COLUMNS["passage"], [])
    assert list(tmp_path.iterdir()) == []


def test_a_table_that_breaks_off_leaves_the_old_one(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    out.write_text("of before")

    def breaks() -> Iterator[list[None]]:
        yield [None]
        raise ApiError("gone")

    with pytest.raises(ApiError, match="gone"):
        write_table(out, {"a": str}, breaks())
    assert out.read_text() == "of before"
    assert list(tmp_path.iterdir()) == [out]


def test_the_store_reads_all_in_batches(store: Store) -> None:
    store.add([passage(number) for number in range(25)])
    assert store.flush(WAIT_S)
    for batch in (1, 10, 25, 100):
        ids = [one.id for one in store.each(EventFilter(), batch)]
        assert ids == [passage(number).id for number in range(25)]


def ngatu(*words: object, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "api", *map(str, words)],
        cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_export_by_the_command_line(file: Path, filled: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "1.csv", tmp_path / "2.csv"
    words = (
        "export",
        "--interval",
        60,
        "--from",
        "2026-11-24T12:00",
        "--to",
        "2026-11-24T12:01",
        "--timezone",
        "Asia/Ho_Chi_Minh",
    )
    run = ngatu(*words, "--events", file, "--out", first)
    assert (run.returncode, run.stdout, run.stderr) == (0, f"{first}: 3 rows\n", "")
    assert ngatu(*words, "--out", second, NGATU_DATABASE=str(filled)).returncode == 0
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--events", "no.jsonl", "--out", "a.csv"), "no.jsonl: can't be read"),
        (("--events", "FILE", "--out", "out.ods"), "the end of the name says in which format"),
        (("--events", "CSV", "--out", "CSV"), "would be destroyed"),
        (("--events", "CSV", "--out", "b.csv"), "line 1: not an event"),
        (("--events", "FILE", "--out", "no/folder/a.csv"), "there is no folder"),
        (("--events", "FILE", "--out", "FOLDER.csv"), "is a folder"),
        (("--events", "FILE", "--out", "a.csv", "--from", "noon"), "is no ISO 8601 time"),
        (("--events", "FILE", "--out", "a.csv", "--timezone", "Mars/Crater"), "no such time zone"),
        (("--out", "a.csv"), "there is no database"),
    ],
)
def test_bad_input_is_told_and_nothing_is_written(words: tuple[str, ...], why: str, file: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("a,b\n")
    (tmp_path / "FOLDER.csv").mkdir()
    before = sorted(tmp_path.iterdir())
    names = {"FILE": str(file), "CSV": str(tmp_path / "in.csv"), "FOLDER.csv": str(tmp_path / "FOLDER.csv")}
    given = [names.get(word, str(tmp_path / word) if word.endswith(".csv") else word) for word in words]
    run = ngatu("export", *given, NGATU_DATABASE=str(tmp_path / "none.db"))
    assert run.returncode == 2
    assert why in run.stderr
    assert "Traceback" not in run.stderr
    assert sorted(tmp_path.iterdir()) == before


def test_a_full_disk_fails(file: Path, tmp_path: Path) -> None:
    # A link to a device would be replaced by a file: what is written aside must find no room.
    (tmp_path / "a.csv.part").symlink_to("/dev/full")
    run = ngatu("export", "--events", file, "--out", tmp_path / "a.csv")
    assert run.returncode == 1
    assert run.stderr.startswith(f"ngatu: {tmp_path}/a.csv: can't be written: No space left")


def test_what_a_run_measures_can_be_exported(tmp_path: Path) -> None:
    """From the synthetic street to a table: volumes are those of the crossings that were told."""
    site, events, out = tmp_path / "site.yaml", tmp_path / "e.jsonl", tmp_path / "a.csv"
    site.write_text(SITE)
    start = ("--start", "2026-11-24T07:00:00Z")
    assert ngatu("run", "--site", site, "--events", events, *start).returncode == 0
    assert ngatu("export", "--events", events, "--out", out, "--kind", "line_flow", "--interval", 60).returncode == 0
    told = [json.loads(line) for line in events.read_text().splitlines()]
    crossed = sum(event["kind"] == "line_crossing" for event in told)
    rows = [row for row in table(out) if (row["figure"], row["label"], row["direction"]) == ("volume", "", "")]
    assert sum(float(row["value"]) for row in rows) == crossed > 0
    assert {row["began_at"] for row in rows} == {"2026-11-24T07:00:00.000Z"}
    assert {row["ended_at"] for row in rows} == {"2026-11-24T07:01:00.000Z"}
