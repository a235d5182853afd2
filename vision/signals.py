"""Signals: which state a traffic signal is in, since when, and what it was before."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

from models.lamps import Lamp
from models.observation import SignalState
from pydantic import BaseModel, ConfigDict, Field

LONG_BEFORE_S = float("-inf")
"""Since when a state is on that was on already at the first look."""
_GLITCH_S = 1.0  # a state that is not known for so long and then the same again has been the same all the time
_CHANGE_S = 0.5  # one that is not known for so long and then another has changed when it was first not known
_KEPT = 8  # phases


class Feed(BaseModel):
    """A signal whose state is told from outside: posted to the API, or written in the recording that is replayed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["feed"] = "feed"
    stale_s: float = Field(
        default=10.0,
        gt=0,
        le=3600,
        description="A state that is not posted again for so long is unknown from then on, seconds.",
    )
    name: str = Field(default="", description="Name for people.")


AnySignal = Annotated[Lamp | Feed, Field(discriminator="kind")]


class Phase(NamedTuple):
    """A state, and since when it is on. Stream clock."""

    state: SignalState
    since_s: float


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal as it is now.

    Attributes:
        phases: Its last phases, the newest last; at least one.
    """

    phases: tuple[Phase, ...]

    @property
    def state(self) -> SignalState:
        """What it shows now."""
        return self.phases[-1].state

    @property
    def since_s(self) -> float:
        """Since when. Stream clock."""
        return self.phases[-1].since_s

    def at(self, time_s: float) -> Phase:
        """The phase that was on at a moment of the last while; a crossing is known only after it has happened."""
        return self.span(time_s)[0]

    def span(self, time_s: float) -> tuple[Phase, float]:
        """The phase that was on at a moment of the last while, and until when: infinite where it still is."""
        until_s = float("inf")
        for phase in reversed(self.phases):
            if phase.since_s <= time_s:
                return phase, until_s
            until_s = phase.since_s
        return Phase("unknown", LONG_BEFORE_S), until_s


class SignalClock:
    """Knows since when the signals of one camera are in their states."""

    def __init__(self) -> None:
        self._signals: dict[str, Signal] = {}
        self._began = False

    def step(
        self, states: Mapping[str, SignalState], time_s: float, since_s: Mapping[str, float] | None = None
    ) -> Mapping[str, Signal]:
        """Takes the states of the next instant; a signal of which nothing is said stays as it is.

        Args:
            states: State of each signal by its id.
            time_s: Stream clock.
            since_s: Since when a state is on, of signals that tell it. Stream clock.
        """
        for name, state in states.items():
            signal = self._signals.get(name)
            told_s = since_s.get(name) if since_s else None
            if signal is None:
                first_s = time_s if self._began else LONG_BEFORE_S
                self._signals[name] = Signal((Phase(state, first_s if told_s is None else min(told_s, time_s)),))
            elif signal.state != state:
                phases = signal.phases
                self._signals[name] = Signal(
                    _changed(phases, state, time_s) if told_s is None else _told(phases, state, min(told_s, time_s))
                )
        self._began = True
        return dict(self._signals)


def _changed(phases: tuple[Phase, ...], state: SignalState, time_s: float) -> tuple[Phase, ...]:
    if phases[-1].state == "unknown" and len(phases) > 1:
        unknown_s = time_s - phases[-1].since_s
        if phases[-2].state == state and unknown_s <= _GLITCH_S:
            return phases[:-1]
        if phases[-2].state != state and unknown_s <= _CHANGE_S:
            # Whoever reads a lamp makes sure of a change before saying it.
            return (*phases[:-1], Phase(state, phases[-1].since_s))
    return (*phases, Phase(state, time_s))[-_KEPT:]


def _told(phases: tuple[Phase, ...], state: SignalState, since_s: float) -> tuple[Phase, ...]:
    """The phases with one more of which is known since when; it may reach back into what was not known until now."""
    if len(phases) > 1 and phases[-1].state == "unknown" and since_s <= phases[-1].since_s:
        phases = phases[:-1]
        if phases[-1].state == state:
            return phases
    return (*phases, Phase(state, max(since_s, phases[-1].since_s)))[-_KEPT:]
