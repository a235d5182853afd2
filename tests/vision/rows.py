"""Rows and views made by hand, for tests that need a box to be exactly somewhere."""

from typing import Any

from models.detections import Label
from tests.vision.story import NOON, SIZE
from vision.scene import Placed, View


def row(track: int, label: Label, x: float, y: float, box: tuple[float, float] = (40.0, 80.0), **more: Any) -> Placed:
    """A road user with its foot at x and y, px."""
    width, height = box
    fields: dict[str, Any] = {
        "id": track,
        "label": label,
        "score": 0.9,
        "box": (x - width / 2, y - height, x + width / 2, y),
        "foot": (x, y),
        "place": (x / SIZE[0], y / SIZE[1]),
        "velocity": (0.0, 0.0),
        "zones": frozenset(),
        "distances": {},
    }
    return Placed(**(fields | more))


def view(time_s: float, *rows: Placed, ended: tuple[int, ...] = ()) -> View:
    """A view of some road users."""
    return View("cam", time_s, NOON, SIZE, rows, ended, {}, "valid", rows)
