"""Which violations really happened, by the definition of each kind."""

from collections.abc import Iterator

import numpy as np

from benchmarks.simulation.trajectories import Floats, state_at
from benchmarks.simulation.world import (
    KMH,
    Crossing,
    Path,
    Rule,
    TrueEvent,
    World,
    crossings,
    inside,
    movements,
    runs,
    single,
)
from models.detections import Label

GRACE_S, BEYOND_M = 0.5, 3.0


def solid_line(world: World, rule: Rule) -> Iterator[TrueEvent]:
    """Everybody who crosses the line, either way."""
    for crossing in crossings(world, rule["line"]):
        yield single("solid_line", rule, crossing.path, crossing.time_s, crossing.time_s)


def banned_movement(world: World, rule: Rule) -> Iterator[TrueEvent]:
    """Everybody who goes the forbidden way."""
    for enters, start, leaves, end in movements(world, [rule["from"], rule["to"]]):
        if (start, end) == (rule["from"], rule["to"]):
            yield single("banned_movement", rule, leaves.path, enters.time_s, leaves.time_s, until_s=leaves.time_s)


def _on_red(world: World, rule: Rule) -> Iterator[tuple[Crossing, Floats, bool]]:
    """Who crosses the line on red after the grace: the crossing, metres beyond by instant, whether it is clear."""
    changes = world.recording.signals[rule["signal"]]
    starts = [since for since, state in changes if state == "red"]
    for crossing in crossings(world, rule["line"]):
        since = max((start for start in starts if start <= crossing.time_s), default=None)
        if crossing.side != rule["direction"] or since is None or state_at(changes, crossing.time_s) != "red":
            continue
        into = crossing.time_s - since - GRACE_S
        still = state_at(changes, crossing.time_s + 0.2) == "red"
        beyond = np.abs(crossing.distance[crossing.index :])
        if into > 0:
            yield crossing, beyond, into > 0.2 and still


def red_light(world: World, rule: Rule) -> Iterator[TrueEvent]:
    """Who crosses the line on red and goes on for 3 m while it is red."""
    changes = world.recording.signals[rule["signal"]]
    for crossing, beyond, clear in _on_red(world, rule):
        on = np.flatnonzero(beyond >= BEYOND_M)
        if not len(on):
            continue
        due_s = float(crossing.path.time_s[crossing.index + on[0]])
        stopped = _stops(crossing, beyond) is not None
        if stopped and state_at(changes, due_s) != "red":
            continue  # went on when it was green
        yield single("red_light", rule, crossing.path, crossing.time_s, due_s, sure=clear and not stopped)


def stop_line(world: World, rule: Rule) -> Iterator[TrueEvent]:
    """Who crosses the line on red and stops before 3 m beyond it."""
    for crossing, beyond, clear in _on_red(world, rule):
        stops = _stops(crossing, beyond)
        if stops is not None:
            far = float(beyond[round(stops * world.fps)]) if stops * world.fps < len(beyond) else 0.0
            sure = clear and 0.4 < far < BEYOND_M - 0.3
            yield single("stop_line", rule, crossing.path, crossing.time_s, crossing.time_s + stops, sure=sure)


def _stops(crossing: Crossing, beyond: Floats) -> float | None:
    """Seconds from the crossing until they have stood for a second before 3 m beyond the line; None if they do not."""
    times = crossing.path.time_s[crossing.index :]
    still = (crossing.path.speed[crossing.index :] < 0.5) & (beyond < BEYOND_M)
    for first, last in runs(still):
        if times[last] - times[first] >= 1.0:
            return float(times[first] - crossing.time_s)
    return None


def wrong_way(world: World, rule: Rule) -> Iterator[TrueEvent]:
    """Who drives in the lane against its direction, > 120° off, for ≥ 1 s and ≥ 5 m."""
    lane = world.scenario.lanes[rule["lane"]]
    ahead = np.array(lane.heading) / np.hypot(*lane.heading)
    for path in world.paths:
        moved = np.gradient(path.foot, path.time_s, axis=0)
        speed = np.hypot(moved[:, 0], moved[:, 1])
        against = inside(path.foot, lane.polygon) & (speed > 0.5) & (moved @ ahead < -0.5 * speed)
        for first, last in runs(against):
            for_s, for_m = path.time_s[last] - path.time_s[first], float(speed[first : last + 1].sum() / world.fps)
            if for_s >= 1 and for_m >= 5:
                due = first + int(
                    np.argmax(
                        (path.time_s[first:] - path.time_s[first] >= 1) & (np.cumsum(speed[first:]) / world.fps >= 5)
                    )
                )
                sure = for_s >= 1.5 and for_m >= 7
                yield single("wrong_way", rule, path, float(path.time_s[first]), float(path.time_s[due]), sure=sure)


def speeding(world: World, rule: Rule) -> Iterator[TrueEvent]:
    """Whose highest mean over 1 s in the zone, or mean between the lines, exceeds the limit and the tolerance."""
    allowed = rule["limit_kmh"] + rule.get("tolerance_kmh", 5.0)
    for path, first, last in _sections(world, rule):
        window = max(1, round(world.fps))
        speeds = path.speed[first : last + 1]
        if "zone" in rule and len(speeds) >= window:
            measured = float(np.convolve(speeds, np.full(window, 1 / window), "valid").max()) * KMH
        else:
            measured = float(speeds.mean()) * KMH
        if measured > allowed:
            yield single(
                "speeding",
                rule,
                path,
                float(path.time_s[first]),
                float(path.time_s[last]),
                until_s=float(path.time_s[last]),
                sure=measured > allowed + 5,
                speed_kmh=measured,
            )


def _sections(world: World, rule: Rule) -> Iterator[tuple[Path, int, int]]:
    """The measured sections: path, first and last instant."""
    if "zone" in rule:
        area = world.scenario.area(rule["zone"])
        yield from ((path, first, last) for path in world.paths for first, last in runs(inside(path.foot, area)))
        return
    for enters, start, leaves, _ in movements(world, [rule["from_line"], rule["to_line"]]):
        if start == rule["from_line"] and leaves.path is enters.path:
            yield enters.path, enters.index, leaves.index


def lane_violation(world: World, rule: Rule) -> Iterator[TrueEvent]:
    """Who is in a lane that does not admit them for ≥ 2 s and ≥ 10 m."""
    banned = {Label.of(word) for word in rule["labels"]}
    area = world.scenario.area(rule["lane"])
    for path in world.paths:
        for first, last in runs(inside(path.foot, area) & (path.who.label in banned)):
            way = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path.foot[first : last + 1], axis=0).T))])
            spent = path.time_s[first : last + 1] - path.time_s[first]
            due = np.flatnonzero((spent >= 2) & (way >= 10))
            if len(due):
                sure = spent[-1] >= 2.5 and way[-1] >= 13
                begins = float(path.time_s[first])
                yield single("lane_violation", rule, path, begins, begins + float(spent[due[0]]), sure=sure)


def illegal_parking(world: World, rule: Rule) -> Iterator[TrueEvent]:
    """Which vehicle stands in the zone for too long; the act is its stopping."""
    area, after_s = world.scenario.area(rule["zone"]), rule["after_s"]
    for path in world.paths:
        if path.who.label == Label.PERSON:
            continue
        for first, last in runs(inside(path.foot, area) & (path.speed < 0.3)):
            stands_s = path.time_s[last] - path.time_s[first]
            if stands_s >= after_s:
                begins = float(path.time_s[first])
                yield single("illegal_parking", rule, path, begins, begins + after_s, sure=stands_s > after_s + 2)
