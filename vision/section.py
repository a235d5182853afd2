"""Section: the mean speed of a road user from one sight to another, with its error.

    begin ●━━━━━━━━━━━━━━━━━━━━━━━━━━━● end        speed = length on the ground / time
          ├── known by calibration ──┤            error = two standard deviations of
          ◌ box trembles  box trembles ◌                  calibration, trembling, unseen time, clock

What only makes somebody seem fast must not be taken for speed: an id that jumps to somebody ahead (a speed that hangs
on a single step), and a box that is cut off or half hidden and shows more of its owner from picture to picture (it
grows, or shrinks, by more than its distance explains).
"""

from collections.abc import Sequence
from math import log
from typing import NamedTuple

import numpy as np

from vision.calibration import Ground, Spots
from vision.geometry import Floats, Point, crossing_fraction
from vision.scene import Placed, View

_TREMBLING = 0.03  # standard deviation of the foot of a box, of the height of the box
_CLOCK_S = 0.005  # standard deviation of the moment that a picture shows
_UNEVEN_MS2 = 3.0  # so hard may somebody brake or speed up while nobody sees it
_GROWTH = 0.2  # a box may grow or shrink by so much (logarithm) without its distance,
_LYING = 1.5  # and with it by this power: what stands grows as it comes nearer, what lies on the road by the square
_DEVIATIONS = 2.0  # an error is so many standard deviations: 95 %


class Sight(NamedTuple):
    """A road user at a moment.

    Attributes:
        time_s: Stream clock.
        ground: Where it stands, m.
        trembling: Standard deviation of that, 0..1 of the picture.
        height: Height of its box, px.
        unseen_s: How long it had not been seen just before.
    """

    time_s: float
    ground: Point
    trembling: Point
    height: float
    unseen_s: float

    @classmethod
    def of(cls, row: Placed, view: View, ground: Point, unseen_s: float = 0.0) -> "Sight":
        """The sight of somebody who stands there in a view."""
        trembling = _TREMBLING * row.height
        return cls(view.time_s, ground, (trembling / view.size[0], trembling / view.size[1]), row.height, unseen_s)


class Pace(NamedTuple):
    """A mean speed.

    Attributes:
        kmh: The speed.
        error_kmh: ± of it, 95 %.
        least_kmh: What is left of the speed where the one step that did most for it is left out.
        whole: Whether the box shows as much of its owner at the end as at the beginning.
    """

    kmh: float
    error_kmh: float
    least_kmh: float
    whole: bool

    def surely_exceeds(self, kmh: float) -> bool:
        """Whether the road user was faster, whatever may have gone wrong."""
        return self.whole and min(self.kmh - self.error_kmh, self.least_kmh) > kmh


def pace(ground: Ground, sights: Sequence[Sight]) -> Pace:
    """The mean speed between the first and the last of some sights.

    Args:
        ground: The ground as the camera sees it.
        sights: At least two, in the order of time.
    """
    metres = np.array([sight.ground for sight in sights], np.float64)
    times = np.array([sight.time_s for sight in sights])
    spots = ground.spots(ground.places(metres[[0, -1]]))
    elapsed_s = float(times[-1] - times[0])
    way = metres[-1] - metres[0]
    length = float(np.linalg.norm(way))
    speed = length / elapsed_s
    error = _length_error_m(ground, spots, sights, way / max(length, 1e-9)) / elapsed_s
    error = _DEVIATIONS * float(np.hypot(error, speed * np.sqrt(2) * _CLOCK_S / elapsed_s))
    least = _without_one_step(metres, times)
    return Pace(3.6 * speed, 3.6 * error, 3.6 * least, _is_whole(spots, sights))


def on_line(before: Sight, after: Sight, start: Point, end: Point) -> Sight | None:
    """The sight of somebody on a line between two sights on its two sides; none where both are on one side.

    Args:
        before: The earlier sight.
        after: The later one.
        start: Where the line begins on the ground, m.
        end: Where it ends.
    """
    fraction = crossing_fraction(before.ground, after.ground, start, end)
    if fraction is None:
        return None
    unseen_s = after.time_s - before.time_s
    x, y = (a + fraction * (b - a) for a, b in zip(before.ground, after.ground, strict=True))
    return after._replace(time_s=before.time_s + fraction * unseen_s, ground=(x, y), unseen_s=unseen_s)


def _length_error_m(ground: Ground, spots: Spots, sights: Sequence[Sight], unit: Floats) -> float:
    """Standard deviation of the length from the first to the last sight, m."""
    first, last = (Spots(spots.metres[[i]], spots.by_fit[[i]], spots.by_picture[[i]]) for i in (0, 1))
    variance = float(ground.length_errors_m(first, last)[0]) ** 2
    for i in (0, -1):
        along = unit @ spots.by_picture[i] * np.array(sights[i].trembling)
        # Braking or speeding up halfway through the unseen time leaves the middle this far from where it is thought.
        unseen_m = _UNEVEN_MS2 * sights[i].unseen_s ** 2 / 8
        variance += float(along @ along) + unseen_m**2
    return float(np.sqrt(variance))


def _without_one_step(metres: Floats, times: Floats) -> float:
    """Speed without the step that goes farthest beyond an even pace, m/s."""
    steps, spans = np.diff(metres, axis=0), np.diff(times)
    elapsed_s = spans.sum()
    even = np.linalg.norm(metres[-1] - metres[0]) / elapsed_s
    one = int(np.argmax(np.linalg.norm(steps, axis=1) - even * spans))
    rest_s = elapsed_s - spans[one]
    return float(np.linalg.norm(metres[-1] - metres[0] - steps[one]) / rest_s) if rest_s > 0 else 0.0


def _is_whole(spots: Spots, sights: Sequence[Sight]) -> bool:
    """Whether the box has not grown or shrunk by more than its distance explains."""
    grown = log(sights[-1].height / sights[0].height)
    begin, end = np.linalg.norm(spots.by_picture[:, :, 0], axis=1)  # m for a picture across: with the distance
    nearer = _LYING * log(begin / end)
    return min(nearer, 0.0) - _GROWTH <= grown <= max(nearer, 0.0) + _GROWTH
