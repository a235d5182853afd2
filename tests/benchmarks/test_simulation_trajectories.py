import numpy as np
import pytest

from benchmarks.simulation.trajectories import RoadUser, Trajectories, state_at
from models.detections import Label
from tests.benchmarks.ground import goes, trajectories

CAR = RoadUser("car", Label.CAR, (4.4, 1.8, 1.5))


def test_places_between_two_steps_are_interpolated() -> None:
    known = trajectories(goes(Label.CAR, (0, 0, 0), (2, 20, 0)), step_s=0.1).sampled(25)
    assert known.time_s == pytest.approx(np.arange(len(known)) / 25)
    assert known.place[:, 0] == pytest.approx(known.time_s * 10, abs=1e-9)
    assert known.speed == pytest.approx(10)


def test_nobody_is_where_nobody_knows() -> None:
    """Somebody who leaves the simulation and comes back was not in between."""
    times = [0.0, 0.1, 0.2, 5.0, 5.1]
    known = Trajectories.of([CAR], [0] * 5, np.array([(time_s, time_s, 0, 0, 1) for time_s in times])).sampled(10)
    assert known.time_s.tolist() == pytest.approx(times)


def test_a_turn_past_the_west_goes_on() -> None:
    headings = np.radians([170, 180, -170, -160])
    rows = np.array([(number * 0.1, 0, 0, heading, 1) for number, heading in enumerate(headings)])
    known = Trajectories.of([CAR], [0] * 4, rows)
    assert np.degrees(known.heading) == pytest.approx([170, 180, 190, 200])


def test_rows_come_by_road_user_and_time() -> None:
    rows = np.array([(1.0, 5, 0, 0, 1), (0.0, 1, 0, 0, 1), (0.0, 7, 0, 0, 1), (1.0, 2, 0, 0, 1)])
    known = Trajectories.of([CAR, CAR], [1, 0, 1, 0], rows)
    assert known.place[:, 0].tolist() == [1, 2, 7, 5]
    assert [known.user[rows][0] for rows in known.rows()] == [0, 1]


def test_no_trajectories_at_all() -> None:
    nobody = Trajectories.of([], [], np.empty((0, 5)))
    assert len(nobody.sampled(25)) == 0
    assert nobody.rows() == []


def test_a_signal_is_unknown_before_it_is_told() -> None:
    changes = ((2.0, "red"), (5.0, "green"))
    assert [state_at(changes, time_s) for time_s in (1.9, 2.0, 4.99, 5.0, 60)] == [  # type: ignore[arg-type]
        "unknown",
        "red",
        "red",
        "green",
        "green",
    ]
