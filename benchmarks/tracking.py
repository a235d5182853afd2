"""Tracks of MOTChallenge sequences from their public detections: what `score_tracks.py` and others score.

    DATA/<sequence>/det.txt        frame,-1,left,top,width,height,score,…      px, frames from 1
    DATA/<sequence>/seqinfo.ini    frameRate, seqLength
    OUT/<sequence>.txt             frame,id,left,top,width,height,score,1,1,-1

Every frame is a step, also one without detections, at `(frame − 1) / frameRate` seconds.
"""

import configparser
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import BenchError
from models.detections import Detections, Label
from vision.tracker import TrackerConfig

CONFIDENCE = 0.3
SCORE_SCALE = 60.0


@dataclass(frozen=True)
class Sequence:
    """A sequence with its public detections.

    Attributes:
        name: Its folder's name.
        fps: Frames a second.
        length: Number of frames.
        frames: (n,) frame of each detection, from 1.
        detections: The detections, in the order of the file.
    """

    name: str
    fps: float
    length: int
    frames: NDArray[np.int64]
    detections: Detections

    def at(self, frame: int) -> Detections:
        """What was detected in a frame."""
        return self.detections[np.flatnonzero(self.frames == frame)]


@dataclass(frozen=True)
class Tracked:
    """What became of a sequence.

    Attributes:
        name: Its name.
        frames: Frames that were stepped.
        tracks: How many ids there are.
        step_ms: (n,) what each step took.
    """

    name: str
    frames: int
    tracks: int
    step_ms: NDArray[np.float64]


def track_sequences(data: Path, out: Path, tracker: TrackerConfig, every: int = 1) -> Iterator[Tracked]:
    """Tracks every sequence of a folder and writes one file for each.

    Args:
        data: Folder of sequences.
        out: Folder for the files; made if missing.
        tracker: Tracker, the same parameters for all sequences.
        every: Only every so many frames is looked at.

    Raises:
        BenchError: There are no sequences, one can't be read, or the files can't be written.
    """
    folders = sorted(path.parent for path in data.glob("*/det.txt")) if data.is_dir() else []
    if not folders:
        raise BenchError(f"{data}: no sequences; expected DIR/<sequence>/det.txt with seqinfo.ini beside it")
    try:
        out.mkdir(parents=True, exist_ok=True)
        for folder in folders:
            yield _track(read_sequence(folder), out / f"{folder.name}.txt", tracker, every)
    except OSError as error:
        raise BenchError(f"{error.filename or out}: {error.strerror}") from None


def read_sequence(folder: Path) -> Sequence:
    """A sequence with its detections as persons.

    Raises:
        BenchError: A file is missing or not as it should be.
    """
    fps, length = _seqinfo(folder / "seqinfo.ini")
    path = folder / "det.txt"
    try:
        text = path.read_text(encoding="utf-8")
        table = np.loadtxt(text.splitlines(), delimiter=",", ndmin=2) if text.strip() else np.empty((0, 7))
    except (OSError, ValueError) as error:
        raise BenchError(f"{path}: can't be read: {error}") from None
    if table.shape[1] < 7 or not np.isfinite(table[:, :7]).all():
        raise BenchError(f"{path}: expected frame,-1,left,top,width,height,score in every line, all of them numbers")
    boxes = np.hstack([table[:, 2:4], table[:, 2:4] + np.maximum(table[:, 4:6], 0)]).astype(np.float32)
    labels = np.full(len(table), Label.PERSON, np.int8)
    detections = Detections(boxes, probabilities(table[:, 6]).astype(np.float32), labels)
    return Sequence(folder.name, fps, length, table[:, 0].astype(np.int64), detections)


def probabilities(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores of one sequence as probabilities.

    A tracker's thresholds are probabilities. MOT17's detectors give such; the one of MOT15 (aggregated channel
    features) gives sums of boosted trees from below 0 to above 100, where 0 means a coin's toss at best and 60 is sure
    for most. One map for all of those keeps their order and brings a typical doubtful one (20) to about 0.3:

        s → 1 − exp(−max(s, 0) / 60)

    Args:
        scores: (n,) as the file has them.
    """
    if len(scores) and scores.max() > 1:
        return np.asarray(1 - np.exp(-np.maximum(scores, 0) / SCORE_SCALE))
    return np.clip(scores, 0, 1)


def _seqinfo(path: Path) -> tuple[float, int]:
    parser = configparser.ConfigParser()
    try:
        parser.read_string(path.read_text(encoding="utf-8-sig"))
        fps, length = parser.getfloat("Sequence", "frameRate"), parser.getint("Sequence", "seqLength")
    except (OSError, ValueError, configparser.Error) as error:
        raise BenchError(f"{path}: expected [Sequence] with frameRate and seqLength: {error}") from None
    if fps <= 0 or length < 0:
        raise BenchError(f"{path}: frameRate must be above 0, seqLength not below")
    return fps, length


def _track(sequence: Sequence, path: Path, config: TrackerConfig, every: int) -> Tracked:
    tracker = config.start(sequence.name, CONFIDENCE)
    lines: list[str] = []
    spent: list[float] = []
    ids: set[int] = set()
    for frame in range(1, sequence.length + 1, every):
        found = sequence.at(frame)
        began = time.perf_counter()
        tracks = tracker.step(found, (frame - 1) / sequence.fps)
        spent.append((time.perf_counter() - began) * 1000)
        ids.update(tracks.ids.tolist())
        for track, (left, top, right, bottom), score in zip(
            tracks.ids.tolist(), tracks.boxes.tolist(), tracks.scores.tolist(), strict=True
        ):
            place = f"{left:.2f},{top:.2f},{right - left:.2f},{bottom - top:.2f}"
            lines.append(f"{frame},{track},{place},{score:.3f},1,1,-1\n")
    path.write_text("".join(lines), encoding="utf-8")
    return Tracked(sequence.name, len(spent), len(ids), np.array(spent))
