"""Labelled pictures in the format of YOLO data sets, in our labels.

data.yaml: {path: ., train: images/train, val: images/val, names: {0: person, 1: bicycle, …}}
images/val/a.jpg        labels/val/a.txt, a line a box: class, middle x, middle y, width, height; 0..1
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from models.detections import Detections
from models.errors import ModelError
from models.labels import label_of

Item = TypeVar("Item")
Part = Literal["train", "val"]
Box = tuple[float, float, float, float]
"""x1 y1 x2 y2."""
PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})


@dataclass(frozen=True, slots=True)
class Labelled:
    """A picture with its true boxes.

    Attributes:
        path: The picture's file.
        image: (h, w, 3) uint8 BGR.
        truth: Boxes in px, with score 1.
    """

    path: Path
    image: NDArray[np.uint8]
    truth: Detections


class Dataset:
    """A data set; its class names become our labels, and boxes of other classes are left out.

    Attributes:
        path: Its .yaml file.
        names: Name of each class, by number.
        labels: Our label of each class; None where it is no road user.

    Raises:
        ModelError: It can't be read, or none of its classes is a road user.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        content = read_yaml(path)
        names = content.get("names")
        if isinstance(names, list):
            names = dict(enumerate(names))
        if not isinstance(names, dict) or not names:
            raise ModelError(f"{path}: has no class `names`, such as names: {{0: person, 1: bicycle}}")
        self.names = {int(number): str(name) for number, name in sorted(names.items())}
        self.labels = {number: label_of(name) for number, name in self.names.items()}
        if not any(label is not None for label in self.labels.values()):
            raise ModelError(f"{path}: none of its classes is a road user: {', '.join(map(str, names.values()))}")
        self._content = content
        # As Ultralytics has it: `path` is relative to the file (or absolute), the parts are relative to `path`.
        self._root = path.parent / str(content.get("path") or ".")

    def files(self, part: Part) -> list[Path]:
        """The pictures of a part, in order of their names; none where the data set has no such part.

        Raises:
            ModelError: The part is named, but there are no pictures.
        """
        stated = self._content.get(part)
        if stated is None:
            return []
        found: list[Path] = []
        for place in stated if isinstance(stated, list) else [stated]:
            where = self._root / str(place)
            if where.is_file():
                lines = where.read_text(encoding="utf-8").splitlines()
                found += [where.parent / line.strip() for line in lines if line.strip()]
            else:
                found += (one for one in where.rglob("*") if one.suffix.lower() in PICTURE_SUFFIXES)
        if not found:
            raise ModelError(f"{self.path}: its part {part!r} has no pictures ({self._root / str(stated)})")
        return sorted(found)

    def read(self, part: Part) -> Iterator[Labelled]:
        """The pictures of a part with their truth.

        Raises:
            ModelError: A picture or its labels can't be read.
        """
        for path in self.files(part):
            image = read_picture(path)
            yield Labelled(path, image, self._truth(path, (image.shape[1], image.shape[0])))

    def _truth(self, picture: Path, size: tuple[int, int]) -> Detections:
        path = label_file(picture)
        rows = []
        # A picture without a file of labels shows no road user.
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        for number, line in enumerate(lines, 1):
            try:
                kind, box = self.read_line(line, size)
            except ValueError as error:
                raise ModelError(f"{path}, line {number}: {error}") from None
            label = self.labels[kind]
            if label is not None:
                rows.append((*box, 1.0, label))
        return Detections.of(*dict.fromkeys(rows))

    def read_line(self, line: str, size: tuple[int, int]) -> tuple[int, Box]:
        """The class and the box of a line of labels.

        Args:
            line: Class, and middle and size of a box or the corners of a polygon, in 0..1.
            size: Width and height of the picture in the unit that is wanted.

        Raises:
            ValueError: It is no such line.
        """
        try:
            kind, *values = line.split()
            box = _box([float(value) for value in values], size)
            number = float(kind)  # some tools write 3.0
            if number in self.labels:
                return int(number), box
        except ValueError:
            pass
        raise ValueError(f"expected a class of {self.path.name} and x y width height in 0..1, found {line[:60]!r}")


def read_picture(path: Path) -> NDArray[np.uint8]:
    """A picture of a file, (h, w, 3) uint8 BGR.

    Raises:
        ModelError: It can't be read.
    """
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise ModelError(f"{path}: is no picture that can be read")
    return image.astype(np.uint8, copy=False)


def frames_of(path: Path, most: int) -> Iterator[NDArray[np.uint8]]:
    """Some pictures of a folder or a clip, evenly spread over it, (h, w, 3) uint8 BGR.

    Raises:
        ModelError: There are none, or they can't be read.
    """
    if path.is_dir():
        files = sorted(one for one in path.rglob("*") if one.suffix.lower() in PICTURE_SUFFIXES)
        if not files:
            raise ModelError(f"{path}: has no pictures")
        yield from map(read_picture, spread(files, most))
        return
    clip = cv2.VideoCapture(str(path))
    try:
        count = int(clip.get(cv2.CAP_PROP_FRAME_COUNT)) if clip.isOpened() else 0
        wanted = set(spread(range(max(count, 0)), most))
        if not wanted:
            raise ModelError(f"{path}: is neither a folder of pictures nor a clip that can be read")
        # Decoded from the beginning: seeking is inexact in many clips.
        for number in range(max(wanted) + 1):
            if not clip.grab():
                break
            if number in wanted:
                yield clip.retrieve()[1].astype(np.uint8, copy=False)
    finally:
        clip.release()


def spread(items: Sequence[Item], most: int) -> list[Item]:
    """At most so many of some items, evenly spread."""
    if len(items) <= most:
        return list(items)
    return [items[i * len(items) // most] for i in range(most)]


def read_yaml(path: Path) -> dict[str, Any]:
    """What stands in the file of a data set.

    Raises:
        ModelError: It can't be read, or is no data set.
    """
    try:
        content = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(f"{path}: there is no such data set") from None
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise ModelError(f"{path}: can't be read: {str(error).splitlines()[0]}") from None
    if not isinstance(content, dict):
        raise ModelError(f"{path}: is no data set in YOLO format; expected path, train, val and names")
    return content


def label_file(picture: Path) -> Path:
    """`…/images/val/a.jpg` → `…/labels/val/a.txt`: the last folder `images` is replaced."""
    parts = list(picture.parts)
    for i in reversed(range(len(parts) - 1)):
        if parts[i] == "images":
            parts[i] = "labels"
            break
    return Path(*parts).with_suffix(".txt")


def _box(values: list[float], size: tuple[int, int]) -> Box:
    """A box in px from middle and size, or around a polygon of a segmentation data set; 0..1.

    Raises:
        ValueError: It is none of both.
    """
    if len(values) == 4:
        x, y, w, h = values
        low, high = (x - w / 2, y - h / 2), (x + w / 2, y + h / 2)
    elif len(values) >= 6 and len(values) % 2 == 0:
        low, high = (min(values[::2]), min(values[1::2])), (max(values[::2]), max(values[1::2]))
    else:
        raise ValueError("neither a box nor a polygon")
    return low[0] * size[0], low[1] * size[1], high[0] * size[0], high[1] * size[1]
