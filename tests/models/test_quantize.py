import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from models import quantize as module
from models.catalogue import added, find_model, user_folder
from models.detections import Label
from models.detectors.yolo import Yolo
from models.errors import ModelError
from models.evaluation import Evaluation, LabelScore
from models.quantize import Verdict, judge, quantize, quantize_and_judge
from tests.models.exports import SIDE, Picture, save, trained, v8

pytestmark = pytest.mark.filterwarnings("default")  # those of ONNX Runtime's quantization are not ours


def images(count: int) -> list[NDArray[np.uint8]]:
    rng = np.random.default_rng(3)
    return [rng.integers(0, 256, (SIDE, SIDE, 3), np.uint8) for _ in range(count)]


@pytest.fixture(name="folder")
def fixture_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "frames"
    folder.mkdir()
    for number, image in enumerate(images(6)):
        cv2.imwrite(str(folder / f"{number}.png"), image)
    return folder


def score_of(map50: float) -> Evaluation:
    return Evaluation({Label.CAR: LabelScore(map50, map50 / 2, 9)}, 3)


def verdict(gain: float = 1.5, before: float = 0.6, after: float = 0.595) -> Verdict:
    return Verdict(30, 20, gain, score_of(before), score_of(after))


def test_convolutions_are_quantized_and_the_head_is_not(tmp_path: Path) -> None:
    model = find_model(str(trained(tmp_path / "small.onnx")))
    quantize(model, tmp_path / "int8.onnx", images(4))
    nodes = onnx.load(tmp_path / "int8.onnx").graph.node
    reads = {node.name: set(node.input) for node in nodes if node.op_type == "Conv"}
    made = {name for node in nodes if node.op_type == "DequantizeLinear" for name in node.output}
    for name, inputs in reads.items():
        weights = next(one for one in inputs if ".w" in one)
        assert (weights in made) == (not name.startswith("/model.1/")), name
    assert {path.name for path in tmp_path.iterdir()} == {"small.onnx", "int8.onnx"}
    before, after = (
        Yolo(model=str(path), provider="cpu", floor=0.2).load().detect([Picture(images(1)[0])])[0]
        for path in (model.path, tmp_path / "int8.onnx")
    )
    assert len(before) > 0
    assert abs(float(before.scores[0] - after.scores[0])) < 0.05


@pytest.mark.parametrize(
    ("one", "says"),
    [
        (verdict(gain=1.0), "not faster on this machine"),
        (verdict(after=0.58), "loses 2.0 points of mAP50"),
        (verdict(), None),
        (verdict(after=0.65), None),
    ],
    ids=["slow", "worse", "good", "better"],
)
def test_it_is_kept_only_if_it_is_faster_and_as_good(one: Verdict, says: str | None) -> None:
    assert (one.refusal is None) if says is None else (says in str(one.refusal))
    assert "float 30.0 ms, int8 20.0 ms" in str(one)


def test_a_model_against_itself_loses_nothing(tmp_path: Path) -> None:
    model = find_model(str(trained(tmp_path / "small.onnx")))
    found = judge(model, model.path, ((image, None) for image in images(3)))
    assert found.lost == 0
    assert found.original.pictures == 3
    assert found.float_ms > 0


@pytest.mark.parametrize("kept", [True, False])
def test_the_result_is_entered_or_removed(
    tmp_path: Path, folder: Path, kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # How fast this machine is must not decide the test: the bar is moved.
    monkeypatch.setattr(module, "LEAST_GAIN", 0.0 if kept else 1e6)
    monkeypatch.setattr(module, "MOST_LOST", 1.0)
    found, model = quantize_and_judge(find_model(str(trained(tmp_path / "small.onnx"))), None, folder)
    assert found.original.pictures == 3
    files = {path.name for path in user_folder().iterdir()}
    if kept:
        assert model is not None
        assert model.name == "small-int8"
        assert files == {"catalogue.yaml", "small-int8.onnx"}
        assert added()["small-int8"].source.startswith("small.onnx (")
    else:
        assert model is None
        assert files == set()


def test_a_clip_gives_frames_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEAST_GAIN", 1e6)
    clip = cv2.VideoWriter(str(tmp_path / "clip.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, (SIDE, SIDE))
    for image in images(9):
        clip.write(image)
    clip.release()
    found, _ = quantize_and_judge(find_model(str(trained(tmp_path / "small.onnx"))), None, tmp_path / "clip.avi")
    assert found.original.pictures == 4


def small(tmp_path: Path) -> str:
    return str(trained(tmp_path / "small.onnx"))


def nameless(tmp_path: Path) -> str:
    return str(save(tmp_path / "other.onnx", v8([], 1), names=["car"]))


@pytest.mark.parametrize(
    ("make", "frames", "says"),
    [
        (small, None, "needs frames of your own cameras"),
        (small, "empty", "has no pictures"),
        (small, "gone.mp4", "neither a folder of pictures nor a clip"),
        (nameless, "frames", r"no modules /model\.N/"),
    ],
)
def test_what_can_not_be_quantized_is_refused(
    tmp_path: Path, folder: Path, make: Callable[[Path], str], frames: str | None, says: str
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match=says):
        quantize_and_judge(find_model(make(tmp_path)), None, tmp_path / frames if frames else None)
    assert folder.is_dir()
    assert not list(user_folder().iterdir())


def test_twice_is_refused(tmp_path: Path) -> None:
    quantize(find_model(small(tmp_path)), tmp_path / "int8.onnx", images(2))
    with pytest.raises(ModelError, match="is quantized already"):
        quantize(find_model(str(tmp_path / "int8.onnx")), tmp_path / "again.onnx", images(2))


def test_without_the_package_onnx_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = find_model(small(tmp_path))
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ModelError, match="needs the package onnx; install it with: pip install"):
        quantize(model, tmp_path / "int8.onnx", images(1))
