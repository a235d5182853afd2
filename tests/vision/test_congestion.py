import logging
from collections.abc import Sequence
from dataclasses import replace

import pytest

from models.detections import Label
from tests.vision.rows import row, view
from tests.vision.story import MAST, SCENE, RoadUser, Story, area, drives, play, rides, views
from vision.errors import SiteError
from vision.events import Incident
from vision.rules.congestion import Congestion, CongestionWatch
from vision.scene import Lane, Scene, Zone

ROAD = replace(MAST, zones={"road": area((-4, 14), (4, 14), (4, 38), (-4, 38))})
JAM = Congestion(id="jam", zone="road", free_flow_kmh=50, after_s=20)
CAR, BIKE = (2.0, 2.2), (0.9, 2.0)


def flow(kmh: float, begin: float, until: float, every_s: float, x: float = 2.0, seed: int = 0) -> list[RoadUser]:
    """Cars that drive away from the camera, one every so many seconds."""
    count = int((until - begin) / every_s)
    takes_s = 30 * 3.6 / kmh
    return [
        rides(Label.CAR, (at, x, 12.0), (at + takes_s, x, 42.0), size_m=CAR, jitter=0.7, seed=seed + n)
        for n, at in enumerate(begin + every_s * n for n in range(count))
    ]


def queue(begin: float, until: float, x: float = 2.0, label: Label = Label.CAR) -> list[RoadUser]:
    """Six who come one after the other at 36 km/h, stand behind one another and drive on at the same time."""
    users = []
    for n in range(4):
        y, at = 34.0 - 6 * n, begin + 2.5 * n
        way = [(at, x, 12.0), (at + (y - 12) / 10, x, y), (until, x, y), (until + (42 - y) / 10, x, 42.0)]
        users.append(rides(label, *way, size_m=CAR if label is Label.CAR else BIKE, jitter=0.5, seed=n))
    return users


def incidents(
    users: Sequence[RoadUser], rule: Congestion = JAM, seconds: float = 60.0, fps: float = 6.0, scene: Scene = ROAD
) -> list[Incident]:
    events = play(Story(users, seconds, fps), rule, scene=scene)
    return [event for event in events if isinstance(event, Incident)]


@pytest.mark.parametrize("fps", [4.0, 12.5])
def test_a_jam_begins_and_ends(fps: float) -> None:
    began, ended = incidents([*queue(0.0, 45.0), *flow(50, 50.0, 60.0, 3.0)], fps=fps)
    assert (began.status, ended.status, began.id) == ("began", "ended", ended.id)
    assert began.began_s == pytest.approx(8, abs=5)
    assert began.time_s == pytest.approx(began.began_s + 20, abs=0.5)
    assert ended.ended_s == pytest.approx(48, abs=4)
    assert len(began.tracks) >= 3
    assert (began.track, began.label, began.severity) == (None, None, "warning")
    assert began.place == pytest.approx((0.56, 0.65), abs=0.05), "amid them"


def test_nearly_a_jam_a_red_light_is_too_short() -> None:
    assert incidents(queue(0.0, 20.0), seconds=30.0) == []


def test_free_traffic_is_no_jam() -> None:
    assert incidents(flow(45, 0.0, 40.0, 1.5)) == []


def test_slow_but_not_slow_enough() -> None:
    assert incidents(flow(18, 0.0, 50.0, 2.0)) == []
    assert incidents(flow(11, 0.0, 50.0, 2.0)) != []


def test_a_little_better_for_a_moment_goes_on() -> None:
    # 11 km/h, then 19 km/h for two seconds, then 11 again, all of them at the same time.
    users = [
        rides(Label.CAR, (0.0, x, y), (25.0, x, y + 4), (27.0, x, y + 14.5), (50.0, x, y + 18.0), size_m=CAR)
        for x in (-2.0, 2.0)
        for y in (14.0, 20.0)
    ]
    assert len(incidents(users, JAM.model_copy(update={"after_s": 35}), seconds=50.0)) == 2


def test_hidden_for_a_moment_it_is_one_jam() -> None:
    users = [replace(user, hidden=[(30.0, 30.9), (36.0, 38.0)]) for user in queue(0.0, 45.0)]
    assert len(incidents([*users, *flow(50, 50.0, 60.0, 3.0)])) == 2


def test_one_parked_car_is_no_jam() -> None:
    parked = rides(Label.CAR, (0.0, -3.0, 25.0), (60.0, -3.0, 25.0), size_m=CAR, jitter=0.7)
    assert incidents([parked]) == []
    assert incidents([parked, *flow(45, 0.0, 55.0, 9.0)]) == []


def test_a_row_of_parked_cars_is_no_jam_while_others_drive_past() -> None:
    row_of = [
        rides(Label.CAR, (0.0, -3.0, y), (60.0, -3.0, y), size_m=CAR, jitter=0.7) for y in (16.0, 22.0, 28.0, 34.0)
    ]
    assert incidents([*row_of, *flow(45, 0.0, 55.0, 4.0)]) == []


def test_a_jam_that_motorcycles_slip_through_is_still_one() -> None:
    slip = [
        rides(Label.MOTORCYCLE, (at, -1.0, 12.0), (at + 3.6, -1.0, 42.0), size_m=BIKE)
        for at in (14.0, 18.0, 22.0, 26.0)
    ]
    assert len(incidents([*queue(0.0, 45.0), *queue(0.0, 45.0, -3.0), *slip])) == 2


def test_motorcycles_that_others_pass_are_parked() -> None:
    parked = [
        rides(Label.MOTORCYCLE, (0.0, x, 25.0), (60.0, x, 25.0), size_m=BIKE, jitter=0.5) for x in (-3.5, -2.5, -1.5)
    ]
    slip = [
        rides(Label.MOTORCYCLE, (at, 1.0, 12.0), (at + 3.6, 1.0, 42.0), size_m=BIKE) for at in (1.0, 5.0, 9.0, 40.0)
    ]
    assert incidents([*parked, *slip]) == []
    assert len(incidents(parked)) == 2, "nobody shows that they could go on"


def test_people_on_foot_are_no_traffic() -> None:
    people = [rides(Label.PERSON, (0.0, x, 16.0), (50.0, x, 36.0), size_m=(0.6, 1.7)) for x in (-3.0, -1.0, 1.0, 3.0)]
    assert incidents(people) == []


def test_a_pack_of_motorcycles_can_be_a_jam() -> None:
    packs = [user for x in (-3.0, -1.0, 1.0, 3.0) for user in queue(0.0, 45.0, x, Label.MOTORCYCLE)]
    assert len(incidents(packs)) == 2


def test_free_flow_is_learnt_and_told(caplog: pytest.LogCaptureFixture) -> None:
    rule = JAM.model_copy(update={"free_flow_kmh": None})
    watch = rule.watch(ROAD)
    users = [*flow(47, 0.0, 80.0, 2.0), *queue(85.0, 130.0)]
    with caplog.at_level(logging.INFO, "vision.rules.congestion"):
        events = [event for one in views(Story(users, 142.0, 5.0), ROAD) for event in watch.step(one)]
    assert watch.free_flow_kmh == pytest.approx(47, abs=2)
    assert caplog.messages == ["rule jam: free flow is 47 km/h, learnt from those who passed"]
    assert [event.status for event in events] == ["began", "ended"]


def test_given_it_is_not_learnt(caplog: pytest.LogCaptureFixture) -> None:
    watch = JAM.watch(ROAD)
    with caplog.at_level(logging.INFO, "vision.rules.congestion"):
        for one in views(Story(flow(30, 0.0, 80.0, 2.0), 80.0, 5.0), ROAD):
            list(watch.step(one))
    assert watch.free_flow_kmh == 50
    assert caplog.messages == []


PLAIN = replace(SCENE, zones={"road": Zone(polygon=((0.3, 0.2), (0.7, 0.2), (0.7, 0.9), (0.3, 0.9)))})
ACROSS = replace(PLAIN, lanes={"road": Lane(polygon=PLAIN.zones["road"].polygon, heading=(1.0, 0.0))}, zones={})


def wide(label: Label, *way: tuple[float, float, float]) -> RoadUser:
    return drives(label, *way, box=(220.0, 160.0))


def test_without_calibration_it_is_learnt_in_lengths_of_boxes() -> None:
    rule = Congestion(id="jam", zone="road", after_s=20)
    free = [wide(Label.CAR, (2.0 * n, 500, 150), (2.0 * n + 2.5, 500, 950)) for n in range(40)]
    jam = [
        wide(Label.CAR, (85.0, 500, y - 40), (88.0, 500, y), (125.0, 500, y), (127.0, 500, 950))
        for y in (300, 500, 700)
    ]
    began, ended = incidents([*free, *jam], rule, 130.0, 5.0, PLAIN)
    assert began.began_s == pytest.approx(87, abs=4)
    assert ended.ended_s == pytest.approx(127, abs=5)


def test_while_nothing_is_learnt_a_full_road_that_hardly_moves_is_a_jam() -> None:
    rule = Congestion(id="jam", zone="road", after_s=20, free_flow_kmh=50)
    standing = [wide(Label.CAR, (0.0, 500, y), (60.0, 500, y), (62.0, 500, 950)) for y in (420, 580, 740)]
    assert [one.status for one in incidents(standing, rule, 70.0, 5.0, PLAIN)] == ["began", "ended"]
    thin = [drives(Label.MOTORCYCLE, (0.0, 400, y), (60.0, 400, y)) for y in (400, 560, 760)]
    assert incidents(thin, rule, 70.0, 5.0, PLAIN) == [], "it stands, but the road is not full"
    flows = [wide(Label.CAR, (0.8 * n, 500, 150), (0.8 * n + 2.5, 500, 950)) for n in range(60)]
    assert incidents(flows, rule, 48.0, 12.5, PLAIN) == [], "it is full, but flows"


def test_with_metres_a_full_road_is_a_jam_only_while_free_flow_is_not_known() -> None:
    # Both lanes full, at 40 % of free flow.
    full = [user for x in (-2.0, 2.0) for user in flow(20, 0.0, 60.0, 1.8, x)]
    assert incidents(full) == []
    standing = [
        rides(Label.CAR, (0.0, x, y), (60.0, x, y + 0.5), size_m=(3.6, 3.2)) for x in (-2.0, 2.0) for y in (18, 24, 30)
    ]
    unknown = JAM.model_copy(update={"free_flow_kmh": None})
    assert len(incidents(standing, unknown)) == 2


def test_a_lane_knows_which_way_across_is() -> None:
    rule = Congestion(id="jam", zone="road", after_s=20)
    # They stand one above the other in the picture, so only upright lines are covered.
    standing = [
        drives(Label.CAR, (0.0, x, y), (60.0, x, y), box=(170.0, 400.0)) for x in (400, 600) for y in (320, 620, 880)
    ]
    assert len(incidents(standing, rule, 60.0, 5.0, ACROSS)) == 2
    assert incidents(standing[:1], rule, 60.0, 5.0, ACROSS) == []


def test_at_the_end_of_the_stream_it_ends() -> None:
    began, ended = incidents(queue(0.0, 45.0), seconds=40.0)
    assert ended.ended_s == pytest.approx(40.0, abs=0.3)
    assert began.id == ended.id


def test_after_an_interruption_it_begins_anew() -> None:
    watch = JAM.watch(ROAD)
    events = []
    for one in views(Story(queue(0.0, 60.0), 60.0, 5.0), ROAD):
        events += list(watch.step(one))
        if one.time_s == 15.0:
            events += list(watch.finish())
    [began] = events
    assert began.began_s > 15


def test_a_pause_of_the_stream_does_not_count_as_time() -> None:
    watch = JAM.watch(ROAD)
    slow = [row(n, Label.CAR, 480, 600, speed_kmh=3.0, steady=(0.0, 1.0), zones=frozenset({"road"})) for n in range(4)]
    assert list(watch.step(view(0.0, *slow))) == []
    assert list(watch.step(view(600.0, *slow))) == []
    assert list(CongestionWatch(JAM, ROAD).finish()) == []


def test_a_day_of_traffic_leaves_no_state() -> None:
    watch = Congestion(id="jam", zone="road").watch(ROAD)
    for one in views(Story(flow(47, 0.0, 40.0, 3.0), 60.0, 5.0), ROAD):
        list(watch.step(one))
    passed = 13
    looks = 151
    assert len(watch) <= passed + looks


def test_an_unknown_zone_is_told() -> None:
    with pytest.raises(SiteError, match="no zone 'raod'"):
        Congestion(id="x", zone="raod").watch(ROAD)
