"""Scores events against truth: one to one, by kind, rule, road user and time. Strict: a second event is a false alarm.

An event belongs to a true one if both are of the same rule, its tracks are those road users, and it is in time:

    passage, violation    `time_s` within TOLERANCE_S of the act
    incident              `time_s`, when the rule fired, from EARLY_S before to LATE_S after it was due, and earlier
                          where it was so, but could not be seen, or was a matter of taste

Whose a track is, is seen where it overlaps: it counts for the road user whose perfect boxes its boxes overlapped most
in the two seconds around the event.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.simulation.sights import Sights
from benchmarks.simulation.world import TrueEvent
from models.boxes import iou
from vision.events import Event, Incident, Measurement, Passage, Violation
from vision.scene import View

TOLERANCE_S: Mapping[str, float] = {"passage": 1.0, "violation": 2.0}
EARLY_S, LATE_S = 2.0, 10.0
AROUND_S = 1.0
LEAST_IOU = 0.3


class Owners:
    """Whose tracks are whose, as the pipeline goes along."""

    def __init__(self, sights: Sights) -> None:
        self._sights = sights
        self._owned: dict[int, list[tuple[float, int, float]]] = {}

    def look(self, view: View, rows: slice) -> None:
        """Takes the tracks of one frame.

        Args:
            view: What the pipeline sees.
            rows: The same frame's rows of the sights.
        """
        if not view.placed or rows.start == rows.stop:
            return
        overlap = iou(np.array([row.box for row in view.placed]), self._sights.visible[rows])
        best = overlap.argmax(axis=1)
        for number, row in enumerate(view.placed):
            share = float(overlap[number, best[number]])
            if share >= LEAST_IOU:
                user = int(self._sights.user[rows.start + best[number]])
                self._owned.setdefault(row.id, []).append((view.time_s, user, share))

    def of(self, track: int, time_s: float) -> int | None:
        """The road user of a track around a moment; None if the track is nobody's."""
        votes: dict[int, float] = {}
        for seen_s, user, share in self._owned.get(track, ()):
            if abs(seen_s - time_s) <= AROUND_S:
                votes[user] = votes.get(user, 0.0) + share
        return max(votes, key=lambda user: votes[user], default=None)


@dataclass
class Score:
    """How well the events of one kind were found.

    Attributes:
        found: True events that were found; doubtful ones count neither here nor as missed.
        missed: True events that were not.
        false: Events that nothing true belongs to.
        doubtful: Events that belong to something doubtful.
        delays_s: From when an event was due to when the rule was sure.
        speed_errors_kmh: Measured minus true speed of what was found.
        expected: How many there were, doubtful ones too, by rule and direction.
        told: How many events there were, by rule and direction.
    """

    found: list[TrueEvent] = field(default_factory=list)
    missed: list[TrueEvent] = field(default_factory=list)
    false: list[Event] = field(default_factory=list)
    doubtful: int = 0
    delays_s: list[float] = field(default_factory=list)
    speed_errors_kmh: list[float] = field(default_factory=list)
    expected: dict[tuple[str, str], int] = field(default_factory=dict)
    told: dict[tuple[str, str], int] = field(default_factory=dict)

    @property
    def precision(self) -> float | None:
        """Share of the events that were true; None without any."""
        right = len(self.found) + self.doubtful
        return right / (right + len(self.false)) if right + len(self.false) else None

    @property
    def recall(self) -> float | None:
        """Share of the true events that were found; None without any."""
        return len(self.found) / len(self.asked) if self.asked else None

    @property
    def asked(self) -> list[TrueEvent]:
        """The true events that had to be found."""
        return self.found + self.missed

    @property
    def count_error(self) -> float | None:
        """How far the counts are off in all, as a share of what there was to count."""
        whole = sum(self.expected.values())
        keys = self.expected.keys() | self.told.keys()
        off = sum(abs(self.told.get(key, 0) - self.expected.get(key, 0)) for key in keys)
        return off / whole if whole else None

    def add(self, other: "Score") -> None:
        """Takes in the score of another camera."""
        self.found += other.found
        self.missed += other.missed
        self.false += other.false
        self.doubtful += other.doubtful
        self.delays_s += other.delays_s
        self.speed_errors_kmh += other.speed_errors_kmh
        self.expected |= other.expected
        self.told |= other.told


def score(camera: str, events: Sequence[Event], true: Sequence[TrueEvent], owners: Owners) -> dict[str, Score]:
    """The score of every kind that there is in truth or among the events.

    Args:
        camera: Id of the camera; tells rules of two cameras apart.
        events: What the rules said.
        true: What really happened.
        owners: Whose tracks are whose.
    """
    scores: dict[str, Score] = {}
    told = [event for event in events if not _is_end(event)]
    for kind in dict.fromkeys([one.kind for one in true] + [event.kind for event in told]):
        scores[kind] = _kind(
            camera, [event for event in told if event.kind == kind], [one for one in true if one.kind == kind], owners
        )
    return scores


def _kind(camera: str, events: Sequence[Event], true: Sequence[TrueEvent], owners: Owners) -> Score:
    result = Score()
    pairs: list[tuple[float, int, int]] = []
    for row, event in enumerate(events):
        users = {owners.of(track, event.time_s) for track in _tracks(event)}
        for number, one in enumerate(true):
            off_s = _off(event, one)
            if one.rule == event.rule and off_s is not None and one.users <= users:
                pairs.append((off_s, row, number))
    belongs: dict[int, int] = {}
    for _, row, number in sorted(pairs):
        if row not in belongs and number not in belongs.values():
            belongs[row] = number
    for row, event in enumerate(events):
        key = (f"{camera}/{event.rule}", _direction(event))
        result.told[key] = result.told.get(key, 0) + 1
        if row not in belongs:
            result.false.append(event)
            continue
        one = true[belongs[row]]
        if not one.sure:
            result.doubtful += 1
            continue
        result.found.append(one)
        fired_s = event.fired_s if isinstance(event, Violation) else event.time_s
        result.delays_s.append(fired_s - one.due_s)
        measured = _speed(event)
        if measured is not None and one.speed_kmh is not None:
            result.speed_errors_kmh.append(measured - one.speed_kmh)
    for number, one in enumerate(true):
        key = (f"{camera}/{one.rule}", one.direction or "")
        result.expected[key] = result.expected.get(key, 0) + 1
        if one.sure and number not in belongs.values():
            result.missed.append(one)
    return result


def _off(event: Event, one: TrueEvent) -> float | None:
    """By how many seconds an event is off; None if it is too far off."""
    if isinstance(event, Incident):
        off_s = event.time_s - one.due_s
        return abs(off_s) if -EARLY_S - one.early_s <= off_s <= LATE_S else None
    before, after = one.time_s - event.time_s, event.time_s - one.until_s
    off_s = max(before, after, 0.0)
    return off_s if off_s <= TOLERANCE_S.get(event.family, 0.0) else None


def _is_end(event: Event) -> bool:
    return isinstance(event, Measurement) or (isinstance(event, Incident) and event.status == "ended")


def _tracks(event: Event) -> set[int]:
    several = set(event.tracks) if isinstance(event, Incident) else set()
    return several | ({event.track} if event.track is not None else set())


def _direction(event: Event) -> str:
    if not isinstance(event, Passage):
        return ""
    return event.direction or f"{event.from_line} → {event.to_line}"


def _speed(event: Event) -> float | None:
    if isinstance(event, Passage):
        return event.speed_kmh
    return event.measured if isinstance(event, Violation) and event.unit == "km/h" else None
