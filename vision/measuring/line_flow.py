"""Figures of a line: volume, flow, speeds, headways and gaps.

          ┌──────┐  gap   ┌────────────┐
          │ ▭    │◀──────▶│ ▭          │ ──▶        headway: from front to front, seconds
          └──────┘        └────────────┘            gap: from the rear of the one ahead to the front
                 ◀──────────────────────▶
                         headway

What crosses a line is the anchor of a vehicle, the bottom of its box: its rear where it drives away from the camera,
its front where it comes. How long it takes from front to rear follows from its speed and the usual length of its kind.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot

from models.detections import Label

from vision.calibration import Ground
from vision.crossing import Crossing, Crossings
from vision.measuring.meter import EVERYBODY, VEHICLES, Figures, Meter, Pcu, SumsAt, per_hour
from vision.measuring.sums import Sums
from vision.passing import Passings
from vision.scene import Line, Placed, Side, View

LENGTHS_M = {Label.BICYCLE: 1.8, Label.MOTORCYCLE: 1.9, Label.CAR: 4.5, Label.BUS: 11.0, Label.TRUCK: 8.0}
"""Usual lengths of vehicles."""
_LEAST_KMH = 1.0  # nobody crosses a line more slowly; a speed of nearly zero would rule a harmonic mean


@dataclass(frozen=True, slots=True)
class _Passed:
    """When the front of a vehicle was at the line, and its rear; none where that is not known."""

    front_s: float
    rear_s: float | None


class LineFlow(Meter):
    """Measures one line. A figure of one direction has its name behind a colon: `volume:left`."""

    kind = "line_flow"

    def __init__(self, name: str, line: Line, pcu: Pcu, ground: Ground | None = None) -> None:
        """Measures a line by its id; without `ground` its speeds are unknown."""
        self.line = name
        self._pcu = pcu
        self._crossings = Crossings(name, line, joins=True)
        self._passings = Passings(ground)
        self._sums_at: SumsAt | None = None
        self._directions: dict[Side, str] = {"left": line.direction("left"), "right": line.direction("right")}
        self._last: dict[str, _Passed] = {}

    def __len__(self) -> int:
        return len(self._crossings) + len(self._passings)

    def follow(self, view: View, sums_at: SumsAt) -> None:
        """Counts who has crossed (see `Meter.follow`)."""
        self._sums_at = sums_at
        for crossing in self._passings.step(view, self._crossings.step(view)):
            self._count(crossing, sums_at)

    def lapse(self) -> None:
        """Somebody may have passed unseen (see `Meter.lapse`)."""
        for crossing in self._passings.finish():
            assert self._sums_at is not None
            self._count(crossing, self._sums_at)
        self._last.clear()

    def figures(self, sums: Sums, watched_s: float) -> tuple[Figures, dict[str, Figures]]:
        """Of both directions and of each (see `Meter.figures`)."""
        both = tuple(self._directions.values())
        values: Figures = {}
        by_label: dict[str, Figures] = {label: {} for label in sums.labels()}
        for suffix, directions in [("", both), *((f":{one}", (one,)) for one in both)]:
            figures = self._of_vehicles(sums, directions, watched_s) | _speeds(sums, directions, VEHICLES)
            values |= {f"{name}{suffix}": value for name, value in figures.items()}
            for label, own in by_label.items():
                volume = {"volume": sums.total(_named("volume", directions), [label])}
                figures = volume | _speeds(sums, directions, [label])
                own |= {f"{name}{suffix}": value for name, value in figures.items()}
        return values, by_label

    def _count(self, crossing: Crossing, sums_at: SumsAt) -> None:
        """Sums up somebody who has crossed."""
        row, direction, sums = crossing.row, self._directions[crossing.side], sums_at(crossing.time_s)
        label = row.label.word
        sums.add(f"volume:{direction}", 1, label)
        if row.speed_kmh is not None:
            speed_kmh = max(row.speed_kmh, _LEAST_KMH)
            sums.add(f"speeds:{direction}", 1, label)
            sums.add(f"speed:{direction}", speed_kmh, label)
            sums.add(f"slowness:{direction}", 1 / speed_kmh, label)
        if row.label is not Label.PERSON:
            self._follows(_passed(crossing), direction, sums)

    def _follows(self, passed: _Passed, direction: str, sums: Sums) -> None:
        """Sums up how far behind the last vehicle this one is."""
        last = self._last.get(direction)
        if last is None:
            self._last[direction] = passed
            return
        sums.add(f"headways:{direction}", 1)
        if passed.front_s < last.front_s:
            # It passed before the one that was told first, and divides a headway in two: their sum stays.
            return
        sums.add(f"headway:{direction}", passed.front_s - last.front_s)
        if last.rear_s is not None:
            sums.add(f"gaps:{direction}", 1)
            sums.add(f"gap:{direction}", max(0.0, passed.front_s - last.rear_s))
        self._last[direction] = passed

    def _of_vehicles(self, sums: Sums, directions: Sequence[str], watched_s: float) -> Figures:
        names = _named("volume", directions)
        figures = {
            "volume": sums.total(names, EVERYBODY),
            "flow_veh_h": per_hour(sums.total(names, VEHICLES), watched_s),
            "flow_pcu_h": per_hour(self._pcu.total(sums, names), watched_s),
        }
        for figure, what in (("headway_s", "headway"), ("gap_s", "gap")):
            count = sums.total(_named(f"{what}s", directions), [""])
            if count:
                figures[figure] = sums.total(_named(what, directions), [""]) / count
        return figures


def _named(what: str, directions: Sequence[str]) -> list[str]:
    return [f"{what}:{direction}" for direction in directions]


def _speeds(sums: Sums, directions: Sequence[str], labels: Sequence[str]) -> Figures:
    """Arithmetic and harmonic mean of the speeds at the line, where any is known."""
    count = sums.total(_named("speeds", directions), labels)
    if not count:
        return {}
    return {
        "speed_time_mean_kmh": sums.total(_named("speed", directions), labels) / count,
        "speed_space_mean_kmh": count / sums.total(_named("slowness", directions), labels),
    }


def _passed(crossing: Crossing) -> _Passed:
    row = crossing.row
    if row.speed_kmh is None:
        return _Passed(crossing.time_s, None)
    takes_s = LENGTHS_M[row.label] / (max(row.speed_kmh, _LEAST_KMH) / 3.6)
    ahead = (1 + _away(row)) / 2
    return _Passed(crossing.time_s - ahead * takes_s, crossing.time_s + (1 - ahead) * takes_s)


def _away(row: Placed) -> float:
    """How much a road user goes away from the camera: 1 straight away, -1 straight to it, 0 to a side."""
    way = row.steady or row.velocity
    length = hypot(*way)
    return -way[1] / length if length else 0.0
