"""Every way to fail: how it begins, how it ends, and by what one sees that it is noticed and over."""

import os
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import ClassVar

from benchmarks.errors import SkippedCaseError
from benchmarks.soak.refuser import Refuser
from benchmarks.soak.stage import USER, SoakCamera, Stage
from streams.health import StreamHealth

NOTICED_S = 5.0
UNDER_WAY_S = 0.05
"""A picture that was under way when a fault ended may still come out; it does not count as back."""
LOSS = 0.02
BLOCK = bytes(4096)
PLAIN = ("camera-1", "camera-2")
BY_UDP, BY_CABLE = "camera-3", "camera-4"


class Fault(ABC):
    """One way to fail.

    Attributes:
        name: What people read.
        lasts: For how long, in the measure of the soak; 0: it is over at once, and what follows from it mends itself.
        noticed_within_s: By when it must be noticed; None: it is too short or too slight for that.
        breaks: Whether its camera is without pictures then, and has to come back. Else it has to go on, and not even
            the connection may be lost.
    """

    name: ClassVar[str]
    lasts: ClassVar[float] = 1.0
    noticed_within_s: ClassVar[float | None] = NOTICED_S
    breaks: ClassVar[bool] = True

    def victim(self, stage: Stage, turn: int) -> str:
        """The camera that it happens to this time; empty: none in particular.

        Raises:
            SkippedCaseError: It can't happen on this machine.
        """
        return PLAIN[turn % len(PLAIN)]

    @abstractmethod
    def begin(self, stage: Stage, victim: str) -> None:
        """Has it happen."""

    def end(self, stage: Stage, victim: str) -> None:  # noqa: B027 - of a moment there is nothing to end
        """Ends it, where it lasts."""

    def noticed(self, stage: Stage, victim: str) -> bool:
        """Whether somebody who looks is told of it."""
        return stage.health()[victim].state != "live"

    def over(self, stage: Stage, victim: str, before: StreamHealth | None, since: float) -> bool:
        """Whether all is well again.

        Args:
            stage: Where it happened.
            victim: To whom.
            before: How that camera was before it.
            since: When it ended (`time.monotonic`).
        """
        assert before is not None
        now = stage.health()[victim]
        if now.state != "live":
            return False
        if self.lasts:
            return time.monotonic() - now.silent_s > since + UNDER_WAY_S
        return now.reconnects > before.reconnects

    def further(self) -> Mapping[str, float]:
        """What else is to be told of the last time, by its name; counts."""
        return {}


class CameraFault(Fault):
    """Something that happens to a camera alone."""

    def begin(self, stage: Stage, victim: str) -> None:
        """Has it happen (see `Fault.begin`)."""
        self.fail(stage.cameras[victim])

    def end(self, stage: Stage, victim: str) -> None:
        """Ends it (see `Fault.end`)."""
        self.mend(stage.cameras[victim])

    @abstractmethod
    def fail(self, camera: SoakCamera) -> None:
        """Has it happen to this camera."""

    def mend(self, camera: SoakCamera) -> None:
        """Ends it, where it lasts."""


class Killed(CameraFault):
    """Its power is cut, and comes back later."""

    name = "camera killed"

    def fail(self, camera: SoakCamera) -> None:
        """Cuts it."""
        camera.kill()

    def mend(self, camera: SoakCamera) -> None:
        """Gives it back."""
        camera.start()


class RestartedAtOnce(CameraFault):
    """It restarts by itself."""

    name = "camera restarted at once"
    lasts = 0.0
    noticed_within_s = None

    def fail(self, camera: SoakCamera) -> None:
        """Restarts it."""
        camera.kill()
        camera.start()


class Hangs(CameraFault):
    """It is connected and says nothing."""

    name = "camera hangs"

    def fail(self, camera: SoakCamera) -> None:
        """Stops it where it stands."""
        camera.freeze()

    def mend(self, camera: SoakCamera) -> None:
        """Lets it go on."""
        camera.thaw()


class WrongPassword(CameraFault):
    """Somebody gives it another password, and takes that back."""

    name = "password changed"

    def fail(self, camera: SoakCamera) -> None:
        """It restarts with another password."""
        camera.kill()
        camera.start("--auth", f"{USER}:another")

    def mend(self, camera: SoakCamera) -> None:
        """It restarts with the right one."""
        camera.kill()
        camera.start()


class RefusesAll(CameraFault):
    """It answers 401 to everybody, whatever they say: it has locked us out, or its list of users is gone."""

    name = "camera answers 401 to all"
    lasts = 2.0

    def __init__(self) -> None:
        self._refuser: Refuser | None = None
        self._shown = 0

    def fail(self, camera: SoakCamera) -> None:
        """Somebody else answers in its place."""
        camera.kill()
        self._refuser = Refuser(camera.address, camera.port)

    def mend(self, camera: SoakCamera) -> None:
        """It answers itself again."""
        assert self._refuser is not None
        self._refuser.close()
        self._shown = self._refuser.passwords_shown
        camera.start()

    def further(self) -> Mapping[str, float]:
        """How often it was asked."""
        return {"passwords shown by reader and recorder": self._shown}


class ResolutionChanges(CameraFault):
    """Its resolution is changed, and changed back, in the running stream."""

    name = "resolution changed in the stream"
    noticed_within_s = None
    breaks = False

    def fail(self, camera: SoakCamera) -> None:
        """Changes it."""
        camera.turn()

    def mend(self, camera: SoakCamera) -> None:
        """Changes it back."""
        camera.turn()


class ComesBackDifferent(CameraFault):
    """It restarts in another resolution."""

    name = "camera restarted in another resolution"
    lasts = 0.0
    noticed_within_s = None

    def fail(self, camera: SoakCamera) -> None:
        """Restarts it."""
        camera.kill()
        camera.turn()
        camera.start()

    def over(self, stage: Stage, victim: str, before: StreamHealth | None, since: float) -> bool:
        """Whether it is back, and really different."""
        assert before is not None
        return super().over(stage, victim, before, since) and stage.health()[victim].size != before.size


class LosesPackets(CameraFault):
    """One RTP packet in fifty is lost, of a camera that sends by UDP."""

    name = f"{LOSS:.0%} of the packets lost"
    lasts = 2.0
    noticed_within_s = None
    breaks = False

    def victim(self, stage: Stage, turn: int) -> str:
        """The camera that sends by UDP."""
        return BY_UDP

    def fail(self, camera: SoakCamera) -> None:
        """Packets are lost from now on."""
        camera.tell(f"loss {LOSS:g}")

    def mend(self, camera: SoakCamera) -> None:
        """None is lost any more."""
        camera.tell("loss 0")


class CablePulled(CameraFault):
    """Its cable is pulled out and put back."""

    name = "cable pulled"

    def victim(self, stage: Stage, turn: int) -> str:
        """The camera at the end of the cable."""
        if stage.no_cable:
            raise SkippedCaseError(stage.no_cable)
        return BY_CABLE

    def fail(self, camera: SoakCamera) -> None:
        """Pulls it out, at the camera."""
        assert camera.machine is not None
        camera.machine.unplug()

    def mend(self, camera: SoakCamera) -> None:
        """Puts it back."""
        assert camera.machine is not None
        camera.machine.plug()


class WorkerKilled(Fault):
    """The process that reads it is killed, by the system for want of memory or by a crash in the decoder."""

    name = "worker killed"
    lasts = 0.0
    noticed_within_s: ClassVar[float | None] = None
    sent = signal.SIGKILL

    def begin(self, stage: Stage, victim: str) -> None:
        """Sends the signal.

        Raises:
            SkippedCaseError: The camera has no such process.
        """
        process = stage.health()[victim].worker.process
        if process is None:
            raise SkippedCaseError("on this system cameras are read in threads of the program")
        os.kill(process, self.sent)


class WorkerStopped(WorkerKilled):
    """The process that reads it hangs: it is watched from outside, and killed."""

    name = "worker hangs"
    noticed_within_s = NOTICED_S
    sent = signal.SIGSTOP


class DiskFull(Fault):
    """Somebody fills the disk of the recordings to its last byte, and makes room later."""

    name = "disk full"

    def victim(self, stage: Stage, turn: int) -> str:
        """None: all are recorded on it.

        Raises:
            SkippedCaseError: They have no disk of their own.
        """
        if stage.no_small_disk:
            raise SkippedCaseError(stage.no_small_disk)
        return ""

    def begin(self, stage: Stage, victim: str) -> None:
        """Fills it."""
        with (stage.disk / "ballast").open("wb", buffering=0) as ballast, suppress(OSError):
            while True:
                ballast.write(BLOCK)

    def end(self, stage: Stage, victim: str) -> None:
        """Makes room."""
        (stage.disk / "ballast").unlink()

    def noticed(self, stage: Stage, victim: str) -> bool:
        """Whether the archive, or each recorder, says that nothing is recorded."""
        state = stage.archive.state()
        return bool(state.stopped) or all(one.state == "stopped" for one in state.recorders.values())

    def over(self, stage: Stage, victim: str, before: StreamHealth | None, since: float) -> bool:
        """Whether all are recorded again."""
        return stage.recorded_by_all()


FAULTS: Sequence[type[Fault]] = (
    Killed,
    RestartedAtOnce,
    Hangs,
    WrongPassword,
    RefusesAll,
    ResolutionChanges,
    ComesBackDifferent,
    LosesPackets,
    CablePulled,
    WorkerKilled,
    WorkerStopped,
    DiskFull,
)
"""In the order in which they happen."""
