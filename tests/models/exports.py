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


def trained(path: Path, distances: int = 16, names: Sequence[str] = ("person", "car"), masks: int = 0) -> Path:
    """Saves a small network with the head and the decoding of a YOLOv8 export, and weights by chance.

    Args:
        path: The file.
        distances: R, how many weights each of the four distances of a cell has.
        names: The classes.
        masks: How many mask weights there are; 0 for a model that only detects.
    """
    rng = np.random.default_rng(7)
    classes, channels = len(names), 8
    tensors: dict[str, NDArray[Any]] = {"half": np.array(0.5, np.float32)}
    nodes: list[Any] = []

    def node(operator: str, inputs: Sequence[str], output: str, module: int = 1, **attributes: Any) -> str:
        nodes.append(helper.make_node(operator, inputs, [output], f"/model.{module}/{output}", **attributes))
        return output

    def conv(source: str, name: str, ins: int, outs: int, side: int, module: int) -> str:
        tensors[f"{name}.w"] = rng.normal(0, 2 / side / ins**0.5, (outs, ins, side, side)).astype(np.float32)
        tensors[f"{name}.b"] = rng.normal(0, 0.5, outs).astype(np.float32)
        if name.startswith("boxes"):  # distances are above nought, so that boxes are not inside out
            tensors[f"{name}.w"] = np.abs(tensors[f"{name}.w"]) / 4
            tensors[f"{name}.b"] = np.abs(tensors[f"{name}.b"])
        return node("Conv", [source, f"{name}.w", f"{name}.b"], name, module, strides=[side, side])

    parts: dict[str, list[str]] = {"boxes": [], "scores": [], "masks": []}
    source, ins, side = "images", 3, 8
    for level in range(3):
        source = node("Relu", [conv(source, f"features{level}", ins, channels, side, 0)], f"level{level}", 0)
        ins, side = channels, 2
        for part, outs in (("boxes", 4 * distances), ("scores", classes), ("masks", masks)):
            if outs:
                tensors[f"{part}.shape"] = np.array([0, outs, -1])
                name = conv(source, f"{part}{level}", channels, outs, 1, 1)
                parts[part].append(node("Reshape", [name, f"{part}.shape"], f"{name}.flat"))
    weights, logits = (node("Concat", parts[part], part, axis=2) for part in ("boxes", "scores"))
    if distances > 1:
        tensors["weights.shape"] = np.array([0, 4, distances, CELLS])
        tensors["steps.w"] = np.arange(distances, dtype=np.float32).reshape(1, -1, 1, 1)
        tensors["four.shape"] = np.array([0, 4, CELLS])
        weights = node("Reshape", [weights, "weights.shape"], "weights")
        weights = node("Transpose", [weights], "weights.turned", perm=[0, 2, 1, 3])
        weights = node("Softmax", [weights], "shares", axis=1)
        weights = node("Conv", [weights, "steps.w"], "steps")
        weights = node("Reshape", [weights, "four.shape"], "four")
    sides = [(SIDE // stride, stride) for stride in (8, 16, 32)]
    middles = np.concatenate([(np.indices((n, n))[::-1].reshape(2, -1) + 0.5) for n, _ in sides], axis=1)
    tensors["middles"] = middles[None].astype(np.float32)
    tensors["strides"] = np.concatenate([np.full(n * n, stride, np.float32) for n, stride in sides])
    for name, values in (("0", [0]), ("2", [2]), ("4", [4]), ("axis", [1])):
        tensors[name] = np.array(values)
    low = node("Sub", ["middles", node("Slice", [weights, "0", "2", "axis"], "left_top")], "low")
    high = node("Add", ["middles", node("Slice", [weights, "2", "4", "axis"], "right_bottom")], "high")
    centre = node("Mul", [node("Add", [low, high], "ends"), "half"], "centre")
    boxes = node("Concat", [centre, node("Sub", [high, low], "size")], "cells", axis=1)
    table = [node("Mul", [boxes, "strides"], "px"), node("Sigmoid", [logits], "sure")]
    outputs: list[tuple[str, tuple[int, ...]]] = [(node("Concat", table, "two", axis=1), (4 + classes, CELLS))]
    if masks:
        outputs[0] = (
            node("Concat", ["two", node("Concat", parts["masks"], "masks", axis=2)], "all", axis=1),
            (4 + classes + masks, CELLS),
        )
        outputs.append((conv("level0", "prototypes", channels, masks, 1, 1), (masks, SIDE // 8, SIDE // 8)))
    graph = helper.make_graph(
        nodes,
        "trained",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 3, SIDE, SIDE])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape]) for name, shape in outputs],
        [numpy_helper.from_array(tensor, name) for name, tensor in tensors.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {"names": str(dict(enumerate(names))), "task": "detect"})
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path
