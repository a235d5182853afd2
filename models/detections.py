"""Detections and Label: what a detector hands on."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

import numpy as np
from numpy.typing import NDArray


class Label(IntEnum):
    """What a road user is, in our own words. A rider and the two-wheeler are one road user with one box."""

    PERSON = 0
    BICYCLE = 1
    MOTORCYCLE = 2
    CAR = 3
    BUS = 4
    TRUCK = 5

    @property
    def word(self) -> str:
        """The label as it stands in site files and events, such as `motorcycle`."""
        return _WORDS[self]

    @classmethod
    def of(cls, word: str) -> Self:
        """The label of a word.

        Raises:
            ValueError: There is no such label; the message lists those there are.
        """
        for label in cls:
            if label.word == word:
                return label
        raise ValueError(f"no label {word!r}; there are: {', '.join(label.word for label in cls)}")


_WORDS = tuple(label.name.lower() for label in Label)


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """What a detector saw in one picture, in columns of equal length n.

    Attributes:
        boxes: (n, 4) float32, px, x1 y1 x2 y2.
        scores: (n,) float32, 0..1.
        labels: (n,) int8, values of `Label`.

    Raises:
        ValueError: A column has another shape than stated.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    labels: NDArray[np.int8]

    def __post_init__(self) -> None:
        n = len(self.boxes)
        for name, actual, expected in (
            ("boxes", self.boxes.shape, (n, 4)),
            ("scores", self.scores.shape, (n,)),
            ("labels", self.labels.shape, (n,)),
        ):
            if actual != expected:
                raise ValueError(f"{name} must have shape {expected}, not {actual}")

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, mask: NDArray[np.bool_] | NDArray[np.intp]) -> "Detections":
        """The rows that a boolean mask or an index array selects."""
        return Detections(self.boxes[mask], self.scores[mask], self.labels[mask])

    @classmethod
    def empty(cls) -> "Detections":
        """No detection at all."""
        return cls(np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty(0, np.int8))

    @classmethod
    def of(cls, *rows: tuple[float, float, float, float, float, Label]) -> "Detections":
        """Detections from rows (x1, y1, x2, y2, score, label)."""
        if not rows:
            return cls.empty()
        return cls(
            np.array([row[:4] for row in rows], np.float32),
            np.array([row[4] for row in rows], np.float32),
            np.array([row[5] for row in rows], np.int8),
        )
