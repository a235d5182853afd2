"""Incidents of a camera whose picture can't be trusted: dark, frozen, moved … While one holds, nothing else is told."""

from collections.abc import Iterator

from models.observation import Health, Observation
from streams.health import StreamHealth

from vision.events import Incident, event_id

CAMERA_RULE = "camera"
"""Stands for the rule in incidents that concern the camera itself."""


class CameraIncidents:
    """The incident of one camera that is open, if any. One at a time: the gravest is what has to be mended first."""

    def __init__(self) -> None:
        self._open: Incident | None = None

    @property
    def health(self) -> Health:
        """Why the picture can't be trusted; `valid` where it can."""
        return self._open.kind if self._open else "valid"  # type: ignore[return-value]

    def step(self, observation: Observation) -> Iterator[Incident]:
        """Takes the next observation; the incidents that end and begin with it."""
        if observation.health == self.health:
            return
        yield from self.finish(observation.time_s)
        if observation.health != "valid":
            self._open = Incident(
                id=event_id(observation.captured_at, observation.camera, observation.health),
                kind=observation.health,
                rule=CAMERA_RULE,
                camera=observation.camera,
                time_s=observation.time_s,
                at=observation.captured_at,
                label=None,
                track=None,
                place=None,
                score=1.0,
                status="began",
                began_s=observation.time_s,
                severity="critical",
                tracks=(),
            )
            yield self._open

    def finish(self, time_s: float) -> Iterator[Incident]:
        """Ends what is open."""
        if self._open is not None:
            yield self._open.model_copy(update={"status": "ended", "ended_s": time_s})
            self._open = None


def camera_lost(camera: str, health: StreamHealth, now_s: float) -> Incident:
    """The incident of a camera that gives no pictures (ONVIF VideoSource/SignalLoss).

    Args:
        camera: Its id.
        health: How its stream is.
        now_s: Where the stream's clock would stand now.
    """
    began_at = health.gaps[-1].began if health.gaps else health.since
    return Incident(
        id=event_id(began_at, camera, "camera_lost"),
        kind="camera_lost",
        rule=CAMERA_RULE,
        camera=camera,
        time_s=now_s,
        at=health.since,
        label=None,
        track=None,
        place=None,
        score=1.0,
        status="began",
        began_s=max(0.0, now_s - health.silent_s),
        severity="critical",
        tracks=(),
    )
