from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.errors import BenchError, IncomparableError
from benchmarks.machine import FileMark, System
from benchmarks.report import (
    Result,
    ResultWriter,
    Row,
    compare,
    markdown,
    merged,
    percentiles,
    read_result,
    shown,
    suite_table,
    write_json,
)


def row(values: Sequence[float], case: str = "all", suite: str = "pipeline") -> Row:
    return Row.of(suite, case, "rate", "pictures/s", values)


def test_a_row_keeps_the_slowest_value() -> None:
    one = row([3, 1, 2, 1000, 2])
    assert (one.n, one.median, one.min, one.max) == (5, 2, 1, 1000)
    assert one.percentiles == {}, "five values bear no percentile"


def test_a_row_without_values_is_refused() -> None:
    with pytest.raises(ValueError, match="skipped"):
        row([])


@pytest.mark.parametrize(
    ("n", "names"),
    [
        (99, []),
        (100, ["p90"]),
        (200, ["p90", "p95"]),
        (999, ["p90", "p95"]),
        (1000, ["p90", "p95", "p99"]),
        (10000, ["p90", "p95", "p99", "p99.9"]),
    ],
)
def test_percentiles_need_enough_values(n: int, names: list[str]) -> None:
    assert list(percentiles(np.arange(n, dtype=np.float64))) == names


def test_a_percentile_is_a_value_that_was_measured() -> None:
    found = percentiles(np.arange(1.0, 1001.0))
    assert found == {"p90": 900.0, "p95": 950.0, "p99": 990.0}


@given(st.integers(1000, 5000), st.integers(0, 99))
def test_at_most_one_in_a_hundred_lies_beyond_p99(n: int, seed: int) -> None:
    # Rounded, so that many values are alike.
    ordered = np.sort(np.random.default_rng(seed).exponential(20, n).round(1))
    p99 = percentiles(ordered)["p99"]
    assert p99 in ordered
    assert np.count_nonzero(ordered > p99) <= n / 100 <= np.count_nonzero(ordered >= p99)


@pytest.mark.parametrize(
    ("target", "met", "words"),
    [
        ({}, None, ""),
        ({"at_least": 2.0}, True, "≥ 2 ✓"),
        ({"at_least": 2.5}, False, "≥ 2.5 ✗"),
        ({"at_most": 2.0}, True, "≤ 2 ✓"),
        ({"at_most": 1.0}, False, "≤ 1 ✗"),
        ({"at_least": 1.0, "at_most": 1.5}, False, "≥ 1 and ≤ 1.5 ✗"),
    ],
)
def test_targets_are_held_against_the_median(target: dict[str, float], met: bool | None, words: str) -> None:
    one = row([1, 2, 3]).model_copy(update=target)
    assert one.met is met
    assert one.target == words


def test_a_skipped_case_says_why() -> None:
    one = Row.skipped("density", "5 fps", "no camera")
    assert one.met is None
    assert one.note == "skipped: no camera"


@pytest.mark.parametrize(
    ("value", "words"), [(None, "–"), (0.0, "0"), (31.0, "31"), (0.12345, "0.1235"), (1234.5, "1234")]
)
def test_numbers_for_people(value: float | None, words: str) -> None:
    assert shown(value) == words


def test_a_result_comes_back_from_folder_and_document(tmp_path: Path, system: System) -> None:
    writer = ResultWriter(tmp_path / "one", system)
    writer.add(row([1, 2, 3]))
    # A run that is killed here has lost nothing.
    assert len(read_result(tmp_path / "one").rows) == 1
    writer.add(Row.skipped("density", "5 fps", "no camera"))
    result = writer.close(system.model_copy(update={"steal": 0.5}))
    write_json(result, tmp_path / "one.json")
    assert read_result(tmp_path / "one") == read_result(tmp_path / "one.json") == result
    report = (tmp_path / "one" / "report.md").read_text(encoding="utf-8")
    assert report == markdown(result)
    for words in ("Some CPU", "sse4_2 avx2 avx512f", "50.00% of CPU time stolen", "skipped: no camera", "1 – 3"):
        assert words in report


def test_a_folder_with_a_result_is_not_written_over(tmp_path: Path, system: System) -> None:
    ResultWriter(tmp_path, system)
    with pytest.raises(BenchError, match="holds a result already"):
        ResultWriter(tmp_path, system)


@pytest.mark.parametrize("content", [None, "{}", "no JSON", '{"system": {}, "rows": []}'])
def test_what_is_no_result_is_refused(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "x.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(BenchError, match=r"x\.json"):
        read_result(path)


def test_compare_shows_ratios_and_what_they_are_worth(system: System) -> None:
    before = Result(system=system, rows=(row([9, 10, 11]), row([5, 6, 7], "other"), row([1], "gone")))
    after = Result(system=system, rows=(row([19, 20, 21]), row([5, 6, 8], "other"), row([1], "new")))
    table = compare(before, after)
    assert "| pipeline | all | rate | 10 | 20 pictures/s | 2.000 |  |" in table
    assert "| pipeline | other | rate | 6 | 6 pictures/s | 1.000 | ranges overlap |" in table
    assert "gone" not in table
    assert "new" not in table


@pytest.mark.parametrize(
    ("other", "word"),
    [
        ({"cpu": "Another CPU"}, "CPU"),
        ({"cores": 4}, "cores"),
        ({"provider": "openvino"}, "provider"),
        ({"model": FileMark(name="street-n", sha256="c" * 64)}, "model"),
        ({"model": None}, "model"),
        ({"clip": FileMark(name="road.mp4", sha256="c" * 64)}, "clip"),
        ({"quick": True}, "durations"),
    ],
)
def test_results_of_other_machines_are_refused(system: System, other: dict[str, object], word: str) -> None:
    before = Result(system=system, rows=(row([1]),))
    after = Result(system=system.model_copy(update=other), rows=(row([1]),))
    for combine in (lambda: compare(before, after), lambda: merged([before, after])):
        with pytest.raises(IncomparableError, match=word):
            combine()


def test_another_kernel_or_package_is_what_one_compares(system: System) -> None:
    before = Result(system=system, rows=(row([1]),))
    newer = system.model_copy(update={"kernel": "Linux 7", "packages": {"onnxruntime": "2"}})
    assert "1.000" in compare(before, Result(system=newer, rows=(row([1]),)))


def test_results_without_a_common_case_are_refused(system: System) -> None:
    before, after = (Result(system=system, rows=(row([1], case),)) for case in ("one", "other"))
    with pytest.raises(IncomparableError, match="no case in common"):
        compare(before, after)


def test_of_two_results_the_later_one_of_a_suite_counts(system: System) -> None:
    first = Result(system=system, rows=(row([1], "a"), row([2], "b"), row([3], "a", "stages")))
    later = Result(system=system, rows=(row([4], "a"),))
    both = merged([first, later])
    assert [(one.suite, one.case, one.median) for one in both.rows] == [("stages", "a", 3), ("pipeline", "a", 4)]


def test_what_never_came_is_infinite_also_when_it_is_read_again() -> None:
    never = Row.of("soak", "camera hangs", "time to notice", "s", [float("inf")], at_most=5)
    again = Row.model_validate_json(never.model_dump_json())
    assert again == never
    assert again.met is False
    assert "| inf s |" in suite_table([again])
