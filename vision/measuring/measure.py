"""Measure: what is measured in front of a camera, and how often."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from vision.events import Event, Measurement, Passage, event_id
from vision.measuring.heat_map import HeatMap
from vision.measuring.intervals import Interval, Intervals
from vision.measuring.line_flow import LineFlow
from vision.measuring.meter import EVERYWHERE, Meter, Pcu, SumsAt
from vision.measuring.movement_flow import movements_of
from vision.measuring.sums import Sums
from vision.measuring.zone_use import ZoneUse
from vision.presence import Presence
from vision.rule import Rule
from vision.scene import Placed, Scene, View

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEAST_S = 10
_LOOK_EVERY_S = 0.25  # what lasts is looked at so often: it needs time, and says little more in between


class Measure(BaseModel):
    """What is measured of every line, zone, lane and movement, without a rule."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    intervals_s: tuple[int, ...] = Field(
        default=(60, 900, 3600),
        description="Lengths of the intervals, seconds; the least first, each a multiple of it. Empty: nothing is "
        "measured.",
    )
    pcu: Pcu = Field(default=Pcu(), description="As how many cars a vehicle counts (passenger car units).")
    heat_map: bool = Field(default=True, description="Whether to sum up where in the picture time is spent.")

    @model_validator(mode="after")
    def _intervals_add_up(self) -> Self:
        lengths = self.intervals_s
        if lengths and lengths[0] < _LEAST_S:
            raise ValueError(f"an interval lasts {_LEAST_S} s at least, not {lengths[0]}")
        if any(length % lengths[0] for length in lengths) or list(lengths) != sorted(set(lengths)):
            raise ValueError(
                f"intervals_s {list(lengths)}: give the least first and then multiples of it, such as [60, 900, 3600]"
            )
        return self

    def start(self, scene: Scene, rules: Iterable[Rule]) -> "Measuring | None":
        """Starts measuring a scene; none where nothing is to be measured.

        Args:
            scene: The scene.
            rules: The rules of the camera, whose movements are counted.
        """
        if not self.intervals_s:
            return None
        meters: list[Meter] = [LineFlow(name, line, self.pcu, scene.ground) for name, line in scene.lines.items()]
        meters += [movement for rule in rules for movement in movements_of(rule, self.pcu)]
        areas = {**scene.zones, **scene.lanes}
        meters += [ZoneUse(self.pcu, name, zone, scene.ground) for name, zone in areas.items()]
        meters.append(ZoneUse(self.pcu))
        if self.heat_map:
            meters.append(HeatMap())
        return Measuring(self.intervals_s, meters)


class Measuring:
    """Measures one camera, interval by interval."""

    def __init__(self, lengths_s: Sequence[int], meters: Sequence[Meter]) -> None:
        """Begins with the next view.

        Args:
            lengths_s: Lengths of the intervals (see `Intervals`).
            meters: What is measured.
        """
        self._meters = meters
        self._intervals = Intervals(lengths_s, len(meters))
        self._sums_at = [self._sums_of(index) for index in range(len(meters))]
        self._presence = Presence()
        self._view: View | None = None
        self._look_due_s = -inf
        self._since_look: list[tuple[Interval, float]] = []

    def step(self, view: View, events: Sequence[Event]) -> Iterator[Measurement]:
        """Takes the next view and what the rules told with it; returns the figures of the intervals that are over."""
        valid = view.health == "valid"
        parts = self._intervals.step(view.time_s, view.captured_at.timestamp(), valid)
        self._view = view
        self._since_look += parts
        if not parts:
            self._lapse()
        if valid:
            for meter, sums_at in zip(self._meters, self._sums_at, strict=True):
                meter.follow(view, sums_at)
            if view.time_s >= self._look_due_s:
                self._look(view)
        for event in events:
            if isinstance(event, Passage):
                for meter, sums_at in zip(self._meters, self._sums_at, strict=True):
                    meter.told(event, sums_at(event.time_s))
        for interval in self._intervals.over(view.time_s):
            yield from self._told(interval, view)

    def finish(self) -> Iterator[Measurement]:
        """Tells the intervals that are not over, as far as they came."""
        self._lapse()
        if self._view is not None:
            for interval in self._intervals.finish():
                yield from self._told(interval, self._view)
        self._view = None

    def _look(self, view: View) -> None:
        """Looks at what lasts."""
        self._hold()
        present = self._present(view)
        sums = self._intervals.at(view.time_s).sums
        for meter, own in zip(self._meters, sums, strict=True):
            meter.look(view, present, own)
        self._look_due_s = view.time_s + _LOOK_EVERY_S - 0.0005  # stream clocks are sums of frame intervals

    def _hold(self) -> None:
        """Sums up that it has been so since the last look."""
        for interval, seconds in self._since_look:
            for meter, sums in zip(self._meters, interval.sums, strict=True):
                meter.hold(sums, seconds)
        self._since_look = []

    def _lapse(self) -> None:
        """Nobody watches for a while."""
        self._hold()
        self._look_due_s = -inf
        for meter in self._meters:
            meter.lapse()

    def _sums_of(self, index: int) -> SumsAt:
        def sums_at(time_s: float) -> Sums:
            return self._intervals.at(time_s).sums[index]

        return sums_at

    def _present(self, view: View) -> dict[str, list[Placed]]:
        """Who is present in each zone."""
        present: defaultdict[str, list[Placed]] = defaultdict(list)
        everybody = self._presence.step(view, view.placed)
        present[EVERYWHERE] = everybody
        for row in everybody:
            for zone in row.zones:
                present[zone].append(row)
        return present

    def _told(self, interval: Interval, view: View) -> Iterator[Measurement]:
        """The measurements of an interval.

        Args:
            interval: The interval.
            view: The last view by now.
        """
        over = interval.until_s <= view.time_s
        at = _EPOCH + timedelta(seconds=interval.wall_s + interval.length_s) if over else view.captured_at
        for meter, sums in zip(self._meters, interval.sums, strict=True):
            if interval.length_s < meter.least_s:
                continue
            values, by_label = meter.figures(sums, interval.watched_s)
            place = (meter.line, meter.zone, meter.from_line, meter.to_line)
            part = (interval.length_s, interval.from_s, interval.from_wall_s)
            yield Measurement(
                id=event_id(at, view.camera, meter.rule, meter.kind, *place, *part),
                kind=meter.kind,
                rule=meter.rule,
                camera=view.camera,
                time_s=min(interval.until_s, view.time_s),
                at=at,
                label=None,
                track=None,
                place=None,
                score=1.0,
                line=meter.line,
                zone=meter.zone,
                from_line=meter.from_line,
                to_line=meter.to_line,
                began_s=interval.began_s,
                ended_s=interval.until_s,
                values=values,
                by_label=by_label,
                completeness=interval.completeness,
            )
