from dataclasses import replace

import numpy as np
import pytest

from models.detections import Label
from tests.vision.story import MAST, SCENE, Box, RoadUser, Story, drives, play, rides, views, walks
from vision.errors import SiteError
from vision.events import Incident
from vision.rules.running import Running
from vision.scene import Zone

PLAZA = replace(MAST, zones={"plaza": Zone(polygon=((0.0, 0.1), (1.0, 0.1), (1.0, 1.0), (0.0, 1.0)))})
RULE = Running(id="r", zone="plaza")


def goes(speed_ms: float, begin: float = 0.0, seconds: float = 5.0, across: float = 0.0, **more: object) -> RoadUser:
    """A person who goes along, at 14 m from the mast at first."""
    way = (begin, across, 14.0), (begin + seconds, across, 14.0 + speed_ms * seconds)
    return walks(*way, **({"jitter": 0.5} | more))


def incidents(*users: RoadUser, seconds: float = 9.0, fps: float = 12.5, rule: Running = RULE) -> list[Incident]:
    return [one for one in play(Story(users, seconds, fps), rule, scene=PLAZA) if isinstance(one, Incident)]


@pytest.mark.parametrize("fps", [8.0, 25.0])
def test_fires_once_for_a_runner(fps: float) -> None:
    began, ended = incidents(goes(4.8, begin=1.0, seconds=4.0), fps=fps)
    assert (began.status, ended.status, began.id == ended.id) == ("began", "ended", True)
    assert began.label == "person"
    assert began.began_s == pytest.approx(1.7, abs=0.5)
    assert began.time_s == pytest.approx(2.8, abs=0.6)
    assert ended.ended_s == pytest.approx(5.0, abs=0.6)
    assert began.tracks == ended.tracks == (1,)


def test_nearly_fires() -> None:
    assert incidents(goes(1.4)) == [], "walks"
    assert incidents(goes(3.4)) == [], "jogs, not faster than the limit"
    far = walks((0, 0, 30), (3, 0, 41.1), jitter=2.0)
    assert incidents(far) == [], "faster by less than can be told"
    dash = walks((0, 0, 14), (2, 0, 17), (2.9, 0, 21.5), (6, 0, 25))
    assert incidents(dash) == [], "one quick step"
    assert incidents(replace(goes(4.8), label=Label.MOTORCYCLE)) == []


def test_feet_that_tremble_stay_where_they_are() -> None:
    far = [walks((0, 3.0 * i, 38), (8, 3.0 * i, 38), jitter=4.0, seed=i) for i in (0, 1)]
    assert incidents(*far) == []


def test_who_rides_does_not_run() -> None:
    rider = goes(5.5, seconds=4.0)
    bicycle = replace(rider, label=Label.BICYCLE, box=(60.0, 60.0), seed=1)
    assert incidents(rider, bicycle) == []
    seen_now_and_then = replace(bicycle, hidden=[(0.1 + 1.5 * i, 1.4 + 1.5 * i) for i in range(4)])
    assert incidents(rider, seen_now_and_then) == []
    parked = rides(Label.CAR, (0, 1, 22), (9, 1, 22), box=(150.0, 110.0))
    assert len(incidents(goes(4.8, seconds=4.0), parked)) == 2, "past a parked car"
    assert incidents(goes(13.0, seconds=2.0)) == [], "nobody is so fast on foot"


def test_a_rider_whom_the_detector_takes_for_a_person_by_and_by_does_not_run() -> None:
    taken_for = Story([replace(goes(5.5, seconds=4.0), label=Label.BICYCLE)], 6.0, 12.5)
    watch = RULE.watch(PLAZA)
    for view in views(taken_for, PLAZA):
        person = tuple(replace(row, label=Label.PERSON) for row in view.placed)
        shown = replace(view, placed=person, everyone=person) if view.time_s > 1.5 else replace(view, placed=())
        assert list(watch.step(shown)) == []


def test_a_way_in_a_circle_that_leads_nowhere_is_not_believed() -> None:
    jump = [(0.2 * i, 1.5 * (i % 2), 16.0) for i in range(30)]
    assert incidents(walks(*jump)) == []


def test_legs_that_are_hidden_for_a_moment_do_not_run() -> None:
    def hidden(time_s: float) -> float:
        return float(np.interp(time_s, [2.0, 2.4, 4.0, 5.7], [0.0, 52.0, 52.0, 0.0]))

    def box(time_s: float) -> Box:
        return 20.0, 66.0 - hidden(time_s)

    way = [(float(time_s), 200.0 + 85.0 * time_s, 561.0 - hidden(time_s)) for time_s in np.arange(0.0, 7.0, 0.02)]
    walker = drives(Label.PERSON, *way, box=box, jitter=0.3)
    assert incidents(walker) == []
    slow = Running(id="r", zone="plaza", speed_ms=0.3)
    assert len(incidents(walker, rule=slow)) == 2, "it is the speed that is not believed, not the walker"


@pytest.mark.parametrize("hidden_s", [0.8, 1.6])
def test_track_lost_midway_is_one_incident(hidden_s: float) -> None:
    found = incidents(goes(4.6, begin=0.5, seconds=6.0, hidden=[(3.0, 3.0 + hidden_s)]))
    assert [one.status for one in found] == ["began", "ended"]
    assert found[1].ended_s == pytest.approx(6.5, abs=0.7)


def test_another_who_runs_elsewhere_is_another_incident() -> None:
    found = incidents(goes(4.6, seconds=3.0, across=-2.0), goes(4.6, begin=2.0, seconds=3.0, across=3.0))
    assert [one.status for one in found] == ["began", "began", "ended", "ended"]
    assert len({one.id for one in found}) == 2


def test_who_runs_again_soon_goes_on_running() -> None:
    pause = walks((0, 0, 13), (3, 0, 26), (3.8, 0, 26.5), (7, 0, 40))
    assert [one.status for one in incidents(pause)] == ["began", "ended"]


def test_finish_ends_and_forgets() -> None:
    watch = RULE.watch(PLAZA)
    events = [one for view in views(Story([goes(4.8)], 4.0, 12.5), PLAZA) for one in watch.step(view)]
    events += list(watch.finish())
    assert [one.status for one in events] == ["began", "ended"]
    assert list(watch.finish()) == []
    for view in views(Story([goes(4.8)], 14.0, 12.5), PLAZA):
        list(watch.step(replace(view, time_s=view.time_s + 100)))
    assert len(watch) == 0


def test_what_it_needs() -> None:
    with pytest.raises(SiteError, match="no zone 'x'"):
        Running(id="r", zone="x").watch(PLAZA)
    with pytest.raises(SiteError, match="needs metres"):
        Running(id="r", zone="yard").watch(SCENE)
