"""App: puts the parts of the API together, and the server that runs it."""

import asyncio
import importlib.metadata
import logging
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi

from api.archive import Archive
from api.clips import Clips
from api.delivery import Deliveries
from api.deps import Installation, SiteCard, camera_answers
from api.errors import ApiError
from api.etags import ETags
from api.feed import Feed
from api.guard import HeadAsGet, OwnHosts, SecurityHeaders
from api.live import Engine, Live
from api.metrics import Metrics
from api.problems import CRASH, FOREIGN_HOST, INVALID_REQUEST, Fault, Problem, documented, install
from api.routes import cameras, events, events_export, events_summary, health, signals, site, video
from api.routes import clips as clip_routes
from api.routes import deliveries as delivery_routes
from api.routes.page import page_router
from api.settings import Settings
from api.store import Store
from api.videos import VideoFigures, Videos

logger = logging.getLogger(__name__)

PREFIX = "/api/v1"
DASHBOARD = Path(__file__).parent / "dashboard" / "dist"
STATE_LOOK_S = 0.5
"""How often cameras are looked at for a change of state; a second from cause to operator is the goal."""
SHUTDOWN_S = 3
WS_MAX_SIZE = 4096
TAGS = [
    {"name": "site", "description": "Who this is, and its clock."},
    {"name": "cameras", "description": "How cameras are, and what they see."},
    {"name": "signals", "description": "What traffic signals show, seen or told."},
    {"name": "events", "description": "What happened: passages, violations, incidents, measurements."},
    {"name": "sinks", "description": "Where events are sent, and what did not arrive."},
    {"name": "operation", "description": "Health and figures of the installation."},
]


def create_app(
    *,
    site_card: SiteCard,
    engine: Engine,
    live: Live,
    store: Store,
    metrics: Metrics,
    clips: Clips,
    settings: Settings,
    archive: Archive | None = None,
    videos: Videos | None = None,
    deliveries: Deliveries | None = None,
    dashboard: Path = DASHBOARD,
) -> FastAPI:
    """The app over parts that run already; it starts and stops none of them.

    Args:
        site_card: The organisation.
        engine: What watches the cameras.
        live: Their newest pictures; knows which cameras there are.
        store: Where events are kept.
        metrics: Where the engine counts; asks the other parts from now on.
        clips: Cuts clips of events.
        settings: Where the program runs.
        archive: What records the cameras; None where nothing is recorded.
        videos: The cameras' own video; None where there is none.
        deliveries: What sends events to sinks; None where none are sent.
        dashboard: Folder of the built page.

    Raises:
        StoreError: The database can't be read.
    """
    version = importlib.metadata.version("ngatu")
    feed = Feed(store)
    videos = videos or Videos((), settings.live_viewers)
    metrics.watch(engine, live, store, feed, archive, deliveries)
    metrics.registry.register(VideoFigures(videos))
    here = Installation(
        site_card, engine, live, videos, store, feed, metrics, archive, clips, settings, version, deliveries
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        watching = asyncio.create_task(_announce_cameras(here))
        yield
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching

    app = FastAPI(
        title="Ngã Tư",
        summary="Events of a city's cameras.",
        description="Every error is `application/problem+json`. Times are UTC, RFC 3339.",
        version=version,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # they load scripts from elsewhere, which our pages must not do
        redoc_url=None,
        openapi_tags=TAGS,
        lifespan=lifespan,
    )
    app.state.installation = here
    api = APIRouter(responses=documented(FOREIGN_HOST, INVALID_REQUEST, CRASH))
    # The parts of events that have names come before that of any event.
    for part in (
        site,
        cameras,
        video,
        signals,
        events_summary,
        events_export,
        events,
        clip_routes,
        delivery_routes,
        health,
    ):
        api.include_router(part.router)
    app.include_router(api, prefix=PREFIX)
    # Where monitoring looks by habit.
    app.include_router(health.router, include_in_schema=False)
    app.include_router(page_router(dashboard))
    install(app)
    app.add_middleware(ETags)
    app.add_middleware(HeadAsGet)
    app.add_middleware(OwnHosts, allowed=settings.allowed_hosts)
    app.add_middleware(SecurityHeaders)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def listen(settings: Settings) -> socket.socket:
    """A socket on the configured address, for `serve()`.

    Raises:
        ApiError: The port is taken, or the address is none of this machine.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        sock = socket.create_server((settings.host, settings.port), family=family, backlog=128)
    except OSError as error:
        cause = str(error.strerror or error).partition(" (while")[0]
        raise ApiError(
            f"can't listen on {settings.host} port {settings.port}: {cause}; "
            "choose another with NGATU_PORT or NGATU_HOST"
        ) from error
    # Its connections inherit it. asyncio does not see that they are of TCP; and the body of a small answer would wait
    # until the viewer's system acknowledges the head, which it puts off for 40 ms.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


class Server(uvicorn.Server):
    """A server that stops at once although viewers have endless streams open."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="on",
                # Viewers only listen; and what a camera has coded gets no smaller by another compression.
                ws_max_size=WS_MAX_SIZE,
                ws_per_message_deflate=False,
                # For a viewer that takes no bytes: its stream can't be ended by words.
                timeout_graceful_shutdown=SHUTDOWN_S,
            )
        )
        self._installation: Installation = app.state.installation
        self._closing_since: dict[Any, float] = {}
        self.interrupted = False

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Lets SIGINT and SIGTERM stop the server, and nothing but the server.

        uvicorn raises the signal again when it has stopped; SIGTERM would then end the process before the
        store is closed. `interrupted` says whether it was SIGINT.
        """
        with super().capture_signals():
            try:
                yield
            finally:
                self.interrupted = signal.SIGINT in self._captured_signals
                self._captured_signals.clear()

    async def on_tick(self, counter: int) -> bool:
        """Called by uvicorn ten times a second; says whether to stop."""
        if counter % 10 == 0:
            self._abort_stuck()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Ends the streams, then the server."""
        self._installation.live.close()
        self._installation.videos.close()
        self._installation.feed.close()
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            connection.transport.abort()

    def _abort_stuck(self) -> None:
        """Ends connections that are closed on our side, but whose viewer does not take the last bytes.

        Closing waits for them for ever, and every such viewer would keep a socket and its buffer.
        """
        now, limit_s = time.monotonic(), self._installation.settings.send_timeout_s
        closing = {connection for connection in self.server_state.connections if connection.transport.is_closing()}
        self._closing_since = {one: self._closing_since.get(one, now) for one in closing}
        for connection, since in self._closing_since.items():
            if now - since > limit_s:
                connection.transport.abort()


async def _announce_cameras(here: Installation) -> None:
    """Keeps the feed up to date about cameras, and tells followers of each whose state has changed."""
    told: dict[str, tuple[object, ...]] = {}
    while True:
        try:
            for camera in camera_answers(here):
                worker = camera.worker.state, camera.worker.restarts
                state = camera.state, camera.reason, camera.since, camera.size, len(camera.gaps), worker
                news = told.get(camera.id) != state
                told[camera.id] = state
                here.feed.announce(camera.id, camera.model_dump_json(by_alias=True), news=news)
        except Exception:
            logger.exception("the state of the cameras can't be told")
        await asyncio.sleep(STATE_LOOK_S)


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            description=app.description,
            tags=app.openapi_tags,
            routes=app.routes,
        )
        # Problems are written by our handlers, so FastAPI does not find their shape by itself.
        schemas = schema["components"]["schemas"]
        schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas["Problem"].pop("$defs", None)
        schemas["Fault"] = Fault.model_json_schema()
        app.openapi_schema = schema
    return app.openapi_schema
