"""World: everybody's exact way through the picture, and when lines were crossed. What all definitions build on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.simulation.scenario import Ground, Scenario
from benchmarks.simulation.sights import Sights
from benchmarks.simulation.trajectories import Floats, Recording, RoadUser
from models.detections import Label
from vision.geometry import Outlines

KMH = 3.6
SETTLED_M = 0.15
"""Who has not been further than this from a line has not left it."""
AGAIN_S = 2.0
Flags = NDArray[np.bool_]
Rule = Mapping[str, Any]


@dataclass(frozen=True)
class TrueEvent:
    """Something that a rule must find.

    Attributes:
        kind: As in events.
        rule: Id of the rule.
        users: Who; nobody for a state of a place.
        time_s: The act, or when the state began.
        until_s: The end of the act, where it has a length; else the same.
        due_s: From when on everything that the definition asks for has happened.
        sure: Whether it is clear of every threshold.
        label: What they are; None for a state of a place.
        speed_kmh: Their speed then, where it means something.
        direction: Side of the line that they go to.
        early_s: So long before it was due it may be told: it was so, but hidden, or a matter of taste. Seconds.
    """

    kind: str
    rule: str
    users: frozenset[int]
    time_s: float
    until_s: float
    due_s: float
    sure: bool = True
    label: Label | None = None
    speed_kmh: float | None = None
    direction: str | None = None
    early_s: float = 0.0


@dataclass(frozen=True, eq=False)
class Path:
    """Where one road user was while in the picture, without a gap.

    Attributes:
        user: Row in the list of road users.
        who: The road user.
        time_s: (k,) seconds.
        foot: (k, 2) m.
        speed: (k,) m/s.
        share: (k,) how much of it the picture shows, 0..1.
    """

    user: int
    who: RoadUser
    time_s: Floats
    foot: Floats
    speed: Floats
    share: Floats


@dataclass(frozen=True, eq=False)
class World:
    """All that truth is made of.

    Attributes:
        scenario: What the camera is asked to find.
        recording: What the simulator told.
        paths: Everybody's way through the picture.
        fps: Instants a second.
    """

    scenario: Scenario
    recording: Recording
    paths: Sequence[Path]
    fps: float


def paths(sights: Sights, size: tuple[int, int]) -> list[Path]:
    """Everybody's ways through a picture of a size: as long as their feet are in it."""
    order = np.lexsort((sights.frame, sights.user))
    bottom = np.column_stack([(sights.box[:, 0] + sights.box[:, 2]) / 2, sights.box[:, 3]])[order]
    order = order[((bottom >= 0) & (bottom <= size)).all(axis=1)]
    user, frame = sights.user[order], sights.frame[order]
    breaks = np.flatnonzero((np.diff(user) != 0) | (np.diff(frame) > 1)) + 1
    return [
        Path(
            int(user[rows[0]]),
            sights.users[user[rows[0]]],
            frame[rows] / sights.fps,
            sights.foot[order[rows]],
            sights.speed[order[rows]],
            sights.share[order[rows]],
        )
        for rows in np.split(np.arange(len(order)), breaks)
        if len(rows) > 1
    ]


@dataclass(frozen=True)
class Crossing:
    """Somebody crossed a line.

    Attributes:
        path: Their way.
        time_s: When, between two instants.
        index: The first instant of the path after it.
        side: Name of the side that they go to.
        distance: (k,) signed distance from the line at every instant of the path, m; positive is left.
    """

    path: Path
    time_s: float
    index: int
    side: str
    distance: Floats


def crossings(world: World, name: str) -> Iterator[Crossing]:
    """When anybody crossed a line; to and fro within two seconds is once."""
    line = world.scenario.lines[name]
    start, way = np.array(line.start), np.array(line.end) - np.array(line.start)
    length = float(np.hypot(*way))
    for path in world.paths:
        offset = path.foot - start
        distance = (way[0] * offset[:, 1] - way[1] * offset[:, 0]) / length
        along = offset @ way / length**2
        settled, told = 0.0, {1.0: -np.inf, -1.0: -np.inf}
        at: tuple[float, int] | None = None
        for index in range(len(distance)):
            if index and distance[index] * distance[index - 1] <= 0 and distance[index] != distance[index - 1]:
                share = distance[index - 1] / (distance[index - 1] - distance[index])
                where = along[index - 1] + share * (along[index] - along[index - 1])
                time_s = path.time_s[index - 1] + share * (path.time_s[index] - path.time_s[index - 1])
                at = (float(time_s), index) if 0 <= where <= 1 else None
            if abs(distance[index]) < SETTLED_M:
                continue
            side = float(np.sign(distance[index]))
            if at and settled and side != settled and at[0] - told[side] >= AGAIN_S:
                told[side] = at[0]
                yield Crossing(path, at[0], at[1], line.left if side > 0 else line.right, distance)
            settled, at = side, None


def single(
    kind: str,
    rule: Rule,
    path: Path,
    time_s: float,
    due_s: float,
    *,
    until_s: float | None = None,
    sure: bool = True,
    **more: Any,
) -> TrueEvent:
    """An event of one road user."""
    end = time_s if until_s is None else until_s
    return TrueEvent(kind, rule["id"], frozenset({path.user}), time_s, end, due_s, sure, path.who.label, **more)


def movements(world: World, lines: Sequence[str]) -> Iterator[tuple[Crossing, str, Crossing, str]]:
    """Two different lines in the order they are crossed; the next movement begins anew."""
    by_path: dict[int, list[tuple[Crossing, str]]] = {}
    for name in lines:
        for crossing in crossings(world, name):
            by_path.setdefault(crossing.path.user, []).append((crossing, name))
    for found in by_path.values():
        entry: tuple[Crossing, str] | None = None
        for crossing, name in sorted(found, key=lambda one: one[0].time_s):
            if entry and entry[1] != name:
                yield (*entry, crossing, name)
                entry = None
            else:
                entry = (crossing, name)


def inside(foot: Floats, corners: Sequence[Ground]) -> Flags:
    """Which points stand in a polygon."""
    within: Flags = Outlines([np.array(corners)]).inside(foot)[:, 0]
    return within


def runs(flags: Flags) -> list[tuple[int, int]]:
    """First and last row of every run of flags that are up."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(first), int(last) - 1) for first, last in zip(edges[::2], edges[1::2], strict=True)]


def bridged(flags: Flags, longest: int) -> Flags:
    """Flags with short gaps between two that are up filled."""
    filled = flags.copy()
    for (_, last), (first, _) in pairwise(runs(flags)):
        if first - last - 1 <= longest:
            filled[last:first] = True
    return filled
