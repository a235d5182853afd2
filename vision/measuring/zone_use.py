"""Figures of a zone, a lane or the whole picture: who is there, how much of the time, how dense, and the queue.

All of them are means over time, so a second of the interval weighs the same whatever the frame rate:

    vehicles   ▁▁▂▂▂▁▁▁▄▄▄▂▂▁▁      mean: area under the curve ÷ time; max: its highest step
    covered      ▔▔▔   ▔▔▔▔▔        occupancy: share of the time with any vehicle
"""

from collections import Counter
from math import inf

from models.detections import Label

from vision.calibration import Ground
from vision.measuring.meter import EVERYWHERE, VEHICLES, Figures, Meter, Pcu, Present
from vision.measuring.queue_length import NO_QUEUE, Queue, longest_queue
from vision.measuring.service import lane_level, walkway_level
from vision.measuring.stretch import Stretch, stretch_of
from vision.measuring.sums import Sums
from vision.scene import Lane, Placed, View, Zone

_QUEUE_EVERY_S = 1.0  # a queue changes slowly, and looking for it takes time
_USUAL_LENGTH_M = 4.5  # of the vehicle at the end of a queue: anchors are no ends
_PERSON = Label.PERSON.word


class ZoneUse(Meter):
    """Measures one zone or lane; without one the whole picture."""

    kind = "zone_use"

    def __init__(
        self, pcu: Pcu, name: str | None = None, zone: Zone | None = None, ground: Ground | None = None
    ) -> None:
        """Measures a zone.

        Args:
            pcu: Passenger car units.
            name: Id of the zone or lane; none for the whole picture.
            zone: The zone.
            ground: The ground as the camera sees it; none without calibration.
        """
        self.zone = name
        self._pcu = pcu
        self._drawn = zone
        self._ground = ground
        self._stretch: tuple[tuple[int, int], Stretch | None] | None = None
        self._counts: Counter[str] = Counter()
        self._before = (inf, inf)
        self._vehicles: list[Placed] = []
        self._speeds: dict[str, list[float]] = {}  # of the vehicles, by label
        self._queue = NO_QUEUE
        self._queue_due_s = -inf

    def look(self, view: View, present: Present, sums: Sums) -> None:
        """Sees who is there (see `Meter.look`)."""
        there = present.get(self.zone or EVERYWHERE, ())
        self._counts = Counter(row.label.word for row in there)
        self._vehicles = [row for row in there if row.label is not Label.PERSON]
        self._speeds = {}
        for row in self._vehicles:
            if row.speed_kmh is not None:
                self._speeds.setdefault(row.label.word, []).append(row.speed_kmh)
        people, vehicles = self._counts[_PERSON], len(self._vehicles)
        # Of two looks the lesser number: a false box of one picture is no greatest number.
        sums.reach("people", min(people, self._before[0]))
        sums.reach("vehicles", min(vehicles, self._before[1]))
        self._before = (people, vehicles)
        if self._drawn and self._ground:
            self._measure(self._drawn, self._ground, view, sums)

    def hold(self, sums: Sums, seconds: float) -> None:
        """Sums up who is there (see `Meter.hold`)."""
        for label, count in self._counts.items():
            sums.add("present", count * seconds, label)
        if self._vehicles:
            sums.add("covered", seconds)
        for label, speeds in self._speeds.items():
            sums.add("timed", len(speeds) * seconds, label)
            sums.add("speed", sum(speeds) * seconds, label)
        if self._queue.vehicles:
            sums.add("queue_veh", self._queue.vehicles * seconds)
            sums.add("queue_m", _metres(self._queue) * seconds)

    def lapse(self) -> None:
        """Nobody knows who was there (see `Meter.lapse`)."""
        self._before = (inf, inf)
        self._queue_due_s = -inf

    def figures(self, sums: Sums, watched_s: float) -> tuple[Figures, dict[str, Figures]]:
        """Means and greatest values (see `Meter.figures`)."""
        people = sums.of("present", _PERSON) / watched_s
        vehicles = sums.total(["present"], VEHICLES) / watched_s
        values = {
            "occupancy_pct": min(100.0, 100 * sums.of("covered") / watched_s),
            "vehicles_mean": vehicles,
            "vehicles_max": sums.greatest("vehicles"),
            "people_mean": people,
            "people_max": sums.greatest("people"),
        }
        values |= _speed(sums, VEHICLES)
        if self._drawn and self._ground:
            values |= {
                "queue_mean_veh": sums.of("queue_veh") / watched_s,
                "queue_max_veh": sums.greatest("queue_veh"),
                "queue_mean_m": sums.of("queue_m") / watched_s,
                "queue_max_m": sums.greatest("queue_m"),
            }
        stretch = self._stretch[1] if self._stretch else None
        if stretch:
            values |= self._on_ground(stretch, vehicles, self._pcu.total(sums, ["present"]) / watched_s, people)
        by_label = {
            label: {"present_mean": sums.of("present", label) / watched_s} | _speed(sums, (label,))
            for label in sums.labels()
        }
        return values, by_label

    def _measure(self, zone: Zone, ground: Ground, view: View, sums: Sums) -> None:
        if self._stretch is None or self._stretch[0] != view.size:
            self._stretch = (view.size, stretch_of(zone, ground, view.size))
        if view.time_s >= self._queue_due_s:
            self._queue_due_s = view.time_s + _QUEUE_EVERY_S
            self._queue = longest_queue(self._vehicles)
        sums.reach("queue_veh", self._queue.vehicles)
        sums.reach("queue_m", _metres(self._queue))

    def _on_ground(self, stretch: Stretch, vehicles: float, pcu: float, people: float) -> Figures:
        kilometres = stretch.length_m / 1000
        figures: Figures = {"density_veh_km": vehicles / kilometres, "density_pcu_km": pcu / kilometres}
        if isinstance(self._drawn, Lane):
            figures["level_of_service"] = lane_level(pcu / kilometres)
        elif people:
            figures["level_of_service_walking"] = walkway_level(stretch.area_m2 / people)
        return figures


def _metres(queue: Queue) -> float:
    """How long a queue is, from the front of its first vehicle to the rear of its last one."""
    return queue.metres + _USUAL_LENGTH_M if queue.vehicles else 0.0


def _speed(sums: Sums, labels: tuple[str, ...]) -> Figures:
    """Space-mean speed: way of all of them ÷ time of all of them (Edie 1963)."""
    timed_s = sums.total(["timed"], labels)
    return {"speed_space_mean_kmh": sums.total(["speed"], labels) / timed_s} if timed_s else {}
