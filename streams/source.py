"""What every source is: a frozen config whose one verb, `open()`, makes the live thing."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from streams.frame import Frame


class OpenSource(Protocol):
    """A source that has been opened. Used by one thread."""

    expected_frames: int | None = None
    """How many pictures will come, where the source knows (files); for showing progress only."""

    def read(self) -> Frame:
        """The next picture.

        Raises:
            SourceEnded: The source has an end and came to it.
            StreamError: No picture within the read time-out, or it can't be decoded.
        """
        ...

    def close(self) -> None:
        """Frees what the source holds. May be called twice."""
        ...


class Source(BaseModel, ABC):
    """Where a camera's pictures come from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str

    @property
    def live(self) -> bool:
        """Whether time goes on without us: pictures of a live source may be dropped, those of a file never."""
        return True

    @property
    def foreign(self) -> bool:
        """Whether its pictures come from a machine that we can't trust: they may hang or crash who decodes them."""
        return False

    def missing(self) -> Mapping[str, str]:
        """What it needs and can't have: why, by the field that names it. Nothing is opened, nobody is called."""
        return {}

    @abstractmethod
    def open(self, camera: str, start: datetime | None = None) -> OpenSource:
        """Opens the source.

        Args:
            camera: Id that the frames carry.
            start: Wall-clock time of the first picture, where the source can't know it (files).

        Raises:
            StreamError: It can't be opened now (retry), or never (`StreamRefused`).
        """
