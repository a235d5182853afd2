import pytest

from models.detections import Label
from tests.vision.story import RoadUser, Story, drives, stands, views
from vision.spells import Spell, Spells


def spells(*users: RoadUser, seconds: float = 10.0, gap_s: float = 1.0) -> tuple[list[Spell], Spells]:
    """The spells in the yard that ended, and what is open at the end."""
    watch, over = Spells(lambda row: "yard" in row.zones, gap_s), []
    for view in views(Story(users, seconds)):
        over += watch.step(view)[1]
    return over, watch


def test_a_spell_lasts_while_the_condition_holds() -> None:
    [spell], watch = spells(drives(Label.CAR, (0.0, 300, 500), (8.0, 700, 500)))
    assert spell.began_s == pytest.approx(2.0, abs=0.1)
    assert spell.held_s == pytest.approx(6.0, abs=0.1)
    assert spell.row.foot[0] - spell.begin.foot[0] == pytest.approx(200, abs=12)
    assert len(watch) == 0


def test_a_lapse_or_a_moment_unseen_does_not_end_it() -> None:
    over, watch = spells(stands(Label.CAR, 500, 500, 0, 10, hidden=[(3.0, 3.9)]))
    assert over == []
    [spell] = watch.finish()
    assert spell.began_s < 0.2
    assert spell.held_s == pytest.approx(10.0)
    assert len(watch) == 0


def test_a_longer_lapse_ends_it() -> None:
    over, watch = spells(stands(Label.CAR, 500, 500, 0, 10, hidden=[(3.0, 3.9)]), gap_s=0.5)
    assert [spell.held_s for spell in over] == [pytest.approx(2.96)]
    assert len(watch) == 1


def test_a_lapse_that_is_seen_may_end_it_sooner_than_a_moment_unseen() -> None:
    weaves = drives(Label.CAR, (0.0, 500, 500), (3.0, 500, 500), (3.4, 620, 500), (3.8, 500, 500), (6.0, 500, 500))
    watch, over = Spells(lambda row: "yard" in row.zones, lapse_s=0.0), []
    for view in views(Story([weaves, stands(Label.CAR, 450, 450, 0, 6, hidden=[(3.0, 3.9)])], 6.0)):
        over += watch.step(view)[1]
    [spell] = over
    assert spell.held_s == pytest.approx(3.35, abs=0.1)
    assert len(watch) == 2
