from dataclasses import replace

import pytest

from models.detections import Label
from tests.vision.story import SCENE, RoadUser, Story, drives, play, stands, views
from vision.errors import SiteError
from vision.events import Incident
from vision.rules.pedestrian_on_carriageway import PedestrianOnCarriageway
from vision.scene import Zone

ROAD = replace(
    SCENE,
    zones={
        "road": Zone(polygon=((0.0, 0.4), (1.0, 0.4), (1.0, 1.0), (0.0, 1.0))),
        "zebra": Zone(polygon=((0.7, 0.4), (0.9, 0.4), (0.9, 1.0), (0.7, 1.0))),
    },
)
ON_ROAD = PedestrianOnCarriageway(id="road", zone="road", crossings=("zebra",))


def walks(*way: tuple[float, float, float], **more: object) -> RoadUser:
    return drives(Label.PERSON, *way, **({"box": (30.0, 80.0)} | more))


class HiddenBelow(RoadUser):
    """Somebody whose legs are hidden for a while."""

    def __init__(self, user: RoadUser, when: tuple[float, float]) -> None:
        super().__init__(user.label, user.way, user.box)
        self._when = when

    def seen(self, time_s: float) -> tuple[float, float, float, float, float, Label] | None:
        row = super().seen(time_s)
        if row and self._when[0] <= time_s < self._when[1]:
            row = (*row[:3], row[3] - 35.0, *row[4:])
        return row


ACROSS = ((0.0, 300.0, 300.0), (2.0, 300.0, 400.0), (8.0, 300.0, 700.0))  # on the road from 2.0 s on


def incidents(
    *users: RoadUser, rule: PedestrianOnCarriageway = ON_ROAD, seconds: float = 12.0, fps: float = 10.0
) -> list[Incident]:
    events = play(Story(users, seconds, fps), rule, scene=ROAD)
    assert all(isinstance(event, Incident) for event in events)
    return [event for event in events if isinstance(event, Incident)]


@pytest.mark.parametrize("fps", [3.0, 25.0])
def test_begins_after_two_seconds_and_ends_when_they_are_off_it(fps: float) -> None:
    walker = walks(*ACROSS, (13.0, 300.0, 350.0), (17.0, 300.0, 200.0))
    began, ended = incidents(walker, seconds=17.0, fps=fps)
    assert (began.status, ended.status, began.id) == ("began", "ended", ended.id)
    assert began.began_s == pytest.approx(2.0, abs=0.4)
    assert began.time_s == pytest.approx(began.began_s + 2.0, abs=0.4)
    assert ended.ended_s == pytest.approx(12.3, abs=0.4)
    assert (began.severity, began.label, began.tracks) == ("warning", "person", (1,))


def test_nearly_fires_for_a_moment_on_it_or_beside_it() -> None:
    assert incidents(walks((0.0, 300, 300), (1.0, 300, 410), (2.2, 300, 410), (3.0, 300, 300))) == []
    assert incidents(walks((0.0, 0, 350), (8.0, 900, 350))) == []


def test_waiting_on_the_kerb_with_trembling_feet() -> None:
    waiting = [stands(Label.PERSON, 100 + 60 * i, 399, 0.0, 12.0, jitter=2.0, seed=i) for i in range(5)]
    assert incidents(*waiting) == []


def test_at_a_crossing_people_may_be_on_it() -> None:
    at_the_zebra = walks((0.0, 800, 300), (8.0, 800, 900))
    assert incidents(at_the_zebra) == []
    assert len(incidents(at_the_zebra, rule=PedestrianOnCarriageway(id="road", zone="road"))) == 2
    leaves_it = walks((0.0, 800, 300), (3.0, 800, 600), (8.0, 400, 600))
    began, _ = incidents(leaves_it)
    assert began.began_s == pytest.approx(4.3, abs=0.4)


def test_a_rider_is_one_road_user_with_the_motorcycle() -> None:
    # The detector found both: the rider's box lies in that of the motorcycle, or stands above it.
    way = ((0.0, 100.0, 600.0), (8.0, 600.0, 600.0))
    motorcycle = drives(Label.MOTORCYCLE, *way, box=(70, 60))
    for above in (0.0, 25.0):
        rider = walks(*((time, x, y - above) for time, x, y in way))
        assert incidents(motorcycle, rider) == []


def test_a_rider_whose_motorcycle_is_missed_now_and_then() -> None:
    way = ((0.0, 100.0, 600.0), (8.0, 600.0, 600.0))
    motorcycle = drives(Label.MOTORCYCLE, *way, box=(70, 60), hidden=[(1.0, 2.5), (3.5, 5.0), (6.0, 7.5)])
    rider = walks(*((time, x, y - 10) for time, x, y in way))
    assert incidents(motorcycle, rider) == []


def test_a_rider_whose_motorcycle_is_never_found_is_too_fast_for_somebody_on_foot() -> None:
    assert incidents(walks((0.0, 0, 600), (4.0, 1000, 600))) == []
    assert len(incidents(walks((0.0, 0, 600), (10.0, 1000, 600)))) == 2


def test_who_pushes_a_bicycle_is_on_foot_where_that_can_be_seen() -> None:
    way = ((0.0, 100.0, 600.0), (8.0, 600.0, 600.0))
    bicycle = drives(Label.BICYCLE, *way, box=(60, 50))
    beside = walks(*((time, x + 50, y + 8) for time, x, y in way))
    assert [one.label for one in incidents(bicycle, beside)] == ["person", "person"]
    before_it = walks(*((time, x + 10, y + 2) for time, x, y in way))
    assert incidents(bicycle, before_it) == [], "or rides"


def test_motorcycles_that_pass_do_not_carry_them_away() -> None:
    passing = [
        drives(Label.MOTORCYCLE, (at, 100, 560), (at + 2.0, 900, 560), box=(70, 100)) for at in (1.5, 3.5, 5.5, 7.5)
    ]
    began, ended = incidents(*passing, walks((0.0, 480, 300), (1.0, 480, 450), (11.0, 520, 550)))
    assert began.time_s < 6.0
    assert ended.ended_s == pytest.approx(11.0, abs=0.3)


def test_feet_that_come_into_sight_again_are_not_fast() -> None:
    way = walks((0.0, 300, 500), (11.0, 420, 620))
    began, _ = incidents(HiddenBelow(way, (1.0, 1.6)), fps=25.0)
    assert began.time_s < 3.0


def test_in_a_bus_and_behind_a_car_nobody_is_on_foot() -> None:
    bus = stands(Label.BUS, 500, 800, 0.0, 12.0, box=(300, 200))
    passenger = stands(Label.PERSON, 450, 720, 0.0, 12.0, box=(30, 60))
    assert incidents(bus, passenger) == []
    before_it = stands(Label.PERSON, 450, 815, 0.0, 12.0, box=(30, 80))
    beside_it = stands(Label.PERSON, 680, 790, 0.0, 12.0, box=(40, 80))
    assert len(incidents(bus, before_it, beside_it)) == 4


def standing_in_a_row(top: float) -> list[RoadUser]:
    """Motorcycles that stand side by side in a jam, nearer to the camera."""
    return [stands(Label.MOTORCYCLE, x, top + 100, 0.0, 12.0, box=(90, 100)) for x in range(220, 700, 80)]


def test_who_walks_in_a_jam_and_looks_as_high_as_before_is_not_behind_it() -> None:
    walker = walks((0.0, 100, 560), (10.0, 680, 560))
    began, ended = incidents(*standing_in_a_row(560), walker)
    assert began.time_s == pytest.approx(2.0, abs=0.3)
    assert ended.ended_s == pytest.approx(10.0, abs=0.3)


def test_nobody_knows_where_they_are_whose_legs_are_behind_a_jam() -> None:
    walker = walks((0.0, 100, 560), (10.0, 680, 560))
    assert incidents(*standing_in_a_row(525), HiddenBelow(walker, (1.2, 12.0))) == []


def test_cut_off_at_the_lower_edge_feet_are_elsewhere() -> None:
    assert incidents(stands(Label.PERSON, 500, 999, 0.0, 12.0)) == []


def test_hidden_for_a_second_it_is_the_same() -> None:
    for hidden in ([(2.6, 3.5)], [(5.0, 5.9)]):
        began, ended = incidents(walks(*ACROSS, hidden=hidden))
        assert began.began_s == pytest.approx(2.0, abs=0.3)
        assert ended.ended_s == pytest.approx(8.0, abs=0.2)


def test_under_a_new_id_it_is_the_same_incident() -> None:
    began, ended = incidents(walks(*ACROSS, (12.0, 300.0, 900.0), hidden=[(5.0, 6.7)]))
    assert (began.id, ended.status) == (ended.id, "ended")
    assert (began.track, began.tracks, ended.tracks) == (1, (1,), (1, 2))


def test_the_time_does_not_begin_anew_under_a_new_id() -> None:
    rule = ON_ROAD.model_copy(update={"after_s": 5.0})
    began, _ = incidents(walks(*ACROSS, (12.0, 300.0, 900.0), hidden=[(4.0, 5.2)]), rule=rule, fps=25.0)
    assert began.began_s == pytest.approx(2.0, abs=0.3)
    assert began.time_s == pytest.approx(7.0, abs=0.3)


def test_a_parked_motorcycle_beside_which_they_walk_on_does_not_end_it() -> None:
    parked = stands(Label.MOTORCYCLE, 300, 560, 0.0, 12.0, box=(60, 90))
    told = incidents(
        parked, walks((0.0, 300, 385), (1.0, 300, 410), (5.0, 300, 480), (9.0, 300, 490), (12.0, 300, 700))
    )
    assert [one.status for one in told] == ["began", "ended"]


def test_off_the_road_for_a_moment_is_the_same_incident() -> None:
    steps_aside = walks((0.0, 300, 450), (4.0, 300, 420), (4.5, 300, 385), (5.5, 300, 385), (6.0, 300, 430),
                        (11.0, 300, 700))  # fmt: skip
    assert [one.status for one in incidents(steps_aside)] == ["began", "ended"]


def test_two_people_are_two_incidents_and_labels_add_nobody() -> None:
    rule = ON_ROAD.model_copy(update={"labels": None})
    car = drives(Label.CAR, (0.0, 0, 900), (8.0, 900, 900))
    both = incidents(walks(*ACROSS), walks(*((time, x + 150, y) for time, x, y in ACROSS)), car, rule=rule)
    assert len({one.id for one in both}) == 2


def test_forgets_who_has_gone() -> None:
    watch = ON_ROAD.watch(ROAD)
    users = [walks(*ACROSS), stands(Label.PERSON, 500, 300, 0.0, 2.0), stands(Label.CAR, 600, 800, 0.0, 6.0)]
    for view in views(Story(users, 14.0, 10.0), ROAD):
        list(watch.step(view))
    assert len(watch) == 0
    assert list(watch.finish()) == []


def test_an_unknown_zone_or_crossing_is_told_with_those_there_are() -> None:
    with pytest.raises(SiteError, match="no zone 'raod'; there are: road, zebra, inbound"):
        PedestrianOnCarriageway(id="x", zone="raod").watch(ROAD)
    with pytest.raises(SiteError, match="no zone 'zeal'"):
        PedestrianOnCarriageway(id="x", zone="road", crossings=("zeal",)).watch(ROAD)
