"""What a detector makes of what there is to see: it misses, trembles, mistakes, and sees what is not there.

Misses come in bursts, as they do: whoever was missed a moment ago is likely to be missed again. With miss rate m and
the time dt since the last look,

    P(missed now) = m + (missed before − m) · exp(−dt / BURST_S)

so that m of all sights are missed whatever the interval.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from benchmarks.simulation.sights import Sights
from benchmarks.simulation.trajectories import Floats, state_at
from models.detections import Detections, Label
from models.observation import Observation, SignalState

BEGAN = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)
"""Wall clock of second 0: 7 o'clock in Vietnam."""
BURST_S = 0.15
LEAST_SHARE = 0.35
"""Whoever is hidden more is not seen."""
LOOKALIKES: Mapping[Label, Label] = {
    Label.PERSON: Label.MOTORCYCLE,
    Label.BICYCLE: Label.MOTORCYCLE,
    Label.MOTORCYCLE: Label.BICYCLE,
    Label.CAR: Label.TRUCK,
    Label.BUS: Label.TRUCK,
    Label.TRUCK: Label.BUS,
}


@dataclass(frozen=True)
class Degradation:
    """How bad a detector is, and how often it looks.

    Attributes:
        miss: Share of all sights that are missed.
        every: It looks at one frame of so many.
        jitter: How much each edge of a box trembles, of the box's size; one standard deviation.
        false_boxes: Boxes around nothing, a look.
        mistaken: Share of sights with a look-alike's label.
    """

    miss: float
    every: int = 1
    jitter: float = 0.02
    false_boxes: float = 0.05
    mistaken: float = 0.02

    @property
    def name(self) -> str:
        """For people."""
        interval = f", 1 picture of {self.every}" if self.every > 1 else ""
        return f"{self.miss:.0%} missed{interval}"


def observations(
    sights: Sights,
    degradation: Degradation,
    camera: str,
    size: tuple[int, int],
    signals: Mapping[str, Sequence[tuple[float, SignalState]]],
    seconds: float,
    seed: int,
) -> Iterator[Observation]:
    """What a detector tells of a camera, look by look.

    Args:
        sights: What there is to see.
        degradation: How bad the detector is.
        camera: Id of the camera.
        size: Width and height of the picture, px.
        signals: Changes of each signal.
        seconds: How long.
        seed: Of everything that happens by chance.
    """
    chance = np.random.default_rng(seed)
    labels = np.array([user.label for user in sights.users], np.int8)
    alike = np.array([LOOKALIKES[label] for label in Label], np.int8)
    missed = np.zeros(len(labels), np.bool_)
    looked_s = np.full(len(labels), -np.inf)
    for frame, rows in enumerate(sights.frames(round(seconds * sights.fps))):
        if frame % degradation.every:
            continue
        time_s, users = frame / sights.fps, sights.user[rows]
        like_before = np.exp(-(time_s - looked_s[users]) / BURST_S)
        missed[users] = chance.random(len(users)) < degradation.miss + (missed[users] - degradation.miss) * like_before
        looked_s[users] = time_s
        seen = ~missed[users] & (sights.share[rows] >= LEAST_SHARE)
        users, share = users[seen], sights.share[rows][seen]
        boxes = _trembling(sights.visible[rows][seen], degradation.jitter, chance)
        scores = np.clip(chance.normal(0.55 + 0.3 * share, 0.06), 0.3, 0.98)
        told = np.where(chance.random(len(users)) < degradation.mistaken, alike[labels[users]], labels[users])
        false = _false(int(chance.poisson(degradation.false_boxes)), size, chance)
        yield Observation(
            camera=camera,
            time_s=time_s,
            captured_at=BEGAN + timedelta(seconds=time_s),
            size=size,
            detections=Detections(
                np.vstack([boxes, false]).astype(np.float32),
                np.concatenate([scores, chance.uniform(0.3, 0.6, len(false))]).astype(np.float32),
                np.concatenate([told, chance.integers(0, len(Label), len(false))]).astype(np.int8),
            ),
            signals={name: state_at(changes, time_s) for name, changes in signals.items()},
            static=np.empty((0, 4), np.float32),
            removed=np.empty((0, 4), np.float32),
            health="valid",
        )


def _trembling(boxes: Floats, jitter: float, chance: np.random.Generator) -> Floats:
    """Boxes whose edges tremble each by itself; never turned inside out."""
    extent = np.tile(boxes[:, 2:] - boxes[:, :2], 2)
    moved = boxes + chance.normal(0, 1, boxes.shape) * np.maximum(jitter * extent, 0.3)
    return np.hstack([np.minimum(moved[:, :2], moved[:, 2:]), np.maximum(moved[:, :2], moved[:, 2:])])


def _false(count: int, size: tuple[int, int], chance: np.random.Generator) -> NDArray[np.float64]:
    corner = chance.uniform(0, 0.9, (count, 2)) * size
    return np.hstack([corner, corner + chance.uniform(20, 120, (count, 2))])
