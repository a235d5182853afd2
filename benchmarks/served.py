"""`ngatu serve` as a process of its own, for suites that measure the whole program."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.errors import BenchError
from benchmarks.scenarios import free_port
from benchmarks.suite import ROOT

START_S, LOOK_S = 60.0, 0.2


@contextmanager
def served(site: Mapping[str, Any], scratch: Path, name: str) -> Iterator[tuple[int, str]]:
    """Serves a site until the block ends.

    Args:
        site: What would stand in the site file.
        scratch: Folder for its files.
        name: What they are called.

    Yields:
        The process's id, and the address of its API.
    """
    path = scratch / f"{name}.yaml"
    path.write_text(json.dumps(site), encoding="utf-8")  # JSON is YAML
    port = free_port()
    own = {"NGATU_DATABASE": str(scratch / f"{name}.db"), "PYTHONPATH": str(ROOT)}
    with (scratch / "serve.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "api", "serve", "--site", str(path), "--port", str(port)],
            stdout=log,
            stderr=log,
            cwd=scratch,
            env=os.environ | own,
        )
    address = f"http://127.0.0.1:{port}/api/v1"
    try:
        _wait(process, address, [camera["id"] for camera in site["cameras"]], scratch)
        yield process.pid, address
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def got(url: str) -> bytes:
    """What an address answers; empty while it does not."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own server
            content: bytes = answer.read()
            return content
    except (urllib.error.URLError, OSError):
        return b""


def _wait(process: "subprocess.Popen[bytes]", address: str, cameras: Sequence[str], scratch: Path) -> None:
    """Waits until there is a picture of each camera."""
    until = time.monotonic() + START_S
    while not all(got(f"{address}/cameras/{name}/snapshot.jpg") for name in cameras):
        if process.poll() is not None or time.monotonic() > until:
            raise BenchError(f"`ngatu serve` gives no pictures; see {scratch / 'serve.log'}")
        time.sleep(LOOK_S)
