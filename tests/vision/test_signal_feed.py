import threading
from datetime import datetime, timedelta

import pytest

from models.observation import SignalState
from tests.vision.story import NOON
from vision.signal_feed import SignalFeed, ToldState
from vision.signals import Feed


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def feed(*posts: tuple[float, SignalState] | tuple[float, SignalState, float]) -> SignalFeed:
    """A feed to which states were told: when, what, and since when."""
    told = SignalFeed({"near": Feed(stale_s=10)})
    for when, state, *since in posts:
        assert told.tell("near", state, at(since[0]) if since else None, at(when))
    return told


def test_what_was_never_told_is_unknown() -> None:
    assert feed().at(NOON) == {"near": ToldState("unknown", None)}
    assert SignalFeed({}).at(NOON) == {}


def test_a_picture_has_the_state_of_the_moment_in_which_it_was_taken() -> None:
    told = feed((0, "red"), (8, "green"))
    assert told.at(at(-0.1)) == {"near": ToldState("unknown", None)}
    assert told.at(at(7.9)) == {"near": ToldState("red", at(0))}
    assert told.at(at(8)) == {"near": ToldState("green", at(8))}


def test_a_state_began_when_it_says_and_not_when_it_was_told() -> None:
    told = feed((0, "red"), (5.6, "green", 5.0))
    assert told.at(at(5.2))["near"] == ToldState("green", at(5.0))


def test_a_state_that_is_ahead_begins_now() -> None:
    assert feed((0, "red", 3)).at(at(0))["near"] == ToldState("red", at(0))


def test_a_state_that_is_not_told_again_is_unknown_from_then_on() -> None:
    told = feed((0, "red"))
    assert told.at(at(10))["near"].state == "red"
    assert told.at(at(10.1)) == {"near": ToldState("unknown", at(10))}


def test_a_state_that_is_told_again_goes_on_since_its_beginning() -> None:
    for again in ((8.0, "red"), (8.0, "red", 0.0), (8.0, "red", 5.0)):
        told = feed((0.0, "red"), again)
        assert told.at(at(17)) == {"near": ToldState("red", at(0))}
        assert told.at(at(18.1))["near"].state == "unknown"


def test_a_gap_is_bridged_only_by_who_says_that_it_was_the_same_all_the_time() -> None:
    assert feed((0, "red"), (30, "red")).at(at(31)) == {"near": ToldState("red", at(30))}
    assert feed((0, "red"), (30, "red")).at(at(20)) == {"near": ToldState("unknown", at(10))}
    assert feed((0, "red"), (30, "red", 0)).at(at(20)) == {"near": ToldState("red", at(0))}


def test_news_of_before_come_too_late_but_a_clock_that_was_fast_does_not_block_for_ever() -> None:
    told = feed((0, "green"), (5, "yellow"))
    assert not told.tell("near", "green", at(2), at(6))
    assert told.at(at(6))["near"].state == "yellow"
    assert told.tell("near", "red", at(2), at(15.1)), "nothing is known by then"
    assert told.at(at(15.2))["near"] == ToldState("red", at(2))


def test_only_the_last_states_are_kept() -> None:
    states: list[SignalState] = ["red", "green"]
    told = feed(*((float(when), states[when % 2]) for when in range(1000)))
    assert len(told._posts["near"]) < 10
    assert told.at(at(999))["near"].state == "green"


def test_any_thread_may_tell() -> None:
    told = SignalFeed({name: Feed() for name in "abcd"})

    def tell(name: str) -> None:
        for second in range(500):
            assert told.tell(name, "red" if second % 2 else "green", None, at(second))

    threads = [threading.Thread(target=tell, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        told.at(at(0))
    assert told.at(at(499)) == dict.fromkeys("abcd", ToldState("red", at(499)))


@pytest.mark.parametrize("stale_s", [0, -1, 4000])
def test_how_long_a_state_holds_has_its_limits(stale_s: float) -> None:
    with pytest.raises(ValueError, match="stale_s"):
        Feed(stale_s=stale_s)
