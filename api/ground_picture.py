"""Ground picture: the grid of the ground, and the points that it was found by, over a picture of the camera.

    y 15 ───┬───┬───┬───┬───    thick: every 5 m, thin: every 1 m where there is room for it
    y 10 ──┬────┬───┬────┬──    ○ 3   a point where it was clicked
    y 5 ──┬─────┬───┬─────┬─     ╲×   and where the fit puts it
         x 0   x 5

A fit that is bad shows at once: the grid leaves the road, and its squares are none.
"""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from api.pen import BLACK, CRITICAL, INFO, WHITE, Image, Pen, Pixel, nearest, pixel, plate, stroke, tag
from vision.calibration import Ground, PointPair
from vision.geometry import Floats

_THICK_M = 5
_ROOM = 10  # widths of the pen: lines of the grid that are nearer to each other are left out
_BEYOND = 0.25  # of the extent of the points: so far beyond them the grid goes on
_LINES = 400  # at most in each direction: a wider ground is drawn around the middle of its points
_THIN, _THICK = 0.45, 0.8  # share of the lines in what is drawn over the picture


def draw_ground(image: Image, points: Sequence[PointPair], ground: Ground | None) -> Image:
    """The picture with the ground laid over it.

    Args:
        image: (H, W, 3) uint8 BGR; stays as it is.
        points: The points that were measured.
        ground: The ground by them; none where only the points are to be drawn.

    Returns:
        A new picture of the same size.
    """
    canvas = image.copy()
    pen = Pen.of(canvas)
    if ground is not None:
        used = [point.ground_m for number, point in enumerate(points, 1) if number not in ground.unused]
        grid = _Grid(canvas, pen, np.array(used), ground)
        grid.draw(canvas)
        grid.label(canvas)
    for number, point in enumerate(points, 1):
        _mark(canvas, pen, number, point, ground)
    return canvas


class _Grid:
    """The corners of all squares of 1 m, in the picture.

    Attributes:
        across: x of the lines that run along y, m.
        along: y of the lines that run along x, m.
        corners: (across, along, 2) px; nan where they are not seen.
    """

    def __init__(self, canvas: Image, pen: Pen, used: Floats, ground: Ground) -> None:
        height, width = canvas.shape[:2]
        low, high = used.min(axis=0), used.max(axis=0)
        margin = max(_THICK_M, _BEYOND * float((high - low).max()))
        self.across, self.along = (_metres(a - margin, b + margin) for a, b in zip(low, high, strict=True))
        mesh = np.stack(np.meshgrid(self.across, self.along, indexing="ij"), axis=-1).astype(np.float64)
        places = ground.places(mesh.reshape(-1, 2)).reshape(mesh.shape)
        # OpenCV can't count so far as a line near the horizon would lead.
        places[(np.abs(places - 0.5) > 2).any(axis=2)] = np.nan
        self.corners: Floats = places * (width - 1, height - 1)
        self._pen = pen

    def draw(self, canvas: Image) -> None:
        """Draws the lines, thin ones first."""
        for step, width, strength in ((1, 1, _THIN), (_THICK_M, 2, _THICK)):
            drawn = canvas.copy()
            for metre, corners, spacing in self._lines():
                if metre % step == 0:
                    for run in _runs(corners, spacing * step >= _ROOM * self._pen.width):
                        stroke(drawn, run, self._pen.width * width, WHITE)
            cv2.addWeighted(drawn, strength, canvas, 1 - strength, 0, dst=canvas)

    def label(self, canvas: Image) -> None:
        """Writes the metres on the thick lines, where there is room: on the nearest end, or on the left one."""
        taken: list[tuple[int, int, int, int]] = []
        height, width = canvas.shape[:2]
        for index, (metre, corners, spacing) in enumerate(self._lines()):
            upright = index < len(self.across)
            inside = ((corners >= 0) & (corners < (width, height))).all(axis=1)
            inside &= spacing * _THICK_M >= _ROOM * self._pen.width
            if metre % _THICK_M or not inside.any():
                continue
            end = corners[:, 1] if upright else -corners[:, 0]
            corner = nearest(corners[int(np.argmax(np.where(inside, end, -np.inf)))])
            words = f"{'x' if upright else 'y'} {metre}"
            space = plate(canvas, self._pen, words, corner)
            if not any(_overlap(space, other) for other in taken):
                taken.append(space)
                tag(canvas, self._pen, words, corner, WHITE)

    def _lines(self) -> Iterator[tuple[int, Floats, Floats]]:
        """Each line with its metre, its corners (n, 2) px and how far the next line is from each (n,) px."""
        for lines, corners in ((self.across, self.corners), (self.along, self.corners.transpose(1, 0, 2))):
            apart = np.linalg.norm(np.diff(corners, axis=0), axis=2)
            apart = np.concatenate([apart, apart[-1:]])
            yield from zip(lines.tolist(), corners, apart, strict=True)


def _metres(low: float, high: float) -> NDArray[np.int64]:
    """The whole metres from one end to the other, and on to the next thick lines."""
    middle, half = (low + high) / 2, min((high - low) / 2, _LINES / 2)
    first, last = np.floor((middle - half) / _THICK_M), np.ceil((middle + half) / _THICK_M)
    return np.arange(int(first) * _THICK_M, int(last) * _THICK_M + 1)


def _runs(corners: Floats, room: NDArray[np.bool_]) -> Iterator[list[Pixel]]:
    """The parts of a line that are seen, and have room."""
    seen = np.isfinite(corners).all(axis=1) & room
    for run in np.split(np.arange(len(corners)), np.flatnonzero(np.diff(seen)) + 1):
        if seen[run[0]] and len(run) > 1:
            yield [nearest(corner) for corner in corners[run]]


def _overlap(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _mark(canvas: Image, pen: Pen, number: int, point: PointPair, ground: Ground | None) -> None:
    """A point where it was clicked, and where the fit puts it."""
    colour = CRITICAL if ground is not None and number in ground.unused else INFO
    centre, radius = pixel(canvas, point.image), round(0.4 * pen.text)
    if ground is not None:
        place = ground.places(np.array([point.ground_m]))[0]
        if np.isfinite(place).all() and (np.abs(place - 0.5) < 2).all():
            fitted = pixel(canvas, (float(place[0]), float(place[1])))
            stroke(canvas, [centre, fitted], pen.width, colour)
            for rise in (-1, 1):
                arm = np.array([radius, rise * radius])
                stroke(canvas, [nearest(fitted - arm), nearest(fitted + arm)], pen.width, colour)
    for width, paint in ((pen.width + 2, BLACK), (pen.width, colour)):
        cv2.circle(canvas, centre, radius, paint, width, cv2.LINE_AA)
    tag(canvas, pen, str(number), (centre[0] + radius + pen.width, centre[1] - radius), colour)
