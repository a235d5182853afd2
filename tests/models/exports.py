"""Small ONNX models in every layout of a YOLO export, whose output holds known boxes whatever the picture is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

SIDE = 64
CELLS = 8 * 8 + 4 * 4 + 2 * 2
Box = tuple[float, float, float, float, float, int]
"""x1, y1, x2, y2, score, class."""


@dataclass(frozen=True)
class Picture:
    """What a detector needs of a frame."""

    image: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((SIDE, SIDE, 3), np.uint8))
    camera: str = "cam"
    index: int = 0
    time_s: float = 0.0
    captured_at: datetime = datetime(2026, 11, 24, tzinfo=UTC)


def picture(width: int = SIDE, height: int = SIDE, index: int = 0) -> Picture:
    return Picture(np.zeros((height, width, 3), np.uint8), index=index)


def v8(boxes: Sequence[Box], classes: int, masks: int = 0) -> NDArray[np.float32]:
    """(1, 4+C+m, cells): box i stands in cell 3·i."""
    table = np.zeros((1, 4 + classes + masks, CELLS), np.float32)
    for i, (x1, y1, x2, y2, score, number) in enumerate(boxes):
        table[0, :4, 3 * i] = (x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1
        table[0, 4 + number, 3 * i] = score
        table[0, 4 + classes :, 3 * i] = 7.0  # mask weights, which are no scores
    return table


def v5(boxes: Sequence[Box], classes: int, masks: int = 0) -> NDArray[np.float32]:
    """(1, 3·cells, 5+C+m): score is objectness 0.5 times the class score."""
    table = np.zeros((1, 3 * CELLS, 5 + classes + masks), np.float32)
    for i, (x1, y1, x2, y2, score, number) in enumerate(boxes):
        table[0, 5 * i, :5] = (x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1, 0.5
        table[0, 5 * i, 5 + number] = score * 2
        table[0, 5 * i, 5 + classes :] = 7.0
    return table


def end_to_end(boxes: Sequence[Box], masks: int = 0) -> NDArray[np.float32]:
    """(1, 300, 6+m), filled up with rows of score 0."""
    table = np.zeros((1, 300, 6 + masks), np.float32)
    for i, box in enumerate(boxes):
        table[0, i, :6] = box
        table[0, i, 6:] = 7.0
    return table


def save(
    path: Path,
    *outputs: NDArray[np.float32],
    names: Sequence[str] | str | None = None,
    metadata: Mapping[str, str] | None = None,
    shape: Sequence[int | str] = (1, 3, SIDE, SIDE),
    element: int = TensorProto.FLOAT,
    inputs: Sequence[str] = ("images",),
    opset: int = 17,
    ir_version: int = 8,
    operator: str = "Identity",
) -> Path:
    """Saves a model that gives these outputs for each picture of a batch.

    The constants are added to nought times a sum over the picture, so that batch and input are really used.
    """
    constants = [numpy_helper.from_array(output, f"constant{i}") for i, output in enumerate(outputs)]
    nodes = [
        helper.make_node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMax", ["floats"], ["most"], axes=[1, 2, 3], keepdims=1),
        helper.make_node("Mul", ["most", "nought"], ["nothing"]),
    ]
    constants.append(numpy_helper.from_array(np.zeros(1, np.float32), "nought"))
    results: list[Any] = []
    for i, output in enumerate(outputs):
        axes = numpy_helper.from_array(np.array([-1] + [1] * (output.ndim - 1)), f"axes{i}")
        constants.append(axes)
        nodes += [
            helper.make_node("Reshape", ["nothing", f"axes{i}"], [f"broadcast{i}"]),
            helper.make_node("Add", [f"constant{i}", f"broadcast{i}"], [f"sum{i}"]),
            helper.make_node(operator, [f"sum{i}"], [f"output{i}"]),
        ]
        results.append(helper.make_tensor_value_info(f"output{i}", TensorProto.FLOAT, ["batch", *output.shape[1:]]))
    takes = [helper.make_tensor_value_info(name, element, list(shape)) for name in inputs]
    graph = helper.make_graph(nodes, "test", takes, results, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir_version)
    properties = dict(metadata or {})
    if names is not None:
        properties["names"] = names if isinstance(names, str) else str(dict(enumerate(names)))
    helper.set_model_props(model, properties)
    onnx.save(model, path)
    return path
