"""Overlay: draws what the machine sees onto a copy of the picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from api.pen import BLACK, WARNING, WHITE, Colour, Image, Pen, Pixel, arrow, nearest, pixel, stroke, tag, width_of
from models.detections import Label
from models.lamps import Lamp
from models.observation import SignalState
from vision.scene import Line, Placed, Scene, View, Zone
from vision.signals import Signal

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
WAYS: Mapping[str, str] = {"away": "đi ra xa", "towards": "đi lại gần", "in": "đi vào", "out": "đi ra"}
"""Names that site files often give to directions; the page knows them, too. Others are shown as written."""
SIMULATED = "MÔ PHỎNG"


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
            _ring(canvas, pen, pixel(canvas, flash.place), flash)
    _signals(canvas, pen, scene, view.signals)
    if simulated:
        tag(canvas, pen, SIMULATED, (pen.text // 2, canvas.shape[0] - pen.text // 2), WARNING)
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
    tag(canvas, pen, words, (x1, y1 - pen.width), colour)


def _line(canvas: Image, pen: Pen, name: str, line: Line, flash: Flash | None) -> None:
    start, end = pixel(canvas, line.start), pixel(canvas, line.end)
    colour = flash.colour if flash else WHITE
    width = pen.width + (round(4 * pen.width * flash.strength) if flash else 0)
    stroke(canvas, [start, end], width, colour)
    along = np.subtract(end, start)
    length = float(np.hypot(*along)) or 1.0
    # Standing on start and looking to end, y down: left of (dx, dy) is (dy, -dx).
    left = np.array([along[1], -along[0]]) / length
    reach = min(3.0 * pen.text, length / 3)
    middle = np.add(start, end) / 2
    for side, share, title in ((left, 0.12, line.names.left), (-left, -0.12, line.names.right)):
        root = middle + along * share
        tip = root + side * reach
        arrow(canvas, pen, root, tip, colour)
        if title not in ("left", "right"):
            tag(canvas, pen, WAYS.get(title, title), nearest(tip + side * pen.text + (-pen.text, pen.text / 2)), WHITE)
    tag(canvas, pen, line.name or name, (start[0], start[1] - 2 * pen.width), colour)


def _zone(canvas: Image, pen: Pen, name: str, zone: Zone, flash: Flash | None) -> None:
    corners = [pixel(canvas, corner) for corner in zone.polygon]
    colour = flash.colour if flash else WHITE
    if flash:
        _tint(canvas, corners, colour, 0.45 * flash.strength)
    stroke(canvas, [*corners, corners[0]], pen.width, colour)
    tag(canvas, pen, zone.name or name, corners[int(np.argmin([corner[1] for corner in corners]))], colour)


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


def _signals(canvas: Image, pen: Pen, scene: Scene, signals: Mapping[str, Signal]) -> None:
    """A lamp at its box in the picture; the others, which are not in it, in a corner."""
    y = round(1.8 * pen.text)
    for name, signal in sorted(signals.items()):
        colour, word = SIGNALS[signal.state]
        known = scene.signals.get(name)
        words = f"{(known.name if known else '') or name} {word}"
        if isinstance(known, Lamp):
            _lamp(canvas, pen, known, words, colour)
            continue
        x = canvas.shape[1] - width_of(words, pen.text) - pen.text
        tag(canvas, pen, words, (x, y), WHITE)
        centre = (x - round(0.8 * pen.text), y - round(0.65 * pen.text))
        cv2.circle(canvas, centre, round(0.55 * pen.text), BLACK, cv2.FILLED, cv2.LINE_AA)
        cv2.circle(canvas, centre, round(0.42 * pen.text), colour, cv2.FILLED, cv2.LINE_AA)
        y += round(1.8 * pen.text)


def _lamp(canvas: Image, pen: Pen, lamp: Lamp, words: str, colour: Colour) -> None:
    x1, y1, x2, y2 = lamp.box
    (left, top), (right, bottom) = pixel(canvas, (x1, y1)), pixel(canvas, (x2, y2))
    # The frame stands around the box, its rim too: what is read in it must stay in sight.
    gap = pen.width // 2 + 4
    left, top, right, bottom = left - gap, top - gap, right + gap, bottom + gap
    stroke(canvas, [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)], pen.width, colour)
    high = round(1.35 * pen.text)
    # Where there is no room above, the words would be pushed over the head.
    tag(canvas, pen, words, (left, top - pen.width if top > high else bottom + pen.width + high), colour)
