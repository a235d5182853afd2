from dataclasses import replace
from typing import Any

import pytest

from models.detections import Label
from tests.vision.story import JUNCTION, RoadUser, Story, drives, lights, views
from tests.vision.test_red_light import RED, STOP, crosses, told, told_once
from vision.errors import SiteError
from vision.events import Violation
from vision.rules.stop_line import StopLine
from vision.scene import Zone

CROSSWALK = replace(JUNCTION, zones={"crosswalk": Zone(polygon=((0.2, 0.4), (0.5, 0.4), (0.5, 0.49), (0.2, 0.49)))})


def stops(y: float = 475, goes_s: float = 15.0, **more: object) -> RoadUser:
    """Crosses the line with its rear at about 6 s, stops at a height of the picture and goes on later."""
    return drives(Label.CAR, (3.0, 300, 700), (6.5, 300, y), (goes_s, 300, y), (goes_s + 2.0, 300, 100), **more)


def violations(*users: RoadUser, rule: StopLine = STOP, **how: Any) -> list[Violation]:
    return told_once("stop_line", told(*users, stop=rule, **how))


@pytest.mark.parametrize("fps", [6.0, 12.5, 25.0])
def test_fires_once_when_red_is_over(fps: float) -> None:
    [one] = violations(stops(), fps=fps)
    assert (one.label, one.phase, one.unit, one.limit) == ("car", "red", "s", 0.0)
    assert one.time_s == pytest.approx(6.1, abs=0.2)
    assert one.measured == pytest.approx(4.1, abs=0.3)
    assert one.fired_s == pytest.approx(14.0, abs=0.2)


def test_trembles_where_it_stands() -> None:
    assert len(violations(stops(jitter=1.5))) == 1


def test_who_goes_on_while_red_has_run_it() -> None:
    assert violations(stops(goes_s=9.0)) == []


def test_nearly_fires_when_it_does_not_stop() -> None:
    slow = drives(Label.CAR, (9.0, 300, 560), (14.0, 300, 490), (16.0, 300, 470), (18.0, 300, 300))
    assert violations(slow) == []


def test_stops_after_the_end_of_red_only() -> None:
    hesitates = drives(Label.CAR, (12.0, 300, 560), (14.1, 300, 480), (17.0, 300, 480), (18.0, 300, 300))
    assert violations(hesitates) == []


def test_stops_short_of_the_line() -> None:
    assert violations(stops(y=505, jitter=1.0)) == []


def test_front_beyond_the_line_and_rear_before_it() -> None:
    # The anchor is the bottom of the box, the rear of whoever drives away.
    assert violations(stops(y=520, box=(60.0, 120.0))) == []


def test_within_the_grace_or_with_green_and_on_the_line_before() -> None:
    quick = drives(Label.CAR, (0.0, 300, 640), (2.3, 300, 495), (2.6, 300, 475), (15.0, 300, 475))
    before = drives(Label.CAR, (0.0, 600, 475), (15.0, 600, 475))
    assert violations(quick, before) == []
    assert violations(stops(), signals=lights((0.0, "green"))) == []


def test_is_lost_while_it_stands() -> None:
    [one] = violations(stops(hidden=[(9.0, 18.0)]))
    assert one.fired_s == pytest.approx(10.5, abs=0.1), "as its id ends"
    assert violations(stops(hidden=[(7.0, 18.0)])) == [], "nobody saw it stand"
    assert len(violations(stops(hidden=[(9.0, 10.0)]))) == 1


def test_is_lost_while_the_signal_is_too() -> None:
    covered = lights((0.0, "green"), (2.0, "red"), (10.4, "unknown"))
    assert violations(stops(hidden=[(9.0, 18.0)]), signals=covered) == [], "perhaps it was another state all along"


def test_the_signal_is_hidden_as_it_ends() -> None:
    covered = lights((0.0, "green"), (2.0, "red"), (13.0, "unknown"))
    assert len(violations(stops(), signals=covered)) == 1
    assert len(violations(stops(goes_s=13.2), signals=covered)) == 1, "it went on when it may have been green"


def test_still_stands_when_the_stream_ends() -> None:
    [one] = violations(stops(), seconds=12.0)
    assert one.fired_s == pytest.approx(12.0)
    assert violations(crosses(11.9), seconds=12.0) == []
    assert violations(stops(), seconds=12.0, signals=lambda _: {}) == []


def test_inside_the_crosswalk_only() -> None:
    rule = STOP.model_copy(update={"zone": "crosswalk"})
    for seconds in (12.0, 18.0):
        assert len(violations(stops(y=475), rule=rule, scene=CROSSWALK, seconds=seconds)) == 1
        assert violations(stops(y=493), rule=rule, scene=CROSSWALK, seconds=seconds) == []


def test_forgets_ended_tracks() -> None:
    watch = STOP.watch(JUNCTION)
    for view in views(Story([stops(), crosses(6.0, x=600)], 19.0, 10.0, signals=RED), JUNCTION):
        list(watch.step(view))
    assert len(watch) == 0


def test_needs_its_zone() -> None:
    with pytest.raises(SiteError, match="no zone 'x'"):
        STOP.model_copy(update={"zone": "x"}).watch(JUNCTION)
