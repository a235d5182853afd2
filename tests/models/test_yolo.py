from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto
from pydantic import ValidationError

from models.detections import Detections, Label
from models.detectors.yolo import Yolo, YoloDetector
from models.errors import ModelError
from tests.models.exports import CELLS, SIDE, Box, end_to_end, picture, save, v5, v8

OURS = ["person", "bicycle", "motorcycle", "car", "bus", "truck"]
# Two road users, a weak one, and one below the floor.
BOXES: list[Box] = [(4, 8, 20, 28, 0.9, 3), (30, 10, 40, 50, 0.7, 0), (44, 40, 60, 60, 0.2, 2), (1, 1, 9, 9, 0.05, 5)]
EXPECTED = [
    (4, 8, 20, 28, 0.9, Label.CAR),
    (30, 10, 40, 50, 0.7, Label.PERSON),
    (44, 40, 60, 60, 0.2, Label.MOTORCYCLE),
]
PROTOTYPES = np.ones((1, 32, SIDE // 4, SIDE // 4), np.float32)


def load(path: Path, **settings: Any) -> YoloDetector:
    return Yolo(model=str(path), input_size=SIDE, provider="cpu", threads=1, **settings).load()


def seen(path: Path, **settings: Any) -> Detections:
    return load(path, **settings).detect([picture()])[0]


def assert_seen(actual: Detections, expected: Sequence[tuple[float, float, float, float, float, Label]]) -> None:
    wanted = Detections.of(*expected)
    np.testing.assert_array_equal(actual.labels, wanted.labels)
    np.testing.assert_allclose(actual.scores, wanted.scores, rtol=1e-5)
    np.testing.assert_allclose(actual.boxes, wanted.boxes, atol=1e-4)


@pytest.mark.parametrize(
    ("outputs", "layout"),
    [
        ([v5(BOXES, 6)], "v5"),
        ([v8(BOXES, 6)], "v8"),
        ([end_to_end(BOXES)], "end-to-end"),
        ([v5(BOXES, 6, 32), PROTOTYPES], "v5"),
        ([v8(BOXES, 6, 32), PROTOTYPES], "v8"),
        ([end_to_end(BOXES, 32), PROTOTYPES], "end-to-end"),
    ],
    ids=["v5", "v8", "end-to-end", "v5 segmentation", "v8 segmentation", "end-to-end segmentation"],
)
def test_every_layout_gives_exactly_the_boxes_that_are_in_it(
    tmp_path: Path, outputs: list[NDArray[np.float32]], layout: str
) -> None:
    path = save(tmp_path / "model.onnx", *outputs, names=OURS)
    detector = load(path)
    assert_seen(detector.detect([picture()])[0], EXPECTED)
    assert f"YOLO {layout}, 6 classes" in detector.description
    assert "64x64 px, cpu, 1 thread" in detector.description


def test_a_model_with_one_class_is_not_taken_for_end_to_end(tmp_path: Path) -> None:
    # (1, 3·cells, 6) has six columns as end-to-end has, (1, 5, cells) five rows.
    one: list[Box] = [(4, 8, 20, 28, 0.9, 0)]
    for table in (v5(one, 1), v8(one, 1)):
        assert_seen(seen(save(tmp_path / "one.onnx", table, names=["xe máy"])), [(4, 8, 20, 28, 0.9, Label.MOTORCYCLE)])


def test_boxes_come_in_pixels_of_each_picture(tmp_path: Path) -> None:
    path = save(tmp_path / "model.onnx", v8([(16, 24, 32, 40, 0.9, 3)], 6), names=OURS, shape=["batch", 3, SIDE, SIDE])
    # 128x64 lies in 64x64 at half its size with 16 rows of padding above; 32x32 at twice its size.
    wide, small = load(path).detect([picture(128, 64), picture(32, 32)])
    assert_seen(wide, [(32, 16, 64, 48, 0.9, Label.CAR)])
    assert_seen(small, [(8, 12, 16, 20, 0.9, Label.CAR)])


def test_boxes_outside_the_picture_are_cut_off_or_left_out(tmp_path: Path) -> None:
    boxes: list[Box] = [(-5, 20, 10, 30, 0.9, 3), (10, 2, 20, 14, 0.8, 3)]
    path = save(tmp_path / "model.onnx", v8(boxes, 6), names=OURS)
    found = load(path).detect([picture(128, 64)])[0]
    assert_seen(found, [(0, 8, 20, 28, 0.9, Label.CAR)])


@pytest.mark.parametrize("shape", [("batch", 3, "height", "width"), (1, 3, "height", "width"), ("b", 3, SIDE, SIDE)])
def test_dynamic_and_half_dynamic_inputs(tmp_path: Path, shape: tuple[int | str, ...]) -> None:
    path = save(tmp_path / "model.onnx", v8(BOXES, 6), names=OURS, shape=shape)
    detector = load(path)
    for found in detector.detect([picture(), picture()]):
        assert_seen(found, EXPECTED)


def test_a_half_precision_input_is_fed(tmp_path: Path) -> None:
    path = save(tmp_path / "half.onnx", v8(BOXES, 6), names=OURS, element=TensorProto.FLOAT16)
    assert_seen(seen(path), EXPECTED)


def test_input_types_batches_and_shapes_that_can_not_be_fed_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    save(path, v8(BOXES, 6), names=OURS, element=TensorProto.INT64)
    with pytest.raises(ModelError, match=r"input images is tensor\(int64\); expected one of tensor\(float\)"):
        load(path)
    save(path, v8(BOXES, 6), names=OURS, shape=(4, 3, SIDE, SIDE))
    with pytest.raises(ModelError, match="takes batches of 4 only; export it with dynamic=True or batch=1"):
        load(path)
    save(path, v8(BOXES, 6), names=OURS, shape=(1, 1, SIDE, SIDE))
    with pytest.raises(ModelError, match=r"has shape \(1, 1, 64, 64\); expected \(batch, 3, height, width\)"):
        load(path)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (v8(BOXES, 6), r"has 4 classes, so the v8 layout has 4 \+ 4 classes = 8 values .* found 10"),
        (v5(BOXES, 6), r"has 4 classes, so the v5 layout has 5 \+ 4 classes = 9 values .* found 11"),
    ],
    ids=["v8", "v5"],
)
def test_a_wrong_number_of_classes_says_expected_and_found(
    tmp_path: Path, table: NDArray[np.float32], says: str
) -> None:
    with pytest.raises(ModelError, match=says):
        load(save(tmp_path / "model.onnx", table, names=OURS[:4]))


def test_mask_weights_without_prototypes_are_a_wrong_number_of_classes(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="found 42"):
        load(save(tmp_path / "model.onnx", v8(BOXES, 6, 32), names=OURS))


@pytest.mark.parametrize(
    ("outputs", "says"),
    [
        ([np.zeros((1, CELLS, 30), np.float32)], "one row for each grid cell, as YOLOX"),
        ([np.zeros((1, 512), np.float32)], r"outputs \(1, 512\) are no YOLO layout"),
        ([np.zeros((1, 7, 11), np.float32)], r"outputs \(1, 7, 11\) are no YOLO layout"),
        ([np.zeros((1, 64, 80), np.float32), np.zeros((1, 64, 32), np.float32)], r"\(1, 64, 80\), \(1, 64, 32\)"),
    ],
    ids=["YOLOX", "classifier", "odd table", "several tables"],
)
def test_other_layouts_are_refused(tmp_path: Path, outputs: list[NDArray[np.float32]], says: str) -> None:
    with pytest.raises(ModelError, match=says):
        load(save(tmp_path / "model.onnx", *outputs))


def test_other_tasks_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "pose.onnx", v8([], 1, 51), names=["person"], metadata={"task": "pose"})
    with pytest.raises(ModelError, match="task 'pose'; expected one for detect or segment"):
        load(path)


@pytest.mark.parametrize("names", ["{0: 'car'", "{1: 'car'}", "7", "__import__('os')"])
def test_class_names_that_can_not_be_read_are_refused(tmp_path: Path, names: str) -> None:
    with pytest.raises(ModelError, match="metadata `names` can't be read"):
        load(save(tmp_path / "model.onnx", v8([], 1), names=names))


def test_names_may_be_a_list(tmp_path: Path) -> None:
    path = save(tmp_path / "model.onnx", v8([(4, 8, 20, 28, 0.9, 1)], 2), names="['cat', 'lorry']")
    assert_seen(seen(path), [(4, 8, 20, 28, 0.9, Label.TRUCK)])


def test_a_model_without_names_is_told_what_its_classes_are(tmp_path: Path) -> None:
    path = save(tmp_path / "model.onnx", v8([(4, 8, 20, 28, 0.9, 1), (30, 30, 40, 40, 0.8, 0)], 2))
    with pytest.raises(ModelError, match=r"no class `names`\. Say in the detector's label_map"):
        load(path)
    assert_seen(seen(path, label_map={1: "bus"}), [(4, 8, 20, 28, 0.9, Label.BUS)])
    with pytest.raises(ModelError, match="label_map names '2', which the model does not know"):
        load(path, label_map={"1": "bus", "2": "car"})


def test_eighty_classes_without_names_are_those_of_coco(tmp_path: Path) -> None:
    boxes: list[Box] = [(4, 8, 20, 28, 0.9, 7), (30, 30, 40, 40, 0.8, 6), (50, 50, 60, 60, 0.7, 2)]
    path = save(tmp_path / "model.onnx", v8(boxes, 80))
    assert_seen(seen(path), [(4, 8, 20, 28, 0.9, Label.TRUCK), (50, 50, 60, 60, 0.7, Label.CAR)])


def test_end_to_end_without_names_ignores_classes_that_the_map_has_not(tmp_path: Path) -> None:
    boxes: list[Box] = [(4, 8, 20, 28, 0.9, 1), (30, 30, 40, 40, 0.8, 55)]
    path = save(tmp_path / "model.onnx", end_to_end(boxes))
    assert_seen(seen(path, label_map={"1": "car"}), [(4, 8, 20, 28, 0.9, Label.CAR)])


def test_labels_can_be_mapped_ignored_and_restricted(tmp_path: Path) -> None:
    names = ["van", "bus", "dog", "person"]
    boxes: list[Box] = [
        (0, 0, 10, 10, 0.9, 0),
        (20, 0, 30, 10, 0.8, 1),
        (40, 0, 50, 10, 0.7, 2),
        (0, 40, 5, 60, 0.6, 3),
    ]
    path = save(tmp_path / "model.onnx", v8(boxes, 4), names=names)
    assert seen(path).labels.tolist() == [Label.CAR, Label.BUS, Label.PERSON]
    assert seen(path, label_map={"van": "truck", "bus": "ignore"}).labels.tolist() == [Label.TRUCK, Label.PERSON]
    assert seen(path, labels=["bus"]).labels.tolist() == [Label.BUS]
    with pytest.raises(ModelError, match=r"label_map names 'vann'.*its classes are: van, bus, dog, person"):
        load(path, label_map={"vann": "truck"})


def test_a_model_without_road_users_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="none of its classes is a road user: cat, dog"):
        load(save(tmp_path / "pets.onnx", v8([], 2), names=["cat", "dog"]))


def test_the_best_class_decides_also_where_it_is_ignored(tmp_path: Path) -> None:
    table = v8([(4, 8, 20, 28, 0.9, 1)], 2)
    table[0, 4, 0] = 0.5  # the same box is a car with 0.5 and a train with 0.9
    assert len(seen(save(tmp_path / "model.onnx", table, names=["car", "train"]))) == 0


def test_doubles_go_and_neighbours_stay(tmp_path: Path) -> None:
    boxes: list[Box] = [
        (0, 0, 20, 40, 0.9, 2),
        (1, 1, 21, 41, 0.6, 2),  # the same motorcycle again
        (10, 0, 30, 40, 0.5, 2),  # its neighbour in the pack
        (34, 0, 60, 20, 0.8, 5),
        (35, 0, 60, 21, 0.7, 3),  # the same truck as a car
    ]
    path = save(tmp_path / "model.onnx", v8(boxes, 6), names=OURS)
    assert_seen(
        seen(path),
        [
            (0, 0, 20, 40, 0.9, Label.MOTORCYCLE),
            (34, 0, 60, 20, 0.8, Label.TRUCK),
            (10, 0, 30, 40, 0.5, Label.MOTORCYCLE),
        ],
    )
    assert len(seen(path, max_detections=2)) == 2
    assert len(seen(path, overlap=0.3)) == 2
    assert len(seen(path, overlap=1)) == 4


def test_an_end_to_end_model_has_parted_neighbours_itself(tmp_path: Path) -> None:
    boxes: list[Box] = [
        (0, 0, 20, 40, 0.9, 2),
        (1, 1, 21, 41, 0.6, 2),
        (34, 0, 60, 20, 0.8, 5),
        (35, 0, 60, 21, 0.7, 3),
    ]
    found = seen(save(tmp_path / "model.onnx", end_to_end(boxes), names=OURS))
    assert found.labels.tolist() == [Label.MOTORCYCLE, Label.TRUCK, Label.MOTORCYCLE]


COCO_STREET = ["person", "bicycle", "car", "motorcycle"]
RIDER: list[Box] = [(24, 4, 38, 34, 0.9, 0), (16, 20, 48, 44, 0.4, 3)]


def test_riders_are_joined_where_the_model_reports_them_apart(tmp_path: Path) -> None:
    path = save(tmp_path / "apart.onnx", v8(RIDER, 4), names=COCO_STREET)
    assert_seen(seen(path), [(16, 4, 48, 44, 0.6, Label.MOTORCYCLE)])
    assert seen(path, join_riders=False).labels.tolist() == [Label.PERSON, Label.MOTORCYCLE]
    assert seen(path, labels=["motorcycle"]).boxes.tolist() == [[16, 4, 48, 44]]


def test_riders_are_left_alone_in_a_model_with_our_labels(tmp_path: Path) -> None:
    boxes: list[Box] = [(*RIDER[0][:5], 0), (*RIDER[1][:5], 2)]
    path = save(tmp_path / "ours.onnx", v8(boxes, 6), names=OURS)
    assert seen(path).labels.tolist() == [Label.PERSON, Label.MOTORCYCLE]
    assert_seen(seen(path, join_riders=True), [(16, 4, 48, 44, 0.6, Label.MOTORCYCLE)])


def test_the_floor_must_not_be_above_the_confidence() -> None:
    with pytest.raises(ValidationError, match=r"floor 0.4 is above confidence 0.3"):
        Yolo(floor=0.4, confidence=0.3)
    assert Yolo(floor=0.3, confidence=0.3).floor == 0.3


def test_several_cameras_share_the_session_of_one_model(tmp_path: Path) -> None:
    path = save(tmp_path / "model.onnx", v8(BOXES, 6), names=OURS)
    first, second = load(path), load(path, floor=0.25)
    assert first._session is second._session
    assert len(first.detect([picture()])[0]) == 3
    assert len(second.detect([picture()])[0]) == 2


def test_nothing_is_seen_in_no_picture_and_in_an_empty_one(tmp_path: Path) -> None:
    detector = load(save(tmp_path / "model.onnx", v8([], 6), names=OURS))
    assert detector.detect([]) == []
    assert len(detector.detect([picture()])[0]) == 0


def test_a_model_that_is_not_there_is_missing(tmp_path: Path) -> None:
    own = tmp_path / "own.onnx"
    assert Yolo().missing() == {}
    assert Yolo(model=str(own)).missing() == {"model": f"{own}: there is no such model file"}
    own.write_bytes(b"whether it can be loaded is not asked")
    assert Yolo(model=str(own)).missing() == {}
    assert "Did you mean street-n?" in Yolo(model="stret-n").missing()["model"]
