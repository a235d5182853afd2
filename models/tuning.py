"""Which provider, precision, and threads × workers run a model fastest on this machine.

Everything is tried in turns within one run, so that whatever else the machine does meets all of them alike, and
medians are compared.
"""

import itertools
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from models.catalogue import Model, added, find_model, quantized_name
from models.detectors.yolo import Yolo, YoloDetector
from models.errors import ModelError
from models.session import Provider, providers, usable_cores
from models.tuned import Tuned, Way

ROUNDS = 5
TURN_S = 0.5
_ALIKE = 0.98  # what is that near to the best counts as equally fast, and the simpler one is taken
_ON_CORES = ("cpu", "openvino")


@dataclass(frozen=True, slots=True)
class Tuning:
    """What was tried.

    Attributes:
        found: The best ways.
        tried: Every way with its median rate, in the order of trial.
        refused: Why a provider or a model could not be tried.
    """

    found: Tuned
    tried: list[Way]
    refused: list[str]


def tune(model: Model, rounds: int = ROUNDS, turn_s: float = TURN_S) -> Tuning:
    """Tries all ways to run a model, on pictures of 1280×720.

    Args:
        model: The model; its quantized form (`NAME-int8` in the user's catalogue) is tried too, where there is one.
        rounds: How often each way has its turn.
        turn_s: How long a turn is, s.

    Raises:
        ModelError: The model can't be run at all.
    """
    forms = [model]
    if (name := quantized_name(model)) in added():
        forms.append(find_model(name))
    loaded: list[tuple[Model, Provider, int, int, YoloDetector]] = []
    refused: list[str] = []
    for form, provider in itertools.product(forms, providers()):
        for threads, workers in _shares(provider):
            try:
                detector = Yolo(model=str(form.path), provider=provider, threads=threads).load()
            except ModelError as error:
                refused.append(str(error))
                break
            loaded.append((form, provider, threads, workers, detector))
    if not loaded:
        raise ModelError("\n".join(refused))
    rates: list[list[float]] = [[] for _ in loaded]
    for _ in range(rounds):
        for (*_, workers, detector), measured in zip(loaded, rates, strict=True):
            measured.append(_rate(detector, workers, turn_s))
    tried = [
        Way(
            model=form.name,
            sha256=form.sha256,
            provider=provider,
            threads=threads,
            workers=workers,
            fps=round(statistics.median(measured), 2),
        )
        for (form, provider, threads, workers, _), measured in zip(loaded, rates, strict=True)
    ]
    found = Tuned(one=_best([way for way in tried if way.workers == 1]), many=_best(tried))
    return Tuning(found, tried, refused)


def _best(ways: list[Way]) -> Way:
    fastest = max(way.fps for way in ways)
    return next(way for way in ways if way.fps >= fastest * _ALIKE)


def _shares(provider: Provider) -> Iterator[tuple[int, int]]:
    """Threads of one run and runs at a time: together no more than there are cores."""
    cores = usable_cores()
    if provider not in _ON_CORES:
        yield from ((cores, 1), (cores, 2))
        return
    threads = cores
    while threads:
        yield from dict.fromkeys([(threads, 1), (threads, cores // threads)])
        threads //= 2


def _rate(detector: YoloDetector, workers: int, seconds: float) -> float:
    """Pictures a second with some runs at a time."""
    picture = _Street()
    began = time.perf_counter()

    def work(_worker: int) -> int:
        done = 0
        while not done or time.perf_counter() - began < seconds:
            detector.detect([picture])
            done += 1
        return done

    with ThreadPoolExecutor(workers) as pool:
        done = sum(pool.map(work, range(workers)))
    return done / (time.perf_counter() - began)


@dataclass(frozen=True, slots=True)
class _Street:
    """A picture as large as most cameras give it; what it shows doesn't matter for the time."""

    image: NDArray[np.uint8] = field(default_factory=lambda: np.full((720, 1280, 3), 114, np.uint8))
    camera: str = "tune"
    index: int = 0
    time_s: float = 0.0
    captured_at: datetime = datetime.min
