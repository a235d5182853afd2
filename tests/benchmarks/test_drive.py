import threading
import time
from pathlib import Path

import numpy as np
import pytest

from benchmarks.drive import CameraRun, run_unpaced, watched
from benchmarks.errors import BenchError
from benchmarks.scenarios import PacedClip, site_of, unpaced
from models.detectors.simulated import Simulated
from streams.frame import Frame
from streams.reader import Reader
from streams.source import Source
from streams.sources.file import FileSource
from streams.sources.synthetic import SyntheticSource
from vision.engine import Analysed


def test_an_unpaced_run_takes_every_picture() -> None:
    looks: list[Analysed] = []
    done = run_unpaced(site_of([unpaced(None, 60)], Simulated()), looks.append)
    assert done.frames == done.looked_at == len(looks) == 60
    assert done.fps == pytest.approx(60 / done.seconds)


def test_with_an_interval_fewer_are_looked_at_and_all_are_counted() -> None:
    done = run_unpaced(site_of([unpaced(None, 60)], Simulated(every=3)))
    assert (done.frames, done.looked_at) == (60, 20)


def test_a_run_that_went_wrong_gives_no_figure(clip: Path) -> None:
    # The simulator can't look at real pictures.
    with pytest.raises(BenchError, match="simulated"):
        run_unpaced(site_of([FileSource(path=clip)], Simulated()))
    with pytest.raises(BenchError, match="no such file"):
        run_unpaced(site_of([FileSource(path=Path("gone.mp4"))], Simulated()))


def test_paced_cameras_are_measured_one_by_one() -> None:
    sources = [SyntheticSource(size=(160, 90), fps=10, seed=seed) for seed in (1, 2)]
    with watched(site_of(sources, Simulated()), warm_up_s=0.2) as one:
        run = one.measure(10, 1.0)
    assert len(run.cameras) == 2
    assert run.faults == []
    for camera in run.cameras:
        assert 0 < camera.rate < 1.5
        assert 0 <= camera.dropped <= 1
        assert len(camera.latencies_ms) > 0
        # The quickest arrival is the zero; a synthetic picture is due before it is painted.
        assert (camera.latencies_ms > 0).all()
    assert (np.diff(run.latencies_ms) >= 0).all()


def test_a_run_that_can_not_become_good_ends_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.drive.LOOK_S", 0.5)
    monkeypatch.setattr("benchmarks.drive.DROPPED", 0.001)
    take = Reader.take

    def slowly(reader: Reader) -> Frame | None:
        threading.Event().wait(0.2)
        return take(reader)

    monkeypatch.setattr(Reader, "take", slowly)
    source = SyntheticSource(size=(160, 90), fps=20, seed=1)
    began = time.monotonic()
    with watched(site_of([source], Simulated()), warm_up_s=0.0) as one:
        run = one.measure(20, 600.0)
    assert time.monotonic() - began < 300
    assert any("of its pictures" in found for found in run.shortcomings())


def test_a_camera_that_gives_nothing_stops_the_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("benchmarks.drive.FIRST_PICTURE_S", 0.3)
    gone: Source = PacedClip(path=tmp_path / "gone.mp4", fps=5)
    with pytest.raises(BenchError, match="no picture"), watched(site_of([gone], Simulated()), 0.0):
        pytest.fail("there is nothing to measure")


def test_growth_is_the_last_third_against_the_first() -> None:
    assert CameraRun(1, 0, 1, np.array([10.0, 10, 10, 50, 50, 50, 90, 90, 90])).growth_ms == 80
    assert CameraRun(1, 0, 1, np.array([10.0, 90])).growth_ms == 0
