"""Halts: who comes to a stand far harder than people brake, or vanishes at speed. What a crash begins with.

    speed   ▔▔▔▔▔▔▔╲            drop: how much speed goes within a second. At a red light people brake with 2–3 m/s²;
                    ╲           tyres hold 7–8; a crash stops at once, which the smoothing of speeds makes about as much
                     ▁▁▁▁▁▁

A motorcycle that falls may be seen as something else, or not at all: its track ends while it is fast. That is a halt,
too, but a lost one: whoever asks must see somebody there, or know why not.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vision.calibration import Ground
from vision.geometry import Point
from vision.scene import Placed, View
from vision.trails import BEHIND, TICK_S, Trails, Window

_SPAN = round(1.0 / TICK_S)  # ticks in which speed must drop
_BACK = 2 * _SPAN  # so long ago it may have dropped
_LOST = 8  # ticks: unseen for longer, it is lost
_STEADY = 3  # ticks: it must have gone as fast, and the same way, so long before. A box that jumps did not
_UNSURE = 0.35  # of the drop: a speed whose standard deviation is greater says nothing
_CARRIED_S = 0.2  # so far it would have gone on at its speed before it was stopped, unseen
STILL_MS, STILL_HEIGHTS = 1.2, 0.75
"""Slower is standing: m/s, or heights of the box a second without calibration."""


@dataclass(frozen=True, slots=True)
class Halt:
    """Somebody came to a stand too hard, or vanished at speed.

    Attributes:
        row: How it looked then.
        time_s: When it stood. Stream clock.
        place: Where, m, or px without calibration.
        way: m/s before, or px/s.
        lost: Whether it vanished.
    """

    row: Placed
    time_s: float
    place: Point
    way: Point
    lost: bool


class Halts:
    """The halts in front of one camera.

    Attributes:
        trails: Where everybody was.
    """

    def __init__(self, ground: Ground | None, zone: str, drop_ms: float, drop_heights: float) -> None:
        """Begins without any trail.

        Args:
            ground: The ground as the camera sees it; none without calibration.
            zone: Id of the zone or lane.
            drop_ms: So much speed must go within a second, m/s.
            drop_heights: The same without calibration, heights of the box.
        """
        self.trails = Trails(ground, zone)
        self._drop = drop_ms if ground else drop_heights
        self._still = STILL_MS if ground else STILL_HEIGHTS
        self._told: dict[int, bool] = {}  # by track: whether it was lost

    def __len__(self) -> int:
        return len(self.trails) + len(self._told)

    def step(self, view: View) -> Iterator[Halt]:
        """Halts that are seen with this view."""
        trails = self.trails
        if not trails.step(view):
            return
        for track in [track for track in self._told if trails.row(track) is None]:
            del self._told[track]
        now = trails.window(1, trails.rows)
        speed_now = np.linalg.norm(now.speeds[:, 0], axis=1) / trails.scale[now.rows]
        for one in np.flatnonzero(speed_now > 2 * self._still).tolist():
            self._told.pop(int(now.ids[one]), None)
        slow = (speed_now <= self._still) | (trails.tick - trails.last[now.rows] >= _LOST)
        yield from self._hard(trails.window(_BACK + _SPAN + _STEADY, now.rows[slow]))

    def _hard(self, window: Window) -> Iterator[Halt]:
        """Halts of those who are slow now, or lost."""
        trails = self.trails
        scale = trails.scale[window.rows][:, None]
        unseen = trails.tick - trails.last[window.rows]
        sure = window.errors / scale <= _UNSURE * self._drop
        ways = np.where(sure[..., None], window.speeds / scale[..., None], np.nan)
        speed = np.linalg.norm(ways, axis=2)
        before = speed.copy()
        along = (ways[:, _STEADY:] * ways[:, :-_STEADY]).sum(axis=2) / np.maximum(speed[:, _STEADY:], 1e-9)
        before[:, _STEADY:] = np.fmin(before[:, _STEADY:], along)  # one who just came into view has no way before
        drop = np.nan_to_num(before[:, :-_SPAN] - speed[:, _SPAN:], nan=-np.inf)
        begin = drop.argmax(axis=1)
        newest = speed.shape[1] - 1
        hard = (drop.max(axis=1, initial=-np.inf) >= self._drop) & (speed[:, -1] <= self._still)
        # The last speed that is known of somebody who is lost.
        last = np.maximum(newest - unseen, 0)
        lost = (unseen >= _LOST) & (last > _STEADY) & (before[np.arange(len(speed)), last] >= self._drop)
        for one in np.flatnonzero(hard | lost).tolist():
            track, gone = int(window.ids[one]), bool(lost[one])
            if self._told.get(track) == gone:
                continue
            self._told[track] = gone
            end = int(last[one]) if gone else newest
            way = window.speeds[one, end if gone else int(begin[one])]
            place = window.places[one, end] + (way * (_CARRIED_S + BEHIND * TICK_S) if gone else 0.0)
            time_s = float(window.time_s[end]) + (BEHIND * TICK_S if gone else 0.0)
            yield Halt(
                trails.placed[track], time_s, (float(place[0]), float(place[1])), (float(way[0]), float(way[1])), gone
            )
