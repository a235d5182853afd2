"""From the class names of any detector to our labels."""

import ast
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from models.detections import Label
from models.errors import ModelError

LabelWord = Literal["person", "bicycle", "motorcycle", "car", "bus", "truck"]
LABEL_WORDS: tuple[LabelWord, ...] = get_args(LabelWord)
IGNORED = -1

COCO: Mapping[int, LabelWord] = {0: "person", 1: "bicycle", 2: "car", 3: "motorcycle", 5: "bus", 7: "truck"}
"""Class numbers of the road users among COCO's 80 classes, in the order in which every YOLO numbers them."""
COCO_CLASSES = 80

# Names as data sets have them, lower case, without accents, words parted by one space; a plural s is dropped.
# Vans and pick-ups count as cars, as in Vietnam's sign code (QCVN 41); motor three-wheelers as motorcycles.
NAMES: Mapping[LabelWord, str] = {
    "person": "person, people, pedestrian, human, man, woman, child, walker, rider, nguoi, nguoi di bo",
    "bicycle": "bicycle, bike, cycle, cyclist, pedal cycle, e bike, ebike, rickshaw, cycle rickshaw, cyclo, "
    "xe dap, xich lo",
    "motorcycle": "motorcycle, motorbike, motor bike, motor, moto, scooter, motor scooter, moped, two wheeler, "
    "motorcyclist, biker, bike rider, tricycle, awning tricycle, three wheeler, auto rickshaw, "
    "autorickshaw, tuk tuk, tuktuk, cng, xe may, mo to, xe mo to, xe gan may, xe ba gac, "
    "xe ba banh",
    "car": "car, sedan, suv, hatchback, taxi, cab, jeep, van, minivan, mini van, pickup, pick up, "
    "pickup truck, police car, automobile, light vehicle, o to, oto, xe o to, xe oto, xe hoi, "
    "xe con, xe ban tai",
    "bus": "bus, minibus, mini bus, microbus, coach, school bus, trolleybus, xe buyt, xe bus, xe khach",
    "truck": "truck, lorry, heavy truck, light truck, mini truck, big truck, dump truck, garbage truck, "
    "fire truck, firetruck, container truck, tanker, trailer, semi trailer, semi, heavy vehicle, "
    "concrete mixer, xe tai, xe container, xe dau keo",
}
_LABEL_OF_NAME = {name: Label.of(word) for word, names in NAMES.items() for name in names.split(", ")}
_TWO_WHEELERS = (Label.BICYCLE, Label.MOTORCYCLE)


def label_of(name: str) -> Label | None:
    """Our label of a detector's class name; None where it is no road user of ours.

    >>> label_of("Motor-bikes"), label_of("xe tải"), label_of("teddy bear")
    (<Label.MOTORCYCLE: 2>, <Label.TRUCK: 5>, None)
    """
    plain = unicodedata.normalize("NFD", name.lower().replace("đ", "d"))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    plain = re.sub(r"[^a-z0-9]+", " ", plain).strip()
    for known in (plain, plain.removesuffix("es"), plain.removesuffix("s")):
        if known in _LABEL_OF_NAME:
            return _LABEL_OF_NAME[known]
    return None


def class_names(metadata: Mapping[str, str], model: str) -> list[str] | None:
    """The classes in the metadata of an export, in their order; None where there are none.

    Raises:
        ModelError: They can't be read.
    """
    text = metadata.get("names")
    if text is None:
        return None
    try:
        names = ast.literal_eval(text)
        if isinstance(names, dict):
            names = [names[number] for number in range(len(names))]
        return [str(name) for name in names] or None
    except (ValueError, SyntaxError, TypeError, KeyError):
        raise ModelError(f"{model}: metadata `names` can't be read: {text[:80]!r}; export it again") from None


def label_table(
    names: Sequence[str], overrides: Mapping[str, LabelWord | Literal["ignore"]], model: str
) -> NDArray[np.int8]:
    """Our label of each of a model's classes.

    Args:
        names: The model's classes in their order.
        overrides: What counts in place of our own table; keys are class names, or class numbers as text.
        model: Name of the model for messages.

    Returns:
        (classes,) int8: values of `Label`, or `IGNORED`.

    Raises:
        ModelError: An override names no class of the model, or no class is a road user.
    """
    table = np.full(len(names), IGNORED, np.int8)
    unused = set(overrides)
    for number, name in enumerate(names):
        key = name if name in overrides else str(number)
        word = overrides.get(key)
        unused.discard(key)
        label = label_of(name) if word is None else None if word == "ignore" else Label.of(word)
        table[number] = IGNORED if label is None else label
    if unused:
        raise ModelError(
            f"{model}: label_map names {', '.join(map(repr, sorted(unused)))}, "
            f"which the model does not know; its classes are: {_listed(names)}"
        )
    if (table == IGNORED).all():
        raise ModelError(
            f"{model}: none of its classes is a road user: {_listed(names)}. "
            f"If one is, say so in the detector's label_map, such as label_map: {{{names[0]!r}: car}}"
        )
    return table


def reports_riders_apart(names: Sequence[str], table: NDArray[np.int8]) -> bool:
    """Whether a model reports a rider and the two-wheeler as two objects, as far as its classes can tell.

    A model with exactly our classes in our order is taken for one that was trained with our labels, in which
    a rider belongs to the two-wheeler.
    """
    if [name.lower() for name in names] == [label.word for label in Label]:
        return False
    return Label.PERSON in table and any(label in table for label in _TWO_WHEELERS)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:20])
    return shown if len(names) <= 20 else f"{shown} … ({len(names)} classes)"
