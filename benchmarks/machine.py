"""The machine that a result comes from: without it a figure means nothing."""

import os
import platform
import sys
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from benchmarks.errors import BenchError
from models.catalogue import find_model
from models.detector import Detector, DetectorConfig
from models.detectors.yolo import Yolo
from models.session import fingerprint, usable_cores
from streams.capture import Capture

PACKAGES = (
    "ngatu",
    "numpy",
    "opencv-python",
    "opencv-python-headless",
    "onnxruntime",
    "onnxruntime-openvino",
    "onnxruntime-gpu",
    "scipy",
    "pydantic",
)
SIMD = ("sse4", "avx", "amx", "fma", "f16c", "asimd", "sve", "i8mm", "bf16")


class FileMark(BaseModel):
    """A file by its content.

    What a result was measured with must be the very same bytes to be compared.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="Name of the file.")
    sha256: str = Field(description="Fingerprint of its content.")
    detail: str = Field(default="", description="What it is, for people.")


class System(BaseModel):
    """A machine, and how busy it was with other things."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cpu: str = Field(description="Model of the CPU.")
    cpu_flags: str = Field(description="Its flags as the kernel lists them.")
    cores: int = Field(description="Cores that this process may use.")
    memory_mb: int = Field(description="Memory of the machine, MB.")
    kernel: str = Field(description="Operating system and kernel.")
    python: str = Field(description="Version of Python.")
    packages: dict[str, str] = Field(description="Versions of what matters.")
    provider: str = Field(description="Execution provider that was really used; `none` where no model ran.")
    detector: str = Field(description="What really ran, for people.")
    model: FileMark | None = Field(description="The model file.")
    clip: FileMark | None = Field(description="The clip.")
    command: str = Field(description="The command line.")
    quick: bool = Field(description="Whether durations were cut short: good for a look, not for a decision.")
    began: datetime = Field(description="When the measurement began, UTC.")
    ended: datetime | None = Field(default=None, description="When it ended, UTC.")
    load_before: float = Field(description="Load average (1 min) before it began: 0 on a quiet machine.")
    steal: float | None = Field(
        default=None, description="Share of CPU time that the hypervisor gave to others while it lasted, 0..1."
    )

    @property
    def simd(self) -> str:
        """The flags that matter for a model."""
        return " ".join(flag for flag in self.cpu_flags.split() if flag.startswith(SIMD))

    def differences(self, other: "System") -> list[str]:
        """Why figures of another result say nothing about this one's; empty where they do."""
        ours, theirs = self._identity(), other._identity()
        return [f"{what}: {ours[what]} / {theirs[what]}" for what in ours if ours[what] != theirs[what]]

    def _identity(self) -> dict[str, str]:
        return {
            "CPU": self.cpu,
            "cores": str(self.cores),
            "provider": self.provider,
            "model": f"{self.model.name} {self.model.sha256[:12]}" if self.model else "none",
            "clip": f"{self.clip.name} {self.clip.sha256[:12]}" if self.clip else "none",
            "durations": "quick" if self.quick else "full",
        }


class CpuTimes:
    """The kernel's account of all cores, since this was made."""

    def __init__(self) -> None:
        self._before = _cpu_times()

    @property
    def steal(self) -> float | None:
        """Share of time that the hypervisor gave to others, 0..1; None where nobody counts it."""
        spent = [now - before for now, before in zip(_cpu_times(), self._before, strict=True)]
        # user nice system idle iowait irq softirq steal; what follows is counted in user and nice already.
        return spent[7] / total if len(spent) > 7 and (total := sum(spent[:8])) > 0 else None


def describe(detector: DetectorConfig, clip: Path | None, *, quick: bool, command: Sequence[str] = ()) -> System:
    """This machine as it is now.

    Args:
        detector: The detector that is measured. It is loaded, to see what it really runs on.
        clip: The clip that is measured with; None where pictures are computed.
        quick: Whether durations are cut short.
        command: The command line; this process's own when not given.

    Raises:
        ModelError: The detector can't be used.
        BenchError: The clip is no video.
    """
    loaded = detector.load()
    return System(
        cpu=_cpu_model(),
        cpu_flags=_cpu_field("flags", "Features"),
        cores=usable_cores(),
        memory_mb=_memory_mb(),
        kernel=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        packages=_versions(),
        provider=provider_of(loaded),
        detector=loaded.description,
        model=_model_mark(detector),
        clip=clip_mark(clip) if clip else None,
        command=" ".join(command or ["ngatu", *sys.argv[1:]]),
        quick=quick,
        began=datetime.now(UTC),
        load_before=round(os.getloadavg()[0], 2),
    )


def provider_of(detector: Detector) -> str:
    """The execution provider that a detector really uses; `none` where it runs no model."""
    return str(getattr(detector, "provider", "none"))


def clip_mark(clip: Path) -> FileMark:
    """A clip with its size and rate.

    Raises:
        BenchError: It is no video.
    """
    capture = Capture.of_url(str(clip.absolute()), {}) if clip.is_file() else None
    picture = capture.read() if capture else None
    if capture is None or picture is None:
        raise BenchError(f"{clip}: is no video that can be read; give another with --clip")
    rows, columns = picture.image.shape[:2]
    capture.close()
    return FileMark(
        name=clip.name,
        sha256=fingerprint(clip),
        detail=f"{columns}×{rows}, {capture.fps:.4g} fps, {capture.frame_count} pictures",
    )


def peak_rss_mb(process: int | None = None) -> float:
    """The most memory that a process has had at once, MB; this process when not given."""
    return _status_mb("VmHWM", process)


def rss_mb(process: int | None = None) -> float:
    """The memory that a process has now, MB."""
    return _status_mb("VmRSS", process)


def workers_mb(process: int, but: Collection[int] = ()) -> float:
    """The memory that the processes below one have now, MB; what several share is counted once (PSS).

    Args:
        process: The one.
        but: Processes that are not counted, nor what is below them.
    """
    total = 0.0
    for child in _descendants(process, but):
        try:
            lines = Path(f"/proc/{child}/smaps_rollup").read_text(encoding="utf-8").splitlines()
        except OSError:
            continue  # it has just ended
        total += sum(int(line.split()[1]) / 1000 for line in lines if line.startswith("Pss:"))
    return total


def workers_cpu_seconds(process: int, but: Collection[int] = ()) -> float:
    """CPU time that the processes below one have used so far, and those that ended below them, seconds.

    Args:
        process: The one.
        but: Processes that are not counted, nor what is below them.
    """
    return sum(_ticks(child, ended=True) for child in _descendants(process, but)) / os.sysconf("SC_CLK_TCK")


def _descendants(process: int, but: Collection[int]) -> list[int]:
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(folder.name))
    found, waiting = [], [process]
    while waiting:
        below = [child for child in children.get(waiting.pop(), []) if child not in but]
        found += below
        waiting += below
    return found


def cpu_seconds(process: int) -> float:
    """CPU time that a process has used so far, seconds; 0 where it is gone, or nobody counts."""
    return _ticks(process, ended=False) / os.sysconf("SC_CLK_TCK")


def _ticks(process: int, *, ended: bool) -> int:
    """CPU time of a process, with or without that of its children which have ended; 0 where it is gone."""
    try:
        # The name in brackets may hold blanks; user and system time are the 12th and 13th field after it, and those of
        # the children come next.
        fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0
    return sum(int(field) for field in fields[11 : 15 if ended else 13])


def _status_mb(field: str, process: int | None) -> float:
    for line in Path(f"/proc/{process or 'self'}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def _model_mark(detector: DetectorConfig) -> FileMark | None:
    if not isinstance(detector, Yolo):
        return None
    model = find_model(detector.model)
    return FileMark(name=model.name, sha256=fingerprint(model.path))


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _cpu_times() -> list[int]:
    try:
        return [int(ticks) for ticks in Path("/proc/stat").read_text(encoding="utf-8").splitlines()[0].split()[1:]]
    except OSError:  # not Linux
        return []


def _cpu_model() -> str:
    return _cpu_field("model name", "Model") or platform.processor() or platform.machine()


def _cpu_field(*names: str) -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:  # not Linux
        return ""
    fields = [(key.strip(), value.strip()) for key, _, value in (line.partition(":") for line in text.splitlines())]
    return next((value for name in names for key, value in fields if key == name), "")


def _memory_mb() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
