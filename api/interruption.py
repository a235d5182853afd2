"""Interruption: Ctrl-C, and a request to end, in a form in which nothing is lost."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 130
"""Exit code of a command that was interrupted (contract)."""


class Interruption(BaseException):
    """Somebody pressed Ctrl-C, or the process was asked to end.

    Attributes:
        by: The signal.
    """

    def __init__(self, by: signal.Signals) -> None:
        super().__init__(by)
        self.by = by


@contextmanager
def interruptible() -> Iterator[None]:
    """Turns Ctrl-C and a request to end into `Interruption`, once: what follows must be able to finish."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise Interruption(signal.Signals(number))

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
