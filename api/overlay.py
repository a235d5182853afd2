"""Overlay: draws what the machine sees onto a copy of the picture."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detections import Label
from models.observation import SignalState
from vision.scene import Line, Placed, Scene, View, Zone
from vision.signals import Signal

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]
Pixel = tuple[int, int]

BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)
INFO: Colour = (247, 175, 58)
WARNING: Colour = (0, 176, 255)
CRITICAL: Colour = (66, 66, 244)

# Okabe & Ito's set, which colour-blind people tell apart; BGR. The page uses the same.
LABEL_COLOURS: Mapping[Label, Colour] = {
    Label.PERSON: (167, 121, 204),
    Label.BICYCLE: (115, 158, 0),
    Label.MOTORCYCLE: (0, 159, 230),
    Label.CAR: (233, 180, 86),
    Label.BUS: (66, 228, 240),
    Label.TRUCK: (60, 110, 226),
}
LABEL_WORDS: Mapping[Label, str] = {
    Label.PERSON: "người",
    Label.BICYCLE: "xe đạp",
    Label.MOTORCYCLE: "xe máy",
    Label.CAR: "ô tô",
    Label.BUS: "xe buýt",
    Label.TRUCK: "xe tải",
}
SIGNALS: Mapping[SignalState, tuple[Colour, str]] = {
    "red": ((60, 60, 235), "đỏ"),
    "yellow": ((0, 210, 255), "vàng"),
    "green": ((80, 200, 60), "xanh"),
    "off": ((110, 110, 110), "tắt"),
    "unknown": ((170, 170, 170), "không rõ"),
}
SIMULATED = "MÔ PHỎNG"

# OpenCV's font keeps its glyphs in one place for all threads and does not guard it: two threads that write at
# once get each other's letters. A tag takes about 20 µs, so waiting costs nothing.
_LETTERS = threading.Lock()


@dataclass(frozen=True, slots=True)
class Flash:
    """An event that happened just now and lights up where it happened.

    Attributes:
        parts: Ids of the lines, zones and lanes that light up.
        place: Where the event took place, 0..1 of the picture, if anywhere.
        colour: BGR: what it means.
        strength: 1 when it has just happened, 0 when it is over.
    """

    parts: frozenset[str]
    place: tuple[float, float] | None
    colour: Colour
    strength: float


@dataclass(frozen=True, slots=True)
class Pen:
    """Sizes that keep a drawing legible whatever the size of the picture.

    Attributes:
        width: Of a line, px. A black rim of 1 px and more stands around it, so it shows on any background.
        text: Height of the font, px.
    """

    width: int
    text: int

    @classmethod
    def of(cls, image: Image) -> "Pen":
        """The pen for a picture."""
        height = image.shape[0]
        return cls(width=max(1, round(height / 400)), text=max(12, round(height / 44)))


def draw(image: Image, scene: Scene, view: View, flashes: Sequence[Flash] = (), *, simulated: bool = False) -> Image:
    """The picture with zones, lines, tracks, signals and events drawn on it.

    Args:
        image: (H, W, 3) uint8 BGR; stays as it is.
        scene: Lines, zones and lanes of the camera.
        view: Road users and signals of this picture.
        flashes: Events that happened just now.
        simulated: Whether a simulator and no detector says where the road users are; the picture says so.

    Returns:
        A new picture of the same size.
    """
    canvas = image.copy()
    pen = Pen.of(canvas)
    lit = {part: flash for flash in flashes for part in flash.parts}
    for name, zone in {**scene.zones, **scene.lanes}.items():
        _zone(canvas, pen, name, zone, lit.get(name))
    for name, line in scene.lines.items():
        _line(canvas, pen, name, line, lit.get(name))
    # The nearest are drawn last: they cover what is behind them, in the street as well.
    for row in sorted(view.placed, key=lambda placed: placed.foot[1]):
        _track(canvas, pen, row)
    for flash in flashes:
        if flash.place is not None:
            _ring(canvas, pen, _pixel(canvas, flash.place), flash)
    _signals(canvas, pen, view.signals)
    if simulated:
        _tag(canvas, pen, SIMULATED, (pen.text // 2, canvas.shape[0] - pen.text // 2), WARNING)
    return canvas


def _track(canvas: Image, pen: Pen, row: Placed) -> None:
    x1, y1, x2, y2 = (round(value) for value in row.box)
    colour = LABEL_COLOURS[row.label]
    cv2.rectangle(canvas, (x1, y1), (x2, y2), BLACK, pen.width + 2)
    cv2.rectangle(canvas, (x1, y1), (x2, y2), colour, pen.width)
    cv2.circle(canvas, (round(row.foot[0]), round(row.foot[1])), pen.width + 2, BLACK, cv2.FILLED)
    cv2.circle(canvas, (round(row.foot[0]), round(row.foot[1])), pen.width + 1, colour, cv2.FILLED)
    # A far road user gets its number alone, or the words would hide what is around it.
    words = f"{LABEL_WORDS[row.label]} {row.id}" if y2 - y1 >= 4 * pen.text else str(row.id)
    _tag(canvas, pen, words, (x1, y1 - pen.width), colour)


def _line(canvas: Image, pen: Pen, name: str, line: Line, flash: Flash | None) -> None:
    start, end = _pixel(canvas, line.start), _pixel(canvas, line.end)
    colour = flash.colour if flash else WHITE
    width = pen.width + (round(4 * pen.width * flash.strength) if flash else 0)
    _stroke(canvas, [start, end], width, colour)
    along = np.subtract(end, start)
    length = float(np.hypot(*along)) or 1.0
    # Standing on start and looking to end, y down: left of (dx, dy) is (dy, -dx).
    left = np.array([along[1], -along[0]]) / length
    reach = min(3.0 * pen.text, length / 3)
    middle = np.add(start, end) / 2
    for side, share, title in ((left, 0.12, line.names.left), (-left, -0.12, line.names.right)):
        root = middle + along * share
        tip = root + side * reach
        _arrow(canvas, pen, root, tip, colour)
        if title not in ("left", "right"):
            _tag(canvas, pen, title, _point(tip + side * pen.text + (-pen.text, pen.text / 2)), WHITE)
    _tag(canvas, pen, name, (start[0], start[1] - 2 * pen.width), colour)


def _zone(canvas: Image, pen: Pen, name: str, zone: Zone, flash: Flash | None) -> None:
    corners = [_pixel(canvas, corner) for corner in zone.polygon]
    colour = flash.colour if flash else WHITE
    if flash:
        _tint(canvas, corners, colour, 0.45 * flash.strength)
    _stroke(canvas, [*corners, corners[0]], pen.width, colour)
    _tag(canvas, pen, name, corners[int(np.argmin([corner[1] for corner in corners]))], colour)


def _tint(canvas: Image, corners: list[Pixel], colour: Colour, strength: float) -> None:
    """Mixes a colour into the polygon; works on its bounding box alone, a zone is seldom the whole picture."""
    x, y, width, height = cv2.boundingRect(np.array(corners, np.int32))
    window = canvas[y : y + height, x : x + width]
    tinted = window.copy()
    cv2.fillPoly(tinted, [np.array(corners, np.int32) - (x, y)], colour)
    cv2.addWeighted(tinted, strength, window, 1 - strength, 0, dst=window)


def _ring(canvas: Image, pen: Pen, centre: Pixel, flash: Flash) -> None:
    radius = round(pen.text * (2.5 - 1.5 * flash.strength))
    cv2.circle(canvas, centre, radius, BLACK, 2 * pen.width + 2, cv2.LINE_AA)
    cv2.circle(canvas, centre, radius, flash.colour, 2 * pen.width, cv2.LINE_AA)


def _signals(canvas: Image, pen: Pen, signals: Mapping[str, Signal]) -> None:
    y = round(1.8 * pen.text)
    for name, signal in sorted(signals.items()):
        colour, word = SIGNALS[signal.state]
        words = f"{name} {word}"
        x = canvas.shape[1] - _width(words, pen.text) - pen.text
        _tag(canvas, pen, words, (x, y), WHITE)
        centre = (x - round(0.8 * pen.text), y - round(0.65 * pen.text))
        cv2.circle(canvas, centre, round(0.55 * pen.text), BLACK, cv2.FILLED, cv2.LINE_AA)
        cv2.circle(canvas, centre, round(0.42 * pen.text), colour, cv2.FILLED, cv2.LINE_AA)
        y += round(1.8 * pen.text)


def _stroke(canvas: Image, points: list[Pixel], width: int, colour: Colour) -> None:
    path = [np.array(points, np.int32)]
    cv2.polylines(canvas, path, False, BLACK, width + 2, cv2.LINE_AA)
    cv2.polylines(canvas, path, False, colour, width, cv2.LINE_AA)


def _arrow(canvas: Image, pen: Pen, root: NDArray[np.float64], tip: NDArray[np.float64], colour: Colour) -> None:
    for width, paint in ((pen.width + 2, BLACK), (pen.width, colour)):
        cv2.arrowedLine(canvas, _point(root), _point(tip), paint, width, cv2.LINE_AA, 0, 0.3)


def _tag(canvas: Image, pen: Pen, words: str, corner: Pixel, colour: Colour) -> None:
    """Black words on a plate of the colour whose lower left corner is given; kept inside the picture."""
    height, width = canvas.shape[:2]
    wide, high = _width(words, pen.text) + pen.text // 2, round(1.35 * pen.text)
    x = max(0, min(corner[0], width - wide - 1))
    y = max(high, min(corner[1], height - 1))
    cv2.rectangle(canvas, (x, y - high), (x + wide, y), colour, cv2.FILLED)
    base = (x + pen.text // 4, y - round(0.35 * pen.text))
    with _LETTERS:
        cv2.putText(canvas, words, base, BLACK, _font(), pen.text)


def _width(words: str, size: int) -> int:
    with _LETTERS:
        return cv2.getTextSize((0, 0), words, (0, 0), _font(), size)[2]


@cache
def _font() -> cv2.FontFace:
    # Comes with OpenCV 5, and unlike its "sans" has every Vietnamese letter in one weight.
    return cv2.FontFace("uni")


def _pixel(canvas: Image, place: tuple[float, float]) -> Pixel:
    height, width = canvas.shape[:2]
    return round(place[0] * (width - 1)), round(place[1] * (height - 1))


def _point(position: NDArray[np.float64]) -> Pixel:
    return round(float(position[0])), round(float(position[1]))
