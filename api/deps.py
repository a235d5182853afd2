"""Deps: what routes need, and how they get it. Authorization will be one more dependency here."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Request

from api.answers import CameraAnswer
from api.archive import Archive
from api.clips import Clips
from api.errors import ProblemError
from api.feed import Feed
from api.live import CameraCard, Engine, Live
from api.metrics import Metrics
from api.problems import UNKNOWN_CAMERA
from api.settings import Settings
from api.store import Store


@dataclass(frozen=True)
class SiteCard:
    """The organisation: its id, its name for people, and the IANA name of its time zone."""

    id: str
    name: str
    timezone: str


@dataclass(frozen=True)
class Installation:
    """All parts of a running program that routes work with; no archive where nothing is recorded."""

    site: SiteCard
    engine: Engine
    live: Live
    store: Store
    feed: Feed
    metrics: Metrics
    archive: Archive | None
    clips: Clips
    settings: Settings
    version: str


def installation(request: Request) -> Installation:
    """The installation that a request has come to."""
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


KnownCamera = Annotated[CameraCard, Depends(known_camera)]


def camera_answers(here: Installation) -> list[CameraAnswer]:
    """All cameras as they are now, in the order of the site file."""
    status = here.engine.status()
    return [CameraAnswer.of(card, status[name], here.live.detect_fps(name)) for name, card in here.live.cards.items()]
