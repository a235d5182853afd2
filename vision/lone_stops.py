"""Stops that no queue explains: who stands although the others do not.

red   ▭ ▭ ▣ ▭ ▭      ▣ stands, but those near it do, too: a queue (see `Neighbours`), its time does not count
green ─▶ ─▶ ▣        the others have gone: from now on it stands alone
"""

from dataclasses import dataclass

from vision.geometry import Point
from vision.neighbours import Neighbours
from vision.scene import View
from vision.stops import Stop, Stops

_LOOK_S = 0.2  # a queue forms and dissolves in seconds: no need to look around at every picture
_DISSOLVING_S = 3.0  # so long after its neighbours have gone somebody may still wait for a chance to start
_FLOW_S = 20.0  # so long before and after it was overtaken nobody waits in a queue
_SURE_S = 2.0  # a track that goes on with a stop must stand itself for so long: it may only pass the place
_BLIND_S = 5.0  # after a longer time without a picture nobody knows who queued meanwhile


@dataclass(slots=True, eq=False)
class LoneStop:
    """Somebody stands still, in a queue or alone.

    Attributes:
        stop: The stop, under however many track ids.
        way: How it went in the picture before, px/s; none if nobody saw it.
        track: The id under which it was seen last.
        track_s: Since when it was seen under that. Stream clock.
        since_s: When it came to rest where it stands.
        seen_s: When it was last seen standing.
        waits: Whether it seemed to wait in a queue then.
        alone_s: How long it has stood right there and not in a queue, seconds.
        doubtful_s: How long it seems to have stood in a queue since it was overtaken, seconds.
        queued_s: When at least two others near it were slow; before all time if they never were.
        overtaken_s: When it was overtaken last; before all time if it never was.
    """

    stop: Stop
    way: Point | None
    track: int
    track_s: float
    since_s: float
    seen_s: float
    waits: bool = False
    alone_s: float = 0.0
    doubtful_s: float = 0.0
    queued_s: float = float("-inf")
    overtaken_s: float = float("-inf")

    def stands(self, time_s: float) -> None:
        """Takes that it stands now, and counts the time since it was last seen standing."""
        if self.track != self.stop.row.id:
            self.track, self.track_s = self.stop.row.id, time_s
        if self.since_s != self.stop.at_s:  # it crept on
            self.since_s, self.seen_s = self.stop.at_s, time_s
            self.alone_s = self.doubtful_s = 0.0
        if self.waits:
            self.doubtful_s += time_s - self.seen_s
        else:
            self.alone_s += time_s - self.seen_s
        self.seen_s = time_s
        self.waits = time_s - self.queued_s <= _DISSOLVING_S and time_s - self.overtaken_s > _FLOW_S

    def is_overtaken(self, time_s: float) -> None:
        """Takes that somebody overtakes it: it does not wait in a queue, nor has it for some time."""
        self.overtaken_s = time_s
        self.alone_s += min(self.doubtful_s, _FLOW_S)
        self.doubtful_s = 0.0


class LoneStops:
    """The stops in one zone of one camera, each with how long no queue has explained it."""

    def __init__(self, zone: str, queue_inside: bool = False) -> None:
        """Watches a zone or lane.

        Args:
            zone: Its id.
            queue_inside: Whether only those who stand in the zone, too, make a queue. Along a kerb a queue that stands
                beside the zone explains nothing.
        """
        self._queue_zone = zone if queue_inside else None
        self._stops = Stops(zone)
        self._lone: dict[Stop, LoneStop] = {}
        self._neighbours = Neighbours()
        self._looked_s = float("-inf")
        self._time_s = float("-inf")

    def __len__(self) -> int:
        return len(self._stops) + len(self._lone) + len(self._neighbours)

    def step(self, view: View) -> tuple[list[LoneStop], list[Stop]]:
        """Takes the next view; returns the stops of who surely stands now, and told ones that have ended."""
        now = view.time_s
        stops, ended = self._stops.step(view)
        standing = [self._of(stop) for stop in stops]
        if now - self._time_s > _BLIND_S:
            for lone in self._lone.values():
                lone.seen_s = lone.queued_s = now
        self._time_s = now
        if now - self._looked_s >= _LOOK_S:
            self._looked_s = now
            self._look_around(standing, view)
            self._lone = {stop: lone for stop, lone in self._lone.items() if stop in self._stops}
        for lone in standing:
            lone.stands(now)
        self._neighbours.forget(view.ended)
        return [lone for lone in standing if now - lone.track_s >= _SURE_S], ended

    def finish(self) -> list[Stop]:
        """Ends all stops and returns those that were told."""
        self._lone = {}
        return self._stops.finish()

    def _of(self, stop: Stop) -> LoneStop:
        if stop not in self._lone:
            way = self._neighbours.way(stop.row.id)
            self._lone[stop] = LoneStop(stop, way, stop.row.id, stop.at_s, stop.at_s, stop.at_s)
        return self._lone[stop]

    def _look_around(self, standing: list[LoneStop], view: View) -> None:
        """Notes who of those who stand has slow neighbours now, and who is overtaken."""
        self._neighbours.look(view)
        rows = [lone.stop.row for lone in standing]
        queues = self._neighbours.queue(rows, self._queue_zone)
        overtaken = self._neighbours.overtaken(rows, [lone.way for lone in standing])
        for lone, has_neighbours, is_overtaken in zip(standing, queues, overtaken, strict=True):
            if has_neighbours:
                lone.queued_s = view.time_s
            if is_overtaken:
                lone.is_overtaken(view.time_s)
