"""Things: what has come into a zone, or gone from it, and stays so; how long, and how long with nobody near.

Static blobs come and go with whoever walks before them, so a thing is the same as long as a blob lies where it was:

      ┌────┐   ┌────┐            ┌────┐
      │ 🧳 │   │ 🧳 │  (hidden)  │ 🧳 │        one thing, from its first blob on, if it is never unseen for long
      └────┘   └────┘            └────┘
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import dist

import numpy as np

from vision.events import Incident, Severity
from vision.geometry import Floats, Outlines, Point
from vision.incidents import OpenIncidents
from vision.rule import Rule
from vision.scene import Box, Placed, Scene, View

_SAME = 0.3  # of the smaller box: what lies over a thing by so much is that thing
_UNSEEN_S = 8.0  # hidden for longer, or gone for so long, it is no more
_PERSON_M = 1.7  # without calibration somebody's height tells how far 2 m are
_NOTE_S = 0.5  # nobody passes a thing in less
_RECENT_S = 10.0  # who was near in the last while before a thing was seen may have left it


@dataclass(slots=True)
class Thing:
    """Something that has come and stays, or has gone.

    Attributes:
        box: px.
        began_s: When it was first seen. Stream clock.
        seen_s: When it was last seen.
        near_s: When somebody was last near it.
        tracks: Who was near about when it came.
    """

    box: Box
    began_s: float
    seen_s: float
    near_s: float
    tracks: tuple[int, ...]

    @property
    def foot(self) -> Point:
        """Where it lies: bottom-centre of its box, px."""
        return (self.box[0] + self.box[2]) / 2, self.box[3]


class Things:
    """The things in one zone of one camera."""

    def __init__(self, scene: Scene, zone: str, near_m: float) -> None:
        """Watches a zone.

        Args:
            scene: Where it is.
            zone: Id of the zone or lane.
            near_m: Whoever comes as near as this to a thing is near it, m.

        Raises:
            SiteError: There is no such zone.
        """
        self._polygon = np.array(scene.zone(zone).polygon)
        self._ground = scene.ground
        self._near_m = near_m
        self._open: list[Thing] = []
        self._passers: dict[int, tuple[float, Placed]] = {}
        self._noted_s = float("-inf")

    def __len__(self) -> int:
        return len(self._open) + len(self._passers)

    def step(self, view: View, boxes: Sequence[Box]) -> tuple[list[Thing], list[Thing]]:
        """Takes the boxes of the next view; returns the things that stay and those that are no more."""
        now = view.time_s
        if now - self._noted_s >= _NOTE_S:
            self._noted_s = now
            self._passers.update((row.id, (now, row)) for row in view.everyone)
            self._passers = {track: one for track, one in self._passers.items() if now - one[0] <= _RECENT_S}
        for box in boxes:
            thing = next((one for one in self._open if _covers(one.box, box)), None)
            if thing:
                thing.box, thing.seen_s = box, now
            elif self._inside(_foot(box), view.size):
                thing = Thing(box, now, now, now, ())
                thing.tracks = tuple(self._near(thing, (row for _, row in self._passers.values()), view))
                self._open.append(thing)
        for thing in self._open:
            if any(True for _ in self._near(thing, view.everyone, view)):
                thing.near_s = now
        ended = [one for one in self._open if now - one.seen_s > _UNSEEN_S]
        self._open = [one for one in self._open if now - one.seen_s <= _UNSEEN_S]
        return self._open, ended

    def finish(self) -> list[Thing]:
        """Forgets all things and returns them."""
        ended, self._open = self._open, []
        self._passers = {}
        return ended

    def _inside(self, foot: Point, size: tuple[int, int]) -> bool:
        outline = Outlines([self._polygon * np.array(size, np.float64)])
        return bool(outline.inside(np.array([foot]))[0, 0])

    def _near(self, thing: Thing, rows: Iterable[Placed], view: View) -> Iterator[int]:
        """Ids of those who are near a thing."""
        place = self._place(thing.foot, view)
        for row in rows:
            if place and row.ground:
                away_m = dist(place, row.ground)
            else:
                away_m = _beside(thing.box, row.foot) / max(row.height, 1.0) * _PERSON_M
            if away_m <= self._near_m:
                yield row.id

    def _place(self, foot: Point, view: View) -> Point | None:
        """Where a thing lies on the ground, m; none without calibration."""
        if self._ground is None:
            return None
        metres: Floats = self._ground.spots(np.array([foot]) / np.array(view.size, np.float64)).metres[0]
        return None if np.isnan(metres).any() else (float(metres[0]), float(metres[1]))


class ThingIncidents:
    """Begins an incident when a thing has been there, and alone, for long enough; ends it when it is no more."""

    def __init__(self, rule: Rule, things: Things, after_s: float, alone_s: float, severity: Severity) -> None:
        """Watches things.

        Args:
            rule: Whose incidents they are.
            things: What is watched.
            after_s: How long a thing must be there, seconds.
            alone_s: How long nobody may have been near it, seconds.
            severity: How urgent they are.
        """
        self._rule = rule
        self._things = things
        self._after_s = after_s
        self._alone_s = alone_s
        self._severity = severity
        self._told = OpenIncidents()

    def __len__(self) -> int:
        return len(self._things) + len(self._told)

    def step(self, view: View, boxes: Sequence[Box]) -> Iterator[Incident]:
        """Incidents that begin or end with this view, whose things are these boxes."""
        staying, ended = self._things.step(view, boxes)
        yield from self._end(ended)
        for thing in staying:
            long = view.time_s - thing.began_s >= self._after_s and view.time_s - thing.near_s >= self._alone_s
            if long and thing.seen_s == view.time_s and id(thing) not in self._told:
                cause = (round(thing.foot[0]), round(thing.foot[1]))
                incident = self._rule.incident(view, None, thing.began_s, self._severity, thing.tracks, *cause)
                width, height = view.size
                place = (min(max(thing.foot[0] / width, 0.0), 1.0), min(max(thing.foot[1] / height, 0.0), 1.0))
                yield self._told.begin(id(thing), incident.model_copy(update={"place": place}))

    def finish(self) -> Iterator[Incident]:
        """Ends all incidents."""
        yield from self._end(self._things.finish())

    def _end(self, ended: list[Thing]) -> Iterator[Incident]:
        for thing in ended:
            yield from self._told.end(id(thing), thing.seen_s)


def _foot(box: Box) -> Point:
    return (box[0] + box[2]) / 2, box[3]


def _covers(one: Box, other: Box) -> bool:
    """Whether two boxes overlap by a good part of the smaller one."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return False
    least = min((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return width * height >= _SAME * least


def _beside(box: Box, point: Point) -> float:
    """How far a point is from a box, px; 0 inside."""
    x = max(box[0] - point[0], 0.0, point[0] - box[2])
    y = max(box[1] - point[1], 0.0, point[1] - box[3])
    return float(np.hypot(x, y))
