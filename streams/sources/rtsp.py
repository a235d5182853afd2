"""A network camera by RTSP."""

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field, field_validator

from streams.address import checked, masked, why_silent
from streams.camera import OpenCamera
from streams.capture import LIVE_OPTIONS, Capture
from streams.source import OpenSource, Source


class RtspSource(Source):
    """A camera's H.264 or H.265 stream by RTSP."""

    model_config = ConfigDict(hide_input_in_errors=True)

    kind: Literal["rtsp"] = Field(default="rtsp", description="Sort of source.")
    url: str = Field(
        repr=False, description="Address: `rtsp://USER:PASSWORD@HOST:PORT/PATH`. Keep the password in `${NAME}`."
    )
    transport: Literal["tcp", "udp"] = Field(
        default="tcp", description="How pictures travel: `tcp` loses nothing; `udp` for cameras that know no other."
    )
    open_timeout_s: float = Field(default=5, gt=0, le=20, description="How long to wait for a connection, s.")
    read_timeout_s: float = Field(default=4, gt=0, le=10, description="How long to wait for a picture, s.")

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        return checked(url, "rtsp", "rtsps")

    @property
    def foreign(self) -> bool:
        """A camera sends what it likes."""
        return True

    def open(self, camera: str, start: datetime | None = None) -> OpenSource:
        """Connects.

        Raises:
            StreamError: No connection; the message says why.
        """
        options = {**LIVE_OPTIONS, "rtsp_transport": self.transport}
        capture = Capture.of_url(self.url, options, self.open_timeout_s, self.read_timeout_s)
        if capture is None:
            raise why_silent(self.url, self.open_timeout_s)
        return OpenCamera(capture, camera, masked(self.url), stamped=True)
