import json
import logging
from datetime import timedelta

import pytest
from pydantic import ValidationError

from models.detections import Label
from tests.vision.measured import MINUTES, measured, of_line, of_zone
from tests.vision.story import NOON, SCENE, Story, drives, stands
from vision.errors import SiteError
from vision.events import Event, Measurement, rfc3339
from vision.measuring.line_flow import LineFlow
from vision.measuring.measure import Measure
from vision.pipeline import Pipeline
from vision.rules.intrusion import Intrusion
from vision.rules.line_crossing import LineCrossing
from vision.site import parse_site
from vision.trackers.packtrack import PackTrack

CROSSES = [drives(Label.CAR, (3, 300, 800), (7, 300, 200))]


def test_every_line_zone_and_lane_is_measured_without_a_rule() -> None:
    found = measured(Story(CROSSES, 60.0, 10.0), measure=Measure())
    assert {(one.kind, one.line, one.zone) for one in found} == {
        ("line_flow", "main", None), ("line_flow", "short", None),
        ("zone_use", None, "yard"), ("zone_use", None, "inbound"), ("zone_use", None, None),
        ("heat_map", None, None),
    }  # fmt: skip
    assert {one.ended_s - one.began_s for one in of_line(found)} == {60, 900, 3600}


def test_an_event_says_when_and_how_much_of_it_was_watched() -> None:
    story = Story(CROSSES, 70.0, 10.0, began=NOON + timedelta(seconds=20))
    first, second = of_line(measured(story))
    assert (first.began_s, first.ended_s, first.time_s) == (-20, 40, 40)
    assert rfc3339(first.at) == "2026-11-24T05:01:00.000Z"
    assert first.completeness == pytest.approx(40 / 60)
    assert (second.began_s, second.ended_s, second.time_s) == (40, 100, 70), "told when the stream ended"
    assert rfc3339(second.at) == "2026-11-24T05:01:30.000Z"
    assert second.completeness == pytest.approx(0.5)
    assert (first.label, first.track, first.place, first.score) == (None, None, None, 1)


def test_as_json_it_says_what_was_measured_and_nothing_else() -> None:
    found = measured(Story([], 60.0, 10.0))
    line, zone = (
        json.loads(one.model_dump_json(by_alias=True)) for one in (of_line(found)[0], of_zone(found, "yard")[0])
    )
    assert line["line"] == "main"
    assert zone["zone"] == "yard"
    names = {"line", "zone", "from", "to"}
    assert line.keys() & names == {"line"}
    assert zone.keys() & names == {"zone"}


def test_while_the_picture_is_invalid_nothing_is_counted() -> None:
    story = Story([drives(Label.CAR, (23, 300, 800), (27, 300, 200)), stands(Label.CAR, 500, 550, 0, 60)], 60.0, 10.0)
    found = measured(story, dark=[(20, 40)])
    [line], [yard] = of_line(found), of_zone(found, "yard")
    assert line.completeness == pytest.approx(40 / 60, abs=0.005)
    assert line.values["volume"] == 0
    assert yard.values["occupancy_pct"] == pytest.approx(100, abs=2), "of what was watched"
    assert of_line(measured(story))[0].values["volume"] == 1


def test_while_no_pictures_come_nothing_is_known() -> None:
    story = Story([stands(Label.CAR, 500, 550, 0, 15), stands(Label.PERSON, 500, 550, 45, 60)], 60.0, 10.0)
    [yard] = of_zone(measured(story, away=[(15.1, 45)]), "yard")
    assert yard.completeness == pytest.approx(0.5, abs=0.005)
    assert yard.values["occupancy_pct"] == pytest.approx(50, abs=2)
    assert yard.values["people_mean"] == pytest.approx(0.5, abs=0.02)


def test_every_passage_is_in_one_interval() -> None:
    users = [drives(Label.CAR, (t - 2, 300, 800), (t + 2, 300, 200)) for t in (5, 30, 59.9, 60.3, 85, 119.5, 121)]
    users.append(stands(Label.PERSON, 500, 550, 20, 30))
    rules = (Intrusion(id="yard", zone="yard"), LineCrossing(id="count", line="main"))
    found = measured(Story(users, 130.0, 10.0), *rules, measure=Measure(intervals_s=(60, 120)))
    volumes = [(one.ended_s, one.ended_s - one.began_s, one.values["volume"]) for one in of_line(found)]
    assert volumes == [(60, 60, 3), (120, 60, 3), (120, 120, 6), (180, 60, 1), (240, 120, 1)]


def test_ids_are_unique_and_the_same_in_every_replay() -> None:
    story = Story(CROSSES, 130.0, 5.0)
    first, second = (measured(story, measure=Measure()) for _ in range(2))
    assert first == second
    assert len({one.id for one in first}) == len(first)


def test_a_camera_that_was_lost_goes_on_with_the_interval() -> None:
    pipeline = Pipeline(SCENE, PackTrack().start("cam", 0.3), (), Measure())
    assert pipeline.finish() == (), "nothing was measured yet"
    told: list[Event] = []
    for one in Story(CROSSES, 63.0, 10.0).observations():
        if one.time_s == 20:
            assert pipeline.lose() == ()
        if one.time_s <= 20 or one.time_s >= 30:
            told += pipeline.step(one).events
    [minute] = of_line([event for event in told if isinstance(event, Measurement)])
    assert minute.completeness == pytest.approx(50 / 60, abs=0.003)
    assert minute.values["volume"] == 1
    assert len(pipeline.finish()) > 0
    assert pipeline.finish() == (), "told once"


def test_a_restart_within_the_minute_tells_another_part_under_another_id() -> None:
    first = measured(Story(CROSSES, 20.0, 10.0))
    second = measured(Story(CROSSES, 20.0, 10.0, began=NOON + timedelta(seconds=30)))
    assert {rfc3339(one.at) for one in first + second} == {"2026-11-24T05:00:20.000Z", "2026-11-24T05:00:50.000Z"}
    assert not {one.id for one in first} & {one.id for one in second}


def test_nothing_is_measured_where_no_interval_is_given() -> None:
    assert measured(Story(CROSSES, 60.0, 10.0), measure=Measure(intervals_s=())) == []


@pytest.mark.parametrize(
    ("lengths", "why"),
    [([5], "at least"), ([60, 90], "multiples"), ([900, 60], "multiples"), ([60, 60], "multiples"), ([0], "at least")],
)
def test_intervals_that_do_not_add_up_are_refused(lengths: list[int], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Measure.model_validate({"intervals_s": lengths})


def test_a_site_says_what_is_measured_for_all_cameras_and_for_one() -> None:
    source = {"kind": "webcam", "device": 0}
    site = parse_site({
        "version": 1,
        "defaults": {"measure": {"intervals_s": [60], "pcu": {"motorcycle": 0.25}}},
        "cameras": [{"id": "a", "source": source}, {"id": "b", "source": source, "measure": {"intervals_s": []}}],
    })  # fmt: skip
    kinds = []
    for camera in site.cameras:
        pipeline = site.pipeline(camera)
        for one in Story([], 5.0, 5.0).observations():
            assert pipeline.step(one).events == ()
        kinds.append([event.kind for event in pipeline.finish()])
    assert kinds == [["zone_use"], []]
    assert site.defaults.measure.pcu.motorcycle == 0.25
    with pytest.raises(SiteError, match=r"cameras\[0\].measure: intervals_s \[60, 90\]: give the least first"):
        parse_site({"version": 1, "cameras": [{"id": "a", "source": source, "measure": {"intervals_s": [60, 90]}}]})


def test_measuring_that_breaks_stops_alone(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def breaks(*_: object) -> None:
        raise ZeroDivisionError("by design")

    monkeypatch.setattr(LineFlow, "follow", breaks)
    pipeline = Pipeline(SCENE, PackTrack().start("cam", 0.3), [LineCrossing(id="count", line="main")], MINUTES)
    with caplog.at_level(logging.ERROR):
        events = [event for one in Story(CROSSES, 70.0, 10.0).observations() for event in pipeline.step(one).events]
    assert [event.kind for event in events] == ["line_crossing"]
    assert pipeline.faults == {"measure": "ZeroDivisionError: by design"}
    assert pipeline.finish() == ()
    assert len(caplog.records) == 1
