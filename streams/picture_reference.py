"""Picture reference: what a camera usually sees, and how that outlasts a restart."""

import zipfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from streams.whole_file import whole_file

Grey = NDArray[np.float32]

WIDTH = 320
"""Px of the small copy of a picture that is compared."""
_STEPS = 32  # of one unit of an edge, as it is kept: 8 bits reach to 8 times the standard deviation
_ALIKE_LEVELS = 25.0  # of 255: the light is the same where brightness differs by less
_ALIKE_CONTRAST = 1.6
_SOON_S = 900.0  # in so short a time the light hardly changes


@dataclass(frozen=True, slots=True)
class Seen:
    """One small copy of a picture and what is told from it.

    Attributes:
        grey: (h, 320) levels, 0..255.
        edges: (h, 320) Sobel, in standard deviations of the picture.
        sharpness: Of fine detail, beside all there is.
    """

    grey: Grey
    edges: Grey
    sharpness: float

    @staticmethod
    def of(image: NDArray[np.uint8]) -> "Seen":
        """What a picture, (h, w, 3) BGR, shows."""
        height, width = image.shape[:2]
        small = cv2.resize(image, (WIDTH, max(1, round(WIDTH * height / width))), interpolation=cv2.INTER_AREA)
        grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.float32)
        across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
        edges = np.asarray(cv2.magnitude(across, down), np.float32)
        deviation = float(grey.std())
        # Fine detail beside all there is: does not depend on the light. (Variance of the Laplacian: Pech-Pacheco et
        # al., Diatom autofocusing in brightfield microscopy, ICPR 2000.)
        sharpness = float(cv2.Laplacian(grey, cv2.CV_32F).var()) / (deviation**2 + 1.0)
        return Seen(grey, edges / (deviation + 1.0), sharpness)


@dataclass(slots=True)
class PictureReference:
    """What a camera usually sees.

    Attributes:
        grey: (h, 320) levels, traffic averaged out.
        edges: (h, 320) in standard deviations of the picture.
        sharpness: See `Seen`.
        at: When it was last brought up to date, UTC; None where the pictures had no time.
    """

    grey: Grey
    edges: Grey
    sharpness: float
    at: datetime | None = None

    @classmethod
    def of(cls, seen: Seen, at: datetime | None) -> Self:
        """Begins with one picture."""
        return cls(seen.grey.copy(), seen.edges.copy(), seen.sharpness, at)

    def follow(self, seen: Seen, weight: float, at: datetime | None) -> None:
        """Brings it nearer to a picture, by a weight of 0..1."""
        self.grey += weight * (seen.grey - self.grey)
        self.edges += weight * (seen.edges - self.edges)
        self.sharpness += weight * (seen.sharpness - self.sharpness)
        self.at = at

    def copy(self) -> "PictureReference":
        """One that does not change any more."""
        return PictureReference(self.grey.copy(), self.edges.copy(), self.sharpness, self.at)

    def can_judge(self, seen: Seen, at: datetime | None) -> bool:
        """Whether a picture of much later can be compared with it: a street by night looks like another one.

        It can soon after, and whenever the light is the same.
        """
        if at and self.at and 0 <= (at - self.at).total_seconds() < _SOON_S:
            return True
        contrast = (float(seen.grey.std()) + 1.0) / (float(self.grey.std()) + 1.0)
        brighter = abs(float(seen.grey.mean()) - float(self.grey.mean()))
        return brighter < _ALIKE_LEVELS and 1 / _ALIKE_CONTRAST < contrast < _ALIKE_CONTRAST

    def save(self, path: Path, drawn: str) -> None:
        """Writes it, whole or not at all; about 40 kB.

        Args:
            path: The file, .npz.
            drawn: Says for what it was learnt (see `load`).

        Raises:
            OSError: It can't be written.
        """
        with whole_file(path) as part, part.open("wb") as file:
            np.savez_compressed(
                file,
                grey=np.clip(np.rint(self.grey), 0, 255).astype(np.uint8),
                edges=np.clip(np.rint(self.edges * _STEPS), 0, 255).astype(np.uint8),
                sharpness=np.float64(self.sharpness),
                at=np.str_(self.at.isoformat() if self.at else ""),
                drawn=np.str_(drawn),
            )

    @classmethod
    def load(cls, path: Path, drawn: str) -> Self | None:
        """The one that was saved; None where there is none, where it is of another kind, or was learnt for another.

        Args:
            path: The file.
            drawn: Must be the one it was saved with.
        """
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
                grey, edges = kept["grey"].astype(np.float32), kept["edges"].astype(np.float32) / _STEPS
                at, sharpness = str(kept["at"]), float(kept["sharpness"])
                right = str(kept["drawn"]) == drawn and grey.ndim == 2 and grey.shape == edges.shape
            return cls(grey, edges, sharpness, datetime.fromisoformat(at) if at else None) if right else None
        except (OSError, ValueError, LookupError, TypeError, EOFError, zipfile.BadZipFile):
            return None
