from collections.abc import Sequence
from dataclasses import replace

import pytest
from pydantic import ValidationError

from models.detections import Label
from tests.vision.story import MAST, SCENE, RoadUser, Story, area, drives, play, rides, views
from vision.errors import SiteError
from vision.events import Incident
from vision.rules.queue_spillback import QueueSpillback
from vision.scene import Scene, Zone

ROAD = replace(MAST, zones={"back": area((-4, 18), (4, 18), (4, 24), (-4, 24))})
RULE = QueueSpillback(id="q", zone="back")
CAR, BIKE = (1.9, 1.5), (0.8, 1.7)


def comes(x: float, y: float, at: float, until: float, label: Label = Label.CAR, **more: object) -> RoadUser:
    """Drives away from the camera at 36 km/h, stands behind those before it, and drives on at some time."""
    size = BIKE if label in (Label.MOTORCYCLE, Label.BICYCLE, Label.PERSON) else CAR
    way = [(at, x, 12.0), (at + (y - 12) / 10, x, y), (until, x, y), (until + (43 - y) / 10, x, 43.0)]
    return rides(label, *way, **({"size_m": size, "jitter": 0.5, "seed": int(10 * y)} | more))  # type: ignore[arg-type]


def queue(until: float, *alongs: float, x: float = 1.0, label: Label = Label.CAR) -> list[RoadUser]:
    """Some who come one after the other, and start one after the other."""
    return [comes(x, y, 2.5 * n, until + 0.8 * n, label) for n, y in enumerate(alongs)]


REACHES = (38.0, 32.0, 26.0, 20.0)
SHORT = (40.0, 34.0, 28.0)


def incidents(
    users: Sequence[RoadUser], rule: QueueSpillback = RULE, seconds: float = 50.0, fps: float = 8.0, scene: Scene = ROAD
) -> list[Incident]:
    events = play(Story(users, seconds, fps), rule, scene=scene)
    return [event for event in events if isinstance(event, Incident)]


@pytest.mark.parametrize("fps", [8.0, 25.0])
def test_a_queue_that_reaches_the_zone_begins_and_ends(fps: float) -> None:
    began, ended = incidents(queue(35.0, *REACHES), fps=fps)
    assert (began.status, ended.status, began.id) == ("began", "ended", ended.id)
    assert began.began_s == pytest.approx(8.3, abs=1.0), "when the last one had come"
    assert began.time_s == pytest.approx(began.began_s + 20, abs=0.3)
    assert ended.ended_s == pytest.approx(37.8, abs=1.0), "when the last one goes"
    assert (began.track, began.label, began.severity, len(began.tracks)) == (None, None, "warning", 4)
    assert began.place is not None
    assert began.place[1] == pytest.approx(0.707, abs=0.01), "where it stands in the zone"


def test_nearly_a_shorter_queue_does_not_reach_it() -> None:
    assert incidents(queue(45.0, *SHORT)) == []


def test_nearly_it_drives_on_before_long() -> None:
    assert incidents(queue(24.0, *REACHES)) == []


def test_traffic_that_drives_through_is_no_queue() -> None:
    assert incidents([comes(x, 43.0, 1.5 * n, 60.0) for n in range(30) for x in (-2.0, 2.0)]) == []


def test_others_who_stop_there_afterwards_are_not_told_again() -> None:
    users = [*queue(35.0, *REACHES), *[comes(-2.0, y, 30.0 + n, 45.0) for n, y in enumerate((26.0, 20.0))]]
    _, ended = incidents(users, seconds=60.0)
    assert ended.ended_s == pytest.approx(45.0, abs=1.0), "the zone was never free"


def test_two_alone_are_no_queue_unless_that_is_enough() -> None:
    two = queue(45.0, 26.0, 20.0)
    assert incidents(two) == []
    assert len(incidents(two, RULE.model_copy(update={"vehicles": 2}))) == 2


def test_a_gap_parts_the_queue() -> None:
    assert incidents(queue(45.0, 40.0, 36.0, 32.0, 20.0)) == []


def test_a_moment_better_goes_on() -> None:
    # The last one moves up by 3 m within two seconds.
    *others, _ = queue(45.0, *REACHES)
    creeps = rides(Label.CAR, (7.5, 1.0, 12.0), (8.1, 1.0, 18.5), (20.0, 1.0, 18.5), (21.5, 1.0, 21.5),
                   (45.0, 1.0, 21.5), size_m=CAR)  # fmt: skip
    began, _ = incidents([*others, creeps])
    assert began.began_s == pytest.approx(8.3, abs=1.0)


@pytest.mark.parametrize("hidden", [[(15.0, 15.9)], [(12.0, 14.5), (33.0, 35.0)]])
def test_hidden_for_a_moment_it_is_one_queue(hidden: list[tuple[float, float]]) -> None:
    *others, last = queue(45.0, *REACHES)
    assert len(incidents([*others, replace(last, hidden=hidden)], seconds=60.0)) == 2


def test_the_last_one_goes_on_with_the_queue_while_those_before_it_are_hidden() -> None:
    *others, last = queue(45.0, *REACHES)
    hidden = [replace(one, hidden=[(11.0, 18.0)]) for one in others]
    began, _ = incidents([*hidden, last])
    assert began.began_s == pytest.approx(8.3, abs=1.0)
    assert began.time_s == pytest.approx(began.began_s + 20, abs=0.3)


def test_nearly_the_last_one_stays_behind_alone() -> None:
    *others, _ = queue(20.0, *REACHES)
    assert incidents([*others, comes(1.0, 20.0, 7.5, 48.0)]) == [], "a breakdown is no queue"


def test_parked_cars_are_no_queue() -> None:
    parked = [rides(Label.CAR, (0.0, -3.0, y), (50.0, -3.0, y), size_m=CAR, jitter=0.7) for y in (18.5, 23.5, 29, 35)]
    assert incidents(parked) == []
    assert incidents([*parked, *queue(45.0, *SHORT)]) == [], "nor do they make one longer"
    assert incidents([*parked, comes(-2.0, 21.0, 3.0, 49.0)]) == [], "nor one who stops beside them"


def test_a_pack_of_motorcycles_is_a_queue() -> None:
    pack = [
        comes(x, y, 0.7 * n, 40.0, Label.MOTORCYCLE)
        for n, (y, x) in enumerate((y, x) for y in (31.0, 27.0, 23.0) for x in (-1.5, 0.0, 1.5))
    ]
    began, _ = incidents(pack)
    assert len(began.tracks) >= 7


def test_people_on_foot_are_no_queue() -> None:
    people = [
        rides(Label.PERSON, (0.0, x, 14.0), (6.0, x, 22.0), (45.0, x, 22.0), size_m=(0.6, 1.7)) for x in (-1, 0, 1, 2)
    ]
    assert incidents(people) == []
    assert incidents(people, RULE.model_copy(update={"labels": None})) == [], "not even if all labels are asked for"


PLAIN = replace(SCENE, zones={"back": Zone(polygon=((0.3, 0.6), (0.7, 0.6), (0.7, 0.8), (0.3, 0.8)))})


def test_without_calibration_boxes_tell() -> None:
    users = [
        drives(Label.CAR, (at, 500, 990), (at + (990 - y) / 300, 500, y), (40.0, 500, y), box=(120.0, 90.0))
        for at, y in ((0.0, 400), (3.0, 550), (6.0, 700))
    ]
    began, ended = incidents(users, scene=PLAIN)
    assert began.began_s == pytest.approx(7.5, abs=1.0)
    assert ended.ended_s == pytest.approx(40.0, abs=1.0)
    apart = [replace(user, way=[(when, 500 + 500 * (n == 2), y) for when, _, y in user.way]) for n, user in
             enumerate(users)]  # fmt: skip
    assert incidents(apart, scene=PLAIN) == []


def test_at_the_end_of_the_stream_it_ends() -> None:
    _, ended = incidents(queue(60.0, *REACHES), seconds=40.0)
    assert ended.ended_s == pytest.approx(40.0, abs=0.3)


def test_after_an_interruption_it_begins_anew() -> None:
    watch, events = RULE.watch(ROAD), []
    assert list(watch.finish()) == []
    for one in views(Story(queue(60.0, *REACHES), 45.0, 8.0), ROAD):
        events += list(watch.step(one))
        if one.time_s == 20.0:
            events += list(watch.finish())
    [began] = events
    assert began.time_s == pytest.approx(40.0, abs=0.5)


def test_a_day_of_traffic_leaves_no_state() -> None:
    watch = RULE.watch(ROAD)
    for one in views(Story([*queue(35.0, *REACHES), *queue(20.0, *SHORT, x=-2.0)], 105.0, 2.0), ROAD):
        list(watch.step(one))
    assert len(watch) == 0


def test_an_unknown_zone_is_told() -> None:
    with pytest.raises(SiteError, match="no zone 'bakc'"):
        QueueSpillback(id="q", zone="bakc").watch(ROAD)


def test_one_vehicle_is_never_a_queue() -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 2"):
        QueueSpillback(id="q", zone="back", vehicles=1)
