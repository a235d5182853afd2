"""Quantization: a model's convolutions in 8-bit integers, calibrated on the user's own frames.

    float   ─▶ Conv ─▶ Conv ─▶ … ─▶ head
    int8    ─▶ Q·DQ ─▶ Conv ─▶ Q·DQ ─▶ Conv ─▶ … ─▶ DQ ─▶ head     Q quantizes, DQ undoes it; ONNX Runtime
                                                                   fuses Q, Conv and DQ into an integer Conv

Conv, Gemm and MatMul are quantized; the detection head stays in float, because its distances and scores need finer
steps than a 256th of their range. Whether that is worth it depends on the CPU (VNNI or not) and on the pictures, so
the result is measured and refused unless it is faster and as good. Needs the package `onnx`.
"""

import itertools
import re
import statistics
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from models.adding import enter
from models.catalogue import Model, check_name, make_user_folder, quantized_name, user_folder
from models.dataset import Dataset, frames_of, read_picture, spread
from models.detections import Detections
from models.detectors.yolo import Yolo
from models.errors import ModelError
from models.evaluation import Evaluation, score
from models.session import usable_cores
from models.tuned import host

# `onnx` and what needs it are imported where they are needed: running never needs them.
# ruff: noqa: PLC0415

CALIBRATION_FRAMES = 96
MOST_LOST = 0.01
"""So much of mAP50 may be lost."""
LEAST_GAIN = 1.03
"""So much faster a run must be: less is within what two measurements differ by."""
_TIMED = 60  # pictures
_SURE = 0.3
_QUANTIZED = ["Conv", "Gemm", "MatMul"]
Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a quantized model compares with the one that it was made of, on this machine.

    Attributes:
        float_ms: Median time of a picture, ms.
        int8_ms: The same of the quantized model.
        gain: Median of the ratio of both, picture by picture in turns.
        original: How good the original is.
        quantized: How good the quantized one is, on the same pictures.
    """

    float_ms: float
    int8_ms: float
    gain: float
    original: Evaluation
    quantized: Evaluation

    @property
    def lost(self) -> float:
        """How much mAP50 was lost; below 0 if it became better."""
        return self.original.map50 - self.quantized.map50

    @property
    def refusal(self) -> str | None:
        """Why the quantized model is not worth having; None if it is."""
        if self.gain < LEAST_GAIN:
            return f"it is not faster on this machine (x {self.gain:.2f}; at least x {LEAST_GAIN} is wanted)"
        if self.lost > MOST_LOST:
            return f"it loses {100 * self.lost:.1f} points of mAP50 (at most {100 * MOST_LOST:.0f} may be lost)"
        return None

    def __str__(self) -> str:
        return (
            f"float {self.float_ms:.1f} ms, int8 {self.int8_ms:.1f} ms (x {self.gain:.2f}); "
            f"mAP50 float {self.original.map50:.4f}, int8 {self.quantized.map50:.4f} "
            f"on {self.original.pictures} pictures"
        )


def quantize_and_judge(model: Model, data: Path | None, frames: Path | None) -> tuple[Verdict, Model | None]:
    """Quantizes a model, measures the result on this machine, and adds it to the user's catalogue if it is worth it.

    Args:
        model: The model.
        data: Data set in YOLO format: its training part calibrates, its validation part measures.
        frames: Folder of pictures or a clip: calibrates in its place. Without a data set every second one
            calibrates and the others measure, against what the original is sure of.

    Returns:
        What was measured, and the model `NAME-int8`; None, and no file, where it is refused.

    Raises:
        ModelError: There is nothing to calibrate on, or it can't be quantized.
    """
    calibration, pictures = _pictures(data, frames)
    name = quantized_name(model)
    check_name(name)
    make_user_folder()
    with TemporaryDirectory(dir=user_folder()) as temporary:
        file = Path(temporary) / f"{name}.onnx"
        quantize(model, file, calibration)
        verdict = judge(model, file, pictures)
        if verdict.refusal:
            return verdict, None
        entry = model.entry
        return verdict, enter(
            name,
            file,
            licence=entry.licence if entry else "not stated",
            source=f"{model.name} ({model.sha256[:12]}…), quantized on {host()}",
            label_map=entry.labels if entry else {},
            measured=verdict.quantized.accuracy(f"{verdict.quantized.pictures} pictures of {data}") if data else None,
        )


def _pictures(
    data: Path | None, frames: Path | None
) -> tuple[Iterator[Image], Iterator[tuple[Image, Detections | None]]]:
    """What calibrates, and what measures."""
    if data is None and frames is None:
        raise ModelError("quantizing needs frames of your own cameras: --frames FOLDER or CLIP, or --data DATASET.yaml")
    if data is None:
        assert frames is not None
        every = list(frames_of(frames, 2 * CALIBRATION_FRAMES))
        return iter(every[::2]), ((image, None) for image in every[1::2])
    dataset = Dataset(data)
    calibrating = spread(dataset.files("train") or dataset.files("val"), CALIBRATION_FRAMES)
    calibration = frames_of(frames, CALIBRATION_FRAMES) if frames else map(read_picture, calibrating)
    return calibration, ((one.image, one.truth) for one in dataset.read("val"))


def quantize(model: Model, target: Path, frames: Iterable[Image]) -> None:
    """Writes the quantized form of a model.

    Args:
        model: A YOLO model in float32.
        target: Where to write; made whole or not at all.
        frames: Pictures of the kind that the model will see.

    Raises:
        ModelError: It can't be quantized, there are no frames, or `onnx` is not installed.
    """
    try:
        import onnx
        from onnxruntime.quantization.calibrate import CalibrationMethod
        from onnxruntime.quantization.quant_utils import QuantFormat, QuantType
        from onnxruntime.quantization.quantize import quantize_static
        from onnxruntime.quantization.shape_inference import quant_pre_process
    except ImportError:
        raise ModelError("quantizing needs the package onnx; install it with: pip install 'ngatu[quantize]'") from None
    detector = Yolo(model=str(model.path), provider="cpu").load()
    tensors = (detector.tensor(frame) for frame in frames)
    first = next(tensors, None)
    if first is None:
        raise ModelError("there are no frames to calibrate on")
    nodes = onnx.load(model.path).graph.node
    if any(node.op_type == "QuantizeLinear" for node in nodes):
        raise ModelError(f"{model.name}: is quantized already")
    head = _head([node.name for node in nodes], model.name)
    with TemporaryDirectory(dir=target.parent) as folder:
        ready, done = Path(folder) / "ready.onnx", Path(folder) / "int8.onnx"
        quant_pre_process(str(model.path), str(ready), skip_symbolic_shape=True)
        quantize_static(
            str(ready),
            str(done),
            cast(Any, _Frames(detector.input_name, itertools.chain([first], tensors))),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=_QUANTIZED,
            nodes_to_exclude=[node.name for node in onnx.load(ready).graph.node if node.name.startswith(head)],
            per_channel=True,
            # Without VNNI two products of 8 bits overflow the 16 bits in which AVX2 adds them: 7 bits do not.
            reduce_range=not _has_vnni(),
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )
        done.replace(target)


def judge(original: Model, quantized: Path, pictures: Iterable[tuple[Image, Detections | None]]) -> Verdict:
    """Measures a quantized model against the one that it was made of, both on the CPU with all cores.

    Args:
        original: The model.
        quantized: File of its quantized form.
        pictures: Pictures with their truth. Where that is None, what the original is sure of is taken for true:
            stricter than truth, since the original then errs nowhere.

    Raises:
        ModelError: One of them can't be run, or there are no pictures.
    """
    pair = [_Contestant(original.path), _Contestant(quantized)]
    for number, (image, known) in enumerate(pictures):
        truth = pair[0].sure_of(image) if known is None else known
        # In turns, and each first half of the time: whatever else the machine does meets both alike.
        for contestant in pair if number % 2 else pair[::-1]:
            contestant.look(image, truth, timed=number < _TIMED)
    if not pair[0].seen:
        raise ModelError("there are no pictures to measure on")
    ratios = [slow / fast for slow, fast in zip(pair[0].times, pair[1].times, strict=True)]
    return Verdict(
        float_ms=1000 * statistics.median(pair[0].times),
        int8_ms=1000 * statistics.median(pair[1].times),
        gain=statistics.median(ratios),
        original=score(pair[0].seen),
        quantized=score(pair[1].seen),
    )


class _Contestant:
    """One of the two models, what it saw and how long it took."""

    def __init__(self, path: Path) -> None:
        self.detector = Yolo(model=str(path), provider="cpu", threads=usable_cores()).load()
        self.seen: list[tuple[Detections, Detections]] = []
        self.times: list[float] = []

    def sure_of(self, image: Image) -> Detections:
        [seen] = self.detector.detect([_Still(image)])
        return seen[seen.scores >= _SURE]

    def look(self, image: Image, truth: Detections, timed: bool) -> None:
        self.seen.append((self.detector.measure(image), truth))
        if timed:
            # After `measure`, so that plans for this size of picture are made.
            began = time.perf_counter()
            self.detector.detect([_Still(image)])
            self.times.append(time.perf_counter() - began)


@dataclass(frozen=True, slots=True)
class _Still:
    """A picture of no camera."""

    image: Image
    camera: str = "quantize"
    index: int = 0
    time_s: float = 0.0
    captured_at: datetime = datetime.min


class _Frames:
    """Frames in the way that ONNX Runtime's calibration asks for them."""

    def __init__(self, name: str, tensors: Iterator[NDArray[Any]]) -> None:
        self._name = name
        self._tensors = tensors

    def get_next(self) -> dict[str, NDArray[Any]] | None:
        tensor = next(self._tensors, None)
        return None if tensor is None else {self._name: tensor}


def _head(names: Sequence[str], model: str) -> str:
    """How names of nodes of the detection head begin: it is the last of the modules that Ultralytics numbers."""
    numbers = [int(found[1]) for name in names if (found := re.match(r"/model\.(\d+)/", name))]
    if not numbers:
        raise ModelError(f"{model}: has no modules /model.N/ as exports of Ultralytics have; its head can't be told")
    return f"/model.{max(numbers)}/"


def _has_vnni() -> bool:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    # ARM's integer products do not overflow.
    return "vnni" in text or "asimd" in text
