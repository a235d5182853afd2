"""Session: a thread that holds a connection to a main stream, as those see it who look after it."""

import threading
import time

HANG_S = 60.0
"""Beyond all time-outs of a connection: the thread hangs in C code."""
HUNG_MAX = 3
"""So many threads of one camera may hang; then no new one is started until one returns."""


class Session:
    """A thread, the moment (monotonic) of its last sign of life, and whether it has ended."""

    def __init__(self) -> None:
        self.beat = time.monotonic()
        self.thread: threading.Thread | None = None
        self.over = False
