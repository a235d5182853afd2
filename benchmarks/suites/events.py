"""L5: how right tracker and rules are, on simulated streets and squares."""

import math
from collections.abc import Iterator, Mapping, Sequence

from benchmarks.errors import SkippedCaseError
from benchmarks.report import Row
from benchmarks.simulation.degrade import Degradation
from benchmarks.simulation.junction import APPROACH, JUNCTION
from benchmarks.simulation.market import MARKET
from benchmarks.simulation.motorway import MOTORWAY
from benchmarks.simulation.people import PEOPLE
from benchmarks.simulation.scenario import Scenario
from benchmarks.simulation.scoring import Score
from benchmarks.simulation.trial import Simulations, Stage, attempt, known_kinds
from benchmarks.suite import Plan, Suite

SCENARIOS: Sequence[Scenario] = (JUNCTION, APPROACH, MOTORWAY, MARKET, PEOPLE)
RUN_S, QUICK_S, QUIET_S = 600.0, 120.0, 720.0
SEED = 1
USUAL = Degradation(0.15)
DEGRADATIONS = (Degradation(0.05), USUAL, Degradation(0.30), Degradation(0.15, every=3), Degradation(0.15, every=5))
PASSAGES = frozenset({"line_crossing", "movement"})
VIOLATIONS = frozenset(
    {
        "red_light",
        "stop_line",
        "wrong_way",
        "speeding",
        "illegal_parking",
        "lane_violation",
        "banned_movement",
        "solid_line",
    }
)
SHOWN = 4
"""So many misses and false alarms are named."""


class Events(Suite):
    """Precision, recall and delay of every kind of event, on simulated streets and squares with exact truth.

    SUMO runs a signalised junction (two cameras), a trunk road and a market street, JuPedSim a square, for 600 s each;
    60 % of the vehicles are motorcycles. Who runs a red light, drives against the traffic, parks, loiters or flees is
    known from the simulator: truth is computed by the definition of each kind on exact positions. A pinhole camera
    makes boxes of them, nearer ones hide those behind; then 5, 15 or 30 % of the sights are missed, in bursts, edges
    tremble by 2 % of the box, 2 % have a look-alike's label, one look in 20 has a box around nothing, and the detector
    looks at every, every 3rd or every 5th picture of 25 a second. The site file is calibrated from points that were
    picked with an error of 1 px. A found event has the right rule, road user and time (acts within 2 s, passages within
    1 s, incidents within 10 s of being due), one to one; what lies at a threshold counts neither way. Targets hold
    for 15 % missed. In the quiet hour everybody keeps to the rules: what is found then is a false alarm. Needs the
    packages of the extra `simulation`, and JuPedSim beside it.
    """

    name = "events"
    level = "L5"

    def run(self, plan: Plan) -> Iterator[Row]:
        """Measures (see `Suite.run`)."""
        simulations = Simulations(plan.scratch, plan.seconds or (QUICK_S if plan.quick else RUN_S), SEED, lawful=False)
        stages: list[Stage] = []
        for scenario in SCENARIOS:
            try:
                stages.append(simulations.stage(scenario))
            except SkippedCaseError as reason:
                yield Row.skipped(self.name, scenario.name, reason)
        for degradation in (USUAL,) if plan.quick else DEGRADATIONS:
            scores: dict[str, Score] = {}
            for stage in stages:
                for kind, one in attempt(stage, degradation, SEED).items():
                    scores.setdefault(kind, Score()).add(one)
            yield from self._kinds(scores, degradation)
        if plan.quick:
            yield Row.skipped(self.name, "quiet hour", "not in a quick run")
        elif stages:
            yield self._quiet(plan, [stage.scenario.name for stage in stages])

    def _kinds(self, scores: Mapping[str, Score], degradation: Degradation) -> Iterator[Row]:
        known = known_kinds()
        for family in ("passage", "violation", "incident"):
            whole, kinds = Score(), [kind for kind in scores if _family(kind) == family]
            for kind in kinds:
                if kind not in known:
                    asked = len(scores[kind].asked)
                    yield Row.skipped(self.name, f"{kind}, {degradation.name}", f"no rule ({asked} to find)")
                    continue
                whole.add(scores[kind])
                yield from self._rows(f"{kind}, {degradation.name}", family, scores[kind], degradation)
            if sum(kind in known for kind in kinds) > 1:
                yield from self._rows(f"all {family}s, {degradation.name}", family, whole, degradation)

    def _rows(self, case: str, family: str, score: Score, degradation: Degradation) -> Iterator[Row]:
        asked = degradation == USUAL
        least = (
            {"violation": (0.95, 0.90), "incident": (None, 0.95)}.get(family, (None, None)) if asked else (None, None)
        )
        if score.precision is not None:
            note = f"{len(score.false)} false{_named(_places_of_false(score))}"
            yield Row.of(self.name, case, "precision", "", [score.precision], at_least=least[0], note=note)
        if score.recall is not None:
            note = (
                f"{len(score.found)} of {len(score.asked)}, {score.doubtful} doubtful{_named(_places_of_missed(score))}"
            )
            yield Row.of(self.name, case, "recall", "", [score.recall], at_least=least[1], note=note)
        if score.delays_s:
            most = 10.0 if asked and family == "incident" else None
            yield Row.of(self.name, case, "delay", "s", score.delays_s, at_most=most)
        if family == "passage" and score.count_error is not None:
            error = score.count_error
            yield Row.of(self.name, case, "count error", "", [error], at_most=0.02 if asked else None)
        errors = score.speed_errors_kmh
        if errors:
            rms = math.sqrt(sum(error**2 for error in errors) / len(errors))
            bias = f"{len(errors)} speeds, {sum(errors) / len(errors):+.2f} km/h on average"
            yield Row.of(self.name, case, "speed RMS", "km/h", [rms], at_most=2.0 if asked else None, note=bias)

    def _quiet(self, plan: Plan, names: Sequence[str]) -> Row:
        simulations = Simulations(plan.scratch, plan.seconds or QUIET_S, SEED + 1, lawful=True)
        alarms = Score()
        seconds = 0.0
        for scenario in SCENARIOS:
            if scenario.name in names:
                stage = simulations.stage(scenario)
                seconds += stage.recording.seconds
                for kind, one in attempt(stage, USUAL, SEED + 1).items():
                    if kind not in PASSAGES:
                        alarms.add(one)
        note = f"{seconds / 60:.0f} min of {len(names)} cameras{_named(_places_of_false(alarms))}"
        return Row.of(self.name, "quiet hour", "false alarms", "", [len(alarms.false)], at_most=0, note=note)


def _family(kind: str) -> str:
    return "passage" if kind in PASSAGES else "violation" if kind in VIOLATIONS else "incident"


def _places_of_false(score: Score) -> list[str]:
    return [f"{event.camera}/{event.rule} {event.time_s:.1f} s" for event in score.false]


def _places_of_missed(score: Score) -> list[str]:
    return [f"{one.rule} {one.time_s:.1f} s" for one in score.missed]


def _named(places: Sequence[str]) -> str:
    """The first few of some places, for a note."""
    more = f", and {len(places) - SHOWN} more" if len(places) > SHOWN else ""
    return f": {', '.join(places[:SHOWN])}{more}" if places else ""
