from collections.abc import Sequence

import pytest

from models.detections import Label
from tests.vision.crashing import car, car_px, fallen, goes_on, rider, rider_px, stopping
from tests.vision.story import MAST, SCENE, RoadUser, Story, rides, stands, views
from vision.halts import Halt, Halts
from vision.scene import Scene


def halts(
    users: Sequence[RoadUser], seconds: float = 8.0, fps: float = 25.0, scene: Scene = MAST
) -> tuple[list[Halt], Halts]:
    watch = Halts(scene.ground, "yard", 4.0, 2.5)
    found = [halt for view in views(Story(users, seconds, fps), scene) for halt in watch.step(view)]
    return found, watch


@pytest.mark.parametrize("fps", [5.0, 12.5, 25.0])
def test_who_stands_too_suddenly(fps: float) -> None:
    [halt], _ = halts([car()], fps=fps)
    assert (halt.row.id, halt.lost) == (1, False)
    assert halt.time_s == pytest.approx(4.0, abs=0.45)
    assert halt.place == pytest.approx((-2.0, 25.0), abs=0.6)
    assert halt.way == pytest.approx((7.0, 0.0), abs=1.5)


def test_who_brakes_as_people_do() -> None:
    assert halts([car(brake=3.0)])[0] == []
    assert halts([rider(brake=3.5)])[0] == []


def test_who_does_not_stop() -> None:
    slows = rides(Label.CAR, (0.0, -11.0, 25.0), (1.5, 0.0, 25.0), (4.0, 6.0, 25.0), box=(110.0, 70.0))
    assert halts([slows])[0] == []


def test_without_metres_in_heights_of_the_box() -> None:
    [halt], _ = halts([car_px()], scene=SCENE)
    assert halt.place == pytest.approx((440.0, 500.0), abs=12)
    assert halts([car_px(brake=120.0)], scene=SCENE)[0] == []
    assert len(halts([rider_px()], scene=SCENE)[0]) == 1


def test_a_box_that_jumps_has_not_driven() -> None:
    jumps = rides(
        Label.CAR, (0.0, -3.0, 25.0), (3.0, -3.0, 25.0), (3.04, 0.0, 25.0), (8.0, 0.0, 25.0), box=(160.0, 70.0)
    )
    assert halts([jumps])[0] == []
    for seed in range(3):
        shaken = rides(Label.CAR, (0.0, 0.0, 30.0), (8.0, 0.0, 30.0), box=(90.0, 60.0), jitter=4.0, seed=seed)
        assert halts([shaken])[0] == []


def test_who_vanishes_at_speed() -> None:
    [halt], watch = halts([rider(hidden=[(3.3, 99.0)])], seconds=6.0)
    assert halt.lost
    assert halt.time_s == pytest.approx(3.3, abs=0.2)
    assert halt.way == pytest.approx((0.0, 8.0), abs=1.0)
    assert halt.place == pytest.approx((1.0, 21.5), abs=1.0)
    assert len(watch) > 0


def test_who_vanishes_slowly_or_is_hidden_for_a_moment() -> None:
    assert halts([stands(Label.CAR, 500, 600, 0.0, 3.0)])[0] == []
    passing = rides(Label.MOTORCYCLE, (0.0, 1.0, 13.0), (5.0, 1.0, 40.0), hidden=[(2.5, 3.1)])
    assert halts([passing], seconds=4.5)[0] == []


def test_one_who_is_found_again_can_halt_or_vanish_again() -> None:
    way = goes_on(stopping((-11.0, 25.0), (-2.0, 25.0), 8.0, 10.0), 6.0, (14.0, 25.0), 2.0)
    found, _ = halts([rides(Label.CAR, *way, box=(110.0, 70.0), hidden=[(7.0, 99.0)])], seconds=9.0)
    assert [halt.lost for halt in found] == [False, True]


def test_nobody_is_there() -> None:
    assert halts([], seconds=2.0)[0] == []


def test_forgets_who_is_gone() -> None:
    found, watch = halts([car(hidden=[(7.0, 99.0)]), fallen(until_s=7.0)], seconds=13.0)
    assert len(found) == 1
    assert len(watch) == 0
