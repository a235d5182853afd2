"""People on foot. What needs JuPedSim is skipped where it is not installed."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from benchmarks.errors import SkippedCaseError
from benchmarks.simulation.people import PEOPLE, Leg, Walker, walk

INSTALLED = importlib.util.find_spec("jupedsim") is not None
needs_jupedsim = pytest.mark.skipif(not INSTALLED, reason="needs JuPedSim, see the extra `simulation`")
ROOM = ((-20.0, 0.0), (20.0, 0.0), (20.0, 20.0), (-20.0, 20.0))


@pytest.mark.skipif(INSTALLED, reason="JuPedSim is installed")
def test_without_jupedsim_the_reason_is_said(tmp_path: Path) -> None:
    with pytest.raises(SkippedCaseError, match="pip install --no-deps jupedsim"):
        PEOPLE.simulate(tmp_path, 10, 1, False)


@needs_jupedsim
def test_somebody_walks_stays_and_leaves() -> None:
    legs = [Leg((0, 10), 1.5, stay_s=5), Leg((15, 10), 3.0)]
    known = walk([Walker("one", 2.0, (-15, 10), legs)], ROOM, 60)
    walks = known.time_s[known.place[:, 0] < -1]
    assert known.time_s[0] == pytest.approx(2.0)
    assert walks[-1] == pytest.approx(2 + 14 / 1.5, abs=1)
    stays = known.time_s[(known.speed < 0.05) & (known.place[:, 0] > -1)]
    assert stays[-1] - stays[0] == pytest.approx(5, abs=0.5)
    assert known.speed.max() == pytest.approx(3.0, abs=0.2)
    assert known.place[-1, 0] == pytest.approx(15, abs=1)
    assert known.heading[10:] == pytest.approx(0, abs=0.2)


@needs_jupedsim
def test_two_who_meet_do_not_walk_through_each_other() -> None:
    ways = [Walker("one", 0, (-10, 10), [Leg((10, 10.1))]), Walker("two", 0, (10, 10), [Leg((-10, 9.9))])]
    known = walk(ways, ROOM, 40)
    one, two = (
        dict(zip(known.time_s[rows].round(2).tolist(), known.place[rows], strict=True)) for rows in known.rows()
    )
    assert min(float(np.hypot(*(one[at] - two[at]))) for at in one.keys() & two.keys()) > 0.3


@needs_jupedsim
def test_the_square_has_its_crowd_once_all_do_not_behave(tmp_path: Path) -> None:
    run = PEOPLE.simulate(tmp_path, 120, 1, False)
    assert [kind for kind, _ in run.scripted] == ["dispersal"]
    names = {user.name.rstrip("0123456789_.") for user in run.trajectories.users}
    assert names >= {"passes", "loiters", "intrudes", "runs", "crowd"}
    [(_, flees_s)] = run.scripted
    known = run.trajectories
    crowd = np.array([user.name.startswith("crowd") for user in known.users])[known.user]
    middle = np.hypot(known.place[:, 0], known.place[:, 1] - 24)
    before, after = (crowd & (np.abs(known.time_s - at) < 0.06) for at in (flees_s - 1, flees_s + 3))
    assert middle[before].max() < 5
    assert np.median(middle[after]) > 8
    assert {user.name.rstrip("0123456789") for user in PEOPLE.simulate(tmp_path, 60, 1, True).trajectories.users} == {
        "passes"
    }
