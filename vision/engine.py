"""Engine: all cameras. The only threads of `vision`.

    reader of camera 1 ──▶ mailbox ─┐                       ┌─▶ on_events(events)
    reader of camera 2 ──▶ mailbox ─┼─▶ W workers: the      │
    reader of camera 3 ──▶ mailbox ─┘   earliest first  ────┴─▶ on_analysed(frame, what was found in it)

A worker takes the picture that has waited longest among the cameras nobody works on, so that no camera starves
and each camera's pictures stay in order. Of a file, several pictures may be with the detector at once, each on one
core; tracker and rules take them one after the other:

    worker 1   detect 1 ────▶ track 1 │ detect 3 ────▶ track 3 │
    worker 2        detect 2 ────▶ track 2 │ detect 4 ────▶ track 4 │
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from models.detector import Detector, DetectorConfig
from models.lamps import Lamp
from models.observation import Observation
from models.static import NOTHING, StaticBlobs
from streams.frame import Frame
from streams.health import LOST_STATES, StreamHealth
from streams.picture_reference import PictureReference
from streams.supervisor import CommonFault, LocalSupervisor, Supervisor

from vision.attention import Attention
from vision.channel import HEALTH, Channel, observed
from vision.events import Event, Incident
from vision.scene import View
from vision.signal_feed import SignalFeed
from vision.site import Camera, Site

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Analysed:
    """A picture that went through detector, tracker and rules.

    Attributes:
        frame: The picture.
        observation: What the detector saw.
        view: The road users in their scene.
        events: What became certain with it.
        infer_s: Seconds that the detector took.
    """

    frame: Frame
    observation: Observation
    view: View
    events: tuple[Event, ...]
    infer_s: float


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """How a camera is doing.

    Attributes:
        stream: Its stream.
        detector: What really runs.
        analysed: Pictures that went through detector and rules.
        failed: Pictures that could not be analysed.
        faults: Rules that stopped by a fault of their own, by id; under `detector` a fault of the detector.
    """

    stream: StreamHealth
    detector: str
    analysed: int
    failed: int
    faults: Mapping[str, str]


class Engine:
    """Watches the cameras of a site from `start` to `stop`."""

    def __init__(
        self,
        site: Site,
        *,
        start: datetime | None = None,
        before: Mapping[str, PictureReference] | None = None,
        workers: int | None = None,
        supervisor: Supervisor | None = None,
        on_analysed: Callable[[Analysed], None] = lambda analysed: None,
        on_events: Callable[[Sequence[Event]], None] = lambda events: None,
    ) -> None:
        """Loads all detectors and starts all rules, so that what can fail fails here.

        Args:
            site: What to watch.
            start: Wall-clock time of the first picture of files, UTC.
            before: What cameras usually saw before a restart, by camera, as far as that is known.
            workers: How many pictures are analysed at once; by default as many as there are cameras, or as the
                machine has cores where that is less, or a file is read.
            supervisor: Who looks after the readers; by default one of this machine. It is stopped with the engine.
            on_analysed: Called for every analysed picture, in the thread of its worker, after `on_events`.
            on_events: Called with what became certain; from several threads.

        Raises:
            ModelError: A detector can't be used.
            SiteError: A scene lacks what a rule needs.
        """
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        abreast = {camera.id: (workers or cores) if _looks_ahead(site, camera) else 1 for camera in site.cameras}
        self._workers = workers or min(sum(abreast.values()), cores)
        self._supervisor: Supervisor = supervisor or LocalSupervisor()
        self._on_analysed = on_analysed
        self._on_events = on_events
        self._wake = threading.Condition()
        self._stopping = False
        self._threads: list[threading.Thread] = []
        loaded: dict[str, Detector] = {}
        self._channels: dict[str, Channel] = {}
        for camera in site.cameras:
            wanted = site.detector(camera)
            key = wanted.model_dump_json()
            loaded[key] = loaded.get(key) or _load(wanted, max(1, cores // self._workers))
            seen = (before or {}).get(camera.id)
            self._channels[camera.id] = self._channel(site, camera, loaded[key], start, abreast[camera.id], seen)

    def start(self) -> None:
        """Starts all readers and workers. May be called once."""
        for channel in self._channels.values():
            channel.reader.start()
        self._threads = [
            threading.Thread(target=self._work, name=f"analyse {number}", daemon=True)
            for number in range(self._workers)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stops everything and ends what is open. May be called twice."""
        for channel in self._channels.values():
            channel.reader.stop(timeout_s=0)
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        for thread in self._threads:
            thread.join()
        for channel in self._channels.values():
            channel.reader.stop()
            self._close(channel)
            self._tell(channel.find())
        self._supervisor.stop()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Waits until every camera has come to its end (files) or failed for good; False after the time-out."""
        with self._wake:
            return self._wake.wait_for(lambda: all(one.closed for one in self._channels.values()), timeout_s)

    def health(self) -> dict[str, StreamHealth]:
        """How the stream of each camera is, by its id."""
        return {name: channel.reader.health() for name, channel in self._channels.items()}

    def status(self) -> dict[str, CameraStatus]:
        """How each camera is doing, by its id."""
        return {name: _status(channel) for name, channel in self._channels.items()}

    def common_fault(self) -> CommonFault | None:
        """The fault that many cameras have at the moment, if there is one."""
        return self._supervisor.common_fault()

    def references(self) -> dict[str, PictureReference]:
        """What each camera usually sees, as far as that is sure, to be handed to the engine after a restart."""
        found = {name: channel.picture.reference for name, channel in self._channels.items()}
        return {name: reference for name, reference in found.items() if reference is not None}

    def fault(self, camera: str) -> Exception | None:
        """What stopped or disturbs the analysis of a camera, if anything does."""
        return self._channels[camera].fault

    def signal_feed(self, camera: str) -> SignalFeed:
        """Where the states of those signals of a camera are told that it does not see."""
        return self._channels[camera].feed

    def _channel(
        self,
        site: Site,
        camera: Camera,
        detector: Detector,
        start: datetime | None,
        abreast: int,
        before: PictureReference | None,
    ) -> Channel:
        def changed(health: StreamHealth) -> None:
            self._stream_changed(self._channels[camera.id], health)

        reader = self._supervisor.reader(
            camera.id, camera.source, worker=camera.worker, start=start, wake=self._notify, on_change=changed
        )
        wanted = site.detector(camera)
        attention = Attention(wanted.every)
        lamps = {name: one.open() for name, one in camera.signals.items() if isinstance(one, Lamp)}
        feed = SignalFeed(camera.signals)
        static = StaticBlobs() if any(rule.needs_static for rule in camera.rules) else None
        pipeline, picture = site.pipeline(camera), camera.picture.open(before)
        return Channel(
            camera, detector, pipeline, reader, attention, wanted.confidence, lamps, picture, static, feed, abreast
        )

    def _notify(self) -> None:
        with self._wake:
            self._wake.notify_all()

    # The workers' threads.

    def _work(self) -> None:
        while (job := self._next()) is not None:
            channel, frame, turn = job
            try:
                if frame is not None:
                    self._analyse(channel, frame, turn)
                else:
                    self._close(channel)
                    channel.closed = channel.reader.finished
            except Exception as error:
                # A guard: what goes wrong with one picture of one camera must not stop the others.
                if channel.fault is None or repr(channel.fault) != repr(error):
                    log.exception("camera %s: a picture could not be analysed", channel.camera.id)
                channel.fault = error
                channel.failed += 1
            finally:
                self._wait_for(channel, turn)
                with self._wake:
                    channel.at_work -= 1
                    channel.turn = turn + 1
                    self._wake.notify_all()

    def _next(self) -> tuple[Channel, Frame | None, int] | None:
        """Waits for a picture, or for a camera to be closed (no picture), and takes it with its turn.

        Returns:
            None when the engine stops.
        """
        with self._wake:
            while not self._stopping:
                free = [one for one in self._channels.values() if one.at_work < one.abreast and not one.closed]
                waiting = [(since, one) for one in free if (since := one.reader.waiting_since) is not None]
                if waiting:
                    channel = min(waiting, key=lambda pair: pair[0])[1]
                    frame = channel.reader.take()
                    if frame is None or not channel.attention.due(frame.index, frame.time_s):
                        continue
                else:
                    due = [one for one in free if not one.at_work and (one.close_due or one.reader.finished)]
                    if not due:
                        self._wake.wait()
                        continue
                    channel, frame = due[0], None
                channel.at_work += 1
                channel.taken += 1
                return channel, frame, channel.taken - 1
        return None

    def _wait_for(self, channel: Channel, turn: int) -> None:
        """Waits until all pictures that were taken before have been through tracker and rules."""
        with self._wake:
            self._wake.wait_for(lambda: channel.turn == turn)

    def _analyse(self, channel: Channel, frame: Frame, turn: int) -> None:
        began = time.monotonic()
        [detections] = channel.detector.detect([frame])
        infer_s = time.monotonic() - began
        self._wait_for(channel, turn)
        signals = {name: lamp.read(frame.image, frame.time_s) for name, lamp in channel.lamps.items()}
        health = HEALTH[channel.picture.look(frame.image, frame.time_s, frame.captured_at)]
        blobs = NOTHING
        if channel.static and health == "valid":
            blobs = channel.static.look(frame.image, frame.time_s, detections)
        observation = observed(
            frame, detections, signals, channel.feed.phases(frame.captured_at, frame.time_s), blobs, health
        )
        step = channel.pipeline.step(observation)
        sure = np.count_nonzero(detections.scores >= channel.confidence)
        channel.attention.looked(step.view, int(sure))
        channel.analysed += 1
        channel.seen_s, channel.seen_at = frame.time_s, began
        channel.fault = None
        if step.events:
            self._on_events(step.events)
        self._on_analysed(Analysed(frame, observation, step.view, step.events, infer_s))

    def _close(self, channel: Channel) -> None:
        """Ends what is open of a camera that gives no pictures now."""
        channel.close_due = False
        over = self._stopping or channel.reader.finished
        events = channel.pipeline.finish() if over else channel.pipeline.lose()
        if events:
            self._on_events(events)

    # The readers' threads.

    def _stream_changed(self, channel: Channel, health: StreamHealth) -> None:
        if channel.reader.source.live:
            if health.state in LOST_STATES:
                self._tell(channel.lose(health))
            elif health.state == "live":
                self._tell(channel.find())

    def _tell(self, incident: Incident | None) -> None:
        if incident is not None:
            self._on_events([incident])


def _looks_ahead(site: Site, camera: Camera) -> bool:
    """Whether the detector may have a picture before the one ahead is through: none is lost, and it is known which."""
    return not camera.source.live and site.detector(camera).every != "auto"


def _load(wanted: DetectorConfig, threads: int) -> Detector:
    return wanted.load(threads)


def _status(channel: Channel) -> CameraStatus:
    faults = dict(channel.pipeline.faults)
    if channel.fault is not None:
        faults["detector"] = f"{type(channel.fault).__name__}: {channel.fault}"
    return CameraStatus(channel.reader.health(), channel.detector.description, channel.analysed, channel.failed, faults)
