from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.docs import PAGE, RELIABILITY, page, pictures, results_part, soak_part, suites_part, write_docs
from benchmarks.errors import BenchError
from benchmarks.machine import System
from benchmarks.report import Result, Row
from benchmarks.suites import SUITES

ROWS = (
    Row.of("pipeline", "ngatu", "rate", "pictures/s", [30, 31, 33]),
    Row.of("pipeline", "a <peer>", "rate", "pictures/s", [20, 21]),
    Row.of("pipeline", "null: everything but the model", "rate", "pictures/s", [900]),
    Row.of("pipeline", "ngatu ÷ a <peer>", "ratio", "×", [1.5], at_least=1.2),
    Row.of("density", "5 fps, every picture", "cameras", "cameras", [6], note="7: camera 1 got 90% of its rate"),
    Row.of("density", "25 fps, every picture", "cameras", "cameras", [1]),
    Row.skipped("density", "10 fps, every picture", "no camera"),
)


def texts(drawing: str) -> list[str]:
    return [node.text or "" for node in ElementTree.fromstring(drawing).iter() if node.tag.endswith("text")]


def test_the_page_tells_of_every_suite_as_it_is() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert page(text, "suites", suites_part()) == text, "stale: run `ngatu bench docs` and commit"
    for name in SUITES:
        assert f"· `{name}`" in text


def test_results_become_tables_and_pictures(tmp_path: Path, system: System) -> None:
    path = tmp_path / "benchmarks.md"
    path.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    result = Result(system=system, rows=ROWS)
    written = write_docs(result, path)
    assert {one.name for one in written} == {"benchmarks.md", "bench-pipeline.svg", "bench-density.svg"}
    text = path.read_text(encoding="utf-8")
    assert results_part(result) in text
    assert "7: camera 1 got 90% of its rate" in text
    assert "](pictures/bench-density.svg)" in text
    write_docs(result, path)
    assert path.read_text(encoding="utf-8") == text, "written twice is written once"


def test_the_soak_stands_in_the_page_about_reliability(tmp_path: Path, system: System) -> None:
    benchmarks, reliability = tmp_path / "benchmarks.md", tmp_path / "reliability.md"
    for copy, page_of_ours in ((benchmarks, PAGE), (reliability, RELIABILITY)):
        copy.write_text(page_of_ours.read_text(encoding="utf-8"), encoding="utf-8")
    soak = Row.of("soak", "camera hangs", "time to notice", "s", [3.1, 3.4], at_most=5)
    alone = Result(system=system, rows=(soak,))
    assert write_docs(alone, benchmarks, reliability) == [benchmarks, reliability]
    assert soak_part(alone) in reliability.read_text(encoding="utf-8")
    assert benchmarks.read_text(encoding="utf-8") == PAGE.read_text(encoding="utf-8")
    write_docs(Result(system=system, rows=(*ROWS, soak)), benchmarks, reliability)
    assert "camera hangs" not in benchmarks.read_text(encoding="utf-8")


def test_bars_show_what_was_measured() -> None:
    words = texts(pictures(ROWS)["bench-pipeline.svg"])
    assert {"ngatu", "a <peer>", "31 pictures/s", "20.5 pictures/s"} <= set(words)
    assert not any("null" in word for word in words)


def test_the_curve_has_a_point_for_every_target() -> None:
    words = texts(pictures(ROWS)["bench-density.svg"])
    assert {"every picture", "5", "25", "6", "1"} <= set(words)


def test_nothing_is_drawn_of_nothing() -> None:
    assert pictures([]) == {}


def test_a_page_without_marks_is_refused() -> None:
    with pytest.raises(BenchError, match="needs the lines"):
        page("# Benchmarks", "suites", "")
