"""Intervals: which interval of the wall clock it is, and how much of it was really watched.

Rows of traffic figures are compared between cameras and days, so intervals begin at full minutes of the wall clock
(UTC). But wall clocks jump, so time is measured on the stream's clock:

    wall     12:00        12:01        12:02            the two clocks are tied together by the first view
    stream  ┄┄│12.4        │72.4        │132.4 ┄┄┄
    watched   ├─────── ────┤            ├─────          gaps, invalid pictures and the part before the first view
                                                        are not watched

Where the wall clock is put right by more than a moment, they are tied anew. Within an interval it just ends earlier or
later; else it ends at once, and the one begins that the clock then tells. Every second of the stream is in one interval
only, whatever the wall clock does.

Greater intervals (15 min, 1 h) are the sums of the small ones. One that is broken off when the program ends is told as
far as it came; what follows of it after the next start is told as another part of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import floor

from vision.measuring.sums import Sums

GAP_S = 1.5
"""Between two looks that are further apart nobody has watched."""
SETTLED_S = 2.0
"""So long after the end of an interval is waited for what happened in it to become certain."""
_SLACK_S = 2.0  # two clocks drift, and pictures come late: so far they may be apart from where they were tied together


@dataclass(slots=True)
class Interval:
    """An interval of the wall clock.

    Attributes:
        number: Which one, counted from 1970 in its length.
        length_s: How long it is.
        began_s: Where it begins on the stream clock; before the first view, if that came later.
        from_s: From where on it was measured.
        from_wall_s: The same on the wall clock, seconds from 1970.
        until_s: Where the next one begins.
        sums: One for each meter.
        watched_s: How much of it was watched.
    """

    number: int
    length_s: int
    began_s: float
    from_s: float
    from_wall_s: float
    until_s: float
    sums: list[Sums]
    watched_s: float = 0.0

    @property
    def wall_s(self) -> int:
        """When it begins on the wall clock, seconds from 1970."""
        return self.number * self.length_s

    @property
    def completeness(self) -> float:
        """Share of it that was watched, 0..1."""
        return min(1.0, self.watched_s / self.length_s)


class Intervals:
    """The intervals of one camera that are being measured."""

    def __init__(self, lengths_s: Sequence[int], meters: int) -> None:
        """Begins with the next view.

        Args:
            lengths_s: Lengths, s; the least first, each a multiple of it.
            meters: How many sums each has.
        """
        self._every_s, *greater = lengths_s
        self._greater: dict[int, Interval | None] = dict.fromkeys(greater)
        self._meters = meters
        self._open: list[Interval] = []
        self._offset_s = 0.0
        self._last_s: float | None = None

    def step(self, time_s: float, wall_s: float, valid: bool) -> list[tuple[Interval, float]]:
        """Takes the next view; returns in which intervals the time since the last one lies, and how much in each.

        Args:
            time_s: Its stream clock.
            wall_s: Its wall clock, seconds from 1970.
            valid: Whether the picture can be trusted.
        """
        if not self._open:
            self._begin(time_s, wall_s)
        elif abs(wall_s - time_s - self._offset_s) > _SLACK_S:
            self._tie_anew(time_s, wall_s)
        running = self._open[-1]
        if time_s >= running.until_s:
            skipped = floor((time_s - running.until_s) / self._every_s)
            began_s = running.until_s + skipped * self._every_s
            number = running.number + 1 + skipped
            self._open.append(self._interval(number, began_s, began_s, number * self._every_s))
        parts = self._watched(time_s) if valid else []
        self._last_s = time_s if valid else None
        return parts

    def at(self, time_s: float) -> Interval:
        """The interval in which a moment of the last while lies."""
        return next((one for one in reversed(self._open) if time_s >= one.from_s), self._open[0])

    def over(self, time_s: float) -> Iterator[Interval]:
        """Intervals that are over, once: the small ones, and the greater ones that end with them."""
        while self._open[0].until_s + SETTLED_S <= time_s and len(self._open) > 1:
            yield from self._add_up(self._open.pop(0))
        for length_s, greater in self._greater.items():
            if greater and greater.until_s + SETTLED_S <= time_s:  # nobody watched when it ended
                yield greater
                self._greater[length_s] = None

    def finish(self) -> Iterator[Interval]:
        """Ends all intervals and returns them."""
        for interval in self._open:
            yield from self._add_up(interval)
        yield from (one for one in self._greater.values() if one)
        self._open, self._last_s = [], None
        self._greater = dict.fromkeys(self._greater)

    def _begin(self, time_s: float, wall_s: float) -> None:
        """Ties the clocks together and begins the interval that the wall clock tells."""
        self._offset_s = wall_s - time_s
        number = floor(round(wall_s, 3) / self._every_s)
        into_s = round(wall_s - number * self._every_s, 3)
        self._open.append(self._interval(number, round(time_s - into_s, 3), time_s, wall_s))

    def _tie_anew(self, time_s: float, wall_s: float) -> None:
        """Follows a jump of the wall clock."""
        running = self._open[-1]
        left_s = running.wall_s + self._every_s - wall_s
        if 0 < left_s <= 2 * self._every_s:
            # The same interval still, or one that has been told already: this one lasts until the clock has caught up.
            self._offset_s = wall_s - time_s
            running.until_s = round(time_s + left_s, 3)
        else:
            running.until_s = time_s
            self._begin(time_s, wall_s)

    def _interval(self, number: int, began_s: float, from_s: float, from_wall_s: float) -> Interval:
        until_s = round(began_s + self._every_s, 3)
        return Interval(number, self._every_s, began_s, from_s, from_wall_s, until_s, self._empty())

    def _empty(self) -> list[Sums]:
        return [Sums() for _ in range(self._meters)]

    def _watched(self, time_s: float) -> list[tuple[Interval, float]]:
        if self._last_s is None or time_s - self._last_s > GAP_S:
            return []
        parts = []
        for interval in self._open:
            seconds = min(time_s, interval.until_s) - max(self._last_s, interval.from_s)
            if seconds > 0:
                interval.watched_s += seconds
                parts.append((interval, seconds))
        return parts

    def _add_up(self, small: Interval) -> Iterator[Interval]:
        """A small interval that is over, if any of it was watched, and the greater ones that are over with it."""
        if not small.watched_s:
            return
        yield small
        for length_s, before in self._greater.items():
            number = small.wall_s // length_s
            if before and before.number != number:
                yield before
            greater = before if before and before.number == number else self._around(small, number, length_s)
            greater.watched_s += small.watched_s
            greater.until_s = max(greater.until_s, small.until_s)
            for own, more in zip(greater.sums, small.sums, strict=True):
                own.merge(more)
            ends = small.wall_s + small.length_s == (number + 1) * length_s
            if ends:
                yield greater
            self._greater[length_s] = None if ends else greater

    def _around(self, small: Interval, number: int, length_s: int) -> Interval:
        """The greater interval in which a small one lies; measured from where that was."""
        began_s = round(small.began_s - (small.wall_s - number * length_s), 3)
        until_s = round(began_s + length_s, 3)
        return Interval(number, length_s, began_s, small.from_s, small.from_wall_s, until_s, self._empty())
