"""Lamps: the state of a traffic signal, read from the picture.

Which lamp is lit is told by its place and by how bright it is beside the others; hue is left out, since cameras differ:
green may look cyan, and amber be hardly brighter than the housing.

      ┌───┐
      │ ● │ red      level = how bright the brightest tenth of each third is
      │ ○ │ yellow   lit   = far above the dark lamps now, and far above its own dark level, once that is known
      │ ○ │ green
      └───┘

A new state is sure when it has been seen for a moment; until then the signal is `unknown`, never guessed.
"""

from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from models.observation import SignalState

Share = Annotated[float, Field(ge=0, le=1, description="0..1 of the picture.")]
Colour = Literal["red", "yellow", "green"]

_SURE_S = 0.3  # a state is told after it has been seen for so long
_CLEAR = 35.0  # levels of 255: a lit lamp is at least so much brighter than the dark ones
_SHARE = 0.35  # and by so much of the way from its own dark level to its own lit level, once both are known
_SPILL = 0.8  # a second lamp with more of the level of the brightest is lit too, or the light is glare
_TWO = 0.6  # a second lamp that has come by more of the way from its dark level to its lit level is lit too
_FADE_S = 600.0  # time constant in which what is known of a lamp's levels follows the light of the day
_COVERED = 12.0  # levels: less difference within the head is a cover, or fog, not a housing with dark lamps


class Lamp(BaseModel):
    """A signal head that the camera sees."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["lamp"] = "lamp"
    box: tuple[Share, Share, Share, Share] = Field(
        description="The head with its lamps and nothing else: x1, y1, x2, y2 as 0..1 of the picture."
    )
    lamps: tuple[Colour, ...] = Field(
        default=("red", "yellow", "green"),
        min_length=2,
        description="Its lamps from top to bottom; from left to right where the head is wider than tall.",
    )
    name: str = Field(default="", description="Name for people.")

    @model_validator(mode="after")
    def _has_area(self) -> Self:
        x1, y1, x2, y2 = self.box
        if x1 >= x2 or y1 >= y2:
            raise ValueError(f"the box {list(self.box)} must be x1, y1, x2, y2 with x1 < x2 and y1 < y2")
        if len(set(self.lamps)) < len(self.lamps):
            raise ValueError(f"each colour is there once, not {', '.join(self.lamps)}")
        return self

    def open(self) -> "LampReader":
        """Begins to read it."""
        return LampReader(self)


class LampReader:
    """Reads one signal head. Used by one thread at a time."""

    def __init__(self, lamp: Lamp) -> None:
        self._lamp = lamp
        self._dark = np.full(len(lamp.lamps), np.nan)
        self._lit = np.full(len(lamp.lamps), np.nan)
        self._seen_s = float("-inf")
        self._state: SignalState | None = None
        self._next: tuple[SignalState, float] | None = None

    def read(self, image: NDArray[np.uint8], time_s: float) -> SignalState:
        """The state in a picture.

        Args:
            image: (h, w, 3) BGR.
            time_s: Stream clock, seconds.
        """
        seen = self._look(image, time_s)
        self._seen_s = time_s
        if self._state is None:
            self._state = seen  # nothing was before that it could be mistaken for
        elif seen == self._state:
            self._next = None
        elif self._next is None or self._next[0] != seen:
            self._next = (seen, time_s)
        elif time_s - self._next[1] >= _SURE_S - 0.0005:
            self._state, self._next = seen, None
        return "unknown" if self._next else self._state

    def _look(self, image: NDArray[np.uint8], time_s: float) -> SignalState:
        """What this picture alone says, by what is known of the lamps."""
        head = self._head(image)
        levels = _levels(head, len(self._lamp.lamps))
        if levels is None:
            return "unknown"
        lit = self._lit_ones(levels)
        if lit is None:
            return "unknown"
        self._learn(levels, lit, time_s)
        return self._lamp.lamps[int(np.argmax(lit))] if lit.any() else "off"

    def _head(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        height, width = image.shape[:2]
        x1, y1, x2, y2 = self._lamp.box
        rows = slice(int(y1 * height), max(int(np.ceil(y2 * height)), int(y1 * height) + 1))
        columns = slice(int(x1 * width), max(int(np.ceil(x2 * width)), int(x1 * width) + 1))
        head = image[rows, columns]
        return head if head.shape[0] >= head.shape[1] else head.transpose(1, 0, 2)

    def _lit_ones(self, levels: NDArray[np.float64]) -> NDArray[np.bool_] | None:
        """Which lamps are lit, at most one; None where that can't be told."""
        brightest = int(np.argmax(levels))
        others = np.delete(levels, brightest)
        rise = self._lit[brightest] - self._dark[brightest]
        needed = max(_CLEAR, _SHARE * rise) if np.isfinite(rise) else _CLEAR
        dark = self._dark[brightest] if np.isfinite(self._dark[brightest]) else others.max()
        lit = np.zeros(len(levels), np.bool_)
        if levels[brightest] - others.max() >= _CLEAR and levels[brightest] - min(dark, others.max()) >= needed:
            lit[brightest] = True
            risen = np.nan_to_num((levels - self._dark) / (self._lit - self._dark))
            return None if (np.delete(risen, brightest) > _TWO).any() else lit
        if others.max() > _SPILL * levels[brightest] and np.isfinite(self._dark).all():
            # About alike: all are dark where each is about as dark as it was before; else glare, or two are lit.
            return lit if (levels - self._dark < _CLEAR / 2).all() else None
        return None

    def _learn(self, levels: NDArray[np.float64], lit: NDArray[np.bool_], time_s: float) -> None:
        elapsed = min(max(time_s - self._seen_s, 0.0), _FADE_S)
        weight = 1 - np.exp(-elapsed / _FADE_S)
        for known, which in ((self._lit, lit), (self._dark, ~lit)):
            fresh = which & np.isnan(known)
            known[fresh] = levels[fresh]
            known[which] += weight * (levels[which] - known[which])


def _levels(head: NDArray[np.uint8], lamps: int) -> NDArray[np.float64] | None:
    """How bright each lamp is, 0..255; None where the head is too small or nothing but one even surface."""
    if head.shape[0] < 2 * lamps or head.shape[1] < 2:
        return None
    brightness = head.max(axis=2)
    low, high = np.percentile(brightness, (5, 95))
    if high - low < _COVERED:
        return None
    parts = np.array_split(brightness, lamps, axis=0)
    return np.array([np.percentile(part, 90) for part in parts])
