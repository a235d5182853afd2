"""L3: the memory of the whole program."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.machine import peak_rss_mb, rss_mb, workers_mb
from benchmarks.report import Row
from benchmarks.scenarios import paced, written_clip
from benchmarks.served import LOOK_S, got, served
from benchmarks.suite import Plan, Suite
from streams.sources.rtsp import RtspSource

FPS = 25.0
CAMERAS, QUICK_CAMERAS = (1, 2, 4), (1, 2)
HD_CLIP = "expressway_hevc.mp4"


class Memory(Suite):
    """Peak memory of `ngatu serve` with 1, 2 and 4 cameras of 1280×720, while somebody looks at each.

    The peak (VmHWM) of the program itself, and what its workers have at the end (PSS: what several share is counted
    once), shared pictures included.

    The whole program as people run it: readers, model, tracker, rules, store, API and the encoded picture of every
    camera. A further camera costs the difference, divided by how many there are more.
    """

    name = "memory"
    level = "L3"

    def run(self, plan: Plan) -> Iterator[Row]:
        """Measures (see `Suite.run`)."""
        seconds = plan.seconds or (2.0 if plan.quick else 30.0)
        counts = QUICK_CAMERAS if plan.quick else CAMERAS
        clip = plan.shared / "data" / "clips" / HD_CLIP
        known = clip if clip.is_file() else written_clip(plan.scratch)
        peaks: dict[int, float] = {}
        for count in counts:
            # `serve` reads what a site file can say: RTSP, or the file itself.
            feed = plan.feed if plan.feed in ("auto", "rtsp") else "clip"
            with paced(feed, known, count, FPS) as cameras:
                sources = [
                    {"kind": "rtsp", "url": one.url}
                    if isinstance(one, RtspSource)
                    else {"kind": "file", "path": str(known.absolute()), "pace": "real", "loop": True}
                    for one in cameras.sources
                ]
                peaks[count], now = _serve(plan, sources, seconds)
            target = {"at_most": 450.0} if count == 1 else {}
            note = f"{known.name}, {cameras.how}; {now:.0f} MB at the end of {seconds:g} s"
            yield Row.of(self.name, f"{count} × 720p", "peak memory", "MB", [peaks[count]], note=note, **target)
        further = [(peaks[count] - peaks[1]) / (count - 1) for count in counts if count > 1]
        yield Row.of(self.name, "each further camera", "peak memory", "MB", further, at_most=90.0)


def _serve(plan: Plan, sources: Sequence[dict[str, Any]], seconds: float) -> tuple[float, float]:
    """Peak and last memory of `ngatu serve`, MB."""
    names = [f"camera-{number}" for number in range(1, len(sources) + 1)]
    line = {"main": {"from": [0.05, 0.62], "to": [0.95, 0.62]}}
    rules = [{"kind": "line_crossing", "id": "count", "line": "main"}]
    site = {
        "version": 1,
        "defaults": {
            "detector": plan.detector.model_dump(mode="json", exclude_defaults=True) | {"kind": plan.detector.kind}
        },
        "cameras": [
            {"id": name, "source": source, "lines": line, "rules": rules}
            for name, source in zip(names, sources, strict=True)
        ],
    }
    with served(site, plan.scratch, f"site-{len(sources)}") as (process, address):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for name in names:
                got(f"{address}/cameras/{name}/snapshot.jpg?overlay=true")
            time.sleep(LOOK_S)
        workers = workers_mb(process)
        return peak_rss_mb(process) + workers, rss_mb(process) + workers
