import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from models.detectors.yolo import Yolo
from models.errors import ModelError
from models.graph import BYTES_IN, RAW_OUT, prepare
from models.session import SessionOptions, open_session
from tests.models.exports import SIDE, Picture, picture, save, trained, v8

CPU = SessionOptions("cpu", 1)


def noise(width: int, height: int) -> Picture:
    return Picture(np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8))


@pytest.mark.parametrize("distances", [16, 1])
@pytest.mark.parametrize("masks", [0, 4])
def test_a_prepared_model_says_the_same_and_does_less(tmp_path: Path, distances: int, masks: int) -> None:
    plain = trained(tmp_path / "plain.onnx", distances, masks=masks)
    fast = tmp_path / "fast.onnx"
    assert prepare(plain, fast) == {BYTES_IN, RAW_OUT}
    assert len(onnx.load(fast).graph.node) < len(onnx.load(plain).graph.node)
    session = open_session(fast, CPU)
    assert session.element is np.uint8
    assert [output.name for output in session.outputs] == ["boxes", "scores"]
    pictures = [noise(SIDE, SIDE), noise(200, 96)]
    slow, quick = (
        Yolo(model=str(path), provider="cpu", threads=1, floor=0.01).load().detect(pictures) for path in (plain, fast)
    )
    for expected, actual in zip(slow, quick, strict=True):
        assert len(expected) > 3
        np.testing.assert_array_equal(actual.labels, expected.labels)
        np.testing.assert_allclose(actual.scores, expected.scores, atol=1e-4)
        np.testing.assert_allclose(actual.boxes, expected.boxes, atol=0.02)


def test_a_prepared_model_is_measured_as_the_plain_one_is(tmp_path: Path) -> None:
    plain = trained(tmp_path / "plain.onnx")
    prepare(plain, tmp_path / "fast.onnx")
    image = noise(SIDE, SIDE).image
    slow, quick = (Yolo(model=str(path), provider="cpu").load().measure(image) for path in tmp_path.glob("*.onnx"))
    assert len(slow) > 10
    np.testing.assert_array_equal(quick.labels, slow.labels)
    np.testing.assert_allclose(quick.scores, slow.scores, atol=1e-4)


def test_a_prepared_model_may_see_nothing_at_all(tmp_path: Path) -> None:
    for distances in (16, 1):
        fast = tmp_path / f"{distances}.onnx"
        prepare(trained(tmp_path / "plain.onnx", distances), fast)
        detector = Yolo(model=str(fast), provider="cpu", floor=0.9999, confidence=0.99999).load()
        assert len(detector.detect([noise(SIDE, SIDE)])[0]) == 0


def test_preparing_twice_changes_nothing(tmp_path: Path) -> None:
    once, twice = tmp_path / "once.onnx", tmp_path / "twice.onnx"
    prepare(trained(tmp_path / "plain.onnx"), once)
    assert prepare(once, twice) == {BYTES_IN, RAW_OUT}
    assert twice.read_bytes() == once.read_bytes()


def test_what_is_built_another_way_stays_as_it_is(tmp_path: Path) -> None:
    plain = save(tmp_path / "plain.onnx", v8([(4, 8, 20, 28, 0.9, 0)], 1), names=["car"])
    assert prepare(plain, tmp_path / "same.onnx") == frozenset()
    assert (tmp_path / "same.onnx").read_bytes() == plain.read_bytes()


def test_a_change_that_would_say_something_else_is_not_made(tmp_path: Path) -> None:
    # Boxes that are made of something more than the distances: cut off, that would be lost.
    model = onnx.load(trained(tmp_path / "plain.onnx"))
    strides = next(tensor for tensor in model.graph.initializer if tensor.name == "strides")
    strides.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(strides) * 1.1, "strides"))
    onnx.save(model, tmp_path / "other.onnx")
    assert prepare(tmp_path / "other.onnx", tmp_path / "fast.onnx") == {BYTES_IN}


def test_bytes_in_an_order_that_nobody_states_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "bytes.onnx", v8([], 1), names=["car"], element=TensorProto.UINT8)
    with pytest.raises(ModelError, match=r"does not say in which order of colours.*ngatu models export"):
        Yolo(model=str(path)).load()


def test_raw_outputs_of_another_shape_are_refused(tmp_path: Path) -> None:
    metadata = {"ngatu.form": RAW_OUT}
    path = save(tmp_path / "raw.onnx", v8([], 1), names=["car"], metadata=metadata)
    with pytest.raises(ModelError, match=r"are not those of a prepared model with 1 classes"):
        Yolo(model=str(path)).load()


def test_without_the_package_onnx_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = save(tmp_path / "plain.onnx", v8([], 1), names=["car"])
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ModelError, match="needs the package onnx; install it with: pip install"):
        prepare(plain, tmp_path / "fast.onnx")
    assert len(Yolo(model=str(plain)).load().detect([picture()])[0]) == 0, "running needs it never"
