"""Record: which stream of a camera is recorded, and how much of it belongs to an event. The block of the site file."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from streams.address import checked


class Record(BaseModel):
    """The main stream of a camera, recorded as it comes."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: str = Field(
        repr=False,
        description="Main stream: `rtsp://USER:PASSWORD@HOST:PORT/PATH`. Keep the password in `${NAME}`.",
    )
    transport: Literal["tcp", "udp"] = Field(
        default="tcp", description="How pictures travel: `tcp` loses nothing; `udp` for cameras that know no other."
    )
    pre_roll_s: float = Field(default=10, ge=0, le=120, description="What is kept of before an event in its clip, s.")
    post_roll_s: float = Field(default=10, ge=0, le=120, description="What is kept of after an event in its clip, s.")

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        return checked(url, "rtsp", "rtsps")
