"""L0: what all rules and measurements cost."""

import time
from collections.abc import Iterator, Sequence

from benchmarks.busy_street import every_rule, street, traffic
from benchmarks.errors import BenchError
from benchmarks.report import Row
from benchmarks.suite import Plan, Suite
from models.detections import Detections
from models.observation import Observation
from vision.measuring.measure import Measure
from vision.pipeline import Pipeline
from vision.site import Site, parse_site
from vision.tracks import Tracks

USERS, ZONES, FPS = 100, 20, 25.0
SECONDS, QUICK_SECONDS = 20.0, 3.0
MOST_MS = 3.0


class RulesCost(Suite):
    """All rules on, 100 road users, 20 zones and lanes, 4 lines, 25 pictures/s: milliseconds a picture, in one thread.

    The street is computed and its tracks are known, so that neither detector nor tracker is in it. `place` puts
    everybody on the ground, into their zones and beside the lines, once for all rules; then comes one rule of every
    kind there is, and at last the measurements of every line, zone and lane. Rules share no work among themselves.
    """

    name = "rules"
    level = "L0"

    def run(self, plan: Plan) -> Iterator[Row]:
        """Measures (see `Suite.run`)."""
        instants = list(traffic(USERS, QUICK_SECONDS if plan.quick else SECONDS, FPS))
        rules = every_rule()
        nothing, all_on = (parse_site(street(ZONES, chosen)) for chosen in ([], rules))
        cases = {
            "place": (nothing, None),
            f"place and {len(rules)} rules": (all_on, None),
            f"place, {len(rules)} rules and measurements": (all_on, Measure()),
        }
        values: dict[str, list[float]] = {case: [] for case in cases}
        for _ in range(plan.rounds):
            for case, (site, measure) in cases.items():
                values[case].append(_ms_a_picture(site, instants, measure))
        placing = values["place"]
        for case, found in values.items():
            yield Row.of(self.name, case, "a picture", "ms", found)
            if case != "place":
                without = [one - base for one, base in zip(found, placing, strict=True)]
                what = case.removeprefix("place and ").removeprefix("place, ")
                yield Row.of(self.name, f"{what} alone", "a picture", "ms", without, at_most=MOST_MS)


class _Recorded:
    """A tracker that hands on what is known."""

    def __init__(self, tracks: Sequence[Tracks]) -> None:
        self._left = iter(tracks)

    def step(self, detections: Detections, time_s: float) -> Tracks:
        return next(self._left)


def _ms_a_picture(site: Site, instants: Sequence[tuple[Observation, Tracks]], measure: Measure | None) -> float:
    [camera] = site.cameras
    pipeline = Pipeline(site.scene(camera), _Recorded([tracks for _, tracks in instants]), camera.rules, measure)
    began = time.perf_counter()
    for observation, _ in instants:
        pipeline.step(observation)
    spent = time.perf_counter() - began
    if pipeline.faults:
        raise BenchError(f"rules stopped by a fault of their own: {pipeline.faults}")
    return spent * 1000 / len(instants)
