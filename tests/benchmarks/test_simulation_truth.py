"""Every definition: it holds, it nearly holds, and what is too near to its threshold is not sure."""

from typing import Any

import pytest

from benchmarks.simulation.truth import TRUTHS
from benchmarks.suites.events import SCENARIOS
from models.detections import Label
from tests.benchmarks.ground import Way, goes, happens, light, nearly_met

REAR_M = 2.2
"""Who drives away from the camera stands where the rear of the car is."""
RED: dict[str, Any] = {"line": "line", "signal": "light", "direction": "in"}


def drives(*, from_y: float = 8, to_y: float = 34, speed: float = 10, x: float = 0, starts: float = 1) -> Way:
    return goes(Label.CAR, (starts, x, from_y), (starts + abs(to_y - from_y) / speed, x, to_y))


def stands(seconds: float, x: float = 0, y: float = 20, label: Label = Label.CAR) -> Way:
    return goes(label, (0, x, y - 6), (1, x, y), (1 + seconds, x, y), (2 + seconds, x, y + 6))


def test_every_kind_that_is_asked_for_has_a_definition() -> None:
    assert {rule["kind"] for one in SCENARIOS for rule in one.rules} == set(TRUTHS)


def test_a_passage_is_timed_where_the_foot_crosses() -> None:
    [passage] = happens({"kind": "line_crossing", "line": "line"}, drives())
    assert passage.time_s == pytest.approx(1 + (20 + REAR_M - 8) / 10, abs=0.01)
    assert passage.direction == "in"
    assert passage.speed_kmh == pytest.approx(36)
    assert passage.label == Label.CAR
    [back] = happens({"kind": "line_crossing", "line": "line"}, drives(from_y=34, to_y=8))
    assert back.direction == "out"


def test_to_and_fro_on_the_line_is_one_passage() -> None:
    trembles = [(1 + 0.1 * turn, 0, 20 + REAR_M + (0.1, -0.1)[turn % 2]) for turn in range(20)]
    assert (
        len(happens({"kind": "line_crossing", "line": "line"}, goes(Label.CAR, (0, 0, 16), *trembles, (5, 0, 30)))) == 1
    )
    assert not happens({"kind": "line_crossing", "line": "line"}, goes(Label.CAR, (0, 0, 16), *trembles, (5, 0, 22.1)))


def test_who_passes_beside_a_line_does_not_cross_it() -> None:
    assert not happens({"kind": "solid_line", "line": "line"}, drives(x=7.5))
    assert len(happens({"kind": "solid_line", "line": "line"}, drives(x=5))) == 1


def test_a_movement_goes_from_line_to_line() -> None:
    [there] = happens({"kind": "movement", "lines": ["line", "far"]}, drives(to_y=36))
    assert there.direction == "line → far"
    assert there.time_s == pytest.approx(1 + (30 + REAR_M - 8) / 10, abs=0.01)
    assert not happens({"kind": "movement", "lines": ["line", "far"]}, drives(to_y=28))


def test_a_banned_movement_has_a_direction() -> None:
    banned = {"kind": "banned_movement", "from": "line", "to": "far"}
    assert len(happens(banned, drives(to_y=36))) == 1
    assert not happens(banned, drives(from_y=36, to_y=8))


@pytest.mark.parametrize(
    ("red_s", "green_s", "expected"),
    [(0.5, 20.0, [True]), (1.85, 20.0, [False]), (2.2, 20.0, []), (0.5, 2.5, [False]), (0.5, 2.0, []), (5.0, 20.0, [])],
    ids=["on red", "just after the grace", "within the grace", "just before green", "on green", "before red"],
)
def test_red_light(red_s: float, green_s: float, expected: list[bool]) -> None:
    """The foot crosses at 2.42 s."""
    found = happens({"kind": "red_light", **RED}, drives(), **light((0.0, "green"), (red_s, "red"), (green_s, "green")))
    assert [one.sure for one in found] == expected
    for one in found:
        assert one.time_s == pytest.approx(2.42, abs=0.01)
        assert one.due_s == pytest.approx(2.72, abs=0.05), "3 m beyond"


def test_who_stops_in_the_crosswalk_until_it_is_green_has_not_run_the_light() -> None:
    waits = goes(Label.CAR, (1, 0, 12), (2, 0, 20 + REAR_M + 1.5), (10, 0, 20 + REAR_M + 1.5), (11, 0, 34))
    changes = light((0.0, "red"), (9.0, "green"))
    assert not happens({"kind": "red_light", **RED}, waits, **changes)
    [stops] = happens({"kind": "stop_line", **RED}, waits, **changes)
    assert stops.sure
    assert stops.due_s == pytest.approx(2.0, abs=0.1)
    assert not happens({"kind": "stop_line", **RED}, drives(), **changes), "does not stop at all"


def test_the_other_way_over_the_line_is_not_meant() -> None:
    assert not happens({"kind": "red_light", **RED}, drives(from_y=34, to_y=8), **light((0.0, "red")))


def test_wrong_way_takes_a_second_and_five_metres() -> None:
    wrong = {"kind": "wrong_way", "lane": "lane"}
    assert not happens(wrong, drives())
    [found] = happens(wrong, drives(from_y=32, to_y=8))
    assert found.sure
    assert found.due_s - found.time_s == pytest.approx(1.0, abs=0.1)
    assert not happens(wrong, drives(from_y=16.5, to_y=8, speed=3)), "4.3 m"
    assert not happens(wrong, goes(Label.CAR, (0, -5, 20), (2, 5, 20))), "across"
    assert [one.sure for one in happens(wrong, drives(from_y=18.5, to_y=8, speed=5))] == [False]


@pytest.mark.parametrize(("kmh", "expected"), [(64, []), (66, [False]), (72, [True])])
@pytest.mark.parametrize("where", [{"zone": "zone"}, {"from_line": "line", "to_line": "far"}], ids=["zone", "lines"])
def test_speeding(kmh: float, expected: list[bool], where: dict[str, str]) -> None:
    found = happens({"kind": "speeding", "limit_kmh": 60, **where}, drives(speed=kmh / 3.6, to_y=38))
    assert [one.sure for one in found] == expected
    assert all(one.speed_kmh == pytest.approx(kmh, abs=0.1) for one in found)


def test_a_lane_admits_some_only() -> None:
    rule = {"kind": "lane_violation", "lane": "lane", "labels": ["car"]}
    assert [one.sure for one in happens(rule, drives(speed=8))] == [True]
    assert not happens(rule, goes(Label.BUS, (0, 0, 8), (3, 0, 34)))
    assert not happens(rule, drives(from_y=8, to_y=18, speed=3)), "less than 10 m"
    assert not happens(rule, drives(from_y=8, to_y=34, speed=20)), "less than 2 s"


@pytest.mark.parametrize(("seconds", "expected"), [(59, []), (61, [False]), (70, [True])])
def test_parking(seconds: float, expected: list[bool]) -> None:
    found = happens({"kind": "illegal_parking", "zone": "zone", "after_s": 60}, stands(seconds))
    assert [one.sure for one in found] == expected
    assert all((one.time_s, one.due_s) == pytest.approx((1, 61), abs=0.1) for one in found)


def test_people_do_not_park() -> None:
    waits = stands(70, label=Label.PERSON)
    assert not happens({"kind": "illegal_parking", "zone": "zone", "after_s": 60}, waits)
    assert not happens({"kind": "stopped_vehicle", "zone": "zone", "after_s": 10}, waits)


def test_a_stopped_vehicle_in_a_queue_is_no_incident() -> None:
    rule = {"kind": "stopped_vehicle", "zone": "zone", "after_s": 10}
    assert [one.sure for one in happens(rule, stands(15))] == [True]
    assert [one.sure for one in happens(rule, stands(15), stands(15, x=3))] == [True, True], "one neighbour"
    assert not happens(rule, stands(15), stands(15, x=3), stands(15, x=-3))
    assert not happens(rule, stands(9))
    comes = [goes(Label.CAR, (8, x, 10), (9, x, 20), (20, x, 20), (21, x, 30)) for x in (-3, 3)]
    [one] = happens(rule, stands(40), *comes)
    assert not one.sure, "a queue behind a breakdown is a matter of taste"
    assert one.due_s == pytest.approx(20, abs=1), "when it stands alone"
    assert one.due_s - one.early_s == pytest.approx(1 + 10, abs=1), "when it has stood for long enough"


def test_congestion_ends_late() -> None:
    rule = {"kind": "congestion", "zone": "zone", "free_flow_kmh": 50, "after_s": 5}
    crawls = goes(Label.CAR, (0, 0, 18), (6.5, 0, 22), (7.5, 0, 23), (15, 0, 26), (16, 0, 40))
    [found] = happens(rule, crawls)
    assert found.due_s == pytest.approx(5, abs=0.1)
    assert found.users == frozenset()
    assert not happens(rule, drives(speed=5))


def test_a_queue_reaches_the_zone() -> None:
    rule = {"kind": "queue_spillback", "zone": "zone"}
    assert [one.sure for one in happens(rule, stands(30))] == [True]
    assert not happens(rule, stands(15))


def test_a_queue_at_the_edge_of_the_zone_is_a_matter_of_taste() -> None:
    rule = {"kind": "queue_spillback", "zone": "zone"}
    edge = 14 + 2.2  # a car whose rear is there
    beside = [[one.sure for one in happens(rule, stands(30, y=edge + off))] for off in (-1.0, -0.2, 0.2, 1.0)]
    assert beside == [[], [False], [False], [True]]
    rolls_on = goes(Label.CAR, (0, 0, edge - 0.2), (10, 0, edge - 0.1), (12, 0, edge + 1), (45, 0, edge + 1))
    [later] = happens(rule, rolls_on)
    assert later.sure
    assert (later.due_s, later.early_s) == pytest.approx((31.5, 11.5), abs=0.6)


def test_a_queue_that_others_hide_is_asked_of_no_camera() -> None:
    rule = {"kind": "queue_spillback", "zone": "zone"}

    def bus(until: float) -> Way:
        return goes(Label.BUS, (0, 0, 17.5), (until, 0, 17.5), (until + 2, 30, 17.5))

    [hidden] = happens(rule, bus(40), stands(30, y=26))
    assert (hidden.sure, hidden.early_s) == (False, 0)
    [later] = happens(rule, bus(15), stands(50, y=26))
    assert later.sure
    assert later.due_s == pytest.approx(15 + 20, abs=1), "when it had been seen for long enough"
    assert later.due_s - later.early_s == pytest.approx(1 + 20, abs=1), "when it had stood for long enough"


def test_crowding_ends_below_four_fifths() -> None:
    rule = {"kind": "crowding", "zone": "zone", "limit": 4, "after_s": 5}

    def crowd(*seconds: float) -> list[Way]:
        return [
            goes(Label.PERSON, (0, number - 2, 20), (until, number - 2, 20), (until + 2, number - 2, 40))
            for number, until in enumerate(seconds)
        ]

    assert [one.due_s for one in happens(rule, *crowd(20, 20, 20, 20, 20))] == pytest.approx([5], abs=0.1)
    assert not happens(rule, *crowd(20, 20, 20, 20)), "not more than four"
    assert not happens(rule, *crowd(20, 20, 20, 20, 3)), "too short"


def test_people_in_the_wrong_place() -> None:
    walks = goes(Label.PERSON, (0, -8, 20), (12, 8, 20))
    assert [one.sure for one in happens({"kind": "pedestrian_on_carriageway", "zone": "zone"}, walks)] == [True]
    assert not happens({"kind": "pedestrian_on_carriageway", "zone": "zone"}, drives())
    assert [one.sure for one in happens({"kind": "intrusion", "zone": "zone"}, walks)] == [True]
    assert not happens({"kind": "loitering", "zone": "zone", "after_s": 30}, walks)
    stays = goes(Label.PERSON, (0, 0, 20), (40, 0, 20), (41, 0, 21))
    assert [one.due_s for one in happens({"kind": "loitering", "zone": "zone", "after_s": 30}, stays)] == [30]


def test_a_step_outside_belongs_to_the_stay() -> None:
    paces = goes(Label.PERSON, (0, 0, 20), (10, 5.5, 20), (11, 6.5, 20), (12, 5.5, 20), (40, 0, 20))
    assert len(happens({"kind": "loitering", "zone": "zone", "after_s": 30}, paces)) == 1


@pytest.mark.parametrize(("speed", "expected"), [(3.0, 0), (5.0, 1)])
def test_running(speed: float, expected: int) -> None:
    runs = goes(Label.PERSON, (0, -8, 20), (16 / speed, 8, 20))
    assert len(happens({"kind": "running", "zone": "zone"}, runs)) == expected


def test_what_the_simulator_tells_is_taken_in_the_zone() -> None:
    two = (drives(), drives(x=2))
    near = {"kind": "near_miss", "zone": "zone"}
    assert [one.users for one in happens(near, *two, **nearly_met(2.0, (1, 20)))] == [{0, 1}]
    assert not happens(near, *two, **nearly_met(2.0, (1, 40)))
    [flees] = happens({"kind": "dispersal", "zone": "zone"}, drives(), scripted=[("dispersal", 3.0)])
    assert flees.time_s == 3


def test_a_near_miss_is_sure_if_they_themselves_nearly_met_and_were_seen() -> None:
    near = {"kind": "near_miss", "zone": "zone"}
    crosses = goes(Label.MOTORCYCLE, (1.2, -10, 20), (5.2, 10, 20))
    waits = goes(Label.MOTORCYCLE, (0, 2, 20), (6, 2, 20))
    bus = goes(Label.BUS, (0, -6, 14), (0.5, 0, 14), (8, 0, 14))
    told = nearly_met(3.2, (0, 20))
    assert [one.sure for one in happens(near, drives(), crosses, **told)] == [True]
    assert [one.sure for one in happens(near, drives(), waits, **told)] == [False], "only in the same lane"
    assert [one.sure for one in happens(near, drives(), crosses, bus, **told)] == [False], "behind a bus"


def test_a_crash_is_two_who_brake_hard_and_stand() -> None:
    def into(x: float, side: float, stands_s: float = 10) -> Way:
        return goes(Label.CAR, (0, x + side, 20), (1, x, 20), (1 + stands_s, x, 20), (2 + stands_s, x + side, 20))

    rule = {"kind": "crash", "zone": "zone"}
    assert [one.users for one in happens(rule, into(-2.3, -8), into(2.3, 8))] == [{0, 1}]
    assert not happens(rule, into(-2.3, -8), into(2.3, 8, stands_s=2)), "one goes on"
    assert not happens(rule, into(-5, -8), into(5, 8)), "far apart"
    assert not happens(rule, into(-2.3, -2), into(2.3, 2)), "slowly"
