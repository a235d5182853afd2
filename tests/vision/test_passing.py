from typing import Any

import pytest

from models.detections import Label
from tests.vision.rows import row, view
from tests.vision.story import MAST
from vision.crossing import Crossing
from vision.passing import Passings
from vision.scene import Placed


def car(kmh: float | None, x: float = 500, **more: Any) -> Placed:
    fields: dict[str, Any] = {"speed_kmh": kmh}
    return row(1, Label.CAR, x, 500, **(fields | more))


def crossed(time_s: float, who: Placed) -> Crossing:
    return Crossing(who, time_s, (0.5, 0.5), "left")


def told(passings: Passings, time_s: float, *rows: Placed, new: tuple[Crossing, ...] = ()) -> list[float | None]:
    """Speeds of those who are told in a view."""
    return [one.row.speed_kmh for one in passings.step(view(time_s, *rows), new)]


def test_the_speed_is_that_of_half_a_second_later() -> None:
    passings = Passings(MAST.ground)
    assert told(passings, 1.0, car(20), new=(crossed(0.98, car(20)),)) == []
    assert told(passings, 1.2, car(24)) == []
    assert told(passings, 1.48, car(30)) == [30]
    assert len(passings) == 1, "the car's stature"


@pytest.mark.parametrize(("later", "kmh"), [(1.55, 30.0), (1.9, 24.0)])
def test_of_two_sights_the_one_counts_that_is_nearer_to_half_a_second_later(later: float, kmh: float) -> None:
    passings = Passings(MAST.ground)
    told(passings, 1.4, car(24), new=(crossed(1.0, car(24)),))
    assert told(passings, later, car(30)) == [kmh]


def test_without_a_later_sight_the_last_one_counts() -> None:
    passings = Passings(MAST.ground)
    told(passings, 1.0, car(20), new=(crossed(1.0, car(20)),))
    told(passings, 1.2, car(24))
    assert told(passings, 2.0) == [24]


def test_a_box_that_is_cut_off_or_a_speed_that_is_not_known_changes_nothing() -> None:
    passings = Passings(MAST.ground)
    told(passings, 1.0, car(20), new=(crossed(1.0, car(20)),))
    told(passings, 1.3, car(12, x=990))
    told(passings, 1.4, car(None))
    assert told(passings, 1.5, car(11, x=990)) == [20]


def test_who_was_just_seen_for_the_first_time_may_have_a_speed_then() -> None:
    passings = Passings(MAST.ground)
    told(passings, 1.0, car(None), new=(crossed(1.0, car(None)),))
    assert told(passings, 1.5, car(30)) == [30]


def test_where_the_ground_is_unknown_nothing_is_waited_for() -> None:
    passings = Passings(None)
    assert told(passings, 1.0, new=(crossed(0.98, car(None)),)) == [None]


def test_who_became_certain_late_is_told_at_once() -> None:
    passings = Passings(MAST.ground)
    assert told(passings, 3.0, car(3), new=(crossed(1.0, car(3)),)) == [3]


def test_what_still_waits_is_told_at_the_end() -> None:
    passings = Passings(MAST.ground)
    told(passings, 1.0, car(20), new=(crossed(1.0, car(20)),))
    assert [one.row.speed_kmh for one in passings.finish()] == [20]
    assert passings.finish() == []


def test_while_the_foot_is_hidden_or_shown_again_no_speed_is_believed() -> None:
    whole, half = (40.0, 80.0), (40.0, 50.0)
    passings = Passings(MAST.ground)
    told(passings, 1.0, car(20, box=whole), new=(crossed(1.0, car(20)),))
    told(passings, 1.2, car(40, box=half))
    assert told(passings, 1.5, car(50, box=half)) == [20], "as it was before"
    told(passings, 1.6, car(60, box=half), new=(crossed(1.5, car(60)),))
    assert told(passings, 2.0, car(20, box=whole)) == [None]


def test_who_has_ended_is_forgotten() -> None:
    passings = Passings(MAST.ground)
    told(passings, 1.0, car(20))
    list(passings.step(view(1.02, ended=(1,)), ()))
    assert len(passings) == 1, "there is nothing to look at yet"
    told(passings, 1.2)
    assert len(passings) == 0
