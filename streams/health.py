"""StreamHealth: how a camera's stream is doing, for people."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

StreamState = Literal["connecting", "live", "stalled", "lost", "refused", "ended"]
LOST_STATES: tuple[StreamState, ...] = ("stalled", "lost", "refused")
"""A live stream in one of these gives no pictures, after it did or should."""

HomeName = Literal["thread", "process"]
WorkerState = Literal["starting", "running", "stuck", "waiting", "restarting", "failed", "ended"]


class WorkerHealth(BaseModel):
    """Who reads a camera."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: HomeName = Field(
        default="thread",
        description="`process`: a process of its own, which can be killed; `thread`: one of this program.",
    )
    state: WorkerState = Field(
        default="starting",
        description="`starting`: it connects; `running`; `stuck`: it has not come back from a call for long, and will "
        "be given up; `waiting`: the camera is away, the next attempt is due; `restarting`: it hung, died or was "
        "killed, and is started again; `failed`: several hang, no more are started; `ended`.",
    )
    restarts: int = Field(default=0, description="How often it hung, died or was killed.", ge=0)
    process: int | None = Field(default=None, description="Id of its process; null where it has none.")
    memory_mb: float | None = Field(
        default=None, description="Memory of its process without shared files and pictures, MB; null where it has none."
    )


class Gap(BaseModel):
    """A time without pictures."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    began: datetime = Field(description="When the last picture before it was taken, UTC.")
    ended: datetime | None = Field(description="When the first picture after it was taken; null while it lasts.")
    reason: str = Field(description="Why, for people.")


class StreamHealth(BaseModel):
    """How a camera's stream is doing at one moment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    camera: str = Field(description="Id of the camera.")
    state: StreamState = Field(
        description="`connecting`: not one picture yet; `live`: pictures come; `stalled`: connected, but silent; "
        "`lost`: no connection, tried again; `refused`: the same, but somebody has to mend it (password, path); "
        "`ended`: the file is read to its end."
    )
    since: datetime = Field(description="When this state began, UTC.")
    reason: str = Field(description="Why, for people; empty while all is well. Never with a secret.")
    received: int = Field(description="Pictures decoded.", ge=0)
    dropped: int = Field(description="Pictures that a newer one replaced before they were looked at.", ge=0)
    fps: float = Field(description="Pictures a second over the last seconds.", ge=0)
    reconnects: int = Field(description="How often the stream came back.", ge=0)
    failures: int = Field(default=0, description="Attempts in a row that gave no picture.", ge=0)
    retry_in_s: float | None = Field(description="Seconds until the next attempt; null where none is due.")
    size: tuple[int, int] | None = Field(description="Width and height of the last picture, px.")
    captured_at: datetime | None = Field(description="When the last picture was taken, UTC.")
    expected_frames: int | None = Field(description="Pictures that the file holds; null for a live stream.")
    silent_s: float = Field(
        default=0.0,
        description="Seconds since the last picture, or since the start; the clock's settings are nothing to it.",
        ge=0,
    )
    worker: WorkerHealth = Field(default=WorkerHealth(), description="Who reads it.")
    gaps: tuple[Gap, ...] = Field(description="The latest times without pictures, oldest first.")
