"""The output layouts of YOLO exports: which one a model has, and how its boxes are read.

    name         output                what a row or column holds                            boxes    NMS
    v5           (b, 3·cells, 5+C+m)   cx cy w h objectness, C class scores, m mask weights  decoded  ours
    v8 (v11 …)   (b, 4+C+m, cells)     cx cy w h, C class scores, m mask weights             decoded  ours
    end-to-end   (b, rows, 6+m)        x1 y1 x2 y2 score class, m mask weights               decoded  done
    raw          (b, 4·R, cells)       R weights of each of the distances left top right     ours     ours
                 (b, C, cells)         bottom; C class scores before the sigmoid

C is the number of classes in the metadata `names`, and m the number of mask prototypes of a segmentation export:
the channels of its second output (b, m, H/4, W/4). Masks are not used. `cells` are the grid cells of all strides:

    cells = Σ (W/s)·(H/s)      s = 8, 16, 32; 64 too in P6 models, 4 too in P2 models; 16 and 32 in tiny ones

That number tells the layouts apart without a guess, also where C is unknown. One row for each cell (b, cells, …)
is none of them: YOLOX has it, whose boxes are relative to a grid; read as one of ours they would be nonsense.

`raw` is a v8 export whose decoding was cut off by `models.graph`: in the graph every cell pays for it (7 % of the
run), here only those that hold something do. It is known by its metadata.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from models.errors import ModelError
from models.images import Size

_STRIDES = ((8, 16, 32), (8, 16, 32, 64), (4, 8, 16, 32), (16, 32))
LayoutName = Literal["v5", "v8", "end-to-end", "raw"]


class Candidates(NamedTuple):
    """Boxes of one picture as the model gives them.

    Attributes:
        boxes: (n, 4) float32, px of the input, x1 y1 x2 y2.
        scores: (n,) float32.
        classes: (n,) the model's class numbers.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    classes: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Layout:
    """How to read the detections of a model.

    Attributes:
        name: Which layout.
        outputs: Numbers of the outputs that hold the detections, in the order of the table above.
        classes: How many classes the model has; 0 where the layout does not tell.
    """

    name: LayoutName
    outputs: tuple[int, ...]
    classes: int

    def read(
        self, outputs: Sequence[NDArray[Any]], size: Size, floor: float, every_class: bool = False
    ) -> list[Candidates]:
        """What the model saw in each picture of a batch, down to a score.

        Args:
            outputs: Those outputs, as the table above has them.
            size: Size of the input, px.
            floor: Boxes of this score or a lower one are left out.
            every_class: Whether a box comes once for each class with such a score (for measuring), or once with
                its best class. An end-to-end model has chosen by itself.
        """
        tables = [output.astype(np.float32, copy=False) for output in outputs]
        read = {"v5": _read_v5, "v8": _read_v8, "end-to-end": _read_end_to_end, "raw": _read_raw}[self.name]
        choose = _every if every_class else _best
        return [read([table[i] for table in tables], self.classes, size, floor, choose) for i in range(len(tables[0]))]


def recognise(
    outputs: Sequence[tuple[int, ...]], size: Size, classes: int | None, model: str, raw: bool = False
) -> Layout:
    """Tells the layout of a model by the shapes of its outputs.

    Args:
        outputs: Shapes of all outputs.
        size: Size of the input that led to these shapes, px.
        classes: Number of classes in the metadata; None where there is none.
        model: Name of the model for messages.
        raw: Whether the metadata says that the decoding was cut off.

    Raises:
        ModelError: No layout of ours, or another number of classes than the metadata has.
    """
    tables = [number for number, shape in enumerate(outputs) if len(shape) == 3]
    grids = {_cells(size, strides) for strides in _STRIDES}
    if raw:
        return _recognise_raw(outputs, grids, classes, model)
    if len(tables) != 1:
        raise _unknown(outputs, model)
    masks = next((shape[1] for shape in outputs if len(shape) == 4), 0)
    _, rows, columns = outputs[tables[0]]
    name: LayoutName
    if columns in grids:
        name, fixed, found = "v8", 4, rows
    elif rows in {3 * cells for cells in grids}:
        name, fixed, found = "v5", 5, columns
    elif rows in grids:
        raise ModelError(
            f"{model}: output {outputs[tables[0]]} has one row for each grid cell, as YOLOX, YOLOv6 and "
            f"transposed exports have it; their boxes can't be read. {_REMEDY}"
        )
    elif columns == 6 + masks:
        return Layout("end-to-end", (tables[0],), classes or 0)
    else:
        raise _unknown(outputs, model)
    if classes is None:
        classes = found - fixed - masks
    expected = fixed + classes + masks
    if found != expected or classes < 1:
        parts = f"{fixed} + {classes} classes" + (f" + {masks} mask weights" if masks else "")
        raise ModelError(
            f"{model}: its metadata `names` has {classes} classes, so the {name} layout has {parts} = "
            f"{expected} values for each box; found {found} in output {outputs[tables[0]]}. {_REMEDY}"
        )
    return Layout(name, (tables[0],), classes)


_REMEDY = "Export it again with Ultralytics: yolo export model=FILE.pt format=onnx dynamic=True opset=17"


def _unknown(outputs: Sequence[tuple[int, ...]], model: str) -> ModelError:
    found = ", ".join(map(str, outputs))
    return ModelError(
        f"{model}: outputs {found} are no YOLO layout known here; expected one of v5 (1, 3·cells, 5+C), "
        f"v8/v11 (1, 4+C, cells), end-to-end (1, n, 6), or one of their segmentation exports. {_REMEDY}"
    )


def _recognise_raw(outputs: Sequence[tuple[int, ...]], grids: set[int], classes: int | None, model: str) -> Layout:
    if len(outputs) == 2 and all(len(shape) == 3 and shape[2] in grids for shape in outputs):
        distances, scores = outputs[0][1], outputs[1][1]
        if distances % 4 == 0 and scores == (classes or scores):
            return Layout("raw", (0, 1), scores)
    found = ", ".join(map(str, outputs))
    raise ModelError(
        f"{model}: outputs {found} are not those of a prepared model with {classes or 'its'} classes, "
        f"(1, 4·R, cells) and (1, C, cells). Prepare it again: ngatu models export FILE"
    )


_Choose = Callable[[NDArray[np.float32], NDArray[np.float32], float], Candidates]
_Tables = Sequence[NDArray[np.float32]]


def _read_v5(tables: _Tables, classes: int, _size: Size, floor: float, choose: _Choose) -> Candidates:
    rows = tables[0][tables[0][:, 4] > floor]
    return choose(_corners(rows[:, :4]), rows[:, 5 : 5 + classes] * rows[:, 4:5], floor)


def _read_v8(tables: _Tables, classes: int, _size: Size, floor: float, choose: _Choose) -> Candidates:
    [table] = tables
    scores = table[4 : 4 + classes]
    some = np.flatnonzero(scores.max(axis=0) > floor)
    return choose(_corners(table[:4, some].T), scores[:, some].T, floor)


def _read_end_to_end(tables: _Tables, _classes: int, _size: Size, floor: float, _choose: _Choose) -> Candidates:
    rows = tables[0][tables[0][:, 4] > floor]
    return Candidates(np.ascontiguousarray(rows[:, :4]), rows[:, 4].copy(), rows[:, 5].astype(np.intp))


def _read_raw(tables: _Tables, _classes: int, size: Size, floor: float, choose: _Choose) -> Candidates:
    r"""Boxes from the distances of a cell's middle to the four sides, each a mean over R steps of one stride.

         top        distance = stride · Σ k·softmax(weights)ₖ, k = 0 … R-1
    ┌─────┴───┐
    ┤     +   ├     "Generalized Focal Loss", Li et al. 2020; R = 16 in YOLOv8 … 12.
    └─────┬───┘     With R = 1 (YOLO26) the weight itself is the distance.
    """
    weights, logits = tables
    some = np.flatnonzero(logits.max(axis=0) > _logit(floor))
    middles, strides = _grid(size, logits.shape[1])
    steps = weights[:, some].reshape(4, len(weights) // 4, len(some))
    if steps.shape[1] > 1:
        steps = np.exp(steps - steps.max(axis=1, keepdims=True))
        steps = np.arange(steps.shape[1], dtype=np.float32) @ steps / steps.sum(axis=1)
    distances = (steps.reshape(4, len(some)).T * strides[some]).astype(np.float32)
    boxes = np.hstack((middles[some] - distances[:, :2], middles[some] + distances[:, 2:]))
    return choose(boxes, expit(logits[:, some].T), floor)


def _logit(score: float) -> float:
    return math.log(score / (1 - score)) if 0 < score < 1 else math.copysign(math.inf, score)


def _cells(size: Size, strides: Sequence[int]) -> int:
    return sum((size[0] // s) * (size[1] // s) for s in strides)


@lru_cache(maxsize=16)
def _grid(size: Size, cells: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Middle (cells, 2) and stride (cells, 1) of every cell, px."""
    strides = next(strides for strides in _STRIDES if _cells(size, strides) == cells)
    middles, sizes = [], []
    for s in strides:
        y, x = np.mgrid[: size[1] // s, : size[0] // s].astype(np.float32)
        middles.append((np.stack((x, y), axis=-1).reshape(-1, 2) + 0.5) * s)
        sizes.append(np.full((x.size, 1), s, np.float32))
    return np.concatenate(middles).astype(np.float32), np.concatenate(sizes)


def _corners(centred: NDArray[np.float32]) -> NDArray[np.float32]:
    """Boxes from centre and size to corners."""
    centre, half = centred[:, :2], centred[:, 2:] / 2
    return np.hstack((centre - half, centre + half))


def _best(boxes: NDArray[np.float32], scores: NDArray[np.float32], floor: float) -> Candidates:
    """Each box once, with its best class."""
    classes = scores.argmax(axis=1) if len(scores) else np.empty(0, np.intp)
    best = scores[np.arange(len(scores)), classes]
    sure = best > floor
    return Candidates(boxes[sure], best[sure], classes[sure])


def _every(boxes: NDArray[np.float32], scores: NDArray[np.float32], floor: float) -> Candidates:
    """Each box once for each class above the floor."""
    rows, classes = np.nonzero(scores > floor)
    return Candidates(boxes[rows], scores[rows, classes], classes)
