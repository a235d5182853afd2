"""Observation: all that one instant of one camera told us, and all that `vision` ever sees."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.detections import Detections

SignalState = Literal["red", "yellow", "green", "off", "unknown"]
Health = Literal[
    "valid",
    "camera_lost",
    "camera_frozen",
    "camera_dark",
    "camera_bright",
    "camera_blurred",
    "camera_moved",
    "camera_covered",
]


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """One instant of one camera. A recorded day is a file of these, so every rule can be replayed.

    Attributes:
        camera: Id of the camera.
        time_s: The stream's own clock, seconds, never goes back.
        captured_at: Wall clock, UTC, for people.
        size: Width and height of the picture, px.
        detections: What the detector saw.
        signals: State of each traffic signal by its id.
        static: (k, 4) float32 px, boxes of things that have come, stay, and are no road user that was detected.
        removed: (m, 4) float32 px, boxes of places where a thing was that has gone.
        health: `valid`, or why the picture can't be trusted.
        signals_since_s: Since when those states of `signals` are on of which it was told. Stream clock.
    """

    camera: str
    time_s: float
    captured_at: datetime
    size: tuple[int, int]
    detections: Detections
    signals: Mapping[str, SignalState]
    static: NDArray[np.float32]
    removed: NDArray[np.float32]
    health: Health
    signals_since_s: Mapping[str, float] = field(default_factory=dict)
