"""A data set made ready for training: checked, in our six labels, riders one with their two-wheelers.

data/images/train/000012-a.jpg   a link to the picture a.jpg of the data set
data/labels/train/000012-a.txt   its boxes in our labels, faulty ones left out
data/train.txt                   the pictures to show, those with rare labels more than once
data/data.yaml
"""

import hashlib
import math
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from ruamel.yaml import YAML

from models.dataset import Box, Dataset, Part, label_file
from models.detections import Detections, Label
from models.errors import ModelError
from models.join import join_riders
from models.labels import IGNORED, reports_riders_apart
from models.training.night import as_night

Riders = Literal["auto", "apart", "joined"]
Boxes = NDArray[np.float64]
"""(n, 5): label, x1, y1, x2, y2; all but the label in 0..1 of the picture."""

LEAST_PX = 3.0
"""A box with a shorter side, in the picture scaled to 640 px, can't be learnt."""
MOST_FAULTS = 0.05
"""Share of pictures and boxes with a fault beyond which the data set is in another format than it seems."""
_TWO_WHEELERS = (Label.BICYCLE, Label.MOTORCYCLE)


@dataclass(frozen=True, slots=True, eq=False)
class LabelledPicture:
    """A picture and what is in it."""

    picture: Path
    boxes: Boxes


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """What is in a part of a data set.

    Attributes:
        pictures: The pictures with their boxes, without what is faulty.
        joined: How many riders became part of their two-wheelers.
        faults: What was left out and why, one line each: file, line, fault.
        checked: How many pictures and boxes there are with the faulty ones.
        digests: Of the pictures' files.
    """

    pictures: tuple[LabelledPicture, ...]
    joined: int
    faults: tuple[str, ...]
    checked: int
    digests: frozenset[bytes]

    @property
    def counts(self) -> dict[Label, int]:
        """Boxes of each label."""
        counted = Counter(int(label) for one in self.pictures for label in one.boxes[:, 0])
        return {label: counted[label] for label in Label}


def survey(data: Dataset, part: Part, riders: Riders = "auto", besides: frozenset[bytes] = frozenset()) -> Survey:
    """Reads and checks a part of a data set.

    Args:
        data: The data set.
        part: Which part.
        riders: How it has riders and two-wheelers (see `Recipe`).
        besides: Digests of pictures that stand in the other part; a model is not measured on what it has learnt.

    Raises:
        ModelError: There is no such part, nothing in it can be learnt, or more than `MOST_FAULTS` of it is faulty.
    """
    files = data.files(part)
    if not files:
        raise ModelError(f"{data.path}: has no part {part!r}; training needs `train` and, other pictures, `val`")
    apart = riders == "apart" or (riders == "auto" and _riders_apart(data))
    pictures: list[LabelledPicture] = []
    faults: list[str] = []
    digests: set[bytes] = set()
    checked, joined_riders = len(files), 0
    for path in files:
        image = cv2.imread(str(path), cv2.IMREAD_REDUCED_GRAYSCALE_8)
        if image is None:
            faults.append(f"{path}: is no picture that can be read")
            continue
        digest = hashlib.sha256(path.read_bytes()).digest()
        if digest in besides:
            faults.append(f"{path}: is in the other part too")
            continue
        digests.add(digest)
        found = list(_rows(data, label_file(path), (image.shape[1], image.shape[0])))
        checked += len(found)
        faults += (row for row in found if isinstance(row, str))
        boxes, rides = _labelled(data, [row for row in found if not isinstance(row, str)])
        one = joined(boxes, rides) if apart else boxes
        joined_riders += len(boxes) - len(one)
        pictures.append(LabelledPicture(path, one))
    if len(faults) > MOST_FAULTS * checked:
        raise ModelError(
            f"{data.path}: {len(faults)} of {checked} pictures and boxes of its part {part!r} are faulty. At most "
            f"{MOST_FAULTS:.0%} are left out; more mean that it is in another format. The first:\n{listed(faults)}"
        )
    if not any(len(one.boxes) for one in pictures):
        raise ModelError(f"{data.path}: no road user is labelled in its part {part!r} ({files[0].parent} …)")
    return Survey(tuple(pictures), joined_riders, tuple(faults), checked, frozenset(digests))


def listed(faults: Iterable[str], most: int = 20) -> str:
    """The first of some faults, one a line."""
    lines = list(faults)
    more = [f"… and {len(lines) - most} more"] if len(lines) > most else []
    return "\n".join(lines[:most] + more)


def joined(boxes: Boxes, rides: NDArray[np.bool_]) -> Boxes:
    """Boxes of a data set that has riders and two-wheelers apart, as one road user each.

    Args:
        boxes: With persons and two-wheelers apart.
        rides: (n,) which of the persons may ride.
    """
    # All criteria are relative to the machine's width and height, so that boxes in 0..1 are as good as px.
    meant = rides | np.isin(boxes[:, 0], _TWO_WHEELERS)
    apart = Detections(
        boxes[meant, 1:].astype(np.float32), np.ones(int(meant.sum()), np.float32), boxes[meant, 0].astype(np.int8)
    )
    one = join_riders(apart)
    return np.vstack([boxes[~meant], np.column_stack([one.labels, one.boxes])])


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


def write(folder: Path, train: Survey, val: Survey, rare: float = 0.0, night: float = 0.0, seed: int = 1) -> Path:
    """Writes a data set as it was read, in our labels, and returns its .yaml file; pictures are linked.

    Args:
        folder: Where; what is there is replaced.
        train: The part to learn from.
        val: The part to measure on.
        rare: Share of pictures in which every label should be seen (see `repeats`).
        night: Share of the pictures with road users that are there once more as by night, to learn from.
        seed: Another number chooses others.
    """
    shutil.rmtree(folder, ignore_errors=True)
    shown = _write_part(folder, "train", train)
    _write_part(folder, "val", val)
    often = repeats(train.pictures, rare)
    lines = [str(path) for path, times in zip(shown, often, strict=True) for _ in range(times)]
    lines += map(str, _write_nights(folder, train, night, seed))
    (folder / "train.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    data = folder / "data.yaml"
    with data.open("w", encoding="utf-8") as file:
        names = {int(label): label.word for label in Label}
        YAML().dump({"path": str(folder.absolute()), "train": "train.txt", "val": "images/val", "names": names}, file)
    return data


def _write_part(folder: Path, part: Part, found: Survey) -> list[Path]:
    """Links the pictures and writes their labels; returns the links."""
    images = folder.absolute() / "images" / part
    images.mkdir(parents=True)
    label_file(images / "a.jpg").parent.mkdir(parents=True)
    links = []
    for number, one in enumerate(found.pictures):
        link = images / f"{number:06}-{one.picture.name}"  # pictures of two folders may have the same name
        link.symlink_to(one.picture.absolute())
        _write_labels(link, one.boxes)
        links.append(link)
    return links


def _write_labels(picture: Path, boxes: Boxes) -> None:
    low, high = boxes[:, 1:3], boxes[:, 3:5]
    rows = np.column_stack([boxes[:, 0], (low + high) / 2, high - low])
    np.savetxt(label_file(picture), rows, fmt=["%d"] + ["%.7f"] * 4)


def _write_nights(folder: Path, found: Survey, share: float, seed: int) -> list[Path]:
    """Writes some pictures as by night, and returns them."""
    random = np.random.default_rng(seed)
    images = folder.absolute() / "images" / "train"
    nights = []
    for number, one in enumerate(found.pictures):
        if not len(one.boxes) or random.random() >= share:
            continue
        image = cv2.imread(str(one.picture), cv2.IMREAD_COLOR)
        assert image is not None, "it was read before"
        night = images / f"{number:06}-night.jpg"
        cv2.imwrite(str(night), as_night(np.asarray(image, np.uint8), one.boxes[:, 1:], random))
        _write_labels(night, one.boxes)
        nights.append(night)
    return nights


def _riders_apart(data: Dataset) -> bool:
    table = np.array([IGNORED if label is None else label for label in data.labels.values()], np.int8)
    return reports_riders_apart(list(data.names.values()), table)


def _labelled(data: Dataset, rows: list[tuple[int, Box]]) -> tuple[Boxes, NDArray[np.bool_]]:
    """Boxes of the road users in our labels, cut off at the picture's edges, and which of them may ride.

    Where a data set has a class for riders, its other people are pedestrians.
    """
    riders = {number for number, name in data.names.items() if "rider" in name.lower()}
    labels = [(kind, data.labels[kind], box) for kind, box in rows]
    known = [(float(label), *np.clip(box, 0, 1)) for _, label, box in labels if label is not None]
    rides = [label is Label.PERSON and (not riders or kind in riders) for kind, label, _ in labels if label is not None]
    return np.array(known, np.float64).reshape(-1, 5), np.array(rides, np.bool_)


def _rows(data: Dataset, file: Path, size: tuple[int, int]) -> Iterator[tuple[int, Box] | str]:
    """Class and box, in 0..1, of each line of a file of labels, or what is wrong with it."""
    try:
        # A picture without a file of labels shows no road user.
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    except (OSError, UnicodeDecodeError) as error:
        yield f"{file}: can't be read: {error}"
        return
    seen: set[tuple[float, ...]] = set()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            kind, box = data.read_line(line, (1, 1))
            _check(box, size)
            key = (kind, *(round(value, 4) for value in box))
            if key in seen:
                raise ValueError("the same box twice")
            seen.add(key)
        except ValueError as error:
            yield f"{file}:{number}: {error}"
        else:
            yield kind, box


def _check(box: Box, size: tuple[int, int]) -> None:
    """Raises ValueError: nothing can be learnt from a box; `size` of its picture in any unit."""
    x1, y1, x2, y2 = box
    width, height = x2 - x1, y2 - y1
    if not all(-1e-6 <= value <= 1 + 1e-6 for value in ((x1 + x2) / 2, (y1 + y2) / 2, width, height)):
        raise ValueError("a box outside 0..1")
    scale = 640 / max(size)
    if min(width * size[0], height * size[1]) * scale < LEAST_PX:
        raise ValueError(f"a box of less than {LEAST_PX:g} px at 640 px")
