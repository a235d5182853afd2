from dataclasses import replace

import numpy as np
import pytest

from models.detections import Label
from tests.vision.rows import row, view
from tests.vision.story import MAST, SCENE, on_picture
from vision.scene import Placed
from vision.waiting import Waiting

YARD = frozenset({"yard"})  # 400..600 px both ways
BOX = (100.0, 75.0)  # of a car: a metre is 50 px across, and 25 down


def car(track: int, y: float, going: float = 0.0, x: float = 500, box: tuple[float, float] = BOX) -> Placed:
    """A car that goes down the picture, px/s."""
    inside = YARD if 400 < y < 600 and 400 < x < 600 else frozenset()
    return row(track, Label.CAR, x, y, box, steady=(0.0, going), zones=inside)


def ids(rows: list[Placed]) -> list[int]:
    return [one.id for one in rows]


def look(waiting: Waiting, time_s: float, *rows: Placed) -> list[Placed]:
    return waiting.step(view(time_s, *rows))


def comes(waiting: Waiting, track: int = 1, y: float = 500, until_s: float = 3.0, x: float = 500) -> None:
    """Lets a car come and stand for two seconds."""
    for step in range(5):
        look(waiting, until_s - 3.0 + 0.2 * step, car(track, y - 40 * (5 - step), 200, x))
    for step in range(11):
        look(waiting, until_s - 2.0 + 0.2 * step, car(track, y, 0, x))


@pytest.fixture
def waiting() -> Waiting:
    return Waiting(SCENE, "yard", 7.0)


def test_who_has_driven_there_waits(waiting: Waiting) -> None:
    comes(waiting)
    assert ids(look(waiting, 3.2, car(1, 500))) == [1]
    assert look(waiting, 3.4, car(1, 510, 200)) == [], "it drives on"


def test_who_stands_there_since_before_we_looked_is_parked(waiting: Waiting) -> None:
    for second in range(100):
        assert look(waiting, second, car(1, 500 + second % 3)) == []


def test_who_stands_for_long_is_parked(waiting: Waiting) -> None:
    comes(waiting)
    assert ids(look(waiting, 280.0, car(1, 500))) == [1]
    assert look(waiting, 305.0, car(1, 500)) == []


def test_a_parked_car_that_comes_out_from_behind_a_lorry_has_not_driven(waiting: Waiting) -> None:
    look(waiting, 0.0, car(1, 420, box=(100, 40)))
    assert look(waiting, 0.2, car(1, 500, box=(100, 120))) == []


def test_of_whom_no_speed_is_known_yet_nothing_is_said(waiting: Waiting) -> None:
    for step in range(8):
        assert look(waiting, 0.2 * step, replace(car(1, 400 + 20 * step), steady=None)) == []


def test_found_again_under_another_id_it_goes_on(waiting: Waiting) -> None:
    comes(waiting)
    assert ids(look(waiting, 9.0, car(2, 502), car(3, 580))) == [2]
    assert look(waiting, 9.2, row(4, Label.PERSON, 500, 500, steady=(0.0, 0.0))) == [], "somebody else"


def test_who_vanished_behind_somebody_who_stands_is_still_there(waiting: Waiting) -> None:
    comes(waiting, 1, 480)
    comes(waiting, 2, 540, 6.0)
    lorry = car(2, 540, box=(160, 200))
    for step in range(8):
        assert ids(look(waiting, 6.2 + 0.2 * step, lorry)) == [2, 1]
    drives_on = [ids(look(waiting, 8.0 + 0.2 * step, car(2, 550 + 20 * step, 100))) for step in range(3)]
    assert drives_on == [[], [], []], "nobody knows any more"


def test_who_vanishes_while_it_drives_is_not_waited_for(waiting: Waiting) -> None:
    comes(waiting, 2, 540)
    look(waiting, 3.1, car(2, 540, box=(160, 200)), car(1, 300, 300))
    look(waiting, 3.2, car(2, 540, box=(160, 200)), car(1, 480, 300))
    assert ids(look(waiting, 3.4, car(2, 540, box=(160, 200)))) == [2]


def stands_behind(waiting: Waiting, seen_px: float) -> Placed:
    """A car that stops behind a lorry, and of which only so much is then seen."""
    lorry = car(9, 640, box=(160, 140))
    for step in range(6):
        look(waiting, 0.2 * step, car(1, 390 - 20 * (5 - step), 100), lorry)
    top = 585 - BOX[1]
    for step in range(5):
        found = look(waiting, 1.2 + 0.2 * step, car(1, top + seen_px, box=(100, seen_px)), lorry)
    [one] = [one for one in found if one.id == 1]
    return one


def test_of_whom_only_the_top_is_seen_stands_where_its_wheels_are(waiting: Waiting) -> None:
    there = stands_behind(waiting, 30)
    assert there.foot == pytest.approx((500, 585))
    assert there.height == pytest.approx(75)
    assert there.zones == YARD
    assert there.ground is None


def test_it_may_then_be_out_of_the_zone(waiting: Waiting) -> None:
    lorry = car(9, 680, box=(160, 120))
    for step in range(6):
        look(waiting, 0.2 * step, car(1, 450 - 20 * (5 - step), 100), lorry)
    for step in range(5):
        found = look(waiting, 1.2 + 0.2 * step, car(1, 580, box=(100, 40)), lorry)
    [one] = [one for one in found if one.id == 1]
    assert one.foot == pytest.approx((500, 615))
    assert one.zones == frozenset()


def test_a_look_in_which_the_one_in_front_is_missed_changes_nothing(waiting: Waiting) -> None:
    stands_behind(waiting, 30)
    [one] = look(waiting, 2.4, car(1, 540, box=(100, 30)))
    assert one.foot == pytest.approx((500, 585))


def rider(along_m: float, kmh: float = 0.0, wide_m: float = 0.8, seen: float = 1.0) -> Placed:
    """A motorcycle before the camera on the mast, whose upper part is seen."""
    place = on_picture(np.array([[0.0, along_m]]))[0]
    metre = 1000 * float(on_picture(np.array([[1.0, along_m]]))[0, 0] - place[0])
    x, bottom = 1000 * place
    foot = bottom - 1.6 * metre * (1 - seen)
    inside = YARD if 400 < foot < 600 else frozenset()
    spot = MAST.calibrated().spots(np.array([[x, foot]]) / 1000).metres[0]
    ground, box = (float(spot[0]), float(spot[1])), (wide_m * metre, 1.6 * metre * seen)
    return row(1, Label.MOTORCYCLE, x, foot, box, zones=inside, ground=ground, speed_kmh=kmh)


@pytest.mark.parametrize("wide_m", [0.8, 1.9])
def test_with_metres_it_stands_there_on_the_ground_even_if_it_turns(wide_m: float) -> None:
    waiting = Waiting(MAST, "yard", 7.0)
    for step in range(11):
        look(waiting, 0.2 * step, rider(45 - 1.5 * step, 27.0))
    hidden = rider(30, wide_m=wide_m, seen=0.4)
    lorry = car(9, 800, box=(300, 800 - hidden.box[3]))
    for step in range(3):
        found = look(waiting, 2.2 + 0.2 * step, hidden, lorry)
    [there] = [one for one in found if one.id == 1]
    assert there.ground == pytest.approx((0, 30), abs=0.1)
    assert there.foot == pytest.approx(rider(30).foot, abs=0.5)
    assert there.zones == YARD


def test_beyond_the_horizon_nothing_is_known_of_its_height() -> None:
    waiting = Waiting(MAST, "yard", 7.0)
    for step in range(6):
        look(waiting, 0.2 * step, car(1, 100 + 20 * step, 100))
    lorry = car(9, 240, box=(160, 30))
    [there] = look(waiting, 1.2, car(1, 210, 0, box=(100, 45)), lorry)
    assert there.foot == (500, 210)


def test_nothing_is_kept_of_who_has_gone(waiting: Waiting) -> None:
    comes(waiting)
    assert len(waiting) == 1
    look(waiting, 64.0)
    assert len(waiting) == 0
