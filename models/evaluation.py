"""How good a detector is: average precision on labelled pictures, as COCO counts it.

For each label and each overlap t = 0.50, 0.55 … 0.95:

1. Detections of all pictures, best score first. One is right if a true box of its label in its picture has an
   IoU ≥ t and was not taken by a better detection.
2. Precision after each detection, made to fall only; the average of it at the recalls 0, 0.01 … 1.

`ap50` is the average precision at 0.50, `ap50_95` the mean over all ten; `map50` and `map50_95` are the means over
the labels that occur. Between two detections precision is interpolated as Ultralytics does it, so that figures can be
compared. (Microsoft COCO, Lin et al. 2014; https://cocodataset.org/#detection-eval)
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.boxes import iou
from models.catalogue import Accuracy, add, added
from models.dataset import Dataset
from models.detections import Detections, Label
from models.detectors.yolo import Yolo
from models.errors import ModelError
from models.labels import LABEL_WORDS

OVERLAPS = np.linspace(0.5, 0.95, 10)
_RECALLS = np.linspace(0, 1, 101)


@dataclass(frozen=True, slots=True)
class LabelScore:
    """How good a detector is at one label.

    Attributes:
        ap50: Average precision at IoU 0.5.
        ap50_95: Mean average precision at IoU 0.5 to 0.95.
        truths: How many true boxes there are.
    """

    ap50: float
    ap50_95: float
    truths: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How good a detector is.

    Attributes:
        by_label: For each label that occurs in the pictures.
        pictures: On how many pictures.
    """

    by_label: dict[Label, LabelScore]
    pictures: int

    @property
    def map50(self) -> float:
        """Mean average precision at IoU 0.5."""
        return float(np.mean([score.ap50 for score in self.by_label.values()])) if self.by_label else 0.0

    @property
    def map50_95(self) -> float:
        """Mean average precision at IoU 0.5 to 0.95."""
        return float(np.mean([score.ap50_95 for score in self.by_label.values()])) if self.by_label else 0.0

    def accuracy(self, pictures: str) -> Accuracy:
        """For the catalogue; rounded, with what the pictures are."""
        by_label = {LABEL_WORDS[label]: round(score.ap50, 3) for label, score in self.by_label.items()}
        return Accuracy(pictures=pictures, map50=round(self.map50, 4), map50_95=round(self.map50_95, 4), ap50=by_label)

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "map50": self.map50,
            "map50_95": self.map50_95,
            "pictures": self.pictures,
            "by_label": {
                label.word: {"ap50": score.ap50, "ap50_95": score.ap50_95, "truths": score.truths}
                for label, score in self.by_label.items()
            },
        }


def evaluate(name: str, data: Path) -> Evaluation:
    """Measures a model on the validation part of a data set; what the user added gets its figures in the catalogue.

    Args:
        name: Name in the catalogue, or an .onnx file.
        data: The .yaml file of a data set in YOLO format.

    Raises:
        ModelError: The model can't be used, or the data set can't be read or has no validation part.
    """
    dataset = Dataset(data)
    if not dataset.files("val"):
        raise ModelError(f"{data}: has no part `val` to measure on")
    # With a provider that is named, tuning does not put another model in its place.
    detector = Yolo(model=name, provider="cpu").load()
    found = score((detector.measure(one.image), one.truth) for one in dataset.read("val"))
    entry = added().get(name)
    if entry is not None and found.by_label:
        accuracy = found.accuracy(f"{found.pictures} pictures of {data}, {detector.input_size} px")
        add(name, entry.model_copy(update={"measured": accuracy}))
    return found


def score(pairs: Iterable[tuple[Detections, Detections]]) -> Evaluation:
    """Measures detections of pictures against their truth; pairs of both."""
    scores: dict[Label, list[NDArray[np.float32]]] = {label: [] for label in Label}
    right: dict[Label, list[NDArray[np.bool_]]] = {label: [] for label in Label}
    truths = dict.fromkeys(Label, 0)
    pictures = 0
    for seen, truth in pairs:
        pictures += 1
        found = seen[np.argsort(-seen.scores, kind="stable")]
        for label in Label:
            mine, true = found[found.labels == label], truth[truth.labels == label]
            scores[label].append(mine.scores)
            right[label].append(_right(mine.boxes, true.boxes))
            truths[label] += len(true)
    by_label = {}
    for label in Label:
        if truths[label]:
            order = np.argsort(-np.concatenate(scores[label]), kind="stable")
            precisions = _average_precision(np.concatenate(right[label])[order], truths[label])
            by_label[label] = LabelScore(float(precisions[0]), float(precisions.mean()), truths[label])
    return Evaluation(by_label, pictures)


def _right(boxes: NDArray[np.float32], truth: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which of some boxes, best score first, are right at each overlap; (n, 10)."""
    overlap = iou(boxes, truth)
    right = np.zeros((len(boxes), len(OVERLAPS)), np.bool_)
    taken = np.zeros((len(truth), len(OVERLAPS)), np.bool_)
    for row in np.flatnonzero((overlap >= OVERLAPS[0]).any(axis=1)):
        free = np.where(taken, 0, overlap[row, :, None])
        best = free.argmax(axis=0)
        right[row] = free.max(axis=0) >= OVERLAPS
        taken[best, range(len(OVERLAPS))] |= right[row]
    return right


def _average_precision(right: NDArray[np.bool_], truths: int) -> NDArray[np.float64]:
    """Average precision at each overlap, (10,), of detections, best score first."""
    hits = right.cumsum(axis=0)
    recall = hits / truths
    precision = hits / np.arange(1, len(right) + 1)[:, None]
    averages = np.zeros(right.shape[1])
    for i in range(right.shape[1]):
        if not len(right):
            continue
        falling = np.maximum.accumulate(np.concatenate(([1.0], precision[:, i], [0.0, 0.0]))[::-1])[::-1]
        reached = np.concatenate(([0.0], recall[:, i], [recall[-1, i], 1.0]))
        averages[i] = np.trapezoid(np.interp(_RECALLS, reached, falling), _RECALLS)
    return averages
