"""Who is in a zone, since when, under however many track ids.

Security rules ask how long somebody has been somewhere. Tracks alone don't answer that: one is lost behind a tree
and comes back under another id. A stay goes on when a track vanishes inside the zone and another appears beside
the place, soon after:

    zone ┌───────────────────────────┐
    ─────┼── track 3 ──✗   ○── track 8 ──   one stay, tracks 3 and 8, if ✗ and ○ are near in place and time
         └───────────────────────────┘
"""

from dataclasses import dataclass
from math import dist

from vision.scene import Placed, View

_LEFT_S = 2.0  # outside for longer: has left. A foot trembles over the border, and a guard paces along it
_VANISHED_S = 2.0  # vanished for longer, nobody beside the place: has left
_NEAR = 1.0  # how near the next track must appear, heights of the box


@dataclass(slots=True)
class Stay:
    """Somebody is in a zone.

    Attributes:
        began_s: When they came in. Stream clock.
        seen_s: When they were last seen inside.
        row: How they looked then.
        begin: How they looked when they came in.
        tracks: Ids under which they went, the newest last.
    """

    began_s: float
    seen_s: float
    row: Placed
    tracks: list[int]
    begin: Placed


class Stays:
    """The stays in one zone of one camera."""

    def __init__(self, zone: str) -> None:
        """Watches a zone or lane by its id."""
        self._zone = zone
        self._open: list[Stay] = []

    def __len__(self) -> int:
        return len(self._open)

    def step(self, view: View) -> tuple[list[Stay], list[Stay]]:
        """Takes the next view; returns the stays that go on and those that have ended."""
        by_track = {track: stay for stay in self._open for track in stay.tracks}
        visible = {row.id for row in view.placed}
        for row in view.placed:
            if self._zone not in row.zones:
                continue
            stay = by_track.get(row.id) or self._vanished_beside(row, view, visible)
            if stay is None:
                stay = Stay(view.time_s, view.time_s, row, [row.id], row)
                self._open.append(stay)
            elif row.id not in stay.tracks:
                stay.tracks.append(row.id)
            stay.seen_s, stay.row = view.time_s, row
        ended = [stay for stay in self._open if self._is_over(stay, view, visible)]
        self._open = [stay for stay in self._open if stay not in ended]
        return self._open, ended

    def finish(self) -> list[Stay]:
        """Ends all stays and returns them."""
        ended, self._open = self._open, []
        return ended

    def _vanished_beside(self, row: Placed, view: View, visible: set[int]) -> Stay | None:
        """The stay that a track which appears inside may continue."""
        near = [
            stay
            for stay in self._open
            if not visible.intersection(stay.tracks)
            and view.time_s - stay.seen_s <= _VANISHED_S
            and dist(stay.row.foot, row.foot) <= _NEAR * max(stay.row.height, row.height)
        ]
        return min(near, key=lambda stay: dist(stay.row.foot, row.foot), default=None)

    def _is_over(self, stay: Stay, view: View, visible: set[int]) -> bool:
        unseen_s = view.time_s - stay.seen_s
        return unseen_s > (_LEFT_S if visible.intersection(stay.tracks) else _VANISHED_S)
