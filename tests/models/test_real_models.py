"""The shipped model and public ones on real pictures. Material beside the repository; skipped where it isn't there."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from models.detections import Detections, Label
from models.detectors.yolo import Yolo
from models.errors import ModelError
from tests.models.exports import Picture

SHARED = Path(__file__).parents[3] / "shared"
REFERENCE = SHARED / "models" / "reference"
PICTURES = SHARED / "data" / "labelled"
CLIPS = SHARED / "data" / "clips"

needs_models = pytest.mark.skipif(not REFERENCE.is_dir(), reason="no reference models in ../shared")
needs_pictures = pytest.mark.skipif(not PICTURES.is_dir(), reason="no labelled pictures in ../shared")
needs_clips = pytest.mark.skipif(not CLIPS.is_dir(), reason="no clips in ../shared")


def labelled(count: int) -> list[tuple[NDArray[np.uint8], Detections]]:
    found = []
    for path in sorted((PICTURES / "images" / "val").glob("street_*.jpg"))[:count]:
        image = cv2.imread(str(path))
        assert image is not None
        height, width = image.shape[:2]
        text = (PICTURES / "labels" / "val" / f"{path.stem}.txt").read_text()
        rows = np.array([line.split() for line in text.splitlines()], np.float32).reshape(-1, 5)
        centre, half = rows[:, 1:3], rows[:, 3:] / 2
        boxes = (np.hstack((centre - half, centre + half)) * [width, height, width, height]).astype(np.float32)
        truth = Detections(boxes, np.ones(len(rows), np.float32), rows[:, 0].astype(np.int8))
        found.append((image.astype(np.uint8), truth))
    return found


def share_found(actual: list[Detections], truth: list[Detections], label: Label) -> float:
    """How many of the true boxes have a detection of their label with an IoU above 0.5."""
    hits = total = 0
    for one, true in zip(actual, truth, strict=True):
        mine, theirs = one.boxes[one.labels == label], true.boxes[true.labels == label]
        total += len(theirs)
        for box in theirs:
            common = np.clip(np.minimum(mine[:, 2:], box[2:]) - np.maximum(mine[:, :2], box[:2]), 0, None).prod(axis=1)
            areas = (mine[:, 2:] - mine[:, :2]).prod(axis=1) + (box[2:] - box[:2]).prod()
            hits += bool((common / (areas - common) > 0.5).any())
    assert total > 0
    return hits / total


@needs_pictures
def test_the_default_model_finds_most_cars_and_trucks_of_real_streets() -> None:
    pictures = labelled(16)
    detector = Yolo().load()
    assert detector.description.startswith("street-n: YOLO raw, 6 classes, input 640 px wide")
    found = detector.detect([Picture(image) for image, _ in pictures])
    truth = [true for _, true in pictures]
    sure = [one[one.scores >= 0.3] for one in found]
    assert share_found(sure, truth, Label.CAR) > 0.7
    weak = [one.scores.min() for one in found if len(one)]
    assert 0.1 < min(weak) < 0.3  # the weak ones are handed on, for the tracker's second stage


@needs_clips
def test_a_car_is_where_it_was_in_the_next_frame_and_from_any_size() -> None:
    clip = cv2.VideoCapture(str(CLIPS / "residential_road.mp4"))
    clip.set(cv2.CAP_PROP_POS_FRAMES, 120)
    frames = [clip.read()[1].astype(np.uint8) for _ in range(2)]
    clip.release()
    detector = Yolo().load()
    large = cv2.resize(frames[0], (1280, 704), interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    first, second, doubled = detector.detect([Picture(image) for image in (*frames, large)])
    sure = first.boxes[first.scores > 0.5]
    assert len(sure) >= 1
    for found, most in ((second.boxes, 12), (doubled.boxes / 2, 4)):
        off = np.abs(sure[:, None, :] - found[None, :, :]).max(axis=2).min(axis=1)
        assert (off <= most).all(), "each that is sure is there again, at the same place"


@needs_models
@needs_pictures
def test_coco_weights_are_read_and_their_cars_found() -> None:
    pictures = labelled(8)
    detector = Yolo(model=str(REFERENCE / "yolov8n_int8.onnx")).load()
    assert "80 classes, input 640x640 px" in detector.description
    found = detector.detect([Picture(image) for image, _ in pictures])
    assert share_found(found, [true for _, true in pictures], Label.CAR) > 0.5


@needs_models
@needs_pictures
def test_a_vietnamese_model_of_two_classes_is_read() -> None:
    paths = sorted((PICTURES / "images" / "val").glob("vietnam_*"))[:4]
    images = [cv2.imread(str(path)) for path in paths]
    detector = Yolo(model=str(REFERENCE / "vn_car_motorcycle_int8.onnx")).load()
    found = detector.detect([Picture(image.astype(np.uint8)) for image in images if image is not None])
    labels = {label for one in found for label in one.labels.tolist()}
    assert labels <= {Label.CAR, Label.MOTORCYCLE}
    assert Label.MOTORCYCLE in labels


@needs_models
@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("yolox_nano_416.onnx", "one row for each grid cell, as YOLOX"),
        ("picodet_s_416_coco.onnx", "are no YOLO layout known here"),
        ("osnet_x0_25_msmt17_reid.onnx", r"outputs \(1, 512\) are no YOLO layout"),
    ],
)
def test_models_of_other_families_are_refused_and_not_read_as_nonsense(file: str, says: str) -> None:
    with pytest.raises(ModelError, match=says):
        Yolo(model=str(REFERENCE / file)).load()
