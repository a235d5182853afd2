"""L1: the model alone."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as ort
from onnxruntime.capi.onnxruntime_inference_collection import InferenceSession

from benchmarks.report import Row
from benchmarks.scenarios import busy_process, unpaced
from benchmarks.suite import Plan, Suite
from models.catalogue import find_model
from models.detectors.yolo import Yolo
from models.errors import ModelError
from models.images import letterbox
from models.session import Session, SessionOptions, open_session, usable_cores
from streams.frame import Frame

BATCHES = (1, 2, 4)
RUN_S, QUICK_S = 4.0, 0.2


class ModelOnly(Suite):
    """The model on one picture, no decoding, no tracking: threads × workers × batch, pictures a second.

    Then the same beside another process that wants a core. ONNX Runtime's threads spin by default while they wait,
    and take the core from whoever has work; ours sleep. A thread that waits for one that was put aside makes the
    whole run late, so the figure to look at is how much slower a run becomes.
    """

    name = "model"
    level = "L1"

    def run(self, plan: Plan) -> Iterator[Row]:
        """Measures (see `Suite.run`)."""
        yolo = plan.yolo()
        if yolo is None:
            yield Row.skipped(self.name, "model only", f"a detector of kind {plan.detector.kind} has no model")
            return
        path, seconds, cores = find_model(yolo.model).path, QUICK_S if plan.quick else RUN_S, usable_cores()
        for workers, threads in shares(cores):
            session = open_session(path, SessionOptions(yolo.provider, threads))
            for batch in BATCHES:
                case = f"{workers} × {threads} threads, batch {batch}"
                try:
                    tensor = input_tensor(session, yolo, plan, batch)
                    session.run(tensor)
                except ModelError as error:
                    yield Row.skipped(self.name, case, str(error)[:200])
                    continue
                work = partial(session.run, tensor)
                rates = [_rate(work, workers, seconds) * batch for _ in range(plan.rounds)]
                yield Row.of(self.name, case, "rate", "pictures/s", rates)
        yield from self._beside_others(plan, yolo, path, cores)

    def _beside_others(self, plan: Plan, yolo: Yolo, path: Path, cores: int) -> Iterator[Row]:
        session = open_session(path, SessionOptions("cpu", cores))
        tensor = input_tensor(session, yolo, plan, 1)
        spinning = _spinning(path, cores)
        feeds = {session.input.name: tensor}
        ways: dict[str, Callable[[], object]] = {
            "spinning off (ours)": partial(session.run, tensor),
            "spinning on (ONNX Runtime's default)": partial(spinning.run, None, feeds),
        }
        for name, work in ways.items():
            work()
            medians: dict[str, list[float]] = {"alone": [], "beside a busy process": []}
            for where, context in (("alone", nullcontext), ("beside a busy process", busy_process)):
                values: list[float] = []
                for _ in range(plan.rounds):
                    with context():
                        part = _times_ms(work, QUICK_S if plan.quick else RUN_S)
                    values += part
                    medians[where].append(float(np.median(part)))
                yield Row.of(self.name, f"{name}, {where}", "a run", "ms", values)
            ratios = [late / alone for late, alone in zip(*reversed(medians.values()), strict=True)]
            yield Row.of(self.name, name, "slower beside a busy process", "×", ratios, note=f"{cores} cores")


def shares(cores: int) -> list[tuple[int, int]]:
    """Workers × threads that fill the cores: from one worker with all of them to one core each."""
    return [(workers, cores // workers) for workers in range(1, cores + 1) if cores % workers == 0]


def input_tensor(session: Session, yolo: Yolo, plan: Plan, batch: int) -> NDArray[Any]:
    """The first picture of the clip as the model takes it, so many times."""
    frame = _first_frame(plan)
    place = letterbox(frame.size, yolo.input_size)
    height, width = session.input.shape[2] or place.input[1], session.input.shape[3] or place.input[0]
    # Its pixels need not lie where a detector would put them: only the numbers' number and kind cost time.
    rows = np.resize(frame.image[..., ::-1].transpose(2, 0, 1), (batch, 3, height, width))
    if np.issubdtype(session.element, np.integer):
        return np.ascontiguousarray(rows, session.element)
    return np.ascontiguousarray(rows / np.float32(255), session.element)


def _first_frame(plan: Plan) -> Frame:
    opened = unpaced(plan.clip, 1).open("camera")
    try:
        return opened.read()
    finally:
        opened.close()


def _rate(work: Callable[[], object], workers: int, seconds: float) -> float:
    """Runs a second of some workers at once."""

    def runs(until: float) -> int:
        count = 0
        while time.perf_counter() < until or not count:
            work()
            count += 1
        return count

    with ThreadPoolExecutor(workers) as pool:
        began = time.perf_counter()
        done = sum(pool.map(runs, [began + seconds] * workers))
        return done / (time.perf_counter() - began)


def _times_ms(work: Callable[[], object], seconds: float) -> list[float]:
    values: list[float] = []
    until = time.perf_counter() + seconds
    while (began := time.perf_counter()) < until or not values:
        work()
        values.append((time.perf_counter() - began) * 1000)
    return values


def _spinning(path: Path, threads: int) -> InferenceSession:
    settings = ort.SessionOptions()
    settings.intra_op_num_threads = threads
    settings.log_severity_level = 4
    return InferenceSession(str(path), settings, providers=["CPUExecutionProvider"])


def model_rate(yolo: Yolo, plan: Plan) -> Callable[[int], float]:
    """The model alone on all cores, warmed up: runs a second over so many runs."""
    session = open_session(find_model(yolo.model).path, SessionOptions(yolo.provider, yolo.threads))
    tensor = input_tensor(session, yolo, plan, 1)
    session.run(tensor)

    def measure(runs: int) -> float:
        began = time.perf_counter()
        for _ in range(runs):
            session.run(tensor)
        return runs / (time.perf_counter() - began)

    return measure
