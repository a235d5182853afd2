"""The streets in SUMO. What needs it is skipped where it is not installed; what is written for it is not."""

import importlib.util
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.errors import BenchError, SkippedCaseError
from benchmarks.simulation.junction import JUNCTION
from benchmarks.simulation.market import MARKET
from benchmarks.simulation.motorway import MOTORWAY
from benchmarks.simulation.scenario import Scenario
from benchmarks.simulation.sumo import FLEET, Street, fleet, flow, simulate, sumo_home, vehicle, vehicle_type
from benchmarks.simulation.trajectories import state_at
from benchmarks.suite import Plan
from benchmarks.suites import SUITES
from models.detections import Label

INSTALLED = importlib.util.find_spec("sumo") is not None
needs_sumo = pytest.mark.skipif(not INSTALLED, reason="needs Eclipse SUMO, of the extra `simulation`")
ROAD = Street(
    nodes='<node id="a" x="0" y="0"/><node id="b" x="0" y="200"/>',
    edges='<edge id="up" from="a" to="b" numLanes="1" speed="10"/>',
    routes="",
)


def test_a_fleet_of_mostly_motorcycles() -> None:
    assert sum(FLEET.values()) == pytest.approx(1)
    assert FLEET[Label.MOTORCYCLE] == 0.6
    written = fleet({"speedFactor": "1"})
    assert 'vTypes="motorcycle car truck bus bicycle"' in written
    assert written.count('speedFactor="1"') == len(FLEET)


def test_settings_replace_those_a_label_drives_by() -> None:
    written = vehicle_type(Label.CAR, {"accel": 5}, "runner", "custom1")
    assert 'id="car_runner" vClass="custom1"' in written
    assert 'accel="5"' in written
    assert "2.2" not in written


@pytest.mark.skipif(INSTALLED, reason="Eclipse SUMO is installed")
def test_without_sumo_the_reason_is_said(tmp_path: Path) -> None:
    with pytest.raises(SkippedCaseError, match=r"pip install 'ngatu\[simulation\]'"):
        JUNCTION.simulate(tmp_path, 10, 1, False)


def test_the_suite_says_what_is_missing(synthetic: Callable[..., Plan], monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise ImportError(name)

    monkeypatch.setattr("benchmarks.simulation.sumo.importlib.import_module", missing)
    rows = list(SUITES["events"].run(synthetic(seconds=10.0)))
    assert [row.case for row in rows] == ["junction", "approach", "motorway", "market", "people", "quiet hour"]
    assert all(row.note.startswith("skipped") for row in rows)
    assert "SUMO" in rows[0].note
    assert "JuPedSim" in rows[4].note


@needs_sumo
def test_a_car_on_a_road(tmp_path: Path) -> None:
    types = vehicle_type(Label.CAR, {"speedFactor": "1", "sigma": 0})
    stop = '<stop lane="up_0" endPos="100" duration="5"/>'
    routes = (
        vehicle("second", "car", "up", 20, departPos="0")
        + types
        + vehicle("first", "car", "up", 1, stop, departPos="0")
    )
    known = simulate(replace(ROAD, routes=routes), tmp_path, 60, seed=1).trajectories
    assert [(user.name, user.label) for user in known.users] == [("first", Label.CAR), ("second", Label.CAR)]
    first = known.rows()[0]
    # SUMO tells the front of a vehicle, trajectories its centre.
    stands = known.place[first][known.speed[first] == 0]
    assert len(stands) >= 40
    assert stands[-1] == pytest.approx((stands[-1][0], 100 - 2.2), abs=0.6)
    assert known.heading[first] == pytest.approx(1.5708, abs=0.01), "north"
    assert known.speed.max() == pytest.approx(10, abs=0.3)


@needs_sumo
def test_what_sumo_does_not_take_is_told(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"sumo in .*nowhere"):
        simulate(replace(ROAD, routes=flow("lost", "nowhere", 0.1, 10)), tmp_path, 10, seed=1)
    assert (sumo_home() / "bin" / "sumo").is_file()


@needs_sumo
@pytest.mark.parametrize("scenario", [JUNCTION, MOTORWAY, MARKET], ids=lambda one: one.name)
def test_streets_are_busy_and_the_same_again(scenario: Scenario, tmp_path: Path) -> None:
    first, again, lawful = (
        scenario.simulate(tmp_path / str(number), 40, 3, kept) for number, kept in enumerate((False, False, True))
    )
    assert (first.trajectories.place == again.trajectories.place).all()
    labels = Counter(user.label for user in first.trajectories.users if user.label != Label.PERSON)
    assert labels[Label.MOTORCYCLE] >= 0.4 * labels.total()
    assert labels.total() > 15
    kinds = {user.name.split("_")[0] for user in lawful.trajectories.users}
    assert not kinds & {"motorcycle", "car", "left", "crash", "outlaw"}, "nobody does what is forbidden"


@needs_sumo
def test_the_signal_has_its_phases(tmp_path: Path) -> None:
    changes = JUNCTION.simulate(tmp_path, 70, 1, True).signals["south"]
    assert [state_at(changes, time_s) for time_s in (10, 28, 31, 63, 65)] == ["green", "yellow", "red", "red", "green"]


@needs_sumo
def test_a_street_that_begins_with_somebody_on_foot(tmp_path: Path) -> None:
    recording = MARKET.simulate(tmp_path, 30.0, 2, True)
    assert {Label.PERSON, Label.MOTORCYCLE} <= {user.label for user in recording.trajectories.users}
