import pytest

from models.detections import Label
from tests.vision.rows import row
from vision.free_flow import FreeFlow


def drive(learnt: FreeFlow, begin: int, speeds: list[float], *, learn: bool = True, seconds: float = 2.0) -> int:
    """Lets road users pass one after another, each seen for some seconds; returns how many had passed."""
    passed = 0
    for track, speed in enumerate(speeds, begin):
        for look in range(4):
            learnt.see(row(track, Label.CAR, 500, 500), speed, seconds / 4, track * 2.0 + look * seconds / 4)
        passed += len(learnt.step(track * 2.0 + seconds, learn))
    return passed


def test_nothing_is_known_before_enough_have_passed() -> None:
    learnt = FreeFlow()
    drive(learnt, 0, [50.0] * 29)
    assert learnt.speed is None


def test_the_85th_percentile_of_those_who_passed() -> None:
    learnt = FreeFlow()
    drive(learnt, 0, [float(n * 37 % 100) for n in range(101)])
    assert learnt.speed == pytest.approx(85, abs=8)


def test_a_jam_changes_little_and_one_that_is_known_nothing() -> None:
    learnt = FreeFlow()
    drive(learnt, 0, [50.0] * 60)
    drive(learnt, 100, [4.0] * 60)
    assert learnt.speed == pytest.approx(50)
    drive(learnt, 200, [4.0] * 900, learn=False)
    assert learnt.speed == pytest.approx(50)


def test_a_road_that_was_full_at_first_is_learnt_anew() -> None:
    learnt = FreeFlow()
    drive(learnt, 0, [5.0] * 60)
    assert learnt.speed == pytest.approx(5)
    drive(learnt, 100, [45.0] * 60)
    assert learnt.speed == pytest.approx(45)


def test_who_was_hardly_seen_says_nothing() -> None:
    learnt = FreeFlow()
    assert drive(learnt, 0, [50.0] * 40, seconds=0.2) == 0
    assert learnt.speed is None


def test_it_tells_who_passed() -> None:
    learnt = FreeFlow()
    for look in range(5):
        learnt.see(row(7, Label.BUS, 500, 500), 10.0 * look, 0.5, 10 + look * 0.5)
    assert learnt.step(14.0) == []
    [passing] = learnt.step(16.0)
    assert (passing.label, passing.began_s, passing.seen_s, passing.speed) == (Label.BUS, 10.0, 12.0, 20.0)


def test_what_is_kept_is_bounded_in_number_and_time() -> None:
    learnt = FreeFlow()
    drive(learnt, 0, [50.0] * 3000)
    assert len(learnt) <= 1002
    learnt.step(6010.0)
    learnt.step(40_000.0)
    assert len(learnt) == 0
    assert learnt.speed == pytest.approx(50), "a night without traffic does not make it forget"
