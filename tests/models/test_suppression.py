from collections.abc import Callable
from random import Random

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.detections import Label
from models.suppression import SAME_VEHICLE, suppress

KIN = {Label.PERSON: 0, Label.BICYCLE: 1, Label.MOTORCYCLE: 1, Label.CAR: 2, Label.BUS: 2, Label.TRUCK: 2}


def iou(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    x1, y1, x2, y2 = *np.maximum(a[:2], b[:2]), *np.minimum(a[2:], b[2:])
    common = max(0.0, float(x2 - x1)) * max(0.0, float(y2 - y1))
    areas = [float((box[2] - box[0]) * (box[3] - box[1])) for box in (a, b)]
    return common / (sum(areas) - common)


def plain(
    boxes: NDArray[np.float32], order: list[int], rivals: Callable[[int, int], bool], overlap: float
) -> list[int]:
    """Non-maximum suppression as the textbook has it."""
    kept: list[int] = []
    for i in order:
        if not any(rivals(i, j) and iou(boxes[i], boxes[j]) > overlap for j in kept):
            kept.append(i)
    return kept


# Sides are whole numbers and the limits odd ones, so that no IoU is exactly the limit.
corner = st.integers(0, 40)
side = st.integers(1, 30)
objects = st.lists(st.tuples(corner, corner, side, side, st.sampled_from(list(Label))), max_size=25)


@given(objects, st.sampled_from([0.4513, 0.6017, 0.7019]), st.randoms(use_true_random=False))
def test_keeps_what_the_textbook_keeps(
    found: list[tuple[int, int, int, int, Label]], overlap: float, chance: Random
) -> None:
    boxes = np.array([(x, y, x + w, y + h) for x, y, w, h, _ in found], np.float32).reshape(-1, 4)
    labels = np.array([label for *_, label in found], np.int8)
    order = list(range(len(found)))
    chance.shuffle(order)
    scores = np.zeros(len(found), np.float32)
    scores[order] = np.linspace(0.9, 0.1, len(found))  # no two alike
    same = plain(boxes, order, lambda i, j: labels[i] == labels[j], overlap)
    both = plain(boxes, same, lambda i, j: labels[i] != labels[j] and KIN[labels[i]] == KIN[labels[j]], SAME_VEHICLE)
    # On the limit itself either answer is right, and rounding decides.
    assume(all(abs(iou(a, b) - SAME_VEHICLE) > 1e-4 for a in boxes for b in boxes))
    assert suppress(boxes, scores, labels, overlap).tolist() == both


def test_one_vehicle_under_two_names_keeps_the_better() -> None:
    boxes = np.array([[0, 0, 100, 100], [2, 0, 100, 100], [0, 3, 100, 100]], np.float32)
    labels = np.array([Label.CAR, Label.TRUCK, Label.BUS], np.int8)
    assert suppress(boxes, np.array([0.4, 0.8, 0.5], np.float32), labels, 0.6).tolist() == [1]


def test_road_users_of_other_kinds_never_suppress_each_other() -> None:
    boxes = np.array([[0, 0, 100, 100]] * 3, np.float32)
    labels = np.array([Label.PERSON, Label.MOTORCYCLE, Label.CAR], np.int8)
    assert suppress(boxes, np.array([0.4, 0.8, 0.5], np.float32), labels, 0.1).tolist() == [1, 2, 0]


def test_riders_side_by_side_in_a_pack_stay() -> None:
    # 20 px wide, 12 px apart: a quarter of the union is common.
    boxes = np.array([[12 * i, 0, 12 * i + 20, 40] for i in range(6)], np.float32)
    labels = np.full(6, Label.MOTORCYCLE, np.int8)
    assert sorted(suppress(boxes, np.linspace(0.3, 0.9, 6, dtype=np.float32), labels, 0.6).tolist()) == list(range(6))


def test_nothing_in_nothing_out() -> None:
    none = np.empty((0, 4), np.float32)
    assert suppress(none, np.empty(0, np.float32), np.empty(0, np.int8), 0.6).tolist() == []
