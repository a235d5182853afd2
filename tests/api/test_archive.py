import logging
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from api import archive as archive_module
from api.archive import GB, Archive, Limits
from api.errors import ApiError
from api.recording_disk import check, settle
from api.recording_index import Hold, RecordingIndex
from api.settings import Settings
from benchmarks.scenarios import free_port
from streams.record import Record
from streams.segment import Segment
from tests.api.served import ROOT
from tests.conftest import RtspCamera, wait_until
from tests.streams.footage import after, recorded_on, shown

StartCamera = Callable[..., RtspCamera]
StartArchive = Callable[..., Archive]
EVERYTHING = Limits(age=timedelta(days=30), bytes=None, free=0)


@pytest.fixture(name="index")
def fixture_index(tmp_path: Path) -> Iterator[RecordingIndex]:
    with RecordingIndex.open(f"sqlite:///{tmp_path}/ngatu.db") as index:
        yield index


@pytest.fixture(name="folder")
def fixture_folder(tmp_path: Path) -> Path:
    return tmp_path / "recordings"


@pytest.fixture(name="start")
def fixture_start(index: RecordingIndex, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StartArchive]:
    """Starts archives and stops them when the test is over; afterwards index and disk must agree."""
    monkeypatch.setattr(archive_module, "LOOK_S", 0.05)
    monkeypatch.setattr(archive_module, "RETENTION_S", 0.05)
    archives: list[Archive] = []

    def start(limits: Limits = EVERYTHING, **urls: str) -> Archive:
        records = {camera: Record(url=url) for camera, url in urls.items()}
        archives.append(Archive(records, folder, index, limits, segment_s=1))
        archives[-1].start()
        return archives[-1]

    yield start
    for archive in archives:
        archive.stop()
    assert check(index, folder, read=True) == []


def noted(index: RecordingIndex, folder: Path, segments: list[Segment]) -> list[Segment]:
    index.add(segments)
    return segments


def files(index: RecordingIndex) -> list[str]:
    return [segment.file for segment in index.all()]


def test_what_is_recorded_is_noted(
    start: StartArchive, rtsp_camera: StartCamera, index: RecordingIndex, hevc_clip: Path
) -> None:
    camera = rtsp_camera(hk=hevc_clip)
    archive = start(road=camera.url(), gate=camera.url("hk"))
    wait_until(lambda: index.last("road") and index.last("gate"), 20, "both cameras are noted")
    state = archive.state()
    assert {name: one.state for name, one in state.recorders.items()} == {"road": "recording", "gate": "recording"}
    assert (state.stopped, state.index) == ("", "")
    assert state.free_bytes > 0
    archive.stop()
    assert archive.state().bytes == index.size() > 0
    assert {segment.codec for segment in index.all("gate")} == {"hevc"}
    assert all(abs(b.began - a.ended) < timedelta(seconds=1) for a, b in pairwise(index.all("road")))


def test_what_is_too_old_goes_but_for_what_is_under_a_hold(
    start: StartArchive, index: RecordingIndex, folder: Path, clip: Path
) -> None:
    now = datetime.now(UTC)
    old = noted(index, folder, recorded_on(folder, clip, now - timedelta(days=3), 3))
    new = noted(index, folder, recorded_on(folder, clip, now - timedelta(hours=1), 2))
    index.hold(Hold("e1", "road", after(old[1].began, 1), after(old[1].began, 2), "case 17"))
    archive = start(Limits(age=timedelta(days=2), bytes=None, free=0))
    assert files(index) == [old[1].file, *(one.file for one in new)]
    assert archive.state().bytes == sum(one.bytes for one in (old[1], *new))
    index.release("e1")
    wait_until(lambda: files(index) == [one.file for one in new], 10, "it goes when it is released")
    assert not (folder / old[1].file).parent.exists(), "the folder of a day that is gone goes too"


def test_what_is_too_much_goes_the_oldest_first(
    start: StartArchive, index: RecordingIndex, folder: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_module, "REMOVED_FOR_ROOM", 1)
    now = datetime.now(UTC)
    one = noted(index, folder, recorded_on(folder, clip, now - timedelta(hours=2), 4))
    two = noted(index, folder, recorded_on(folder, clip, now - timedelta(hours=1), 3, "gate"))
    start(Limits(age=timedelta(days=2), bytes=sum(each.bytes for each in (one[3], *two)), free=0))
    assert files(index) == [each.file for each in (*two, one[3])]


def test_where_all_is_under_a_hold_recording_stops_and_goes_on_when_it_is_released(
    start: StartArchive,
    rtsp_camera: StartCamera,
    index: RecordingIndex,
    folder: Path,
    clip: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = datetime.now(UTC)
    kept = noted(index, folder, recorded_on(folder, clip, now - timedelta(hours=2), 3))
    index.hold(Hold("e1", "road", kept[0].began, kept[-1].ended, "case 17"))
    archive = start(Limits(age=timedelta(hours=1), bytes=kept[0].bytes, free=0), road=rtsp_camera().url())
    assert "all under a legal hold" in archive.state().stopped
    wait_until(lambda: archive.state().recorders["road"].state == "stopped", 10, "it is told of the camera too")
    assert files(index) == [one.file for one in kept]
    index.release("e1")
    wait_until(lambda: archive.state().recorders["road"].state == "recording", 15, "it is recorded again")
    told = [entry.getMessage() for entry in caplog.records if entry.name == "api.archive"]
    assert len(told) == 2
    assert "nothing is recorded any more" in told[0]
    assert told[1] == "there is room for recordings again"


def test_a_disk_that_is_nearly_full_stops_all_cameras_and_is_told_once(
    start: StartArchive,
    rtsp_camera: StartCamera,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    index: RecordingIndex,
) -> None:
    free = 100 * GB
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(200 * GB, 0, free))
    url = rtsp_camera().url()
    archive = start(Limits(age=timedelta(days=1), bytes=None, free=2 * GB), road=url, gate=url)
    wait_until(lambda: index.last("road") and index.last("gate"), 15, "both are recorded")

    def states() -> set[str]:
        return {one.state for one in archive.state().recorders.values()}

    free = GB
    wait_until(lambda: states() == {"stopped"}, 10, "both stop")
    assert archive.state().stopped.startswith("1.0 GB are free on the disk of")
    assert index.size() > 0, "nothing is removed for what others wrote"
    free = 3 * GB
    wait_until(lambda: states() == {"recording"}, 15, "both go on")
    assert len([entry for entry in caplog.records if "nothing is recorded" in entry.getMessage()]) == 1
    assert len([entry for entry in caplog.records if "there is room" in entry.getMessage()]) == 1


def test_a_database_that_is_locked_keeps_recordings_waiting(
    start: StartArchive, rtsp_camera: StartCamera, index: RecordingIndex, tmp_path: Path, caplog: Any
) -> None:
    archive = start(road=rtsp_camera().url())
    wait_until(lambda: index.last("road"), 15, "the first is noted")
    other = sqlite3.connect(tmp_path / "ngatu.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    wait_until(lambda: "database is locked" in archive.state().index, 15, "the lock is noticed")
    wait_until(lambda: archive.state().waiting > 1, 15, "recordings wait")
    other.close()
    wait_until(lambda: not archive.state().index and not archive.state().waiting, 15, "they are noted")
    assert len([entry for entry in caplog.records if "can't be noted" in entry.getMessage()]) == 1


def test_a_folder_that_can_not_be_is_told(index: RecordingIndex, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ApiError, match=r"recordings can't be kept in .*file/here: Not a directory; name another"):
        Archive({}, tmp_path / "file" / "here", index, EVERYTHING)


def test_a_camera_that_is_not_there_is_told(start: StartArchive, caplog: pytest.LogCaptureFixture) -> None:
    archive = start(road=f"rtsp://127.0.0.1:{free_port()}/road")
    wait_until(lambda: archive.state().recorders["road"].state == "lost", 10, "it is lost")
    with caplog.at_level(logging.WARNING):
        assert "connection refused" in archive.state().recorders["road"].reason


def test_the_settings_name_the_limits() -> None:
    assert Limits.of(Settings()) == Limits(timedelta(days=30), None, 2 * GB)
    assert Limits.of(Settings(recordings_days=0.5, recordings_gb=1.5, recordings_free_gb=0)) == Limits(
        timedelta(hours=12), GB * 3 // 2, 0
    )


@pytest.fixture(name="small_disk")
def fixture_small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a megabyte."""
    place = tmp_path / "recordings"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_disk_that_is_really_full_stops_recording_until_there_is_room(
    small_disk: Path, start: StartArchive, rtsp_camera: StartCamera, index: RecordingIndex, folder: Path
) -> None:
    assert small_disk == folder
    ballast = folder / "ballast"
    ballast.write_bytes(bytes(900_000))
    archive = start(Limits(age=timedelta(days=1), bytes=10 * GB, free=0), road=rtsp_camera().url())

    def road() -> Any:
        return archive.state().recorders["road"]

    wait_until(lambda: road().state == "stopped", 30, "the disk is full")
    assert road().reason == f"can't write to {folder}: No space left on device"
    full = files(index)
    assert full, "what found room is kept"
    for segment in index.all():
        assert shown(folder / segment.file)
    ballast.unlink()
    wait_until(lambda: len(files(index)) > len(full) + 1, 20, "it is recorded again")


def test_a_disk_that_would_be_full_is_recorded_over_and_over(
    small_disk: Path, start: StartArchive, rtsp_camera: StartCamera, index: RecordingIndex, folder: Path
) -> None:
    archive = start(Limits(age=timedelta(days=1), bytes=60_000, free=0), road=rtsp_camera().url())
    wait_until(lambda: index.last("road"), 20, "the first")
    first = files(index)[0]
    wait_until(lambda: first not in files(index), 30, "the oldest goes")
    assert archive.state().recorders["road"].state == "recording"
    assert not (folder / first).exists()
    assert index.size() < 150_000


def at_work(folder: Path, url: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.api.recorder_at_work", str(folder), url]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def killed_at_work(folder: Path, url: str, after_files: int) -> list[str]:
    """Has it record so many files and kills it somewhere in the middle of the next; says which it had noted."""
    with at_work(folder, url) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "at work\n"
        told = [process.stdout.readline().strip() for _ in range(after_files)]
        try:
            process.wait(random.uniform(0, 1.2))
        except subprocess.TimeoutExpired:
            process.kill()
        told += process.stdout.read().split()
    return told


@pytest.mark.parametrize("times", [4, pytest.param(100, marks=pytest.mark.slow)])
def test_killed_in_the_middle_of_writing_it_loses_nothing_but_the_open_segment(
    rtsp_camera: StartCamera, index: RecordingIndex, folder: Path, tmp_path: Path, times: int
) -> None:
    url = rtsp_camera().url()
    settled: list[str] = []
    lost_s: list[float] = []
    for _ in range(times):
        told = killed_at_work(tmp_path, url, len(settled) + 2)
        ended = datetime.now(UTC)
        settle(index, folder)
        assert check(index, folder, read=True) == []
        now = files(index)
        assert set(settled) <= set(told) <= set(now), "what was noted once stays"
        settled = now
        last = index.last("road")
        assert last is not None
        lost_s.append((ended - last.ended).total_seconds())
    assert max(lost_s) < 3, "of the open segment at most the last fragment is lost"
    for segment in index.all():
        assert len(shown(folder / segment.file)) == round((segment.ended - segment.began).total_seconds() * 25)
