"""Exports, and that the exported model sees what its weights see. Most of it needs the extra `train`."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from models import suppression
from models.catalogue import WEIGHTS, user_folder
from models.detections import Detections
from models.detectors.yolo import Yolo
from models.errors import ModelError
from models.export import export
from models.graph import BYTES_IN, RAW_OUT
from models.session import SessionOptions, open_session
from tests.models.exports import Picture, trained

PT = WEIGHTS / "street-n.pt"
STREETS = Path(__file__).parents[3] / "shared" / "data" / "labelled" / "images" / "val"

with_ultralytics = pytest.mark.skipif(
    importlib.util.find_spec("ultralytics") is None, reason="needs the extra `train` (Ultralytics and torch)"
)


def test_an_onnx_file_is_prepared(tmp_path: Path) -> None:
    plain = trained(tmp_path / "plain.onnx")
    assert export(str(plain), tmp_path / "new" / "fast.onnx") == {BYTES_IN, RAW_OUT}
    assert [one.name for one in (tmp_path / "new").iterdir()] == ["fast.onnx"]


def test_what_is_no_model_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "new" / "model.onnx"
    with pytest.raises(ModelError, match=r"gone\.pt: there is no such model file"):
        export(str(tmp_path / "gone.pt"), target)
    with pytest.raises(ModelError, match=r"expected \.pt weights, an \.onnx file, or an official name"):
        export("model.engine", target)
    (tmp_path / "broken.onnx").write_bytes(b"hello")
    with pytest.raises(ModelError, match="is no ONNX file"):
        export(str(tmp_path / "broken.onnx"), target)
    assert list(tmp_path.rglob("model*")) == []


def test_without_ultralytics_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    (tmp_path / "best.pt").write_bytes(b"weights")
    for weights in (str(tmp_path / "best.pt"), "yolo26n"):
        with pytest.raises(ModelError, match=r"Ultralytics, which is not installed; .*pip install 'ngatu\[train\]'"):
            export(weights, tmp_path / "out.onnx")
    assert [one.name for one in tmp_path.iterdir()] == ["best.pt"]


@with_ultralytics
def test_weights_that_are_none_are_refused(tmp_path: Path) -> None:
    (tmp_path / "best.pt").write_bytes(b"weights")
    with pytest.raises(ModelError, match=r"best\.pt: Ultralytics can't export it: "):
        export(str(tmp_path / "best.pt"), tmp_path / "out.onnx")
    assert [one.name for one in tmp_path.iterdir()] == ["best.pt"]


@with_ultralytics
def test_an_official_name_that_can_not_be_had_says_what_else_works(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"the official weights can't be fetched .*ngatu models add FILE\.pt"):
        export("no-such-model", tmp_path / "out.onnx")


@pytest.fixture(name="exported", scope="module")
def fixture_exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("exported") / "street.onnx"
    assert export(str(PT), target) == {BYTES_IN, RAW_OUT}
    return target


@pytest.fixture(name="theirs", scope="module")
def fixture_theirs() -> Any:
    """The same weights, run by Ultralytics itself."""
    return pytest.importorskip("ultralytics").YOLO(str(PT))


def pictures() -> Iterator[NDArray[np.uint8]]:
    """Photographs that come with Ultralytics, and some streets where they are there."""
    import ultralytics  # type: ignore[import-untyped, unused-ignore] # noqa: PLC0415

    photographs = sorted((Path(ultralytics.__file__).parent / "assets").glob("*.jpg"))
    streets = sorted(STREETS.glob("*.jpg"))[::15] if STREETS.is_dir() else []
    for path in [*photographs, *streets]:
        image = cv2.imread(str(path))
        assert image is not None
        yield image.astype(np.uint8)


@with_ultralytics
@pytest.mark.filterwarnings("default")  # those of torch are not ours
@pytest.mark.parametrize("shipped", [True, False], ids=["shipped", "exported"])
def test_the_same_weights_see_the_same_boxes_as_in_ultralytics(
    theirs: Any, exported: Path, shipped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suppression, "SAME_VEHICLE", 1.0)  # Ultralytics leaves a vehicle under two names
    model = "street-n" if shipped else str(exported)
    ours = Yolo(model=model, provider="cpu", floor=0.2, overlap=0.6).load()
    seen = 0
    for image in pictures():
        [mine] = ours.detect([Picture(image)])
        [result] = theirs.predict(image, conf=0.2, iou=0.6, imgsz=640, device="cpu", verbose=False)
        other = Detections(
            result.boxes.xyxy.numpy(), result.boxes.conf.numpy(), result.boxes.cls.numpy().astype(np.int8)
        )
        other = other[np.argsort(-other.scores, kind="stable")]
        # What lies within the error of the floor may be on either side of it.
        mine, other = (one[one.scores > 0.21] for one in (mine, other))
        assert len(mine) == len(other)
        for box, score, label in zip(mine.boxes, mine.scores, mine.labels, strict=True):
            near = (np.abs(other.boxes - box).max(axis=1) <= 1) & (np.abs(other.scores - score) <= 0.01)
            assert (near & (other.labels == label)).any()
        seen += len(mine)
    assert seen > 5


@with_ultralytics
def test_an_export_is_in_the_form_that_runs_fastest(exported: Path) -> None:
    session = open_session(exported, SessionOptions("cpu", 1))
    assert session.element is np.uint8
    assert len(session.outputs) == 2
    assert not list(user_folder().iterdir())
