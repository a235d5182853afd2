"""Signal feed: states of traffic signals that are told from outside, by the controller of the signals.

    controller ──▶ tell(): from any thread ──▶ the last states, since when, and when they were told last
                                                             │
    picture of the camera, taken at a moment ──▶ at(moment) ◀┘   the state that was on at that moment

Pictures are looked at a little later than they were taken, and a state is told a little later than it began: what
counts is since when it is on, not when it came. Whoever tells states may fail silently, so a state that is not told
again in time is `unknown` from then on.
"""

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from models.observation import SignalState

from vision.signals import LONG_BEFORE_S, AnySignal, Feed, Phase

_KEPT = 8  # states of a signal: pictures lag behind by less than that


class ToldState(NamedTuple):
    """A state, and since when it is on, UTC; none where that is not known."""

    state: SignalState
    since: datetime | None


@dataclass(frozen=True, slots=True)
class _Post:
    """A state that was told.

    Attributes:
        state: The state.
        since: Since when it is on, UTC.
        until: Until when it holds if it is not told again, UTC.
    """

    state: SignalState
    since: datetime
    until: datetime


class SignalFeed:
    """The told states of the signals of one camera. May be used from any thread."""

    def __init__(self, signals: Mapping[str, AnySignal]) -> None:
        """Begins with those of kind `feed`, all of them unknown."""
        feeds = {name: signal for name, signal in signals.items() if isinstance(signal, Feed)}
        self._stale = {name: timedelta(seconds=feed.stale_s) for name, feed in feeds.items()}
        self._posts: dict[str, deque[_Post]] = {name: deque(maxlen=_KEPT) for name in feeds}
        self._lock = threading.Lock()

    def tell(self, signal: str, state: SignalState, since: datetime | None, now: datetime) -> bool:
        """Takes the state of a signal.

        Args:
            signal: Its id.
            state: What it shows.
            since: Since when, UTC; none where that was not told: since now, or since it was told first.
            now: The time, UTC.

        Returns:
            Whether it was taken. News of a state before the one that is on now come too late.
        """
        posts, until = self._posts[signal], now + self._stale[signal]
        since = now if since is None else min(since, now)
        with self._lock:
            last = posts[-1] if posts else None
            if last and last.state == state and since <= last.until:
                posts[-1] = replace(last, until=max(until, last.until))
                return True
            if last and since < last.since and now <= last.until:
                return False
            posts.append(_Post(state, since, until))
            return True

    def at(self, moment: datetime) -> dict[str, ToldState]:
        """The state of each signal at a moment of the last while, UTC."""
        with self._lock:
            return {name: _at(posts, moment) for name, posts in self._posts.items()}

    def phases(self, captured_at: datetime, time_s: float) -> dict[str, Phase]:
        """The state of each signal in a picture.

        Args:
            captured_at: When it was taken, UTC.
            time_s: The same moment by the stream clock.
        """
        phases = {}
        for name, (state, since) in self.at(captured_at).items():
            since_s = time_s + (since - captured_at).total_seconds() if since else LONG_BEFORE_S
            phases[name] = Phase(state, since_s)
        return phases


def _at(posts: deque[_Post], moment: datetime) -> ToldState:
    for post in reversed(posts):
        if post.since <= moment:
            return ToldState(post.state, post.since) if moment <= post.until else ToldState("unknown", post.until)
    return ToldState("unknown", None)
