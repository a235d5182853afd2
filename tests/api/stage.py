"""A stage for tests of the API: a real server, a real database file, cameras whose health the test decides."""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from api.app import Server, create_app, listen
from api.clips import Clips
from api.delivery import Deliveries
from api.deps import SiteCard
from api.live import CameraCard, Live
from api.metrics import Metrics
from api.outbox import Outbox
from api.recording_index import RecordingIndex
from api.routing import Routing
from api.settings import Settings
from api.sink import Sink
from api.store import Store
from api.videos import Videos
from models.detections import Label
from models.lamps import Lamp
from streams.frame import Frame
from streams.health import Gap, StreamHealth, StreamState, WorkerHealth
from streams.record import Record
from streams.supervisor import CommonFault
from vision.engine import CameraStatus
from vision.events import Incident, LabelWord, Passage, event_id
from vision.rules import AnyRule
from vision.rules.intrusion import Intrusion
from vision.rules.line_crossing import LineCrossing
from vision.scene import Line, Placed, Scene, View, Zone
from vision.signal_feed import SignalFeed
from vision.signals import Feed, Phase, Signal
from vision.site import Camera

NOON = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
WAIT_S = 30.0
"""Long enough for the slowest machine: a test that waits this long has failed."""


def passage(
    number: int = 0,
    *,
    camera: str = "road",
    kind: str = "line_crossing",
    label: LabelWord = "car",
    line: str = "main",
) -> Passage:
    """A passage `number` seconds after noon; the same arguments make the same event."""
    at = NOON + timedelta(seconds=number)
    return Passage(
        id=event_id(at, camera, kind, number),
        kind=kind,
        rule="count-main",
        camera=camera,
        time_s=float(number),
        at=at,
        label=label,
        track=number,
        place=(0.5, 0.5),
        score=0.9,
        line=line,
        direction="left",
    )


def incident(number: int = 0, *, ended_s: float | None = None) -> Incident:
    """An intrusion that began `number` seconds after noon, and perhaps has ended."""
    at = NOON + timedelta(seconds=number)
    return Incident(
        id=event_id(at, "road", "fence", number),
        kind="intrusion",
        rule="fence",
        camera="road",
        time_s=float(number),
        at=at,
        label="person",
        track=1,
        place=(0.7, 0.7),
        score=0.8,
        status="began" if ended_s is None else "ended",
        began_s=number - 1.0,
        ended_s=ended_s,
        severity="critical",
        tracks=(1,),
    )


def frame(index: int = 0, *, camera: str = "road", shade: int | None = None) -> Frame:
    """A plain picture, ten a second; its shade tells it from the others."""
    image = np.full((180, 320, 3), index % 200 if shade is None else shade, np.uint8)
    return Frame(camera, index, index / 10, NOON + timedelta(seconds=index / 10), image)


def view(of: Frame, *placed: Placed) -> View:
    """What was found in a frame."""
    return View(
        of.camera,
        of.time_s,
        of.captured_at,
        of.size,
        placed,
        (),
        {"near": Signal((Phase("red", 0.0),))},
        "valid",
        placed,
    )


def road_user(track: int = 7, label: Label = Label.CAR) -> Placed:
    """A road user in the middle of the picture."""
    box = (100.0, 60.0, 180.0, 120.0)
    return Placed(track, label, 0.9, box, (140.0, 120.0), (0.44, 0.67), (0.0, 0.0), frozenset(), {})


def cards() -> list[CameraCard]:
    """Two cameras: `road` with a line, a zone, two signals and rules, `gate` with nothing."""
    scene = Scene(
        "road",
        lines={"main": Line(start=(0.1, 0.6), end=(0.9, 0.6), name="Vạch đếm")},
        zones={"yard": Zone(polygon=((0.6, 0.6), (0.95, 0.6), (0.95, 0.95), (0.6, 0.95)))},
        signals={"near": Lamp(box=(0.88, 0.26, 0.92, 0.36)), "far": Feed()},
    )
    rules: tuple[AnyRule, ...] = (
        LineCrossing(id="count-main", line="main"),
        Intrusion(id="fence", zone="yard"),
    )
    return [
        CameraCard("road", "Cầu vượt – hướng chợ", scene, rules, "street-n on CPU", simulated=True, recorded=True),
        CameraCard("gate", "Cổng", Scene("gate")),
    ]


@dataclass
class Cameras:
    """Stands where the engine stands: says how the cameras are."""

    states: dict[str, CameraStatus] = field(default_factory=dict)
    feeds: dict[str, SignalFeed] = field(
        default_factory=lambda: {"road": SignalFeed({"far": Feed()}), "gate": SignalFeed({})}
    )
    common: CommonFault | None = None

    def __post_init__(self) -> None:
        self.become("road", "live")
        self.become("gate", "connecting")

    def status(self) -> Mapping[str, CameraStatus]:
        """How the cameras are."""
        return dict(self.states)

    def common_fault(self) -> CommonFault | None:
        """What many of them have in common."""
        return self.common

    def signal_feed(self, camera: str) -> SignalFeed:
        """Where states of signals are told, as in the engine."""
        return self.feeds[camera]

    def become(
        self,
        camera: str,
        state: StreamState,
        reason: str = "",
        gaps: tuple[Gap, ...] = (),
        faults: Mapping[str, str] | None = None,
        worker: WorkerHealth = WorkerHealth(),  # noqa: B008 - it is frozen
    ) -> None:
        """Puts a camera into a state."""
        began = state != "connecting"
        stream = StreamHealth(
            camera=camera,
            state=state,
            since=datetime.now(UTC),
            reason=reason,
            received=120 if began else 0,
            dropped=20 if began else 0,
            fps=24.96 if began else 0,
            reconnects=1 if began else 0,
            retry_in_s=4.0 if state == "lost" else None,
            size=(320, 180) if began else None,
            captured_at=NOON if began else None,
            expected_frames=None,
            worker=worker,
            gaps=gaps,
        )
        self.states[camera] = CameraStatus(stream, "street-n on CPU", 100 if began else 0, 0, faults or {})


@dataclass
class Stage:
    """A server that runs, and its parts."""

    url: str
    port: int
    store: Store
    live: Live
    videos: Videos
    metrics: Metrics
    cameras: Cameras
    client: httpx.Client
    server: Server
    thread: threading.Thread
    index: RecordingIndex
    folder: Path
    deliveries: Deliveries

    def show(self, index: int, *events: Any) -> None:
        """Has the camera `road` see its next frame."""
        seen = frame(index)
        self.live.show(seen, view(seen, road_user()), events)

    def stop(self) -> None:
        """Stops the server and waits until it has."""
        self.server.should_exit = True
        self.thread.join(WAIT_S)
        assert not self.thread.is_alive(), "the server does not stop"


@contextmanager
def running(
    folder: Path,
    *,
    watched: Sequence[Camera] = (),
    sinks: Sequence[Sink] = (),
    dashboard: Path | None = None,
    **settings: Any,
) -> Iterator[Stage]:
    """A server on a free port; `watched` are the cameras that have a video of their own, `dashboard` the built page."""
    settings.setdefault("database", str(folder / "ngatu.db"))
    chosen = Settings(port=0, **settings)
    cameras, live, metrics = Cameras(), Live(cards()), Metrics("test")
    videos = Videos(watched, chosen.live_viewers)
    recordings = folder / "recordings"
    record = Record(url="rtsp://127.0.0.1/main", pre_roll_s=2, post_roll_s=3)
    routing = Routing(sinks, UTC)
    with (
        Outbox.open(chosen.database_url) as outbox,
        Store.open(chosen.database_url, chosen.store_capacity, routing.note) as store,
        RecordingIndex.open(chosen.database_url) as index,
    ):
        deliveries = Deliveries(sinks, outbox, metrics.delivered)
        store.on_written(lambda _: deliveries.wake(routing.noted()))
        app = create_app(
            site_card=SiteCard("soc-trang", "IOC Sóc Trăng", "Asia/Ho_Chi_Minh"),
            engine=cameras,
            live=live,
            store=store,
            metrics=metrics,
            clips=Clips(index, recordings, {"road": record}),
            settings=chosen,
            videos=videos,
            deliveries=deliveries,
            dashboard=dashboard or folder / "dist",
        )
        sock = listen(chosen)
        port = sock.getsockname()[1]
        server = Server(app)
        thread = threading.Thread(target=server.run, args=([sock],))
        thread.start()
        url = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=url, timeout=WAIT_S, trust_env=False) as client:
            parts = (store, live, videos, metrics, cameras, client, server, thread, index, recordings, deliveries)
            stage = Stage(url, port, *parts)
            deliveries.start()
            try:
                yield stage
            finally:
                deliveries.stop()
                stage.stop()


@dataclass
class Told:
    """One message of an event stream."""

    name: str
    id: str
    text: str

    @property
    def data(self) -> Any:
        """Its JSON."""
        return json.loads(self.text)


def messages(response: httpx.Response) -> Iterator[Told]:
    """Messages of an event stream, as a browser takes them apart: those without data only set the id."""
    name, number, data = "message", "", ""
    for line in response.iter_lines():
        if line == "":
            if data:
                yield Told(name, number, data)
            name, data = "message", ""
        elif not line.startswith(":"):
            key, _, value = line.partition(": ")
            if key == "event":
                name = value
            elif key == "id":
                number = value
            elif key == "data":
                data += value
