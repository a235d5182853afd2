"""Letterbox: a picture of any size into the input of a model, and boxes back into the picture.

    picture (w, h)                     input (W, H)
    ┌──────────────────┐               ┌────────────┐ ─┐
    │                  │   scale to    │▒▒▒▒▒▒▒▒▒▒▒▒│  │ top: padding, grey (114)
    │                  │   W x h·W/w   ├────────────┤ ─┘
    │                  │ ────────────▶ │   inner    │
    │                  │               ├────────────┤
    └──────────────────┘               │▒▒▒▒▒▒▒▒▒▒▒▒│
                                       └────────────┘

Scale, rounding and padding are those of Ultralytics' `LetterBox`: the same weights give the same boxes.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

GREY = 114
_UNIT = np.float32(1 / 255)
_SHAPES_KEPT = 8

Size = tuple[int, int]
"""Width and height, px."""


@dataclass(frozen=True, slots=True)
class Letterbox:
    """Where a picture lies in the input of a model. All sizes are width and height in px.

    Attributes:
        picture: Size of the picture.
        input: Size of the model's input.
        inner: Size of the scaled picture inside the input.
        offset: Left and top padding.
    """

    picture: Size
    input: Size
    inner: Size
    offset: Size

    def to_picture(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Boxes of the input in the picture's own px, cut off at its edges.

        Args:
            boxes: (n, 4) px of the input, x1 y1 x2 y2.
        """
        scale = np.array([p / i for p, i in zip(self.picture, self.inner, strict=True)] * 2, np.float32)
        moved = (boxes - np.array(self.offset * 2, np.float32)) * scale
        return np.asarray(np.clip(moved, 0, self.picture * 2), np.float32)

    def to_input(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Boxes of the picture in px of the input: the inverse of `to_picture`."""
        scale = np.array([i / p for p, i in zip(self.picture, self.inner, strict=True)] * 2, np.float32)
        return boxes * scale + np.array(self.offset * 2, np.float32)


@lru_cache(maxsize=256)
def letterbox(picture: Size, long_side: int, stride: int = 32) -> Letterbox:
    """A rectangular input that follows the picture's aspect, both sides multiples of the stride.

    Args:
        picture: Size of the picture.
        long_side: Longer side of the input; rounded up to a multiple of the stride.
        stride: What the model needs both sides to be multiples of, px.
    """
    long_side = _round_up(long_side, stride)
    inner = _scaled(picture, (long_side, long_side))
    return _placed(picture, (_round_up(inner[0], stride), _round_up(inner[1], stride)), inner)


@lru_cache(maxsize=256)
def letterbox_into(picture: Size, target: Size) -> Letterbox:
    """A picture in an input of fixed size."""
    return _placed(picture, target, _scaled(picture, target))


class InputTensors:
    """Makes the input of a model from pictures: RGB planes of 0..1, or BGR planes of bytes for a prepared model.

    Each thread has its own buffers, written to again by its next call: no picture costs an allocation.

    Args:
        bytes_in: Whether the model takes bytes.
    """

    def __init__(self, bytes_in: bool = False) -> None:
        self._slot = _ByteSlot if bytes_in else _Slot
        self._local = threading.local()

    def fill(self, images: Sequence[NDArray[np.uint8]], letterboxes: Sequence[Letterbox]) -> NDArray[Any]:
        """The input tensor of some pictures.

        Args:
            images: Pictures, (h, w, 3) uint8 BGR.
            letterboxes: Where each lies in the input; all of the same input size.

        Returns:
            (n, 3, H, W) float32, RGB, 0..1; or uint8, BGR. Valid until this thread's next call.
        """
        slots = self._slots(letterboxes[0].input, len(images))
        for slot, image, place in zip(slots.slots, images, letterboxes, strict=True):
            slot.fill(image, place)
        return slots.tensor

    def _slots(self, size: Size, count: int) -> "_Slots":
        kept: dict[tuple[Size, int], _Slots] | None = getattr(self._local, "kept", None)
        if kept is None:
            kept = self._local.kept = {}
        slots = kept.get((size, count))
        if slots is None:
            if len(kept) >= _SHAPES_KEPT:
                kept.clear()
            slots = kept[size, count] = _Slots(size, count, self._slot)
        return slots


class _ByteSlot:
    """The planes of one picture in a tensor of bytes, with what is needed to fill them."""

    grey: ClassVar[np.generic] = np.uint8(GREY)

    def __init__(self, planes: NDArray[Any]) -> None:
        self._planes = planes
        self._place: Letterbox | None = None

    def fill(self, image: NDArray[np.uint8], place: Letterbox) -> None:
        if place != self._place:
            self._prepare(place)
        if place.inner != place.picture:
            cv2.resize(image, place.inner, dst=self._resized, interpolation=cv2.INTER_LINEAR)
            image = self._resized
        # Plane by plane: 0.1 ms at 640x352, where cv2.dnn.blobFromImage takes 3.3 ms.
        cv2.split(image, self._bytes)

    def _prepare(self, place: Letterbox) -> None:
        self._place = place
        (width, height), (left, top) = place.inner, place.offset
        self._planes[...] = self.grey
        self._inner = self._planes[:, top : top + height, left : left + width]
        self._resized = np.empty((height, width, 3), np.uint8)
        self._bytes = self._byte_planes()

    def _byte_planes(self) -> list[NDArray[np.uint8]]:
        return list(self._inner)


class _Slot(_ByteSlot):
    """The same in a tensor of numbers 0..1, RGB."""

    grey: ClassVar[np.generic] = GREY * _UNIT

    def fill(self, image: NDArray[np.uint8], place: Letterbox) -> None:
        super().fill(image, place)
        for channel, plane in enumerate(reversed(self._bytes)):
            self._inner[channel] = plane
        np.multiply(self._inner, _UNIT, out=self._inner)

    def _byte_planes(self) -> list[NDArray[np.uint8]]:
        return [np.empty(self._inner.shape[1:], np.uint8) for _ in range(3)]


class _Slots:
    """One tensor and the place of each picture in it."""

    def __init__(self, size: Size, count: int, slot: type[_ByteSlot]) -> None:
        self.tensor = np.full((count, 3, size[1], size[0]), slot.grey)
        self.slots = [slot(planes) for planes in self.tensor]


def _scaled(picture: Size, room: Size) -> Size:
    ratio = min(room[0] / picture[0], room[1] / picture[1])
    return max(1, round(picture[0] * ratio)), max(1, round(picture[1] * ratio))


def _placed(picture: Size, target: Size, inner: Size) -> Letterbox:
    # An odd row or column of padding goes to the bottom or right, as Ultralytics' round(x - 0.1) has it.
    return Letterbox(picture, target, inner, ((target[0] - inner[0]) // 2, (target[1] - inner[1]) // 2))


def _round_up(size: int, multiple: int) -> int:
    return -(-size // multiple) * multiple
