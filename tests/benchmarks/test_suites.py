import inspect
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.suite import Plan, Suite
from benchmarks.suites import SUITES
from benchmarks.suites.model import input_tensor, shares
from models.detectors.yolo import Yolo
from models.session import open_session
from tests.models.exports import save, v8


@pytest.fixture
def tiny(tmp_path: Path) -> Yolo:
    """A model that takes next to no time and always sees one car."""
    path = save(tmp_path / "tiny.onnx", v8([(8, 8, 40, 30, 0.9, 0)], 1), names=["car"], shape=("batch", 3, 64, 64))
    return Yolo(model=str(path), provider="cpu")


@pytest.mark.parametrize("suite", SUITES.values(), ids=lambda one: one.name)
def test_every_suite_says_what_it_measures(suite: Suite) -> None:
    assert Path(inspect.getfile(type(suite))).stem == suite.name
    assert (type(suite).__doc__ or "").strip()
    assert suite.level in {"L0", "L1", "L2", "L3", "L4", "L5"}


def test_they_go_from_the_parts_to_the_whole() -> None:
    levels = [suite.level for suite in SUITES.values()]
    assert levels == sorted(levels)


def test_stages_of_a_real_model(synthetic: Callable[..., Plan], tiny: Yolo, clip: Path) -> None:
    rows = list(SUITES["stages"].run(synthetic(detector=tiny, clip=clip)))
    names = "decode, letterbox, infer, post, track, track of 50 road users, rules, overlay and JPEG"
    assert [row.case.replace("track, 50", "track of 50") for row in rows] == names.split(", ")
    for row in rows:
        assert (row.unit, row.n) == ("ms", 1)
        assert row.median is not None
        assert 0 < row.median < 10_000


def test_stages_of_a_detector_that_has_no_parts(synthetic: Callable[..., Plan]) -> None:
    cases = [row.case for row in SUITES["stages"].run(synthetic())]
    assert cases[:2] == ["decode", "detect"]


def test_events_arrive_and_what_waited_is_caught_up_with(
    synthetic: Callable[..., Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.suites.alerts.QUICK_SECONDS", 0.2)
    delay, worst, rate = SUITES["alerts"].run(synthetic())
    assert (delay.metric, delay.n, worst.metric, rate.metric) == ("delay", 10, "delay, p99", "caught up")
    for row in (delay, worst, rate):
        assert row.median is not None
        assert row.median > 0


def test_the_model_alone(synthetic: Callable[..., Plan], tiny: Yolo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.suites.model.QUICK_S", 0.02)
    rows = list(SUITES["model"].run(synthetic(detector=tiny)))
    cases = [row.case for row in rows]
    assert any(case.endswith("batch 4") for case in cases)
    assert "spinning off (ours), beside a busy process" in cases
    slower = [row for row in rows if row.metric == "slower beside a busy process"]
    assert len(slower) == 2
    assert all(row.median is not None and row.median > 0 for row in rows)


def test_without_a_model_there_is_nothing_to_run_alone(synthetic: Callable[..., Plan]) -> None:
    [row] = SUITES["model"].run(synthetic())
    assert row.note.startswith("skipped")


@pytest.mark.parametrize(
    ("cores", "expected"), [(1, [(1, 1)]), (2, [(1, 2), (2, 1)]), (6, [(1, 6), (2, 3), (3, 2), (6, 1)])]
)
def test_workers_and_threads_fill_the_cores(cores: int, expected: list[tuple[int, int]]) -> None:
    assert shares(cores) == expected


def test_the_model_gets_what_it_takes(synthetic: Callable[..., Plan], tiny: Yolo) -> None:
    session = open_session(Path(tiny.model))
    tensor = input_tensor(session, tiny, synthetic(), 2)
    assert tensor.shape == (2, 3, 64, 64)
    assert tensor.dtype == session.element
    assert 0 <= tensor.min() <= tensor.max() <= 1


def test_the_pipeline_with_its_null_row(synthetic: Callable[..., Plan], tiny: Yolo, clip: Path) -> None:
    rows = list(SUITES["pipeline"].run(synthetic(detector=tiny, clip=clip)))
    found = {(row.case, row.metric): row for row in rows}
    for case in ("ngatu, every picture", "ngatu, automatic interval", "null: everything but the model", "model only"):
        rate = found[case, "rate"].median
        assert rate is not None
        assert rate > 0
    assert found["ngatu, every picture ÷ model only", "ratio"].at_least == 0.92
    skipped = [row for row in rows if row.n == 0]
    assert len(skipped) == 3
    assert all("--peers" in row.note for row in skipped)


def test_a_peer_that_falls_over_is_skipped(synthetic: Callable[..., Plan], tiny: Yolo, clip: Path) -> None:
    # This interpreter has no peer.
    plan = synthetic(detector=tiny, clip=clip, peers=Path(sys.executable))
    skipped = {row.case: row.note for row in SUITES["pipeline"].run(plan) if row.n == 0}
    assert "No module named 'ultralytics'" in skipped["Ultralytics track(), .onnx"]
    assert "no weights tiny.pt" in skipped["Ultralytics track(), .pt"]


def test_the_pipeline_of_a_simulator(synthetic: Callable[..., Plan]) -> None:
    rows = list(SUITES["pipeline"].run(synthetic()))
    assert {row.case for row in rows if row.metric == "rate"} == {
        "ngatu, every picture",
        "ngatu, automatic interval",
        "null: everything but the model",
    }


def test_what_needs_the_shared_folder_says_so(synthetic: Callable[..., Plan]) -> None:
    rows = list(SUITES["accuracy"].run(synthetic()))
    assert [row.case for row in rows] == ["mAP", "tracking", "counts"]
    assert all(row.note.startswith("skipped") for row in rows)


def test_memory_of_the_whole_program(synthetic: Callable[..., Plan], tiny: Yolo, clip: Path) -> None:
    rows = list(SUITES["memory"].run(synthetic(detector=tiny, clip=clip, seconds=0.5)))
    assert [row.case for row in rows] == ["1 × 720p", "2 × 720p", "each further camera"]
    first, second = rows[0].median, rows[1].median
    assert first is not None
    assert second is not None
    assert 50 < first < second + 50


@pytest.mark.usefixtures("gstreamer")
def test_what_viewers_cost(synthetic: Callable[..., Plan], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.suites.live_view.VIEWERS", 2)
    rows = list(SUITES["live_view"].run(synthetic(seconds=1.0)))
    assert [(row.case, row.metric) for row in rows] == [
        ("nobody watches", "CPU"),
        ("first viewer, video", "CPU"),
        ("further viewer, video", "CPU"),
        ("one viewer, video", "delay"),
        ("first viewer, MJPEG", "CPU"),
        ("further viewer, MJPEG", "CPU"),
        ("one viewer, MJPEG", "delay"),
    ]
    assert rows[0].median is not None
    assert rows[0].median > 0
    assert all(row.n > 5 and (row.median or 0) > 0 for row in rows if row.metric == "delay")


def test_the_store_with_a_history(synthetic: Callable[..., Plan]) -> None:
    rows = list(SUITES["store"].run(synthetic(events=3000)))
    assert {row.metric for row in rows} == {"an event", "page", "p95 of a page", "summary", "answer", "rate"}
    assert all(row.median is not None and row.median > 0 for row in rows)
