"""Picture health: whether what a camera shows can be trusted, told from its pixels alone.

Twice a second a small grey copy of the picture is compared with those before it and with what the camera usually sees
(the reference: edges and brightness, averaged over minutes, so that traffic is not in it):

    frozen    nothing changes, not even noise, though pictures arrive; a clock burned in may tick
    dark      hardly anything is brighter than black              ONVIF ImageTooDark
    bright    hardly anything is darker than white                ImageTooBright
    covered   neither the edges nor the brightness are the usual  –
    moved     edges are there, but elsewhere                      GlobalSceneChange
    blurred   the brightness is the usual, but edges are soft     ImageTooBlurry

After a restart the camera is compared with what it saw before, so that one that was turned meanwhile is told; as soon
as the light is about the same, since a street by night looks like another one.

A fault is told when it has lasted for a while, and is over when the picture has been right for a while, so that a lorry
before the lens, lightning or a pole that shakes are none.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from streams.picture_reference import WIDTH, Grey, PictureReference, Seen

PictureFault = Literal["frozen", "dark", "bright", "covered", "moved", "blurred"]
_LOOK_S = 0.5
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

    def open(self, before: PictureReference | None = None) -> "PictureWatch":
        """Begins to watch a camera.

        Args:
            before: What it saw before a restart, if that is known.
        """
        return PictureWatch(self, before)


class PictureWatch:
    """Watches the pictures of one camera. Used by one thread at a time."""

    def __init__(self, checks: PictureChecks, before: PictureReference | None = None) -> None:
        self._checks = checks
        self._before = before
        self._judged = False  # whether the last picture was compared with what it saw before
        self._known_s: float | None = None  # since when it has looked like that
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
        self._reference: PictureReference | None = None
        self._learnt_s = 0.0

    @property
    def reference(self) -> PictureReference | None:
        """What the camera usually sees, to be kept for a restart; None while that is not sure."""
        # While it is not known whether it still looks where it looked, nothing must take the place of what was kept.
        present = self._reference  # another thread may ask
        return present.copy() if present and self._before is None and self._learnt_s >= _LEARN_S else None

    def look(self, image: NDArray[np.uint8], time_s: float, at: datetime | None = None) -> PictureFault | None:
        """What is wrong with the picture now; none if it can be trusted.

        Args:
            image: (h, w, 3) BGR. Most pictures are not looked at: twice a second is enough.
            time_s: Stream clock.
            at: Wall clock, UTC, where it is known.
        """
        if time_s - self._looked_s < _LOOK_S - 0.0005:
            return self._fault
        elapsed_s = time_s - self._looked_s if self._anchor is not None else 0.0
        self._looked_s = time_s
        seen = Seen.of(image)
        if self._anchor is not None and seen.grey.shape != self._anchor.shape:
            self._forget()  # another shape of the picture: nothing can be compared
        self._judged = False
        found = self._found(seen, time_s, at)
        self._since_s = {fault: self._since_s.get(fault, time_s) for fault in found}
        lasting = [fault for fault in found if time_s - self._since_s[fault] >= self._after_s[fault]]
        if not found:
            self._learn(seen, min(elapsed_s, 2 * _LOOK_S), at)
            if self._fault and time_s - self._right_s >= _RIGHT_S:
                self._fault = None
        else:
            self._right_s = time_s
        if lasting and self._fault not in found:
            self._fault = lasting[0]
        self._recognise(time_s)
        return self._fault

    def _recognise(self, time_s: float) -> None:
        """Settles whether the camera looks where it looked before the restart."""
        if self._before is None or not self._judged:
            self._known_s = None
        elif self._fault in ("covered", "moved", "blurred"):  # no: what it saw before stays what it should see
            self._reference, self._learnt_s, self._before = self._before, _FADE_S, None
        elif self._since_s:
            self._known_s = None
        else:
            self._known_s = time_s if self._known_s is None else self._known_s
            if time_s - self._known_s >= _RIGHT_S:
                if self._learnt_s < _LEARN_S:
                    self._reference, self._learnt_s = self._before, _FADE_S
                self._before = None

    def _forget(self) -> None:
        self._anchor = self._reference = self._before = None
        self._learnt_s = 0.0

    def _found(self, seen: Seen, time_s: float, at: datetime | None) -> list[PictureFault]:
        """What this picture looks like, the gravest first."""
        return [fault for fault in self._looks_like(seen, time_s, at) if fault in self._after_s]

    def _looks_like(self, seen: Seen, time_s: float, at: datetime | None) -> list[PictureFault]:
        low, high = np.percentile(seen.grey, (1, 99))
        found: list[PictureFault] = ["frozen"] if self._stands_still(seen.grey, time_s) else []
        if high < _BLACK:
            return [*found, "dark"]
        if low > _WHITE:
            return [*found, "bright"]
        if high - low < _FLAT:
            return [*found, "covered"]
        usual = self._usual(seen, at)
        fault = _compared(seen, usual, self._checks) if usual else None
        return [*found, fault] if fault else found

    def _usual(self, seen: Seen, at: datetime | None) -> PictureReference | None:
        """What the picture can be compared with; none if nothing is known yet."""
        if self._before is not None and seen.grey.shape != self._before.grey.shape:
            self._before = None
        if self._before is not None and self._before.can_judge(seen, at):
            self._judged = True
            return self._before
        return self._reference if self._learnt_s >= _LEARN_S else None

    def _stands_still(self, grey: Grey, time_s: float) -> bool:
        if self._anchor is None or np.mean(np.abs(grey - self._anchor) >= _CHANGED) > _CLOCK:
            self._anchor, self._changed_s = grey, time_s
        return time_s - self._changed_s >= (self._checks.frozen_after_s or float("inf"))

    def _learn(self, seen: Seen, elapsed_s: float, at: datetime | None) -> None:
        if self._reference is None:
            self._reference = PictureReference.of(seen, at)
        else:
            self._learnt_s += elapsed_s
            # At first the mean of what has been seen, later what fades.
            self._reference.follow(seen, elapsed_s / min(self._learnt_s + _LOOK_S, _FADE_S), at)


def _compared(seen: Seen, usual: PictureReference, checks: PictureChecks) -> PictureFault | None:
    """What differs from the usual scene; none if it is the same."""
    steep = np.mean(seen.edges > _EDGE) / max(float(np.mean(usual.edges > _EDGE)), 1e-6)
    alike = _correlation(seen.grey, usual.grey, 8)
    if steep < _FEW or seen.sharpness < checks.blurred_below * usual.sharpness:
        return "blurred" if alike > _ALIKE else "covered"
    in_place = _correlation(seen.edges, usual.edges, 1.5)
    if in_place > _IN_PLACE:
        return None
    (x, y), peak = _displaced(seen.edges, usual.edges)
    if peak > _PEAK and max(abs(x), abs(y)) <= checks.moved_by * WIDTH:
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
