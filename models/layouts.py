"""The output layouts of YOLO exports: which one a model has, and how its boxes are read.

    name         output                what a row or column holds                            boxes    NMS
    v5           (b, 3·cells, 5+C+m)   cx cy w h objectness, C class scores, m mask weights  decoded  ours
    v8 (v11 …)   (b, 4+C+m, cells)     cx cy w h, C class scores, m mask weights             decoded  ours
    end-to-end   (b, rows, 6+m)        x1 y1 x2 y2 score class, m mask weights               decoded  done

C is the number of classes in the metadata `names`, and m the number of mask prototypes of a segmentation export:
the channels of its second output (b, m, H/4, W/4). Masks are not used. `cells` are the grid cells of all strides:

    cells = Σ (W/s)·(H/s)      s = 8, 16, 32; 64 too in P6 models, 4 too in P2 models; 16 and 32 in tiny ones

That number tells the layouts apart without a guess, also where C is unknown. One row for each cell (b, cells, …)
is none of them: YOLOX has it, whose boxes are relative to a grid; read as one of ours they would be nonsense.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelError
from models.images import Size

_STRIDES = ((8, 16, 32), (8, 16, 32, 64), (4, 8, 16, 32), (16, 32))
LayoutName = Literal["v5", "v8", "end-to-end"]


class Candidates(NamedTuple):
    """Boxes of one picture as the model gives them, best class only.

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
        output: Number of the output that holds the detections.
        classes: How many classes the model has; 0 where the layout does not tell.
    """

    name: LayoutName
    output: int
    classes: int

    def read(self, detections: NDArray[Any], floor: float) -> list[Candidates]:
        """What the model saw in each picture of a batch, down to a score.

        Args:
            detections: The output, as the table above has it.
            floor: Boxes of this score or a lower one are left out.
        """
        detections = detections.astype(np.float32, copy=False)
        reader = {"v5": _read_v5, "v8": _read_v8, "end-to-end": _read_end_to_end}[self.name]
        return [reader(one, self.classes, floor) for one in detections]


def recognise(outputs: Sequence[tuple[int, ...]], size: Size, classes: int | None, model: str) -> Layout:
    """Tells the layout of a model by the shapes of its outputs.

    Args:
        outputs: Shapes of all outputs.
        size: Size of the input that led to these shapes, px.
        classes: Number of classes in the metadata; None where there is none.
        model: Name of the model for messages.

    Raises:
        ModelError: No layout of ours, or another number of classes than the metadata has.
    """
    tables = [number for number, shape in enumerate(outputs) if len(shape) == 3]
    if len(tables) != 1:
        raise _unknown(outputs, model)
    masks = next((shape[1] for shape in outputs if len(shape) == 4), 0)
    _, rows, columns = outputs[tables[0]]
    grids = {sum((size[0] // s) * (size[1] // s) for s in strides) for strides in _STRIDES}
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
        return Layout("end-to-end", tables[0], classes or 0)
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
    return Layout(name, tables[0], classes)


_REMEDY = "Export it again with Ultralytics: yolo export model=FILE.pt format=onnx dynamic=True opset=17"


def _unknown(outputs: Sequence[tuple[int, ...]], model: str) -> ModelError:
    found = ", ".join(map(str, outputs))
    return ModelError(
        f"{model}: outputs {found} are no YOLO layout known here; expected one of v5 (1, 3·cells, 5+C), "
        f"v8/v11 (1, 4+C, cells), end-to-end (1, n, 6), or one of their segmentation exports. {_REMEDY}"
    )


def _read_v5(table: NDArray[np.float32], classes: int, floor: float) -> Candidates:
    rows = table[table[:, 4] > floor]
    scores = rows[:, 5 : 5 + classes] * rows[:, 4:5]
    return _best(rows[:, :4], scores, floor)


def _read_v8(table: NDArray[np.float32], classes: int, floor: float) -> Candidates:
    scores = table[4 : 4 + classes]
    some = np.flatnonzero(scores.max(axis=0) > floor)
    return _best(table[:4, some].T, scores[:, some].T, floor)


def _read_end_to_end(table: NDArray[np.float32], _classes: int, floor: float) -> Candidates:
    rows = table[table[:, 4] > floor]
    return Candidates(np.ascontiguousarray(rows[:, :4]), rows[:, 4].copy(), rows[:, 5].astype(np.intp))


def _best(centred: NDArray[np.float32], scores: NDArray[np.float32], floor: float) -> Candidates:
    """The best class of each row, and its box from centre and size to corners."""
    classes = scores.argmax(axis=1) if len(scores) else np.empty(0, np.intp)
    best = scores[np.arange(len(scores)), classes]
    sure = best > floor
    centre, half = centred[sure, :2], centred[sure, 2:] / 2
    return Candidates(np.hstack((centre - half, centre + half)), best[sure], classes[sure])
