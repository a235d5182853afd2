"""Serve: all cameras of a site, with store, API and page, until somebody stops it."""

import logging
import signal
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo

from api.app import Server, create_app, listen
from api.archive import Archive, Limits
from api.clips import Clips
from api.delivery import Deliveries
from api.deps import SiteCard
from api.interruption import Interruption, interruptible
from api.left_open import end_left_open
from api.live import CameraCard, Live
from api.metrics import Metrics
from api.outbox import Outbox
from api.recording_index import RecordingIndex
from api.references import References
from api.routing import Routing
from api.settings import Settings
from api.sink import Sink
from api.sources import is_clip
from api.store import Store
from api.videos import Videos
from api.words import counted
from models.detectors.simulated import Simulated
from streams.supervisor import LocalSupervisor
from vision.engine import Analysed, Engine
from vision.site import Camera, Site

log = logging.getLogger(__name__)

STORED_S = 2.0
"""Seconds that the last events may take to be stored before what can be sent at once is sent."""


def serve(site: Site, settings: Settings, sinks: Sequence[Sink] = ()) -> bool:
    """Watches a site, and sends its events to sinks, until the process is asked to stop.

    Returns:
        Whether it was interrupted (Ctrl-C), not asked to stop.

    Raises:
        ApiError: The port is taken, or the database or the folder of recordings can't be used.
        EventsLost: At the end the database did not take what waited.
        ModelError: A detector can't be used.
        SiteError: A scene lacks what a rule needs.
        StreamError: A file among the sources is not there, or no video.
    """
    # The server catches signals itself, but only while it runs: not while detectors load, nor while all is closed.
    try:
        with interruptible():
            return _serve(site, settings, sinks)
    except Interruption as interruption:
        return interruption.by == signal.SIGINT


def _serve(site: Site, settings: Settings, sinks: Sequence[Sink]) -> bool:
    site = site.model_copy(update={"cameras": tuple(_at_its_own_speed(camera) for camera in site.cameras)})
    for camera in site.cameras:
        if is_clip(camera.source):
            camera.source.open(camera.id).close()  # a file that is none will not become one
    socket = listen(settings)
    routing = Routing(sinks, ZoneInfo(site.site.timezone))
    with (
        Outbox.open(settings.database_url) as outbox,
        Store.open(settings.database_url, settings.store_capacity, beside=routing.note) as store,
        RecordingIndex.open(settings.database_url) as index,
    ):
        if left_open := end_left_open(store):
            log.warning("the last server was killed, or could not write: %s ended now", counted(left_open, "incident"))
        metrics = Metrics(version("ngatu"))
        deliveries = Deliveries(sinks, outbox, metrics.delivered)
        store.on_written(lambda _: deliveries.wake(routing.noted()))
        for sink, backlog in deliveries.strangers().items():
            log.warning(
                "%d events wait, and %d were put aside, for the sink %r, which is not in the site file; name it there, "
                "or: ngatu sinks drop %s --waiting",
                *(backlog.waiting, backlog.dead, sink, sink),
            )
        cards: dict[str, CameraCard] = {}

        def analysed(one: Analysed) -> None:
            live.show(one.frame, one.view, one.events)
            metrics.inferred(one.frame.camera, one.infer_s)

        # A file plays as if it were now: by its own old time its events would be those of the last showing.
        supervisor = LocalSupervisor(settings.worker_memory_mb)
        references = References(site, settings.references_folder)
        engine = Engine(
            site,
            start=datetime.now(UTC),
            before=references.before(),
            supervisor=supervisor,
            on_analysed=analysed,
            on_events=store.add,
        )
        detectors = {name: status.detector for name, status in engine.status().items()}
        cards = {camera.id: _card(site, camera, detectors[camera.id]) for camera in site.cameras}
        live = Live(cards.values(), settings.jpeg_quality)
        records = {camera.id: camera.record for camera in site.cameras if camera.record}
        folder = Path(settings.recordings)
        videos = Videos(site.cameras, settings.live_viewers)
        limits = Limits.of(settings)
        archive = Archive(records, folder, index, limits, broadcasts=videos.broadcasts) if records else None
        app = create_app(
            site_card=SiteCard(site.site.id, site.site.name, site.site.timezone),
            engine=engine,
            live=live,
            store=store,
            metrics=metrics,
            clips=Clips(index, folder, records),
            settings=settings,
            archive=archive,
            videos=videos,
            deliveries=deliveries,
        )
        server = Server(app)
        host, port = socket.getsockname()[:2]
        with ExitStack() as running:
            running.callback(deliveries.stop)  # last of all, when all that happened was stored
            running.callback(store.flush, STORED_S)
            running.callback(references.stop)
            running.callback(engine.stop)
            deliveries.start()
            engine.start()
            references.start(engine.references)
            if archive:
                running.callback(archive.stop)
                archive.start()
            log.info("Ngã Tư watches %s; page and API: http://%s:%d", counted(len(cards), "camera"), host, port)
            server.run(sockets=[socket])
    return server.interrupted


def _at_its_own_speed(camera: Camera) -> Camera:
    """A file among cameras plays like a camera: as fast as possible it would take the machine from all others."""
    if is_clip(camera.source):
        return camera.model_copy(update={"source": camera.source.model_copy(update={"pace": "real"})})
    return camera


def _card(site: Site, camera: Camera, detector: str) -> CameraCard:
    return CameraCard(
        id=camera.id,
        name=camera.name or camera.id,
        scene=site.scene(camera),
        rules=camera.rules,
        detector=detector,
        simulated=isinstance(site.detector(camera), Simulated),
        recorded=camera.record is not None,
    )
