"""Frame: what a stream hands on."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One decoded picture of one camera.

    Attributes:
        camera: Id of the camera in the site file.
        index: Number of the picture in its stream, from 0. A gap means that pictures were dropped.
        time_s: The stream's own clock in seconds. It never goes back, also across reconnects; every duration
            and every speed is measured with it.
        captured_at: Wall-clock time (UTC) for people. It may jump when the machine's clock is set.
        image: Pixels, shape (H, W, 3), uint8, BGR. Not to be written to: several readers share it.
    """

    camera: str
    index: int
    time_s: float
    captured_at: datetime
    image: NDArray[np.uint8]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in px."""
        height, width = self.image.shape[:2]
        return width, height
