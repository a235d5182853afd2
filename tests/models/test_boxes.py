import numpy as np
import pytest

from models.boxes import iou


def test_overlap_of_every_pair() -> None:
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 5], [20, 20, 30, 30], [5, 5, 5, 9], [9, 9, 1, 1]], float)
    expected = [[1, 0.5, 0, 0, 0], [0.5, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0] * 5, [0] * 5]
    assert iou(boxes, boxes).tolist() == expected
    assert iou(boxes[:2], boxes[2:]).shape == (2, 3)
    assert iou(boxes[:0], boxes).shape == (0, 5)


def test_boxes_of_a_detector_lose_nothing_on_the_way() -> None:
    boxes = np.array([[1000.1, 0, 4000.3, 2000.7], [1000.2, 0.1, 4000.1, 2000.9]], np.float32)
    overlap = iou(boxes, boxes)
    assert overlap.dtype == np.float64
    assert overlap.tolist() == iou(boxes.astype(np.float64), boxes.astype(np.float64)).tolist()
    assert overlap[0, 1] == pytest.approx(0.9998, abs=1e-4)
