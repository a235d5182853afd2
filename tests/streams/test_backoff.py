import pytest

from streams.backoff import RESTART_S, Failures, Turnstile, restart_delay_s, retry_delay_s


@pytest.mark.parametrize(
    ("failures", "down_s", "refused", "least_s", "most_s"),
    [
        (1, 1, False, 0.1, 0.6),
        (2, 1, False, 0.1, 1.1),
        (40, 59, False, 0.1, 1.1),
        (40, 120, False, 0.1, 4.1),
        (99, 9999, False, 0.1, 30.1),
        (1, 0, True, 10, 20),
        (3, 0, True, 40, 80),
        (99, 9999, True, 150, 300),
    ],
)
def test_waits_between_attempts(failures: int, down_s: float, refused: bool, least_s: float, most_s: float) -> None:
    assert retry_delay_s(failures, down_s, refused, 0.0) == pytest.approx(least_s)
    assert retry_delay_s(failures, down_s, refused, 1.0) == pytest.approx(most_s)


def test_one_refusal_after_many_failures_is_the_first() -> None:
    failures = Failures()
    for _ in range(500):
        assert failures.note(3600, refused=False) <= 30.1
    assert failures.note(3600, refused=True) <= 20
    assert failures.note(3600, refused=False) <= 30.1
    assert failures.note(3600, refused=True) >= 20, "who refuses in between is not asked more often for that"
    assert failures.count == 503
    failures.forget()
    assert failures.count == 0
    assert failures.note(1, refused=True) <= 20


@pytest.mark.parametrize(
    ("restarts", "most_s"), [(1, 0.6), (2, 1.1), (4, 4.1), (7, RESTART_S + 0.1), (999, RESTART_S + 0.1)]
)
def test_who_dies_again_and_again_is_started_ever_later(restarts: int, most_s: float) -> None:
    assert restart_delay_s(restarts, 0.0) == pytest.approx(0.1)
    assert restart_delay_s(restarts, 1.0) == pytest.approx(most_s)


def test_the_turnstile_lets_a_few_through_at_once_and_then_one_by_one() -> None:
    now = 100.0
    turnstile = Turnstile(a_second=4, at_once=3, clock=lambda: now)
    assert [turnstile.wait_s() for _ in range(6)] == pytest.approx([0, 0, 0, 0.25, 0.5, 0.75])
    now = 100.6
    assert turnstile.wait_s() == pytest.approx(0.4), "who comes later waits behind who waits already"
    now = 200.0
    assert [turnstile.wait_s() for _ in range(4)] == pytest.approx([0, 0, 0, 0.25])
