import numpy as np
import pytest

from benchmarks.simulation.degrade import Degradation, observations
from benchmarks.simulation.sights import Sights
from models.detections import Label
from models.observation import Observation
from tests.benchmarks.ground import CAMERA, goes, recording, sights

PERFECT = Degradation(0, jitter=0, false_boxes=0, mistaken=0)
SECONDS = 120.0


@pytest.fixture(scope="module")
def parked() -> Sights:
    """Four cars that stand beside each other for two minutes."""
    return sights(recording(*(goes(Label.CAR, (0, x, 20), (SECONDS, x, 20)) for x in (-6, -2, 2, 6))))


def seen(what: Sights, degradation: Degradation, seed: int = 1) -> list[Observation]:
    return list(observations(what, degradation, "place", CAMERA.size, {"light": [(3.0, "red")]}, SECONDS, seed))


def test_a_perfect_detector_sees_all_there_is(parked: Sights) -> None:
    looks = seen(parked, PERFECT)
    assert len(looks) == SECONDS * 25
    # SUMO's last step is a tenth of a second before the end.
    assert {len(look.detections) for look in looks[:-5]} == {4}
    assert looks[0].detections.boxes == pytest.approx(parked.visible[:4], abs=0.5 + 1e-3 * 1920)
    assert set(looks[0].detections.labels.tolist()) == {Label.CAR}
    assert [looks[number].signals["light"] for number in (0, 74, 75)] == ["unknown", "unknown", "red"]


@pytest.mark.parametrize("miss", [0.05, 0.15, 0.3])
@pytest.mark.parametrize("every", [1, 3, 5])
def test_so_many_are_missed_whatever_the_interval(parked: Sights, miss: float, every: int) -> None:
    looks = seen(parked, Degradation(miss, every, false_boxes=0))
    assert len(looks) == SECONDS * 25 / every
    found = sum(len(look.detections) for look in looks) / (4 * len(looks))
    assert 1 - found == pytest.approx(miss, abs=0.04)
    assert np.diff([look.time_s for look in looks]) == pytest.approx(every / 25)


def test_misses_come_in_bursts(parked: Sights) -> None:
    alone = sights(recording(goes(Label.CAR, (0, 0, 20), (SECONDS, 0, 20))))
    missed = np.array([len(look.detections) == 0 for look in seen(alone, Degradation(0.15, false_boxes=0))][:-5])
    again = missed[1:][missed[:-1]].mean()
    assert again > 2 * missed.mean()


def test_boxes_tremble_by_their_size(parked: Sights) -> None:
    looks = seen(parked, Degradation(0, jitter=0.02, false_boxes=0, mistaken=0))
    left = np.array([look.detections.boxes[0, 0] for look in looks[:-5]])
    width = parked.visible[0, 2] - parked.visible[0, 0]
    assert left.std() == pytest.approx(0.02 * width, rel=0.1)
    assert left.mean() == pytest.approx(parked.visible[0, 0], abs=0.1)


def test_some_are_mistaken_for_their_like(parked: Sights) -> None:
    labels = np.concatenate([look.detections.labels for look in seen(parked, Degradation(0, false_boxes=0))])
    assert set(labels.tolist()) == {Label.CAR, Label.TRUCK}
    assert (labels == Label.TRUCK).mean() == pytest.approx(0.02, abs=0.01)


def test_some_boxes_are_around_nothing(parked: Sights) -> None:
    looks = seen(parked, Degradation(0, false_boxes=0.5, mistaken=0))
    assert sum(len(look.detections) - 4 for look in looks[:-5]) / len(looks) == pytest.approx(0.5, abs=0.05)


def test_the_same_seed_gives_the_same(parked: Sights) -> None:
    first, again, other = (seen(parked, Degradation(0.15), seed) for seed in (1, 1, 2))
    assert all((one.detections.boxes == two.detections.boxes).all() for one, two in zip(first, again, strict=True))
    assert [len(one.detections) for one in first] != [len(one.detections) for one in other]


def test_the_name_says_what_it_is() -> None:
    assert [Degradation(0.15).name, Degradation(0.05, 3).name] == ["15% missed", "5% missed, 1 picture of 3"]
