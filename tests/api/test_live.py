import asyncio
import re
import threading
from dataclasses import replace
from typing import get_args

import cv2
import numpy as np
import pytest

from api.bell import Bell
from api.live import CameraCard, Live, PartKind, Picture
from tests.api.stage import NOON, WAIT_S, cards, frame, incident, passage, road_user, view
from vision.events import Event
from vision.rule import Rule
from vision.rules.banned_movement import BannedMovement
from vision.rules.intrusion import Intrusion
from vision.rules.movement import Movement
from vision.rules.red_light import RedLight
from vision.rules.stopped_vehicle import StoppedVehicle
from vision.rules.wrong_way import WrongWay
from vision.scene import Lane, Line, Scene, Zone
from vision.signals import Feed

CORNER = ((0.6, 0.6), (0.9, 0.6), (0.9, 0.9))


@pytest.fixture
def live() -> Live:
    return Live(cards())


@pytest.fixture
def encodings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Counts the pictures that are really encoded."""
    counted: list[int] = []
    encode = cv2.imencode

    def counting(*arguments: object) -> object:
        counted.append(1)
        return encode(*arguments)  # type: ignore[call-overload]

    monkeypatch.setattr("api.live.cv2.imencode", counting)
    return counted


def pixels(picture: Picture | None) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    assert picture is not None
    image = cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image.astype(np.uint8)


def show(live: Live, index: int, *events: Event) -> None:
    seen = frame(index, shade=40)
    live.show(seen, view(seen, road_user()), events)


def test_before_the_first_frame_there_is_no_picture(live: Live) -> None:
    assert live.picture("road", overlay=True) is None
    assert live.detect_fps("road") == 0


def test_the_newest_frame_wins_and_tells_when_it_was_taken(live: Live) -> None:
    for index in range(3):
        show(live, index)
    picture = live.picture("road", overlay=True)
    assert picture is not None
    assert picture.captured_at == frame(2).captured_at > NOON
    assert live.picture("gate", overlay=True) is None


def test_nothing_is_encoded_while_nobody_looks(live: Live, encodings: list[int]) -> None:
    for index in range(100):
        show(live, index)
    assert encodings == []


def test_a_frame_is_encoded_once_for_all_who_look(live: Live, encodings: list[int]) -> None:
    show(live, 0)
    pictures: list[Picture | None] = []
    threads = [threading.Thread(target=lambda: pictures.append(live.picture("road", overlay=True))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(encodings) == 1
    assert len({id(picture) for picture in pictures}) == 1
    live.picture("road", overlay=False)
    show(live, 1)
    live.picture("road", overlay=True)
    assert len(encodings) == 3


def test_the_overlay_is_drawn_on_a_copy(live: Live) -> None:
    seen = frame(0, shade=40)
    live.show(seen, view(seen, road_user()))
    drawn, plain = pixels(live.picture("road", overlay=True)), pixels(live.picture("road", overlay=False))
    assert (seen.image == 40).all()
    assert np.abs(plain.astype(int) - 40).max() < 5
    assert np.abs(drawn.astype(int) - 40).max() > 100


def test_showing_does_not_wait_for_an_encoder(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    show(live, 0)
    encoding, go_on = threading.Event(), threading.Event()
    encode = cv2.imencode

    def slow(*arguments: object) -> object:
        encoding.set()
        assert go_on.wait(WAIT_S)
        return encode(*arguments)  # type: ignore[call-overload]

    monkeypatch.setattr("api.live.cv2.imencode", slow)
    viewer = threading.Thread(target=live.picture, args=("road",), kwargs={"overlay": False})
    viewer.start()
    assert encoding.wait(WAIT_S)
    for index in range(1, 50):
        show(live, index)
    go_on.set()
    viewer.join()
    picture = live.picture("road", overlay=False)
    assert picture is not None
    assert picture.captured_at == frame(49).captured_at


@pytest.mark.parametrize(
    ("event", "spot"),
    [
        (passage(0), (60, 108)),  # the line, away from its arrows and its name
        (incident(0), (200, 150)),  # inside the zone that its rule names
    ],
)
def test_an_event_lights_up_where_it_happened_for_a_second(live: Live, event: Event, spot: tuple[int, int]) -> None:
    x, y = spot
    show(live, 0)
    dark = pixels(live.picture("road", overlay=True))[y, x].astype(int)
    show(live, 1, event)
    bright = pixels(live.picture("road", overlay=True))[y, x].astype(int)
    assert np.abs(bright - dark).max() > 40
    show(live, 6)
    fading = pixels(live.picture("road", overlay=True))[y, x].astype(int)
    assert np.abs(fading - dark).max() > 10
    show(live, 12)
    again = pixels(live.picture("road", overlay=True))[y, x].astype(int)
    assert np.abs(again - dark).max() < 10


def test_the_end_of_an_incident_does_not_light_up(live: Live) -> None:
    show(live, 0)
    before = live.picture("road", overlay=True)
    show(live, 1, incident(0, ended_s=2.0))
    after = live.picture("road", overlay=True)
    assert np.array_equal(pixels(before), pixels(after))


def test_a_rule_knows_its_parts() -> None:
    scene = Scene(
        "road",
        lines={name: Line(start=(0, 0.5), end=(1, 0.5)) for name in ("a", "b", "left")},
        zones={"a": Zone(polygon=CORNER, name="Sân")},
        lanes={"in": Lane(polygon=CORNER, heading=(0, 1))},
        signals={"a": Feed(name="Đèn")},
    )
    rules = (
        RedLight(id="red", line="a", signal="a", direction="left"),
        StoppedVehicle(id="lane", zone="in"),
        WrongWay(id="wrong", lane="in"),
        Movement(id="turns", lines=("a", "b")),
        BannedMovement(id="turn", from_line="b", to_line="a"),
        Intrusion(id="yard", zone="a"),
    )
    line_a, line_b, _, yard, lane, signal = CameraCard("road", "", scene).parts
    assert (line_a, yard, signal) == (("line", "a", ""), ("zone", "a", "Sân"), ("signal", "a", "Đèn"))
    assert CameraCard("road", "", scene, rules).parts_by_rule == {
        "red": (line_a, signal),
        "lane": (lane,),
        "wrong": (lane,),
        "turns": (line_a, line_b),
        "turn": (line_a, line_b),
        "yard": (yard,),
    }


def test_what_rules_watch_is_told_by_the_names_of_their_fields() -> None:
    """A field of another name would need a word in `api.live`; `crossings` are where nothing is told."""
    found = 0
    for rule in Rule.__subclasses__():
        for name, of in rule.model_fields.items():
            if name != "crossings" and re.match("Ids? of|.*the line where", of.description or "", re.IGNORECASE):
                assert name.removesuffix("s").rpartition("_")[2] in get_args(PartKind), f"{rule.__name__}.{name}"
                found += 1
    assert found >= 25


def test_the_rate_of_analysis_is_that_of_the_last_seconds(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("api.live.time.monotonic", lambda: now)
    for index in range(100):
        now = 100 + index / 10
        show(live, index)
    assert live.detect_fps("road") == pytest.approx(10, rel=0.03)
    now += 4
    assert live.detect_fps("road") == pytest.approx(2, abs=0.2)
    now += 60
    assert live.detect_fps("road") == 0


def test_a_camera_that_has_just_started_is_not_slow(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("api.live.time.monotonic", lambda: now)
    for index in range(11):
        now = 100 + index / 10
        show(live, index)
    assert live.detect_fps("road") == pytest.approx(11, abs=0.1)


def test_a_camera_of_two_hours_does_not_grow() -> None:
    live = Live([CameraCard("road", "road", Scene("road"))])
    seen = view(frame(0))
    for index in range(20_000):
        live.show(replace(frame(0), index=index, time_s=index / 10), seen, [passage(index)])
    place = live._places["road"]
    assert len(place.stamps) <= 1000
    assert len(place.recent) <= 32


def test_a_follower_ends_when_the_program_stops(live: Live) -> None:
    async def follow() -> list[Picture]:
        seen: list[Picture] = []
        async for picture in live.follow("road", overlay=False, fps=0.2):
            seen.append(picture)
            asyncio.get_running_loop().call_later(0.01, live.close)
        return seen

    show(live, 0)
    assert len(asyncio.run(asyncio.wait_for(follow(), WAIT_S))) == 1
    assert asyncio.run(asyncio.wait_for(follow(), WAIT_S)) == []


def test_a_bell_wakes_those_who_wait_and_not_those_who_have_gone() -> None:
    bell = Bell()

    async def wait_in_vain() -> int:
        return await bell.beyond(bell.count, 0.01)

    async def wait_for_a_thread() -> int:
        waiting = asyncio.create_task(bell.beyond(bell.count))
        gone = asyncio.create_task(bell.beyond(bell.count))
        await asyncio.sleep(0)
        gone.cancel()
        thread = threading.Thread(target=bell.ring)
        thread.start()
        count = await asyncio.wait_for(waiting, WAIT_S)
        thread.join()
        return count

    assert asyncio.run(wait_in_vain()) == 0
    assert asyncio.run(wait_for_a_thread()) == 1
    assert asyncio.run(bell.beyond(0)) == 1
    assert bell.listeners == 0


def test_a_bell_survives_a_loop_that_has_been_closed() -> None:
    bell = Bell()
    loop = asyncio.new_event_loop()
    task = loop.create_task(bell.beyond(0))
    loop.run_until_complete(asyncio.sleep(0))
    assert bell.listeners == 1
    task.cancel()
    future = next(iter(bell._waiting))
    loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
    bell._waiting.add(future)
    loop.close()
    bell.ring()
    assert bell.count == 1
