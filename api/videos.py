"""Videos: the pictures of every camera as it codes them, for browsers, without decoding or coding anything.

    camera ── recorder's connection, or one of its own while somebody watches ──▶ broadcast ── bell ──▶ viewers

What a viewer gets is text and bytes: see `Viewer.messages`.
"""

import json
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.bell import Bell
from api.errors import NoVideo, TooManyViewers
from streams.broadcast import Broadcast, Told
from streams.fragments import Fragment, Video
from streams.on_demand import OnDemand
from streams.record import Record
from streams.sources.rtsp import RtspSource
from vision.events import rfc3339
from vision.site import Camera

LOOK_S = 5.0
"""A viewer who gets nothing for so long looks after who reads for it."""


@dataclass(frozen=True, slots=True)
class _Place:
    """All that is kept for one camera."""

    bell: Bell
    broadcast: Broadcast
    on_demand: OnDemand


class Viewer:
    """Somebody who watches a camera."""

    def __init__(self, place: _Place, closing: Bell) -> None:
        self._place = place
        self._closing = closing

    async def messages(self) -> AsyncGenerator[str | bytes, None]:
        """What is sent, until the server stops.

        Before the first picture, and whenever what a decoder must know may have changed, `{"type": "video", …}` and
        then an MP4's header; then fragments. `{"type": "state", …}` where the camera is lost; it is back with the
        next `video`. A viewer that is slow to take them gets fewer; nobody waits for it.
        """
        broadcast, bell = self._place.broadcast, self._place.bell
        last: Fragment | None = None
        video: Video | None = None
        told = Told("connecting", "")
        while not self._closing.count:
            # Before looking, so that what comes meanwhile is not waited for in vain.
            rung = bell.count
            fragments = broadcast.after(last)
            while fragments:
                if fragments[0].video is not video:
                    video = fragments[0].video
                    yield _described(video)
                    yield video.header
                same = [one for one in fragments if one.video is video]
                last = same[-1]
                yield same[0].content if len(same) == 1 else b"".join(one.content for one in same)
                fragments = fragments[len(same) :]
            now = broadcast.told
            if now != told:
                told = now
                if now.state in ("lost", "refused"):
                    yield json.dumps({"type": "state", "state": now.state, "reason": now.reason}, ensure_ascii=False)
                continue
            if await bell.beyond(rung, LOOK_S) == rung:
                self._place.on_demand.wake()  # where the thread that reads hangs, another takes over


class Videos:
    """The video of every camera that gives one. Safe to be used from every thread.

    Args:
        cameras: All cameras of a site.
        viewers: So many may watch a camera at once.
    """

    def __init__(self, cameras: Iterable[Camera], viewers: int) -> None:
        self._viewers = viewers
        self._closing = Bell()
        self._places: dict[str, _Place] = {}
        self._why_not: dict[str, str] = {}
        for camera in cameras:
            stream = _stream_of(camera)
            if stream is None:
                self._why_not[camera.id] = (
                    f"only RTSP can be passed on, and this source is of kind {camera.source.kind}; take preview.mjpeg"
                )
                continue
            bell = Bell()
            broadcast = Broadcast(bell.ring)
            broadcast.recorded = camera.record is not None
            self._places[camera.id] = _Place(bell, broadcast, OnDemand(camera.id, stream, broadcast))

    @property
    def broadcasts(self) -> Mapping[str, Broadcast]:
        """Where recorders give pictures to, by camera."""
        return {camera: place.broadcast for camera, place in self._places.items()}

    @contextmanager
    def watching(self, camera: str) -> Iterator[Viewer]:
        """Watches a camera for as long as the block lasts.

        Raises:
            NoVideo: Its source can't be passed on.
            TooManyViewers: As many as may watch it do already.
        """
        place = self._places.get(camera)
        if place is None:
            raise NoVideo(self._why_not.get(camera, "this camera has no video; take preview.mjpeg"))
        if not place.broadcast.join(self._viewers):
            raise TooManyViewers(f"{self._viewers} watch this camera already; take preview.mjpeg")
        try:
            place.on_demand.wake()
            yield Viewer(place, self._closing)
        finally:
            place.broadcast.leave()

    def close(self) -> None:
        """Ends all who watch, and the connections that are there for them; the server is about to stop."""
        self._closing.ring()
        for place in self._places.values():
            place.on_demand.stop()
            place.bell.ring()


class VideoFigures(Collector):
    """How many watch, for Prometheus."""

    def __init__(self, videos: Videos) -> None:
        self._videos = videos

    def describe(self) -> Iterable[Metric]:
        """Nothing: which cameras there are is known when somebody asks."""
        return []

    def collect(self) -> Iterable[Metric]:
        """The figures of now."""
        viewers = GaugeMetricFamily("ngatu_video_viewers", "Viewers of a camera's video", labels=["camera"])
        skipped = CounterMetricFamily(
            "ngatu_video_skipped", "Pictures that viewers who were too slow left out", labels=["camera"]
        )
        for camera, broadcast in self._videos.broadcasts.items():
            viewers.add_metric([camera], broadcast.viewers)
            skipped.add_metric([camera], broadcast.skipped)
        yield from (viewers, skipped)


def _stream_of(camera: Camera) -> Record | None:
    """Which stream of a camera is watched: the recorded one, so that there is one connection; else what is analysed."""
    if camera.record is not None:
        return camera.record
    if isinstance(camera.source, RtspSource):
        return Record(url=camera.source.url, transport=camera.source.transport)
    return None


def _described(video: Video) -> str:
    return json.dumps(
        {
            "type": "video",
            "codec": video.codec,
            "mime": f'video/mp4; codecs="{video.codec}"',
            "size": video.size,
            "began_at": rfc3339(video.began_at),
        }
    )
