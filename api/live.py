"""Live: the newest picture of every camera, for previews and snapshots.

    inference thread ── show() ──▶ newest shot ── bell ──▶ follow(): one coroutine a viewer
                                        │                      │ encodes in a worker thread,
                                        └──── picture() ◀──────┘ once for all viewers of a frame

`show()` keeps references and rings a bell: about a microsecond. Pixels are touched when somebody looks only.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Literal, NamedTuple, Protocol

import cv2
from anyio import CapacityLimiter, to_thread

from api.bell import Bell
from api.overlay import Flash, draw
from api.pen import CRITICAL, INFO, WARNING, Colour, Image
from streams.frame import Frame
from streams.supervisor import CommonFault
from vision.engine import CameraStatus
from vision.events import Event, Incident, Measurement, Passage
from vision.rule import Rule
from vision.scene import Line, Scene, View, Zone
from vision.signal_feed import SignalFeed
from vision.signals import AnySignal

FLASH_S = 1.0
"""How long an event lights up, in seconds of the stream."""
RATE_WINDOW_S = 5.0
STAMPS = 1000
ENCODERS = 2
"""Threads that encode: enough for a wall of cameras, and inference keeps its cores."""
SEVERITY_COLOURS: Mapping[str, Colour] = {"info": INFO, "warning": WARNING, "critical": CRITICAL}
PartKind = Literal["line", "zone", "lane", "signal"]


class Engine(Protocol):
    """What watches all cameras (`vision.engine.Engine`; another home of it may follow)."""

    def status(self) -> Mapping[str, CameraStatus]:
        """How each camera is doing, by its id. Quick, from any thread."""
        ...

    def common_fault(self) -> CommonFault | None:
        """The fault that many cameras have at the moment, if there is one."""
        ...

    def signal_feed(self, camera: str) -> SignalFeed:
        """Where the states of those signals of a camera are told that it does not see."""
        ...


class Part(NamedTuple):
    """A part of a scene: what it is, its id, and its name for people, which may be empty."""

    kind: PartKind
    id: str
    name: str


@dataclass(frozen=True)
class CameraCard:
    """What stays the same about a camera while the program runs.

    Attributes:
        id: Its id in the site file.
        name: Its name for people.
        scene: Its lines, zones and lanes.
        rules: What is looked for.
        detector: What really finds its road users: model, input, execution provider.
        simulated: Whether a simulator says where the road users are. People are told.
        recorded: Whether its main stream is recorded.
    """

    id: str
    name: str
    scene: Scene
    rules: tuple[Rule, ...] = ()
    detector: str = ""
    simulated: bool = False
    recorded: bool = False

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """All that its scene has."""
        scene = self.scene
        drawn: dict[PartKind, Mapping[str, Line | Zone | AnySignal]] = {
            "line": scene.lines, "zone": scene.zones, "lane": scene.lanes, "signal": scene.signals,
        }  # fmt: skip
        return tuple(Part(kind, name, one.name) for kind, those in drawn.items() for name, one in those.items())

    @cached_property
    def parts_by_rule(self) -> Mapping[str, tuple[Part, ...]]:
        """The parts that each rule watches, by its id."""
        return {rule.id: tuple(part for part in self.parts if _watches(rule, part)) for rule in self.rules}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture ready to be sent.

    Attributes:
        jpeg: The encoded picture.
        captured_at: When the camera took it, UTC.
        index: Number of the frame in its stream.
    """

    jpeg: bytes
    captured_at: datetime
    index: int


@dataclass(frozen=True, slots=True)
class _Shot:
    frame: Frame
    view: View
    recent: tuple[tuple[float, Event], ...]


@dataclass(slots=True)
class _Place:
    """All that is kept for one camera."""

    card: CameraCard
    bell: Bell = field(default_factory=Bell)
    shot: _Shot | None = None
    stamps: deque[float] = field(default_factory=lambda: deque(maxlen=STAMPS))
    recent: deque[tuple[float, Event]] = field(default_factory=lambda: deque(maxlen=32))
    encoding: threading.Lock = field(default_factory=threading.Lock)
    encoded: dict[bool, tuple[_Shot, Picture]] = field(default_factory=dict)


class Live:
    """The newest picture of every camera. Safe to be used from every thread."""

    def __init__(self, cameras: Iterable[CameraCard], jpeg_quality: int = 80) -> None:
        self._places = {card.id: _Place(card) for card in cameras}
        self._quality = jpeg_quality
        self._closing = Bell()
        self._limiter: CapacityLimiter | None = None

    @property
    def cards(self) -> Mapping[str, CameraCard]:
        """The cameras by id."""
        return {name: place.card for name, place in self._places.items()}

    def show(self, frame: Frame, view: View, events: Sequence[Event] = ()) -> None:
        """Takes an analysed frame; called in the inference thread of its camera, never blocks it.

        Args:
            frame: The frame; its pixels must not change any more.
            view: What was found in it.
            events: What became certain with it.
        """
        place = self._places[frame.camera]
        recent = place.recent
        recent.extend((frame.time_s, event) for event in events)
        while recent and frame.time_s - recent[0][0] >= FLASH_S:
            recent.popleft()
        place.shot = _Shot(frame, view, tuple(recent))
        place.stamps.append(time.monotonic())
        place.bell.ring()

    def seen(self, camera: str) -> View | None:
        """What was found in the newest picture; None: there has been none yet."""
        shot = self._places[camera].shot
        return shot.view if shot else None

    def detect_fps(self, camera: str) -> float:
        """Frames of a camera that are analysed a second, over the last seconds."""
        place = self._places[camera]
        now = time.monotonic()
        lately = [stamp for stamp in list(place.stamps) if now - stamp < RATE_WINDOW_S]
        # A camera that has just started must not look slow: the window begins with its first frame.
        just_started = len(lately) == len(place.stamps) < STAMPS
        span = max(now - lately[0], 0.2) if lately and just_started else RATE_WINDOW_S
        return len(lately) / span

    def viewers(self, camera: str) -> int:
        """Viewers that wait for the next picture of a camera."""
        return self._places[camera].bell.listeners

    def picture(self, camera: str, *, overlay: bool) -> Picture | None:
        """The newest picture, encoded at most once however many ask. None: there has been none yet."""
        place = self._places[camera]
        with place.encoding:
            shot = place.shot
            if shot is None:
                return None
            known = place.encoded.get(overlay)
            if known is not None and known[0] is shot:
                return known[1]
            image = self._drawn(place.card, shot) if overlay else shot.frame.image
            encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, self._quality])[1]
            picture = Picture(encoded.tobytes(), shot.frame.captured_at, shot.frame.index)
            place.encoded[overlay] = shot, picture
            return picture

    async def newest(self, camera: str, *, overlay: bool) -> Picture | None:
        """`picture()` for coroutines: encodes in a worker thread."""
        if self._limiter is None:
            self._limiter = CapacityLimiter(ENCODERS)
        return await to_thread.run_sync(lambda: self.picture(camera, overlay=overlay), limiter=self._limiter)

    async def follow(self, camera: str, *, overlay: bool, fps: float) -> AsyncIterator[Picture]:
        """Pictures of a camera as they come, the newest one first and at most `fps` a second.

        A viewer that is slow to take them gets fewer; nobody waits for it.
        """
        place = self._places[camera]
        rung, last = 0, None
        while not self._closing.count:
            rung = await place.bell.beyond(rung)
            taken = asyncio.get_running_loop().time()
            picture = await self.newest(camera, overlay=overlay)
            if self._closing.count:
                return
            if picture is None or picture is last:
                continue
            last = picture
            yield picture
            await self._closing.beyond(0, taken + 1 / fps - asyncio.get_running_loop().time())

    def close(self) -> None:
        """Ends all that `follow()`; the server is about to stop."""
        self._closing.ring()
        for place in self._places.values():
            place.bell.ring()

    def _drawn(self, card: CameraCard, shot: _Shot) -> Image:
        now = shot.frame.time_s
        flashes = [_flash(card, event, 1 - (now - seen) / FLASH_S) for seen, event in shot.recent]
        return draw(
            shot.frame.image,
            card.scene,
            shot.view,
            [flash for flash in flashes if flash],
            simulated=card.simulated,
        )


def _watches(rule: Rule, part: Part) -> bool:
    """Whether a rule watches a part. Fields are called after it: `line`, `from_line`, `lines`, `zone` and so on."""
    for field_name in type(rule).model_fields:
        kind = field_name.removesuffix("s").rpartition("_")[2]
        # Where a zone is asked for, a lane will do.
        if kind == part.kind or (kind, part.kind) == ("zone", "lane"):
            value = getattr(rule, field_name)
            if part.id in (value if isinstance(value, tuple) else (value,)):
                return True
    return False


def _flash(card: CameraCard, event: Event, strength: float) -> Flash | None:
    if isinstance(event, Passage):
        named = {event.line, event.from_line, event.to_line} - {None}
        return Flash(frozenset(name for name in named if name), event.place, INFO, strength)
    if isinstance(event, Measurement) or (isinstance(event, Incident) and event.status == "ended"):
        return None
    colour = SEVERITY_COLOURS[event.severity] if isinstance(event, Incident) else WARNING
    parts = card.parts_by_rule.get(event.rule, ())
    # A signal shows its own state.
    return Flash(frozenset(part.id for part in parts if part.kind != "signal"), event.place, colour, strength)
