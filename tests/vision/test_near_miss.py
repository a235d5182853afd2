from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models.detections import Label
from tests.vision.story import MAST, SCENE, RoadUser, Story, Waypoint, play, rides, views
from vision.errors import SiteError
from vision.events import Incident
from vision.rules.near_miss import NearMiss
from vision.scene import Scene, Zone

STREET = replace(MAST, zones={"road": Zone(polygon=((0, 0.3), (1, 0.3), (1, 1), (0, 1)))})
NEAR = NearMiss(id="near", zone="road")
OTHER = NearMiss(id="other", zone="inbound")  # at the left edge of the picture


def incidents(
    *users: RoadUser, rule: NearMiss = NEAR, seconds: float = 8.0, fps: float = 25.0, scene: Scene = STREET
) -> list[Incident]:
    events = play(Story(users, seconds, fps), rule, scene=scene)
    return [event for event in events if isinstance(event, Incident)]


def comes(label: Label = Label.MOTORCYCLE, speed: float = 8.0, at_s: float = 2.5, **more: Any) -> RoadUser:
    """Comes towards the camera on the road; is in the middle of it, 20 m away, at a time."""
    return rides(label, (at_s - 20 / speed, 0.0, 40.0), (at_s + 6.5 / speed, 0.0, 13.5), **more)


def crosses(
    label: Label = Label.MOTORCYCLE, speed: float = 8.0, at_s: float = 3.5, along: float = 20.0, **more: Any
) -> RoadUser:
    """Crosses the road from left to right; is in the middle of it at a time."""
    return rides(label, (at_s - 9 / speed, -9.0, along), (at_s + 9 / speed, 9.0, along), **more)


def brakes(brake_ms2: float, until: float = 8.0) -> RoadUser:
    """Comes from the left with 8 m/s, 30 m away, brakes evenly and stands before the road; else it is there at 4 s."""
    way: list[Waypoint] = []
    stops_at, speed = -3.5, 8.0
    begins = stops_at - speed**2 / (2 * brake_ms2)
    begins_s = 4.0 + begins / speed
    for when in np.arange(begins_s - 1.5, until, 0.04):
        since = min(max(when - begins_s, 0.0), speed / brake_ms2)
        gone = speed * min(when - begins_s, 0.0) + speed * since - brake_ms2 * since**2 / 2
        way.append((float(when), begins + gone, 30.0))
    return rides(Label.CAR, *way, box=(90.0, 60.0))


@pytest.mark.parametrize("fps", [5.0, 10.0, 25.0])
def test_fires_once_where_one_passes_just_behind_another(fps: float) -> None:
    began, ended = incidents(comes(), crosses(box=(90.0, 80.0)), fps=fps)
    assert (began.status, ended.status) == ("began", "ended")
    assert began.id == ended.id
    assert began.severity == "warning"
    assert set(began.tracks) == {1, 2}
    assert began.label == "motorcycle"
    assert began.began_s == pytest.approx(3.3, abs=0.25)
    assert began.time_s == pytest.approx(4.0, abs=0.5)
    assert ended.ended_s == pytest.approx(3.6, abs=0.4)


@pytest.mark.parametrize("apart_s", [1.0, 1.5, 1.7])
def test_what_is_told_is_post_encroachment_time(apart_s: float) -> None:
    # Half a length and half a width each: the footprints are 0.3 s less apart than the middles.
    assert len(incidents(comes(at_s=2.5), crosses(at_s=2.5 + apart_s))) == 2


@pytest.mark.parametrize("apart_s", [2.0, 2.5])
def test_nearly_fires_when_there_is_time_enough(apart_s: float) -> None:
    both = comes(at_s=2.5), crosses(at_s=2.5 + apart_s)
    assert incidents(*both) == []
    assert len(incidents(*both, rule=NearMiss(id="more", zone="road", within_s=2.5))) == 2


def test_nobody_nearly_meets_who_is_slow() -> None:
    assert incidents(comes(speed=4.0, at_s=5.0), crosses(speed=4.0, at_s=6.0)) == []
    assert incidents(comes(at_s=2.5), crosses(Label.PERSON, speed=1.5, at_s=3.4)) == [], "goes behind who has passed"


def test_who_drives_by_close_behind_somebody_on_foot() -> None:
    began, _ = incidents(crosses(Label.PERSON, speed=1.5, at_s=3.0, box=(20.0, 70.0)), comes(Label.CAR, 9.0, at_s=4.0))
    assert began.tracks == (1, 2)


def test_one_who_is_hidden_for_a_moment() -> None:
    assert len(incidents(comes(hidden=[(2.7, 3.4)]), crosses())) == 2
    assert len(incidents(comes(hidden=[(1.6, 2.1)]), crosses(hidden=[(2.6, 3.1)]))) == 2


@pytest.mark.parametrize("apart_s", [1.0, 1.02, 1.04, 1.06, 1.08])
def test_who_is_over_the_spot_within_a_tick(apart_s: float) -> None:
    # With 47 km/h it is one tick, or two, whenever the clock ticks.
    def quick(at_s: float) -> RoadUser:
        return rides(Label.MOTORCYCLE, (at_s - 1, -13.0, 30.0), (at_s + 1, 13.0, 30.0))

    first = comes(speed=12.0, at_s=2.5)
    there_s = 2.5 - 10 / 12.0
    assert len(incidents(first, quick(there_s + apart_s))) == 2
    assert incidents(first, quick(there_s + apart_s + 1.0)) == [], "with time enough"


def test_is_told_once_if_one_is_lost_and_found_under_another_id() -> None:
    # The second one rides slowly on over the spot, and comes out of a gap under a new id.
    lost = [(4.0, 5.6)]
    long = comes(Label.TRUCK, 5.0, at_s=3.5, box=(60.0, 90.0))
    rider = rides(Label.MOTORCYCLE, (2.0, -9.0, 20.0), (6.5, 9.0, 20.0), hidden=lost)
    assert len(incidents(long, rider, seconds=10.0)) <= 2


def test_trembling_boxes() -> None:
    for seed in range(4):
        near = comes(jitter=1.5, seed=seed), crosses(jitter=1.5, seed=seed + 50)
        assert len(incidents(*near)) == 2
        far = comes(jitter=1.5, seed=seed), crosses(at_s=5.0, jitter=1.5, seed=seed + 50)
        assert incidents(*far) == []


def test_followers_and_those_who_ride_side_by_side() -> None:
    pack = [
        rides(Label.MOTORCYCLE, (0.1 * i, across, 40.0), (3.0 + 0.1 * i, across, 14.0), jitter=1.0, seed=i)
        for i, across in enumerate((-1.6, -0.5, 0.6, 1.7))
    ]
    queue = [rides(Label.CAR, (t, 3.0, 38.0), (t + 5.0, 3.0, 16.0), box=(60.0, 50.0)) for t in (0.5, 1.9, 3.3)]
    assert incidents(*pack, *queue, seconds=9.0) == []


def test_people_who_walk_side_by_side_and_meet() -> None:
    people = [
        rides(Label.PERSON, (0.0, across, begin), (9.0, across, end), box=(22.0, 70.0))
        for across, begin, end in ((-0.4, 15.0, 27.0), (0.4, 15.2, 27.2), (-1.2, 27.0, 15.0))
    ]
    assert incidents(*people, seconds=9.0) == []


def test_one_road_user_seen_twice() -> None:
    rider = crosses()
    assert incidents(rider, crosses(Label.PERSON, box=(24.0, 70.0))) == []
    assert incidents(crosses(Label.BUS, box=(150.0, 90.0)), crosses(Label.TRUCK, box=(160.0, 100.0), along=19.8)) == []


def test_who_turns_off_before_those_who_follow() -> None:
    turns = [(0.0, 0.0, 40.0), (2.5, 0.0, 23.0), (3.0, 0.4, 20.8), (3.5, 2.0, 19.7), (4.0, 4.5, 19.5), (5.0, 9.5, 19.5)]
    assert incidents(rides(Label.CAR, *turns, box=(60.0, 55.0)), comes(at_s=4.3)) == []


def round_the_corner(radius: float, at_s: float, known_from_s: float = 0.0, **more: Any) -> RoadUser:
    """Comes from the left with 5 m/s, turns, and is on its way towards the camera at a time."""
    way: list[Waypoint] = []
    for gone in np.arange(-15.0, 12.5, 0.2):
        before, turned = gone + radius * np.pi / 2, min(max(gone / radius + np.pi / 2, 0.0), np.pi / 2)
        x, y = radius * (np.sin(turned) - 1) + min(before, 0.0), 22 + radius * (np.cos(turned) - 1) - max(gone, 0.0)
        if (when := at_s + gone / 5) >= known_from_s:
            way.append((float(when), float(x), float(y)))
    return rides(more.pop("label", Label.MOTORCYCLE), *way, **more)


@pytest.mark.parametrize(("radius", "apart_s"), [(6.0, 1.5), (7.0, 1.5), (8.0, 1.8)])
def test_who_follows_another_round_a_corner(radius: float, apart_s: float) -> None:
    # Of the first one, who turns more sharply, is seen only how it comes out of the turn.
    first = round_the_corner(3.0, 3.5, known_from_s=2.85)
    follows = round_the_corner(radius, 3.5 + apart_s, label=Label.CAR, box=(90.0, 60.0))
    assert incidents(first, follows, seconds=9.0) == []


def slants(at_s: float) -> RoadUser:
    """Goes across the road at an angle of 45 degrees, with 8 m/s; is in the middle of it at a time."""
    return rides(Label.MOTORCYCLE, (at_s - 1.2, -6.8, 26.8), (at_s + 1.2, 6.8, 13.2))


def test_paths_that_slant_are_told_when_it_is_seen_that_they_part() -> None:
    began, _ = incidents(comes(), slants(3.4))
    assert began.began_s == pytest.approx(3.2, abs=0.3)
    assert began.time_s == pytest.approx(5.5, abs=0.5)


def test_paths_that_slant_are_told_if_nothing_more_is_seen() -> None:
    watch = NEAR.watch(STREET)
    seen = [view for view in views(Story((comes(), slants(3.4)), 12.0), STREET) if not 4.4 < view.time_s < 11.0]
    began, *_ = [event for view in seen for event in watch.step(view)]
    assert began.time_s == pytest.approx(11.0, abs=0.1)
    assert began.track in {1, 2}


@pytest.mark.parametrize("along", [28.0, 30.0])
def test_an_id_that_jumps_to_another_has_not_crossed_the_road_in_between(along: float) -> None:
    # It goes left and is lost; its id is found again, 5 m beyond, on somebody who goes right, beside a third one.
    swapped = rides(
        Label.MOTORCYCLE,
        *((0.5, 8.5, along), (2.0, -0.5, along), (2.4, -3.5, along + 5), (3.9, 9.5, along + 5)),
        hidden=[(2.0, 2.4)],
    )
    beside = rides(Label.MOTORCYCLE, (0.9, -17.0, along + 3.9), (3.9, 10.0, along + 3.9))
    assert incidents(swapped, beside, seconds=7.0) == []


def test_those_who_come_towards_each_other_pass() -> None:
    away = rides(Label.CAR, (0.0, 1.2, 14.0), (4.0, 1.2, 40.0), box=(60.0, 55.0))
    assert incidents(comes(Label.CAR, box=(60.0, 55.0)), away) == []


def test_on_the_way_to_a_collision_until_one_brakes_hard() -> None:
    quick = rides(Label.MOTORCYCLE, (1.0, 0.0, 60.0), (5.6, 0.0, 14.0))
    began, ended = incidents(quick, brakes(7.0))
    assert began.time_s == pytest.approx(5.2, abs=0.8)
    assert ended.ended_s is not None
    assert ended.ended_s >= began.began_s


def test_who_brakes_in_good_time_is_on_no_way_to_a_collision() -> None:
    quick = rides(Label.MOTORCYCLE, (1.0, 0.0, 60.0), (5.6, 0.0, 14.0))
    assert incidents(quick, brakes(2.5)) == []


def test_a_box_that_trembles_where_somebody_stands() -> None:
    parked = [
        rides(Label.CAR, (0.0, across, along), (8.0, across, along), box=(70.0, 60.0), jitter=4.0, seed=seed)
        for seed, (across, along) in enumerate(((1.9, 22.0), (-2.0, 18.0), (2.0, 16.0)))
    ]
    assert incidents(*parked, comes(), comes(Label.CAR, at_s=5.5, box=(60.0, 55.0))) == []


def test_outside_the_zone() -> None:
    assert incidents(comes(), crosses(), rule=OTHER) == []


def test_others_are_told_apart() -> None:
    told = incidents(comes(), crosses(), crosses(at_s=3.9, along=22.0), seconds=9.0)
    assert len({one.id for one in told}) == 2
    assert len(told) == 4


def test_only_some_labels() -> None:
    rule = NEAR.model_copy(update={"labels": (Label.MOTORCYCLE, Label.PERSON)})
    assert incidents(comes(Label.CAR, box=(60.0, 55.0)), crosses(), rule=rule) == []


def test_ends_with_the_stream() -> None:
    began, ended = incidents(comes(), crosses(), seconds=4.6)
    assert ended.status == "ended"
    assert began.id == ended.id


def test_a_day_of_traffic_leaves_no_state() -> None:
    watch = NEAR.watch(STREET)
    users: list[RoadUser] = []
    for turn in range(6):
        users += [comes(at_s=2.5 + 3 * turn), crosses(at_s=3.5 + 3 * turn)]
    lengths = []
    for view in views(Story(users, 36.0, 10.0), STREET):
        list(watch.step(view))
        lengths.append(len(watch))
    assert max(lengths) < 30
    assert lengths[-1] == 0


def names(scene: Scene, zone: str) -> Sequence[str]:
    with pytest.raises(SiteError) as told:
        NearMiss(id="x", zone=zone).watch(scene)
    return str(told.value).split()


def test_needs_a_zone_and_metres() -> None:
    assert "'raod';" in names(STREET, "raod")
    assert "calibration;" in names(SCENE, "yard")
