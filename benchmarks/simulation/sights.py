"""Sights: what the camera could see at best. A box around every road user, and how much of it nobody hides.

trajectories ──3-D box──▶ eight corners ──camera──▶ box in the picture
                                                      │ nearer boxes are drawn over it
                                                      ▼
                                             visible part, visible share
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from benchmarks.simulation.camera import NEAR_M, PinholeCamera
from benchmarks.simulation.trajectories import Floats, RoadUser, Trajectories

CHUNK = 100_000
CELLS = 12
"""A box is looked at in so many cells a side to see how much of it is hidden."""
LEAST_PX = 12.0
"""Lower boxes are no detections of anybody."""


@dataclass(frozen=True, eq=False)
class Sights:
    """Columns of equal length n, sorted by frame.

    Attributes:
        users: The road users.
        fps: Frames a second; frame 0 is at 0 s.
        frame: (n,) number of the frame.
        user: (n,) row in `users`.
        box: (n, 4) px, x1 y1 x2 y2 around the whole road user; may reach beyond the picture.
        visible: (n, 4) px, around what is in the picture and not hidden.
        share: (n,) how much of the box that is, 0..1.
        foot: (n, 2) m, the ground that the bottom-centre of `box` shows: where a perfect detector has them stand.
        speed: (n,) m/s.
    """

    users: tuple[RoadUser, ...]
    fps: float
    frame: NDArray[np.int64]
    user: NDArray[np.int64]
    box: Floats
    visible: Floats
    share: Floats
    foot: Floats
    speed: Floats

    def frames(self, count: int) -> Iterator[slice]:
        """The rows of every frame from 0, empty ones too."""
        edges = np.searchsorted(self.frame, np.arange(count + 1))
        return (slice(int(first), int(last)) for first, last in pairwise(edges))


def see(trajectories: Trajectories, camera: PinholeCamera, fps: float) -> Sights:
    """What a camera sees of some trajectories.

    Args:
        trajectories: As the simulator has them.
        camera: The camera.
        fps: Frames a second.
    """
    sampled = trajectories.sampled(fps)
    sizes = np.array([user.size for user in sampled.users]).reshape(-1, 3)
    parts = [
        _boxes(sampled, sizes, camera, slice(first, first + CHUNK)) for first in range(0, max(len(sampled), 1), CHUNK)
    ]
    box, depth, seen = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    frame = np.rint(sampled.time_s * fps).astype(np.int64)
    # Of neighbours in a frame the nearer one comes first, and hides those after it.
    order = np.lexsort((depth, frame))
    order = order[seen[order]]
    frame, box = frame[order], box[order]
    visible, share = _hidden(frame, box, np.array(camera.size, np.float64))
    bottom = np.column_stack([(box[:, 0] + box[:, 2]) / 2, box[:, 3]])
    return Sights(
        users=sampled.users,
        fps=fps,
        frame=frame,
        user=sampled.user[order],
        box=box,
        visible=visible,
        share=share,
        foot=camera.ground(bottom),
        speed=sampled.speed[order],
    )


def _boxes(
    sampled: Trajectories, sizes: Floats, camera: PinholeCamera, rows: slice
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Boxes, depths, and whether anything of it is in the picture, for some rows."""
    length, width, height = sizes[sampled.user[rows]].reshape(-1, 3).T
    ahead = np.column_stack([np.cos(sampled.heading[rows]), np.sin(sampled.heading[rows])])
    left = np.column_stack([-ahead[:, 1], ahead[:, 0]])
    corners = []
    for front in (-0.5, 0.5):
        for side in (-0.5, 0.5):
            ground = sampled.place[rows] + ahead * (front * length)[:, None] + left * (side * width)[:, None]
            corners += [np.column_stack([ground, level]) for level in (np.zeros(len(ground)), height)]
    pixels, depth = camera.project(np.concatenate(corners))
    pixels, depth = pixels.reshape(8, -1, 2), depth.reshape(8, -1)
    box = np.hstack([pixels.min(axis=0), pixels.max(axis=0)])
    inside = (box[:, :2] < np.array(camera.size)).all(axis=1) & (box[:, 2:] > 0).all(axis=1)
    # The bottom of a box above the horizon shows no ground; nobody who is that far is ever detected.
    size = box[:, 3] - box[:, 1]
    seen = inside & (depth.min(axis=0) > NEAR_M) & (size >= LEAST_PX)
    return box, depth.mean(axis=0), seen


def _hidden(frame: NDArray[np.int64], box: Floats, size: Floats) -> tuple[Floats, Floats]:
    """Visible part and share of boxes that are sorted by frame, nearer ones first."""
    pairs = [_overlapping(box[first:last]) + first for first, last in _groups(frame)]
    found = np.concatenate(pairs) if pairs else np.empty((0, 2), np.int64)
    covered = np.zeros((len(box), CELLS, CELLS), np.bool_)
    middle = (np.arange(CELLS) + 0.5) / CELLS
    columns = box[:, 0, None] + (box[:, 2] - box[:, 0])[:, None] * middle
    rows = box[:, 1, None] + (box[:, 3] - box[:, 1])[:, None] * middle
    for first in range(0, len(found), CHUNK):
        behind, before = found[first : first + CHUNK].T
        # A road user does not fill the corners of its box: an ellipse comes nearer to it.
        centre, reach = (box[before, :2] + box[before, 2:]) / 2, (box[before, 2:] - box[before, :2]) / 2
        across = ((columns[behind] - centre[:, 0, None]) / reach[:, 0, None]) ** 2
        down = ((rows[behind] - centre[:, 1, None]) / reach[:, 1, None]) ** 2
        np.logical_or.at(covered, behind, down[:, :, None] + across[:, None, :] < 1)
    across = _extent(np.asarray(~covered.all(axis=1)), box[:, 0], box[:, 2])
    down = _extent(np.asarray(~covered.all(axis=2)), box[:, 1], box[:, 3])
    visible = np.column_stack([across[:, 0], down[:, 0], across[:, 1], down[:, 1]])
    outside_x, outside_y = (columns < 0) | (columns > size[0]), (rows < 0) | (rows > size[1])
    share = 1 - (covered | outside_y[:, :, None] | outside_x[:, None, :]).mean(axis=(1, 2))
    return np.clip(visible, 0, np.tile(size, 2)), share


def _overlapping(box: Floats) -> NDArray[np.int64]:
    """Pairs (hidden, hiding) among the boxes of one frame, nearer ones first."""
    meet = (box[:, None, :2] < box[None, :, 2:]).all(axis=2) & (box[:, None, 2:] > box[None, :, :2]).all(axis=2)
    return np.argwhere(np.tril(meet, -1))


def _extent(seen: NDArray[np.bool_], low: Floats, high: Floats) -> Floats:
    """From where to where something is seen of each box along one axis, by its cells; all of it where nothing is."""
    first = np.where(seen.any(axis=1), seen.argmax(axis=1), 0) / CELLS
    last = np.where(seen.any(axis=1), CELLS - seen[:, ::-1].argmax(axis=1), CELLS) / CELLS
    return np.column_stack([low + (high - low) * first, low + (high - low) * last])


def _groups(frame: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    edges = [0, *(np.flatnonzero(np.diff(frame)) + 1).tolist(), len(frame)]
    return ((first, last) for first, last in pairwise(edges) if last > first + 1)
