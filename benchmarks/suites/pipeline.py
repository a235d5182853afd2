"""L2: the whole way of a picture, as fast as it goes."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from benchmarks.drive import run_unpaced
from benchmarks.errors import SkippedCaseError
from benchmarks.peer import PEERS, Peer
from benchmarks.report import Row
from benchmarks.scenarios import site_of, unpaced
from benchmarks.suite import Plan, Suite
from benchmarks.suites.model import model_rate
from models.catalogue import catalogue, find_model
from models.detector import DetectorConfig
from models.detectors.replay import Replay
from models.recording import RecordingWriter
from vision.engine import Analysed

EVERY, AUTO = "ngatu, every picture", "ngatu, automatic interval"
NULL, MODEL = "null: everything but the model", "model only"
RECORDING = "detections.jsonl"
Runner = Callable[[], float]
"""Runs the clip once; pictures a second."""


class PipelineRate(Suite):
    """Decode, detect, track, rules over the whole clip, unpaced, nothing dropped: pictures a second.

    In each of five rounds every case runs once, one after another, so that a machine that becomes slower does so for
    all. The null case replays the detections of a run before: what is left is what all but the model costs. Peers run
    in an interpreter of their own (`--peers PYTHON`) over the same weights, clip and input size; loading and the first
    pictures are not counted, for nobody. Ratios are taken round by round.
    """

    name = "pipeline"
    level = "L2"

    def run(self, plan: Plan) -> Iterator[Row]:
        """Measures (see `Suite.run`)."""
        with ExitStack() as open_peers:
            frames = _record(plan, plan.scratch / RECORDING)
            runners = self._ours(plan, frames)
            peers, skipped = self._peers(plan, open_peers)
            runners |= {name: peer.rate for name, peer in peers.items()}
            rates: dict[str, list[float]] = {case: [] for case in runners}
            for number in range(plan.rounds):
                cases = list(runners)
                for case in cases[number % len(cases) :] + cases[: number % len(cases)]:
                    try:
                        rates[case].append(runners[case]())
                    except SkippedCaseError as fault:  # a peer that fell over
                        skipped[case] = str(fault)
                        del runners[case], rates[case]
        for case, values in rates.items():
            note = peers[case].versions if case in peers else f"{frames} pictures"
            yield Row.of(self.name, case, "rate", "pictures/s", values, note=note)
        for case, reason in skipped.items():
            yield Row.skipped(self.name, case, reason)
        yield from self._ratios(rates)

    def _ours(self, plan: Plan, frames: int) -> dict[str, Runner]:
        null = Replay(path=plan.scratch / RECORDING, every=1, confidence=plan.detector.confidence)
        runners: dict[str, Runner] = {
            EVERY: lambda: _rate(plan, plan.looking(1)),
            AUTO: lambda: _rate(plan, plan.looking("auto")),
            NULL: lambda: _rate(plan, null),
        }
        yolo = plan.yolo()
        if yolo is not None:
            alone = model_rate(yolo, plan)
            runners[MODEL] = lambda: alone(frames)
        return runners

    def _peers(self, plan: Plan, open_peers: ExitStack) -> tuple[dict[str, Peer], dict[str, str]]:
        """Peers that are ready, and why others are not."""
        yolo = plan.yolo()
        if yolo is None:
            return {}, dict.fromkeys([MODEL, *PEERS], f"a detector of kind {plan.detector.kind} has no model")
        peers: dict[str, Peer] = {}
        skipped: dict[str, str] = {}
        onnx = _plain(yolo.model)
        for name, (kind, suffix) in PEERS.items():
            weights = onnx if suffix == ".onnx" else plan.torch_weights or onnx.with_suffix(".pt")
            try:
                peer = Peer(plan.peers, kind, weights, plan.clip, yolo.input_size, plan.frames, plan.scratch)
                peers[name] = open_peers.enter_context(peer)
            except SkippedCaseError as reason:
                skipped[name] = str(reason)
        return peers, skipped

    def _ratios(self, rates: Mapping[str, list[float]]) -> Iterator[Row]:
        def ratio(ours: str, theirs: str, at_least: float | None) -> Row:
            values = [one / other for one, other in zip(rates[ours], rates[theirs], strict=True)]
            return Row.of(self.name, f"{ours} ÷ {theirs}", "ratio", "×", values, at_least=at_least)

        if MODEL in rates:
            yield ratio(EVERY, MODEL, 0.92)
        yield ratio(AUTO, EVERY, None)
        for case in rates:
            if case not in (EVERY, AUTO, NULL, MODEL):
                ultralytics = case.startswith("Ultralytics")
                yield ratio(EVERY, case, 1.2 if ultralytics else None)
                yield ratio(AUTO, case, 3.0 if ultralytics else None)


def _plain(model: str) -> Path:
    """The file of a model that other programs can read: the prepared form is for us alone."""
    plain = f"{model}-plain"
    return find_model(plain if plain in catalogue() else model).path


def _rate(plan: Plan, detector: DetectorConfig) -> float:
    return run_unpaced(site_of([unpaced(plan.clip, plan.frames)], detector)).fps


def _record(plan: Plan, path: Path) -> int:
    """Records what the detector sees, for the null case; warms everything up. Returns the number of pictures."""
    with RecordingWriter(path) as recording:

        def write(one: Analysed) -> None:
            recording.write(one.frame.index, one.observation)

        return run_unpaced(site_of([unpaced(plan.clip, plan.frames)], plan.looking(1)), write).frames
