"""A network of two machines on this one: network namespaces and a cable between them. Nothing else hears of it."""

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
    made = _tried("netns", "add", name)
    if made.returncode:
        return f"network namespaces are not permitted here: {made.stderr.strip()}"
    tried = _tried("netns", "exec", name, "true")
    _tried("netns", "del", name)
    return f"network namespaces are not permitted here: {tried.stderr.strip()}" if tried.returncode else ""


@dataclass(frozen=True)
class Machine:
    """One of the two.

    Attributes:
        namespace: Name of its network namespace; empty for this machine as it is.
        interface: Name of its end of the cable.
    """

    namespace: str
    interface: str

    def command(self, *words: object) -> list[str]:
        """A command as it is run on that machine."""
        where = ["ip", "netns", "exec", self.namespace] if self.namespace else []
        return [*where, *map(str, words)]

    def plug(self) -> None:
        """Puts its end of the cable in."""
        self.ip("link", "set", self.interface, "up")

    def unplug(self) -> None:
        """Pulls its end of the cable out."""
        self.ip("link", "set", self.interface, "down")

    def ip(self, *words: str) -> None:
        """Changes its network."""
        _ip(*(["-n", self.namespace] if self.namespace else []), *words)


@contextmanager
def two_machines(ours: str, *theirs: str, apart: bool = True) -> Iterator[tuple[Machine, Machine]]:
    """Two machines and a cable.

    Args:
        ours: Address of the first, with the length of its prefix.
        theirs: Addresses of the second.
        apart: Whether the first is a namespace, too; else it is this machine as it is, with one interface more.
    """
    number = os.getpid()
    first = Machine(f"ngatu-a-{number}" if apart else "", f"nga{number}")
    second = Machine(f"ngatu-b-{number}", f"ngb{number}")
    namespaces = [machine.namespace for machine in (first, second) if machine.namespace]
    try:
        for namespace in namespaces:
            _ip("netns", "add", namespace)
        first.ip("link", "add", first.interface, "type", "veth",
                 "peer", "name", second.interface, "netns", second.namespace)  # fmt: skip
        for machine, addresses in ((first, [ours]), (second, theirs)):
            for address in addresses:
                machine.ip("address", "add", address, "dev", machine.interface)
            if machine.namespace:
                machine.ip("link", "set", "lo", "up")
            machine.plug()
        yield first, second
    finally:
        for namespace in namespaces:
            _tried("netns", "del", namespace)
        if not apart:  # the cable goes with a namespace only once nobody is left in it
            _tried("link", "del", first.interface)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)  # noqa: S603, S607 - our own words


def _tried(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["ip", *words], capture_output=True, text=True, check=False)  # noqa: S603, S607
