from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.clock import StreamClock


def ticks(stamps: list[float], fps: float = 25) -> list[float]:
    clock = StreamClock(fps)
    return [clock.tick(stamp) for stamp in stamps]


def test_good_stamps_are_believed_also_at_a_variable_rate() -> None:
    assert ticks([1.86, 1.979, 2.034, 2.815]) == pytest.approx([0, 0.119, 0.174, 0.955])


def test_stamps_in_decoding_order_are_sorted_without_drift() -> None:
    groups = [base + step for base in range(0, 8000, 160) for step in (160, 80, 40, 120)]
    times = ticks([stamp / 1000 for stamp in groups])
    late = times[20:]
    assert [b - a for a, b in pairwise(late)] == pytest.approx([0.04] * (len(late) - 1))
    assert late[-1] == pytest.approx((len(groups) - 1) * 0.04, abs=0.25)


@pytest.mark.parametrize("odd", [0.0, -1e9, 1e12])
def test_one_senseless_stamp_is_bridged(odd: float) -> None:
    clock = StreamClock(10)
    stamps = [5.0, 5.1, odd, 5.3, 5.4]
    assert [clock.tick(stamp, at_most_s=60) for stamp in stamps] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])


def test_a_new_origin_is_taken_over_and_the_clock_goes_on() -> None:
    times = ticks([100.0, 100.1, 100.2, 0.0, 0.1, 0.2, 0.3], fps=10)
    assert times == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6])


@pytest.mark.parametrize("ahead", [2, 4, 9])
@pytest.mark.parametrize("jitter_s", [0.0, 0.005])
def test_a_new_origin_that_is_near_is_told_from_stamps_out_of_order(ahead: int, jitter_s: float) -> None:
    """What FFmpeg read while it opened a stream of 10 pictures a second, and behind it the same times once more."""
    trembles = [jitter_s * (-1) ** number for number in range(ahead + 40)]
    times = ticks([0.1 * (n if n < ahead else n - ahead) + trembles[n] for n in range(ahead + 40)], fps=10)
    steps = [b - a for a, b in pairwise(times)]
    assert min(steps) > 0.05, "it does not stand nearly still until the old times are reached"
    assert times[-1] == pytest.approx(0.1 * (ahead + 39), abs=0.15)


def test_without_stamps_pictures_are_counted() -> None:
    assert ticks([0.0] * 5, fps=8) == pytest.approx([0, 0.125, 0.25, 0.375, 0.5])


@pytest.mark.parametrize("nonsense", [0, -1, 90000, float("nan"), float("inf")])
def test_a_senseless_rate_is_taken_as_25(nonsense: float) -> None:
    assert StreamClock(nonsense).interval_s == 0.04


@given(st.lists(st.floats(-1e6, 1e6) | st.sampled_from([0.0, 0.04, 0.08]), min_size=2), st.floats(0, 1e6))
def test_never_goes_back_whatever_the_stamps(stamps: list[float], at_most_s: float) -> None:
    clock = StreamClock(25)
    times = [clock.tick(stamp, at_most_s) for stamp in stamps]
    assert all(b > a for a, b in pairwise(times))
