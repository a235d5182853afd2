"""Pen: strokes, arrows and words that show on any picture."""

import threading
from dataclasses import dataclass
from functools import cache
from unicodedata import normalize

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]
Pixel = tuple[int, int]

BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)
INFO: Colour = (247, 175, 58)
WARNING: Colour = (0, 176, 255)
CRITICAL: Colour = (66, 66, 244)

# Two letters of OpenCV's font look like others (ờ like ớ, ỡ like õ: `chờ` would read `chớ`); put together from their
# parts they are right. All others must come in one piece, for the font lacks the horn as a part.
_PARTS = str.maketrans({"ờ": "ơ\u0300", "ỡ": "ơ\u0303"})

# OpenCV's font keeps its glyphs in one place for all threads and does not guard it: two threads that write at
# once get each other's letters. A tag takes about 20 µs, so waiting costs nothing.
_LETTERS = threading.Lock()


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


def pixel(canvas: Image, place: tuple[float, float]) -> Pixel:
    """The pixel of a place that is given as 0..1 of the picture."""
    height, width = canvas.shape[:2]
    return round(place[0] * (width - 1)), round(place[1] * (height - 1))


def nearest(position: NDArray[np.float64]) -> Pixel:
    """The pixel nearest to a position, px."""
    return round(float(position[0])), round(float(position[1]))


def stroke(canvas: Image, points: list[Pixel], width: int, colour: Colour) -> None:
    """A line through points, with its black rim."""
    path = [np.array(points, np.int32)]
    cv2.polylines(canvas, path, False, BLACK, width + 2, cv2.LINE_AA)
    cv2.polylines(canvas, path, False, colour, width, cv2.LINE_AA)


def arrow(canvas: Image, pen: Pen, root: NDArray[np.float64], tip: NDArray[np.float64], colour: Colour) -> None:
    """An arrow, with its black rim."""
    for width, paint in ((pen.width + 2, BLACK), (pen.width, colour)):
        cv2.arrowedLine(canvas, nearest(root), nearest(tip), paint, width, cv2.LINE_AA, 0, 0.3)


def tag(canvas: Image, pen: Pen, words: str, corner: Pixel, colour: Colour) -> None:
    """Black words on a plate of the colour whose lower left corner is given; kept inside the picture."""
    left, top, right, bottom = plate(canvas, pen, words, corner)
    cv2.rectangle(canvas, (left, top), (right, bottom), colour, cv2.FILLED)
    base = (left + pen.text // 4, bottom - round(0.35 * pen.text))
    with _LETTERS:
        cv2.putText(canvas, _spelt(words), base, BLACK, _font(), pen.text)


def plate(canvas: Image, pen: Pen, words: str, corner: Pixel) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the plate that `tag` would draw, px."""
    height, width = canvas.shape[:2]
    wide, high = width_of(words, pen.text) + pen.text // 2, round(1.35 * pen.text)
    x = max(0, min(corner[0], width - wide - 1))
    y = max(high, min(corner[1], height - 1))
    return x, y - high, x + wide, y


def width_of(words: str, size: int) -> int:
    """How wide words are in a size of the font, px."""
    with _LETTERS:
        return cv2.getTextSize((0, 0), _spelt(words), (0, 0), _font(), size)[2]


def _spelt(words: str) -> str:
    """Words in the letters that the font has."""
    return normalize("NFC", words).translate(_PARTS)


@cache
def _font() -> cv2.FontFace:
    # Comes with OpenCV 5, and unlike its "sans" has every Vietnamese letter in one weight.
    return cv2.FontFace("uni")
