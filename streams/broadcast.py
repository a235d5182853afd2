"""Broadcast: the coded pictures of one camera, for any number of viewers.

    the camera's thread ── put() ──▶ fragments since a key picture ◀── after() ── a viewer, when it likes
                             │
                             └──▶ pictures since the last key picture, for the first viewer to come

A viewer has no queue of its own: it remembers the last fragment that it took, and asks for what came after. One that
falls behind goes on with the newest key picture. So a slow viewer costs nothing, and nobody waits for it.
"""

import threading
from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Literal, NamedTuple

from av.error import FFmpegError

from streams.fragments import Fragment, Fragmenter, KeptPicture
from streams.main_stream import CodedPicture, MainStream

BEHIND_S = 3.0
"""A viewer may be so far behind before it goes on with a newer key picture."""
BroadcastState = Literal["connecting", "live", "lost", "refused"]


class Told(NamedTuple):
    """How a broadcast is doing.

    Attributes:
        state: `connecting`: no picture yet; `live`; `lost`: tried again; `refused`: somebody has to mend it.
        reason: Why, for people; empty while all is well. Never with a secret.
    """

    state: BroadcastState
    reason: str


class Broadcast:
    """The coded pictures of one camera. Safe to be used from every thread.

    Args:
        on_news: Called when there is something new for viewers, in the camera's thread; must not block.

    Attributes:
        recorded: Whether a recorder has, or tries for, a connection to the camera, so that nobody else needs one.
    """

    def __init__(self, on_news: Callable[[], None] = lambda: None) -> None:
        self.recorded = False
        self._on_news = on_news
        self._lock = threading.Lock()
        self._told = Told("connecting", "")
        self._viewers = 0
        self._skipped = 0
        # Of the connection that pictures come from now.
        self._stream: MainStream | None = None
        self._group: list[KeptPicture] = []
        self._muxer: Fragmenter | None = None
        self._fragments: deque[Fragment] = deque()
        self._number = 0

    # Viewers.

    @property
    def viewers(self) -> int:
        """How many watch now."""
        return self._viewers

    @property
    def skipped(self) -> int:
        """Fragments that viewers who were too slow have left out, since the start."""
        return self._skipped

    @property
    def told(self) -> Told:
        """How it is doing now."""
        return self._told

    def join(self, most: int) -> bool:
        """A viewer comes; says whether there is room for it.

        Args:
            most: So many may watch at once.
        """
        with self._lock:
            if self._viewers >= most:
                return False
            self._viewers += 1
            return True

    def leave(self) -> None:
        """A viewer goes."""
        with self._lock:
            self._viewers -= 1

    def after(self, last: Fragment | None) -> list[Fragment]:
        """What a viewer sees next.

        Args:
            last: The last fragment that it took; None for one that has just come.

        Returns:
            Fragments in order, perhaps none. They begin with a key picture where they do not follow upon `last`.
        """
        with self._lock:
            kept = self._fragments
            if not kept or (last is None and self._told.state != "live"):
                return []
            if last is not None and last.video is kept[-1].video:
                place = last.number + 1 - kept[0].number
                if place >= 0:
                    return list(islice(kept, place, None))
            place = max(number for number, one in enumerate(kept) if one.key)
            if last is not None and last.video is kept[-1].video:
                self._skipped += kept[place].number - last.number - 1
            return list(islice(kept, place, None))

    # The camera's thread.

    def put(self, stream: MainStream, picture: CodedPicture) -> None:
        """Takes in a picture; copies it, so that whoever else has it may do with it what he wants.

        Args:
            stream: The connection that it comes from; its first picture is a key picture.
            picture: The picture.
        """
        kept = KeptPicture.of(picture)
        with self._lock:
            if stream is not self._stream:
                self._end()
                self._stream = stream
            if kept.key:
                self._group = []
            elif not self._group:
                return  # what comes before a key picture is of no use
            self._group.append(kept)
            self._told = Told("live", "")
            self._mux(stream, kept)
        self._on_news()

    def lost(self, reason: str, *, refused: bool = False) -> None:
        """The connection has ended, or there is none.

        Args:
            reason: Why, for people.
            refused: Whether somebody has to mend it.
        """
        with self._lock:
            self._end()
            self._told = Told("refused" if refused else "lost", reason)
        self._on_news()

    def rest(self) -> None:
        """There is no connection because nobody watches."""
        with self._lock:
            self._end()
            self._fragments.clear()
            self._told = Told("connecting", "")

    # Under the lock.

    def _mux(self, stream: MainStream, picture: KeptPicture) -> None:
        """Makes fragments while somebody watches; the first viewer gets what came since the key picture as well."""
        if not self._viewers:
            self._close_muxer()
            self._fragments.clear()
            return
        try:
            if self._muxer is not None:
                self._keep(self._muxer.put(picture, self._number + 1))
                return
            self._muxer = Fragmenter(stream.video, stream.parameters.all, self._group[0])
            self._fragments.clear()
            for one in self._group:
                self._keep(self._muxer.put(one, self._number + 1))
        except (FFmpegError, ValueError):
            # A picture that no MP4 takes. Whoever records has its own trouble with it; viewers go on with the next
            # key picture.
            self._muxer = None
            self._group = []

    def _keep(self, fragment: Fragment | None) -> None:
        if fragment is None:
            return
        self._number = fragment.number
        self._fragments.append(fragment)
        if not fragment.key:
            return
        # All from one key picture on, so many seconds at least.
        keys = [number for number, one in enumerate(self._fragments) if one.key]
        old = [number for number in keys if fragment.arrived_s - self._fragments[number].arrived_s >= BEHIND_S]
        for _ in range(old[-1] if old else 0):
            self._fragments.popleft()

    def _end(self) -> None:
        self._close_muxer()
        self._stream = None
        self._group = []

    def _close_muxer(self) -> None:
        muxer, self._muxer = self._muxer, None
        if muxer is not None:
            try:
                self._keep(muxer.close(self._number + 1))
            except FFmpegError:
                return  # the last picture is missing then
