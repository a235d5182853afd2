"""Run: one source from its beginning to its end, into files."""

import logging
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from api.interruption import INTERRUPTED, Interruption, interruptible
from api.kept_tracks import tracked
from api.outputs import Outputs
from models.errors import ModelError, RecordingCutError
from models.recording import RecordedFrame
from streams.health import LOST_STATES, StreamHealth
from vision.engine import CameraStatus, Engine
from vision.pipeline import Pipeline
from vision.site import Camera, Site

DONE, FAILED, BAD_INPUT = 0, 1, 2
"""Exit codes (contract)."""
GIVE_UP_S = 30.0
"""A live source that gives no picture for so long is lost for good: whoever runs one source waits for it."""
NEVER_S = 5.0
"""The same for one that never gave any: more likely its address is wrong than that it comes to life just now."""
TRIES = 2
"""But one that was asked so often only: a camera may need its time to wake up."""
LOOK_S = 0.1


@dataclass(frozen=True)
class Result:
    """How a run ended: exit code, and what to tell people."""

    code: int
    message: str = ""


INTERRUPTION = Result(INTERRUPTED, "interrupted; what was found so far is written")


def run_live(site: Site, outputs: Outputs, start: datetime | None) -> Result:
    """Runs the only camera of a site until its source ends.

    Raises:
        ModelError: The model can't be used.
        SiteError: The scene lacks what a rule needs.
    """
    [camera] = site.cameras
    engine = Engine(
        site,
        start=start,
        on_events=outputs.add,
        on_analysed=lambda one: outputs.step(one.frame.index, one.observation, one.view),
    )
    result = None
    with interruptible(), _from_its_first_picture(engine, camera):
        try:
            engine.start()
            with progress_bar(outputs) as show:
                while not engine.wait(LOOK_S):
                    health = engine.health()[camera.id]
                    show(health.expected_frames)
                    fault = engine.fault(camera.id)
                    if outputs.failure or isinstance(fault, ModelError) or _given_up(health, camera):
                        break
        except Interruption:
            result = INTERRUPTION
        finally:
            engine.stop()
            result = result or _verdict(camera, engine.status()[camera.id], outputs, engine.fault(camera.id))
            if result.code != BAD_INPUT:
                outputs.complete()
            outputs.close()
    return _written(outputs) if outputs.failure and result is not INTERRUPTION else result


@contextmanager
def _from_its_first_picture(engine: Engine, camera: Camera) -> Iterator[None]:
    """Keeps the reader from telling of a camera that never gave a picture: that is the result, and told once."""

    def is_told(record: logging.LogRecord) -> bool:
        return record.levelno > logging.WARNING or engine.health()[camera.id].received > 0

    reader = logging.getLogger("streams.reader")
    reader.addFilter(is_told)
    try:
        yield
    finally:
        reader.removeFilter(is_told)


def replay(
    site: Site, recording: Path, outputs: Outputs, start: datetime | None, *, keep_tracks: bool = False
) -> Result:
    """Runs recorded detections through the only camera of a site: no video, no model.

    A bad line far down must not cost an output of before: `outputs` must be written aside.

    Args:
        site: A site of one camera.
        recording: The recorded detections.
        outputs: Where to write.
        start: Wall-clock time of the beginning; none for that in the recording.
        keep_tracks: Whether to keep the tracks beside the recording for the next replay (see `api.kept_tracks`).

    Raises:
        ModelError: The recording can't be read.
        SiteError: The scene lacks what a rule needs.
    """
    [camera] = site.cameras
    with tracked(site, camera, recording, start, keep=keep_tracks) as (tracker, pictures):
        return _replayed(site.pipeline(camera, tracker), pictures, outputs)


def _replayed(pipeline: Pipeline, pictures: Iterable[RecordedFrame], outputs: Outputs) -> Result:
    good = True
    with interruptible():
        try:
            with progress_bar(outputs) as show:
                for frame, observation in pictures:
                    step = pipeline.step(observation)
                    outputs.add(step.events)
                    outputs.step(frame, observation, step.view)
                    show(None)
                    if outputs.failure:
                        break
            outputs.add(pipeline.finish())
            outputs.complete()
        except Interruption:
            outputs.add(pipeline.finish())
            outputs.complete()
            return INTERRUPTION
        except RecordingCutError as cut:
            outputs.add(pipeline.finish())
            outputs.complete()
            return Result(FAILED, str(cut))
        except ModelError:
            good = False
            raise
        finally:
            outputs.close(keep=good)
    return _stopped(pipeline.faults) if pipeline.faults else _written(outputs)


class _Show:
    """Keeps a bar on the terminal up to date, a few times a second."""

    def __init__(self, progress: Progress, outputs: Outputs) -> None:
        self._progress = progress
        self._outputs = outputs
        self._task = progress.add_task("", total=None, fps=0.0, events=0)
        self._began = time.monotonic()

    def __call__(self, expected: int | None) -> None:
        frames = self._outputs.frames
        self._progress.update(
            self._task,
            completed=frames,
            total=expected,
            fps=frames / max(time.monotonic() - self._began, 1e-3),
            events=sum(self._outputs.events.values()),
        )


class _Quiet:
    def __call__(self, expected: int | None) -> None:
        """Shows nothing: nobody is there to look."""


@contextmanager
def progress_bar(outputs: Outputs) -> Iterator[_Show | _Quiet]:
    """A bar with frames, frames a second, events and time left, where a person looks on; else nothing."""
    if not sys.stderr.isatty():
        yield _Quiet()
        return
    columns = (
        BarColumn(),
        TextColumn("{task.completed} frames · {task.fields[fps]:.1f} fps · {task.fields[events]} events"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield _Show(progress, outputs)


def _given_up(health: StreamHealth, camera: Camera) -> bool:
    if not camera.source.live:
        return False
    if health.state == "refused":
        return True
    patience_s = GIVE_UP_S if health.received or health.failures < TRIES else NEVER_S
    away_s = (datetime.now(health.since.tzinfo) - _away_since(health)).total_seconds()
    return health.state in LOST_STATES and away_s > patience_s


def _away_since(health: StreamHealth) -> datetime:
    return health.gaps[-1].began if health.gaps else health.since


def _verdict(camera: Camera, status: CameraStatus, outputs: Outputs, fault: Exception | None) -> Result:
    health = status.stream
    if outputs.failure:
        return _written(outputs)
    if isinstance(fault, ModelError):
        return Result(BAD_INPUT, str(fault))
    if health.state in LOST_STATES and not health.received:
        return Result(BAD_INPUT, health.reason)
    if health.state in LOST_STATES:
        # That a camera was lost has been told already; new is that it was waited for in vain.
        waited = camera.source.live and health.state != "refused"
        return Result(FAILED, f"no picture for {GIVE_UP_S:g} s, given up: {health.reason}" if waited else health.reason)
    if status.failed:
        return Result(FAILED, f"pictures that could not be analysed: {status.failed}; the log says why")
    return _stopped(status.faults) if status.faults else Result(DONE)


def _stopped(faults: Mapping[str, str]) -> Result:
    return Result(FAILED, "; ".join(f"rule {rule} stopped: {fault}" for rule, fault in faults.items()))


def _written(outputs: Outputs) -> Result:
    if outputs.failure:
        error = outputs.failure
        name = f"{error.filename}: " if error.filename else ""
        return Result(FAILED, f"{name}can't be written: {error.strerror or error}; what was written before is whole")
    return Result(DONE)
