from dataclasses import replace
from math import cos, pi, sin

import pytest

from models.detections import Label
from tests.vision.story import MAST, SCENE, RoadUser, Story, play, views, walks
from vision.errors import SiteError
from vision.events import Incident
from vision.rules.dispersal import Dispersal
from vision.scene import Zone

PLAZA = replace(MAST, zones={"plaza": Zone(polygon=((0.0, 0.1), (1.0, 0.1), (1.0, 1.0), (0.0, 1.0)))})
RULE = Dispersal(id="d", zone="plaza")
BURST_S = 6.0


def member(angle: float, speed_ms: float, *, close_m: float = 1.8, until_s: float = 8.5, **more: object) -> RoadUser:
    """Stands in a ring around 20 m from the mast, and goes outwards from `BURST_S`."""
    x, y = cos(angle), sin(angle)
    reach_m = close_m + speed_ms * (until_s - BURST_S)
    way = [(0.0, close_m), (BURST_S, close_m), (until_s, reach_m)]
    places = [(time_s, away_m * x, 20.0 + away_m * y) for time_s, away_m in way]
    return walks(*places, **({"jitter": 0.4} | more))


def ring(count: int, speed_ms: float, first: float = 0.0, **more: float) -> list[RoadUser]:
    return [member(first + 2 * pi * i / count, speed_ms, seed=i, **more) for i in range(count)]


def incidents(
    users: list[RoadUser], seconds: float = 12.0, fps: float = 12.5, rule: Dispersal = RULE
) -> list[Incident]:
    return [one for one in play(Story(users, seconds, fps), rule, scene=PLAZA) if isinstance(one, Incident)]


@pytest.mark.parametrize("fps", [8.0, 25.0])
def test_fires_when_a_crowd_bursts(fps: float) -> None:
    began, ended = incidents(ring(10, 3.6), fps=fps)
    assert (began.status, ended.status, began.id == ended.id) == ("began", "ended", True)
    assert began.began_s == pytest.approx(BURST_S + 0.6, abs=0.5)
    assert began.time_s == pytest.approx(BURST_S + 1.3, abs=0.6)
    assert ended.ended_s == pytest.approx(8.5, abs=0.8)
    assert (began.severity, began.label) == ("critical", None)
    assert len(began.tracks) > 5
    assert began.place is not None


def test_nearly_fires() -> None:
    assert incidents(ring(10, 1.5)) == [], "walks away"
    assert incidents(ring(5, 3.6)) == [], "no crowd"
    assert incidents([*ring(4, 3.6), *ring(7, 0.0, first=0.3)]) == [], "only some of them"
    assert incidents([replace(one, label=Label.MOTORCYCLE) for one in ring(10, 3.6)]) == []


def test_a_group_that_jogs_past_does_not_burst() -> None:
    def jogger(i: int) -> RoadUser:
        across, along = 0.8 * (i % 3), 0.9 * (i // 3)
        return walks((0, across - 1, 13 + along), (7, across - 1, 34 + along), jitter=0.4)

    assert incidents([jogger(i) for i in range(9)]) == []


def test_a_group_that_stands_and_then_runs_off_together_does_not_burst() -> None:
    def runner(i: int) -> RoadUser:
        x, y = 0.8 * (i % 3) - 1, 14 + 0.9 * (i // 3)
        return walks((0, x, y), (5, x, y), (10, x, y + 18), jitter=0.4)

    assert incidents([runner(i) for i in range(9)]) == []


def test_a_track_lost_midway_does_not_hide_it() -> None:
    users = ring(10, 3.6)
    users[2] = replace(users[2], hidden=[(6.2, 7.2)])
    users[7] = replace(users[7], hidden=[(6.8, 7.6)])
    assert [one.status for one in incidents(users)] == ["began", "ended"]


def test_a_short_burst_of_a_moment_is_not_sure() -> None:
    assert incidents(ring(10, 3.6, until_s=6.7)) == []


def test_finish_ends_and_forgets() -> None:
    watch = RULE.watch(PLAZA)
    story = Story(ring(10, 3.6), 8.0, 12.5)
    events = [one for view in views(story, PLAZA) for one in watch.step(view)]
    events += list(watch.finish())
    assert [one.status for one in events] == ["began", "ended"]
    assert list(watch.finish()) == []
    for view in views(replace(story, seconds=18.0), PLAZA):
        list(watch.step(replace(view, time_s=view.time_s + 100)))
    assert len(watch) == 0


def test_what_it_needs() -> None:
    with pytest.raises(SiteError, match="no zone 'x'"):
        Dispersal(id="d", zone="x").watch(PLAZA)
    with pytest.raises(SiteError, match="needs metres"):
        Dispersal(id="d", zone="yard").watch(SCENE)
