"""Flapping: twenty cameras, five of which come and go by chance, each for itself."""

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.drive import Watched, watched
from benchmarks.report import Row
from benchmarks.scenarios import RtspCameras, coded_street, site_of
from benchmarks.soak.episode import BACK_S, LOOK_S
from benchmarks.soak.footprint import Footprint
from models.detectors.replay import Replay

STEADY, FLAPPING = 15, 5
FPS, SIZE = 5.0, (320, 180)
UP_S, DOWN_S = (2.0, 8.0), (0.5, 5.0)
"""For how long one is there, and away."""
SEED = 1
CASE = f"{FLAPPING} of {STEADY + FLAPPING} cameras flap"


@dataclass
class _Flapping:
    """A camera that comes and goes.

    Attributes:
        name: Its name.
        camera: Itself.
        up: Whether it is there.
        due: When it comes or goes next (`time.monotonic`).
    """

    name: str
    camera: RtspCameras
    up: bool = True
    due: float = 0.0

    def wait(self, chance: random.Random) -> None:
        """Chooses when it comes or goes next."""
        self.due = time.monotonic() + chance.uniform(*(UP_S if self.up else DOWN_S))


def flapping(suite: str, scratch: Path, seconds: float) -> Iterator[Row]:
    """Measures what the steady ones get, and what all cost.

    Args:
        suite: Name for the rows.
        scratch: Folder for files that nobody needs afterwards.
        seconds: For how long they flap.

    Raises:
        BenchError: A camera gives no picture at first.
        SkippedCaseError: A camera does not start.
    """
    nothing = scratch / "nothing.jsonl"
    nothing.write_text('{"frame": 0, "time_s": 0.0, "size": [320, 180], "boxes": []}\n', encoding="utf-8")
    clip = coded_street(scratch / "small_street.mp4", SIZE, FPS)
    with ExitStack() as stack:
        servers = [RtspCameras(clip, 1, FPS) for _ in range(FLAPPING)]
        steady = RtspCameras(clip, STEADY, FPS)
        for server in (*servers, steady):
            stack.enter_context(server)
        sources = [server.sources[0] for server in servers] + steady.sources
        one = stack.enter_context(watched(site_of(sources, Replay(path=nothing, every=1)), 2.0, notes=False))
        footprint = Footprint(lambda: {server.process for server in (*servers, steady)})
        cameras = [_Flapping(name, server) for name, server in zip(one.names, servers, strict=False)]
        names = one.names[FLAPPING:]
        before, progress = one.engine.health(), one.progress()
        times, common = _flap(one, cameras, seconds, footprint)
        recovered = _back(one, cameras, footprint)
        after, now_progress, cores = one.engine.health(), one.progress(), footprint.cores
        dropped = {name: after[name].dropped - before[name].dropped for name in names}
        came = {name: now_progress[name].analysed - progress[name].analysed + dropped[name] for name in names}
        due = {name: (now_progress[name].time_s - progress[name].time_s) * FPS for name in names}
    yield Row.of(suite, CASE, "time to recover", "s", recovered, note=f"each; they went {times} times in all")
    shares = [100 * came[name] / due[name] for name in names]
    yield Row.of(suite, CASE, f"the {STEADY} others, came", "% of the rate", shares, at_least=99.0)
    drops = [100 * dropped[name] / came[name] for name in names]
    yield Row.of(suite, CASE, f"the {STEADY} others, dropped", "%", drops, at_most=1.0)
    anew = sum(after[name].reconnects - before[name].reconnects for name in names)
    yield Row.of(suite, CASE, f"the {STEADY} others, connected anew", "times", [anew], at_most=0)
    yield Row.of(suite, CASE, "told as a common fault", "times", [common], at_most=0, note="five of twenty are none")
    yield Row.of(suite, CASE, "CPU a camera", "% of a core", [100 * cores / len(one.names)])
    yield Row.of(suite, CASE, "peak memory", "MB", [footprint.peak_mb])


def _flap(one: Watched, cameras: list[_Flapping], seconds: float, footprint: Footprint) -> tuple[int, int]:
    """Has them come and go; how often they went, and how often that was told as a common fault."""
    chance = random.Random(SEED)  # noqa: S311 - the same each time
    for each in cameras:
        each.wait(chance)
    until = time.monotonic() + seconds
    times = common = 0
    told = False
    while time.monotonic() < until:
        for each in cameras:
            if time.monotonic() < each.due:
                continue
            if each.up:
                each.camera.kill()
                times += 1
            else:
                each.camera.start()
            each.up = not each.up
            each.wait(chance)
        was_told, told = told, one.engine.common_fault() is not None
        common += told and not was_told
        one.engine.wait(LOOK_S)
        footprint.look()
    return times, common


def _back(one: Watched, cameras: list[_Flapping], footprint: Footprint) -> list[float]:
    """Gives all of them power; seconds until each gives pictures, infinite for one that does not."""
    sends: dict[str, float] = {}
    for each in cameras:
        if not each.up:
            each.camera.start()
        sends[each.name] = time.monotonic()
    recovered: dict[str, float] = {}
    while len(recovered) < len(cameras):
        health, now = one.engine.health(), time.monotonic()
        for name in sends.keys() - recovered.keys():
            if health[name].state == "live" and now - health[name].silent_s > sends[name]:
                recovered[name] = now - sends[name]
            elif now - sends[name] > BACK_S:
                recovered[name] = float("inf")
        one.engine.wait(LOOK_S)
        footprint.look()
    return list(recovered.values())
