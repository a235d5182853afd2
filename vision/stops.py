"""Who stands still in a zone, since when, under however many track ids.

A box trembles, a queue creeps, and a lorry hides the parked car behind it for a while:

    zone ┌────────────────────────────────┐
         │  ▭→  ▭→ ▭ ▭▭▭▭▭▭▭ (hidden) ▭▭▭ │     one stop: it began where the foot came to rest, and goes on while
         └─────────├─────────────────────┤┘     the foot stays within half a width, whatever the id
"""

from dataclasses import dataclass
from math import dist

from vision.association import same_group_of
from vision.scene import Placed, View

DRIFT = 0.5
"""So far, in widths of its box, may a road user drift and still stand."""
STANDING_KMH = 4.0
"""Slower than this is standing, where speeds are known."""
_AWAY_S = 1.0  # drifted away or outside for longer: drives on
_HIDDEN_S = 6.0  # vanished for longer, nobody in its place: it has gone, unseen


@dataclass(slots=True)
class Stop:
    """Somebody stands still.

    Attributes:
        began_s: When it came to rest. Stream clock.
        begin: How it looked then.
        seen_s: When it was last seen standing.
        row: How it looked then.
        tracks: Ids under which it went, the newest last.
        told: Whether the rule has told anybody.
        elsewhere: Where it seems to have come to rest since, and when; its box may only be cut off for a moment.
    """

    began_s: float
    begin: Placed
    seen_s: float
    row: Placed
    tracks: list[int]
    told: bool = False
    elsewhere: tuple[float, Placed] | None = None


class Stops:
    """The stops in one zone of one camera."""

    def __init__(self, zone: str) -> None:
        """Watches a zone or lane by its id."""
        self._zone = zone
        self._open: list[Stop] = []

    def __len__(self) -> int:
        return len(self._open)

    def step(self, view: View) -> tuple[list[Stop], list[Stop]]:
        """Takes the next view; returns the stops of who is seen standing now, and told ones that have ended."""
        by_track = {track: stop for stop in self._open for track in stop.tracks}
        visible = {row.id for row in view.everyone}
        standing = []
        for row in view.placed:
            if self._zone not in row.zones:
                continue
            stop = by_track.get(row.id) or self._hidden_there(row, visible)
            if stop is None:
                self._open.append(Stop(view.time_s, row, view.time_s, row, [row.id]))
            elif _stands(stop.begin, row):
                if row.id not in stop.tracks:
                    stop.tracks.append(row.id)
                stop.seen_s, stop.row, stop.elsewhere = view.time_s, row, None
                standing.append(stop)
            elif stop.elsewhere is None or not _stands(stop.elsewhere[1], row):
                stop.elsewhere = (view.time_s, row)
        ended = [stop for stop in self._open if self._is_over(stop, view, visible)]
        self._open = [stop for stop in self._open if stop not in ended]
        for stop in ended:
            # Whoever has come to rest elsewhere did so some time ago.
            if stop.elsewhere and stop.tracks[-1] in visible:
                since_s, row = stop.elsewhere
                self._open.append(Stop(since_s, row, view.time_s, row, [row.id]))
        return standing, [stop for stop in ended if stop.told]

    def finish(self) -> list[Stop]:
        """Ends all stops and returns those that were told."""
        ended, self._open = self._open, []
        return [stop for stop in ended if stop.told]

    def _hidden_there(self, row: Placed, visible: set[int]) -> Stop | None:
        """The stop of somebody who vanished where a track appears."""
        hidden = [
            stop
            for stop in self._open
            if not visible.intersection(stop.tracks)
            and dist(stop.row.foot, row.foot) <= DRIFT * max(stop.row.width, row.width)
            and same_group_of(stop.row.label, row.label)
        ]
        return min(hidden, key=lambda stop: dist(stop.row.foot, row.foot), default=None)

    def _is_over(self, stop: Stop, view: View, visible: set[int]) -> bool:
        return view.time_s - stop.seen_s > (_AWAY_S if visible.intersection(stop.tracks) else _HIDDEN_S)


def _stands(begin: Placed, row: Placed) -> bool:
    if dist(row.foot, begin.foot) <= DRIFT * max(row.width, begin.width):
        return True
    return row.speed_kmh is not None and row.speed_kmh < STANDING_KMH
