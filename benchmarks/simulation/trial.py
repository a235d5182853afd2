"""A trial: one scenario, prepared once, then seen by detectors of all sorts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.errors import BenchError
from benchmarks.simulation.degrade import Degradation, observations
from benchmarks.simulation.scenario import Scenario
from benchmarks.simulation.scoring import Owners, Score, score
from benchmarks.simulation.sights import Sights, see
from benchmarks.simulation.trajectories import Recording
from benchmarks.simulation.truth import truth
from benchmarks.simulation.world import TrueEvent
from vision.errors import SiteError
from vision.events import Event
from vision.rule import Rule
from vision.site import parse_site

FPS = 25.0


@dataclass(frozen=True, eq=False)
class Stage:
    """What does not depend on the detector.

    Attributes:
        scenario: The scenario, with the rules that there are.
        recording: What happened.
        sights: What there is to see of it.
        true: What must be found, of all kinds.
    """

    scenario: Scenario
    recording: Recording
    sights: Sights
    true: tuple[TrueEvent, ...]


def prepare(scenario: Scenario, recording: Recording) -> Stage:
    """Sets a scenario up; rules of a kind that does not exist are left out of the site file, not of the truth."""
    sights = see(recording.trajectories, scenario.camera, FPS)
    known = known_kinds()
    rules = [rule for rule in scenario.rules if rule["kind"] in known]
    return Stage(replace(scenario, rules=rules), recording, sights, tuple(truth(scenario, recording, sights)))


def known_kinds() -> frozenset[str]:
    """The kinds of rules that there are."""
    return frozenset(str(one.model_fields["kind"].default) for one in Rule.__subclasses__())


class Simulations:
    """Runs each simulator once, however many cameras look at it."""

    def __init__(self, folder: Path, seconds: float, seed: int, lawful: bool) -> None:
        self._folder = folder
        self._how: tuple[float, int, bool] = (seconds, seed, lawful)
        self._done: dict[Any, Recording] = {}

    def stage(self, scenario: Scenario) -> Stage:
        """A scenario, ready to be looked at.

        Raises:
            SkippedCaseError: Its simulator is not installed.
        """
        if scenario.simulate not in self._done:
            seconds, seed, lawful = self._how
            folder = self._folder / f"{scenario.name}-{'lawful' if lawful else 'all'}"
            self._done[scenario.simulate] = scenario.simulate(folder, seconds, seed, lawful)
        return prepare(scenario, self._done[scenario.simulate])


def attempt(stage: Stage, degradation: Degradation, seed: int) -> Mapping[str, Score]:
    """Lets tracker and rules look through a detector; the score of every kind.

    Raises:
        BenchError: The site file is refused, or a rule stopped: there is nothing to score.
    """
    scenario = stage.scenario
    try:
        site = parse_site(scenario.site(seed))
        [camera] = site.cameras
        pipeline = site.pipeline(camera)
    except SiteError as error:
        raise BenchError(f"scenario {scenario.name}: {error}") from None
    seconds = stage.recording.seconds
    rows = list(stage.sights.frames(round(seconds * FPS)))
    owners, events = Owners(stage.sights), list[Event]()
    seen = observations(
        stage.sights, degradation, scenario.name, scenario.camera.size, stage.recording.signals, seconds, seed
    )
    for observation in seen:
        step = pipeline.step(observation)
        events.extend(step.events)
        owners.look(step.view, rows[round(observation.time_s * FPS)])
    events.extend(pipeline.finish())
    if pipeline.faults:
        raise BenchError(f"scenario {scenario.name}: rules stopped: {pipeline.faults}")
    return score(scenario.name, events, stage.true, owners)
