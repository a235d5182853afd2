from pathlib import Path

import numpy as np
import pytest

from benchmarks.errors import BenchError
from benchmarks.tracking import probabilities, read_sequence, track_sequences
from vision.tracker import TrackerConfig
from vision.trackers.bytetrack import ByteTrack
from vision.trackers.packtrack import PackTrack

SEQINFO = "[Sequence]\nname=walk\nframeRate=10\nseqLength=30\nimWidth=640\nimHeight=480\n"


def sequence(folder: Path, lines: str, seqinfo: str = SEQINFO) -> Path:
    folder.mkdir(parents=True)
    (folder / "det.txt").write_text(lines)
    (folder / "seqinfo.ini").write_text(seqinfo)
    return folder


def walking(score: float, unseen: range = range(0)) -> str:
    """One who walks to the right, one who stands; the walker is hidden for some frames."""
    lines = []
    for frame in range(1, 31):
        lines.append(f"{frame},-1,400,100,40,100,{score},-1,-1,-1")
        if frame not in unseen:
            lines.append(f"{frame},-1,{100 + 4 * frame},100,40,100,{score},-1,-1,-1")
    return "\n".join(lines) + "\n"


def rows(path: Path) -> list[list[float]]:
    return [[float(value) for value in line.split(",")] for line in path.read_text().splitlines()]


@pytest.mark.parametrize("tracker", [PackTrack(), ByteTrack()], ids=lambda one: one.kind)
@pytest.mark.parametrize("score", [0.9, 90.0], ids=["probabilities", "unbounded scores"])
def test_two_people_are_two_tracks(tmp_path: Path, tracker: TrackerConfig, score: float) -> None:
    sequence(tmp_path / "data" / "walk", walking(score, unseen=range(12, 16)))
    [done] = track_sequences(tmp_path / "data", tmp_path / "out", tracker)
    assert (done.name, done.frames, done.tracks) == ("walk", 30, 2)
    assert len(done.step_ms) == 30
    found = rows(tmp_path / "out" / "walk.txt")
    assert all(len(row) == 10 and row[7:] == [1, 1, -1] for row in found)
    last = {row[1]: row[2] for row in found if row[0] == 30}
    assert sorted(last.values()) == pytest.approx([220, 400], abs=6), "left edges, px"


def test_frames_without_detections_are_steps_too(tmp_path: Path) -> None:
    sequence(tmp_path / "data" / "walk", "")
    [done] = track_sequences(tmp_path / "data", tmp_path / "out", PackTrack())
    assert (done.frames, done.tracks) == (30, 0)
    assert (tmp_path / "out" / "walk.txt").read_text() == ""


def test_with_an_interval_only_some_frames_are_looked_at(tmp_path: Path) -> None:
    sequence(tmp_path / "data" / "walk", walking(0.9))
    [done] = track_sequences(tmp_path / "data", tmp_path / "out", PackTrack(), every=4)
    assert done.frames == 8
    assert {row[0] for row in rows(tmp_path / "out" / "walk.txt")} <= set(range(1, 31, 4))
    assert done.tracks == 2


def test_unbounded_scores_become_probabilities_in_their_order() -> None:
    known = np.array([-3.0, 0.0, 20.0, 60.0, 117.9])
    mapped = probabilities(known)
    assert mapped[:2].tolist() == [0, 0]
    assert mapped[3] == pytest.approx(1 - np.exp(-1))
    assert (np.diff(mapped) >= 0).all()
    assert mapped.max() < 1
    assert probabilities(np.array([-0.1, 0.4, 1.0])).tolist() == [0, 0.4, 1]
    assert len(probabilities(np.empty(0))) == 0


def test_boxes_are_corners(tmp_path: Path) -> None:
    one = read_sequence(sequence(tmp_path / "walk", "7,-1,10,20,30,40,0.5\n"))
    assert one.at(7).boxes.tolist() == [[10, 20, 40, 60]]
    assert len(one.at(8)) == 0


@pytest.mark.parametrize(
    ("lines", "seqinfo", "named"),
    [
        ("1,-1,2,3\n", SEQINFO, "det.txt"),
        ("1,-1,2,3,4,5,nan\n", SEQINFO, "det.txt"),
        ("words\n", SEQINFO, "det.txt"),
        ("", "[Sequence]\nframeRate=10\n", "seqinfo.ini"),
        ("", SEQINFO.replace("=10", "=0"), "seqinfo.ini"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, lines: str, seqinfo: str, named: str) -> None:
    sequence(tmp_path / "data" / "walk", lines, seqinfo)
    with pytest.raises(BenchError, match=named):
        list(track_sequences(tmp_path / "data", tmp_path / "out", PackTrack()))


def test_a_folder_without_sequences_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="no sequences"):
        list(track_sequences(tmp_path, tmp_path / "out", PackTrack()))
