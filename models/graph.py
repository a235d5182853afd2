"""Graph surgery: from a plain export of Ultralytics to the form that runs fastest here.

    plain      RGB planes 0..1 ──▶ backbone, neck ──▶ head ──▶ decoding of every cell ──▶ (b, 4+C, cells)
    prepared   BGR planes, bytes ▶ backbone, neck ──▶ head ──▶ (b, 4·R, cells) and (b, C, cells)

- Order of the colours and division by 255 go into the weights of the first convolution, which costs nothing; the
  graph only turns bytes into numbers. A picture is then copied once, and an input buffer takes a quarter.
- The decoding (softmax over 64 numbers for each of thousands of cells) is cut off: `models.layouts` does it for the
  few cells that hold something. So are outputs that nobody reads (masks).

What can't be changed stays as it is, and the result must say the same as the original, or nothing is written.
Needs the package `onnx`.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelError
from models.images import InputTensors, letterbox, letterbox_into
from models.labels import class_names
from models.layouts import Candidates, recognise
from models.session import Session, SessionOptions, open_session

# `onnx` is imported where it is needed: running never needs it.
# ruff: noqa: PLC0415

FORM = "ngatu.form"
"""Key of the metadata that says what was done to a model: the words below, parted by spaces."""
BYTES_IN, RAW_OUT = "bytes-in", "raw-out"
_UNIT = np.float32(1 / 255)
_FAR = 100  # tensors: beyond any decoding
_BOX_ERROR_PX, _SCORE_ERROR = 0.05, 1e-3


def forms(session: Session) -> frozenset[str]:
    """What was done to a model that is open: some of `BYTES_IN`, `RAW_OUT`."""
    return frozenset(session.metadata.get(FORM, "").split())


def prepare(source: Path, target: Path) -> frozenset[str]:
    """Writes a model in the form that runs fastest here.

    Args:
        source: An .onnx file in a layout that can be read (`models.layouts`).
        target: Where to write; made whole or not at all.

    Returns:
        What was done, some of `BYTES_IN`, `RAW_OUT`; none where the model can't be changed.

    Raises:
        ModelError: The model can't be read, or `onnx` is not installed.
    """
    onnx = _onnx()
    original = open_session(source, SessionOptions("cpu"))
    done = set(forms(original))
    model = onnx.load(source)
    with TemporaryDirectory(dir=target.parent) as folder:
        best = source.read_bytes()
        for form, change in ((BYTES_IN, _take_bytes), (RAW_OUT, _cut_decoding)):
            changed = type(model)()
            changed.CopyFrom(model)
            if form in done or not change(changed):
                continue
            _drop_unused(changed)
            properties = {entry.key: entry.value for entry in changed.metadata_props}
            onnx.helper.set_model_props(changed, properties | {FORM: " ".join(sorted(done | {form}))})
            trial = Path(folder) / f"{form}.onnx"
            onnx.save(changed, trial)
            if _same(original, open_session(trial, SessionOptions("cpu"))):
                done.add(form)
                model, best = changed, trial.read_bytes()
        whole = Path(folder) / "whole.onnx"
        whole.write_bytes(best)
        whole.replace(target)
    return frozenset(done)


def _onnx() -> Any:
    try:
        import onnx
    except ImportError:
        raise ModelError(
            "changing a model needs the package onnx; install it with: pip install 'ngatu[quantize]'"
        ) from None
    return onnx


def _take_bytes(model: Any) -> bool:
    """Puts normalisation and colour order into the first convolution; False where that can't be done."""
    from onnx import TensorProto, helper, numpy_helper

    graph = model.graph
    [picture] = graph.input
    shape = picture.type.tensor_type.shape.dim
    readers = [node for node in graph.node if picture.name in node.input]
    if picture.type.tensor_type.elem_type != TensorProto.FLOAT or len(shape) != 4 or shape[1].dim_value != 3:
        return False
    if [node.op_type for node in readers] != ["Conv"]:
        return False
    kernel = next((one for one in graph.initializer if one.name == readers[0].input[1]), None)
    if kernel is None or kernel.dims[1] != 3:
        return False
    weights = numpy_helper.to_array(kernel)[:, ::-1] * _UNIT
    graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(weights, np.float32), "bytes_kernel"))
    readers[0].input[0], readers[0].input[1] = "bytes_as_numbers", "bytes_kernel"
    picture.type.tensor_type.elem_type = TensorProto.UINT8
    graph.node.insert(0, helper.make_node("Cast", [picture.name], ["bytes_as_numbers"], to=TensorProto.FLOAT))
    return True


def _cut_decoding(model: Any) -> bool:
    """Ends a v8 graph where the distances and the scores of all cells are; False where it is built another way."""
    from onnx import TensorProto, helper

    graph = model.graph
    makers = {name: node for node in graph.node for name in node.output}
    parts = list(_concatenated(makers, graph.output[0].name))
    if len(parts) < 2 or parts[1] not in makers or makers[parts[1]].op_type != "Sigmoid":
        return False
    logits = makers[parts[1]].input[0]
    distances = _distances(makers, parts[0])
    if distances is None:
        return False
    del graph.output[:]
    for name in (distances, logits):
        graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", None, "cells"]))
    return True


def _concatenated(makers: dict[str, Any], name: str) -> Iterator[str]:
    """The tensors of which a table is put together, row after row."""
    node = makers.get(name)
    if node is None or node.op_type != "Concat" or [one.i for one in node.attribute if one.name == "axis"] != [1]:
        yield name
        return
    for part in node.input:
        yield from _concatenated(makers, part)


def _distances(makers: dict[str, Any], boxes: str) -> str | None:
    """Where the distances to the four sides come in that the boxes are made of, as the head gives them.

        Concat ─▶ Reshape ─▶ Softmax ─▶ Conv ─▶ Reshape ─┬─▶ Slice: left, top     ─▶ … ─▶ boxes
        ▲ here                                           └─▶ Slice: right, bottom

    With R = 1 the middle part is not there.
    """
    upwards = [boxes]
    for name in upwards:
        node = makers.get(name)
        if node is None or len(upwards) > _FAR:
            return None
        if node.op_type in ("Slice", "Split"):
            maker = makers.get(node.input[0])
            while maker is not None and maker.op_type in ("Reshape", "Transpose", "Conv", "Softmax"):
                maker = makers.get(maker.input[0])
            return maker.output[0] if maker is not None and maker.op_type == "Concat" else None
        upwards += [one for one in node.input if one in makers and one not in upwards]
    return None


def _drop_unused(model: Any) -> None:
    """Removes what no output needs."""
    graph = model.graph
    makers = {name: node for node in graph.node for name in node.output}
    needed, open_ends = set(), [one.name for one in graph.output]
    while open_ends:
        name = open_ends.pop()
        if name not in needed:
            needed.add(name)
            open_ends += makers[name].input if name in makers else []
    used: Any
    for items, used in (
        (graph.node, lambda node: any(name in needed for name in node.output)),
        (graph.initializer, lambda tensor: tensor.name in needed),
        (graph.value_info, lambda value: value.name in needed),
    ):
        kept = [item for item in items if used(item)]
        del items[:]
        items.extend(kept)


def _same(one: Session, other: Session) -> bool:
    """Whether two models say the same of every cell of a picture."""
    image = np.random.default_rng(0).integers(0, 256, (360, 640, 3), np.uint8)
    try:
        mine, theirs = _seen(one, image), _seen(other, image)
    except ModelError:
        return False
    return (
        len(mine.scores) == len(theirs.scores)
        and bool(np.array_equal(mine.classes, theirs.classes))
        and bool(np.allclose(mine.boxes, theirs.boxes, atol=_BOX_ERROR_PX))
        and bool(np.allclose(mine.scores, theirs.scores, atol=_SCORE_ERROR))
    )


def _seen(session: Session, image: NDArray[np.uint8]) -> Candidates:
    height, width = session.input.shape[2:]
    size = image.shape[1], image.shape[0]
    place = letterbox_into(size, (width, height)) if width and height else letterbox(size, 640)
    tensor = InputTensors(BYTES_IN in forms(session)).fill([image], [place])
    outputs = session.run(tensor.astype(session.element, copy=False))
    shapes = [output.shape for output in outputs]
    names = class_names(session.metadata, str(session.path))
    layout = recognise(shapes, place.input, len(names) if names else None, str(session.path), RAW_OUT in forms(session))
    return layout.read([outputs[i] for i in layout.outputs], place.input, -1.0, every_class=True)[0]
