import threading
from dataclasses import replace
from typing import Any
from unicodedata import normalize

import cv2
import numpy as np
import pytest

from api.overlay import LABEL_COLOURS, LABEL_WORDS, SIGNALS, Flash, draw
from api.pen import CRITICAL, INFO, Pen, tag
from models.detections import Label
from models.lamps import Lamp
from models.observation import SignalState
from tests.api.stage import frame, road_user, view
from vision.scene import Line, Placed, Scene, SidesNamed, Zone
from vision.signals import Feed, Phase, Signal

SCENE = Scene(
    "road",
    lines={"main": Line(start=(0.1, 0.5), end=(0.9, 0.5), names=SidesNamed(left="đi ra", right="hướng chợ"))},
    zones={"vỉa hè": Zone(polygon=((0.6, 0.6), (0.95, 0.6), (0.95, 0.95), (0.6, 0.95)))},
)


def drawn(*placed: Placed, scene: Scene = SCENE, shade: int = 90, **more: Any) -> Any:
    seen = frame(0, shade=shade)
    return draw(seen.image, scene, view(seen, *placed), **more)


def test_the_picture_itself_stays_as_it_is() -> None:
    seen = frame(0, shade=90)
    result = draw(seen.image, SCENE, view(seen, road_user()))
    assert (seen.image == 90).all()
    assert result.shape == seen.image.shape
    assert not np.array_equal(result, seen.image)


@pytest.mark.parametrize("label", list(Label))
def test_a_road_user_has_the_colour_of_its_label_on_any_background(label: Label) -> None:
    for shade in (0, 128, 255):
        picture = drawn(road_user(label=label), scene=Scene("road"), shade=shade)
        assert tuple(picture[90, 100]) == LABEL_COLOURS[label], "the left edge of its box"
        edge = picture[90, 96:105].astype(int).sum(axis=1)
        assert edge.min() == 0, "a black rim sets it off"


def test_labels_differ_in_brightness_as_well_as_in_hue() -> None:
    assert set(LABEL_COLOURS) == set(LABEL_WORDS) == set(Label)
    assert len({tuple(colour) for colour in LABEL_COLOURS.values()}) == len(Label)
    # Black words stand on all of them: contrast of at least 4.5 as WCAG 2 counts it.
    for blue, green, red in LABEL_COLOURS.values():
        linear = [
            (value / 255 / 12.92 if value / 255 <= 0.04045 else ((value / 255 + 0.055) / 1.055) ** 2.4)
            for value in (red, green, blue)
        ]
        luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        assert (luminance + 0.05) / 0.05 >= 4.5


def test_a_flash_lights_its_part_and_its_place() -> None:
    before = drawn()
    after = drawn(flashes=[Flash(frozenset({"vỉa hè"}), (0.3, 0.3), CRITICAL, 0.9)])
    zone = after[150, 250].astype(int) - before[150, 250]
    assert zone[2] > 20 > zone[0], "the zone turns red"
    ring = np.abs(after[40:70, 80:115].astype(int) - before[40:70, 80:115])
    assert ring.max() > 100
    assert np.array_equal(after[100:170, 10:100], before[100:170, 10:100]), "and nothing else does"


def test_a_flash_fades() -> None:
    def zone(strength: float) -> float:
        return float(drawn(flashes=[Flash(frozenset({"vỉa hè"}), None, CRITICAL, strength)])[150, 250][2])

    assert zone(1.0) > zone(0.5) > zone(0.1) > zone(0.0) - 1


def test_a_flash_of_a_part_that_is_gone_harms_nothing() -> None:
    assert np.array_equal(drawn(flashes=[Flash(frozenset({"gone"}), None, INFO, 1.0)]), drawn())


def test_lines_and_zones_carry_their_names_for_people() -> None:
    line, zone = SCENE.lines["main"], SCENE.zones["vỉa hè"]
    named = Scene(
        "road",
        lines={"l1": line.model_copy(update={"name": "Vạch dừng"})},
        zones={"z1": zone.model_copy(update={"name": "Bãi đỗ"})},
    )
    # Without a name the id stands there.
    by_id = Scene("road", lines={"Vạch dừng": line}, zones={"Bãi đỗ": zone})
    assert np.array_equal(drawn(scene=named), drawn(scene=by_id))
    assert not np.array_equal(drawn(scene=named), drawn())


def test_common_directions_are_shown_in_vietnamese() -> None:
    def pictured(left: str, right: str) -> Any:
        line = SCENE.lines["main"].model_copy(update={"names": SidesNamed(left=left, right=right)})
        return drawn(scene=Scene("road", lines={"main": line}))

    assert np.array_equal(pictured("away", "towards"), pictured("đi ra xa", "đi lại gần"))
    assert not np.array_equal(pictured("away", "towards"), pictured("away", "chợ"))


def test_every_vietnamese_letter_is_drawn_as_itself() -> None:
    marks = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
    letters = {normalize("NFC", vowel + mark) for vowel in "aăâeêioôơuưy" for mark in marks} | {"đ"}
    letters |= {letter.upper() for letter in letters}
    assert len(letters) == 2 * (12 * 6 + 1)

    def shape(letter: str) -> bytes:
        canvas = np.full((120, 300, 3), 255, np.uint8)
        tag(canvas, Pen(1, 60), f"x{letter}x", (20, 110), (255, 255, 255))
        return canvas.tobytes()

    # What the font lacks would be one and the same box; and it has two letters that look like others.
    assert len({shape(letter) for letter in letters}) == len(letters)
    assert shape("\U000f0000") not in {shape(letter) for letter in letters}
    assert shape("ờ") == shape("ơ\u0300")
    for letter in letters:
        assert shape(normalize("NFD", letter)) == shape(letter), "however it is encoded"


def test_a_simulated_picture_says_so() -> None:
    plain, simulated = drawn(), drawn(simulated=True)
    changed = np.argwhere((plain != simulated).any(axis=2))
    assert len(changed) > 100
    assert changed[:, 0].min() > 150, "at the bottom"
    assert changed[:, 1].max() < 120, "on the left"


def test_a_signal_shows_its_state_by_colour_and_by_word() -> None:
    seen = frame(0, shade=90)
    pictures = {}
    for state in SIGNALS:
        scene_view = view(seen)
        object.__setattr__(scene_view, "signals", {"near": Signal((Phase(state, 0.0),))})
        pictures[state] = draw(seen.image, Scene("road"), scene_view)
    changed = [picture[:40, 160:] for picture in pictures.values()]
    for index, one in enumerate(changed):
        assert all(not np.array_equal(one, other) for other in changed[index + 1 :])
    assert tuple(SIGNALS["red"][0]) in {tuple(pixel) for pixel in pictures["red"][:40].reshape(-1, 3)}


@pytest.mark.parametrize("state", list(SIGNALS))
@pytest.mark.parametrize("box", [(0.4, 0.4, 0.45, 0.6), (0.4, 0.0, 0.45, 0.2), (0.95, 0.8, 1.0, 1.0)])
def test_a_lamp_is_framed_in_the_colour_of_its_state_and_stays_in_sight(
    state: SignalState, box: tuple[float, float, float, float]
) -> None:
    seen = frame(0, shade=90)
    scene = Scene("road", signals={"near": Lamp(box=box), "far": Feed()})
    shown = replace(view(seen), signals={"near": Signal((Phase(state, 0.0),)), "far": Signal((Phase("off", 0.0),))})
    picture = draw(seen.image, scene, shown)
    x1, y1, x2, y2 = (round(share * side) for share, side in zip(box, (319, 179) * 2, strict=True))
    assert (picture[y1 : y2 + 1, x1 : x2 + 1] == 90).all(), "what is read stays as it is"
    beside = picture[y1 : y2 + 1, x1 - 8 : x1].reshape(-1, 3).astype(int)
    assert (np.abs(beside - SIGNALS[state][0]).max(axis=1) < 40).sum() >= y2 - y1, "the frame"
    plate = np.argwhere((picture == SIGNALS[state][0]).all(axis=2))
    assert len(plate) > 300, "and the words beside it"
    assert tuple(SIGNALS["off"][0]) in {tuple(pixel) for pixel in picture[:40, 200:].reshape(-1, 3)}, "in the corner"


@pytest.mark.parametrize("signal", [Lamp(box=(0.4, 0.4, 0.45, 0.6)), Feed()])
def test_a_signal_is_called_by_its_name(signal: Lamp | Feed) -> None:
    def called(words: str) -> Any:
        named = signal.model_copy(update={"name": words})
        return draw(frame(0, shade=90).image, Scene("road", signals={"near": named}), view(frame(0, shade=90)))

    assert np.array_equal(called(""), called("near"))
    assert not np.array_equal(called(""), called("Đèn hướng chợ"))


@pytest.mark.parametrize("size", [(2, 2), (1, 500), (90, 160), (2160, 3840)])
def test_any_size_of_picture_can_be_drawn_on(size: tuple[int, int]) -> None:
    image = np.zeros((*size, 3), np.uint8)
    outside = Placed(1, Label.BUS, 0.9, (-50.0, -50.0, 9000.0, 9000.0), (0.0, 9000.0), (0, 1), (0, 0), frozenset(), {})
    flash = Flash(frozenset(SCENE.lines) | frozenset(SCENE.zones), (1.0, 1.0), INFO, 1.0)
    result = draw(image, SCENE, view(frame(0), road_user(), outside), [flash], simulated=True)
    assert result.shape == image.shape


def test_two_threads_never_write_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenCV's font is not safe for threads: of 100,000 words written at once some had foreign letters."""
    write = cv2.putText
    writing = threading.Semaphore(1)
    met: list[str] = []
    second = threading.Event()

    def watched(*arguments: Any) -> Any:
        if not writing.acquire(blocking=False):
            met.append("two threads write at once")
            second.set()
            return write(*arguments)
        # Gives another thread the time to come in, if it can.
        second.wait(0.002)
        result = write(*arguments)
        writing.release()
        return result

    monkeypatch.setattr("api.pen.cv2.putText", watched)
    threads = [threading.Thread(target=drawn, args=(road_user(), road_user())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert met == []
