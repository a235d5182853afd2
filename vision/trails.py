"""Trails: where everybody was in the last seconds, at the same instants for all, smoothed without a lag.

Who brakes or nearly meets whom is a question of tenths of a second, and of two paths at once. So places are kept at
ticks of a common clock, whatever the frame rate, and speeds are taken around the middle of a window, not at its end:

    tick        │0  │1  │2  │3  │4  │5  │6  │7  │8  │9
    places       ●   ●   ○   ●   ●   ●   ●   ●   ●   ●      ○ unseen for a moment: laid in when it is seen again
                     ◀────────── v ──────────▶              the newest tick whose speed is known is the fifth from last

All of it is a few arrays for all tracks: pairs of them can be compared at once.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.calibration import Ground
from vision.geometry import Floats
from vision.hiding import feet_hidden
from vision.scene import Placed, View

TICK_S = 0.1
"""Places are kept so often."""
BEHIND = 4
"""So many ticks behind the newest is the last one whose speed is known."""
KEPT = 48
"""Ticks that are kept of every track."""
LAID_IN = 10
"""Who is unseen for so many ticks at most went evenly in between."""
_SMOOTHED = 2  # places are means of so many ticks on both sides
_COLOURED = 2.0  # times the variance of independent errors, as in motion.py
_COVERED = 0.6  # so much of its lower edge behind another box: the bottom is not where somebody stands
_LOWER = 0.85  # of its height, with somebody in front: its foot is hidden. Trembling boxes are not lower than 0.9
_TOUCHING = 0.1  # of its height: a box whose lower part is hidden ends where the one before it begins
_WAY, _WAY_M = 5, 0.5  # a direction is that of a step of so many ticks, and so long
_SCALE_GAIN = 0.1  # a tick: boxes tremble


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """The last k ticks of n trails. What is not known is nan.

    Attributes:
        rows: (n,) rows of the trails.
        ids: (n,) their tracks.
        time_s: (k,) stream clock of the ticks.
        places: (n, k, 2) m, or px without calibration.
        speeds: (n, k, 2) the same a second.
        errors: (n, k) standard deviation of the speed.
        inside: (n, k) whether it stood in the zone.
    """

    rows: NDArray[np.intp]
    ids: NDArray[np.int64]
    time_s: Floats
    places: Floats
    speeds: Floats
    errors: Floats
    inside: NDArray[np.bool_]


class Trails:
    """The last seconds of all road users of one camera.

    Attributes:
        placed: How each track looked when it was last seen.
        scale: (rows,) px to a height of the box; all ones with calibration.
        away: (rows, 2) direction on the ground that leads away from the camera; nan without calibration.
        first: (rows,) tick at which it was first seen, without a long gap since.
        last: (rows,) tick at which it was last seen.
        tick: The newest tick.
    """

    def __init__(self, ground: Ground | None, zone: str) -> None:
        """Begins without any trail.

        Args:
            ground: In metres, where there is a calibration.
            zone: Id of the zone or lane of which is noted who stands in it.
        """
        self._ground = ground
        self._zone = zone
        self._rows: dict[int, int] = {}
        self._free: list[int] = []
        self._places = np.full((0, KEPT, 2), np.nan)
        self._inside = np.zeros((0, KEPT), np.bool_)
        self._ids = np.zeros(0, np.int64)
        self._heights = np.zeros(0)
        self.placed: dict[int, Placed] = {}
        self.scale = np.ones(0)
        self.away = np.full((0, 2), np.nan)
        self.first = np.zeros(0, np.int64)
        self.last = np.zeros(0, np.int64)
        self.tick = -KEPT

    def __len__(self) -> int:
        return len(self._rows)

    def row(self, track: int) -> int | None:
        """The row of a track; none if it was not seen for long."""
        return self._rows.get(track)

    def follows(self, later: int, earlier: int) -> bool:
        """Whether a track was first seen after another was lost, a moment ago: it may be the same road user."""
        row, before = self._rows.get(later), self._rows.get(earlier)
        return row is not None and before is not None and bool(self.first[row] > self.last[before])

    def step(self, view: View) -> bool:
        """Takes the next view; whether a new tick has begun with it."""
        # Half a millisecond of grace: stream clocks are sums of frame intervals.
        tick = int((view.time_s + 0.0005) // TICK_S)
        if tick <= self.tick:
            return False
        new = np.arange(max(self.tick + 1, tick - KEPT + 1), tick + 1) % KEPT
        self._places[:, new], self._inside[:, new] = np.nan, False
        self.tick = tick
        self._forget()
        seen = [row for row in plainly_seen(view) if self._ground is None or row.ground]
        if seen:
            self._note(seen, view)
        return True

    @property
    def rows(self) -> NDArray[np.intp]:
        """The rows of everybody."""
        return np.fromiter(self._rows.values(), np.intp, len(self._rows))

    def window(self, ticks: int, rows: NDArray[np.intp]) -> Window:
        """The last ticks whose speeds are known, of some rows."""
        newest = self.tick - BEHIND
        at = np.arange(newest - ticks + 1 - BEHIND, newest + BEHIND + 1)
        raw = self._places[rows[:, None], at % KEPT]
        offsets = np.arange(-BEHIND, BEHIND + 1)
        spread = TICK_S**2 * float((offsets**2).sum())
        around = np.stack([raw[:, BEHIND + offset : BEHIND + offset + ticks] for offset in offsets])
        places: Floats = around[BEHIND - _SMOOTHED : BEHIND + _SMOOTHED + 1].mean(axis=0)
        speeds: Floats = np.tensordot(offsets * (TICK_S / spread), around, axes=1)
        misses = ((around - around.mean(axis=0)) ** 2).sum(axis=(0, 3)) - spread * (speeds**2).sum(axis=2)
        errors = np.sqrt(_COLOURED * np.maximum(misses, 0.0) / (len(offsets) - 2) / spread)
        middle = at[BEHIND : BEHIND + ticks]
        return Window(
            rows=rows,
            ids=self._ids[rows],
            time_s=TICK_S * middle.astype(np.float64),
            places=places,
            speeds=speeds,
            errors=errors,
            inside=self._inside[rows[:, None], middle % KEPT],
        )

    def ways(self, rows: NDArray[np.intp]) -> Floats:
        """Directions (n, w, 2) in which some trails went in the last seconds; nan while they hardly went."""
        at = np.arange(self.tick - KEPT + 2, self.tick, _WAY)
        raw = self._places[rows[:, None, None], (at[:, None] + np.array([-1, 0, 1])) % KEPT]
        steps = np.diff(raw.mean(axis=2), axis=1)
        lengths = np.linalg.norm(steps, axis=2)
        far = lengths >= _WAY_M * self.scale[rows][:, None]
        ways: Floats = steps / np.where(far, lengths, np.nan)[..., None]
        return ways

    def _note(self, seen: list[Placed], view: View) -> None:
        """Notes where some road users are."""
        rows = self._take(seen)
        late_s = view.time_s - self.tick * TICK_S
        if self._ground is None:
            places = np.array([row.foot for row in seen], np.float64)
            ways = np.array([row.steady or (0.0, 0.0) for row in seen], np.float64)
            heights = np.array([max(row.height, 1.0) for row in seen])
            self.scale[rows] += _SCALE_GAIN * (heights - self.scale[rows])
        else:
            places = np.array([row.ground for row in seen], np.float64)
            ways = np.array([row.travel or (0.0, 0.0) for row in seen], np.float64)
            by_picture = self._ground.spots(np.array([row.place for row in seen], np.float64)).by_picture
            up = -by_picture[:, :, 1]
            self.away[rows] = up / np.linalg.norm(up, axis=1)[:, None]
            heights = np.array([row.height for row in seen]) * np.linalg.norm(by_picture[:, :, 0], axis=1)
            whole = self._whole(rows, heights, seen, view)
            rows, places, ways = rows[whole], places[whole], ways[whole]
            seen = [row for row, one in zip(seen, whole.tolist(), strict=True) if one]
        places -= late_s * ways
        gaps = self.tick - self.last[rows]
        self.first[rows[gaps > LAID_IN]] = self.tick
        before = self._places[rows, self.last[rows] % KEPT]
        for back in range(1, LAID_IN):
            between = (gaps > back) & (gaps <= LAID_IN)
            share = (back / np.maximum(gaps, 1))[between, None]
            laid = (1 - share) * places[between] + share * before[between]
            self._places[rows[between], (self.tick - back) % KEPT] = laid
        self._places[rows, self.tick % KEPT] = places
        self._inside[rows, self.tick % KEPT] = [self._zone in row.zones for row in seen]
        self.last[rows] = self.tick

    def _whole(self, rows: NDArray[np.intp], heights: Floats, seen: list[Placed], view: View) -> NDArray[np.bool_]:
        """Which of some road users are as high as they were: of the others somebody in front hides the foot.

        Args:
            rows: Their rows.
            heights: Across the picture where they stand, in any unit of length.
            seen: How they look.
            view: With everyone who may be in front.
        """
        whole: NDArray[np.bool_] = ~(heights < _LOWER * self._heights[rows])
        lower = np.flatnonzero(~whole)
        whole[lower] = ~np.array(feet_hidden([seen[one] for one in lower.tolist()], view.everyone), np.bool_)
        known, now = self._heights[rows[whole]], heights[whole]
        self._heights[rows[whole]] = np.where(np.isnan(known), now, known + _SCALE_GAIN * (now - known))
        return whole

    def _take(self, seen: list[Placed]) -> NDArray[np.intp]:
        """Rows of some road users; a new one gets an empty row."""
        for row in seen:
            self.placed[row.id] = row
            if row.id in self._rows:
                continue
            if not self._free:
                self._grow()
            new = self._rows[row.id] = self._free.pop()
            self._places[new], self._inside[new] = np.nan, False
            self._ids[new] = row.id
            self.first[new] = self.last[new] = self.tick
            self._heights[new] = np.nan
            self.scale[new] = 1.0 if self._ground else max(row.height, 1.0)
        return np.array([self._rows[row.id] for row in seen], np.intp)

    def _grow(self) -> None:
        known = len(self._places)
        more = max(8, known)
        self._free = list(range(known, known + more))
        self._places = np.concatenate([self._places, np.full((more, KEPT, 2), np.nan)])
        self._inside = np.concatenate([self._inside, np.zeros((more, KEPT), np.bool_)])
        self._ids = np.concatenate([self._ids, np.zeros(more, np.int64)])
        self._heights = np.concatenate([self._heights, np.full(more, np.nan)])
        self.scale = np.concatenate([self.scale, np.ones(more)])
        self.away = np.concatenate([self.away, np.full((more, 2), np.nan)])
        self.first = np.concatenate([self.first, np.zeros(more, np.int64)])
        self.last = np.concatenate([self.last, np.zeros(more, np.int64)])

    def _forget(self) -> None:
        """Forgets who was not seen for all the time that is kept."""
        for track in [track for track, row in self._rows.items() if self.tick - self.last[row] >= KEPT]:
            self._free.append(self._rows.pop(track))
            del self.placed[track]


def plainly_seen(view: View) -> list[Placed]:
    """Those whose box ends where they stand: not at the edge of the picture, nor behind somebody nearer."""
    if not view.placed:
        return []
    boxes = np.array([row.box for row in view.placed], np.float64)
    others = np.array([row.box for row in view.everyone], np.float64)
    x1, x2, y2 = boxes[:, 0, None], boxes[:, 2, None], boxes[:, 3, None]
    touching = _TOUCHING * (boxes[:, 3] - boxes[:, 1])[:, None]
    covered = np.minimum(x2, others[:, 2]) - np.maximum(x1, others[:, 0]) >= _COVERED * (x2 - x1)
    behind = covered & (np.abs(y2 - others[:, 1]) <= touching)
    hidden = np.asarray(behind.any(axis=1)).tolist()
    return [row for row, one in zip(view.placed, hidden, strict=True) if not one and not view.cuts_off(row)]
