"""Channel: one camera at work in the engine, and what a picture of it becomes."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from models.detections import Detections
from models.detector import Detector
from models.lamps import LampReader
from models.observation import Health, Observation, SignalState
from models.static import Blobs, StaticBlobs
from streams.frame import Frame
from streams.health import StreamHealth
from streams.picture_health import PictureFault, PictureWatch
from streams.reader import Reader

from vision.attention import Attention
from vision.camera_incidents import camera_lost
from vision.events import Incident
from vision.pipeline import Pipeline
from vision.signal_feed import SignalFeed
from vision.signals import LONG_BEFORE_S, Phase
from vision.site import Camera

HEALTH: Mapping[PictureFault | None, Health] = {
    None: "valid",
    "frozen": "camera_frozen",
    "dark": "camera_dark",
    "bright": "camera_bright",
    "covered": "camera_covered",
    "moved": "camera_moved",
    "blurred": "camera_blurred",
}
"""What of a picture's fault stands in an observation."""


@dataclass(slots=True)
class Channel:
    """One camera at work.

    Attributes:
        abreast: So many of its pictures may be with the detector at once.
        at_work: So many workers are busy with it.
        taken: So many pictures have been taken for analysis.
        turn: Which of these is next at tracker and rules.
    """

    camera: Camera
    detector: Detector
    pipeline: Pipeline
    reader: Reader
    attention: Attention
    confidence: float
    lamps: Mapping[str, LampReader]
    picture: PictureWatch
    static: StaticBlobs | None
    feed: SignalFeed
    abreast: int
    at_work: int = 0
    taken: int = 0
    turn: int = 0
    close_due: bool = False
    closed: bool = False
    analysed: int = 0
    failed: int = 0
    fault: Exception | None = None
    seen_s: float = 0.0
    seen_at: float = field(default_factory=time.monotonic)
    lost: Incident | None = None

    @property
    def now_s(self) -> float:
        """About where the stream's clock stands, also while no picture comes."""
        return self.seen_s + time.monotonic() - self.seen_at

    def lose(self, health: StreamHealth) -> Incident | None:
        """Notes that its stream is lost; the incident that begins, None where it has begun already."""
        if self.lost is not None:
            return None
        self.close_due = True
        self.lost = camera_lost(self.camera.id, health, self.now_s)
        return self.lost

    def find(self) -> Incident | None:
        """Notes that it is lost no more, or that nobody looks any more; the incident that ends with it."""
        if self.lost is None:
            return None
        ended = self.lost.model_copy(update={"status": "ended", "ended_s": self.now_s})
        self.lost = None
        return ended


def observed(
    frame: Frame,
    detections: Detections,
    signals: Mapping[str, SignalState],
    told: Mapping[str, Phase],
    blobs: Blobs,
    health: Health,
) -> Observation:
    """What one picture of a camera told us, and others of signals at that moment."""
    return Observation(
        camera=frame.camera,
        time_s=frame.time_s,
        captured_at=frame.captured_at,
        size=frame.size,
        detections=detections,
        signals={**signals, **{name: one.state for name, one in told.items()}},
        static=blobs.come,
        removed=blobs.gone,
        health=health,
        signals_since_s={name: one.since_s for name, one in told.items() if one.since_s > LONG_BEFORE_S},
    )
