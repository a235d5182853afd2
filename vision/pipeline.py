"""Pipeline: one camera, pure. Observations go in, events come out; the same in, the same out."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from models.detections import Detections
from models.observation import Observation

from vision.camera_incidents import CameraIncidents
from vision.errors import SiteError
from vision.events import Event, Incident
from vision.measuring.measure import Measure
from vision.measuring.meter import MEASURE_RULE
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
    """Something at work that stops alone by a fault of its own."""

    name: str
    fault: str | None = field(default=None)


@dataclass(slots=True)
class _RunningRule(_Running):
    rule: Rule = field(kw_only=True)
    watch: Watch = field(kw_only=True)


class Pipeline:
    """Tracker, rules and measurements of one camera. Used by one thread at a time."""

    def __init__(self, scene: Scene, tracker: Tracker, rules: Sequence[Rule], measure: Measure | None = None) -> None:
        """Starts every rule.

        Args:
            scene: Lines, zones and lanes of the camera.
            tracker: A fresh tracker.
            rules: What to look for.
            measure: What to measure; nothing if not given.

        Raises:
            SiteError: The scene lacks what a rule needs; the message names the rule.
        """
        self._scene = scene
        self._tracker = tracker
        self._motion = Motion(scene.ground)
        self._signals = SignalClock()
        self._camera = CameraIncidents()
        self._last_s = 0.0
        self._rules: list[_RunningRule] = []
        for rule in rules:
            try:
                self._rules.append(_RunningRule(rule.id, rule=rule, watch=rule.watch(scene)))
            except SiteError as error:
                raise SiteError(f"camera {scene.camera!r}, rule {rule.id!r}: {error}") from None
        self._measuring = measure.start(scene, rules) if measure else None
        self._measurements = _Running(MEASURE_RULE)

    @property
    def faults(self) -> dict[str, str]:
        """Rules that have stopped by a fault of their own: id and what happened; `measure` for measurements."""
        return {running.name: running.fault for running in (*self._rules, self._measurements) if running.fault}

    def step(self, observation: Observation) -> Step:
        """Takes the next observation; its stream clock must be later than the one before.

        While the picture can't be trusted nobody is tracked and no rule is asked: what was open has ended as unknown,
        and when the picture is right again, every rule begins anew.
        """
        self._last_s = observation.time_s
        changed = observation.health != self._camera.health
        told: list[Event] = list(self._camera.step(observation))
        trusted = observation.health == "valid"
        if changed and not trusted:
            told = [*self._lose_sight(), *told]
        if not trusted:
            observation = replace(observation, detections=Detections.empty())
        tracks = self._tracker.step(observation.detections, observation.time_s)
        moving = self._motion.step(tracks, observation.size)
        signals = self._signals.step(observation.signals, observation.time_s, observation.signals_since_s)
        view = self._scene.place(tracks, observation, moving, signals)
        if trusted:
            told += self._ask(lambda one: one.watch.step(one.rule.share(view, self._scene)))
        if self._measuring:
            told += self._guarded(self._measurements, partial(self._measuring.step, view, tuple(told)))
        return Step(view, tuple(told))

    def finish(self) -> tuple[Event, ...]:
        """Ends what is open: the stream has ended."""
        events = self._ask(lambda one: one.watch.finish())
        if self._measuring:
            events += self._guarded(self._measurements, self._measuring.finish)
        return (*events, *self._camera.finish(self._last_s))

    def lose(self) -> tuple[Event, ...]:
        """Ends what is open as unknown: the camera is lost. Intervals go on: it may come back in time."""
        return (*self._lose_sight(), *self._camera.finish(self._last_s))

    def _lose_sight(self) -> list[Event]:
        """Ends what is open, since nobody sees how it goes on, and lets every rule begin anew."""
        ended = self._ask(lambda one: one.watch.finish())
        for running in self._rules:
            running.watch = running.rule.watch(self._scene)
        return [
            event.model_copy(update={"outcome": "unknown"}) if isinstance(event, Incident) else event for event in ended
        ]

    def _ask(self, question: Callable[[_RunningRule], Iterable[Event]]) -> list[Event]:
        """Asks every rule."""
        return [event for one in self._rules for event in self._guarded(one, partial(question, one))]

    def _guarded(self, running: _Running, question: Callable[[], Iterable[Event]]) -> list[Event]:
        """Asks something at work; one that raises stops alone."""
        events: list[Event] = []
        if running.fault:
            return events
        try:
            events.extend(question())
        except Exception as error:
            running.fault = f"{type(error).__name__}: {error}"
            log.exception("camera %s: rule %s stopped", self._scene.camera, running.name)
        return events
