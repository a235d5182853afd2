"""Pipeline: one camera, pure. Observations go in, events come out; the same in, the same out."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from models.detections import Detections
from models.observation import Observation

from vision.camera_incidents import CameraIncidents
from vision.errors import SiteError
from vision.events import Event, Incident
from vision.motion import Motion
from vision.rule import Rule, Watch
from vision.scene import Scene, View
from vision.signals import SignalClock
from vision.tracker import Tracker

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Step:
    """What one observation led to: the view, and the events that became certain with it."""

    view: View
    events: tuple[Event, ...]


@dataclass(slots=True)
class _Running:
    rule: Rule
    watch: Watch
    fault: str | None = field(default=None)


class Pipeline:
    """Tracker and rules of one camera. Used by one thread at a time."""

    def __init__(self, scene: Scene, tracker: Tracker, rules: Sequence[Rule]) -> None:
        """Starts every rule.

        Args:
            scene: Lines, zones and lanes of the camera.
            tracker: A fresh tracker.
            rules: What to look for.

        Raises:
            SiteError: The scene lacks what a rule needs; the message names the rule.
        """
        self._scene = scene
        self._tracker = tracker
        self._motion = Motion(scene.ground)
        self._signals = SignalClock()
        self._camera = CameraIncidents()
        self._last_s = 0.0
        self._running: list[_Running] = []
        for rule in rules:
            try:
                self._running.append(_Running(rule, rule.watch(scene)))
            except SiteError as error:
                raise SiteError(f"camera {scene.camera!r}, rule {rule.id!r}: {error}") from None

    @property
    def faults(self) -> dict[str, str]:
        """Rules that have stopped by a fault of their own: id and what happened."""
        return {running.rule.id: running.fault for running in self._running if running.fault}

    def step(self, observation: Observation) -> Step:
        """Takes the next observation; its stream clock must be later than the one before.

        While the picture can't be trusted nobody is tracked and no rule is asked: what was open has ended as unknown,
        and when the picture is right again, every rule begins anew.
        """
        self._last_s = observation.time_s
        changed = observation.health != self._camera.health
        told: tuple[Event, ...] = tuple(self._camera.step(observation))
        trusted = observation.health == "valid"
        if changed and not trusted:
            told = (*self._lose_sight(), *told)
        if not trusted:
            observation = replace(observation, detections=Detections.empty())
        tracks = self._tracker.step(observation.detections, observation.time_s)
        moving = self._motion.step(tracks, observation.size)
        signals = self._signals.step(observation.signals, observation.time_s)
        view = self._scene.place(tracks, observation, moving, signals)
        if not trusted:
            return Step(view, told)
        return Step(view, told + self._ask(lambda one: one.watch.step(one.rule.share(view, self._scene))))

    def finish(self) -> tuple[Event, ...]:
        """Ends what is open: the stream has ended."""
        return self._ask(lambda one: one.watch.finish()) + tuple(self._camera.finish(self._last_s))

    def lose(self) -> tuple[Event, ...]:
        """Ends what is open as unknown: the camera is lost."""
        return self._lose_sight() + tuple(self._camera.finish(self._last_s))

    def _lose_sight(self) -> tuple[Event, ...]:
        """Ends what is open, since nobody sees how it goes on, and lets every rule begin anew."""
        ended = self._ask(lambda one: one.watch.finish())
        for running in self._running:
            running.watch = running.rule.watch(self._scene)
        return tuple(
            event.model_copy(update={"outcome": "unknown"}) if isinstance(event, Incident) else event for event in ended
        )

    def _ask(self, question: Callable[[_Running], Iterable[Event]]) -> tuple[Event, ...]:
        """Asks every rule; one that raises stops alone."""
        events: list[Event] = []
        for running in self._running:
            if running.fault:
                continue
            try:
                events.extend(question(running))
            except Exception as error:
                running.fault = f"{type(error).__name__}: {error}"
                log.exception("camera %s: rule %s stopped", self._scene.camera, running.rule.id)
        return tuple(events)
