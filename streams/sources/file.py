"""A video file."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field

from streams.capture import Capture, Picture
from streams.clip import OpenClip
from streams.errors import StreamRefused
from streams.source import OpenSource, Source


class FileSource(Source):
    """A video file, read without drops."""

    kind: Literal["file"] = Field(default="file", description="Sort of source.")
    path: Path = Field(description="The file; any container and codec that FFmpeg reads.")
    pace: Literal["max", "real"] = Field(
        default="max", description="`max`: as fast as the machine can; `real`: at the speed it was recorded."
    )
    loop: bool = Field(default=False, description="Begin anew at the end; the stream's clock goes on.")

    @property
    def live(self) -> bool:
        """A file waits for us: nothing of it is dropped."""
        return False

    def missing(self) -> Mapping[str, str]:
        """The file, if it can't be read; whether it is a video is seen when it is opened."""
        why = _why_unreadable(self.path)
        return {"path": why} if why else {}

    def open(self, camera: str, start: datetime | None = None) -> OpenSource:
        """Opens the file and decodes its first picture.

        Raises:
            StreamRefused: There is no such file, or it is no video.
        """
        return OpenClip(
            lambda: _opened(self.path),
            camera,
            shown=str(self.path),
            real_pace=self.pace == "real",
            loop=self.loop,
            start=lambda length_s: start or _recorded_at(self.path) - timedelta(seconds=length_s),
        )


def _opened(path: Path) -> tuple[Capture, Picture]:
    """The file and its first picture.

    Raises:
        StreamRefused: Not a file, empty, not readable, or not a video.
    """
    if why := _why_unreadable(path):
        raise StreamRefused(why)
    # The absolute path, so that FFmpeg can't take a name such as `concat:x` for one of its protocols.
    capture = Capture.of_url(str(path.absolute()), {})
    if capture is None:
        raise StreamRefused(f"{path}: is not a video, or cut off before its index; ffprobe may tell more")
    first = capture.read()
    if first is None:
        capture.close()
        raise StreamRefused(f"{path}: not a single picture can be decoded; is it cut off?")
    return capture, first


def _why_unreadable(path: Path) -> str | None:
    """Why there is nothing to read; None where there is."""
    try:
        if path.is_dir():
            return f"{path}: is a directory, not a video file"
        with path.open("rb") as content:
            return None if content.read(1) else f"{path}: is empty (0 bytes)"
    except FileNotFoundError:
        return f"{path}: no such file"
    except OSError as error:
        return f"{path}: can't be read ({error.strerror})"


def _recorded_at(path: Path) -> datetime:
    """When the file was written last: about when its recording ended."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
