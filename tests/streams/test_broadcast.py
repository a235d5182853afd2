from itertools import pairwise
from pathlib import Path

import pytest

from streams.broadcast import BEHIND_S, Broadcast
from streams.fragments import Fragment
from tests.streams.clips import numbered, write_clip
from tests.streams.footage import Footage, decoded


@pytest.fixture(name="footage", scope="module")
def fixture_footage(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    """Four seconds, a key picture every second; each picture carries its number."""
    return Footage(write_clip(tmp_path_factory.mktemp("clips") / "numbered.mp4", numbered(100)))


def play(broadcast: Broadcast, footage: Footage, begin: int, end: int) -> None:
    """Pictures come, 25 a second."""
    for number in range(begin, end):
        broadcast.put(footage.stream, footage.coded(number, number / 25))


class Watcher:
    """A viewer that takes what there is whenever it looks."""

    def __init__(self, broadcast: Broadcast) -> None:
        self._broadcast = broadcast
        self.taken: list[Fragment] = []
        assert broadcast.join(most=9)

    def look(self) -> list[Fragment]:
        new = self._broadcast.after(self.taken[-1] if self.taken else None)
        self.taken += new
        return new


def test_nothing_is_made_while_nobody_watches(footage: Footage) -> None:
    broadcast = Broadcast()
    play(broadcast, footage, 0, 60)
    assert broadcast.after(None) == []
    assert broadcast.told.state == "live"


def test_the_first_viewer_sees_what_came_since_the_key_picture(footage: Footage) -> None:
    broadcast = Broadcast()
    play(broadcast, footage, 0, 60)
    viewer = Watcher(broadcast)
    assert viewer.look() == []
    play(broadcast, footage, 60, 61)
    # The last picture waits for the next, that says how long it is shown.
    assert decoded(viewer.look()) == list(range(50, 60))
    play(broadcast, footage, 61, 90)
    viewer.look()
    assert decoded(viewer.taken) == list(range(50, 89))


def test_each_viewer_sees_every_picture_from_its_key_picture_on(footage: Footage) -> None:
    broadcast = Broadcast()
    viewers = [Watcher(broadcast)]
    for number in range(100):
        play(broadcast, footage, number, number + 1)
        if number in (30, 55):
            viewers.append(Watcher(broadcast))
        for viewer in viewers:
            viewer.look()
    assert [decoded(viewer.taken) for viewer in viewers] == [list(range(at, 99)) for at in (0, 25, 50)]
    assert broadcast.skipped == 0


def test_who_falls_behind_goes_on_with_the_newest_key_picture(footage: Footage) -> None:
    broadcast = Broadcast()
    slow, quick = Watcher(broadcast), Watcher(broadcast)
    for number in range(260):
        play(broadcast, footage, number, number + 1)
        quick.look()
        if number == 10:
            slow.look()
    assert [one.number for one in slow.taken] == list(range(1, 11))
    went_on = slow.look()
    assert went_on[0].key
    assert went_on[0].number == 251
    assert went_on[-1].number == quick.taken[-1].number == 259
    assert broadcast.skipped == 240
    assert decoded(quick.taken) == [number % 100 for number in range(259)]
    assert decoded(went_on) == list(range(50, 59))


def test_who_is_a_little_behind_misses_nothing_and_memory_has_an_end(footage: Footage) -> None:
    broadcast = Broadcast()
    viewer = Watcher(broadcast)
    late = round(25 * (BEHIND_S - 0.5))
    for number in range(1000):
        play(broadcast, footage, number, number + 1)
        if number % late == 0:
            viewer.look()
    viewer.look()
    assert all(b.number == a.number + 1 for a, b in pairwise(viewer.taken))
    assert viewer.taken[-1].number == 999
    assert len(broadcast.after(broadcast._fragments[0])) <= 25 * (BEHIND_S + 2)


def test_without_viewers_nothing_is_kept_but_the_pictures_since_the_key_picture(footage: Footage) -> None:
    broadcast = Broadcast()
    viewer = Watcher(broadcast)
    play(broadcast, footage, 0, 60)
    viewer.look()
    broadcast.leave()
    assert broadcast.viewers == 0
    play(broadcast, footage, 60, 300)
    assert len(broadcast._fragments) == 0
    assert len(broadcast._group) == 25
    again = Watcher(broadcast)
    play(broadcast, footage, 300, 311)
    assert decoded(again.look()) == list(range(10))


def test_a_new_connection_is_a_new_video(footage: Footage, tmp_path: Path) -> None:
    news: list[int] = []
    broadcast = Broadcast(lambda: news.append(1))
    viewer = Watcher(broadcast)
    play(broadcast, footage, 0, 40)
    viewer.look()
    broadcast.lost("no picture for 4 s")
    assert len(news) == 41
    assert [one.number for one in viewer.look()] == [40], "the last picture need not wait any more"
    assert broadcast.told == ("lost", "no picture for 4 s")
    newcomer = Watcher(broadcast)
    assert newcomer.look() == [], "what is over is not shown"
    other = Footage(write_clip(tmp_path / "other.mp4", numbered(30, (640, 360))))
    play(broadcast, other, 0, 20)
    assert broadcast.told == ("live", "")
    for one in (viewer, newcomer):
        new = one.look()
        assert new[0].video is not viewer.taken[0].video
        assert new[0].video.size == (640, 360)
        assert decoded(new) == list(range(19))
    assert broadcast.skipped == 0


def test_a_refusal_is_told(footage: Footage) -> None:
    broadcast = Broadcast()
    broadcast.lost("user or password is wrong", refused=True)
    assert broadcast.told == ("refused", "user or password is wrong")
    broadcast.rest()
    assert broadcast.told == ("connecting", "")


def test_a_connection_that_takes_over_without_a_word_is_a_new_video_too(footage: Footage, tmp_path: Path) -> None:
    broadcast = Broadcast()
    viewer = Watcher(broadcast)
    play(broadcast, footage, 0, 30)
    viewer.look()
    other = Footage(write_clip(tmp_path / "other.mp4", numbered(30)))
    play(broadcast, other, 0, 11)
    assert decoded(viewer.look()) == list(range(10))


def test_what_comes_before_a_key_picture_is_left_out(footage: Footage) -> None:
    broadcast = Broadcast()
    viewer = Watcher(broadcast)
    play(broadcast, footage, 10, 40)
    assert decoded(viewer.look()) == list(range(25, 39))


def test_a_picture_that_no_mp4_takes_costs_the_pictures_until_the_next_key_picture(footage: Footage) -> None:
    broadcast = Broadcast()
    viewer = Watcher(broadcast)
    play(broadcast, footage, 0, 30)
    viewer.look()
    broadcast.put(footage.stream, footage.coded(12))  # back in time
    play(broadcast, footage, 31, 70)
    assert decoded(viewer.look()) == list(range(50, 69))


def test_only_so_many_may_watch() -> None:
    broadcast = Broadcast()
    assert [broadcast.join(2) for _ in range(3)] == [True, True, False]
    broadcast.leave()
    assert broadcast.join(2)
    assert broadcast.viewers == 2
