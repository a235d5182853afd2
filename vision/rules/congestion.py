"""Rule `congestion`."""

import logging
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from models.detections import Label
from pydantic import Field

from vision.events import Incident, Severity
from vision.free_flow import FreeFlow, Passing
from vision.incidents import OpenIncidents
from vision.rule import LabelName, Rule, only
from vision.scene import Placed, Scene, View
from vision.stops import Stop, Stops
from vision.traffic import SPEED_S, Flow, Traffic
from vision.yardstick import TWO_WHEELERS, going_kmh

log = logging.getLogger(__name__)
_LAPSE_S = 3.0  # so long it may be a little better in between
_LOOK_S = 0.2  # so often; a jam has time
_LONGEST_S = 1.0  # one look counts for at most so long: nobody knows what was in a pause
_PASSERS = 3  # so many who drive past somebody who stands show that it is parked
_LEAST = 2.0  # road users at a time: fewer are no traffic
_GRACE_S = 0.0005  # stream clocks are sums of frame intervals
_KEY = "jam"  # there is one at a time
_FLOWING_KMH = 15.0  # while free flow is not known, traffic that goes faster is not congested


class Congestion(Rule):
    """Traffic in a zone has nearly come to a standstill and stays so."""

    kind: Literal["congestion"] = "congestion"
    labels: tuple[LabelName, ...] | None = only(Label.MOTORCYCLE, Label.CAR, Label.BUS, Label.TRUCK)
    zone: str = Field(description="Id of the zone or lane: a stretch of carriageway of one direction.")
    free_flow_kmh: float | None = Field(
        default=None,
        gt=0,
        description="Speed when nothing is in the way, km/h; learnt if not given, or without calibration.",
    )
    after_s: float = Field(default=120.0, gt=0, description="How long it must last, seconds.")
    below: float = Field(default=0.30, gt=0, lt=1, description="Slower than this share of free flow is congested.")
    above: float = Field(default=0.45, gt=0, lt=1, description="Faster than this share of it is flowing again.")
    occupancy: float = Field(
        default=0.35,
        gt=0,
        lt=1,
        description="Without calibration: lines across the zone that are covered for more of the time are congested "
        "too, unless traffic flows.",
    )
    severity: Severity = Field(default="warning", description="How urgent it is.")

    def watch(self, scene: Scene) -> "CongestionWatch":
        """Starts watching a scene (see `Rule.watch`)."""
        return CongestionWatch(self, scene)


class CongestionWatch:
    """`congestion` at work on one camera."""

    def __init__(self, rule: Congestion, scene: Scene) -> None:
        self._rule = rule
        self._traffic = Traffic(scene.zone(rule.zone))
        self._calibrated = scene.ground is not None
        self._free_flow = FreeFlow()
        self._parking = _Parking(rule.zone)
        self._looked_s: float | None = None
        self._congested: tuple[float, float] | None = None  # since when, and when last
        self._open = OpenIncidents()

    def __len__(self) -> int:
        return len(self._free_flow) + len(self._parking) + len(self._traffic) + len(self._open)

    @property
    def free_flow_kmh(self) -> float | None:
        """Speed when nothing is in the way, given or learnt, rough without calibration; none while not known."""
        given = self._rule.free_flow_kmh if self._calibrated else None
        return given or self._free_flow.speed

    def step(self, view: View) -> Iterator[Incident]:
        """Incidents that begin or end with this view."""
        before_s, now = self._looked_s, view.time_s
        if before_s is not None and now - before_s < _LOOK_S - _GRACE_S:
            return
        self._looked_s = now
        parked = self._parking.step(view)
        driving = [row for row in view.placed if self._rule.zone in row.zones and row.id not in parked]
        flow = self._traffic.step(view, driving)
        self._learn(driving, 0.0 if before_s is None else min(now - before_s, _LONGEST_S), now)
        if flow is None:
            self._congested = None
            return
        if self._is_congested(flow):
            # The mean of a while changes when about half of it has changed.
            began_s = self._congested[0] if self._congested else now - SPEED_S / 2
            self._congested = (began_s, now)
        elif self._congested and (now - self._congested[1] > _LAPSE_S or self._flows(flow)):
            self._congested = None
        if _KEY in self._open:
            if self._flows(flow):
                yield from self._open.end(_KEY, now - SPEED_S / 2)
        elif driving and self._congested and now == self._congested[1] >= self._congested[0] + self._rule.after_s:
            yield self._open.begin(_KEY, self._incident(view, driving, self._congested[0]))

    def finish(self) -> Iterator[Incident]:
        """Ends the incident; nobody knows what is on the road from now on."""
        self._congested = None
        self._traffic.clear()
        yield from self._open.finish(self._looked_s or 0.0)

    def _learn(self, driving: Sequence[Placed], seconds: float, now: float) -> None:
        """Learns from those who have passed, unless there is a jam; says so once it knows."""
        for row in driving:
            kmh = going_kmh(row)
            if kmh is not None:
                self._free_flow.see(row, kmh, seconds, now)
        known = self.free_flow_kmh
        passed = self._free_flow.step(now, learn=_KEY not in self._open)
        if known is None and self.free_flow_kmh is not None:
            roughly = "" if self._calibrated else "roughly "
            log.info(
                "rule %s: free flow is %s%.0f km/h, learnt from those who passed",
                self._rule.id,
                roughly,
                self.free_flow_kmh,
            )
        self._parking.passed(one for one in passed if one.speed > self._flowing_kmh())

    def _flowing_kmh(self) -> float:
        """Traffic that is faster flows."""
        return self._rule.above * self.free_flow_kmh if self.free_flow_kmh else _FLOWING_KMH

    def _is_congested(self, flow: Flow) -> bool:
        if flow.users < _LEAST:
            return False
        free = self.free_flow_kmh
        if free and flow.kmh < self._rule.below * free:
            return True
        if free and self._calibrated:
            return False
        full = flow.occupancy is not None and flow.occupancy > self._rule.occupancy
        return full and flow.kmh <= self._flowing_kmh()

    def _flows(self, flow: Flow) -> bool:
        return flow.users < _LEAST / 2 or flow.kmh > self._flowing_kmh()

    def _incident(self, view: View, driving: Sequence[Placed], began_s: float) -> Incident:
        """The incident, which belongs to nobody; its place is amid those who are there."""
        tracks = sorted(row.id for row in driving)
        incident = self._rule.incident(view, None, began_s, self._rule.severity, tracks)
        x, y = (sum(row.place[axis] for row in driving) / len(driving) for axis in (0, 1))
        return incident.model_copy(update={"place": (x, y)})


class _Parking:
    """Knows who in a zone is parked: it stood while several others drove past.

    A motorcycle slips through every jam, so it shows of motorcycles only that they could go on.
    """

    def __init__(self, zone: str) -> None:
        self._stops = Stops(zone)
        self._cars_s: deque[float] = deque(maxlen=_PASSERS)  # when each of the last who passed came
        self._all_s: deque[float] = deque(maxlen=_PASSERS)

    def __len__(self) -> int:
        return len(self._stops)

    def step(self, view: View) -> set[int]:
        """Takes the next view; returns the tracks that are parked."""
        standing, _ = self._stops.step(view)
        return {stop.row.id for stop in standing if self._is_parked(stop)}

    def passed(self, passings: Iterable[Passing]) -> None:
        """Takes some who drove through the zone without hindrance."""
        for one in passings:
            self._all_s.append(one.began_s)
            if one.label not in TWO_WHEELERS:
                self._cars_s.append(one.began_s)

    def _is_parked(self, stop: Stop) -> bool:
        came_s = self._all_s if stop.row.label in TWO_WHEELERS else self._cars_s
        return len(came_s) == _PASSERS and min(came_s) > stop.began_s
