import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from api.errors import StoreError
from api.recording_index import PAGE, Hold, RecordingIndex
from streams.segment import Segment, file_of
from tests.api.databases import both_databases
from tests.api.stage import NOON
from tests.streams.footage import after


def segment(begin_s: float, camera: str = "road", size: int = 1000) -> Segment:
    """Ten seconds of a camera, so long after noon."""
    began = after(NOON, begin_s)
    return Segment(camera, file_of(camera, began).as_posix(), began, after(began, 10), size, "h264", 5, "camera")


def hold(begin_s: float, end_s: float, event: str = "e1", camera: str = "road") -> Hold:
    return Hold(event, camera, after(NOON, begin_s), after(NOON, end_s), "case 17/2026")


@pytest.fixture(name="index")
def fixture_index(database: str) -> Iterator[RecordingIndex]:
    with RecordingIndex.open(database) as index:
        yield index


def seconds(segments: list[Segment]) -> list[float]:
    return [(one.began - NOON).total_seconds() for one in segments]


@both_databases
def test_what_was_noted_is_found_again(index: RecordingIndex) -> None:
    first, second = segment(0), segment(10)
    index.add([second, first])
    assert list(index.all()) == [first, second]
    assert index.last("road") == second
    assert index.last("gate") is None
    assert index.size() == 2000


@both_databases
def test_the_same_file_twice_is_one_row(index: RecordingIndex) -> None:
    index.add([segment(0)])
    index.add([segment(0, size=5), segment(0, size=7)])
    index.add([])
    assert [one.bytes for one in index.all()] == [7]


@both_databases
@pytest.mark.parametrize(
    ("begin_s", "end_s", "found"),
    [(0, 40, [0, 10, 20, 30]), (15, 25, [10, 20]), (10, 20, [10]), (39.9, 99, [30]), (40, 99, []), (-9, 0, [])],
)
def test_what_covers_a_time(index: RecordingIndex, begin_s: float, end_s: float, found: list[float]) -> None:
    index.add([*(segment(10 * number) for number in range(4)), segment(0, "gate")])
    assert seconds(index.covering("road", after(NOON, begin_s), after(NOON, end_s))) == found


@both_databases
def test_all_are_read_page_by_page(index: RecordingIndex) -> None:
    index.add(segment(10 * number) for number in range(PAGE + 5))
    index.add([segment(0, "gate")])
    assert seconds(list(index.all("road"))) == [10 * number for number in range(PAGE + 5)]
    assert len(list(index.all())) == PAGE + 6


@both_databases
def test_the_oldest_go_first_of_whatever_camera(index: RecordingIndex) -> None:
    index.add([segment(20), segment(0), segment(10, "gate"), segment(30)])
    unlinked: list[str] = []
    assert seconds(index.remove_oldest(unlinked.append, limit=2)) == [0, 10]
    assert unlinked == [segment(0).file, segment(10, "gate").file]
    assert seconds(list(index.all())) == [20, 30]
    assert seconds(index.remove_oldest(unlinked.append, before=after(NOON, 35))) == [20]
    assert index.remove_oldest(unlinked.append, before=after(NOON, 35)) == []


@both_databases
def test_what_is_under_a_hold_stays(index: RecordingIndex) -> None:
    index.add([*(segment(10 * number) for number in range(5)), segment(10, "gate")])
    index.hold(hold(15, 25))
    index.hold(hold(40, 45, event="e2"))
    unlinked: list[str] = []
    index.remove_oldest(unlinked.append)
    assert seconds(list(index.all())) == [10, 20, 40]
    assert index.remove_oldest(unlinked.append) == []
    assert [one.covers(segment(10)) for one in index.holds()] == [True, False]


@both_databases
def test_a_segment_under_two_holds_stays_until_both_are_released(index: RecordingIndex) -> None:
    index.add([segment(0)])
    index.hold(hold(0, 5))
    index.hold(hold(5, 9, event="e2"))
    index.hold(hold(5, 9, event="e2"))  # the same again changes nothing
    assert index.holds() == [hold(0, 5), hold(5, 9, event="e2")]
    assert index.release("e1")
    assert not index.release("e1")
    assert index.remove_oldest(lambda file: None) == []
    assert index.release("e2")
    assert seconds(index.remove_oldest(lambda file: None)) == [0]


def test_a_hold_also_keeps_what_is_recorded_later(index: RecordingIndex) -> None:
    index.hold(hold(0, 60))
    index.add([segment(50), segment(60)])
    assert seconds(index.remove_oldest(lambda file: None)) == [60]


@both_databases
def test_a_file_that_can_not_be_removed_keeps_its_row(index: RecordingIndex) -> None:
    def refuse(file: str) -> None:
        raise PermissionError(13, "Permission denied", file)

    index.add([segment(0)])
    with pytest.raises(PermissionError):
        index.remove_oldest(refuse)
    assert seconds(list(index.all())) == [0]


@both_databases
def test_rows_without_files_can_be_forgotten(index: RecordingIndex) -> None:
    index.add([segment(0), segment(10)])
    index.forget([segment(0).file, "nothing"])
    assert seconds(list(index.all())) == [10]


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda index: index.add([segment(0)]), "can't be written: database is locked"),
        (lambda index: index.release("e1"), "can't be written"),
    ],
)
def test_a_database_that_is_locked_is_told(
    index: RecordingIndex, tmp_path: Path, ask: Callable[[RecordingIndex], object], said: str
) -> None:
    other = sqlite3.connect(tmp_path / "ngatu.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match=said):
        ask(index)
    other.close()
    ask(index)


def test_a_database_that_can_not_be_read_is_told(index: RecordingIndex, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "ngatu.db")
    with other:
        other.execute("DROP TABLE recordings")
    other.close()
    with pytest.raises(StoreError, match="can't be read: no such table"):
        index.covering("road", NOON, NOON + timedelta(1))
