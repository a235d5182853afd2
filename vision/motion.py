"""Motion: where each road user has been in the last second, and how fast that is, with its error.

Boxes tremble, so the speed between two pictures says little. Here a line is laid through all places of the last
second (least squares), in the picture and, with a calibration, on the ground:

      place │           ●  ●        speed   = slope of the line
            │       ●               error   = what the trembling ● and the calibration leave open,
            │    ●                            two standard deviations
            │  ●
            └──────────────── time
              ◀─ 0.5…1 s ─▶
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.calibration import Ground, Spots
from vision.geometry import Floats
from vision.tracks import Tracks

WINDOW_S = 1.0
"""So far back reaches the line."""
LEAST_S = 0.5
"""A shorter way gives no speed."""
_PLACES = 32  # are kept for each track
_SPACING_S = WINDOW_S / (_PLACES - 2)  # places nearer in time are left out: more of them tell nothing new
_DEVIATIONS = 2.0  # an error is so many standard deviations: 95 %
_COLOURED = 2.0  # times the variance of independent errors: a box that is too low now is so in the next picture too
_FIGURES = 5  # kept for each place: time, x and y in the picture, x and y on the ground


@dataclass(frozen=True, slots=True, eq=False)
class Moving:
    """How the n road users of an instant move.

    Attributes:
        steady: (n, 2) px/s, of the foot over up to a second; nan where it was seen for less than half a second.
        ground: (n, 2) m, where they stand; nan without calibration and beyond the horizon.
        ground_error: (n,) m, two standard deviations of it by calibration and picking.
        speeds: (n,) km/h on the ground; nan where not known.
        speed_errors: (n,) km/h.
        travel: (n, 2) m/s on the ground; nan where not known.
    """

    steady: Floats
    ground: Floats
    ground_error: Floats
    speeds: Floats
    speed_errors: Floats
    travel: Floats


class Motion:
    """The last second of every track of one camera."""

    def __init__(self, ground: Ground | None) -> None:
        """Begins without any track; without `ground` nothing is said about metres."""
        self._ground = ground
        self._rows: dict[int, int] = {}
        self._free: list[int] = []
        self._places = np.full((0, _PLACES, _FIGURES), np.nan)
        self._next = np.zeros(0, np.intp)

    def __len__(self) -> int:
        return len(self._rows)

    def step(self, tracks: Tracks, size: tuple[int, int]) -> Moving:
        """Takes where the tracks of the next instant stand.

        Args:
            tracks: The tracks.
            size: Of the picture, px.
        """
        for track in tracks.ended:
            self._free.append(self._rows.pop(track))
        n = len(tracks)
        if not n:
            places, figures = np.empty((0, 2)), np.empty(0)
            return Moving(places, places, figures, figures, figures, places)
        feet = np.column_stack([(tracks.seen[:, 0] + tracks.seen[:, 2]) / 2, tracks.seen[:, 3]])
        scale = np.array(size, np.float64)
        spots = self._ground.spots(feet / scale) if self._ground else None
        ground = spots.metres if spots else np.full((n, 2), np.nan)
        rows = self._take(tracks.ids.tolist())
        self._note(rows, tracks.time_s, feet, ground)
        places = self._places[rows]
        recent = places[:, :, 0] >= tracks.time_s - WINDOW_S - 0.0005
        steady, _ = _slopes(places[:, :, 0], places[:, :, 1:3], recent)
        if spots is None or self._ground is None:
            nothing = np.full(n, np.nan)
            return Moving(steady, ground, nothing, nothing, nothing, ground)
        travel, trembling = _slopes(places[:, :, 0], places[:, :, 3:5], recent)
        speed = np.linalg.norm(travel, axis=1)
        share = self._share_of_error(places, recent, spots, scale)
        error = _DEVIATIONS * np.hypot(trembling, share * speed)
        picked = self._ground.picking * np.linalg.norm(spots.by_picture, axis=(1, 2))
        ground_error = _DEVIATIONS * np.hypot(self._ground.position_error_m(spots), picked)
        return Moving(steady, ground, ground_error, 3.6 * speed, 3.6 * error, travel)

    def _take(self, ids: list[int]) -> NDArray[np.intp]:
        """Rows of some tracks; a new track gets an empty one."""
        for track in ids:
            if track not in self._rows:
                if not self._free:
                    known = len(self._places)
                    grown = np.full((max(8, 2 * known), _PLACES, _FIGURES), np.nan)
                    grown[:known] = self._places
                    self._places = grown
                    self._next = np.concatenate([self._next, np.zeros(len(grown) - known, np.intp)])
                    self._free = list(range(known, len(grown)))
                row = self._rows[track] = self._free.pop()
                self._places[row], self._next[row] = np.nan, 0
        return np.array([self._rows[track] for track in ids], np.intp)

    def _note(self, rows: NDArray[np.intp], time_s: float, feet: Floats, ground: Floats) -> None:
        """Notes where some tracks are now; the newest place takes the place of one that is hardly older."""
        last = (self._next[rows] - 1) % _PLACES
        before = (self._next[rows] - 2) % _PLACES
        since = self._places[rows, last, 0] - self._places[rows, before, 0]
        crowded = since < _SPACING_S
        at = np.where(crowded, last, self._next[rows])
        self._places[rows, at, 0] = time_s
        self._places[rows, at, 1:3] = feet
        self._places[rows, at, 3:5] = ground
        self._next[rows] = (at + 1) % _PLACES

    def _share_of_error(self, places: Floats, recent: NDArray[np.bool_], now: Spots, scale: Floats) -> Floats:
        """(n,) standard deviation by calibration of the way of the last second, as a share of it."""
        assert self._ground is not None
        oldest = np.where(recent, places[:, :, 0], np.inf).argmin(axis=1)
        begin = self._ground.spots(places[np.arange(len(places)), oldest, 1:3] / scale)
        length = np.linalg.norm(now.metres - begin.metres, axis=1)
        error = self._ground.length_errors_m(begin, now)
        # Whoever stands has no way to take a share of; the speed is about zero, and so is the error.
        share: Floats = np.divide(error, length, out=np.zeros_like(length), where=length > 0.1)
        return share


def _slopes(times: Floats, values: Floats, use: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Slopes of least squares lines, and their standard deviation along the motion.

    Args:
        times: (n, k) s.
        values: (n, k, 2).
        use: (n, k) which of the k count.

    Returns:
        (n, 2) slopes a second, nan where the times span less than half a second; (n,) standard deviations.
    """
    use = use & ~np.isnan(values[:, :, 0])
    counts = use.sum(axis=1)
    some = np.maximum(counts, 1)
    kept = np.where(use, times, 0.0)
    mean = kept.sum(axis=1) / some
    centred = np.where(use, times - mean[:, None], 0.0)
    spread = (centred**2).sum(axis=1)
    span = centred.max(axis=1, initial=0.0) - centred.min(axis=1, initial=0.0)
    known = (span >= LEAST_S - 0.0005) & (counts >= 3)
    divisor = np.where(known, spread, np.nan)
    numbers = np.where(use[:, :, None], values, 0.0)
    slopes = (centred[:, :, None] * numbers).sum(axis=1) / divisor[:, None]
    means = numbers.sum(axis=1) / some[:, None]
    misses = np.where(use[:, :, None], numbers - means[:, None] - centred[:, :, None] * slopes[:, None], 0.0)
    speed = np.linalg.norm(slopes, axis=1)
    way = np.divide(slopes, speed[:, None], out=np.full_like(slopes, np.sqrt(0.5)), where=speed[:, None] > 0)
    along = (misses * way[:, None]).sum(axis=2)
    variance = _COLOURED * (along**2).sum(axis=1) / np.maximum(counts - 2, 1) / divisor
    return slopes, np.sqrt(variance)
