import os
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest

from streams import shared_pictures
from streams.errors import StreamError
from streams.frame import Frame
from streams.shared_pictures import SharedPictures
from tests.conftest import wait_until

NOON = datetime(2026, 11, 24, 5, 0, 0, 123457, tzinfo=UTC)


def frame(number: int, size: tuple[int, int] = (320, 180)) -> Frame:
    image = np.full((size[1], size[0], 3), number % 256, np.uint8)
    return Frame("gate", number, number / 25, NOON + timedelta(seconds=number), image)


def test_a_picture_comes_out_as_it_went_in() -> None:
    written = SharedPictures.new()
    read = SharedPictures(os.dup(written.handle))  # as the other process has it: another mapping of the same memory
    assert read.read("gate") is None
    rng = np.random.default_rng(1)
    image = rng.integers(0, 256, (37, 51, 3), np.uint8)
    seven = timezone(timedelta(hours=7))
    written.write(Frame("any", 41, 1e9 + 1 / 3, NOON.astimezone(seven), image))
    found = read.read("gate")
    assert found is not None
    number, copied = found
    assert number == 1
    assert (copied.camera, copied.index, copied.time_s, copied.captured_at) == ("gate", 41, 1e9 + 1 / 3, NOON)
    assert np.array_equal(copied.image, image)
    assert not copied.image.flags.writeable
    written.write(frame(42, (64, 48)))
    assert np.array_equal(copied.image, image), "what was taken does not change any more"
    found = read.read("gate")
    assert found is not None
    assert (found[0], found[1].index, found[1].size) == (2, 42, (64, 48))
    for one in (written, read):
        one.close()


def test_a_strange_layout_of_pixels_is_straightened() -> None:
    pictures = SharedPictures.new()
    upside_down = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)[::-1, ::2]
    pictures.write(Frame("gate", 0, 0.0, NOON, upside_down))
    found = pictures.read("gate")
    assert found is not None
    assert np.array_equal(found[1].image, upside_down)
    pictures.close()


def test_the_newest_wins_and_no_picture_is_made_of_two() -> None:
    pictures = SharedPictures.new()
    reader = SharedPictures(os.dup(pictures.handle))
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            pictures.write(frame(number, (640, 360)))
            number += 1

    thread = threading.Thread(target=write)
    thread.start()
    seen: list[int] = []

    def read_all() -> bool:
        found = reader.read("gate")
        if found is not None:
            number, one = found
            assert number == one.index + 1
            assert one.image.min() == one.image.max() == one.index % 256
            seen.append(number)
        return len(seen) >= 200

    try:
        wait_until(read_all, 60, "two hundred pictures, each of one piece")
    finally:
        stop.set()
        thread.join()
    assert seen == sorted(seen)
    assert seen[-1] > len(seen), "it did not read every one"
    pictures.close()
    reader.close()


def test_what_is_too_large_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_pictures, "PICTURE_MAX", 1000)
    pictures = SharedPictures.new()
    with pytest.raises(StreamError, match="too large: 320×180"):
        pictures.write(frame(0))
    pictures.close()


def test_the_heart_beats_when_something_begins() -> None:
    pictures = SharedPictures.new()
    assert str(pictures.doing) == "start"
    wait_until(lambda: pictures.silent_s > 0.05, 5, "it has not beaten since")
    pictures.begin("read")
    assert str(pictures.doing) == "read"
    assert 0 <= pictures.silent_s < 5
    pictures.close()


def test_memory_is_taken_only_where_pictures_are() -> None:
    pictures = SharedPictures.new()
    for number in range(6):
        pictures.write(frame(number))
    taken = Path(f"/proc/self/fd/{pictures.handle}").stat().st_blocks * 512
    assert taken < 4 * (320 * 180 * 3 + 3 * 4096)
    pictures.close()
