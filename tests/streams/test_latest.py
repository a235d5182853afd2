import threading

from streams.latest import Latest
from tests.conftest import wait_until


def test_the_newest_win_and_drops_are_counted() -> None:
    mailbox: Latest[int] = Latest()
    assert all(mailbox.put(number) for number in range(5))
    assert [mailbox.take(), mailbox.take(), mailbox.take()] == [3, 4, None]
    assert mailbox.dropped == 3


def test_one_that_comes_early_costs_nothing() -> None:
    mailbox: Latest[int] = Latest()
    for number in range(0, 10, 2):
        mailbox.put(number)
        mailbox.put(number + 1)  # before the one ahead of it was taken
        assert [mailbox.take(), mailbox.take()] == [number, number + 1]
    assert mailbox.dropped == 0


def test_tells_since_when_the_next_waits() -> None:
    now = 10.0
    mailbox: Latest[str] = Latest(clock=lambda: now)
    assert mailbox.waiting_since is None
    for word in ("old", "new", "newest"):
        mailbox.put(word)
        now += 1.0
    assert mailbox.waiting_since == 11.0
    mailbox.take()
    assert mailbox.waiting_since == 12.0
    mailbox.take()
    assert mailbox.waiting_since is None


def test_without_drops_every_item_arrives_in_order() -> None:
    mailbox: Latest[int] = Latest(drops=False)
    writer = threading.Thread(target=lambda: [mailbox.put(number) for number in range(50)])
    writer.start()
    taken: list[int] = []
    while len(taken) < 50:
        item = mailbox.take()
        if item is not None:
            taken.append(item)
    writer.join()
    assert taken == list(range(50))
    assert mailbox.dropped == 0


def test_closing_lets_go_who_waits_and_keeps_what_is_there() -> None:
    mailbox: Latest[int] = Latest(drops=False)
    mailbox.put(1)
    answers: list[bool] = []
    writer = threading.Thread(target=lambda: answers.append(mailbox.put(2)))
    writer.start()
    mailbox.close()
    writer.join(5)
    wait_until(lambda: answers, 5, "the writer is let go")
    assert answers == [False]
    assert mailbox.take() == 1
    assert mailbox.put(3) is False
