"""`ngatu serve` and `ngatu demo` as a process of its own, for tests that talk to it over HTTP."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from benchmarks.scenarios import free_port

ROOT = Path(__file__).parents[2]
EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 0, signal.SIGKILL: -signal.SIGKILL}


class Served:
    """A server that runs."""

    def __init__(self, port: int, process: "subprocess.Popen[str]") -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.process = process
        self._client = httpx.Client(base_url=self.url, timeout=10)

    def get(self, path: str, **query: Any) -> Any:
        answer = self._client.get(path, params=query)
        answer.raise_for_status()
        return answer.json()

    def camera(self, name: str) -> Any:
        return self.get(f"/api/v1/cameras/{name}")

    def events(self, **query: Any) -> list[Any]:
        items: list[Any] = self.get("/api/v1/events", limit=200, **query)["items"]
        return items

    def until(self, condition: Callable[[], object], within_s: float, what: str) -> float:
        """Waits for a condition; returns how long that took."""
        began = time.monotonic()
        while not condition():
            assert self.process.poll() is None, "the server has ended"
            if time.monotonic() - began > within_s:
                pytest.fail(f"not within {within_s:g} s: {what}")
            time.sleep(0.1)
        return time.monotonic() - began

    @property
    def rss_mb(self) -> float:
        return float(psutil.Process(self.process.pid).memory_info().rss) / 1e6

    def close(self) -> None:
        self._client.close()


@contextmanager
def serving(
    folder: Path, *words: object, stopped_by: signal.Signals = signal.SIGINT, exit_code: int | None = None
) -> Iterator[Served]:
    """Runs `ngatu WORDS --port …` until the block ends; it must then stop by the signal, with its exit code."""
    port = free_port()
    log = (folder / "server.log").open("w+")
    process = subprocess.Popen(
        [sys.executable, "-m", "api", *map(str, words), "--port", str(port)],
        cwd=ROOT,
        env=os.environ | {"NGATU_DATABASE": str(folder / "ngatu.db"), "PYTHONUNBUFFERED": "1"},
        stdout=log,
        stderr=subprocess.STDOUT,
        text=True,
    )
    served = Served(port, process)
    try:
        served.until(lambda: _answers(served), 60, "the server answers")
        yield served
        process.send_signal(stopped_by)
        assert process.wait(30) == (exit_code or EXIT_CODES[stopped_by]), (folder / "server.log").read_text()
    finally:
        served.close()
        process.kill()
        process.wait()
        log.close()
    said = (folder / "server.log").read_text()
    assert "Traceback" not in said, said


def _answers(served: Served) -> bool:
    try:
        served.get("/api/v1/site")
    except httpx.TransportError:
        return False
    return True
