"""What every tracker is: a frozen config whose one verb, `start()`, makes the live thing."""

from abc import ABC, abstractmethod
from typing import Protocol

from models.detections import Detections
from pydantic import BaseModel, ConfigDict

from vision.tracks import Tracks


class Tracker(Protocol):
    """A tracker at work on one camera."""

    def step(self, detections: Detections, time_s: float) -> Tracks:
        """Takes the detections of the next instant.

        Args:
            detections: What was seen. Low scores are welcome: they keep known tracks alive.
            time_s: Stream clock, seconds; later than the step before.
        """
        ...


class TrackerConfig(BaseModel, ABC):
    """How detections become tracks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str

    @abstractmethod
    def start(self, camera: str, confidence: float) -> Tracker:
        """Starts a tracker without any track.

        Args:
            camera: Id of the camera.
            confidence: Score that a detection needs to begin a track, 0..1.
        """
