"""A live stream by HTTP."""

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field, field_validator

from streams.address import checked, masked, why_silent
from streams.camera import OpenCamera
from streams.capture import LIVE_OPTIONS, Capture
from streams.errors import StreamRefused
from streams.source import OpenSource, Source


class HttpSource(Source):
    """Motion JPEG, or another live stream, by HTTP or HTTPS."""

    model_config = ConfigDict(hide_input_in_errors=True)

    kind: Literal["http"] = Field(default="http", description="Sort of source.")
    url: str = Field(
        repr=False, description="Address: `http://USER:PASSWORD@HOST/PATH`. Keep the password in `${NAME}`."
    )
    open_timeout_s: float = Field(default=5, gt=0, le=20, description="How long to wait for a connection, s.")
    read_timeout_s: float = Field(default=4, gt=0, le=10, description="How long to wait for a picture, s.")

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        return checked(url, "http", "https")

    def open(self, camera: str, start: datetime | None = None) -> OpenSource:
        """Connects.

        Raises:
            StreamError: No connection; the message says why.
            StreamRefused: It is a file, which has no time of its own.
        """
        capture = Capture.of_url(self.url, LIVE_OPTIONS, self.open_timeout_s, self.read_timeout_s)
        if capture is None:
            raise why_silent(self.url, self.open_timeout_s)
        if capture.frame_count:
            capture.close()
            raise StreamRefused(f"{masked(self.url)}: is a file, no live stream. Download it and name its path.")
        # Motion JPEG carries no stamps: FFmpeg would count 25 a second, whatever really comes.
        return OpenCamera(capture, camera, masked(self.url), stamped=False)
