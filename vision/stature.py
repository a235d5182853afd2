"""Stature: how tall road users look, m, and whose box has been whole.

Whoever steps behind a low wall, or out from behind somebody else, seems to rush over the ground without moving: the
box ends where the hiding begins, and what is higher in the picture is farther away.

       ▢            ▢
       │    ▭▭▭     ╵  ▭▭▭      same head, other foot: the box has half its height,
       ┴            ▭▭▭▭▭▭      and the foot seems to be metres farther away

Who comes nearer grows in the picture, but not in metres. So a stature that changes tells of a foot that was hidden.
"""

from collections import deque

import numpy as np

from vision.calibration import Ground
from vision.motion import WINDOW_S
from vision.scene import Placed, View
from vision.tracks import PerTrack

_SPACING_S = 0.1  # looks nearer in time tell nothing new
_CHANGE = 1.2  # the tallest of a second over the lowest; trembling boxes reach 1.1, hidden legs 1.5 and more


class Statures:
    """How tall the road users of one camera have looked, for as long as their speeds reach back."""

    def __init__(self, ground: Ground) -> None:
        """Begins without anybody."""
        self._ground = ground
        self._looks: PerTrack[deque[tuple[float, float]]] = PerTrack(deque)

    def __len__(self) -> int:
        return len(self._looks)

    def step(self, view: View) -> None:
        """Notes how tall those who are seen look."""
        self._looks.forget(view.ended)
        if not view.placed:
            return
        spots = self._ground.spots(np.array([row.foot for row in view.placed]) / view.size)
        # What stands upright has the scale of what lies across the picture at its foot, whatever the distance.
        m_per_px = np.linalg.norm(spots.by_picture[:, :, 0], axis=1) / view.size[0]
        for row, scale in zip(view.placed, m_per_px.tolist(), strict=True):
            looks = self._looks[row.id]
            if not looks or view.time_s - looks[-1][0] >= _SPACING_S:
                looks.append((view.time_s, scale * row.height))
            while view.time_s - looks[0][0] > WINDOW_S + _SPACING_S:
                looks.popleft()

    def has_changed(self, row: Placed) -> bool:
        """Whether the foot of somebody who is seen now was partly hidden a moment ago: a speed then means nothing."""
        statures = [stature for _, stature in self._looks[row.id]]
        return max(statures, default=0.0) > _CHANGE * min(statures, default=0.0)
