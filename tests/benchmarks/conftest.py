from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.machine import FileMark, System
from benchmarks.suite import Plan
from models.detectors.simulated import Simulated


@pytest.fixture
def system() -> System:
    return System(
        cpu="Some CPU",
        cpu_flags="fpu sse4_2 avx2 avx512f",
        cores=2,
        memory_mb=16000,
        kernel="Linux 6.1",
        python="3.11.2",
        packages={"onnxruntime": "1.32.0"},
        provider="cpu",
        detector="street-n: YOLO",
        model=FileMark(name="street-n", sha256="a" * 64),
        clip=FileMark(name="road.mp4", sha256="b" * 64, detail="640×352, 24 fps"),
        command="ngatu bench",
        quick=False,
        began=datetime(2026, 11, 24, 6, tzinfo=UTC),
        load_before=0.1,
        steal=0.002,
    )


@pytest.fixture
def synthetic(tmp_path: Path) -> Callable[..., Plan]:
    """Quick plans without model and clip, for machines that have nothing."""

    def plan(**more: object) -> Plan:
        known = {"detector": Simulated(), "clip": None, "shared": tmp_path / "nothing", "scratch": tmp_path}
        return Plan(**(known | {"feed": "synthetic", "quick": True} | more))  # type: ignore[arg-type]

    return plan
