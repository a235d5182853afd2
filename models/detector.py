"""What every detector is: a frozen config whose one verb, `load()`, makes the live thing."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from models.detections import Detections


class Picture(Protocol):
    """What a detector needs to know of a frame (`streams.frame.Frame` is one)."""

    @property
    def camera(self) -> str:
        """Id of the camera."""
        ...

    @property
    def index(self) -> int:
        """Number of the picture in its stream, from 0."""
        ...

    @property
    def time_s(self) -> float:
        """The stream's own clock, seconds."""
        ...

    @property
    def captured_at(self) -> datetime:
        """Wall clock, UTC."""
        ...

    @property
    def image(self) -> NDArray[np.uint8]:
        """Pixels, (H, W, 3) uint8 BGR."""
        ...


class Detector(Protocol):
    """A detector that has been loaded. Safe to be called from several threads."""

    @property
    def description(self) -> str:
        """What really runs, for people: model, input and execution provider."""
        ...

    def detect(self, pictures: Sequence[Picture]) -> list[Detections]:
        """What is in each of the pictures, in their own pixels."""
        ...


class DetectorConfig(BaseModel, ABC):
    """How road users are found in a picture."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    confidence: float = Field(
        default=0.3, gt=0, lt=1, description="Score that a detection needs to begin a track, 0..1."
    )

    every: Annotated[int, Field(ge=1)] | Literal["auto"] = Field(
        default=1,
        description="Look at every picture (1), every second one (2), …; `auto`: as often as the traffic asks for.",
    )

    def missing(self) -> Mapping[str, str]:
        """What it needs and can't have: why, by the field that names it. Nothing is loaded."""
        return {}

    @abstractmethod
    def load(self, threads: int | None = None) -> Detector:
        """Loads the detector and warms it up.

        Args:
            threads: CPU threads that one run may use, where the config does not say; all cores if not given.

        Raises:
            ModelError: The model can't be used.
        """
