from collections.abc import Callable

import numpy as np
import pytest

from benchmarks.drive import CameraRun, PacedRun
from benchmarks.suite import Plan
from benchmarks.suites import SUITES
from benchmarks.suites.density import Tries


def run(
    rate: float = 1.0, dropped: float = 0.0, latency_ms: float = 50.0, growth_ms: float = 0.0, n: int = 1200
) -> PacedRun:
    return PacedRun(
        [CameraRun(rate, dropped, 10.0, np.linspace(latency_ms, latency_ms + growth_ms * 1.5, n))], [], 0.1, 1.0
    )


@pytest.mark.parametrize(
    ("one", "word"),
    [
        (run(rate=0.985), "got 98.5% of its rate"),
        (run(dropped=0.02), "lost 2.0% of its pictures"),
        (run(latency_ms=501), "p99 of frame to event is 501 ms"),
        (run(latency_ms=501, n=100), "max of frame to event"),
        (run(growth_ms=60), "grew 60 ms later"),
        (PacedRun([], ["camera-1: connected anew"], 0, 0), "connected anew"),
    ],
)
def test_why_a_run_is_not_good(one: PacedRun, word: str) -> None:
    assert any(word in found for found in one.shortcomings())


def test_a_good_run_has_no_shortcoming() -> None:
    assert run(rate=0.991, dropped=0.009, latency_ms=499, growth_ms=0).shortcomings() == []
    assert run(growth_ms=-100, latency_ms=300).shortcomings() == []


def test_one_camera_that_starves_fails_the_run() -> None:
    both = PacedRun([*run().cameras, *run(rate=0.5).cameras], [], 0, 0)
    assert both.shortcomings() == ["camera 2 got 50.0% of its rate"]


class Machine:
    """Carries so many cameras; some runs go wrong by chance."""

    def __init__(self, carries: int, unlucky: dict[int, int] | None = None) -> None:
        self.carries = carries
        self.unlucky = unlucky or {}
        self.asked: list[int] = []

    def __call__(self, count: int) -> PacedRun:
        self.asked.append(count)
        bad = self.asked.count(count) == self.unlucky.get(count)
        return run(rate=0.5) if count > self.carries or bad else run()


@pytest.mark.parametrize("guess", [0, 1, 7, 30, 1000])
@pytest.mark.parametrize("carries", [0, 1, 2, 3, 7, 8, 20])
def test_the_most_is_found_with_three_good_runs_and_a_bad_one_above(carries: int, guess: int) -> None:
    machine = Machine(carries)
    tries = Tries(machine, passes=3)
    assert tries.most(100, guess) == carries
    if carries:
        assert len(tries.runs[carries]) == 3
    assert tries.failure(carries) == ""
    assert "50.0% of its rate" in tries.failure(carries + 1)


def test_one_bad_run_of_three_is_too_many() -> None:
    tries = Tries(Machine(8, unlucky={8: 3}), passes=3)
    assert tries.most(limit=100) == 7
    assert len(tries.runs[7]) == 3
    assert tries.failure(8)


def test_a_good_guess_saves_runs() -> None:
    machine = Machine(7)
    assert Tries(machine, passes=3).most(100, guess=7) == 7
    assert machine.asked == [7, 8, 7, 7]


def test_no_more_than_the_limit_is_tried() -> None:
    machine = Machine(100)
    tries = Tries(machine, passes=2)
    assert tries.most(limit=5) == 5
    assert max(machine.asked) == 5
    assert tries.failure(6) == ""


def test_a_quick_run_on_synthetic_cameras(synthetic: Callable[..., Plan]) -> None:
    rows = list(SUITES["density"].run(synthetic(targets=(5.0,), seconds=1.0)))
    found = {(row.case, row.metric): row for row in rows}
    for way in ("every picture", "automatic interval"):
        most = found[f"5 fps, {way}", "cameras"]
        assert most.median is not None
        assert 0 <= most.median <= 2, "how many depends on the machine, that there is a figure does not"
        assert most.note


def test_cameras_that_do_not_come_up_end_the_search_with_a_reason(
    synthetic: Callable[..., Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = PacedRun([], ["no picture within 30 s: camera-2 connecting"], 0.0, 0.0)
    monkeypatch.setattr(
        "benchmarks.suites.density.run_cameras", lambda plan, detector, count, fps: run() if count < 2 else silent
    )
    rows = list(SUITES["density"].run(synthetic(targets=(5.0,))))
    found = [row for row in rows if row.metric == "cameras"]
    assert [(row.median, row.note) for row in found] == [(1, "2: no picture within 30 s: camera-2 connecting")] * 2
    assert not any("2 cameras" in row.case for row in rows), "of what did not run there are no figures"
