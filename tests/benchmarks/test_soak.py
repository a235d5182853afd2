"""The soak cut short: every fault there is happens once, to real cameras. About two minutes."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.recording_index import RecordingIndex
from benchmarks.report import Row
from benchmarks.scenarios import free_port
from benchmarks.soak.episode import Episode, Pictures, charge
from benchmarks.soak.faults import FAULTS, CablePulled, DiskFull, Fault, Hangs, Killed
from benchmarks.soak.flapping import CASE
from benchmarks.soak.refuser import Refuser
from benchmarks.soak.tape import Hole, Tape
from benchmarks.suite import Plan
from benchmarks.suites import SUITES
from models.detectors.yolo import Yolo
from streams.address import why_silent
from streams.errors import StreamRefused
from streams.segment import Segment
from tests.models.exports import save, v8

NOON = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)


@pytest.fixture
def tiny(tmp_path: Path) -> Yolo:
    """A model that takes next to no time and always sees one car."""
    path = save(tmp_path / "tiny.onnx", v8([(8, 8, 40, 30, 0.9, 0)], 1), names=["car"], shape=("batch", 3, 64, 64))
    return Yolo(model=str(path), provider="cpu")


@pytest.mark.usefixtures("gstreamer")
def test_cameras_never_die_quietly(synthetic: Callable[..., Plan], tiny: Yolo) -> None:
    rows = list(SUITES["soak"].run(synthetic(detector=tiny, feed="rtsp")))
    found = {(row.case, row.metric): row for row in rows if row.n}
    skipped = {row.case: row.note for row in rows if not row.n}
    for fault in FAULTS:
        if fault.name in skipped:
            continue  # it needs root
        if fault.noticed_within_s is not None:
            assert finite(found[fault.name, "time to notice"]), fault.name
        if fault.breaks:
            assert finite(found[fault.name, "time to recover"]), fault.name
        else:
            assert found[fault.name, "connected anew"].median == 0, fault.name
        assert finite(found[fault.name, "recorded again"]), fault.name
    assert set(skipped) <= {CablePulled.name, DiskFull.name}
    for case, metric in [
        ("others, all faults", "connected anew"),
        ("others, all faults", "missing of the recordings"),
        ("recordings", "not as the index says"),
        (CASE, "the 15 others, connected anew"),
        (CASE, "told as a common fault"),
    ]:
        assert found[case, metric].median == 0, (case, metric, found[case, metric].note)
    # Whether it drops some of them is a matter of how busy the machine is, and of no fault.
    assert at_least(found["others, all faults", "came"], 95)
    assert at_least(found[CASE, "the 15 others, came"], 95)
    assert finite(found[CASE, "time to recover"])
    assert at_least(found["camera killed", "pictures lost"], 5)
    shown = found["camera answers 401 to all", "passwords shown by reader and recorder"]
    assert at_least(shown, 1)
    assert shown.max is not None
    assert shown.max <= 12, "whoever is refused asks seldom"
    assert at_least(found["memory", "peak"], 100)
    assert at_least(found["CPU", "a camera"], 0.1)


def finite(row: Row) -> bool:
    return row.max is not None and row.max < float("inf")


def at_least(row: Row, least: float) -> bool:
    return row.min is not None and row.min >= least


def test_without_a_camera_memory_is_watched(synthetic: Callable[..., Plan]) -> None:
    rows = list(SUITES["soak"].run(synthetic(seconds=2.0)))
    assert rows[0].note.startswith("skipped")
    peak = next(row for row in rows if row.metric == "peak")
    assert at_least(peak, 1)


def test_whoever_is_refused_is_counted_by_the_passwords_they_show() -> None:
    refuser = Refuser("127.0.0.1", free_port())
    place = f"127.0.0.1:{refuser.port}/street"
    assert isinstance(why_silent(f"rtsp://{place}", 5), StreamRefused)
    assert refuser.passwords_shown == 0
    for times in (1, 2):
        error = why_silent(f"rtsp://ngatu:right@{place}", 5)
        assert isinstance(error, StreamRefused)
        assert "user or password is wrong" in str(error)
        assert refuser.passwords_shown == times
    refuser.close()
    assert "connection refused" in str(why_silent(f"rtsp://{place}", 5))


@pytest.fixture(name="index")
def fixture_index(tmp_path: Path) -> Iterator[RecordingIndex]:
    with RecordingIndex.open(f"sqlite:///{tmp_path}/ngatu.db") as index:
        yield index


def segment(began_s: float, ended_s: float, camera: str = "gate") -> Segment:
    began, ended = (NOON + timedelta(seconds=moment) for moment in (began_s, ended_s))
    return Segment(camera, f"{camera}/20261124/{began_s:09.3f}.mp4", began, ended, 1000, "h264", 1, "arrival")


def test_a_tape_tells_what_is_missing_also_of_what_was_removed_since(index: RecordingIndex) -> None:
    tape = Tape(index, ["gate", "road"])
    tape.look()
    index.add([segment(0, 10), segment(10.2, 20), segment(0, 30, "road")])
    tape.look()
    index.remove_oldest(lambda file: None)
    index.add([segment(27, 30), segment(30, 40)])
    tape.look()
    tape.look()
    assert tape.segments == 5
    [hole] = tape.holes
    assert (hole.camera, hole.seconds) == ("gate", 7)


def episode(fault: Fault, victim: str, began_s: float) -> Episode:
    return Episode(fault, victim, NOON + timedelta(seconds=began_s), 1.0, 1.0, 1.0, {}, {}, {})


def test_a_hole_is_charged_to_the_fault_that_it_began_with() -> None:
    episodes = [episode(Killed(), "gate", 100), episode(Hangs(), "road", 130)]

    def hole(camera: str, began_s: float, ended_s: float) -> Hole:
        return Hole(camera, NOON + timedelta(seconds=began_s), NOON + timedelta(seconds=ended_s))

    charge(episodes, [hole("gate", 5, 8), hole("gate", 99, 111), hole("gate", 112, 133), hole("road", 129, 145)])
    assert episodes[0].missing_s == {"gate": 33}
    assert episodes[1].missing_s == {"road": 16}


def test_pictures_that_did_not_come_are_lost() -> None:
    assert Pictures(50.004, 50).share == pytest.approx(100, abs=0.01)
    assert Pictures(50.004, 50).lost == 0
    assert Pictures(50.0, 38).lost == 12
    assert Pictures(0.0, 0).share == 100
