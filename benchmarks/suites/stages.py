"""L0: what each stage of a picture's way takes."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from api.overlay import draw
from benchmarks.report import Row
from benchmarks.scenarios import site_of, unpaced
from benchmarks.suite import Plan, Suite
from models.catalogue import find_model
from models.detections import Detections, Label
from models.detector import Detector
from models.detectors.yolo import Yolo, YoloDetector
from models.observation import Observation
from models.session import Session, SessionOptions
from models.static import NOTHING
from streams.errors import SourceEnded
from streams.frame import Frame
from streams.source import Source
from vision.channel import observed
from vision.pipeline import Pipeline
from vision.scene import View
from vision.site import Site
from vision.trackers.packtrack import PackTrack
from vision.tracks import Tracks

FRAMES = 100
JPEG_QUALITY = 80
CROWD = 50


class Stages(Suite):
    """Each stage alone, in one thread, over the same pictures: milliseconds a picture.

    The detector's three parts are told apart inside real calls: `letterbox` until the model runs, `infer` while it
    runs (all cores), `post` after it. `track` and `rules` get recorded detections and tracks. `overlay and JPEG` is
    paid only while somebody looks, once for all viewers of a camera.
    """

    name = "stages"
    level = "L0"

    def run(self, plan: Plan) -> Iterator[Row]:
        """Measures (see `Suite.run`)."""
        rounds, count = plan.rounds, plan.frames or FRAMES
        source = unpaced(plan.clip, count)
        site = site_of([source], plan.looking(1))

        def row(case: str, values: Sequence[float], **more: Any) -> Row:
            return Row.of(self.name, case, "a picture", "ms", values, **more)

        yield row("decode", [_decode_ms(source) for _ in range(rounds)])
        frames = _frames(source)
        yolo = plan.yolo()
        if yolo is not None:
            detector, session = _timed(yolo)
            split = np.array([_detect_ms(detector, session, frames) for _ in range(rounds)])
            for case, values in zip(("letterbox", "infer", "post"), split.T, strict=True):
                yield row(case, values.tolist(), note=session.provider if case == "infer" else "")
            found = [detector.detect([frame])[0] for frame in frames]
        else:
            other = plan.detector.load()
            yield row("detect", [_whole_ms(other, frames) for _ in range(rounds)])
            found = [other.detect([frame])[0] for frame in frames]
        tracks = [_track(found, [frame.time_s for frame in frames]) for _ in range(rounds)]
        yield row("track", [ms for ms, _ in tracks], note=f"{np.mean([len(one) for one in found]):.1f} boxes a picture")
        crowd, times = _crowd(count)
        values = [_track(crowd, times)[0] for _ in range(rounds)]
        yield row(f"track, {CROWD} road users", values, at_most=1.0)
        observations = [
            observed(frame, one, {}, {}, NOTHING, "valid") for frame, one in zip(frames, found, strict=True)
        ]
        rules = [_rules(site, observations, tracks[0][1]) for _ in range(rounds)]
        yield row("rules", [ms for ms, _ in rules], note=f"{len(site.cameras[0].rules)} rules")
        views = rules[0][1]
        yield row("overlay and JPEG", [_jpeg_ms(site, frames, views) for _ in range(rounds)])


def _decode_ms(source: Source) -> float:
    opened = source.open("camera")
    opened.read()  # a file decodes its first picture while it is opened
    count, began = 0, time.perf_counter()
    try:
        while True:
            opened.read()
            count += 1
    except SourceEnded:
        spent = time.perf_counter() - began
    finally:
        opened.close()
    return spent * 1000 / count


def _frames(source: Source) -> list[Frame]:
    frames, opened = [], source.open("camera")
    try:
        while True:
            frames.append(opened.read())
    except SourceEnded:
        return frames
    finally:
        opened.close()


class _TimedSession(Session):
    """A session that notes when its runs begin and end."""

    def __init__(self, settings: Yolo) -> None:
        super().__init__(find_model(settings.model).path, SessionOptions(settings.provider, settings.threads))
        self.spans: list[tuple[float, float]] = []

    def run(self, tensor: NDArray[Any], outputs: Sequence[str] | None = None) -> list[NDArray[Any]]:
        began = time.perf_counter()
        result = super().run(tensor, outputs)
        self.spans.append((began, time.perf_counter()))
        return result


def _timed(settings: Yolo) -> tuple[YoloDetector, _TimedSession]:
    session = _TimedSession(settings)
    return YoloDetector(settings, find_model(settings.model), session), session


def _detect_ms(detector: YoloDetector, session: _TimedSession, frames: Sequence[Frame]) -> tuple[float, float, float]:
    """Before, in and after the model, ms a picture."""
    before = inside = after = 0.0
    for frame in frames:
        session.spans.clear()
        began = time.perf_counter()
        detector.detect([frame])
        ended = time.perf_counter()
        before += session.spans[0][0] - began
        inside += sum(until - since for since, until in session.spans)
        after += ended - session.spans[-1][1]
    return before * 1000 / len(frames), inside * 1000 / len(frames), after * 1000 / len(frames)


def _whole_ms(detector: Detector, frames: Sequence[Frame]) -> float:
    return _ms_each(frames, lambda frame: detector.detect([frame]))


def _ms_each(items: Sequence[Any], work: Callable[[Any], object]) -> float:
    began = time.perf_counter()
    for item in items:
        work(item)
    return (time.perf_counter() - began) * 1000 / len(items)


def _track(found: Sequence[Detections], times: Sequence[float]) -> tuple[float, list[Tracks]]:
    tracker = PackTrack().start("camera", 0.3)
    began = time.perf_counter()
    tracks = [tracker.step(one, time_s) for one, time_s in zip(found, times, strict=True)]
    return (time.perf_counter() - began) * 1000 / len(tracks), tracks


def _crowd(count: int) -> tuple[list[Detections], list[float]]:
    """Road users that ride side by side across a wide picture, each box a little off."""
    chance = np.random.default_rng(1)
    lane, place = np.divmod(np.arange(CROWD), 10)
    left, top = place * 110.0, 200 + lane * 90.0
    found = []
    for frame in range(count):
        x, y = left + frame * 3.0, top + chance.normal(0, 1, CROWD)
        boxes = np.column_stack([x, y, x + 40, y + 80]).astype(np.float32)
        scores = chance.uniform(0.2, 0.9, CROWD).astype(np.float32)
        found.append(Detections(boxes, scores, np.full(CROWD, Label.MOTORCYCLE, np.int8)))
    return found, [frame / 25 for frame in range(count)]


class _Recorded:
    """A tracker that hands on what was tracked before."""

    def __init__(self, tracks: Sequence[Tracks]) -> None:
        self._left = iter(tracks)

    def step(self, detections: Detections, time_s: float) -> Tracks:
        return next(self._left)


def _rules(site: Site, observations: Sequence[Observation], tracks: Sequence[Tracks]) -> tuple[float, list[View]]:
    [camera] = site.cameras
    pipeline = Pipeline(site.scene(camera), _Recorded(tracks), camera.rules)
    views: list[View] = []
    return _ms_each(observations, lambda one: views.append(pipeline.step(one).view)), views


def _jpeg_ms(site: Site, frames: Sequence[Frame], views: Sequence[View]) -> float:
    scene = site.scene(site.cameras[0])

    def encode(pair: tuple[Frame, View]) -> None:
        cv2.imencode(".jpg", draw(pair[0].image, scene, pair[1]), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])

    return _ms_each(list(zip(frames, views, strict=True)), encode)
