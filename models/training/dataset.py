"""A data set in YOLO format: what is in it, what is wrong with it, and which pictures to show more often."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from models.dataset import PICTURE_SUFFIXES, label_file, read_yaml
from models.detections import Detections, Label
from models.errors import ModelError
from models.join import join_riders

LEAST_PX = 3.0
"""A box with a shorter side, in the picture scaled to 640 px, can't be learnt."""


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """A picture and what is in it.

    Attributes:
        picture: The picture's file.
        boxes: (n, 5): label, centre x, centre y, width, height; all but the label in 0..1 of the picture.
    """

    picture: Path
    boxes: np.ndarray[tuple[int, int], np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Survey:
    """What is in a part of a data set.

    Attributes:
        pictures: The pictures with their boxes.
        counts: Boxes of each label.
        faults: What is wrong, one line each; empty where all is well.
    """

    pictures: tuple[LabelledPicture, ...]
    counts: Mapping[Label, int]
    faults: tuple[str, ...]


def survey(data: Path, part: str) -> Survey:
    """Reads and checks a part (`train`, `val`) of a data set.

    Raises:
        ModelError: The data set's file can't be read, or its labels are not our six in our order.
    """
    folder = part_folder(data, part)
    pictures, faults = [], []
    for path in sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES):
        try:
            boxes = _read_labels(label_file(path))
        except ValueError as error:
            faults.append(str(error))
            continue
        faults.extend(f"{path.name}: {fault}" for fault in _faults(path, boxes))
        pictures.append(LabelledPicture(path, boxes))
    if not pictures:
        raise ModelError(f"{folder}: holds no picture with labels")
    counted = Counter(int(label) for one in pictures for label in one.boxes[:, 0])
    return Survey(tuple(pictures), {label: counted[label] for label in Label}, tuple(faults))


def part_folder(data: Path, part: str) -> Path:
    """Folder of the pictures of a part.

    Raises:
        ModelError: There is none, or the labels are not ours.
    """
    try:
        tree = read_yaml(data)
        names = tree["names"]
        names = [names[number] for number in range(len(names))] if isinstance(names, dict) else list(names)
        folder = data.parent / str(tree.get("path", ".")) / str(tree[part])
    except (ModelError, KeyError, TypeError) as error:
        raise ModelError(f"{data}: is no data set in YOLO format: {type(error).__name__}: {error}") from None
    ours = [label.word for label in Label]
    if names != ours:
        raise ModelError(f"{data}: its labels are {names}; the recipe trains {ours}, in this order")
    if not folder.is_dir():
        raise ModelError(f"{data}: {part}: there is no folder {folder}")
    return folder


def joined(boxes: np.ndarray[tuple[int, int], np.dtype[np.float64]], size: tuple[int, int]) -> Detections:
    """Labels of a data set that reports riders and two-wheelers apart (COCO), as one road user each.

    Args:
        boxes: (n, 5) label, centre x, centre y, width, height in 0..1.
        size: Width and height of the picture, px.
    """
    centre, half = boxes[:, 1:3] * size, boxes[:, 3:5] * size / 2
    corners = np.hstack([centre - half, centre + half]).astype(np.float32)
    labels = boxes[:, 0].astype(np.int8)
    return join_riders(Detections(corners, np.ones(len(boxes), np.float32), labels))


def repeats(pictures: tuple[LabelledPicture, ...], wanted: float) -> list[int]:
    """How often each picture is shown in an epoch, so that rare labels are seen more often.

    Repeat-factor sampling (Gupta et al., LVIS, CVPR 2019): a label that is in a share f of the pictures asks for
    sqrt(wanted / f) sights of each of these; a picture is shown as often as the rarest label in it asks.

    Args:
        pictures: The pictures.
        wanted: Share of pictures in which every label should be, 0..1; 0 shows each picture once.
    """
    having = Counter(int(label) for one in pictures for label in set(one.boxes[:, 0].tolist()))
    factor = {label: max(1.0, math.sqrt(wanted * len(pictures) / count)) for label, count in having.items()}
    return [round(max((factor[int(label)] for label in one.boxes[:, 0]), default=1.0)) for one in pictures]


def _read_labels(path: Path) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    if not path.exists():
        return np.empty((0, 5))
    rows = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    try:
        return np.array(rows, np.float64).reshape(len(rows), 5)
    except ValueError:
        raise ValueError(f"{path.name}: not five numbers a line") from None


def _faults(picture: Path, boxes: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> Iterator[str]:
    image = cv2.imread(str(picture), cv2.IMREAD_REDUCED_GRAYSCALE_8)
    if image is None:
        yield "can't be decoded"
        return
    if not np.isin(boxes[:, 0], [int(label) for label in Label]).all():
        yield "a label that is none of the six"
    if (boxes[:, 1:] < 0).any() or (boxes[:, 1:] > 1).any():
        yield "a box outside 0..1"
    scale = 640 / max(image.shape) * np.array(image.shape[1::-1])
    if len(boxes) and (boxes[:, 3:5] * scale).min() < LEAST_PX:
        yield f"a box of less than {LEAST_PX:g} px at 640 px"
    if len(np.unique(boxes.round(4), axis=0)) < len(boxes):
        yield "the same box twice"
