"""When a road user crosses a line: exact in time, deaf to jitter.

The foot of a box trembles by a few pixels. Whoever stands on the line must not count again and again, and whoever
drives over it must count once, at the instant in which the path met the line. So there is a margin on both sides:

        ───────────────  +margin      a crossing is noted where the path meets the line (●),
    ────────●──────────── line        and told when the foot has settled beyond the margin (○);
        ─────○─────────  -margin      until then the way back takes it back

The margin is a share of the height of the box, since the trembling grows with the box.

The foot of somebody who stands on the line jumps up and down while others before it hide its wheels and show them
again. The top of the box stays where it is. So a crossing is told only when both ends of the box have gone the way.

Who is hidden for so long that its track ends before the line, and goes on under another id beyond it (see `joining`),
crossed it in between. Where only counts are asked for, that is counted; nobody is accused by it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from vision.geometry import Point, angle_between, crossing_fraction
from vision.scene import Line, Placed, Side, View
from vision.tracks import PerTrack

_MARGIN = 0.06  # of the height of the box
_MARGIN_LEAST_PX = 1.5
_SOLID = 0.2  # of the way of the foot that both ends of the box must have gone, too: a tall one's top goes less
_EDGE = 0.005  # of the picture: a box that comes so near to its edge may go on beyond
_PARALLEL_DEG = 5.0
_AGAIN_S = 2.0  # the same track crosses in the same direction once in this time
_UNSEEN_S = 3.0  # after a longer time the straight way between two sights says nothing


@dataclass(frozen=True, slots=True)
class Crossing:
    """A line was crossed.

    Attributes:
        row: The road user, as it is now that the crossing is certain.
        time_s: When the path met the line, between two instants. Stream clock.
        place: Where, 0..1 of the picture.
        side: The side that it goes to.
    """

    row: Placed
    time_s: float
    place: Point
    side: Side


@dataclass(slots=True)
class _Path:
    seen_s: float = float("-inf")
    foot: Point = (0.0, 0.0)
    first: tuple[float, Placed] | None = None  # when it was seen for the first time, and how it looked then,
    began: Placed | None = None  # when it settled for the first time,
    row: Placed | None = None  # and when it was last seen
    settled: Side | None = None
    settled_at: Placed | None = None  # how it looked when it was last surely on that side
    noted: tuple[float, Point, Side] | None = None
    told_s: dict[Side, float] = field(default_factory=dict)


def margin_px(row: Placed) -> float:
    """How far from a line the foot of a road user must be to be surely on one side of it."""
    return max(_MARGIN * (row.box[3] - row.box[1]), _MARGIN_LEAST_PX)


class Crossings:
    """Watches one line of one camera."""

    def __init__(self, name: str, line: Line, parallel_deg: float = _PARALLEL_DEG, *, joins: bool = False) -> None:
        """Watches a line.

        Args:
            name: Id of the line in its scene.
            line: The line.
            parallel_deg: A path at a smaller angle to the line goes along it and does not cross, degrees.
            joins: Whether who goes on under another id beyond the line has crossed it.
        """
        self._name = name
        self._line = line
        self._parallel_deg = parallel_deg
        self._joins = joins
        self._paths = PerTrack(_Path)

    def __len__(self) -> int:
        return len(self._paths)

    def step(self, view: View) -> Iterator[Crossing]:
        """The crossings that became certain in this view."""
        width, height = view.size
        start = (self._line.start[0] * width, self._line.start[1] * height)
        end = (self._line.end[0] * width, self._line.end[1] * height)
        paths, name, now = self._paths, self._name, view.time_s
        for row in view.placed:
            path = paths[row.id]
            path.row = row
            path.first = path.first or (now, row)
            settled = path.settled
            if settled and not path.noted and now - path.seen_s <= _UNSEEN_S:
                inward = row.distances[name] if settled == "left" else -row.distances[name]
                # As `margin_px`, without a call: it was settled on a side and still is. That is true of most, most of
                # the time, so nothing else is asked.
                if inward >= _MARGIN_LEAST_PX and inward >= _MARGIN * (row.box[3] - row.box[1]):
                    path.seen_s, path.foot, path.settled_at = now, row.foot, row
                    continue
            if view.time_s - path.seen_s > _UNSEEN_S:
                path.settled, path.noted = None, None
            else:
                self._note(path, row, now, start, end)
            crossing = self._settle(path, row, view.size, start, end)
            path.seen_s, path.foot = view.time_s, row.foot
            if crossing:
                time_s, (x, y), side = crossing
                yield Crossing(row, time_s, (x / width, y / height), side)
        for join in view.joined if self._joins else ():
            old, new = self._paths.get(join.ended), self._paths.get(join.later)
            if old and new and new.row and (crossing := self._join(old, new, view.size, start, end)):
                time_s, (x, y), side = crossing
                yield Crossing(new.row, time_s, (x / width, y / height), side)
        self._paths.forget(view.ended)

    def _join(
        self, old: _Path, new: _Path, size: tuple[int, int], start: Point, end: Point
    ) -> tuple[float, Point, Side] | None:
        """Lets a path go on with one that ended before it began; returns the crossing that lies in between."""
        assert new.first is not None
        first_s, first = new.first
        self._note(old, first, first_s, start, end)
        if new.began is None:
            new.settled, new.settled_at, new.noted = old.settled, old.settled_at, old.noted
            return None
        crossing = self._settle(old, new.began, size, start, end)
        if crossing:
            new.told_s.setdefault(crossing[2], crossing[0])
        return crossing

    def _note(self, path: _Path, row: Placed, now: float, start: Point, end: Point) -> None:
        """Notes where the way since the last sight met the line, or that it went back over it."""
        fraction = crossing_fraction(path.foot, row.foot, start, end)
        if fraction is None:
            return
        side: Side = "left" if row.distances[self._name] > 0 else "right"
        if path.noted and path.noted[2] != side:
            path.noted = None
        elif side != path.settled:
            x = path.foot[0] + fraction * (row.foot[0] - path.foot[0])
            y = path.foot[1] + fraction * (row.foot[1] - path.foot[1])
            path.noted = (path.seen_s + fraction * (now - path.seen_s), (x, y), side)

    def _settle(
        self, path: _Path, row: Placed, size: tuple[int, int], start: Point, end: Point
    ) -> tuple[float, Point, Side] | None:
        """Settles the foot on a side once it is beyond the margin; returns the crossing that this makes certain."""
        distance = row.distances[self._name]
        if abs(distance) < margin_px(row):
            return None
        side: Side = "left" if distance > 0 else "right"
        noted, came_from = path.noted, path.settled_at.foot if path.settled and path.settled_at else path.foot
        crosses = noted is not None and noted[2] == side
        if crosses and path.settled and path.settled_at and not _has_gone(path.settled_at, row, size):
            return None
        path.noted, path.settled, path.settled_at = None, side, row
        path.began = path.began or row
        if noted is None or not crosses:
            return None
        way = (row.foot[0] - came_from[0], row.foot[1] - came_from[1])
        if angle_between(way, (end[0] - start[0], end[1] - start[1])) < self._parallel_deg:
            return None
        if noted[0] - path.told_s.get(side, float("-inf")) < _AGAIN_S:
            return None
        path.told_s[side] = noted[0]
        return noted


def _has_gone(before: Placed, row: Placed, size: tuple[int, int]) -> bool:
    """Whether somebody has gone where its foot has gone, box and all: else only its lower part was hidden, or shown.

    An end of a box that is at the edge of the picture tells nothing.
    """
    x, y = row.foot[0] - before.foot[0], row.foot[1] - before.foot[1]
    axis, way = (0, x) if abs(x) > abs(y) else (1, y)
    ends = ((before.box[end], row.box[end]) for end in (axis, axis + 2))
    edge = _EDGE * size[axis]
    return all(
        (after - begin) * way >= _SOLID * way**2 or min(begin, after) <= edge or max(begin, after) >= size[axis] - edge
        for begin, after in ends
    )
