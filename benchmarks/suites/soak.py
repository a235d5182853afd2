"""L4: faults of cameras, networks, workers and disks, over and over."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.drive import watched
from benchmarks.errors import SkippedCaseError
from benchmarks.report import Row
from benchmarks.scenarios import paced, rtsp_missing, site_of
from benchmarks.soak.episode import Episode, charge, happen
from benchmarks.soak.faults import FAULTS, NOTICED_S, Fault
from benchmarks.soak.flapping import flapping
from benchmarks.soak.footprint import Footprint
from benchmarks.soak.stage import FPS, Stage, staged
from benchmarks.suite import Plan, Suite

RUN_S, QUICK_S = 300.0, 24.0
DOWN_S, QUICK_DOWN_S = 10.0, 5.0
REST_S, QUICK_REST_S = 5.0, 1.0
SEGMENT_S, QUICK_SEGMENT_S = 10.0, 2.0
FLAP_S, QUICK_FLAP_S = 120.0, 10.0
CAMERAS = 3


class Soak(Suite):
    """Everything that fails in the field, one after another, for as long as it is wanted (`--seconds`; else 5 min).

    Four RTSP cameras of 1280×720, 5 pictures a second, each a process of its own that asks for a password: two by TCP,
    one by UDP, one on another machine (a network namespace) at the end of a cable. All are recorded, onto a small disk.
    In turn, each from a rest of 5 s to a rest of 5 s: a camera is killed for 10 s; restarts; hangs; has another
    password; answers 401 to everybody for 20 s; changes its resolution in the running stream; comes back in another;
    loses 2 % of its RTP packets for 20 s; its cable is pulled out for 10 s; its worker is killed; its worker hangs; the
    disk is full for 10 s. Packets are thrown away by the camera itself, by a chance that is the same each time: the
    reader can't tell that from a network which does it.

    Told of each: seconds until health says so (no longer `live`; of the disk, no longer recorded), seconds from its
    end to the next picture (of what mends itself, from its beginning), pictures that its camera lost from before it
    until after the recovery, what is missing of its recording, and what all others got meanwhile, counted by the
    streams' own clocks. Of all: what others lost, whether index and disk agree at the end when every file is read,
    memory of the program (RSS) with its workers (PSS) by least squares over one value a second after the first minute,
    and CPU time. Then twenty small cameras, five of which come and go for 2 min. A round takes 5 min; what begins is
    ended. Without GStreamer only memory is measured, on paced clips.
    """

    name = "soak"
    level = "L4"

    def run(self, plan: Plan) -> Iterator[Row]:
        """Measures (see `Suite.run`)."""
        missing = rtsp_missing()
        if plan.feed in ("clip", "synthetic") or missing:
            yield Row.skipped(self.name, "faults", missing or f"pictures come from {plan.feed}")
            yield from self._without_cameras(plan)
            return
        try:
            yield from self._faults(plan)
            yield from flapping(self.name, plan.scratch, QUICK_FLAP_S if plan.quick else FLAP_S)
        except SkippedCaseError as error:
            yield Row.skipped(self.name, "faults", error)

    def _without_cameras(self, plan: Plan) -> Iterator[Row]:
        with (
            paced("clip", plan.clip, CAMERAS, FPS) as cameras,
            watched(site_of(cameras.sources, plan.looking("auto")), 1.0, notes=False) as one,
        ):
            footprint = Footprint()
            while footprint.spent_s < (plan.seconds or (QUICK_S if plan.quick else RUN_S)):
                one.engine.wait(1.0)
                footprint.look()
        yield from self._memory(footprint)

    def _faults(self, plan: Plan) -> Iterator[Row]:
        down_s, rest_s = (QUICK_DOWN_S, QUICK_REST_S) if plan.quick else (DOWN_S, REST_S)
        seconds = plan.seconds or (0.0 if plan.quick else RUN_S)
        faults: list[Fault] = [kind() for kind in FAULTS]
        episodes: list[Episode] = []
        impossible: dict[str, str] = {}
        segment_s = QUICK_SEGMENT_S if plan.quick else SEGMENT_S
        # Every picture is looked at, so that every one that is lost is missed.
        with staged(plan.looking(1), _folder(plan.scratch, "soak"), segment_s) as stage:
            turn = 0
            while not turn or stage.footprint.spent_s < seconds:
                for fault in faults:
                    if fault.name in impossible:
                        continue
                    try:
                        episodes.append(happen(stage, fault, turn, down_s, rest_s))
                    except SkippedCaseError as error:
                        impossible[fault.name] = str(error)
                turn += 1
            costs = [*self._memory(stage.footprint), self._cpu(stage)]
            differences = stage.end()
        charge(episodes, stage.tape.holes)
        for fault in faults:
            if fault.name in impossible:
                yield Row.skipped(self.name, fault.name, impossible[fault.name])
            else:
                yield from self._fault(fault, [one for one in episodes if one.fault is fault])
        yield from self._others(stage, episodes)
        note = "; ".join([f"of {stage.tape.segments}", *map(str, differences[:3])])
        wrong = [len(differences)]
        yield Row.of(self.name, "recordings", "not as the index says", "files", wrong, at_most=0, note=note)
        yield from costs

    def _cpu(self, stage: Stage) -> Row:
        each = 100 * stage.footprint.cores / len(stage.cameras)
        return Row.of(self.name, "CPU", "a camera", "% of a core", [each], note="decoding, model and recording")

    def _fault(self, fault: Fault, episodes: list[Episode]) -> Iterator[Row]:
        """What one fault cost whom it happened to, and what the others got meanwhile."""
        noticed = [one.noticed_s for one in episodes if one.noticed_s is not None]
        if fault.noticed_within_s is not None:
            noticed += [float("inf")] * (len(episodes) - len(noticed))
            yield Row.of(self.name, fault.name, "time to notice", "s", noticed, at_most=NOTICED_S)
        if fault.breaks:
            yield Row.of(self.name, fault.name, "time to recover", "s", [one.recovered_s for one in episodes])
        victims = [one for one in episodes if one.victim]
        if victims:
            lost = [one.pictures[one.victim].lost for one in victims]
            yield Row.of(self.name, fault.name, "pictures lost", "pictures", lost)
        if victims and not fault.breaks:
            anew = [one.reconnects[one.victim] for one in victims]
            yield Row.of(self.name, fault.name, "connected anew", "times", anew, at_most=0)
        names = episodes[0].pictures if not victims else ()
        missing = [one.missing_s.get(name, 0.0) for one in episodes for name in names or [one.victim]]
        yield Row.of(self.name, fault.name, "missing of the recording", "s", missing)
        yield Row.of(self.name, fault.name, "recorded again", "s", [one.recorded_s for one in episodes])
        for further in episodes[0].further:
            yield Row.of(self.name, fault.name, further, "times", [one.further[further] for one in episodes])
        shares = [one.pictures[name].share for one in episodes for name in one.others]
        yield Row.of(self.name, fault.name, "others meanwhile", "% of the rate", shares, at_least=99.0)

    def _others(self, stage: Stage, episodes: list[Episode]) -> Iterator[Row]:
        """What happened to cameras to which nothing should have happened, all episodes together."""
        shares, drops, anew, missing = [], [], 0, 0.0
        for name in stage.cameras:
            apart = [one for one in episodes if one.victim != name]
            came = sum(one.pictures[name].came for one in apart)
            shares.append(100 * came / sum(one.pictures[name].due for one in apart))
            drops.append(100 * sum(one.pictures[name].dropped for one in apart) / came)
            anew += sum(one.reconnects[name] for one in apart)
            missing += sum(one.missing_s.get(name, 0.0) for one in apart if one.victim)
        case = "others, all faults"
        note = f"the worst camera of {len(shares)}, {len(episodes)} faults"
        yield Row.of(self.name, case, "came", "% of the rate", [min(shares)], at_least=99.0, note=note)
        note = "of those; the machine had no time for them"
        yield Row.of(self.name, case, "dropped", "%", [max(drops)], at_most=1.0, note=note)
        yield Row.of(self.name, case, "connected anew", "times", [anew], at_most=0)
        yield Row.of(self.name, case, "missing of the recordings", "s", [missing], at_most=0)

    def _memory(self, footprint: Footprint) -> Iterator[Row]:
        rising, since_s = footprint.growth()
        note = f"over the last {since_s:.0f} of {footprint.spent_s:.0f} s, {footprint.values} values"
        if since_s < 600:
            note += "; too short for a verdict"
        yield Row.of(self.name, "memory", "growth", "MB/h", [rising], note=note)
        yield Row.of(self.name, "memory", "peak", "MB", [footprint.peak_mb])


def _folder(scratch: Path, name: str) -> Path:
    folder = scratch / name
    folder.mkdir()
    return folder
