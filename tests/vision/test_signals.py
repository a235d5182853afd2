import pytest

from models.observation import SignalState
from vision.signals import LONG_BEFORE_S, Phase, Signal, SignalClock


def after(*states: tuple[float, SignalState]) -> Signal:
    clock = SignalClock()
    for time_s, state in states:
        signals = clock.step({"near": state}, time_s)
    return signals["near"]


def test_a_state_on_at_the_start_is_on_since_long_before() -> None:
    signal = after((5.0, "red"), (6.0, "red"))
    assert (signal.state, signal.since_s) == ("red", LONG_BEFORE_S)


def test_knows_since_when_and_what_was_before() -> None:
    signal = after((0.0, "red"), (4.0, "green"), (8.0, "yellow"), (9.0, "yellow"))
    assert (signal.state, signal.since_s) == ("yellow", 8.0)
    assert signal.at(7.9) == Phase("green", 4.0)
    assert signal.at(3.0) == Phase("red", LONG_BEFORE_S)


@pytest.mark.parametrize(("lapse_s", "since_s"), [(0.6, 2.0), (1.5, 4.5)])
def test_a_glitch_does_not_begin_a_new_phase(lapse_s: float, since_s: float) -> None:
    signal = after((0.0, "green"), (2.0, "red"), (3.0, "unknown"), (3.0 + lapse_s, "red"))
    assert signal.since_s == since_s


@pytest.mark.parametrize(("unsure_s", "since_s"), [(0.3, 4.0), (0.5, 4.0), (0.6, 4.6), (1.0, 5.0)])
def test_a_change_that_was_made_sure_of_began_at_its_first_sight(unsure_s: float, since_s: float) -> None:
    signal = after((0.0, "red"), (4.0, "unknown"), (4.0 + unsure_s, "green"))
    assert signal.state == "green"
    assert signal.since_s == pytest.approx(since_s)
    assert signal.at(3.9) == Phase("red", LONG_BEFORE_S)


def test_knows_until_when_a_phase_was_on() -> None:
    signal = after((0.0, "red"), (4.0, "green"), (8.0, "yellow"))
    assert signal.span(2.0) == (Phase("red", LONG_BEFORE_S), 4.0)
    assert signal.span(4.0) == (Phase("green", 4.0), 8.0)
    assert signal.span(9.0) == (Phase("yellow", 8.0), float("inf"))


def test_unknown_at_the_start_stays_unknown_for_that_time() -> None:
    signal = after((0.0, "unknown"), (0.5, "red"))
    assert (signal.state, signal.since_s) == ("red", 0.5)
    assert signal.at(0.2).state == "unknown"


def test_a_signal_of_which_nothing_is_said_stays_as_it_is() -> None:
    clock = SignalClock()
    clock.step({"near": "red"}, 0.0)
    assert clock.step({}, 1.0)["near"].state == "red"


def test_a_signal_that_is_told_later_began_then() -> None:
    clock = SignalClock()
    clock.step({}, 0.0)
    assert clock.step({"near": "red"}, 7.0)["near"] == Signal((Phase("red", 7.0),))


def test_before_all_that_is_kept_nothing_is_known() -> None:
    states: list[SignalState] = ["red", "green"] * 10
    signal = after(*((float(when), state) for when, state in enumerate(states)))
    assert signal.at(2.0).state == "unknown"
    assert len(signal.phases) < 10, "a day of phases does not grow"


def told(*states: tuple[float, SignalState, float | None]) -> Signal:
    """A signal that was told: when, what, and since when."""
    clock = SignalClock()
    for time_s, state, since_s in states:
        signals = clock.step({"near": state}, time_s, {} if since_s is None else {"near": since_s})
    return signals["near"]


def test_who_tells_since_when_is_believed() -> None:
    assert told((5.0, "red", 2.0)).phases == (Phase("red", 2.0),)
    assert told((5.0, "red", 9.0)).phases == (Phase("red", 5.0),), "not from the future"
    assert told((5.0, "red", -30.0), (8.0, "green", 7.4)).phases == (Phase("red", -30.0), Phase("green", 7.4))
    assert told((5.0, "red", 2.0), (6.0, "red", 3.0)).since_s == 2.0, "a phase keeps its beginning"


def test_a_state_does_not_begin_before_the_one_ahead_of_it() -> None:
    assert told((5.0, "red", 5.0), (8.0, "green", 4.0)).phases == (Phase("red", 5.0), Phase("green", 5.0))


def test_what_was_not_known_is_known_afterwards() -> None:
    silent: list[tuple[float, SignalState, float | None]] = [(0.0, "red", 0.0), (10.0, "unknown", 10.0)]
    assert told(*silent, (13.0, "red", 0.0)).phases == (Phase("red", 0.0),)
    assert told(*silent, (13.0, "green", 9.0)).phases == (Phase("red", 0.0), Phase("green", 9.0))
    assert told(*silent, (13.0, "red", 13.0)).phases == (
        Phase("red", 0.0),
        Phase("unknown", 10.0),
        Phase("red", 13.0),
    )
    assert told((0.0, "unknown", None), (1.0, "red", 0.5)).phases == (
        Phase("unknown", LONG_BEFORE_S),
        Phase("red", 0.5),
    )
