from dataclasses import replace

import pytest

from models.detections import Label
from tests.vision.crashing import car, car_px, fallen, goes_on, rider, rider_px, stopping
from tests.vision.story import MAST, SCENE, RoadUser, Story, play, rides, stands, views
from vision.errors import SiteError
from vision.events import Incident
from vision.rules.crash import Crash
from vision.scene import Scene, Zone

ROAD = {"road": Zone(polygon=((0.05, 0.3), (0.95, 0.3), (0.95, 0.97), (0.05, 0.97)))}
STREET, PICTURE = replace(MAST, zones=ROAD), replace(SCENE, zones=ROAD)
CRASH = Crash(id="crash", zone="road")
LEAVES = [(3.9, 99.0)]


def incidents(
    *users: RoadUser, rule: Crash = CRASH, seconds: float = 14.0, fps: float = 25.0, scene: Scene = STREET
) -> list[Incident]:
    events = play(Story(users, seconds, fps), rule, scene=scene)
    return [event for event in events if isinstance(event, Incident)]


@pytest.mark.parametrize("fps", [6.0, 12.5, 25.0])
def test_fires_once_where_two_halt_against_each_other(fps: float) -> None:
    began, ended = incidents(car(), rider(), fps=fps)
    assert (began.status, ended.status) == ("began", "ended")
    assert began.id == ended.id
    assert began.severity == "critical"
    assert set(began.tracks) == {1, 2}
    assert began.began_s == pytest.approx(4.0, abs=0.6)
    assert began.time_s == pytest.approx(7.1, abs=0.8)
    assert ended.ended_s == pytest.approx(14.0, abs=0.3)


@pytest.mark.parametrize("fps", [10.0, 25.0])
def test_without_metres(fps: float) -> None:
    began, _ = incidents(car_px(), rider_px(), scene=PICTURE, fps=fps)
    assert set(began.tracks) == {1, 2}
    assert incidents(car_px(brake=120.0), rider_px(brake=120.0), scene=PICTURE) == []


def test_trembling_boxes() -> None:
    for seed in range(3):
        assert len(incidents(car(jitter=1.5, seed=seed), rider(jitter=1.5, seed=seed + 9))) == 2


def test_nearly_fires_when_they_brake_as_people_do() -> None:
    assert incidents(car(brake=3.0), rider(brake=3.0)) == []


def test_nearly_fires_when_one_drives_on() -> None:
    way = goes_on(stopping((1.0, 12.8), (1.0, 23.6), 8.0, 12.0), 5.5, (4.0, 34.0))
    assert incidents(car(), rides(Label.MOTORCYCLE, *way)) == []
    assert incidents(car(stops_s=7.0), rider(), seconds=16.0) == [], "not at once"


def test_nearly_fires_when_they_are_far_apart() -> None:
    far = rides(Label.MOTORCYCLE, *stopping((5.0, 13.0), (5.0, 21.0), 8.0, 12.0))
    assert incidents(car(), far) == []


def test_who_halts_beside_one_of_the_same_direction() -> None:
    # The light turns red, and all brake hard.
    row = [
        rides(Label.MOTORCYCLE, *stopping((across, 12.8), (across, 23.6 + across / 3), 8.0, 9.0), seed=i)
        for i, across in enumerate((-1.2, 0.0, 1.2))
    ]
    assert incidents(*row) == []


def test_one_seen_twice() -> None:
    assert incidents(rider(), rider(box=(30.0, 70.0))) == []


def test_is_found_again_lying_as_something_else() -> None:
    began, ended = incidents(car(), rider(hidden=LEAVES), fallen(Label.PERSON))
    assert began.tracks == (1, 2, 3) or set(began.tracks) == {1, 2, 3}
    assert ended.ended_s == pytest.approx(14.0, abs=0.3)


def test_lies_unseen_before_the_car() -> None:
    began, _ = incidents(car(), rider(hidden=LEAVES))
    assert set(began.tracks) == {1, 2}
    assert began.time_s == pytest.approx(7.2, abs=0.8)


def test_vanishes_behind_the_car_and_may_ride_on() -> None:
    behind = rides(Label.MOTORCYCLE, *stopping((1.0, 40.0), (1.0, 27.0), 8.0, 12.0), hidden=LEAVES)
    assert incidents(car(), behind) == []


def test_was_lost_for_a_moment_only() -> None:
    way = [(2.6, 1.0, 12.8), (4.0, 1.0, 23.6), (6.0, 1.0, 39.0)]
    assert incidents(car(), rides(Label.MOTORCYCLE, *way, hidden=[(3.9, 4.5)])) == []
    another = rides(Label.MOTORCYCLE, (5.4, 2.0, 26.0), (8.0, 4.0, 40.0))
    assert incidents(car(), rider(hidden=LEAVES), another) == []


def test_rides_out_of_the_picture() -> None:
    leaves = rides(Label.MOTORCYCLE, (2.0, 1.0, 26.0), (3.6, 0.0, 13.0))
    near = rides(Label.CAR, *stopping((-6.5, 15.0), (-1.8, 15.0), 8.0, 11.0), box=(150.0, 90.0))
    assert incidents(near, leaves) == []


def test_both_are_hidden_for_a_while() -> None:
    for hidden in ([(5.0, 6.2)], [(6.5, 8.4)]):
        assert len(incidents(car(hidden=hidden), rider(hidden=hidden))) == 2
    assert incidents(car(hidden=[(5.0, 99.0)]), rider(hidden=[(5.0, 99.0)])) == []


def test_lasts_until_both_are_gone() -> None:
    way = goes_on(stopping((1.0, 12.8), (1.0, 23.6), 8.0, 12.0), 9.0, (4.0, 34.0))
    began, ended = incidents(car(hidden=[(12.0, 99.0)]), rides(Label.MOTORCYCLE, *way), seconds=18.0)
    assert began.id == ended.id
    assert ended.ended_s == pytest.approx(12.0, abs=0.2)


def test_those_who_come_to_help_are_no_second_crash() -> None:
    helper = rides(Label.CAR, *stopping((11.0, 26.0), (4.0, 26.0), 8.0, 10.0, stops_s=8.0), box=(110.0, 70.0))
    assert len(incidents(car(), rider(), helper)) == 2


def test_outside_the_zone() -> None:
    assert incidents(car(), rider(), rule=Crash(id="yard", zone="inbound")) == []


def test_a_day_of_traffic_leaves_no_state() -> None:
    watch = CRASH.watch(STREET)
    users = [car(hidden=[(8.0, 99.0)]), rider(until_s=8.0), stands(Label.PERSON, 300, 600, 0.0, 5.0)]
    lengths = []
    for view in views(Story(users, 20.0, 10.0), STREET):
        list(watch.step(view))
        lengths.append(len(watch))
    assert max(lengths) < 15
    assert lengths[-1] == 0
    assert list(watch.finish()) == []


def test_an_unknown_zone() -> None:
    with pytest.raises(SiteError, match="no zone 'raod'"):
        Crash(id="x", zone="raod").watch(STREET)
