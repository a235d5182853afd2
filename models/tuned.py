"""What `ngatu models tune` found: how a model runs fastest on a machine.

It stands in `tuned.json` in the user's folder of models, by CPU model with its number of cores and by the sha256 of
the model's file.
"""

import json
import platform
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from models.catalogue import Model, added, user_folder, write_whole
from models.session import Provider, usable_cores


class Way(BaseModel):
    """A way to run a model, and how fast it was."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(description="Name or file of the model: as it is, or its quantized form.")
    sha256: str = Field(description="Fingerprint of that model's file.")
    provider: Provider = Field(description="Execution provider of ONNX Runtime.")
    threads: int = Field(ge=1, description="CPU threads of one run.")
    workers: int = Field(ge=1, description="Runs at the same time.")
    fps: float = Field(gt=0, description="Pictures a second, median.")

    def __str__(self) -> str:
        return f"{self.fps:.1f} pictures/s: {self.model} on {self.provider}, {self.workers} × {self.threads} threads"


class Tuned(BaseModel):
    """The best ways to run a model on a machine."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    one: Way = Field(description="For one camera: one run at a time.")
    many: Way = Field(description="For many cameras: the greatest sum.")


_Memory = dict[str, dict[str, Tuned]]
_memory = TypeAdapter(_Memory)


@cache
def host() -> str:
    """The machine as far as speed goes: CPU model and the number of cores that this process may use."""
    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), name)
    except OSError:  # no Linux
        pass
    return f"{name}, {usable_cores()} cores"


def tuned(model: Model, machine: str | None = None) -> Tuned | None:
    """What was found for a model on a machine, by default this one; None where it was not tuned.

    What was found with a quantized form that is not there any more counts as not found.
    """
    found = _remembered().get(machine or host(), {}).get(model.sha256)
    if found is None or not all(_there(way, model) for way in (found.one, found.many)):
        return None
    return found


def remember(model: Model, found: Tuned) -> Path:
    """Writes down what was found for a model on this machine; returns the file."""
    memory = _remembered()
    memory.setdefault(host(), {})[model.sha256] = found
    path = user_folder() / "tuned.json"
    write_whole(path, (json.dumps(_memory.dump_python(memory, mode="json"), indent=2) + "\n").encode())
    return path


def _remembered() -> _Memory:
    try:
        return _memory.validate_json((user_folder() / "tuned.json").read_bytes())
    except (OSError, ValidationError):
        return {}  # it only makes things faster: without it, or with one of another version, the defaults count


def _there(way: Way, model: Model) -> bool:
    if way.sha256 == model.sha256:
        return True
    entry = added().get(way.model)
    return entry is not None and entry.sha256 == way.sha256 and (user_folder() / entry.file).is_file()
