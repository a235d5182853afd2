"""Which incidents really happened, by the definition of each kind.

What happens behind others is true all the same, but no camera can be asked to find it: it is not sure.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from benchmarks.simulation.degrade import LEAST_SHARE
from benchmarks.simulation.encounters import encounter
from benchmarks.simulation.trajectories import Floats
from benchmarks.simulation.world import AGAIN_S, KMH, Flags, Path, Rule, TrueEvent, World, bridged, inside, runs, single
from models.detections import Label

EDGE_M = 0.5
"""Who stands so near to the edge of a zone is in it or not, as a matter of taste: at 40 m a pixel is 0.2 m."""
AROUND = ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))
AROUND_S = 1.0
"""Who is seen half of the time, so long before and after a moment, is seen then."""


def stopped_vehicle(world: World, rule: Rule) -> Iterator[TrueEvent]:
    """Which vehicle stands in the zone for too long while fewer than two others queue within 15 m."""
    area, after_s = world.scenario.area(rule["zone"]), rule["after_s"]
    slow = _Slow(world)
    for path in world.paths:
        if path.who.label == Label.PERSON:
            continue
        for first, last in runs(inside(path.foot, area) & (path.speed * KMH < 4)):
            begins, ends = float(path.time_s[first]), float(path.time_s[last])
            due = np.arange(begins + after_s, ends, 0.2)
            alone = [slow.around(path, time_s) < 2 for time_s in due]
            if any(alone):
                # Neighbours who come and go make it a matter of taste.
                sure = all(alone) and ends > begins + after_s + 2
                due_s = float(due[alone.index(True)])
                early_s = due_s - float(due[0])
                yield single("stopped_vehicle", rule, path, begins, due_s, sure=sure, early_s=early_s)


class _Slow:
    """Who is slower than 7 km/h, instant by instant."""

    def __init__(self, world: World) -> None:
        self._fps = world.fps
        self._at: dict[int, list[tuple[int, float, float]]] = {}
        for path in world.paths:
            rows = np.flatnonzero((path.speed * KMH < 7) & (path.who.label != Label.PERSON))
            for row in rows:
                frame = round(path.time_s[row] * world.fps)
                self._at.setdefault(frame, []).append((path.user, path.foot[row, 0], path.foot[row, 1]))

    def around(self, path: Path, time_s: float) -> int:
        """How many others are slow within 15 m of somebody."""
        x, y = path.foot[min(int(np.searchsorted(path.time_s, time_s)), len(path.foot) - 1)]
        others = self._at.get(round(time_s * self._fps), [])
        return sum(user != path.user and np.hypot(there_x - x, there_y - y) <= 15 for user, there_x, there_y in others)


def congestion(world: World, rule: Rule) -> Iterator[TrueEvent]:
    """When the mean speed in the zone is below 30 % of free flow for long; over when above 45 %."""
    free, after_s = rule["free_flow_kmh"], rule.get("after_s", 120.0)
    vehicles = [path for path in world.paths if path.who.label != Label.PERSON]
    count, total = _occupancy(world, rule["zone"], vehicles, lambda path: path.speed)
    mean = np.divide(total, count, out=np.full_like(total, np.inf), where=count > 0) * KMH
    return _states(world, rule, "congestion", mean < 0.30 * free, mean < 0.45 * free, after_s)


def queue_spillback(world: World, rule: Rule) -> Iterator[TrueEvent]:
    """When somebody slower than 7 km/h is in the zone all the time for 20 s.

    It is sure if some of them were clearly in the zone and to be seen all that time, but for moments, and due when they
    had been. It may be told as soon as they were in it, or at its edge, for so long.
    """
    vehicles = [path for path in world.paths if path.who.label != Label.PERSON]
    area = world.scenario.area(rule["zone"])

    def slow(where: Callable[[Sequence[Flags]], Flags], least_share: float) -> Flags:
        """Instants in which somebody is slow, who is seen so far, and whose surroundings are in the zone so far."""
        flags = np.zeros(round(world.recording.seconds * world.fps) + 1, np.bool_)
        for path in vehicles:
            there = where([inside(path.foot + EDGE_M * np.array(way), area) for way in AROUND])
            rows = there & (path.speed * KMH < 7) & (path.share >= least_share)
            flags[np.rint(path.time_s[rows] * world.fps).astype(np.int64)] = True
        return flags

    whole = bridged(slow(np.logical_or.reduce, 0.0), round(AGAIN_S * world.fps))
    seen = bridged(slow(np.logical_and.reduce, LEAST_SHARE), round(AGAIN_S * world.fps))
    after_s = rule.get("after_s", 20.0)
    of_all, of_seen = (list(_states(world, rule, "queue_spillback", flags, flags, after_s)) for flags in (whole, seen))
    for number, one in enumerate(of_all):
        until_s = of_all[number + 1].time_s if number + 1 < len(of_all) else np.inf
        shown = next((other for other in of_seen if one.time_s <= other.time_s < until_s), None)
        yield replace(shown, early_s=shown.due_s - one.due_s) if shown else replace(one, sure=False)


def crowding(world: World, rule: Rule) -> Iterator[TrueEvent]:
    """When more people than the limit are in the zone for long; over when fewer than 0.8 of it."""
    people = [path for path in world.paths if path.who.label == Label.PERSON]
    count, _ = _occupancy(world, rule["zone"], people, lambda path: path.speed)
    limit = rule["limit"]
    return _states(world, rule, "crowding", count > limit, count >= 0.8 * limit, rule["after_s"])


def _occupancy(
    world: World, zone: str, paths: Sequence[Path], weight: Callable[[Path], Floats]
) -> tuple[Floats, Floats]:
    """How many stand in a zone in each frame, and the sum of what they weigh."""
    frames = round(world.recording.seconds * world.fps) + 1
    count, total = np.zeros(frames), np.zeros(frames)
    area = world.scenario.area(zone)
    for path in paths:
        rows = np.flatnonzero(inside(path.foot, area))
        at = np.rint(path.time_s[rows] * world.fps).astype(np.int64)
        count[at] += 1
        total[at] += weight(path)[rows]
    return count, total


def _states(world: World, rule: Rule, kind: str, begins: Flags, goes_on: Flags, after_s: float) -> Iterator[TrueEvent]:
    """States of a place that begin, last for long enough, and end with a hysteresis."""
    began, told = None, False
    for frame in range(len(begins)):
        time_s = frame / world.fps
        if began is not None and not goes_on[frame]:
            began, told = None, False
        if began is None and begins[frame]:
            began = time_s
        # Before it has fired, the state itself must hold; a moment below it begins anew.
        if began is not None and not told and not begins[frame]:
            began = None
        if began is not None and not told and time_s - began >= after_s:
            told = True
            lasts = _lasting(begins, frame, world.fps)
            yield TrueEvent(kind, rule["id"], frozenset(), began, began, time_s, sure=lasts >= 2)


def _lasting(flags: Flags, frame: int, fps: float) -> float:
    """For how many seconds more a flag stays up."""
    down = np.flatnonzero(~flags[frame:])
    return (int(down[0]) if len(down) else len(flags) - frame) / fps


def _stay(
    kind: str, rule: Rule, world: World, after_s: float, margin_s: float, holds: Callable[[Path], Flags]
) -> Iterator[TrueEvent]:
    """Stays in a zone that last for long enough; steps outside of up to two seconds belong to the stay."""
    for path in world.paths:
        for first, last in runs(bridged(holds(path), round(AGAIN_S * world.fps))):
            stays_s = path.time_s[last] - path.time_s[first]
            if stays_s >= after_s:
                begins = float(path.time_s[first])
                yield single(kind, rule, path, begins, begins + after_s, sure=stays_s >= after_s + margin_s)


def pedestrian_on_carriageway(world: World, rule: Rule) -> Iterator[TrueEvent]:
    """Who is on foot in the zone for 2 s."""
    area = world.scenario.area(rule["zone"])
    return _stay(
        "pedestrian_on_carriageway",
        rule,
        world,
        2.0,
        0.7,
        lambda path: inside(path.foot, area) & (path.who.label == Label.PERSON),
    )


def intrusion(world: World, rule: Rule) -> Iterator[TrueEvent]:
    """Who is in the zone."""
    area = world.scenario.area(rule["zone"])
    return _stay("intrusion", rule, world, rule.get("after_s", 0.5), 0.5, lambda path: inside(path.foot, area))


def loitering(world: World, rule: Rule) -> Iterator[TrueEvent]:
    """Who stays in the zone for too long."""
    area = world.scenario.area(rule["zone"])
    return _stay("loitering", rule, world, rule["after_s"], 1.5, lambda path: inside(path.foot, area))


def running(world: World, rule: Rule) -> Iterator[TrueEvent]:
    """Who is faster than 3.5 m/s in the zone for a second."""
    area, least = world.scenario.area(rule["zone"]), rule.get("speed_ms", 3.5)
    return _stay("running", rule, world, 1.0, 0.5, lambda path: inside(path.foot, area) & (path.speed > least))


def dispersal(world: World, rule: Rule) -> Iterator[TrueEvent]:
    """When the crowd was made to flee."""
    for kind, time_s in world.recording.scripted:
        if kind == "dispersal":
            yield TrueEvent(kind, rule["id"], frozenset(), time_s, time_s, time_s + 1.0)


def near_miss(world: World, rule: Rule) -> Iterator[TrueEvent]:
    """Who nearly met in the zone, as the simulator's own device for surrogate safety measures tells.

    The device looks at lanes: to it all of a lane is taken by whoever is on it, also by a motorcycle that waits at its
    edge. It is sure only where the road users themselves nearly met, and both were to be seen then.
    """
    area = world.scenario.area(rule["zone"])
    for one in world.recording.near_misses:
        if inside(np.array([one.place]), area)[0]:
            users = frozenset(one.users)
            met = encounter(world.recording.trajectories, one) if one.sure else None
            sure = met is not None and all(
                _seen(world, user, time_s) for user, time_s in zip(one.users, met, strict=True)
            )
            yield TrueEvent("near_miss", rule["id"], users, one.time_s, one.time_s, one.time_s, sure=sure)


def _seen(world: World, user: int, time_s: float) -> bool:
    """Whether somebody was to be seen most of the time around a moment."""
    near = [
        path.share[np.abs(path.time_s - time_s) <= AROUND_S] >= LEAST_SHARE for path in world.paths if path.user == user
    ]
    return sum(int(one.sum()) for one in near) >= AROUND_S * world.fps


def crash(world: World, rule: Rule) -> Iterator[TrueEvent]:
    """Two who brake hard at once, beside each other, and then stand."""
    area = world.scenario.area(rule["zone"])
    stops = []
    for path in world.paths:
        for first, last in runs(path.speed < 0.3):
            back = max(0, first - round(1.5 * world.fps))
            hard = float(path.speed[back]) >= 5.0
            if hard and path.time_s[last] - path.time_s[first] >= 5 and inside(path.foot[first, None], area)[0]:
                stops.append((path, float(path.time_s[first]), path.foot[first]))
    for (one, one_s, here), (other, other_s, there) in combinations(stops, 2):
        reach = (one.who.size[0] + other.who.size[0]) / 2 + 1.5
        if one.user != other.user and abs(one_s - other_s) <= 1.5 and np.hypot(*(here - there)) <= reach:
            time_s = max(one_s, other_s)
            yield TrueEvent("crash", rule["id"], frozenset({one.user, other.user}), time_s, time_s, time_s + 3.0)
