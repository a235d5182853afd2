"""Both rules of the stop line over made-up cycles of a junction, recorded and replayed: all found, nobody wronged."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from models.detections import Label
from models.observation import SignalState
from models.recording import RecordingWriter, read_recording
from tests.vision.story import JUNCTION, RoadUser, Story, drives, lights
from vision.events import Violation
from vision.pipeline import Pipeline
from vision.rules.red_light import RedLight
from vision.rules.stop_line import StopLine
from vision.trackers.packtrack import PackTrack

CYCLE_S = 60.0
RED_S, GREEN_S = 20.0, 50.0
"""Within a cycle: green, yellow 3 s before red, red, green again."""
_CYCLE: tuple[tuple[float, SignalState], ...] = ((RED_S - 3, "yellow"), (RED_S, "red"), (GREEN_S, "green"))
SIGNALS = lights(
    (0.0, "green"),
    *((cycle * CYCLE_S + when, state) for cycle in range(4) for when, state in _CYCLE),
)
SIZES = {
    Label.MOTORCYCLE: (40.0, 90.0),
    Label.BICYCLE: (36.0, 80.0),
    Label.CAR: (90.0, 100.0),
    Label.TRUCK: (110.0, 150.0),
}


class Act(NamedTuple):
    """A true violation: what it is, and when the line is crossed."""

    kind: str
    time_s: float


def junction(seed: int) -> tuple[list[RoadUser], list[Act]]:
    """What happens in four cycles, and who breaks the law: the anchor crosses the line, y = 500 px, away, on red."""
    chance = np.random.default_rng(seed)
    users: list[RoadUser] = []
    acts: list[Act] = []

    def add(label: Label, *way: tuple[float, float, float]) -> None:
        users.append(drives(label, *way, box=SIZES[label], jitter=1.0, seed=int(chance.integers(1 << 30))))

    def label() -> Label:
        return Label(int(chance.choice([Label.MOTORCYCLE, Label.MOTORCYCLE, Label.BICYCLE, Label.CAR, Label.TRUCK])))

    for cycle in range(4):
        began_s = cycle * CYCLE_S
        for lane, x in enumerate((150.0, 300.0, 450.0, 600.0, 750.0)):
            crosses_s = began_s + chance.uniform(2.0, 8.0)
            pace = chance.uniform(70.0, 160.0)
            add(label(), (crosses_s - 400 / pace, x, 900), (crosses_s + 450 / pace, x, 50))  # on green
            red_s, green_s = began_s + RED_S, began_s + GREEN_S
            match (lane + cycle) % 5:
                case 0:  # runs it
                    at_s = red_s + chance.uniform(1.0, 12.0)
                    add(label(), (at_s - 400 / pace, x, 900), (at_s + 450 / pace, x, 50))
                    acts.append(Act("red_light", at_s))
                case 1:  # waits behind the line
                    y = chance.uniform(512, 580)
                    add(label(), (red_s - 4, x, 900), (red_s + 3, x, y), (green_s + 1, x, y), (green_s + 5, x, 50))
                case 2:  # stops beyond the line and waits for green
                    add(label(), (red_s, x, 900), (red_s + 8, x, 480), (green_s + 1, x, 480), (green_s + 5, x, 50))
                    acts.append(Act("stop_line", red_s + 8 * 400 / 420))
                case 3:  # stops beyond the line and loses patience
                    add(label(), (red_s, x, 900), (red_s + 8, x, 480), (red_s + 15, x, 480), (red_s + 19, x, 50))
                    acts.append(Act("red_light", red_s + 8 * 400 / 420))
                case _:  # waits in the junction, where it was as red began; somebody comes towards the camera
                    add(
                        label(), (red_s - 6, x, 900), (red_s - 2, x, 440), (green_s - 20, x, 440), (green_s - 17, x, 50)
                    )
                    add(label(), (red_s + 10, x - 70, 50), (red_s + 16, x - 70, 950))
    return users, acts


def told(path: Path) -> Iterator[Violation]:
    rules = (
        RedLight(id="red", line="main", signal="near", direction="away"),
        StopLine(id="stop", line="main", signal="near", direction="away"),
    )
    pipeline = Pipeline(JUNCTION, PackTrack().start("cam", 0.3), rules)
    for recorded in read_recording(path, "cam"):
        yield from (one for one in pipeline.step(recorded.observation).events if isinstance(one, Violation))
    assert pipeline.faults == {}


@pytest.mark.parametrize(("seed", "fps"), [(1, 6.0), (2, 12.5), (3, 8.0)])
def test_every_act_is_told_once_and_nothing_else(tmp_path: Path, seed: int, fps: float) -> None:
    users, acts = junction(seed)
    path = tmp_path / "junction.jsonl"
    with RecordingWriter(path) as writer:
        for frame, observation in enumerate(Story(users, 4 * CYCLE_S, fps, signals=SIGNALS).observations()):
            writer.write(frame, observation)
    found = [Act(one.kind, one.time_s) for one in told(path)]
    for kind in ("red_light", "stop_line"):
        true = sorted(act.time_s for act in acts if act.kind == kind)
        assert sorted(act.time_s for act in found if act.kind == kind) == pytest.approx(true, abs=0.3)
