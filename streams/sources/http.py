"""A video by HTTP: a live stream, or a file."""

from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Literal
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, field_validator

from streams.address import checked, masked, why_silent
from streams.camera import OpenCamera
from streams.capture import LIVE_OPTIONS, Capture, Picture
from streams.clip import OpenClip
from streams.download import downloaded
from streams.errors import StreamRefused
from streams.source import OpenSource, Source

FILES = frozenset({".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".wmv", ".mpg", ".mpeg", ".3gp"})
"""Ends of names that are those of files. Not `.ts`, `.flv`, `.mjpg`, `.m3u8`: cameras and servers stream these live."""


class HttpSource(Source):
    """Motion JPEG, or another live stream, or a video file, by HTTP or HTTPS."""

    model_config = ConfigDict(hide_input_in_errors=True)

    kind: Literal["http"] = Field(default="http", description="Sort of source.")
    url: str = Field(
        repr=False, description="Address: `http://USER:PASSWORD@HOST/PATH`. Keep the password in `${NAME}`."
    )
    file: bool | None = Field(
        default=None,
        description="Whether it is a file, which has an end and is read without drops; null: by the end of its name, "
        "such as `.mp4`.",
    )
    pace: Literal["max", "real"] = Field(
        default="max", description="Of a file: as fast as it comes (`max`), or at the speed it was recorded (`real`)."
    )
    loop: bool = Field(default=False, description="Of a file: begin anew at the end; the stream's clock goes on.")
    open_timeout_s: float = Field(default=5, gt=0, le=20, description="How long to wait for a connection, s.")
    read_timeout_s: float = Field(default=4, gt=0, le=10, description="How long to wait for a picture, s.")

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        return checked(url, "http", "https")

    @property
    def live(self) -> bool:
        """A file waits for us: nothing of it is dropped."""
        if self.file is None:
            return PurePosixPath(urlsplit(self.url).path).suffix.lower() not in FILES
        return not self.file

    @property
    def foreign(self) -> bool:
        """A camera sends what it likes; a file is waited for, so it is read where its pictures are needed."""
        return self.live

    def open(self, camera: str, start: datetime | None = None) -> OpenSource:
        """Connects; of a file decodes the first picture too.

        A file has no time of its own here: without `start` it plays as if it were of now.

        Raises:
            StreamError: No connection; the message says why.
            StreamRefused: It is a file where a live stream was expected, or the other way round.
        """
        shown = masked(self.url)
        if not self.live:
            now = datetime.now(UTC)
            return OpenClip(
                self._clip,
                camera,
                shown=shown,
                real_pace=self.pace == "real",
                loop=self.loop,
                start=lambda length_s: start or now,
            )
        capture = self._capture(LIVE_OPTIONS)
        if capture.frame_count:
            capture.close()
            raise StreamRefused(
                f"{shown}: is a file, no live stream. Write `file: true` into its source in the site file, or download "
                "it and name its path."
            )
        # Motion JPEG carries no stamps: FFmpeg would count 25 a second, whatever really comes.
        return OpenCamera(capture, camera, shown, stamped=False)

    def _capture(self, options: dict[str, str]) -> Capture:
        capture = Capture.of_url(self.url, options, self.open_timeout_s, self.read_timeout_s)
        if capture is None:
            raise why_silent(self.url, self.open_timeout_s)
        return capture

    def _clip(self) -> tuple[Capture, Picture]:
        """The file and its first picture."""
        shown = masked(self.url)
        capture = self._capture({})
        if self.file is None and not capture.frame_count:
            capture.close()
            raise StreamRefused(
                f"{shown}: has the name of a file, but states no length. Write `file: true`, or `file: false` for a "
                "live stream, into its source in the site file."
            )
        first = capture.read()
        if first is not None:
            return capture, first
        capture.close()
        # Many files have their index at their end. A server that can't begin in the middle shows it only once
        # everything else has gone by.
        with downloaded(self.url, self.read_timeout_s) as content:
            whole = Capture.of_url(f"/dev/fd/{content.fileno()}", {})
        if whole is not None:
            first = whole.read()
            if first is not None:
                return whole, first
            whole.close()
        raise StreamRefused(f"{shown}: not a single picture can be decoded; is it cut off?")
