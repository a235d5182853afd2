"""L3: the memory of the whole program."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.errors import BenchError
from benchmarks.machine import peak_rss_mb, rss_mb, workers_mb
from benchmarks.report import Row
from benchmarks.scenarios import paced, written_clip
from benchmarks.suite import ROOT, Plan, Suite
from streams.sources.rtsp import RtspSource

FPS, START_S, LOOK_S = 25.0, 60.0, 0.2
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
    path = plan.scratch / f"site-{len(sources)}.yaml"
    path.write_text(json.dumps(site), encoding="utf-8")  # JSON is YAML
    with _served(path, plan.scratch) as (process, address):
        until = time.monotonic() + START_S
        while not _all_analysed(address, names):
            if process.poll() is not None or time.monotonic() > until:
                raise BenchError(f"`ngatu serve` gives no pictures; see {plan.scratch / 'serve.log'}")
            time.sleep(LOOK_S)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for name in names:
                _get(f"{address}/cameras/{name}/snapshot.jpg?overlay=true")
            time.sleep(LOOK_S)
        workers = workers_mb(process.pid)
        return peak_rss_mb(process.pid) + workers, rss_mb(process.pid) + workers


@contextmanager
def _served(site: Path, scratch: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {"NGATU_DATABASE": str(scratch / f"{site.stem}.db"), "PYTHONPATH": str(ROOT)}
    with (scratch / "serve.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "api", "serve", "--site", str(site), "--port", str(port)],
            stdout=log,
            stderr=log,
            cwd=scratch,
            env=os.environ | own,
        )
    try:
        yield process, f"http://127.0.0.1:{port}/api/v1"
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _all_analysed(address: str, names: Sequence[str]) -> bool:
    return all(_get(f"{address}/cameras/{name}/snapshot.jpg") for name in names)


def _get(url: str) -> bytes:
    """What an address answers; empty while it does not."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own server
            content: bytes = answer.read()
            return content
    except (urllib.error.URLError, OSError):
        return b""
