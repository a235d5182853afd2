"""Stage: cameras that can fail, the engine that watches them, and the archive that records them.

    camera-1, camera-2     RTSP over TCP
    camera-3               RTSP over UDP: packets can be lost
    camera-4               on another machine, at the end of a cable; where network namespaces are permitted

Each is a process of its own and asks for a password by digest. The recordings lie on a small disk of their own, where
one can be mounted.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Literal

from api.archive import Archive, Limits
from api.recording_disk import Difference, check
from api.recording_index import RecordingIndex
from benchmarks import network
from benchmarks.drive import Watched, watched
from benchmarks.errors import BenchError
from benchmarks.network import Machine, two_machines
from benchmarks.scenarios import RtspServer, coded_street, site_of
from benchmarks.soak.footprint import Footprint
from benchmarks.soak.tape import Tape
from models.detector import DetectorConfig
from streams.health import StreamHealth
from streams.record import Record
from streams.sources.rtsp import RtspSource

FPS = 5.0
SIZE, OTHER_SIZE = (1280, 720), (640, 360)
USER, PASSWORD = "ngatu", "right"
CABLES = ip_network("198.18.0.0/15")
"""The network that RFC 2544 keeps for measurements: a cable is four addresses of it, another for each process."""
LOCAL = "127.0.0.1"
DISK_MB, FREE_MB = 64, 4
WARM_UP_S, RECORDED_S = 2.0, 60.0


class SoakCamera(RtspServer):
    """A camera in a process of its own, behind a password.

    Args:
        clip: What it sends.
        other: What it sends after a `turn`: the same in another resolution.
        fps: Pictures a second.
        transport: How its pictures travel.
        machine: Where it is; this machine when not given.
        address: Where it listens.
    """

    def __init__(
        self,
        clip: Path,
        other: Path,
        fps: float,
        transport: Literal["tcp", "udp"] = "tcp",
        machine: Machine | None = None,
        address: str = LOCAL,
    ) -> None:
        options = ["--fps", f"{fps:g}", "--other", str(other), "--auth", f"{USER}:{PASSWORD}", "--digest", "--lossy"]
        before = machine.command() if machine else []
        super().__init__({"street": clip}, *options, address=address, before=before)
        url = f"rtsp://{USER}:{PASSWORD}@{address}:{self.port}/street"
        self.source = RtspSource(url=url, transport=transport)
        self.record = Record(url=url, transport=transport)
        self.machine = machine
        self.turned = False

    def start(self, *options: str) -> None:
        """Starts it, in the resolution that it had last (see `RtspServer.start`)."""
        super().start(*options, *(["--turned"] if self.turned else []))

    def turn(self) -> None:
        """Changes its resolution; in the running stream, if it runs."""
        self.turned = not self.turned
        self.tell("turn")


@dataclass(frozen=True)
class Stage:
    """What faults happen to.

    Attributes:
        cameras: All, by name.
        watched: The engine.
        archive: What records them.
        index: What is recorded.
        disk: Folder of the recordings.
        no_cable: Why no camera is at the end of a cable; empty where one is.
        no_small_disk: Why the recordings have no disk of their own; empty where they have.
        tape: What is missing of the recordings.
        footprint: Memory and CPU time.
    """

    cameras: Mapping[str, SoakCamera]
    watched: Watched
    archive: Archive
    index: RecordingIndex
    disk: Path
    no_cable: str
    no_small_disk: str
    tape: Tape
    footprint: Footprint

    def health(self) -> dict[str, StreamHealth]:
        """How each camera is."""
        return self.watched.engine.health()

    def rest(self, seconds: float) -> None:
        """Lets time go by, and keeps looking."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.watched.engine.wait(min(left, 1.0))
            if self.footprint.look():
                self.tape.look()

    def recorded_by_all(self) -> bool:
        """Whether every camera is being recorded."""
        return all(one.state == "recording" for one in self.archive.state().recorders.values())

    def end(self) -> list[Difference]:
        """Ends the recording; whatever of it is not as the index says."""
        self.archive.stop()
        self.tape.look()
        return check(self.index, self.disk, read=True)


@contextmanager
def staged(detector: DetectorConfig, scratch: Path, segment_s: float) -> Iterator[Stage]:
    """Cameras that are all live and recorded.

    Args:
        detector: What looks at their pictures.
        scratch: Folder for files that nobody needs afterwards.
        segment_s: How long a segment of the recordings is.

    Raises:
        BenchError: A camera gives no picture, or is not recorded.
        SkippedCaseError: A camera does not start.
    """
    with ExitStack() as stack:
        clip = coded_street(scratch / "street.mp4", SIZE, FPS)
        other = coded_street(scratch / "other_street.mp4", OTHER_SIZE, FPS)
        ours, theirs = _ends_of_a_cable()
        machine, no_cable = stack.enter_context(_at_the_end_of_a_cable(ours, theirs))
        cameras = {
            "camera-1": SoakCamera(clip, other, FPS),
            "camera-2": SoakCamera(clip, other, FPS),
            "camera-3": SoakCamera(clip, other, FPS, "udp"),
        }
        if machine is not None:
            cameras["camera-4"] = SoakCamera(clip, other, FPS, machine=machine, address=theirs)
        for camera in cameras.values():
            stack.enter_context(camera)
        disk = scratch / "recordings"
        no_small_disk = stack.enter_context(_small_disk(disk))
        index = stack.enter_context(RecordingIndex.open(f"sqlite:///{scratch / 'soak.db'}"))
        site = site_of([camera.source for camera in cameras.values()], detector)
        one = stack.enter_context(watched(site, WARM_UP_S, notes=False))
        limits = Limits(age=timedelta(days=1), bytes=None, free=FREE_MB * 10**6)
        records = {name: camera.record for name, camera in cameras.items()}
        archive = Archive(records, disk, index, limits, segment_s=segment_s)
        stack.callback(archive.stop)
        archive.start()
        tape, footprint = Tape(index, list(cameras)), Footprint(lambda: {camera.process for camera in cameras.values()})
        stage = Stage(cameras, one, archive, index, disk, no_cable, no_small_disk, tape, footprint)
        until = time.monotonic() + RECORDED_S
        while not stage.recorded_by_all():
            if time.monotonic() > until:
                reasons = [f"{name}: {one.reason}" for name, one in archive.state().recorders.items()]
                raise BenchError(f"not recorded within {RECORDED_S:.0f} s: {'; '.join(reasons)}")
            stage.rest(0.1)
        yield stage


def _ends_of_a_cable() -> tuple[str, str]:
    """Addresses of its ends."""
    begin = int(CABLES.network_address) + 4 * (os.getpid() % (CABLES.num_addresses // 4))
    return str(ip_address(begin + 1)), str(ip_address(begin + 2))


@contextmanager
def _at_the_end_of_a_cable(ours: str, theirs: str) -> Iterator[tuple[Machine | None, str]]:
    """Another machine at the end of a cable; or why there is none."""
    if missing := network.missing():
        yield None, missing
        return
    with ExitStack() as stack:
        try:
            _, machine = stack.enter_context(two_machines(f"{ours}/30", f"{theirs}/30", apart=False))
        except subprocess.CalledProcessError as error:
            yield None, f"no cable can be laid here: {error.stderr.decode(errors='replace').strip()}"
        else:
            yield machine, ""


@contextmanager
def _small_disk(folder: Path) -> Iterator[str]:
    """Makes a folder a small disk of its own; yields why it is none, empty where it is."""
    folder.mkdir()
    if os.geteuid() or shutil.which("mount") is None:
        yield "a small disk needs root and the command mount"
        return
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    if mounted.returncode:
        yield f"no small disk can be mounted: {mounted.stderr.strip()}"
        return
    try:
        yield ""
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)  # noqa: S603, S607 - our own words
