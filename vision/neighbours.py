"""Whether those around somebody who stands still explain why: they queue, too, or they drive past.

▭ ▭ ▣ ▭      at least two others near ▣ are slow: a queue. But not those who have stood for minutes, longer than
             any red light lasts: they are parked
 ──▭▶
▭ ▣   ▭      a car overtakes ▣ on its way: so could ▣, if it wanted to. Not so a motorcycle: it slips through
             every queue
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from models.detections import Label
from numpy.typing import NDArray

from vision.geometry import Floats, Point
from vision.scene import Placed, View
from vision.stops import stays
from vision.yardstick import TWO_WHEELERS, going_kmh

QUEUE_KMH = 7.0
"""Who is slower may stand in a queue, and who is faster does not."""
_QUEUE = 2  # so many others make a queue
_NEAR_M = 15.0
_NEAR_WIDTHS = 3.0  # without calibration, widths of the box
_PARKED_S = 180.0  # no red light lasts so long: who stood still for longer is parked and no neighbour in a queue
_FORGOTTEN_S = 10.0  # who was not seen slow for longer is not where it was
_OVERTAKES_KMH = 15.0
_FARTHER = 2.0  # times as far away is still seen to have overtaken: it is fast, and one looks only now and then
_SAME_WAY = 0.85  # cosine of the angle between two ways: about 30 degrees


class Neighbours:
    """Knows who is slow and who drives in front of one camera."""

    def __init__(self) -> None:
        self._rest = _Rest()
        self._ways: dict[int, Point] = {}  # by track: how it went in the picture when it last drove, px/s
        self._slow: list[Placed] = []
        self._driving: list[Placed] = []

    def __len__(self) -> int:
        return len(self._rest) + len(self._ways)

    def look(self, view: View) -> None:
        """Takes in how everybody goes now."""
        slow, self._driving = [], []
        for row in view.everyone:
            speed_kmh = None if row.label is Label.PERSON else going_kmh(row)
            if speed_kmh is None or row.steady is None:
                continue
            if speed_kmh < QUEUE_KMH:
                slow.append(row)
            elif speed_kmh >= _OVERTAKES_KMH:
                self._ways[row.id] = row.steady
                if row.label not in TWO_WHEELERS:
                    self._driving.append(row)
        since = self._rest.step(slow, {row.id for row in view.everyone}, view.time_s)
        self._slow = [row for row, since_s in zip(slow, since, strict=True) if view.time_s - since_s < _PARKED_S]

    def forget(self, ended: Sequence[int]) -> None:
        """Forgets the ways of tracks that have ended."""
        for track in ended:
            self._ways.pop(track, None)

    def way(self, track: int) -> Point | None:
        """How a track went in the picture when it last drove, px/s; none if it was never seen driving."""
        return self._ways.get(track)

    def queue(self, rows: Sequence[Placed], zone: str | None = None) -> list[bool]:
        """Which of some who stand have at least two slow ones near them, in a zone if one is given."""
        slow = [row for row in self._slow if zone is None or zone in row.zones]
        if not rows or len(slow) < _QUEUE:
            return [False] * len(rows)
        others = np.array([row.id for row in rows])[:, None] != np.array([row.id for row in slow])
        queues: list[bool] = ((_near(rows, slow) & others).sum(axis=1) >= _QUEUE).tolist()
        return queues

    def overtaken(self, rows: Sequence[Placed], ways: Sequence[Point | None]) -> list[bool]:
        """Which of some who stand, having come each its way, see a car drive ahead of them that way."""
        if not rows or not self._driving:
            return [False] * len(rows)
        came = np.array([way or (np.nan, np.nan) for way in ways])
        came /= np.linalg.norm(came, axis=1)[:, None]
        go = np.array([row.steady for row in self._driving])
        go /= np.linalg.norm(go, axis=1)[:, None]
        ahead = _feet(self._driving)[None] - _feet(rows)[:, None]
        ahead = (ahead * came[:, None]).sum(axis=2) > 0
        same_way = came @ go.T >= _SAME_WAY
        overtaken: list[bool] = (_near(rows, self._driving, _FARTHER) & ahead & same_way).any(axis=1).tolist()
        return overtaken


@dataclass(slots=True)
class _Place:
    since_s: float
    row: Placed  # as it was then
    seen_s: float


class _Rest:
    """Since when each of those who are slow has been about where it is, under whatever id."""

    def __init__(self) -> None:
        self._places: dict[int, _Place] = {}

    def __len__(self) -> int:
        return len(self._places)

    def step(self, slow: Sequence[Placed], visible: set[int], time_s: float) -> list[float]:
        """Takes who is slow now, and who is seen at all; returns since when each has been where it is."""
        lost = [track for track in self._places if track not in visible]
        since = []
        for row in slow:
            place = self._places.get(row.id)
            if place is None:
                beside = next((track for track in lost if stays(self._places[track].row, row)), None)
                if beside is None:
                    place = _Place(time_s, row, time_s)
                else:
                    lost.remove(beside)
                    place = self._places.pop(beside)
                self._places[row.id] = place
            elif not stays(place.row, row):
                place.since_s, place.row = time_s, row
            place.seen_s = time_s
            since.append(place.since_s)
        self._places = {one: place for one, place in self._places.items() if time_s - place.seen_s <= _FORGOTTEN_S}
        return since


def _near(rows: Sequence[Placed], others: Sequence[Placed], times: float = 1.0) -> NDArray[np.bool_]:
    """(n, m) which of some are near to which others: on the ground, or in the picture where that is not known."""
    metres = _distances(_grounds(rows), _grounds(others))
    pixels = _distances(_feet(rows), _feet(others))
    reach = times * _NEAR_WIDTHS * np.array([row.width for row in rows])
    return np.where(np.isnan(metres), pixels <= reach[:, None], metres <= times * _NEAR_M)


def _feet(rows: Sequence[Placed]) -> Floats:
    return np.array([row.foot for row in rows])


def _grounds(rows: Sequence[Placed]) -> Floats:
    return np.array([row.ground or (np.nan, np.nan) for row in rows])


def _distances(first: Floats, second: Floats) -> Floats:
    distances: Floats = np.linalg.norm(first[:, None] - second[None], axis=2)
    return distances
