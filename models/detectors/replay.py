"""Replays recorded detections in place of a model: for tests, and to measure what everything else costs."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from models.detections import Detections
from models.detector import DetectorConfig, Picture
from models.errors import RecordingCutError
from models.images import Size
from models.recording import read_recording

log = logging.getLogger(__name__)


class Replay(DetectorConfig):
    """Hands on the detections that a file has for each frame. The pictures are not looked at."""

    kind: Literal["replay"] = "replay"
    path: Path = Field(
        description="Recorded detections, one JSON line a frame, as --detections-out writes them; .gz is read too."
    )

    def missing(self) -> Mapping[str, str]:
        """The recording, if there is none."""
        return {} if self.path.is_file() else {"path": f"{self.path}: there is no such recording of detections"}

    def load(self, threads: int | None = None) -> "ReplayDetector":
        """Reads the whole recording; of one that breaks off what there is, with a warning in the log.

        Raises:
            ModelError: There is no such file, or a line of it is not right.
        """
        frames: dict[int, tuple[Size, Detections]] = {}
        try:
            for frame, observation in read_recording(self.path):
                frames[frame] = observation.size, observation.detections
        except RecordingCutError as cut:
            log.warning("%s: nothing is detected after it", cut)
        return ReplayDetector(self.path, frames)


class ReplayDetector:
    """Recorded detections, by the number of the frame."""

    def __init__(self, path: Path, frames: Mapping[int, tuple[Size, Detections]]) -> None:
        self._path = path
        self._frames = frames
        self._warned = False
        self.description = f"recorded detections of {path.name}, {len(frames)} frames"

    def detect(self, pictures: Sequence[Picture]) -> list[Detections]:
        """What was recorded for frames of these numbers, in px of the pictures (see `Detector.detect`)."""
        return [self._recorded(picture) for picture in pictures]

    def _recorded(self, picture: Picture) -> Detections:
        if picture.index not in self._frames:
            if not self._warned:
                self._warned = True
                log.warning(
                    "%s: has no frame %d of camera %s: nothing is detected in such frames",
                    self._path,
                    picture.index,
                    picture.camera,
                )
            return Detections.empty()
        (width, height), detections = self._frames[picture.index]
        rows, columns = picture.image.shape[:2]
        if (width, height) == (columns, rows):
            return detections
        # Recorded on another stream of the same camera.
        scale = np.array([columns / width, rows / height] * 2, np.float32)
        return Detections(detections.boxes * scale, detections.scores, detections.labels)
