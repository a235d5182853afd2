"""Nursery: a small process that has imported all that a worker needs, and forks workers within milliseconds.

    this process ──── a worker's ends ────▶ nursery ──fork──▶ worker          shares the nursery's pages
                 ◀── fate: its id, how it ended ──┘              │
                 ◀──────────── channel, shared pictures ─────────┘

Forking this process would copy its threads' locks in whatever state they are; a fresh interpreter for each camera
would cost 0.4 s and tens of megabytes. The nursery has one thread and no camera. It ends when this process does,
however that ends, and its workers are killed with it.
"""

import ctypes
import gc
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from streams.errors import StreamError
from streams.shared_pictures import SharedPictures
from streams.worker import work

START_S = 20.0
"""How long a nursery may take to fork: the first time it has yet to import."""
FATE = struct.Struct("=q")
END_S = 2.0
BELLS_MAX = 4096
PR_SET_PDEATHSIG = 1


class Worker:
    """A process of a nursery, as seen from here.

    Attributes:
        channel: Where it says what happens; a message is a packet.
        pictures: What it writes pictures to.
        process: Its process id.
    """

    def __init__(self, channel: socket.socket, pictures: SharedPictures, fate: socket.socket, process: int) -> None:
        self.channel = channel
        self.pictures = pictures
        self.process = process
        self._fate = fate
        self._lock = threading.Lock()
        self._handle = -1
        # A handle of the process itself: its id may be another's as soon as it has ended.
        with suppress(OSError):
            self._handle = os.pidfd_open(process)

    def kill(self) -> None:
        """Ends it now, whatever it is doing. By any thread, also twice, and when it has ended."""
        with self._lock, suppress(ProcessLookupError):
            if self._handle >= 0:
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)
            elif self._fate.fileno() >= 0:  # a sandbox that knows no handles
                os.kill(self.process, signal.SIGKILL)

    def end(self) -> str:
        """Kills it and frees what belongs to it. May be called twice.

        Returns:
            How it ended, for people: "was killed by SIGSEGV".
        """
        self.kill()
        if self._fate.fileno() < 0:
            return "has ended"
        words = self._ending()
        self._fate.close()
        self.channel.close()
        self.pictures.close()
        with self._lock:
            if self._handle >= 0:
                os.close(self._handle)
                self._handle = -1
        return words

    def _ending(self) -> str:
        self._fate.settimeout(END_S)
        try:
            told = self._fate.recv(FATE.size)
        except TimeoutError:
            return "does not end"
        if len(told) < FATE.size:
            return "has ended with all others"
        code = os.waitstatus_to_exitcode(FATE.unpack(told)[0])
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"


class Nursery:
    """Starts workers. The process behind it is started with the first of them, and anew if it has died."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._link: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def fork(self) -> Worker:
        """A worker that waits for its order.

        Raises:
            StreamError: No process can be started: no memory, or too many processes.
        """
        channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        fate, told = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        pictures = SharedPictures.new()
        with theirs, told:
            sent = self._send([theirs.fileno(), pictures.handle, told.fileno()])
        fate.settimeout(START_S)
        try:
            process = fate.recv(FATE.size) if sent else b""
        except TimeoutError:
            process = b""
        if not process:
            for one in (channel, fate, pictures):
                one.close()
            raise StreamError("no process can be started to read it; is there memory left?")
        return Worker(channel, pictures, fate, FATE.unpack(process)[0])

    def close(self) -> None:
        """Ends the nursery and all its workers."""
        with self._lock:
            self._end()

    def _send(self, handles: list[int]) -> bool:
        """Hands a worker's ends to the nursery, to a new one where the old one has died."""
        with self._lock:
            for _ in range(2):
                link = self._link or self._start()
                try:
                    socket.send_fds(link, [b"fork"], handles)
                except OSError:
                    self._end()
                else:
                    return True
        return False

    def _start(self) -> socket.socket:
        self._link, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        paths = [str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
        # More threads would be forked in whatever state they are in.
        single = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(paths)}
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", "streams.nursery", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={**os.environ, **single},
            )
        return self._link

    def _end(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


# The nursery's own process.


def main(link: socket.socket) -> None:
    """Forks a worker for every packet, and tells how each ended, until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that we belong to
    rung, bell = socket.socketpair()
    for one in (rung, bell):
        one.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(bell.fileno())
    # Workers share these pages until somebody writes to them; the collector would.
    gc.collect()
    gc.freeze()
    fates: dict[int, socket.socket] = {}
    while True:
        ready = select.select([link, rung], [], [])[0]
        if rung in ready:
            rung.recv(BELLS_MAX)
            _reap(fates)
        if link in ready:
            word, handles, _, _ = socket.recv_fds(link, 16, 3)
            if not word:
                os._exit(0)
            _fork(handles, fates, [link, rung, bell])


def _fork(handles: list[int], fates: dict[int, socket.socket], ours: list[socket.socket]) -> None:
    channel, pictures = handles[:2]
    fate = socket.socket(fileno=handles[2])
    try:
        process = os.fork()
    except OSError:  # the other end sees that nothing came
        process = -1
    if process == 0:
        _die_with_parent()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for one in [fate, *fates.values(), *ours]:
            one.close()
        _run(lambda: work(socket.socket(fileno=channel), SharedPictures(pictures)))
    for handle in (channel, pictures):
        os.close(handle)
    if process < 0:
        fate.close()
        return
    fates[process] = fate
    fate.send(FATE.pack(process))


def _run(job: Callable[[], None]) -> None:
    """Does a worker's job and ends its process, without what the nursery would do at its own end."""
    code = 1
    try:
        job()
        code = 0
    finally:
        os._exit(code)


def _reap(fates: dict[int, socket.socket]) -> None:
    while fates:
        process, status = os.waitpid(-1, os.WNOHANG)
        if process == 0:
            return
        with fates.pop(process) as fate:
            try:
                fate.send(FATE.pack(status))
            except OSError:  # nobody wants to know any more
                continue


def _die_with_parent() -> None:
    """Asks the kernel to kill this process when the nursery ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
