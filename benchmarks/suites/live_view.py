"""L3: what watching a camera costs, and how late its picture is."""

import http.client
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from benchmarks.machine import cpu_seconds
from benchmarks.report import Row
from benchmarks.scenarios import RtspCameras, coded_street, rtsp_missing
from benchmarks.served import served
from benchmarks.suite import Plan, Suite
from streams.errors import StreamError
from streams.main_stream import MainStream
from streams.record import Record

FPS = 25.0
VIEWERS = 8
SETTLE_S, QUICK_SETTLE_S = 3.0, 0.5
HD_CLIP = "expressway_hevc.mp4"
TAIL = 32
"""Bytes at the end of a picture by which it is known again."""
CAMERA = "camera-1"

Delays = deque[float]
Look = Callable[[str, Delays, threading.Event], None]


class LiveView(Suite):
    """What a viewer of a 720p camera costs the server, and how late it gets each picture.

    One camera, 25 pictures a second, all analysed by a detector that costs nothing (it replays an empty recording).
    CPU time of `ngatu serve` while nobody, one and nine watch: the ninth viewer costs an eighth of the difference
    between one and nine. `video` is the camera's own, copied; `MJPEG` pictures with overlay, as many as there are.
    Delay is from a picture's arrival on this machine until the viewer has it; a browser's buffer comes on top (the
    page keeps about 0.3 s of video). For video it is taken against a connection of our own to the same camera, for
    MJPEG by `X-Captured-At`.
    """

    name = "live_view"
    level = "L3"

    def run(self, plan: Plan) -> Iterator[Row]:
        """Measures (see `Suite.run`)."""
        if missing := rtsp_missing():
            yield Row.skipped(self.name, "viewers", missing)
            return
        clip = plan.shared / "data" / "clips" / HD_CLIP
        clip = clip if clip.is_file() else coded_street(plan.scratch / "street.mp4", (1280, 720), FPS)
        recording = plan.scratch / "nothing.jsonl"
        recording.write_text('{"frame": 0, "time_s": 0.0, "size": [1280, 720], "boxes": []}\n', encoding="utf-8")
        seconds = plan.seconds or (1.0 if plan.quick else 15.0)
        settle_s = QUICK_SETTLE_S if plan.quick else SETTLE_S
        camera = RtspCameras(clip, 1, FPS)
        camera.start()
        try:
            url = camera.sources[0].url
            site = {
                "version": 1,
                "defaults": {"detector": {"kind": "replay", "path": str(recording.absolute())}},
                "cameras": [{"id": CAMERA, "source": {"kind": "rtsp", "url": url}}],
            }
            with served(site, plan.scratch, "live-view") as (process, address):
                yield from self._measure(plan, process, address, url, seconds, settle_s, clip.name)
        finally:
            camera.kill()

    def _measure(
        self, plan: Plan, process: int, address: str, url: str, seconds: float, settle_s: float, clip: str
    ) -> Iterator[Row]:
        def share(look: Look | None, viewers: int, delays: Delays) -> float:
            """CPU time of the server while so many watch, % of a core."""
            with watching(address, look, viewers, delays):
                time.sleep(settle_s)
                delays.clear()
                began, spent = time.monotonic(), cpu_seconds(process)
                time.sleep(seconds)
                return 100 * (cpu_seconds(process) - spent) / (time.monotonic() - began)

        ways: dict[str, Look] = {"MJPEG": _look_at_pictures}
        with _arrivals(url) as arrived:
            ways = {"video": _video_looker(arrived), **ways}
            alone: list[float] = []
            first: dict[str, list[float]] = {way: [] for way in ways}
            further: dict[str, list[float]] = {way: [] for way in ways}
            late: dict[str, list[float]] = {way: [] for way in ways}
            for _ in range(plan.rounds):
                alone.append(share(None, 0, deque()))
                for way, look in ways.items():
                    delays: Delays = deque()
                    one = share(look, 1, delays)
                    late[way] += delays
                    many = share(look, 1 + VIEWERS, deque())
                    first[way].append(one - alone[-1])
                    further[way].append((many - one) / VIEWERS)
        yield Row.of(self.name, "nobody watches", "CPU", "% of a core", alone, note=f"{clip}; with decoding")
        for way in ways:
            yield Row.of(self.name, f"first viewer, {way}", "CPU", "% of a core", first[way])
            most = 3.0 if way == "video" else None
            yield Row.of(self.name, f"further viewer, {way}", "CPU", "% of a core", further[way], at_most=most)
            if late[way]:
                yield Row.of(self.name, f"one viewer, {way}", "delay", "ms", [1000 * one for one in late[way]])
            else:
                yield Row.skipped(self.name, f"one viewer, {way}", "no picture came")


@contextmanager
def watching(address: str, look: Look | None, viewers: int, delays: Delays) -> Iterator[None]:
    """So many watch until the block ends; only the first notes delays."""
    stop = threading.Event()
    threads = [
        threading.Thread(target=look, args=(address, delays if number == 0 else deque(maxlen=0), stop), daemon=True)
        for number in range(viewers)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@contextmanager
def _arrivals(url: str) -> Iterator[dict[bytes, float]]:
    """When each picture of a camera came to this machine, by its last bytes."""
    arrived: dict[bytes, float] = {}
    stop = threading.Event()

    def read() -> None:
        try:
            with closing(MainStream(Record(url=url))) as stream:
                for picture in stream.pictures():
                    arrived[bytes(picture.packet)[-TAIL:]] = picture.arrived_s
                    if stop.is_set():
                        return
        except StreamError:
            return  # the delays will be missing

    with ExitStack() as ending:
        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        ending.callback(thread.join)
        ending.callback(stop.set)
        yield arrived


def _video_looker(arrived: dict[bytes, float]) -> Look:
    def look(address: str, delays: Delays, stop: threading.Event) -> None:
        place = urlsplit(address)
        with connect(f"ws://{place.netloc}{place.path}/cameras/{CAMERA}/live", max_size=None, proxy=None) as viewer:
            while not stop.is_set():
                try:
                    message = viewer.recv(timeout=1)
                except TimeoutError:
                    continue
                except ConnectionClosed:
                    return
                now, at = time.monotonic(), None
                if isinstance(message, bytes):
                    at = arrived.get(message[-TAIL:])
                # The clip goes round: a picture that came long ago is the same of the round before.
                if at is not None and now - at < 2:
                    delays.append(now - at)

    return look


def _look_at_pictures(address: str, delays: Delays, stop: threading.Event) -> None:
    place = urlsplit(address)
    connection = http.client.HTTPConnection(place.netloc, timeout=5)
    connection.request("GET", f"{place.path}/cameras/{CAMERA}/preview.mjpeg?overlay=1&fps=30")
    answer = connection.getresponse()
    try:
        while not stop.is_set():
            head: dict[str, str] = {}
            while line := answer.readline().decode().strip():
                key, _, value = line.partition(": ")
                head[key] = value
            if "Content-Length" in head:
                answer.read(int(head["Content-Length"]))
                taken = datetime.fromisoformat(head["X-Captured-At"])
                delays.append((datetime.now(UTC) - taken).total_seconds())
                answer.readline()
    finally:
        connection.close()
