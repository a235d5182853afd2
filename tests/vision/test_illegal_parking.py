from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from models.detections import Label
from tests.vision.story import MAST, NOON, SCENE, RoadUser, Story, drives, play, rides, stands, views
from vision.errors import SiteError
from vision.events import Violation
from vision.rules.illegal_parking import IllegalParking
from vision.scene import Scene, Zone

STREET = replace(SCENE, zones={"kerb": Zone(polygon=((0.2, 0.4), (0.8, 0.4), (0.8, 0.6), (0.2, 0.6)))})
NO_PARKING = IllegalParking(id="kerb", zone="kerb")
SHORT = IllegalParking(id="kerb", zone="kerb", after_s=10.0)


def parks(
    x: float = 500, since: float = 5.0, until: float = 80.0, label: Label = Label.CAR, **more: object
) -> RoadUser:
    """Comes from the left at 100 px/s and stands from 5 s on, if nothing else is said."""
    way = ((since - x / 100, 0.0, 500.0), (since, x, 500.0), (until, x, 500.0))
    return drives(label, *way, **({"box": (100.0, 80.0)} | more))


@dataclass
class Behind(RoadUser):
    """A road user of whom others, nearer to the camera, hide what they cover; less than a third of it is not found."""

    def __init__(self, user: RoadUser, others: Sequence[RoadUser]) -> None:
        super().__init__(user.label, user.way, user.box)
        self._others = others

    def seen(self, time_s: float) -> tuple[float, float, float, float, float, Label] | None:
        row = super().seen(time_s)
        if row is None:
            return None
        x1, y1, x2, y2, score, label = row
        for other in self._others:
            there = other.seen(time_s)
            if there and there[0] <= x1 < there[2]:
                x1 = there[2]
            if there and there[0] < x2 <= there[2]:
                x2 = there[0]
        return (x1, y1, x2, y2, score, label) if x2 - x1 > (row[2] - row[0]) / 3 else None


def violations(
    *users: RoadUser,
    rule: IllegalParking = SHORT,
    scene: Scene = STREET,
    seconds: float = 30.0,
    fps: float = 5.0,
    began: datetime = NOON,
) -> list[Violation]:
    events = play(Story(users, seconds, fps, began), rule, scene=scene)
    assert all(isinstance(event, Violation) for event in events)
    return [event for event in events if isinstance(event, Violation)]


@pytest.mark.parametrize("fps", [2.0, 12.5])
def test_fires_after_a_minute_with_the_time_at_which_it_stopped(fps: float) -> None:
    [violation] = violations(parks(), rule=NO_PARKING, seconds=80.0, fps=fps)
    assert violation.time_s == pytest.approx(5.0, abs=0.8)
    assert violation.fired_s == pytest.approx(violation.time_s + 60.0, abs=1.0)
    assert (violation.limit, violation.unit) == (60.0, "s")
    assert violation.measured == pytest.approx(60.0, abs=1.0)
    assert violation.place == pytest.approx((0.48, 0.5), abs=0.04)
    assert violation.label == "car"


def test_nearly_fires_when_it_leaves_in_time_or_stands_elsewhere() -> None:
    drops_off = drives(Label.CAR, (0.0, 0, 500), (5.0, 500, 500), (14.0, 500, 500), (19.0, 1000, 500), box=(100, 80))
    beside = stands(Label.CAR, 500, 700, 0.0, 30.0, box=(100, 80))
    moves_up = drives(Label.CAR, (0.0, 300, 500), (9.0, 300, 500), (11.0, 450, 500), (20.0, 450, 500),
                      (22.0, 600, 500), (29.0, 600, 500), box=(100, 80))  # fmt: skip
    assert violations(drops_off) == []
    assert violations(beside) == []
    assert violations(moves_up) == []


def test_a_sign_that_allows_five_minutes() -> None:
    rule = NO_PARKING.model_copy(update={"after_s": 300.0})
    assert violations(parks(until=290.0), rule=rule, seconds=295.0, fps=2.0) == []
    assert len(violations(parks(until=310.0), rule=rule, seconds=310.0, fps=2.0)) == 1


def test_a_trembling_box_stands() -> None:
    assert len(violations(parks(jitter=5.0))) == 1


def test_a_queue_at_a_long_red_light_does_not_park() -> None:
    # Each arrives in turn, and after 80 s of red each starts 2 s after the one before it.
    queue = [
        drives(Label.CAR, (2.0 * i, 0, 500), (2.0 * i + 2.5, 600 - 120 * i, 500), (82.0 + 2 * i, 600 - 120 * i, 500),
               (87.0 + 2 * i, 1100 - 120 * i, 500), box=(100, 80), jitter=1.5, seed=i)
        for i in range(4)
    ]  # fmt: skip
    assert violations(*queue, rule=NO_PARKING, seconds=95.0) == []


def test_a_queue_beside_the_zone_does_not_explain_who_stands_in_it() -> None:
    queue = [stands(Label.CAR, x, 650, 0.0, 40.0, box=(100, 80)) for x in (300, 420, 540, 660)]
    [violation] = violations(parks(), *queue)
    assert violation.place == pytest.approx((0.48, 0.5), abs=0.04)


def test_who_stays_when_the_queue_has_gone_is_parked_since_it_stopped() -> None:
    queue = [stands(Label.CAR, x, 500, 0.0, 20.0, box=(100, 80)) for x in (380, 620)]
    [violation] = violations(*queue, stands(Label.CAR, 500, 500, 0.0, 40.0, box=(100, 80)), seconds=40.0)
    assert violation.time_s < 0.5
    assert violation.fired_s == pytest.approx(33.0, abs=1.0), "10 s after the 3 s in which a queue dissolves"
    assert violation.measured == pytest.approx(violation.fired_s, abs=0.5)


def test_creeping_on_is_not_parking() -> None:
    road = replace(MAST, zones={"kerb": Zone(polygon=((0.0, 0.3), (1.0, 0.3), (1.0, 1.0), (0.0, 1.0)))})
    creeps = rides(Label.CAR, (0.0, 0.0, 36.0), (30.0, 0.0, 16.0), box=(30.0, 40.0))  # 2.4 km/h
    stays = rides(Label.CAR, (0.0, 0.0, 20.0), (30.0, 0.0, 20.0), box=(30.0, 40.0))
    assert violations(creeps, scene=road) == []
    assert len(violations(stays, scene=road)) == 1


def test_hidden_for_some_seconds_it_is_the_same_under_another_id_and_told_once() -> None:
    [violation] = violations(parks(until=60.0, hidden=[(9.0, 9.8), (12.0, 15.0), (22.0, 25.0)]), seconds=60.0)
    assert violation.time_s == pytest.approx(5.0, abs=0.8)
    assert violation.track == 1, "the id that it had when it stopped"


@pytest.mark.parametrize("stops_s", [0.0, 12.0])
def test_a_bus_passes_or_stops_before_it(stops_s: float) -> None:
    # It covers first one side of the car, then all of it, then the other side, once before and once after it is told.
    car = parks(until=90.0)
    buses = [
        drives(Label.BUS, (at - 3.0, 0, 620), (at, 500, 620), (at + stops_s, 500, 620), (at + stops_s + 3.0, 1000, 620),
               box=(300, 220))
        for at in (13.0, 55.0)
    ]  # fmt: skip
    rule = NO_PARKING.model_copy(update={"after_s": 30.0})
    [violation] = violations(Behind(car, buses), *buses, rule=rule, seconds=90.0, fps=12.5)
    assert violation.time_s == pytest.approx(5.0, abs=0.8)
    assert violation.fired_s == pytest.approx(35.0, abs=1.0)
    assert violation.label == "car"


@pytest.mark.parametrize("jitter", [0.0, 2.0])
def test_motorcycles_side_by_side_are_told_each_once_when_cars_overtake_them(jitter: float) -> None:
    pack = [
        drives(Label.MOTORCYCLE, (0.5 * i, 0, 500), (0.5 * i + 2.0, 700 - 45 * i, 500), (60.0, 700 - 45 * i, 500),
               jitter=jitter, seed=i, hidden=[(20.0 + i, 20.6 + i)])
        for i in range(4)
    ]  # fmt: skip
    assert violations(*pack, fps=12.5) == [], "perhaps they wait for a light"
    cars = [drives(Label.CAR, (at, 0, 590), (at + 2.5, 1000, 590), box=(100, 80)) for at in (8.0, 20.0, 32.0)]
    told = violations(*pack, *cars, seconds=40.0, fps=12.5)
    assert len({one.track for one in told}) == len(told) == 4


def test_people_do_not_park_and_labels_restrict() -> None:
    assert violations(stands(Label.PERSON, 500, 500, 0.0, 30.0)) == []
    cars = SHORT.model_copy(update={"labels": (Label.CAR,)})
    assert violations(parks(label=Label.TRUCK), rule=cars) == []


def test_in_its_hours_only() -> None:
    rule = IllegalParking.model_validate(
        {"id": "x", "zone": "kerb", "after_s": 10, "schedule": {"hours": [{"from": "07:00", "to": "09:00"}]}}
    )
    assert violations(parks(), rule=rule, began=datetime(2026, 11, 24, 9, 0, tzinfo=UTC)) == []
    assert len(violations(parks(), rule=rule, began=datetime(2026, 11, 24, 8, 0, tzinfo=UTC))) == 1


def test_forgets_who_has_gone() -> None:
    watch = SHORT.watch(STREET)
    for view in views(Story([parks(until=20.0)], 33.0, 5.0), STREET):
        list(watch.step(view))
    assert len(watch) == 0
    assert watch.finish() == ()


def test_an_unknown_zone_is_told_with_those_there_are() -> None:
    with pytest.raises(SiteError, match="no zone 'curb'; there are: kerb, inbound"):
        IllegalParking(id="x", zone="curb").watch(STREET)
