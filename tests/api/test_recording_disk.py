import logging
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from api import recording_disk
from api.recording_disk import check, mend, settle
from api.recording_index import RecordingIndex
from streams.segment import BROKEN, PART, Segment, file_of
from tests.api.stage import NOON
from tests.streams.footage import after, recorded, recorded_on


@pytest.fixture(name="index")
def fixture_index(tmp_path: Path) -> Iterator[RecordingIndex]:
    with RecordingIndex.open(f"sqlite:///{tmp_path}/ngatu.db") as index:
        yield index


@pytest.fixture(name="folder")
def fixture_folder(tmp_path: Path) -> Path:
    (tmp_path / "recordings").mkdir()
    return tmp_path / "recordings"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording_disk, "SETTLE_S", 0.0)


def left(folder: Path, segment: Segment, share: float) -> Path:
    """Makes of a segment what a crash leaves of it."""
    whole = folder / segment.file
    part = whole.with_name(whole.name.removesuffix(".mp4") + PART)
    part.write_bytes(whole.read_bytes()[: int(segment.bytes * share)])
    whole.unlink()
    return part


def aged(path: Path) -> Path:
    os.utime(path, (time.time() - 3600, time.time() - 3600))
    return path


def test_index_and_disk_that_agree(index: RecordingIndex, folder: Path, clip: Path) -> None:
    index.add(recorded_on(folder, clip, NOON, 3))
    (folder / "road" / "notes.txt").write_text("not ours")
    (folder / "road" / "20261124" / "holiday.mp4").write_text("not ours")
    (folder / ".clips").mkdir()
    (folder / ".clips" / "x.mp4").touch()
    assert check(index, folder, read=True) == []


def test_what_is_missing_is_found_and_mended(index: RecordingIndex, folder: Path, clip: Path) -> None:
    first, second, third, fourth = recorded_on(folder, clip, NOON, 4)
    index.add([first, second, fourth])
    (folder / first.file).unlink()
    with (folder / second.file).open("ab") as file:
        file.write(b"\0" * 8)
    part = aged(left(folder, fourth, 0.7))
    broken = folder / "road/20261124/110000.000.mp4"
    broken.write_bytes(b"nonsense" * 1000)
    found = {one.file: one.kind for one in check(index, folder)}
    assert found == {
        first.file: "missing",
        second.file: "size",
        third.file: "unknown",
        fourth.file: "missing",
        part.relative_to(folder).as_posix(): "unfinished",
        "road/20261124/110000.000.mp4": "unknown",
    }
    mend(index, folder, check(index, folder))
    (still,) = check(index, folder, read=True)
    assert (still.kind, Path(still.file).name) == ("broken", f"110000.000{BROKEN}")
    kept = list(index.all())
    assert [one.file for one in kept] == [second.file, third.file, fourth.file]
    assert kept[1] == third


def test_only_reading_finds_what_the_size_does_not_tell(index: RecordingIndex, folder: Path, clip: Path) -> None:
    first, second = recorded_on(folder, clip, NOON, 2)
    index.add([first, replace(second, ended=after(second.ended, 5))])
    (folder / first.file).write_bytes(bytes(first.bytes))
    assert check(index, folder) == []
    found = check(index, folder, read=True)
    assert [(one.kind, one.file) for one in found] == [("unreadable", first.file), ("unreadable", second.file)]
    assert "holds 4 s, the index says 9 s" in str(found[1])
    mend(index, folder, found)
    assert list(index.all()) == [second]


def test_what_a_server_at_work_is_writing_is_no_difference(index: RecordingIndex, folder: Path, clip: Path) -> None:
    (segment,) = recorded_on(folder, clip, NOON, 1)
    part = left(folder, segment, 0.5)
    assert check(index, folder) == []
    aged(part)
    assert [one.kind for one in check(index, folder)] == ["unfinished"]


def test_a_row_that_comes_a_moment_later_is_no_difference(
    index: RecordingIndex, folder: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = recorded_on(folder, clip, NOON, 2)
    index.add([second])
    monkeypatch.setattr("api.recording_disk.time.sleep", lambda seconds: index.add([first]))
    assert check(index, folder) == []


def test_a_start_mends_what_a_crash_left(
    index: RecordingIndex, folder: Path, clip: Path, caplog: pytest.LogCaptureFixture
) -> None:
    noted, unknown, open_one = recorded_on(folder, clip, NOON, 3)
    index.add([noted])
    left(folder, open_one, 0.6)
    begun = folder / file_of("gate", NOON).with_suffix(PART)
    begun.parent.mkdir(parents=True)
    begun.write_bytes(b"")
    with caplog.at_level(logging.WARNING):
        settle(index, folder)
    assert check(index, folder, read=True) == []
    kept = list(index.all())
    assert [one.file for one in kept] == [noted.file, unknown.file, open_one.file]
    assert kept[1] == unknown
    assert kept[2].ended < open_one.ended
    assert "camera 'road': 2 recordings of before a crash were mended or noted" in caplog.messages
    caplog.clear()
    settle(index, folder)
    assert caplog.messages == [], "there is nothing left to do"


def test_a_start_looks_at_nothing_older_than_what_is_noted(index: RecordingIndex, folder: Path, clip: Path) -> None:
    old = recorded(folder, clip, after(NOON, -86400))
    new = recorded(folder, clip, NOON)
    index.add([new])
    settle(index, folder)
    assert list(index.all()) == [new]
    assert [(one.kind, one.file) for one in check(index, folder)] == [("unknown", old.file)]


def test_a_start_puts_what_can_not_be_read_aside(index: RecordingIndex, folder: Path) -> None:
    path = folder / file_of("road", NOON)
    path.parent.mkdir(parents=True)
    path.write_bytes(bytes(9000))
    settle(index, folder)
    assert [one.name for one in path.parent.iterdir()] == [f"050000.000{BROKEN}"]
    assert [one.kind for one in check(index, folder)] == ["broken"]


def test_a_folder_that_is_not_there_holds_nothing(index: RecordingIndex, tmp_path: Path) -> None:
    settle(index, tmp_path / "nothing")
    assert check(index, tmp_path / "nothing") == []
