"""A square with people on foot (JuPedSim): passers-by, loiterers, intruders, runners, and a crowd that flees.

y = 36 ┌──────────────────────────────────────┐
       │ [corner]                      [gate] │     corner: loiterers; gate: nobody may go in
       │              [plaza]                 │     plaza: a crowd gathers, and runs off at once
y = 12 │ →  passers-by, both ways          ←  │
y =  8 │ ⇉  runners                           │
       └──────────────────────────────────────┘
                  ○ camera at (0, -8)
"""

import importlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.errors import SkippedCaseError
from benchmarks.simulation.camera import PinholeCamera
from benchmarks.simulation.scenario import Ground, GroundLine, Scenario
from benchmarks.simulation.trajectories import SIZES, Recording, RoadUser, Trajectories
from models.detections import Label

STEP_S, STEPS = 0.05, 2
"""The simulator's own step, and after how many a place is kept."""
ARRIVED_M = 0.7
WALK_MS, FLEE_MS, RUN_MS = 1.3, 3.0, 5.0
CROWD = 18


@dataclass(frozen=True)
class Leg:
    """Part of somebody's way.

    Attributes:
        target: Where to.
        speed: How fast, m/s.
        stay_s: How long they stay there.
        until_s: They stay at least until then.
    """

    target: Ground
    speed: float = WALK_MS
    stay_s: float = 0.0
    until_s: float = 0.0


@dataclass(frozen=True)
class Walker:
    """Somebody's whole way, from where they come in to where they leave."""

    name: str
    enters_s: float
    start: Ground
    legs: Sequence[Leg]


def walk(walkers: Sequence[Walker], outline: Sequence[Ground], seconds: float) -> Trajectories:
    """Runs JuPedSim: people who do not walk into each other.

    Args:
        walkers: Everybody's way.
        outline: Where one can walk.
        seconds: How long.

    Raises:
        SkippedCaseError: JuPedSim is not installed.
    """
    try:
        jps: Any = importlib.import_module("jupedsim")
    except ImportError:
        raise SkippedCaseError(
            "JuPedSim is not installed; pip install 'ngatu[simulation]' and then pip install --no-deps jupedsim"
        ) from None
    simulation = jps.Simulation(model=jps.CollisionFreeSpeedModel(), geometry=list(outline), dt=STEP_S)
    steering = simulation.add_direct_steering_stage()
    journey = simulation.add_journey(jps.JourneyDescription([steering]))
    waiting = sorted(range(len(walkers)), key=lambda row: walkers[row].enters_s, reverse=True)
    inside: dict[int, _Going] = {}
    numbers: list[int] = []
    columns: list[tuple[float, ...]] = []
    for step in range(int(seconds / STEP_S)):
        time_s = step * STEP_S
        while waiting and walkers[waiting[-1]].enters_s <= time_s:
            walker = walkers[waiting[-1]]
            if list(simulation.agents_in_range(walker.start, 0.5)):
                break  # no room yet
            agent = simulation.add_agent(
                jps.CollisionFreeSpeedModelAgentParameters(
                    position=walker.start, journey_id=journey, stage_id=steering, radius=0.2, time_gap=0.5
                )
            )
            inside[waiting.pop()] = _Going(agent, walker)
        for row, going in list(inside.items()):
            agent = simulation.agent(going.agent)
            if not going.steer(agent, time_s):
                simulation.mark_agent_for_removal(going.agent)
                del inside[row]
            elif step % STEPS == 0:
                numbers.append(row)
                columns.append((time_s, *going.noted(agent.position)))
        simulation.iterate()
    users = [RoadUser(walker.name, Label.PERSON, SIZES[Label.PERSON]) for walker in walkers]
    return Trajectories.of(users, numbers, np.array(columns, np.float64).reshape(-1, 5))


class _Going:
    """Somebody on their way."""

    def __init__(self, agent: int, walker: Walker) -> None:
        self.agent = agent
        self._left = list(walker.legs)
        self._arrived_s: float | None = None
        self._place = walker.start
        self._heading = 0.0

    def steer(self, agent: Any, time_s: float) -> bool:
        """Tells an agent where to go; whether they are still here."""
        leg = self._left[0]
        if self._arrived_s is None and math.dist(agent.position, leg.target) < ARRIVED_M:
            self._arrived_s = time_s
        if self._arrived_s is not None and time_s >= max(self._arrived_s + leg.stay_s, leg.until_s):
            self._left.pop(0)
            self._arrived_s = None
            if not self._left:
                return False
            leg = self._left[0]
        agent.target = leg.target
        # Who has arrived stands; the model knows no zero.
        agent.model.desired_speed = 0.001 if self._arrived_s is not None else leg.speed
        return True

    def noted(self, place: Ground) -> tuple[float, float, float, float]:
        """x, y, heading and speed since the place that was noted before."""
        moved = math.dist(place, self._place)
        if moved > 0.01:
            self._heading = math.atan2(place[1] - self._place[1], place[0] - self._place[0])
        self._place = place
        return (*place, self._heading, moved / (STEP_S * STEPS))


def run(_: Path, seconds: float, seed: int, lawful: bool) -> Recording:
    """Simulates the square (see `Scenario.simulate`)."""
    chance = np.random.default_rng(seed)
    walkers: list[Walker] = []
    time_s = 0.0
    while (time_s := time_s + float(chance.exponential(6.0))) < seconds:
        side = 1 if chance.random() < 0.5 else -1
        y = (float(chance.uniform(11, 17)), float(chance.uniform(11, 17)))
        speed = float(chance.normal(WALK_MS, 0.15))
        walkers.append(Walker(f"passes{len(walkers)}", time_s, (-23.0 * side, y[0]), [Leg((23.0 * side, y[1]), speed)]))
    fled: list[tuple[str, float]] = []
    if not lawful:
        walkers += _offenders(seconds, chance)
        for began_s in range(35, int(seconds) - 70, 180):
            fled.append(("dispersal", began_s + 60.0))
            walkers += _crowd(float(began_s), chance)
    outline = ((-25.0, 3.0), (25.0, 3.0), (25.0, 40.0), (-25.0, 40.0))
    return Recording(seconds, walk(walkers, outline, seconds), scripted=fled)


def _offenders(seconds: float, chance: np.random.Generator) -> list[Walker]:
    """In turn a loiterer, an intruder and a runner; every fourth of them stays too short, outside, or is too slow."""
    walkers = []
    for turn, at in enumerate(range(8, int(seconds) - 10, 14)):
        kind, harmless = turn % 3, turn // 3 % 4 == 3
        shift = float(chance.uniform(-2, 2))
        if kind == 0:
            stay_s = 15.0 if harmless else float(chance.uniform(45, 80))
            legs = [Leg((-12 + shift, 28 + shift), stay_s=stay_s), Leg((-23, 20))]
            walkers.append(Walker(f"loiters{at}", at, (-23, 26), legs))
        elif kind == 1:
            legs = [Leg((14, 23.5 if harmless else 30 + shift), stay_s=8), Leg((23, 22))]
            walkers.append(Walker(f"intrudes{at}", at, (23, 24), legs))
        else:
            walkers.append(Walker(f"runs{at}", at, (-23, 8), [Leg((23, 8), 2.2 if harmless else RUN_MS)]))
    return walkers


def _crowd(began_s: float, chance: np.random.Generator) -> list[Walker]:
    """People who come to the middle one after another, stand there, and run off in all directions 60 s later."""
    walkers = []
    for number in range(CROWD):
        angle = 2 * math.pi * number / CROWD + float(chance.uniform(-0.1, 0.1))
        out = (math.cos(angle), math.sin(angle))
        radius = (1.2, 2.4, 3.4)[number % 3]
        side = 1 if number % 2 else -1
        legs = [
            Leg((radius * out[0], 24 + radius * out[1]), until_s=began_s + 60),
            Leg((20 * out[0], 24 + 11 * out[1]), FLEE_MS, until_s=began_s + 66),
            Leg((23 * side, 19), WALK_MS),
        ]
        walkers.append(Walker(f"crowd{began_s:g}_{number}", began_s + number, (23.0 * side, 20 + number % 4), legs))
    return walkers


PEOPLE = Scenario(
    name="people",
    camera=PinholeCamera(place=(0.0, -8.0), height=7.0, yaw_deg=90, tilt_deg=15, focal_px=1150),
    simulate=run,
    calibration=((-8, 6), (8, 6), (-14, 14), (14, 14), (-16, 26), (16, 26), (-16, 36), (16, 36)),
    lines={"middle": GroundLine((0, 6.5), (0, 18), left="west", right="east")},
    zones={
        "corner": ((-16, 24), (-8, 24), (-8, 33), (-16, 33)),
        "gate": ((10, 26), (18, 26), (18, 35), (10, 35)),
        "plaza": ((-6, 18.5), (6, 18.5), (6, 29.5), (-6, 29.5)),
        "square": ((-8, 6.5), (8, 6.5), (18, 22), (18, 35), (-18, 35), (-18, 22)),
    },
    rules=(
        {"kind": "line_crossing", "id": "count-people", "line": "middle"},
        {"kind": "loitering", "id": "loiters", "zone": "corner", "after_s": 30},
        {"kind": "intrusion", "id": "intrudes", "zone": "gate"},
        {"kind": "crowding", "id": "crowd", "zone": "plaza", "limit": 12, "after_s": 5},
        {"kind": "running", "id": "runs", "zone": "square", "speed_ms": 3.5},
        {"kind": "dispersal", "id": "flees", "zone": "plaza"},
    ),
)
