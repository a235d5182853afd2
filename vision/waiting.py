"""Who waits in the traffic: it has driven to where it stands, and not long ago.

A queue and a row of parked cars look the same. What tells them apart is how they came to be there:

    ▭ ▭ ▭        there since before we looked, or for longer than any traffic light makes wait: parked
     ──▶▭ ▭ ▭    driven there some time ago: waits

Those in front hide those behind, the lower part of them or all (see `hiding`). Whoever shows only its upper part
stands where its foot would be if it were as high as it was when all of it was to be seen. Whoever
vanished behind somebody who stands is still there until that one has gone.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import dist, inf, isnan

import numpy as np

from vision.association import same_group_of
from vision.geometry import Floats, Outlines, Point
from vision.hiding import feet_hidden, hidden_shares
from vision.scene import Placed, Scene, View
from vision.stops import DRIFT, STANDING_KMH
from vision.yardstick import going_kmh, gone_m

PARKED_S = 300.0
"""Who has not moved for longer is parked."""
_CAME_M = 3.0  # so far goes who drives
_WITH_ITS_TOP = 0.25  # of the way of the foot: less goes the top of a box whose lower part is hidden or comes out
_HIDDEN_S = 60.0  # who was not seen for longer is no more where it was, even behind somebody
_STOOD_S = 1.0  # who has stood for less may have gone on unseen
_MISSED_S = 1.0  # for so long a detector may miss somebody
_HEIGHTS = 25  # looks at a box are remembered
_NEARER = 4  # steps towards the foot: each leaves less than a third of what was to go
_WHOLE = 0.8  # of them are lower than the whole of it: in some looks who hides its foot was not seen
_HIDDEN = 0.4  # of its box: so much must be behind somebody who stands


@dataclass(slots=True)
class _Rest:
    """Where somebody came to rest.

    Attributes:
        begin: How it looked then.
        since_s: When that was. Stream clock.
        came: Whether it has driven there.
        row: How it looked last.
        seen_s: When that was.
        timed: How it looked when its speed was known last; none if it never was.
        stood_s: Since when it has been standing; none while it goes.
        foot_hidden_s: When somebody hid its foot last.
        heights: Of its box when all of it seemed to be seen, the latest ones, in units of `Waiting._units_px`.
    """

    begin: Placed
    since_s: float
    came: bool
    row: Placed
    seen_s: float
    timed: Placed | None = None
    stood_s: float | None = None
    foot_hidden_s: float = -inf
    heights: deque[float] = field(default_factory=lambda: deque(maxlen=_HEIGHTS))

    @property
    def height(self) -> float:
        """Height of its box when all of it is to be seen."""
        return sorted(self.heights)[int(_WHOLE * (len(self.heights) - 1))]

    def look(self, row: Placed, time_s: float) -> None:
        """Takes how it looks now."""
        self.row, self.seen_s = row, time_s
        kmh = going_kmh(row)
        if kmh is not None:
            self.timed = row
            if kmh >= STANDING_KMH:
                self.stood_s = None
            elif self.stood_s is None:
                self.stood_s = time_s

    def stood(self) -> bool:
        """Whether it had stood for a while when it was seen last."""
        return self.stood_s is not None and self.seen_s - self.stood_s >= _STOOD_S

    def waits(self, time_s: float) -> bool:
        """Whether it has driven there not long ago."""
        return self.came and time_s - self.since_s <= PARKED_S


class Waiting:
    """Knows who has driven to where it stands in front of one camera."""

    def __init__(self, scene: Scene, zone: str, slow_kmh: float) -> None:
        """Watches a scene.

        Args:
            scene: The scene.
            zone: Id of the zone or lane in which it is important who stands.
            slow_kmh: Who is slower stands, or nearly.
        """
        self._ground = scene.ground
        self._zone = zone
        self._outline = Outlines([np.array(scene.zone(zone).polygon, np.float64)])
        self._slow_kmh = slow_kmh
        self._rests: dict[int, _Rest] = {}

    def __len__(self) -> int:
        return len(self._rests)

    def step(self, view: View) -> list[Placed]:
        """Takes the next view; returns who is slow and has come not long ago, where it really stands."""
        now = view.time_s
        visible = {row.id for row in view.placed}
        lost = [track for track in self._rests if track not in visible]
        for row in view.placed:
            if row.id not in self._rests:
                self._rests[row.id] = self._found_again(row, lost) or _Rest(row, now, False, row, now)
        for row in self._set_down(view):
            rest = self._rests[row.id]
            if _has_come(rest.begin, row):
                rest.begin, rest.since_s, rest.came = row, now, True
            rest.look(row, now)
        seen = [self._rests[row.id] for row in view.placed]
        slow = [rest.timed for rest in seen if rest.waits(now) and rest.timed and self._is_slow(rest.timed)]
        standing = [rest.timed for rest in seen if rest.stood() and rest.timed]
        behind = self._behind(standing, lost, now)
        for track in [track for track, rest in self._rests.items() if now - rest.seen_s > _HIDDEN_S]:
            del self._rests[track]
        return slow + behind

    def _is_slow(self, row: Placed) -> bool:
        kmh = going_kmh(row)
        return kmh is not None and kmh < self._slow_kmh

    def _behind(self, standing: Sequence[Placed], lost: Sequence[int], now: float) -> list[Placed]:
        """Who waited before it was lost, and is hidden by somebody who stands."""
        rests = [self._rests[track] for track in lost]
        waited = [rest.timed for rest in rests if rest.waits(now) and rest.stood() and rest.timed]
        return [row for row, share in zip(waited, hidden_shares(waited, standing), strict=True) if share >= _HIDDEN]

    def _found_again(self, row: Placed, lost: list[int]) -> _Rest | None:
        """The rest of somebody who was lost where a track appears."""
        for track in lost:
            last = self._rests[track].row
            beside = dist(last.foot, row.foot) <= DRIFT * max(last.width, row.width)
            if beside and same_group_of(last.label, row.label):
                lost.remove(track)
                return self._rests.pop(track)
        return None

    def _set_down(self, view: View) -> list[Placed]:
        """The road users of a view; those whose foot is hidden stand where it must be by their height."""
        rows = list(view.placed)
        cut = []
        units = self._units_px(rows, np.array([row.box[3] for row in rows]), view.size)
        hidden = feet_hidden(rows, view.everyone)
        for number, (row, unit, foot_hidden) in enumerate(zip(rows, units.tolist(), hidden, strict=True)):
            rest = self._rests[row.id]
            if foot_hidden:
                rest.foot_hidden_s = view.time_s
            if view.time_s - rest.foot_hidden_s > _MISSED_S:  # who hides it may not be seen for a moment
                if not isnan(unit):
                    rest.heights.append(row.height / unit)
            elif rest.heights:
                cut.append(number)
        bottoms = self._bottoms([rows[n] for n in cut], view.size)
        feet = np.array([(rows[n].foot[0], bottom) for n, bottom in zip(cut, bottoms, strict=True)]).reshape(-1, 2)
        inside = self._outline.inside(feet / view.size)[:, 0].tolist()
        grounds = self._grounds(feet / view.size)
        for n, bottom, is_inside, ground in zip(cut, bottoms, inside, grounds, strict=True):
            row = rows[n]
            zones = row.zones | {self._zone} if is_inside else row.zones - {self._zone}
            box = (*row.box[:3], bottom)
            rows[n] = replace(row, box=box, foot=(row.foot[0], bottom), zones=zones, ground=ground)
        return rows

    def _bottoms(self, rows: Sequence[Placed], size: tuple[int, int]) -> list[float]:
        """Where boxes whose lower part is hidden would end if they were as high as they were, px."""
        top, seen = (np.array([row.box[edge] for row in rows]) for edge in (1, 3))
        whole = np.array([self._rests[row.id].height for row in rows])
        bottom = seen
        for _ in range(_NEARER):  # the lower it ends, the nearer it is, and the higher it looks
            bottom = np.fmax(seen, top + whole * self._units_px(rows, bottom, size))
        ends: list[float] = bottom.tolist()
        return ends

    def _units_px(self, rows: Sequence[Placed], bottoms: Floats, size: tuple[int, int]) -> Floats:
        """Px of a metre across the picture where boxes end; of their own width where the ground is not known.

        The width alone is the lesser yardstick: who turns becomes wider, and no higher.
        """
        if self._ground is None:
            return np.array([max(row.width, 1.0) for row in rows])
        feet = np.column_stack([[row.foot[0] for row in rows], bottoms])
        units: Floats = size[0] / np.linalg.norm(self._ground.spots(feet / size).by_picture[:, :, 0], axis=1)
        return units

    def _grounds(self, places: Floats) -> list[Point | None]:
        """Where some places of the picture, (n, 2), are on the ground, m."""
        if self._ground is None:
            return [None] * len(places)
        return [None if isnan(x) else (x, y) for x, y in self._ground.spots(places).metres.tolist()]


def _has_come(begin: Placed, row: Placed) -> bool:
    """Whether all of it has moved, and not only what is seen of it."""
    if gone_m(begin, row) < _CAME_M:
        return False
    tops = [((one.box[0] + one.box[2]) / 2, one.box[1]) for one in (begin, row)]
    return dist(*tops) >= _WITH_ITS_TOP * dist(begin.foot, row.foot)
