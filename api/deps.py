"""Deps: what routes need, and how they get it. Authorization will be one more dependency here."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Path
from starlette.requests import HTTPConnection

from api.answers import CameraAnswer
from api.archive import Archive
from api.clips import Clips
from api.delivery import Deliveries
from api.errors import ProblemError
from api.feed import Feed
from api.live import CameraCard, Engine, Live
from api.metrics import Metrics
from api.problems import FOREIGN_ORIGIN, UNKNOWN_CAMERA
from api.settings import Settings
from api.store import Store
from api.videos import Videos


@dataclass(frozen=True)
class SiteCard:
    """The organisation: its id, its name for people, and the IANA name of its time zone."""

    id: str
    name: str
    timezone: str


@dataclass(frozen=True)
class Installation:
    """All parts of a running program that routes work with.

    There is no archive where nothing is recorded, and there are no deliveries where nothing is sent.
    """

    site: SiteCard
    engine: Engine
    live: Live
    videos: Videos
    store: Store
    feed: Feed
    metrics: Metrics
    archive: Archive | None
    clips: Clips
    settings: Settings
    version: str
    deliveries: Deliveries | None


def installation(request: HTTPConnection) -> Installation:
    """The installation that a request, or a WebSocket, has come to."""
    here: Installation = request.app.state.installation
    return here


Here = Annotated[Installation, Depends(installation)]


def known_camera(
    camera_id: Annotated[str, Path(description="Id of the camera in the site file.", examples=["cau-vuot-1"])],
    here: Here,
) -> CameraCard:
    """The camera that a path names.

    Raises:
        ProblemError: There is none of that id; the answer lists those there are.
    """
    card = here.live.cards.get(camera_id)
    if card is None:
        known = ", ".join(here.live.cards)
        raise ProblemError(404, "unknown-camera", UNKNOWN_CAMERA.title, f"no camera {camera_id!r}; there are: {known}")
    return card


def own_origin(request: HTTPConnection) -> None:
    """Lets in programs, and pages of this server: browsers let every page open a WebSocket to wherever it likes.

    Raises:
        ProblemError: It is a page of another server.
    """
    origin, host = request.headers.get("origin"), request.headers.get("host", "")
    if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
        raise ProblemError(403, "foreign-origin", FOREIGN_ORIGIN.title, f"origin {origin!r} is not that of {host!r}")


OwnOrigin = Depends(own_origin)
KnownCamera = Annotated[CameraCard, Depends(known_camera)]


def camera_answers(here: Installation) -> list[CameraAnswer]:
    """All cameras as they are now, in the order of the site file."""
    status = here.engine.status()
    return [CameraAnswer.of(card, status[name], here.live.detect_fps(name)) for name, card in here.live.cards.items()]
