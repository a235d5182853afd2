"""Picture health: whether what a camera shows can be trusted, told from its pixels alone.

Twice a second a small grey copy of the picture is compared with those before it and with what the camera usually sees
(the reference: edges and brightness, averaged over minutes, so that traffic is not in it):

    frozen    nothing changes, not even noise, though pictures arrive; a clock burned in may tick
    dark      hardly anything is brighter than black              ONVIF ImageTooDark
    bright    hardly anything is darker than white                ImageTooBright
    covered   neither the edges nor the brightness are the usual  –
    moved     edges are there, but elsewhere                      GlobalSceneChange
    blurred   the brightness is the usual, but edges are soft     ImageTooBlurry

A fault is told when it has lasted for a while, and is over when the picture has been right for a while, so that a lorry
before the lens, lightning or a pole that shakes are none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

PictureFault = Literal["frozen", "dark", "bright", "covered", "moved", "blurred"]
Grey = NDArray[np.float32]

_LOOK_S = 0.5
_WIDTH = 320  # px of the small copy
_LEARN_S = 4.0  # so long a reference is learnt before anything is compared with it
_FADE_S = 300.0  # time constant in which the reference follows the light of the day
_RIGHT_S = 2.0  # a fault is over when the picture has been right for so long
_CHANGED = 1.0  # levels of 255: a pixel of the small copy that differs by less has not changed
_CLOCK = 0.02  # of the picture: so much may change in a frozen one, since a clock is burned in
_BLACK, _WHITE = 40.0, 215.0  # levels
_FLAT = 8.0  # levels: a picture that varies by less shows nothing
_EDGE = 0.6  # Sobel, of the standard deviation of the picture: what is steeper is an edge, by day and by night
_FEW = 0.1  # of the usual number of edges: so few are none


class PictureChecks(BaseModel):
    """When a camera's picture can't be trusted. A check that is null is not made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    frozen_after_s: float | None = Field(
        default=10.0, gt=0, description="Without any change for so long the picture is frozen, seconds."
    )
    dark_after_s: float | None = Field(default=5.0, gt=0, description="Black for so long is too dark, seconds.")
    bright_after_s: float | None = Field(default=5.0, gt=0, description="White for so long is too bright, seconds.")
    covered_after_s: float | None = Field(
        default=5.0, gt=0, description="Nothing to be seen of the usual scene for so long is covered, seconds."
    )
    moved_after_s: float | None = Field(
        default=8.0, gt=0, description="Looking elsewhere for so long is moved, seconds."
    )
    blurred_after_s: float | None = Field(default=8.0, gt=0, description="Soft for so long is blurred, seconds.")
    moved_by: float = Field(
        default=0.02, gt=0, lt=0.5, description="The scene may be displaced by so much, of the picture's width."
    )
    blurred_below: float = Field(
        default=0.25, gt=0, lt=1, description="Less than this share of the usual sharpness is blurred."
    )

    def open(self) -> "PictureWatch":
        """Begins to watch a camera."""
        return PictureWatch(self)


@dataclass(slots=True)
class _Reference:
    """What the camera usually sees."""

    grey: Grey
    edges: Grey
    sharpness: float

    def follow(self, seen: "_Seen", weight: float) -> None:
        self.grey += weight * (seen.grey - self.grey)
        self.edges += weight * (seen.edges - self.edges)
        self.sharpness += weight * (seen.sharpness - self.sharpness)


@dataclass(frozen=True, slots=True)
class _Seen:
    """One small copy and what is told from it."""

    grey: Grey
    edges: Grey
    sharpness: float

    @staticmethod
    def of(image: NDArray[np.uint8]) -> "_Seen":
        height, width = image.shape[:2]
        small = cv2.resize(image, (_WIDTH, max(1, round(_WIDTH * height / width))), interpolation=cv2.INTER_AREA)
        grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.float32)
        across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
        edges = np.asarray(cv2.magnitude(across, down), np.float32)
        deviation = float(grey.std())
        # Fine detail beside all there is: does not depend on the light. (Variance of the Laplacian: Pech-Pacheco et
        # al., Diatom autofocusing in brightfield microscopy, ICPR 2000.)
        sharpness = float(cv2.Laplacian(grey, cv2.CV_32F).var()) / (deviation**2 + 1.0)
        return _Seen(grey, edges / (deviation + 1.0), sharpness)


class PictureWatch:
    """Watches the pictures of one camera. Used by one thread at a time."""

    def __init__(self, checks: PictureChecks) -> None:
        self._checks = checks
        after_s: Mapping[PictureFault, float | None] = {
            "frozen": 0.0 if checks.frozen_after_s else None,  # lasts already when it is seen
            "dark": checks.dark_after_s,
            "bright": checks.bright_after_s,
            "covered": checks.covered_after_s,
            "moved": checks.moved_after_s,
            "blurred": checks.blurred_after_s,
        }
        self._after_s = {fault: seconds for fault, seconds in after_s.items() if seconds is not None}
        self._looked_s = float("-inf")
        self._since_s: dict[PictureFault, float] = {}
        self._right_s = 0.0
        self._fault: PictureFault | None = None
        self._anchor: Grey | None = None
        self._changed_s = 0.0
        self._reference: _Reference | None = None
        self._learnt_s = 0.0

    def look(self, image: NDArray[np.uint8], time_s: float) -> PictureFault | None:
        """What is wrong with the picture now; none if it can be trusted.

        Args:
            image: (h, w, 3) BGR. Most pictures are not looked at: twice a second is enough.
            time_s: Stream clock.
        """
        if time_s - self._looked_s < _LOOK_S - 0.0005:
            return self._fault
        elapsed_s = time_s - self._looked_s if self._anchor is not None else 0.0
        self._looked_s = time_s
        seen = _Seen.of(image)
        if self._anchor is not None and seen.grey.shape != self._anchor.shape:
            self._forget()  # another shape of the picture: nothing can be compared
        found = self._found(seen, time_s)
        self._since_s = {fault: self._since_s.get(fault, time_s) for fault in found}
        lasting = [fault for fault in found if time_s - self._since_s[fault] >= self._after_s[fault]]
        if not found:
            self._learn(seen, min(elapsed_s, 2 * _LOOK_S))
            if self._fault and time_s - self._right_s >= _RIGHT_S:
                self._fault = None
        else:
            self._right_s = time_s
        if lasting and self._fault not in found:
            self._fault = lasting[0]
        return self._fault

    def _forget(self) -> None:
        self._anchor = self._reference = None
        self._learnt_s = 0.0

    def _found(self, seen: _Seen, time_s: float) -> list[PictureFault]:
        """What this picture looks like, the gravest first."""
        return [fault for fault in self._looks_like(seen, time_s) if fault in self._after_s]

    def _looks_like(self, seen: _Seen, time_s: float) -> list[PictureFault]:
        low, high = np.percentile(seen.grey, (1, 99))
        found: list[PictureFault] = ["frozen"] if self._stands_still(seen.grey, time_s) else []
        if high < _BLACK:
            return [*found, "dark"]
        if low > _WHITE:
            return [*found, "bright"]
        if high - low < _FLAT:
            return [*found, "covered"]
        if self._reference is not None and self._learnt_s >= _LEARN_S:
            fault = _compared(seen, self._reference, self._checks)
            if fault:
                found.append(fault)
        return found

    def _stands_still(self, grey: Grey, time_s: float) -> bool:
        if self._anchor is None or np.mean(np.abs(grey - self._anchor) >= _CHANGED) > _CLOCK:
            self._anchor, self._changed_s = grey, time_s
        return time_s - self._changed_s >= (self._checks.frozen_after_s or float("inf"))

    def _learn(self, seen: _Seen, elapsed_s: float) -> None:
        if self._reference is None:
            self._reference = _Reference(seen.grey.copy(), seen.edges.copy(), seen.sharpness)
        else:
            self._learnt_s += elapsed_s
            # At first the mean of what has been seen, later what fades.
            self._reference.follow(seen, elapsed_s / min(self._learnt_s + _LOOK_S, _FADE_S))


def _compared(seen: _Seen, usual: _Reference, checks: PictureChecks) -> PictureFault | None:
    """What differs from the usual scene; none if it is the same."""
    steep = np.mean(seen.edges > _EDGE) / max(float(np.mean(usual.edges > _EDGE)), 1e-6)
    alike = _correlation(seen.grey, usual.grey, 8)
    if steep < _FEW or seen.sharpness < checks.blurred_below * usual.sharpness:
        return "blurred" if alike > _ALIKE else "covered"
    in_place = _correlation(seen.edges, usual.edges, 1.5)
    if in_place > _IN_PLACE:
        return None
    (x, y), peak = _displaced(seen.edges, usual.edges)
    if peak > _PEAK and max(abs(x), abs(y)) <= checks.moved_by * _WIDTH:
        return None
    return "moved" if peak > _PEAK or (in_place < _ELSEWHERE and alike < _ALIKE) else None


_ALIKE = 0.5  # correlation of two pictures of one scene, whatever drives through it
_IN_PLACE = 0.75  # of edges that are surely where they were
_ELSEWHERE = 0.15  # of edges of two different scenes
_PEAK = 0.08  # of phase correlation: two scenes that are the same but for a displacement


def _correlation(one: Grey, other: Grey, smooth: float) -> float:
    """Pearson's correlation of two pictures that have been made smooth (standard deviation, px), -1..1."""
    soft, usual = (cv2.GaussianBlur(picture, (0, 0), smooth) for picture in (one, other))
    return float(cv2.matchTemplate(soft, usual, cv2.TM_CCOEFF_NORMED)[0, 0])


def _displaced(edges: Grey, usual: Grey) -> tuple[tuple[float, float], float]:
    """By how much edges are displaced (px of the small copy), and how clear that is, 0..1."""
    window = cv2.createHanningWindow((edges.shape[1], edges.shape[0]), cv2.CV_32F)
    shift, peak = cv2.phaseCorrelate(usual * window, edges * window)  # given the window, OpenCV writes to its input
    return (float(shift[0]), float(shift[1])), float(peak)
