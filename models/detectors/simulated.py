"""Detections from the simulator: the truth that a synthetic frame carries beside its picture."""

from collections.abc import Sequence
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from models.detections import Detections
from models.detector import DetectorConfig, Picture
from models.errors import ModelError


@runtime_checkable
class SimulatedPicture(Protocol):
    """What a synthetic frame has on top of a frame (`streams` and `models` do not know each other).

    Attributes:
        boxes: (n, 4) float32 px, x1 y1 x2 y2.
        labels: (n,) int8, values of `Label`.
    """

    boxes: NDArray[np.float32]
    labels: NDArray[np.int8]


class Simulated(DetectorConfig):
    """Hands on what the simulator knows, made worse on purpose where wanted. For synthetic sources only."""

    kind: Literal["simulated"] = "simulated"
    score: float = Field(default=0.9, ge=0, le=1, description="Score of every detection.")
    miss: float = Field(default=0.0, ge=0, le=1, description="Share of road users that are missed in a frame.")
    jitter: float = Field(
        default=0.0,
        ge=0,
        le=0.5,
        description="Random error of every corner (standard deviation), as a part of the box's sides.",
    )
    seed: int = Field(default=0, ge=0, description="The same seed misses and errs in the same way again.")

    def load(self, threads: int | None = None) -> "SimulatedDetector":
        """Nothing to load."""
        return SimulatedDetector(self)


class SimulatedDetector:
    """The simulator's truth as detections."""

    description = "detections come from the simulator: no model looks at the pictures"

    def __init__(self, settings: Simulated) -> None:
        self._settings = settings

    def detect(self, pictures: Sequence[Picture]) -> list[Detections]:
        """What is in each of the synthetic pictures (see `Detector.detect`).

        Raises:
            ModelError: A picture comes from another source.
        """
        return [self._truth(picture) for picture in pictures]

    def _truth(self, picture: Picture) -> Detections:
        if not isinstance(picture, SimulatedPicture):
            raise ModelError(
                f"camera {picture.camera}: detector kind simulated works with source kind synthetic only; "
                f"for real pictures set detector: {{kind: yolo}}"
            )
        settings = self._settings
        boxes, labels = picture.boxes, picture.labels
        if settings.miss or settings.jitter:
            # Seeded by the frame, not by the order of calls: threads and drops do not change what is seen.
            chance = np.random.default_rng([settings.seed, picture.index])
            seen = chance.random(len(boxes)) >= settings.miss
            sides = np.tile(boxes[:, 2:] - boxes[:, :2], 2)
            error = chance.normal(0, 1, boxes.shape).clip(-2, 2) * settings.jitter * sides
            boxes = (boxes + error).astype(np.float32)
            # A corner must not pass the one opposite.
            boxes = np.hstack((np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])))
            boxes, labels = boxes[seen], labels[seen]
        return Detections(boxes, np.full(len(boxes), settings.score, np.float32), labels)
