"""L3: stream density, how many cameras this machine carries."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from benchmarks.drive import PacedRun, run_unpaced, watched
from benchmarks.errors import BenchError, SkippedCaseError
from benchmarks.report import Row
from benchmarks.scenarios import paced, site_of, unpaced
from benchmarks.suite import Plan, Suite
from models.detector import DetectorConfig

RUN_S, WARM_UP_S, PASSES = 60.0, 10.0, 3
ENOUGH = 1000
"""Values that a p99 takes: with few pictures a second a run lasts longer."""
LEAST_LOOKS = 6.0
"""So many pictures a second are looked at with the automatic interval, however calm it is."""
MOST = 256


class Density(Suite):
    """How many cameras this machine carries, and why not one more.

    N cameras send at their own pace (RTSP from a process of its own, where GStreamer is there). They count as
    carried if in 3 of 3 runs of at least 60 s, after a warm-up, *every* camera has ≥ 99 % of its pictures taken for
    analysis, ≤ 1 % dropped, the p99 from frame to event over all cameras is ≤ 500 ms, the median latency of no camera
    grows by more than 50 ms from the first to the last third, and nothing failed or had to connect anew. The search
    for N goes out from the unpaced rate with one run each; then N and N + 1 are settled. A run lasts until there
    are 1000 results, since fewer bear no p99; one in which a camera has lost more pictures than it may in all of it
    ends. With the automatic interval every picture is taken, and the detector looks at as many as the traffic asks
    for.
    """

    name = "density"
    level = "L3"

    def run(self, plan: Plan) -> Iterator[Row]:
        """Measures (see `Suite.run`)."""
        for label, every in (("every picture", 1), ("automatic interval", "auto")):
            detector = plan.looking(every)
            rate = run_unpaced(site_of([unpaced(plan.clip, plan.frames)], detector)).fps
            for fps in plan.targets:
                yield from self._target(plan, detector, f"{fps:g} fps, {label}", fps, round(rate / fps))

    def _target(self, plan: Plan, detector: DetectorConfig, case: str, fps: float, guess: int) -> Iterator[Row]:
        tries = Tries(lambda count: run_cameras(plan, detector, count, fps), passes=1 if plan.quick else PASSES)
        try:
            most = tries.most(2 if plan.quick else MOST, guess)
        except SkippedCaseError as reason:
            yield Row.skipped(self.name, case, reason)
            return
        after = tries.failure(most + 1)
        why = f"{most + 1}: {after}" if after else f"not more than {most} tried"
        yield Row.of(self.name, case, "cameras", "cameras", [most], note=why)
        for count in (most, most + 1):
            runs = [run for run in tries.runs.get(count, []) if run.cameras]
            if runs:
                yield from self._details(runs, f"{case}, {count} cameras")

    def _details(self, runs: Sequence[PacedRun], case: str) -> Iterator[Row]:
        cameras = [one for run in runs for one in run.cameras]
        latencies = [value for run in runs for value in run.latencies_ms]
        if latencies:
            yield Row.of(self.name, case, "frame to event", "ms", latencies)
        yield Row.of(self.name, case, "taken", "% of the rate", [one.rate * 100 for one in cameras])
        yield Row.of(self.name, case, "dropped", "%", [one.dropped * 100 for one in cameras])
        yield Row.of(self.name, case, "looked at", "pictures/s a camera", [one.looked_at for one in cameras])
        note = f"the senders took {max(run.senders_cores for run in runs):.2f} more"
        yield Row.of(self.name, case, "cores used", "cores", [run.own_cores for run in runs], note=note)


@dataclass
class Tries:
    """Runs with so many cameras, and what they came to.

    Attributes:
        run: Runs so many cameras once.
        passes: So many runs must be good, and none bad.
        runs: All runs by the number of cameras.
    """

    run: Callable[[int], PacedRun]
    passes: int
    runs: dict[int, list[PacedRun]] = field(default_factory=dict)

    def most(self, limit: int, guess: int = 1) -> int:
        """The greatest number that is carried in all its runs while one more is not; 0 if one is too many.

        Args:
            limit: No more than so many are tried.
            guess: Where the search begins. The nearer it is, the fewer runs are needed.
        """
        good, bad = 0, limit + 1
        count, step = max(1, min(guess, limit)), 1
        while bad - good > 1:
            if self._carried(count):
                good, further = count, count + step
            else:
                bad, further = count, count - step
            step *= 2
            bounded = good > 0 and bad <= limit
            count = (good + bad) // 2 if bounded else max(1, min(further, limit))
        while good and not self._settled(good):
            good -= 1
        while good < limit and self._settled(good + 1):
            good += 1
        return good

    def failure(self, count: int) -> str:
        """Why so many are not carried; empty if no run failed."""
        return next((", ".join(found[:3]) for one in self.runs.get(count, []) if (found := one.shortcomings())), "")

    def _carried(self, count: int) -> bool:
        runs = self.runs.setdefault(count, [])
        if not runs:
            runs.append(self.run(count))
        return not self.failure(count)

    def _settled(self, count: int) -> bool:
        while self._carried(count) and len(self.runs[count]) < self.passes:
            self.runs[count].append(self.run(count))
        return self._carried(count)


def run_cameras(plan: Plan, detector: DetectorConfig, count: int, fps: float) -> PacedRun:
    """One run of some cameras.

    Raises:
        SkippedCaseError: There are no such cameras here.
    """
    wanted_s = plan.seconds or (3.0 if plan.quick else RUN_S)
    results = fps if detector.every == 1 else min(fps, LEAST_LOOKS)
    seconds = wanted_s if plan.quick or plan.seconds else max(wanted_s, 1.05 * ENOUGH / (count * results))
    with paced(plan.feed, plan.clip, count, fps) as cameras:
        try:
            with watched(site_of(cameras.sources, detector), 1.0 if plan.quick else WARM_UP_S) as one:
                return one.measure(fps, seconds, cameras.process)
        except BenchError as error:
            return PacedRun([], [str(error)], 0.0, 0.0)
