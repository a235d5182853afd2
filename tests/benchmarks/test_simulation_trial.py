"""Scenario, camera, detector, tracker, rules and score together, without a simulator."""

from pathlib import Path

import pytest

from benchmarks.errors import BenchError
from benchmarks.simulation.degrade import Degradation
from benchmarks.simulation.trajectories import Recording
from benchmarks.simulation.trial import Simulations, attempt, known_kinds, prepare
from models.detections import Label
from tests.benchmarks.ground import goes, recording, scenario

COUNTS = {"kind": "line_crossing", "id": "count", "line": "line"}
PERFECT = Degradation(0, jitter=0, false_boxes=0, mistaken=0)


def traffic() -> Recording:
    """A car every four seconds, a motorcycle beside every second one, one way and the other in turn."""
    ways = []
    for number in range(12):
        starts, ends = 4.0 * number, 4.0 * number + 5
        y1, y2 = (6, 40) if number % 2 else (40, 6)
        ways.append(goes(Label.CAR, (starts, -2, y1), (ends, -2, y2)))
        if number % 2:
            ways.append(goes(Label.MOTORCYCLE, (starts + 0.5, 2, y1), (ends + 0.5, 2, y2)))
    return recording(*ways, seconds=60)


@pytest.mark.parametrize("degradation", [PERFECT, Degradation(0.15), Degradation(0.15, 3)], ids=lambda one: one.name)
def test_easy_traffic_is_counted_exactly(degradation: Degradation) -> None:
    scores = attempt(prepare(scenario(COUNTS), traffic()), degradation, seed=1)
    one = scores["line_crossing"]
    assert (len(one.found), len(one.missed), len(one.false)) == (18, 0, 0)
    assert one.count_error == 0
    assert max(map(abs, one.delays_s)) < 0.3
    # Whoever was not seen for long enough has no speed.
    assert len(one.speed_errors_kmh) >= 12
    assert max(map(abs, one.speed_errors_kmh)) < 5


def test_what_is_not_seen_is_missed() -> None:
    scores = attempt(prepare(scenario(COUNTS), traffic()), Degradation(1.0, false_boxes=0), seed=1)
    assert scores["line_crossing"].recall == 0
    assert scores["line_crossing"].precision is None


def test_a_kind_without_a_rule_is_in_the_truth_only(monkeypatch: pytest.MonkeyPatch) -> None:
    solid = {"kind": "solid_line", "id": "solid", "line": "line"}
    monkeypatch.setattr("benchmarks.simulation.trial.known_kinds", lambda: frozenset({"line_crossing"}))
    stage = prepare(scenario(COUNTS, solid), traffic())
    assert [rule["kind"] for rule in stage.scenario.rules] == ["line_crossing"]
    assert {one.kind for one in stage.true} == {"line_crossing", "solid_line"}
    assert len(attempt(stage, PERFECT, seed=1)["solid_line"].missed) == 18


def test_the_kinds_are_those_of_the_site_file() -> None:
    assert {"line_crossing", "intrusion", "loitering"} <= known_kinds()


def test_a_site_file_that_is_refused_is_said() -> None:
    stage = prepare(scenario(COUNTS | {"colour": "red"}), traffic())
    with pytest.raises(BenchError, match=r"scenario place: .*colour"):
        attempt(stage, PERFECT, seed=1)


def test_a_simulator_runs_once_for_all_its_cameras(tmp_path: Path) -> None:
    runs = []

    def simulate(folder: Path, seconds: float, seed: int, lawful: bool) -> Recording:
        runs.append((folder.parent, seconds, seed, lawful))
        return traffic()

    one = scenario(COUNTS)
    both = [type(one)(**(vars(one) | {"simulate": simulate, "name": name})) for name in ("here", "there")]
    simulations = Simulations(tmp_path, 60, 5, lawful=True)
    first, second = (simulations.stage(each) for each in both)
    assert first.recording is second.recording
    assert runs == [(tmp_path, 60, 5, True)]
