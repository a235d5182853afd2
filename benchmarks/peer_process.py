"""Runs in a peer's interpreter, which has nothing of ours: loads it, then runs the clip for every line on stdin.

usage: peer_process.py ultralytics|supervision WEIGHTS CLIP INPUT_SIZE FRAMES      (FRAMES 0: the whole clip)

Answers on stdout: lines that begin with `peer: ` and go on with JSON.
"""

import importlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

Run = Callable[[], Iterator[object]]
"""Yields once for each picture that went through detector, tracker and counting."""
CONFIDENCE = 0.1
WARM_UP = 5


def ultralytics_track(weights: str, clip: str, size: int) -> tuple[Run, str]:
    """Ultralytics' own track(): decodes, detects, tracks (ByteTrack)."""
    package = importlib.import_module("ultralytics")
    model = package.YOLO(weights, task="detect")

    def run() -> Iterator[object]:
        yield from model.track(
            clip, stream=True, imgsz=size, conf=CONFIDENCE, tracker="bytetrack.yaml", device="cpu", verbose=False
        )

    return run, f"ultralytics {package.__version__}"


def supervision_bytetrack(weights: str, clip: str, size: int) -> tuple[Run, str]:
    """Supervision's loop: its frames generator, Ultralytics' predict(), ByteTrack, and a line zone."""
    package, yolo = importlib.import_module("supervision"), importlib.import_module("ultralytics")
    model = yolo.YOLO(weights, task="detect")
    # supervision gave its tracker to the package `trackers`.
    home = package if hasattr(package, "ByteTrack") else importlib.import_module("trackers")
    version = f"supervision {package.__version__}"
    if home is not package:
        version += f" + trackers {importlib.import_module('importlib.metadata').version('trackers')}"

    def tracked(tracker: Any, detections: Any) -> Any:
        return tracker.update(detections) if home is not package else tracker.update_with_detections(detections)

    def run() -> Iterator[object]:
        tracker = home.ByteTrack() if home is package else home.ByteTrackTracker()
        line = package.LineZone(start=package.Point(30, 220), end=package.Point(610, 220))
        for image in package.get_video_frames_generator(clip):
            result = model.predict(image, imgsz=size, conf=CONFIDENCE, device="cpu", verbose=False)[0]
            yield line.trigger(tracked(tracker, package.Detections.from_ultralytics(result)))

    return run, version


KINDS = {"ultralytics": ultralytics_track, "supervision": supervision_bytetrack}


def take(run: Run, frames: int) -> int:
    """Runs so many pictures, all where it is 0; returns how many there were."""
    return sum(1 for _ in islice(run(), frames or None))


def answer(**values: object) -> None:
    """Tells whoever asked."""
    print("peer: " + json.dumps(values), flush=True)


def main() -> None:
    """Loads, warms up, then runs as often as it is asked."""
    kind, weights, clip, size, frames = sys.argv[1:]
    try:
        run, versions = KINDS[kind](weights, clip, int(size))
        take(run, WARM_UP)
    except Exception as error:  # noqa: BLE001 - another's program: whatever it is, it is the answer
        answer(failed=f"{type(error).__name__}: {error}")
        return
    answer(versions=versions)
    for _ in sys.stdin:
        began = time.perf_counter()
        count = take(run, int(frames))
        answer(frames=count, seconds=time.perf_counter() - began)


if __name__ == "__main__":
    main()
