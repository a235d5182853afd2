"""A synthetic street: pictures of moving road users with the truth beside them. No camera, no model needed."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from streams.errors import SourceEnded
from streams.frame import Frame
from streams.source import OpenSource, Source
from streams.street import ROAD_M, SEEN_M, YARD_M, Traffic, on_ground, paint_street, paint_users


class SyntheticSource(Source):
    """A street that is computed: for demonstrations and tests. Needs no camera."""

    LINE: ClassVar = on_ground((-ROAD_M, 24), (ROAD_M, 24))
    """A line across the road, from left to right: `left` of it is away from the camera, `right` towards it."""
    YARD: ClassVar = on_ground(*YARD_M)
    """A yard that nobody should enter. Somebody does every 80 s, from second 13 on, and stays for about 40 s."""
    CARRIAGEWAY: ClassVar = on_ground((-ROAD_M, 13), (ROAD_M, 13), (ROAD_M, SEEN_M), (-ROAD_M, SEEN_M))
    AWAY: ClassVar = on_ground((0, 13), (ROAD_M, 13), (ROAD_M, SEEN_M), (0, SEEN_M))
    TOWARDS: ClassVar = on_ground((-ROAD_M, 13), (0, 13), (0, SEEN_M), (-ROAD_M, SEEN_M))

    kind: Literal["synthetic"] = Field(default="synthetic", description="Sort of source.")
    seed: int = Field(default=1, ge=0, description="Another number makes other traffic.")
    size: tuple[int, int] = Field(default=(960, 540), description="Width and height of the pictures, px.")
    fps: float = Field(default=25, gt=0, le=240, description="Pictures per second.")
    pace: Literal["max", "real"] = Field(
        default="real", description="`real`: as a camera would; `max`: as fast as the machine can, without drops."
    )
    duration_s: float | None = Field(default=None, gt=0, description="Length; endless where it is null, s.")

    @property
    def live(self) -> bool:
        """At its own pace it behaves like a camera."""
        return self.pace == "real"

    def open(self, camera: str, start: datetime | None = None) -> OpenSource:
        """Paints the street; the traffic begins with its first picture."""
        return _OpenStreet(self, camera, start or datetime.now(UTC))


@dataclass(frozen=True, slots=True, eq=False)
class SyntheticFrame(Frame):
    """A picture of the synthetic street with the truth in columns, n road users.

    Attributes:
        boxes: (n, 4) float32, px, x1 y1 x2 y2, cut off at the edges of the picture.
        labels: (n,) int8: person, bicycle, motorcycle, car, bus, truck = 0..5.
        ids: (n,) int64, the same for one road user in all pictures.
    """

    boxes: NDArray[np.float32]
    labels: NDArray[np.int8]
    ids: NDArray[np.int64]


class _OpenStreet(OpenSource):
    def __init__(self, source: SyntheticSource, camera: str, start: datetime) -> None:
        self._source = source
        self._camera = camera
        self._start = start
        self._traffic = Traffic(source.seed)
        self._street = paint_street(source.size, source.seed)
        self._index = -1
        self._began = time.monotonic()
        self.expected_frames = None if source.duration_s is None else round(source.duration_s * source.fps)

    def read(self) -> Frame:
        """The next picture; with `pace: real` the one that is due, when it is due."""
        self._index += 1
        fps = self._source.fps
        if self._source.pace == "real":
            due_s = self._began + self._index / fps - time.monotonic()
            if due_s > 0:
                time.sleep(due_s)
            else:
                self._index += int(-due_s * fps)
        if self.expected_frames is not None and self._index >= self.expected_frames:
            raise SourceEnded
        time_s = self._index / fps
        users = self._traffic.at(time_s)
        image = self._street.copy()
        paint_users(image, users)
        image.setflags(write=False)
        boxes, seen = users.boxes(self._source.size)
        return SyntheticFrame(
            self._camera,
            self._index,
            time_s,
            self._start + timedelta(seconds=time_s),
            image,
            boxes[seen],
            users.labels[seen],
            users.ids[seen],
        )

    def close(self) -> None:
        """Nothing to free."""
