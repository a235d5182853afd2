from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from pydantic import ValidationError

from models.detections import Label
from tests.vision.story import MAST, SCENE, SIZE, RoadUser, Story, across, area, play, rides, views
from vision.errors import SiteError
from vision.events import Event, Violation
from vision.rules.speeding import Speeding
from vision.scene import Line, Zone

ROAD = replace(
    MAST,
    lines={
        **MAST.lines,
        "near": across(16),
        "far": across(32),
        "sky": Line.model_validate({"from": [0, 0], "to": [1, 0]}),
    },
    zones={"road": area((-4, 14), (4, 14), (4, 36), (-4, 36))},
)
ZONE = Speeding(id="fast", zone="road", limit_kmh=50)
LINES = Speeding(id="fast", from_line="near", to_line="far", limit_kmh=50)
BOTH = pytest.mark.parametrize("rule", [ZONE, LINES], ids=["zone", "lines"])


def away(kmh: float, x: float = 1.0, begin: float = 0.0, label: Label = Label.CAR, **more: object) -> RoadUser:
    """Drives away from the camera through zone and section."""
    return rides(label, (begin, x, 12.5), (begin + 26 * 3.6 / kmh, x, 38.5), **({"size_m": (2.0, 2.5)} | more))  # type: ignore[arg-type]


def speeders(*users: RoadUser, rule: Speeding, seconds: float = 4.0, fps: float = 25.0) -> list[Violation]:
    events = play(Story(users, seconds, fps), rule, scene=ROAD)
    assert all(isinstance(event, Violation) for event in events)
    return [event for event in events if isinstance(event, Violation)]


@BOTH
@pytest.mark.parametrize("fps", [8.0, 12.5, 25.0, 60.0])
def test_fires_once_with_the_speed_and_its_error(rule: Speeding, fps: float) -> None:
    [told] = speeders(away(64, jitter=0.7), rule=rule, fps=fps)
    assert told.measured is not None
    assert told.error is not None
    assert told.measured == pytest.approx(64, abs=told.error)
    assert 0 < told.error < 5
    assert (told.limit, told.unit, told.label) == (50, "km/h", "car")
    assert told.time_s <= told.fired_s < told.time_s + 2.3


def test_the_act_is_the_end_of_the_section() -> None:
    [told] = speeders(away(64), rule=LINES)
    assert told.time_s == pytest.approx((32 - 12.5) / (64 / 3.6), abs=0.05)
    assert told.fired_s == pytest.approx(told.time_s, abs=0.1)


@BOTH
def test_nearly_fires_where_the_lower_end_does_not_exceed_the_tolerance(rule: Speeding) -> None:
    assert speeders(away(56, jitter=0.7), rule=rule) == []
    assert len(speeders(away(56, jitter=0.7), rule=rule.model_copy(update={"tolerance_kmh": 1}))) == 1


@BOTH
def test_at_the_limit_nobody_is_told(rule: Speeding) -> None:
    users = [away(50, x, jitter=1.5, seed=n) for n, x in enumerate((-3.0, -1.0, 1.0, 3.0))]
    assert speeders(*users, rule=rule.model_copy(update={"tolerance_kmh": 0})) == []


@BOTH
def test_hidden_on_the_way_is_still_measured(rule: Speeding) -> None:
    slow = rule.model_copy(update={"limit_kmh": 30})
    [told] = speeders(away(42, hidden=[(1.0, 1.4)]), rule=slow)
    assert told.measured == pytest.approx(42, abs=told.error or 0)


@BOTH
def test_found_again_under_another_id_it_is_told_once(rule: Speeding) -> None:
    watch = rule.watch(ROAD)
    told: list[Event] = []
    for view in views(Story([away(64)], 4.0), ROAD):
        lost = 0.9 < view.time_s < 1.1
        rows = tuple(replace(row, id=row.id + (100 if view.time_s >= 1.1 else 0)) for row in view.placed if not lost)
        told += watch.step(replace(view, placed=rows, everyone=rows))
    [one] = [*told, *watch.finish()]
    assert isinstance(one, Violation)
    assert one.measured == pytest.approx(64, abs=one.error or 0)


def test_hidden_at_the_line_it_is_measured() -> None:
    [told] = speeders(away(64, hidden=[(0.9, 1.2)]), rule=LINES)
    assert told.measured == pytest.approx(64, abs=told.error or 0)
    assert told.time_s == pytest.approx((32 - 12.5) / (64 / 3.6), abs=0.05)


@BOTH
def test_towards_the_camera_too(rule: Speeding) -> None:
    if rule is LINES:
        rule = Speeding(id="fast", from_line="far", to_line="near", limit_kmh=50)
    car = rides(Label.CAR, (0.0, 1.0, 39.0), (26.5 * 3.6 / 64, 1.0, 12.5), size_m=(2.0, 2.5), jitter=0.7)
    [told] = speeders(car, rule=rule)
    assert told.measured == pytest.approx(64, abs=told.error or 0)


def test_from_the_second_line_to_the_first_is_another_section() -> None:
    car = rides(Label.CAR, (0.0, 1.0, 39.0), (1.5, 1.0, 12.5), size_m=(2.0, 2.5))
    assert speeders(car, rule=LINES) == []


def test_the_highest_speed_inside_the_zone_is_told() -> None:
    # 40 km/h for a second, then 80: the last second inside is 44 % and 56 % of that.
    car = rides(Label.CAR, (0.0, 1.0, 12.5), (1.0, 1.0, 23.6), (1.67, 1.0, 38.5), size_m=(2.0, 2.5))
    [told] = speeders(car, rule=Speeding(id="fast", zone="road", limit_kmh=30))
    assert told.measured == pytest.approx(62, abs=3)


def test_side_by_side_only_the_fast_one_is_told() -> None:
    pack = [
        away(48, x, label=Label.MOTORCYCLE, size_m=(0.9, 2.0), jitter=0.5, seed=n) for n, x in enumerate((-2, 0, 2))
    ]
    [told] = speeders(*pack, away(70, 3.2, 0.3), rule=ZONE)
    assert told.label == "car"


def test_each_label_has_its_limit() -> None:
    rule = Speeding.model_validate({"id": "f", "zone": "road", "limit_kmh": 80, "limits": {"truck": 50}})
    [told] = speeders(away(66, -2.0), away(66, 2.0, label=Label.TRUCK, size_m=(2.4, 3.0)), rule=rule)
    assert (told.label, told.limit) == ("truck", 50)


def test_people_do_not_speed() -> None:
    assert speeders(away(64, label=Label.PERSON), rule=ZONE) == []


@BOTH
def test_whoever_waits_between_the_lines_has_not_been_fast(rule: Speeding) -> None:
    waits = rides(
        Label.CAR, (0.0, 1.0, 12.5), (1.5, 1.0, 24.0), (36.0, 1.0, 24.0), (37.5, 1.0, 37.5), size_m=(2.0, 2.5)
    )
    assert speeders(waits, rule=rule, seconds=39.0, fps=6.0) == []


def test_trembling_on_the_first_line_begins_anew() -> None:
    # It stands on the line for a while, then drives off at 64 km/h: the last time that it trembled over it counts.
    waits = rides(Label.CAR, (0.0, 1.0, 12.5), (1.0, 1.0, 16.0), (3.0, 1.0, 16.0), (4.3, 1.0, 39.0), size_m=(2.0, 2.5),
                  jitter=1.0)  # fmt: skip
    [told] = speeders(waits, rule=LINES, seconds=5.0)
    assert told.measured == pytest.approx(62, abs=4)


@dataclass
class Unveiled(RoadUser):
    """A car of which a lorry before it hides the lower part, less and less."""

    begin: float = 0.0
    end: float = 1.0

    def seen(self, time_s: float) -> tuple[float, float, float, float, float, Label] | None:
        found = super().seen(time_s)
        if found is None:
            return None
        x1, y1, x2, y2, score, label = found
        shown = min(1.0, 0.35 + 0.65 * max(0.0, time_s - self.begin) / (self.end - self.begin))
        return x1, y1, x2, y1 + shown * (y2 - y1), score, label


def test_a_car_that_comes_out_from_behind_a_lorry_is_not_fast() -> None:
    car = rides(Label.CAR, (0.0, 1.0, 33.0), (3.0, 1.0, 18.0), size_m=(2.0, 3.0))
    veiled = Unveiled(car.label, car.way, box=car.box, begin=0.6, end=1.8)
    slow = Speeding(id="fast", zone="road", limit_kmh=20)
    assert speeders(veiled, rule=slow) == []
    assert speeders(car, rule=Speeding(id="fast", zone="road", limit_kmh=10)) != [], "it drives 18 km/h"


@dataclass
class CutOff(RoadUser):
    """Somebody whose box ends at the edge of the picture."""

    def seen(self, time_s: float) -> tuple[float, float, float, float, float, Label] | None:
        found = super().seen(time_s)
        if found is None or found[1] >= SIZE[1] - 20:
            return None
        x1, y1, x2, y2, score, label = found
        return max(x1, 0), max(y1, 0), min(x2, SIZE[0]), min(y2, SIZE[1]), score, label


@pytest.mark.parametrize("along", [(9.0, 39.0), (39.0, 9.0)])
def test_a_box_that_is_cut_off_at_the_edge_makes_nobody_fast(along: Sequence[float]) -> None:
    lawful = rides(Label.CAR, (0.0, 1.0, along[0]), (30 / (50 / 3.6), 1.0, along[1]), size_m=(2.0, 3.0))
    low = replace(ROAD, zones={"road": area((-4, 12), (4, 12), (4, 36), (-4, 36))})
    rule = ZONE.model_copy(update={"tolerance_kmh": 1})
    cut = CutOff(lawful.label, lawful.way, box=lawful.box)
    assert play(Story([cut], 4.0), rule, scene=low) == []


def test_beyond_the_horizon_nobody_is_measured() -> None:
    whole = Zone(polygon=((0, 0), (1, 0), (1, 1), (0, 1)))
    sky = replace(ROAD, zones={"road": whole}, lines={"near": across(200), "far": across(36)})
    bird = RoadUser(Label.CAR, [(0.0, 480, 160), (2.0, 480, 20)], (30.0, 30.0))
    rules = [ZONE, LINES.model_copy(update={"id": "lines"})]
    assert play(Story([bird], 2.0), *rules, scene=sky) == []


def test_at_two_pictures_a_second_slow_ones_are_still_measured() -> None:
    [told] = speeders(away(20), rule=Speeding(id="f", zone="road", limit_kmh=10), seconds=6.0, fps=2.0)
    assert told.measured == pytest.approx(20, abs=told.error or 0)


def test_whoever_is_inside_at_the_end_is_told() -> None:
    [told] = speeders(away(64), rule=ZONE, seconds=1.1)
    assert told.fired_s == pytest.approx(1.08)


@BOTH
def test_a_day_of_traffic_leaves_no_state(rule: Speeding) -> None:
    watch = rule.watch(ROAD)
    told = []
    for view in views(Story([away(40 + 10 * n, -2.0 + n, 2.0 * n) for n in range(4)], 12.0, 10.0), ROAD):
        told += list(watch.step(view))
    assert len(told) == 2
    assert len(watch) == 0  # type: ignore[arg-type]
    assert list(watch.finish()) == []


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({}, "give either `zone`, or both"),
        ({"zone": "road", "from_line": "near", "to_line": "far"}, "give either `zone`, or both"),
        ({"from_line": "near"}, "give either `zone`, or both"),
        ({"zone": "road", "to_line": "far"}, "give either `zone`, or both"),
        ({"from_line": "near", "to_line": "near"}, "are both 'near'"),
        ({"zone": "road", "limits": {"car": 0}}, "must be above 0 km/h"),
        ({"zone": "road", "limits": {"tank": 30}}, "no label 'tank'"),
    ],
)
def test_what_makes_no_sense_is_refused(more: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Speeding.model_validate({"id": "x", "limit_kmh": 50} | more)


@BOTH
def test_it_needs_metres(rule: Speeding) -> None:
    with pytest.raises(SiteError, match="needs metres"):
        rule.watch(replace(ROAD, ground=None))


def test_what_the_scene_lacks_is_told() -> None:
    with pytest.raises(SiteError, match="no zone 'raod'"):
        Speeding(id="x", zone="raod", limit_kmh=50).watch(SCENE)
    with pytest.raises(SiteError, match="no line 'end'"):
        Speeding(id="x", from_line="near", to_line="end", limit_kmh=50).watch(ROAD)
    with pytest.raises(SiteError, match="line 'sky' reaches beyond the horizon"):
        Speeding(id="x", from_line="near", to_line="sky", limit_kmh=50).watch(ROAD)
