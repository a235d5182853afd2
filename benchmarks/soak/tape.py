"""Tape: what the archive has noted of each camera, and what is missing of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from api.recording_index import RecordingIndex

HOLE = timedelta(seconds=0.5)
"""Less may lie between two segments that follow each other: the first of a connection go by our clock."""
JUST_BEHIND = timedelta(milliseconds=50)
LONG_AGO = datetime(1970, 1, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Hole:
    """A time that is not recorded.

    Attributes:
        camera: Of which camera.
        began: End of the segment before it.
        ended: Beginning of the segment after it.
    """

    camera: str
    began: datetime
    ended: datetime

    @property
    def seconds(self) -> float:
        """How long it is."""
        return (self.ended - self.began).total_seconds()


class Tape:
    """Follows the index while it is written. Recordings may be removed once they were seen.

    Args:
        index: The index.
        cameras: Who is recorded.
    """

    def __init__(self, index: RecordingIndex, cameras: Sequence[str]) -> None:
        self._index = index
        self._recorded_to: dict[str, datetime | None] = dict.fromkeys(cameras)
        self.segments = 0
        self.holes: list[Hole] = []

    def look(self) -> None:
        """Takes in what was noted since the last time."""
        ahead = datetime.now(UTC) + timedelta(minutes=1)
        for camera, recorded_to in self._recorded_to.items():
            last = recorded_to
            for segment in self._index.covering(camera, last + JUST_BEHIND if last else LONG_AGO, ahead):
                if last is not None and segment.began - last > HOLE:
                    self.holes.append(Hole(camera, last, segment.began))
                last = max(last or segment.ended, segment.ended)
                self.segments += 1
            self._recorded_to[camera] = last
