from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from models.detections import Label
from models.observation import SignalState
from tests.vision.story import (
    JUNCTION,
    MAST,
    SCENE,
    Phases,
    RoadUser,
    Story,
    drives,
    lights,
    on_picture,
    play,
    rides,
    stands,
    views,
)
from vision.errors import SiteError
from vision.events import Event, Violation
from vision.pipeline import Pipeline
from vision.rules.red_light import RedLight
from vision.rules.stop_line import StopLine
from vision.scene import Scene
from vision.trackers.packtrack import PackTrack

RULE = RedLight(id="red", line="main", signal="near", direction="away")
STOP = StopLine(id="stop", line="main", signal="near", direction="away")
"""Always asked as well: of one crossing both must never be told."""


def line_at(y: float) -> Scene:
    """The junction with its line at another height of the picture."""
    line = SCENE.lines["main"].model_copy(update={"start": (0.0, y), "end": (1.0, y)})
    return replace(JUNCTION, lines={"main": line})


RED = lights((0.0, "green"), (1.8, "yellow"), (2.0, "red"), (14.0, "green"))


def told(
    *users: RoadUser,
    signals: Phases = RED,
    seconds: float = 18.0,
    fps: float = 25.0,
    rule: RedLight = RULE,
    stop: StopLine = STOP,
    scene: Scene = JUNCTION,
) -> list[Event]:
    return play(Story(users, seconds, fps, signals=signals), rule, stop, scene=scene)


def told_once(kind: str, events: list[Event]) -> list[Violation]:
    """The violations of a kind; none of the others is of the same track."""
    found = [one for one in events if isinstance(one, Violation)]
    tracks = [one.track for one in found]
    assert len(set(tracks)) == len(tracks), "one crossing is told once, and by one rule"
    return [one for one in found if one.kind == kind]


def violations(*users: RoadUser, **how: Any) -> list[Violation]:
    return told_once("red_light", told(*users, **how))


def crosses(at_s: float, x: float = 300, label: Label = Label.MOTORCYCLE, **more: object) -> RoadUser:
    """Drives up the picture at 100 px/s and is on the line at a time."""
    return drives(label, (at_s - 2.0, x, 700), (at_s + 3.0, x, 200), **more)


@pytest.mark.parametrize("fps", [6.0, 12.5, 25.0, 60.0])
def test_fires_once_with_the_time_of_the_act(fps: float) -> None:
    [one] = violations(crosses(6.0), fps=fps)
    assert (one.label, one.phase, one.unit, one.limit) == ("motorcycle", "red", "s", 0.0)
    assert one.time_s == pytest.approx(6.0, abs=0.1)
    assert one.measured == pytest.approx(4.0, abs=0.25)
    assert one.place == pytest.approx((0.3, 0.5), abs=0.01)
    # 40 px beyond the line, half the height of the box.
    assert one.fired_s == pytest.approx(6.4, abs=0.3)


def test_red_since_before_we_looked() -> None:
    [one] = violations(crosses(6.0), signals=lights((0.0, "red")))
    assert one.measured is None, "nobody knows how long it had been red"


@pytest.mark.parametrize("state", ["green", "yellow", "off", "unknown"])
def test_any_other_state_is_no_red(state: SignalState) -> None:
    assert told(crosses(6.0), signals=lights((0.0, state))) == []


def test_a_signal_that_nobody_reads_is_no_red() -> None:
    assert told(crosses(6.0), signals=lambda _: {}) == []


@pytest.mark.parametrize(("since_s", "count"), [(5.92, 1), (5.8, 0)])
def test_a_green_that_is_told_late_clears_who_has_crossed_on_it(since_s: float, count: int) -> None:
    story = Story([crosses(5.6)], 18.0, 25.0, signals=lights((0.0, "red"), (5.92, "green")))
    pipeline = Pipeline(JUNCTION, PackTrack().start("cam", 0.3), [RULE])
    events: list[Event] = []
    for seen in story.observations():
        told_s = {"near": since_s} if seen.signals["near"] == "green" else {}
        events += pipeline.step(replace(seen, signals_since_s=told_s)).events
    assert len(events) == count


@pytest.mark.parametrize(("at_s", "count"), [(1.9, 0), (2.3, 0), (2.45, 0), (2.7, 1), (13.5, 1), (13.8, 0), (14.1, 0)])
def test_lets_go_who_crosses_as_the_signal_changes(at_s: float, count: int) -> None:
    assert len(violations(crosses(at_s))) == count


@pytest.mark.parametrize("fps", [6.0, 25.0])
def test_an_early_start_is_told_though_it_goes_on_with_green(fps: float) -> None:
    waits = drives(Label.CAR, (0.0, 300, 560), (12.0, 300, 560), (13.2, 300, 500), (16.0, 300, 360))
    [one] = violations(waits, fps=fps)
    assert one.fired_s > 13.4


def test_the_other_way_and_beside_the_line() -> None:
    comes = drives(Label.CAR, (4.0, 300, 300), (9.0, 300, 800))
    assert told(comes) == []
    short = RULE.model_copy(update={"line": "short", "direction": "left"})
    assert violations(crosses(6.0), rule=short) == []
    assert len(violations(crosses(6.0, x=500), rule=short)) == 1


def test_nearly_fires_when_it_stops_short_of_the_line() -> None:
    assert told(drives(Label.CAR, (3.0, 300, 800), (6.0, 300, 507), (18.0, 300, 507), jitter=1.5)) == []


def test_nearly_fires_when_it_stops_just_beyond_and_waits_for_green() -> None:
    waits = drives(Label.CAR, (3.0, 300, 800), (6.0, 300, 475), (14.5, 300, 475), (16.0, 300, 200))
    assert violations(waits) == []


def test_stops_beyond_the_line_and_goes_on_while_red() -> None:
    impatient = drives(Label.CAR, (3.0, 300, 800), (6.0, 300, 475), (11.0, 300, 475), (13.0, 300, 200))
    [one] = violations(impatient)
    assert one.time_s == pytest.approx(5.8, abs=0.15)


def test_a_queue_on_the_line_as_red_begins() -> None:
    queue = [
        drives(
            Label.MOTORCYCLE,
            (0.0, 200 + 90 * i, y),
            (8.0, 200 + 90 * i, y),
            (11.0, 200 + 90 * i, 250),
            jitter=1.5,
            seed=i,
        )
        for i, y in enumerate([502, 500, 498, 495])
    ]
    assert told(*queue) == []


def test_beyond_the_line_as_red_begins() -> None:
    assert told(drives(Label.CAR, (0.0, 300, 700), (1.5, 300, 460), (6.0, 300, 460), (9.0, 300, 100))) == []


def test_backs_over_the_line_and_goes_on_again() -> None:
    shunts = drives(Label.CAR, (0.0, 300, 460), (3.0, 300, 460), (5.0, 300, 540), (9.0, 300, 200))
    assert told(shunts) == [], "it was beyond the line as red began"


def test_creeps_up_to_the_line_and_trembles_there() -> None:
    creeps = drives(Label.MOTORCYCLE, (0.0, 300, 620), (13.5, 300, 500), (14.5, 300, 500), (17.0, 300, 200), jitter=2.0)
    assert told(creeps) == []


def test_a_new_id_beyond_the_line_or_on_it_does_not_count() -> None:
    # Waits behind the line and is hidden for longer than its id lives.
    moves = drives(Label.CAR, (0.0, 300, 540), (6.0, 300, 540), (9.0, 300, 440), (13.0, 300, 100), hidden=[(5.0, 9.0)])
    stays = drives(Label.CAR, (0.0, 600, 499), (9.0, 600, 499), (12.0, 600, 100), hidden=[(5.0, 8.0)])
    assert told(moves, stays) == []


def test_hidden_while_it_crosses() -> None:
    [one] = violations(crosses(6.0, hidden=[(5.5, 6.5)]))
    assert one.time_s == pytest.approx(6.0, abs=0.1)


def test_hidden_as_the_grace_ends() -> None:
    assert len(violations(crosses(3.0, hidden=[(2.2, 3.1)]), fps=10.0)) == 1
    assert violations(crosses(2.3, hidden=[(1.9, 2.8)]), fps=10.0) == [], "it may have crossed within the grace"
    patient = RULE.model_copy(update={"grace_s": 6.0})
    assert violations(crosses(8.3, hidden=[(4.5, 8.4)]), rule=patient) == [], "unseen for too long"


def test_side_by_side_each_counts() -> None:
    pack = [crosses(6.0, x=200 + 60 * i) for i in range(6)]
    assert len(violations(*pack)) == 6


def test_a_pack_with_trembling_boxes() -> None:
    pack = [crosses(6.0 + 0.1 * i, x=200 + 90 * i, jitter=2.0, seed=i) for i in range(6)]
    assert len(violations(*pack)) == 6


@dataclass
class CutOff(RoadUser):
    """A road user of whom the camera sees what is in the picture."""

    def seen(self, time_s: float) -> tuple[float, float, float, float, float, Label] | None:
        row = super().seen(time_s)
        if row is None or row[0] >= 1000 or row[1] >= 990:
            return None
        x1, y1, x2, y2 = np.clip(row[:4], 0, 1000).tolist()
        return x1, y1, x2, y2, row[4], row[5]


def test_cut_off_boxes() -> None:
    scene = line_at(0.95)
    # Its rear comes into the picture at 3.8 s and is on the line at 4.8 s.
    rides_in = CutOff(Label.MOTORCYCLE, [(2.0, 300, 1090), (8.0, 300, 790)])
    [one] = violations(rides_in, scene=scene)
    assert one.time_s == pytest.approx(4.8, abs=0.1)
    waits = CutOff(Label.CAR, [(0.0, 600, 1300), (3.0, 600, 1020), (18.0, 600, 1020)], box=(120, 160))
    assert told(waits, scene=scene) == []
    # A lorry that is as high as the picture: its top tells nothing.
    lorry = CutOff(Label.TRUCK, [(2.0, 300, 1200), (10.0, 300, 300)], box=(300, 1000))
    assert len(violations(lorry, scene=line_at(0.85))) == 1


@dataclass
class Covered(RoadUser):
    """A road user whose lower part is hidden for a while."""

    covered: tuple[float, float] = (0.0, 0.0)
    by: float = 0.0

    def seen(self, time_s: float) -> tuple[float, float, float, float, float, Label] | None:
        row = super().seen(time_s)
        if row and self.covered[0] <= time_s < self.covered[1]:
            row = (*row[:3], row[3] - self.by, *row[4:])
        return row


def test_somebody_behind_hides_the_feet() -> None:
    # The foot seems to be 55 px further on, far beyond the line, and stays there.
    waits = Covered(Label.MOTORCYCLE, [(0.0, 300, 515), (18.0, 300, 515)], box=(50, 100), covered=(5.0, 18.0), by=55.0)
    assert told(waits) == []


def test_two_boxes_are_one_for_a_while() -> None:
    # Beside one who waits at the line: for half a second its box reaches down to the feet of the other.
    joined = Covered(Label.MOTORCYCLE, [(4.0, 300, 700), (9.0, 300, 200)], covered=(6.3, 6.8), by=-60.0)
    assert len(violations(joined, fps=12.5)) == 1


def test_rolls_back_behind_the_line() -> None:
    shy = drives(Label.CAR, (3.0, 300, 700), (5.0, 300, 480), (7.0, 300, 530), (18.0, 300, 530))
    assert told(shy) == []


def test_people_on_foot() -> None:
    assert told(crosses(6.0, label=Label.PERSON)) == [], "also with a bicycle at the hand"
    assert len(violations(crosses(6.0, label=Label.BICYCLE))) == 1


def test_the_signal_is_made_sure_of() -> None:
    # As the reader of a lamp tells it: unknown for a moment at each change.
    made_sure = lights((0.0, "green"), (2.0, "unknown"), (2.3, "red"), (9.0, "unknown"), (9.3, "green"))
    [one] = violations(crosses(6.0), crosses(9.05, x=600), signals=made_sure)
    assert one.measured == pytest.approx(4.0, abs=0.1)


def test_the_signal_is_hidden_for_a_moment_or_for_long() -> None:
    moment = lights((0.0, "red"), (5.8, "unknown"), (6.7, "red"), (14.0, "green"))
    assert len(violations(crosses(6.0), signals=moment)) == 1
    for_long = lights((0.0, "red"), (5.8, "unknown"), (12.0, "red"))
    assert told(crosses(6.0), signals=for_long) == []
    just_after = lights((0.0, "red"), (6.1, "unknown"), (12.0, "red"))
    assert told(crosses(6.0), signals=just_after) == [], "perhaps it was green by then"


@pytest.mark.parametrize(("beyond_m", "count"), [(2.6, 0), (3.5, 1)])
def test_with_a_calibration_metres_count(beyond_m: float, count: int) -> None:
    line_m = 20.0
    [(_, y)] = on_picture(np.array([[0.0, line_m]])).tolist()
    rider = rides(Label.MOTORCYCLE, (3.0, 0, 14), (6.0, 0, line_m + beyond_m), (13.0, 0, line_m + beyond_m))
    assert len(violations(rider, scene=replace(line_at(y), ground=MAST.ground), seconds=13.0)) == count


def test_forgets_ended_tracks() -> None:
    users = [crosses(6.0), crosses(4.0, x=600), stands(Label.CAR, 800, 480, 3.0, 9.0)]
    watch = RULE.watch(JUNCTION)
    for view in views(Story(users, 14.0, 10.0, signals=RED), JUNCTION):
        list(watch.step(view))
    assert len(watch) == 0


def test_needs_its_line_signal_and_direction() -> None:
    with pytest.raises(SiteError, match="no signal 'far'; there are: near"):
        RULE.model_copy(update={"signal": "far"}).watch(JUNCTION)
    with pytest.raises(SiteError, match="no line 'x'"):
        RULE.model_copy(update={"line": "x"}).watch(JUNCTION)
    with pytest.raises(SiteError, match="no direction 'up'"):
        RULE.model_copy(update={"direction": "up"}).watch(JUNCTION)
