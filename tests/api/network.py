"""A network of two machines on this one: two network namespaces and a cable between them. Nothing else hears of it."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


def missing() -> str:
    """Why there can be no such network here; empty where there can."""
    if shutil.which("ip") is None:
        return "network namespaces need the command ip (package iproute2)"
    name = f"ngatu-try-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if made.returncode:
        return f"network namespaces are not permitted here: {made.stderr.strip()}"
    tried = subprocess.run(["ip", "netns", "exec", name, "true"], capture_output=True, text=True, check=False)
    _ip("netns", "del", name)
    return f"network namespaces are not permitted here: {tried.stderr.strip()}" if tried.returncode else ""


@dataclass(frozen=True)
class Machine:
    """One of the two.

    Attributes:
        namespace: Name of its network namespace.
        interface: Name of its end of the cable.
    """

    namespace: str
    interface: str

    def command(self, *words: object) -> list[str]:
        """A command as it is run on that machine."""
        return ["ip", "netns", "exec", self.namespace, *map(str, words)]


@contextmanager
def two_machines(ours: str, *theirs: str) -> Iterator[tuple[Machine, Machine]]:
    """Two machines and a cable.

    Args:
        ours: Address of the first, with the length of its prefix.
        theirs: Addresses of the second.
    """
    number = os.getpid()
    first, second = Machine(f"ngatu-a-{number}", f"nga{number}"), Machine(f"ngatu-b-{number}", f"ngb{number}")
    try:
        for machine in (first, second):
            _ip("netns", "add", machine.namespace)
        _ip("link", "add", first.interface, "netns", first.namespace, "type", "veth",
            "peer", "name", second.interface, "netns", second.namespace)  # fmt: skip
        for machine, addresses in ((first, [ours]), (second, theirs)):
            for address in addresses:
                _ip("-n", machine.namespace, "address", "add", address, "dev", machine.interface)
            for interface in ("lo", machine.interface):
                _ip("-n", machine.namespace, "link", "set", interface, "up")
        yield first, second
    finally:
        for machine in (first, second):
            subprocess.run(["ip", "netns", "del", machine.namespace], capture_output=True, check=False)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
