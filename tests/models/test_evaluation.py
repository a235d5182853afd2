from pathlib import Path

import cv2
import numpy as np
import pytest

from models.dataset import Dataset
from models.detections import Detections, Label
from models.errors import ModelError
from models.evaluation import score

CAR = (10.0, 10.0, 60.0, 60.0)
FAR = (200.0, 200.0, 260.0, 260.0)


# A perfect detector gets 0.995 from the validator of Ultralytics too: the last step of recall has no precision.
def test_all_found_and_nothing_else_is_perfect() -> None:
    truth = Detections.of((*CAR, 1.0, Label.CAR), (*FAR, 1.0, Label.BUS))
    found = Detections.of((*CAR, 0.9, Label.CAR), (*FAR, 0.8, Label.BUS))
    result = score([(found, truth)])
    assert result.map50 == pytest.approx(1.0, abs=0.006)
    assert result.map50_95 == pytest.approx(1.0, abs=0.006)
    assert result.by_label[Label.CAR].truths == 1
    assert set(result.by_label) == {Label.CAR, Label.BUS}


def test_nothing_found_or_another_label_is_nothing() -> None:
    truth = Detections.of((*CAR, 1.0, Label.CAR))
    assert score([(Detections.empty(), truth)]).map50 == 0
    assert score([(Detections.of((*CAR, 0.9, Label.TRUCK)), truth)]).map50 == 0


def test_a_false_one_that_is_surer_than_the_true_one_halves_the_precision() -> None:
    truth = Detections.of((*CAR, 1.0, Label.CAR))
    found = Detections.of((*FAR, 0.9, Label.CAR), (*CAR, 0.5, Label.CAR))
    assert score([(found, truth)]).map50 == pytest.approx(0.5, abs=0.01)
    less_sure = Detections.of((*FAR, 0.3, Label.CAR), (*CAR, 0.5, Label.CAR))
    assert score([(less_sure, truth)]).map50 == pytest.approx(1.0, abs=0.01)


def test_the_same_one_twice_is_one_true_and_one_false() -> None:
    truth = Detections.of((*CAR, 1.0, Label.CAR), (*FAR, 1.0, Label.CAR))
    found = Detections.of((*CAR, 0.9, Label.CAR), (*CAR, 0.8, Label.CAR), (*FAR, 0.7, Label.CAR))
    # Precision 1 up to half of the recall, then 2/3.
    assert score([(found, truth)]).map50 == pytest.approx((1 + 2 / 3) / 2, abs=0.01)


def test_a_loose_box_counts_at_the_loose_thresholds_only() -> None:
    truth = Detections.of((0.0, 0.0, 100.0, 100.0, 1.0, Label.CAR))
    found = Detections.of((0.0, 0.0, 100.0, 72.0, 0.9, Label.CAR))  # IoU 0.72: five of ten thresholds
    result = score([(found, truth)])
    assert result.map50 == pytest.approx(1.0, abs=0.006)
    assert result.map50_95 == pytest.approx(0.5, abs=0.006)


def test_a_data_set_is_read_in_our_labels(tmp_path: Path) -> None:
    for kind in ("images", "labels"):
        (tmp_path / kind).mkdir()
    cv2.imwrite(str(tmp_path / "images/a.png"), np.zeros((100, 200, 3), np.uint8))
    (tmp_path / "labels/a.txt").write_text("1 0.5 0.5 0.1 0.2\n0 0.5 0.5 0.1 0.1\n")
    data = tmp_path / "data.yaml"
    data.write_text("path: .\nval: images\nnames: [dog, Motorbike]\n")
    [one] = Dataset(data).read("val")
    assert one.truth.labels.tolist() == [Label.MOTORCYCLE], "a dog is no road user"
    assert one.truth.boxes.tolist() == [[90.0, 40.0, 110.0, 60.0]]
    (tmp_path / "labels/a.txt").write_text("1 0.5\n")
    with pytest.raises(ModelError, match=r"a\.txt, line 1"):
        list(Dataset(data).read("val"))
    with pytest.raises(ModelError, match="no such data set"):
        Dataset(tmp_path / "no.yaml")
