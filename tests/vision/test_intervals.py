from collections.abc import Iterable

import pytest

from vision.measuring.intervals import Interval, Intervals

NOON = 1_800_014_400.0
"""A wall clock at a full hour, seconds from 1970."""
assert NOON % 3600 == 0


def run(
    intervals: Intervals, times: Iterable[float], wall_s: float = NOON, valid: bool = True, passed: str = ""
) -> list[Interval]:
    """Watches at some times of the stream; the wall clock began at 0 of it. `passed` is summed up at each time."""
    told: list[Interval] = []
    for time_s in times:
        for interval, seconds in intervals.step(time_s, wall_s + time_s, valid):
            interval.sums[0].add("watched", seconds)
        if passed:
            intervals.at(time_s).sums[0].add(passed, 1)
        told.extend(intervals.over(time_s))
    return told


def seconds(begin: float, end: float, step: float = 0.5) -> list[float]:
    return [begin + step * i for i in range(round((end - begin) / step) + 1)]


def shape(told: Iterable[Interval]) -> list[tuple[int, float, float, float]]:
    return [(one.length_s, one.began_s, one.until_s, round(one.completeness, 4)) for one in told]


def test_intervals_begin_at_full_minutes_and_the_first_is_watched_in_part() -> None:
    intervals = Intervals([60], 1)
    told = run(intervals, seconds(0, 150), wall_s=NOON + 45) + list(intervals.finish())
    assert shape(told) == [(60, -45, 15, 0.25), (60, 15, 75, 1), (60, 75, 135, 1), (60, 135, 195, 0.25)]
    assert [one.wall_s for one in told] == [NOON, NOON + 60, NOON + 120, NOON + 180]
    assert [one.sums[0].of("watched") for one in told] == [15, 60, 60, 15]


def test_an_interval_is_told_once_what_happened_in_it_is_certain() -> None:
    intervals = Intervals([60], 1)
    assert run(intervals, seconds(0, 61.5)) == []
    intervals.at(59.9).sums[0].add("crossed", 1)
    intervals.at(60.0).sums[0].add("crossed", 1)
    [first] = run(intervals, seconds(62, 63))
    assert first.sums[0].of("crossed") == 1
    [rest] = intervals.finish()
    assert rest.sums[0].of("crossed") == 1
    assert list(intervals.finish()) == []


def test_what_was_before_all_intervals_counts_for_the_first() -> None:
    intervals = Intervals([60], 1)
    run(intervals, [100.0, 100.5])
    intervals.at(99.0).sums[0].add("crossed", 1)
    [only] = intervals.finish()
    assert only.sums[0].of("crossed") == 1


def test_greater_intervals_are_the_sums_of_the_small_ones() -> None:
    intervals = Intervals([60, 120, 240], 1)
    told = run(intervals, seconds(0, 250, 1.0), passed="crossed") + list(intervals.finish())
    assert [(one.length_s, one.began_s) for one in told] == [
        (60, 0), (60, 60), (120, 0), (60, 120), (60, 180), (120, 120), (240, 0), (60, 240), (120, 240), (240, 240),
    ]  # fmt: skip
    whole = [one for one in told if one.length_s == 240]
    assert [one.sums[0].of("crossed") for one in whole] == [240, 11]
    assert [round(one.completeness, 4) for one in whole] == [1, round(10 / 240, 4)]


def test_gaps_and_invalid_pictures_are_not_watched() -> None:
    intervals = Intervals([60], 1)
    told = run(intervals, [*seconds(0, 10), *seconds(25, 30)])
    told += run(intervals, seconds(30.5, 39.5), valid=False)
    told += run(intervals, seconds(40, 63))
    assert shape(told) == [(60, 0, 60, round((10 + 5 + 20) / 60, 4))]


def test_an_interval_that_nobody_watched_is_not_told() -> None:
    intervals = Intervals([60, 120], 1)
    told = run(intervals, seconds(0, 50)) + run(intervals, seconds(250, 303)) + list(intervals.finish())
    assert shape(told) == [
        (60, 0, 60, round(50 / 60, 4)), (120, 0, 120, round(50 / 120, 4)),
        (60, 240, 300, round(50 / 60, 4)), (60, 300, 360, 0.05), (120, 240, 360, round(53 / 120, 4)),
    ]  # fmt: skip


def test_what_was_ended_goes_on_with_another_part_of_the_interval() -> None:
    intervals = Intervals([60, 120], 1)
    run(intervals, seconds(0, 20))
    first = list(intervals.finish())
    run(intervals, seconds(30, 50))
    second = list(intervals.finish())
    assert shape(first) == [(60, 0, 60, round(20 / 60, 4)), (120, 0, 120, round(20 / 120, 4))]
    assert shape(second) == shape(first)
    assert [one.from_s for one in first + second] == [0, 0, 30, 30]
    assert [one.from_wall_s - NOON for one in first + second] == [0, 0, 30, 30]


@pytest.mark.parametrize("jump_s", [-20, 20])
def test_a_clock_that_is_put_right_ends_the_interval_later_or_earlier(jump_s: int) -> None:
    intervals = Intervals([60], 1)
    told = run(intervals, seconds(0, 30)) + run(intervals, seconds(30.5, 180), wall_s=NOON + jump_s)
    assert [(one.began_s, one.until_s) for one in told] == [
        (0, 60 - jump_s), (60 - jump_s, 120 - jump_s), *([(120 - jump_s, 180 - jump_s)] if jump_s > 0 else []),
    ]  # fmt: skip
    assert [one.wall_s - NOON for one in told] == [0, 60, 120][: len(told)]
    assert all(one.completeness <= 1 for one in told)


@pytest.mark.parametrize("jump_s", [-7200, 7200])
def test_a_clock_that_jumps_far_ends_the_interval_at_once(jump_s: int) -> None:
    intervals = Intervals([60], 1)
    told = run(intervals, seconds(0, 30)) + run(intervals, seconds(30.5, 100), wall_s=NOON + jump_s)
    assert [(one.began_s, one.until_s, one.wall_s - NOON) for one in told] == [(0, 30.5, 0), (0, 60, jump_s)]
    assert sum(one.sums[0].of("watched") for one in told) == 60, "every second in one of them"


def test_a_clock_that_jumps_far_ends_the_greater_interval_with_the_next_small_one() -> None:
    intervals = Intervals([60, 3600], 1)
    told = run(intervals, seconds(0, 90)) + run(intervals, seconds(90.5, 160), wall_s=NOON - 7200 + 30)
    assert [(one.length_s, one.wall_s - NOON) for one in told] == [(60, 0), (60, 60), (60, -7080), (3600, 0)]


def test_clocks_that_drift_are_left_alone() -> None:
    intervals = Intervals([60], 1)
    told = [
        interval
        for time_s in seconds(0, 200)
        for interval in (intervals.step(time_s, NOON + 1.005 * time_s, True), *intervals.over(time_s))
        if isinstance(interval, Interval)
    ]
    assert [(one.began_s, one.until_s) for one in told] == [(0, 60), (60, 120), (120, 180)]


def test_a_day_leaves_nothing_behind() -> None:
    intervals = Intervals([60, 900, 3600], 1)
    told = run(intervals, seconds(0, 86400, 1.0), passed="crossed") + list(intervals.finish())
    hours = [one for one in told if one.length_s == 3600]
    assert [one.sums[0].of("crossed") for one in hours] == [3600] * 24
    assert len(intervals._open) == 0
