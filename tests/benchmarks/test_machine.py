import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.errors import BenchError
from benchmarks.machine import (
    CpuTimes,
    System,
    clip_mark,
    cpu_seconds,
    describe,
    peak_rss_mb,
    rss_mb,
    workers_cpu_seconds,
    workers_mb,
)
from models.detectors.simulated import Simulated
from models.detectors.yolo import Yolo
from models.session import fingerprint
from tests.conftest import wait_until
from tests.models.exports import save, v8

linux = pytest.mark.skipif(not Path("/proc/stat").exists(), reason="the kernel's accounts are Linux's")


@linux
def test_the_machine_is_told_with_all_that_a_figure_depends_on(tmp_path: Path, clip: Path) -> None:
    model = save(tmp_path / "tiny.onnx", v8([(8, 8, 24, 24, 0.9, 0)], 1), names=["car"])
    system = describe(Yolo(model=str(model), provider="cpu"), clip, quick=True, command=["ngatu", "bench", "stages"])
    assert system.cpu
    assert system.cores >= 1
    assert system.provider == "cpu"
    assert system.model is not None
    assert system.model.sha256 == fingerprint(model)
    assert system.clip is not None
    assert system.clip.detail.startswith("320×180, 25 fps")
    assert {"ngatu", "numpy", "onnxruntime"} <= set(system.packages)
    assert system.command == "ngatu bench stages"
    assert system.quick


def test_a_simulator_has_neither_model_nor_provider() -> None:
    system = describe(Simulated(), None, quick=False)
    assert (system.provider, system.model, system.clip) == ("none", None, None)


def test_only_the_flags_that_matter_are_for_people(system: System) -> None:
    assert system.simd == "sse4_2 avx2 avx512f"


@pytest.mark.parametrize("content", [None, b"no video"])
def test_what_is_no_video_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "x.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BenchError, match="--clip"):
        clip_mark(path)


@linux
def test_stolen_time_is_a_share() -> None:
    steal = CpuTimes().steal
    assert steal is None or 0 <= steal <= 1


@linux
def test_the_memory_of_workers_is_that_of_children_and_theirs() -> None:
    before = workers_mb(os.getpid())
    hold = "held = bytearray(b'1') * 50_000_000; input()"
    inner = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {hold!r}])"
    with subprocess.Popen([sys.executable, "-c", inner], stdin=subprocess.PIPE) as process:
        wait_until(lambda: 50 < workers_mb(os.getpid()) - before < 90, 30, "a grandchild holds 50 MB")
        assert workers_mb(os.getpid(), {process.pid}) < before + 10, "but one, and what is below it"


@linux
def test_the_time_of_workers_is_also_that_of_those_that_ended() -> None:
    before = workers_cpu_seconds(os.getpid())
    works = "sum(range(20_000_000))"
    inner = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {works!r}]); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", inner], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert workers_cpu_seconds(os.getpid()) > before + 0.05
        assert workers_cpu_seconds(os.getpid(), {process.pid}) <= before + 0.05


def test_memory_and_time_of_processes() -> None:
    # In a process of its own: one that ran other tests has freed memory that it would only use again.
    script = (
        "import numpy as np; from benchmarks.machine import rss_mb; before = rss_mb(); "
        "ballast = np.ones(32 * 2**20, np.uint8); print(rss_mb() - before)"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert float(said) > 20
    assert rss_mb(os.getpid()) <= peak_rss_mb()
    process = subprocess.Popen([sys.executable, "-c", "sum(range(20_000_000)); input()"], stdin=subprocess.PIPE)
    with process:
        wait_until(lambda: cpu_seconds(process.pid) > 0.05, 30, "the process has worked")
        process.kill()
    assert cpu_seconds(process.pid) == 0
