"""A camera of this machine."""

from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import Field

from streams.camera import OpenCamera
from streams.capture import Capture
from streams.errors import StreamError
from streams.source import OpenSource, Source


class WebcamSource(Source):
    """A camera that is built into or plugged into this machine."""

    kind: Literal["webcam"] = Field(default="webcam", description="Sort of source.")
    device: int = Field(default=0, ge=0, description="Number of the camera; the first is 0.")

    @property
    def foreign(self) -> bool:
        """Drivers hang."""
        return True

    def open(self, camera: str, start: datetime | None = None) -> OpenSource:
        """Opens the camera.

        Raises:
            StreamError: There is no such camera, or another program has it.
        """
        capture = Capture.of_webcam(self.device)
        if capture is None:
            there = ", ".join(sorted(str(path) for path in Path("/dev").glob("video*"))) or "none"
            raise StreamError(f"no camera webcam:{self.device}, or another program uses it (there are: {there})")
        return OpenCamera(capture, camera, f"webcam:{self.device}", stamped=False)
