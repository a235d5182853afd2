from dataclasses import replace

import pytest

from models.detections import Label
from tests.vision.story import SCENE, RoadUser, Story, drives, play, stands, views
from vision.errors import SiteError
from vision.events import Incident
from vision.rules.crowding import Crowding
from vision.scene import Zone

SQUARE = replace(SCENE, zones={"square": Zone(polygon=((0.0, 0.2), (1.0, 0.2), (1.0, 0.9), (0.0, 0.9)))})
RULE = Crowding(id="c", zone="square", limit=5)


def crowd(count: int, since: float, until: float, **more: object) -> list[RoadUser]:
    return [
        stands(Label.PERSON, 80 + 90 * (i % 10), 300 + 150 * (i // 10), since, until, seed=i, **more)
        for i in range(count)
    ]


def incidents(users: list[RoadUser], seconds: float = 30.0, fps: float = 10.0, rule: Crowding = RULE) -> list[Incident]:
    return [one for one in play(Story(users, seconds, fps), rule, scene=SQUARE) if isinstance(one, Incident)]


@pytest.mark.parametrize("fps", [4.0, 12.5])
def test_fires_when_there_have_been_too_many_for_a_while(fps: float) -> None:
    began, ended = incidents(crowd(3, 0.0, 28.0) + crowd(6, 4.0, 20.0), fps=fps)
    assert (began.status, ended.status) == ("began", "ended")
    assert began.id == ended.id
    assert began.began_s == pytest.approx(4.0, abs=0.6)
    assert began.time_s == pytest.approx(9.0, abs=0.6)
    assert ended.ended_s == pytest.approx(20.5, abs=0.7)
    assert began.severity == "warning"
    assert began.label is None
    assert len(began.tracks) >= 6
    assert began.place is not None
    assert 0.1 < began.place[0] < 0.9


def test_nearly_fires() -> None:
    assert incidents(crowd(5, 0.0, 28.0)) == [], "as many as may be there"
    assert incidents(crowd(8, 2.0, 6.0)) == [], "not for long enough"
    outside = [stands(Label.PERSON, 80 + 90 * i, 950, 0.0, 28.0) for i in range(8)]
    assert incidents(outside) == []
    assert incidents([replace(one, label=Label.MOTORCYCLE) for one in crowd(8, 0.0, 28.0)]) == []


def test_everybody_counts_if_asked() -> None:
    parked = [replace(one, label=Label.MOTORCYCLE) for one in crowd(8, 0.0, 28.0)]
    assert len(incidents(parked, rule=RULE.model_copy(update={"labels": None}))) == 2


def test_clears_only_well_below_the_limit() -> None:
    # Six, then five, six again, then four: five are 1.0 of the limit, four are 0.8, three are below.
    back = stands(Label.PERSON, 900, 600, 0.0, 10.0), stands(Label.PERSON, 900, 600, 14.0, 20.0)
    steady = incidents([*crowd(5, 0.0, 28.0), *back])
    assert [one.status for one in steady] == ["began", "ended"]
    assert steady[1].ended_s == pytest.approx(28.5, abs=0.8)


def test_a_false_box_does_not_make_a_crowd() -> None:
    ghosts = [stands(Label.PERSON, 900, 500, 2.0 * i, 2.0 * i + 0.4) for i in range(13)]
    assert incidents(crowd(5, 0.0, 28.0) + ghosts) == []


def test_people_who_flicker_are_counted_all_the_same() -> None:
    flicker = [
        replace(one, hidden=[(2.0 * k + 0.13 * i, 2.0 * k + 0.13 * i + 0.5) for k in range(14)], jitter=1.5)
        for i, one in enumerate(crowd(6, 0.0, 28.0))
    ]
    began, _ = incidents(flicker)
    assert began.time_s == pytest.approx(5.5, abs=1.0)


def test_a_track_lost_midway_under_another_id_counts_once() -> None:
    users = crowd(5, 0.0, 28.0)
    users[0] = replace(users[0], hidden=[(k, k + 1.5) for k in (3.0, 8.0, 13.0, 18.0)])
    assert incidents(users) == []


def test_a_short_lapse_does_not_start_it_anew_but_a_long_one_does() -> None:
    five = crowd(5, 0.0, 28.0)
    sixth = (stands(Label.PERSON, 900, 600, 0.0, 3.0), stands(Label.PERSON, 900, 600, 4.6, 8.0))
    began, _ = incidents([*five, *sixth], seconds=28.0)
    assert began.began_s == pytest.approx(0.0, abs=0.3)
    sixth = (stands(Label.PERSON, 900, 600, 0.0, 3.0), stands(Label.PERSON, 900, 600, 7.0, 11.0))
    assert incidents([*five, *sixth]) == []


def test_what_was_before_a_long_time_unseen_does_not_count() -> None:
    watch = RULE.watch(SQUARE)
    events = []
    for view in views(Story(crowd(8, 0.0, 30.0), 8.0, 10.0), SQUARE):
        if not 3.0 < view.time_s < 6.0:
            events += list(watch.step(view))
    assert events == []


def test_finish_ends_and_forgets() -> None:
    watch = RULE.watch(SQUARE)
    events = []
    for view in views(Story(crowd(8, 0.0, 10.0), 8.0, 10.0), SQUARE):
        events += list(watch.step(view))
    events += list(watch.finish())
    assert [one.status for one in events] == ["began", "ended"]
    assert list(watch.finish()) == []
    for view in views(Story([drives(Label.PERSON, (0, 500, 500), (1, 510, 500))], 8.0, 10.0), SQUARE):
        list(watch.step(replace(view, time_s=view.time_s + 20)))
    assert len(watch) == 0


def test_needs_its_zone() -> None:
    with pytest.raises(SiteError, match="no zone 'x'"):
        Crowding(id="c", zone="x", limit=3).watch(SCENE)
