"""Static blobs: what has come into the picture, or gone from it, and now stays; where no road user explains it.

Two backgrounds are learnt on a small grey picture, one in seconds and one in minutes (Porikli, Ivanov, Haga: Robust
abandoned object detection using dual foregrounds, EURASIP 2008):

                                  short  long     what it is
    passes                          ≠      ≠      somebody on their way
    came, and stays                 =      ≠      static
    was always there                =      =      background

The long one does not learn from static blobs until they have been there for long, so that they are told for all that
time. A blob with edges around it now that were not there before has come; one that had edges has gone.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.boxes import iou
from models.detections import Detections, Label

_WIDTH = 320  # px of the small picture
_LOOK_S = 0.2
_SHORT_S, _LONG_S = 2.0, 120.0  # time constants of the two backgrounds
_KEPT_S = 900.0  # a static blob becomes background after so long
_DIFFERS = 18.0  # levels of 255
_KNOWN_S = 10.0  # what was seen for so long is what is always there
_LEAST = 0.0004  # of the picture: what is smaller is noise, or nothing anybody would look for
_MOST = 0.15  # what is greater is the light, not a thing
_LIGHT = 0.4  # of the picture: if so much differs, the light has changed, and all is learnt anew
_EXPLAINED = 0.25  # overlap (IoU) with the box of a road user: the blob is that road user
_WITHIN = 0.6  # of something that has gone: so much of it was within the box of a road user who was there
_STOOD_S = 600.0  # where a road user was is remembered for so long: when it leaves, nothing was taken
_SAME_PLACE = 0.7  # overlap of boxes that are remembered as one
_REMEMBERED = 200  # boxes
_SAME_TEXTURE = 0.7  # correlation of a surface with itself in another light
_SQUARE = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Blobs:
    """Static blobs, px of the whole picture.

    Attributes:
        come: (k, 4) float32, boxes of what was not there before.
        gone: (k, 4) float32, boxes of what was there before.
    """

    come: NDArray[np.float32]
    gone: NDArray[np.float32]


NOTHING = Blobs(np.empty((0, 4), np.float32), np.empty((0, 4), np.float32))


class StaticBlobs:
    """Finds the static blobs of one camera. Used by one thread at a time."""

    def __init__(self) -> None:
        self._looked_s = float("-inf")
        self._short: NDArray[np.float32] | None = None
        self._long: NDArray[np.float32] | None = None
        self._static_s: NDArray[np.float32] | None = None  # how long each pixel has been static, seconds
        self._known_s: NDArray[np.float32] | None = None  # how long each pixel has been seen as it is in the long one
        # Where road users were (x1 y1 x2 y2, px of the picture) and when they were seen there last.
        self._stood = np.empty((0, 4), np.float32)
        self._stood_s = np.empty(0)
        self._blobs = NOTHING

    def look(self, image: NDArray[np.uint8], time_s: float, detections: Detections) -> Blobs:
        """The static blobs now.

        Args:
            image: (h, w, 3) BGR. Five times a second is looked, whatever comes.
            time_s: Stream clock.
            detections: The road users in it.
        """
        if time_s - self._looked_s < _LOOK_S - 0.0005:
            return self._blobs
        elapsed_s = min(time_s - self._looked_s, 1.0)
        self._looked_s = time_s
        grey, scale = _small(image)
        if self._short is None or self._short.shape != grey.shape:
            self._begin(grey)
        assert self._short is not None and self._long is not None  # noqa: PT018
        assert self._static_s is not None and self._known_s is not None  # noqa: PT018
        self._remember(detections, time_s)
        people = _mask(detections, scale, grey.shape)
        self._short += (1 - np.exp(-elapsed_s / _SHORT_S)) * (grey - self._short)
        # Clouds and dusk make all of it darker, and no thing does.
        light = np.float32(np.median(self._short[::4, ::4] - self._long[::4, ::4]))
        differs = np.abs(self._short - self._long - light) > _DIFFERS
        if differs.mean() > _LIGHT:
            self._begin(grey)
            return self._blobs
        still = np.abs(grey - self._short) < _DIFFERS
        self._known_s[~differs & still & ~people] += elapsed_s
        known = self._known_s >= _KNOWN_S
        static = differs & still & ~people & known
        self._static_s = np.where(static, self._static_s + elapsed_s, np.maximum(self._static_s - 2 * elapsed_s, 0))
        # What was seen for a moment only may have been somebody on their way: it is learnt anew, so that they leave no
        # ghost behind.
        anew = differs & still & ~people & (~known | (self._static_s > _KEPT_S))
        self._long[anew], self._known_s[anew], self._static_s[anew] = grey[anew], 0.0, 0.0
        same = ~differs & ~people
        age_s = np.clip(self._known_s[same], elapsed_s, _LONG_S)
        self._long[same] += (elapsed_s / age_s) * (grey - self._long)[same]
        self._blobs = self._found(grey, scale)
        return self._blobs

    def _begin(self, grey: NDArray[np.float32]) -> None:
        self._short, self._long = grey.copy(), grey.copy()
        self._static_s, self._known_s = np.zeros(grey.shape, np.float32), np.zeros(grey.shape, np.float32)
        self._blobs = NOTHING

    def _remember(self, detections: Detections, time_s: float) -> None:
        """Remembers where road users are."""
        boxes = detections.boxes
        if len(boxes):
            known = iou(self._stood, boxes) >= _SAME_PLACE
            self._stood_s[known.any(axis=1)] = time_s
            fresh = boxes[~known.any(axis=0)]
            self._stood = np.vstack([self._stood, fresh])
            self._stood_s = np.concatenate([self._stood_s, np.full(len(fresh), time_s)])
        recent = np.flatnonzero(time_s - self._stood_s < _STOOD_S)
        kept = recent[np.argsort(self._stood_s[recent], kind="stable")][-_REMEMBERED:]
        self._stood, self._stood_s = self._stood[kept], self._stood_s[kept]

    def _drove_off(self, box: tuple[float, float, float, float]) -> bool:
        """Whether a road user was where something has gone: no more may be left of it than a part."""
        low, high = np.maximum(self._stood[:, :2], box[:2]), np.minimum(self._stood[:, 2:], box[2:])
        shared = np.clip(high - low, 0, None).prod(axis=1)
        return bool((shared >= _WITHIN * (box[2] - box[0]) * (box[3] - box[1])).any())

    def _found(self, grey: NDArray[np.float32], scale: float) -> Blobs:
        assert self._static_s is not None and self._long is not None  # noqa: PT018
        sure = (self._static_s > 2 * _SHORT_S).astype(np.uint8)
        mask = np.asarray(cv2.morphologyEx(sure, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)))
        count, parts, stats, _ = cv2.connectedComponentsWithStats(mask)
        come: list[tuple[float, ...]] = []
        gone: list[tuple[float, ...]] = []
        for part in range(1, count):
            x, y, width, height, area = (int(value) for value in stats[part])
            if not _LEAST * mask.size <= area <= _MOST * mask.size:
                continue
            box = (x / scale, y / scale, (x + width) / scale, (y + height) / scale)
            if len(self._stood) and iou(np.array([box], np.float32), self._stood).max() >= _EXPLAINED:
                continue
            blob = parts == part
            if _same_surface(blob, grey, self._long):
                continue  # light or shadow on it
            if _stands_out(blob, grey, self._long):
                come.append(box)
            elif not self._drove_off(box):
                gone.append(box)
        return Blobs(np.array(come, np.float32).reshape(-1, 4), np.array(gone, np.float32).reshape(-1, 4))


def _small(image: NDArray[np.uint8]) -> tuple[NDArray[np.float32], float]:
    """The small grey picture, and its pixels a pixel of the whole one."""
    height, width = image.shape[:2]
    small = cv2.resize(image, (_WIDTH, max(1, round(_WIDTH * height / width))), interpolation=cv2.INTER_AREA)
    grey = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), (3, 3), 0)
    return grey.astype(np.float32), _WIDTH / width


def _mask(detections: Detections, scale: float, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Where people are: who stands still is no thing."""
    mask = np.zeros(shape, np.bool_)
    for box in detections.boxes[detections.labels == Label.PERSON]:
        x1, y1, x2, y2 = (max(0, round(float(value) * scale)) for value in box)
        mask[y1 : y2 + 1, x1 : x2 + 1] = True
    return mask


def _stands_out(blob: NDArray[np.bool_], now: NDArray[np.float32], before: NDArray[np.float32]) -> bool:
    """Whether a blob stands out from what is around it in the picture now rather than in the one before.

    By its outline, which is an edge where something is, and by its brightness, which is that of what is around where
    nothing is. Neither is enough: a bag may hide the edge of a wall, or be as dark as its shadow.
    """
    thick = blob.astype(np.uint8)
    outline = (cv2.dilate(thick, _SQUARE) - cv2.erode(thick, _SQUARE)).astype(np.bool_)
    around = (cv2.dilate(thick, _SQUARE, iterations=4) - cv2.dilate(thick, _SQUARE)).astype(np.bool_)

    def standing_out(grey: NDArray[np.float32]) -> float:
        return float(_steepness(grey)[outline].mean() + 1) * (_unlike(grey[blob], grey[around]) + 0.01)

    return standing_out(now) >= standing_out(before)


def _same_surface(blob: NDArray[np.bool_], now: NDArray[np.float32], before: NDArray[np.float32]) -> bool:
    """Whether a blob shows the same texture in two pictures, however bright."""
    some, others = now[blob], before[blob]
    spread = float(some.std() * others.std())
    return spread > 0 and float(((some - some.mean()) * (others - others.mean())).mean()) / spread > _SAME_TEXTURE


def _unlike(some: NDArray[np.float32], others: NDArray[np.float32]) -> float:
    """How unlike the brightness of some pixels is to that of others, 0..1 (1 − Bhattacharyya's coefficient)."""
    shares = []
    for pixels in (some, others):
        counts = np.histogram(pixels, bins=16, range=(0, 256))[0]
        shares.append(np.convolve(counts / max(counts.sum(), 1), (0.25, 0.5, 0.25), "same"))
    return float(1 - np.sqrt(shares[0] * shares[1]).sum())


def _steepness(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    return np.asarray(cv2.magnitude(across, down), np.float32)
