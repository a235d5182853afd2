"""Settings: where this installation runs. What it watches stands in the site file instead."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from api.errors import ApiError

PREFIX = "NGATU_"


class Settings(BaseSettings):
    """Read from the environment (`port` is `NGATU_PORT`) by `read_settings`, once, and passed on."""

    # The database may be a URL with a password.
    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, hide_input_in_errors=True)

    database: str = Field(
        default="var/ngatu.db",
        min_length=1,
        repr=False,
        description="Path of the SQLite file, or a SQLAlchemy URL. Its folder is made if it is missing.",
    )
    host: str = Field(
        default="127.0.0.1",
        min_length=1,  # an empty one would mean every address of this machine
        description="Address to listen on. There are no accounts yet: keep it on this machine.",
    )
    port: int = Field(default=8200, ge=0, le=65535, description="TCP port to listen on; 0 takes a free one.")
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("127.0.0.1", "localhost", "[::1]"),
        description="Host names that requests may carry, separated by commas; `*` allows all. "
        "Others are refused, so that no foreign page reaches us by DNS rebinding.",
    )
    store_capacity: int = Field(
        default=100_000,
        ge=1,
        description="Events kept in memory while the database can't be written (about 1 kB each).",
    )
    recordings: str = Field(
        default="var/recordings", min_length=1, description="Folder of the recordings. It is made if it is missing."
    )
    recordings_days: float = Field(
        default=30.0, gt=0, description="Days that recordings are kept; those under a legal hold stay."
    )
    recordings_gb: float | None = Field(
        default=None,
        gt=0,
        description="Gigabytes (10⁹) that recordings may take; the oldest go first. Else four fifths of the disk.",
    )
    recordings_free_gb: float = Field(
        default=2.0,
        ge=0,
        description="Gigabytes that stay free on their disk: with less nothing is recorded, so that events still are.",
    )
    worker_memory_mb: float = Field(
        default=500.0,
        gt=50,
        description="Megabytes that the process which reads a camera may have for itself; one with more leaks, and is "
        "started again.",
    )
    references: str | None = Field(
        default=None,
        min_length=1,
        description="Folder of what each camera usually sees, kept for a restart; else beside the SQLite file.",
    )
    jpeg_quality: int = Field(default=80, ge=10, le=100, description="Quality of previews and snapshots.")
    live_viewers: int = Field(
        default=16, ge=1, description="Viewers that may watch the video of a camera at once; others get pictures."
    )
    heartbeat_s: float = Field(
        default=15.0, gt=0, description="Seconds between comments that keep an idle event stream open."
    )
    send_timeout_s: float = Field(
        default=30.0,
        gt=0,
        description="Seconds that a viewer may take none of our bytes before its stream is closed. "
        "A browser connects again by itself and goes on where it stopped.",
    )

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @property
    def database_url(self) -> str:
        """The database as a SQLAlchemy URL."""
        if "://" in self.database:
            return self.database
        return f"sqlite:///{Path(self.database)}"

    @property
    def references_folder(self) -> Path:
        """Where what each camera usually sees is kept: of one database beside it, so that two never mix."""
        if self.references is not None:
            return Path(self.references)
        return Path("var/references") if "://" in self.database else Path(self.database).with_suffix(".references")


def read_settings(**given: Any) -> Settings:
    """The settings of the environment.

    Args:
        given: Those that the command line decides instead, by the names of their fields.

    Raises:
        ApiError: Some make no sense; one line for each says which, why, and what was found (but no secret).
    """
    try:
        return Settings(**given)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False)
        raise ApiError("\n".join(_explained(fault, given) for fault in faults)) from None


def _explained(fault: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    field = str(fault["loc"][0])
    name = f"--{field}" if field in given else PREFIX + field.upper()
    found = "" if Settings.model_fields[field].repr is False else f", not {fault['input']!r}"
    return f"{name}: {fault['msg'][0].lower()}{fault['msg'][1:]}{found}"
