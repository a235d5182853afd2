"""L5: how right the same model and trackers are."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.drive import run_unpaced
from benchmarks.errors import SkippedCaseError
from benchmarks.report import Row
from benchmarks.suite import ROOT, Plan, Suite
from benchmarks.tracking import track_sequences
from vision.engine import Analysed
from vision.errors import SiteError
from vision.events import Event
from vision.site import Site, load_site
from vision.trackers.bytetrack import ByteTrack
from vision.trackers.packtrack import PackTrack

SCORE_S = 1800.0
AT_LEAST, AT_MOST = {"HOTA": 41.0, "IDF1": 48.0}, {"IDSW": 260.0}


class Accuracy(Suite):
    """Mean average precision, tracking and counts: speed that costs accuracy is none.

    `mAP` over the labelled street pictures (`ngatu models evaluate`); tracks of MOTChallenge sequences from their
    public detections, scored by `score_tracks.py` (needs the package `trackers` in the interpreter of `--peers`), also
    with every second to fifth frame only; line crossings of the clips with hand-made truth, scored by
    `score_counts.py`, looking at every picture and with the automatic interval. Needs the folder of `--shared`.
    """

    name = "accuracy"
    level = "L5"

    def run(self, plan: Plan) -> Iterator[Row]:
        """Measures (see `Suite.run`)."""
        parts = {"mAP": self._map, "tracking": self._tracking, "counts": self._counts}
        for case, part in parts.items():
            try:
                yield from part(plan)
            except SkippedCaseError as reason:
                yield Row.skipped(self.name, case, reason)

    def _map(self, plan: Plan) -> Iterator[Row]:
        yolo, dataset = plan.yolo(), plan.shared / "data" / "labelled" / "data.yaml"
        if yolo is None or not dataset.is_file():
            raise SkippedCaseError("no YOLO model" if yolo is None else f"{dataset} is not there")
        if plan.quick:
            raise SkippedCaseError("takes minutes: not in a quick run")
        out = plan.scratch / "map.json"
        words = ["-m", "api", "models", "evaluate", yolo.model, "--data", str(dataset.absolute()), "--json", str(out)]
        _output(words, ROOT)
        figures = json.loads(out.read_text(encoding="utf-8"))
        yield Row.of(self.name, "mAP, street pictures", "mAP50", "", [figures["map50"]], at_least=0.66)
        yield Row.of(self.name, "mAP, street pictures", "mAP50-95", "", [figures["map50_95"]])
        for label, one in figures["by_label"].items():
            yield Row.of(self.name, f"mAP, street pictures, {label}", "AP50", "", [one["ap50"]])

    def _tracking(self, plan: Plan) -> Iterator[Row]:
        data, scorer = plan.shared / "data" / "mot", plan.shared / "tools" / "score_tracks.py"
        if plan.peers is None:
            raise SkippedCaseError("give --peers PYTHON, an interpreter that has the package `trackers`")
        if not (data.is_dir() and scorer.is_file()):
            raise SkippedCaseError(f"{data} or {scorer} is not there")
        ways = [(PackTrack(), 1), (ByteTrack(), 1), *((PackTrack(), every) for every in range(2, 6))]
        for tracker, every in ways[:1] if plan.quick else ways:
            case = f"tracking, {tracker.kind}" + (f", 1 frame of {every}" if every > 1 else "")
            out = plan.scratch / f"mot-{tracker.kind}-{every}"
            done = list(track_sequences(data, out, tracker, every))
            steps = [ms for one in done for ms in one.step_ms]
            yield Row.of(self.name, case, "a step", "ms", steps, note=f"{len(done)} sequences")
            if every > 1:
                # The truth has every frame, so that scores of some frames only would mean nothing.
                continue
            scores = json.loads(_output([str(scorer.absolute()), str(out), str(data)], plan.scratch, plan.peers))
            for metric in ("HOTA", "MOTA", "IDF1", "IDSW"):
                ours, unit = tracker.kind == "packtrack", "" if metric == "IDSW" else "%"
                least, most = (AT_LEAST.get(metric), AT_MOST.get(metric)) if ours else (None, None)
                yield Row.of(self.name, case, metric, unit, [scores[metric]], at_least=least, at_most=most)

    def _counts(self, plan: Plan) -> Iterator[Row]:
        scorer = plan.shared / "tools" / "score_counts.py"
        truths = sorted((plan.shared / "data" / "clips").glob("*.truth.json"))
        if not scorer.is_file() or not truths:
            raise SkippedCaseError(f"no clips with truth, or no {scorer}")
        for truth in truths[-1:] if plan.quick else truths:
            name = truth.name.removesuffix(".truth.json")
            try:
                site = load_site(truth.with_name(f"{name}.site.yaml"))
            except SiteError as error:
                yield Row.skipped(self.name, f"counts, {name}", str(error).splitlines()[0])
                continue
            if "directions" not in json.loads(truth.read_text(encoding="utf-8")):
                continue  # a truth about something else than counts
            f1: dict[str, float] = {}
            for way, every in (("every picture", 1), ("automatic interval", "auto")):
                case = f"counts, {name}, {way}"
                found = _scored(plan, site, every, scorer, truth)
                f1[way] = found["f1"]
                counts = ", ".join(f"{key}: {one['got']} of {one['true']}" for key, one in found["counts"].items())
                yield Row.of(self.name, case, "F1", "", [found["f1"]], note=counts)
                yield Row.of(self.name, case, "count error", "", [found["count_error"]])
                if found["label_accuracy"] is not None:
                    yield Row.of(self.name, case, "right label", "", [found["label_accuracy"]])
            lost = f1["every picture"] - f1["automatic interval"]
            yield Row.of(self.name, f"counts, {name}", "F1 lost by the interval", "", [lost], at_most=0.02)


def _scored(plan: Plan, site: Site, every: int | str, scorer: Path, truth: Path) -> dict[str, Any]:
    """The score of one clip's passages."""
    [camera] = site.cameras
    one = camera.model_copy(update={"detector": plan.looking(every)})
    events: list[Event] = []

    def take(analysed: Analysed) -> None:
        events.extend(analysed.events)

    run_unpaced(site.model_copy(update={"cameras": (one,)}), take)
    path = plan.scratch / "events.jsonl"
    path.write_text("".join(event.model_dump_json(by_alias=True) + "\n" for event in events), encoding="utf-8")
    score: dict[str, Any] = json.loads(
        _output([str(scorer.absolute()), str(path), str(truth.absolute())], plan.scratch)
    )
    return score


def _output(words: list[str], folder: Path, python: Path = Path(sys.executable)) -> str:
    """What a program prints.

    Raises:
        SkippedCaseError: It failed; the message is its last line.
    """
    try:
        done = subprocess.run(  # noqa: S603 - our own commands
            [str(python), *words], cwd=folder, capture_output=True, text=True, timeout=SCORE_S, check=False
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise SkippedCaseError(f"{' '.join(words[:4])}: {error}") from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise SkippedCaseError(f"{' '.join(words[:4])} ended with exit code {done.returncode}: {last[:200]}")
    return done.stdout
