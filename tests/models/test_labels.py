from typing import get_args

import numpy as np
import pytest

from models.detections import Label
from models.labels import NAMES, LabelWord, label_of, label_table, reports_riders_apart


def test_the_words_are_those_of_the_labels() -> None:
    assert list(get_args(LabelWord)) == [label.word for label in Label] == list(NAMES)


def test_no_name_stands_for_two_labels() -> None:
    names = [name for names in NAMES.values() for name in names.split(", ")]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("person", Label.PERSON),
        ("Pedestrians", Label.PERSON),
        ("rider", Label.PERSON),
        ("người đi bộ", Label.PERSON),
        ("bike", Label.BICYCLE),
        ("xe_dap", Label.BICYCLE),
        ("Xe đạp", Label.BICYCLE),
        ("Motor", Label.MOTORCYCLE),
        ("motor-bike", Label.MOTORCYCLE),
        ("Scooter", Label.MOTORCYCLE),
        ("awning-tricycle", Label.MOTORCYCLE),
        ("xe máy", Label.MOTORCYCLE),
        ("minivan", Label.CAR),
        ("Pick_Up", Label.CAR),
        ("Ô tô", Label.CAR),
        ("buses", Label.BUS),
        ("mini bus", Label.BUS),
        ("lorry", Label.TRUCK),
        ("XE TẢI", Label.TRUCK),
        ("train", None),
        ("traffic light", None),
        ("s", None),
        ("", None),
    ],
)
def test_class_names_of_others_become_our_labels(name: str, label: Label | None) -> None:
    assert label_of(name) is label


def test_every_name_of_the_table_is_found_as_it_is_written_there() -> None:
    for word, names in NAMES.items():
        assert {label_of(name) for name in names.split(", ")} == {Label.of(word)}


def test_overrides_go_by_name_or_number_and_win() -> None:
    table = label_table(["van", "cat", "bus"], {"van": "truck", "1": "person", "bus": "ignore"}, "m")
    np.testing.assert_array_equal(table, [Label.TRUCK, Label.PERSON, -1])
    assert table.dtype == np.int8


@pytest.mark.parametrize(
    ("names", "apart"),
    [
        (["person", "bicycle", "car", "motorcycle", "bus", "truck"], True),
        (["person", "bicycle", "motorcycle", "car", "bus", "truck"], False),
        (["pedestrian", "motor"], True),
        (["car", "motorcycle"], False),
        (["person", "car"], False),
    ],
)
def test_models_that_report_riders_apart_are_told_by_their_classes(names: list[str], apart: bool) -> None:
    assert reports_riders_apart(names, label_table(names, {}, "m")) is apart
