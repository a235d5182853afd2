import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.recording_index import RecordingIndex
from api.store import Store
from streams.segment import Segment
from tests.api.served import ROOT
from tests.api.stage import NOON, WAIT_S, passage
from tests.streams.footage import after, recorded_on, shown

EVENT = passage(10)


class Installation:
    """A database with an event, and twenty seconds of recordings around it."""

    def __init__(self, folder: Path, clip: Path) -> None:
        self.folder = folder
        self.recordings = folder / "recordings"
        self.url = f"sqlite:///{folder}/ngatu.db"
        with Store.open(self.url) as store:
            store.add([EVENT])
            assert store.flush(WAIT_S)
        self.segments: list[Segment] = recorded_on(self.recordings, clip, NOON, 5)
        with RecordingIndex.open(self.url) as index:
            index.add(self.segments)

    def run(self, *words: object) -> tuple[int, str, str]:
        """A command: its exit code, what it says, and what it says of errors."""
        ended = subprocess.run(
            [sys.executable, "-m", "api", *map(str, words)],
            cwd=ROOT,
            env={"NGATU_DATABASE": self.url, "NGATU_RECORDINGS": str(self.recordings), "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
        )
        return ended.returncode, ended.stdout, ended.stderr

    def held(self) -> list[str]:
        with RecordingIndex.open(self.url) as index:
            return [segment.file for segment in self.segments if any(hold.covers(segment) for hold in index.holds())]


@pytest.fixture(name="here")
def fixture_here(tmp_path: Path, clip: Path) -> Installation:
    return Installation(tmp_path, clip)


def test_what_is_recorded_is_listed_by_day_or_by_file(here: Installation) -> None:
    code, said, _ = here.run("recordings", "list")
    assert code == 0
    assert said.splitlines()[1].split() == ["road", "2026-11-24", "5", "0.01", "0.00", "0"]
    code, said, _ = here.run("recordings", "list", "--each", "--camera", "road")
    assert [line.split()[0] for line in said.splitlines()[1:]] == [segment.file for segment in here.segments]
    assert here.run("recordings", "list", "--each", "--camera", "gate")[1].splitlines()[1:] == []


def test_a_check_proves_that_index_and_disk_agree(here: Installation) -> None:
    assert here.run("recordings", "check", "--read") == (
        0,
        f"{here.recordings}: good; index and disk agree on 5 recordings\n",
        "",
    )
    (here.recordings / here.segments[2].file).unlink()
    code, said, _ = here.run("recordings", "check")
    assert (code, said) == (1, f"{here.segments[2].file}: stands in the index and is not on the disk\n")
    code, said, _ = here.run("recordings", "check", "--mend")
    assert code == 0
    assert said.splitlines()[1:] == ["mended", f"{here.recordings}: good; index and disk agree on 4 recordings"]
    assert here.run("recordings", "check")[0] == 0


def test_a_hold_is_put_and_released(here: Installation) -> None:
    code, said, _ = here.run("recordings", "hold", EVENT.id, "--reason", "case 17", "--before", 1, "--after", 3)
    assert code == 0
    assert said.startswith("held: camera road, 2026-11-24 05:00:09+00:00 to 2026-11-24 05:00:13+00:00: 2 recordings")
    assert here.held() == [segment.file for segment in here.segments[2:4]]
    assert "case 17" in here.run("recordings", "list")[1]
    assert here.run("recordings", "list")[1].splitlines()[1].split()[-1] == "2"
    assert here.run("recordings", "release", EVENT.id) == (0, f"released: event {EVENT.id}\n", "")
    assert here.held() == []
    code, _, said = here.run("recordings", "release", EVENT.id)
    assert (code, said) == (2, f"ngatu: event '{EVENT.id}' is under no hold; there are: none\n")


def test_a_clip_is_cut_into_a_file(here: Installation) -> None:
    out = here.folder / "clip.mp4"
    code, said, _ = here.run("clip", EVENT.id, "--out", out, "--before", 2, "--after", 4)
    assert code == 0
    assert said == f"wrote {out}: 2026-11-24 05:00:08+00:00 to 2026-11-24 05:00:14+00:00\n"
    assert len(shown(out)) == 150
    code, said, _ = here.run("clip", EVENT.id, "--out", out, "--after", 20)
    assert code == 0
    assert "9.85 s of it were not recorded" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("clip", "nothing", "--out", "x.mp4"), "no event 'nothing' in the database; NGATU_DATABASE names the one"),
        (("clip", EVENT.id, "--out", "/nowhere/x.mp4"), "/nowhere/x.mp4: is a folder, or its folder does not exist"),
        (("recordings", "hold", "nothing", "--reason", "x"), "no event 'nothing' in the database"),
    ],
)
def test_what_can_not_be_is_refused(here: Installation, words: tuple[str, ...], said: str) -> None:
    code, _, told = here.run(*words)
    assert code == 2
    assert told.startswith(f"ngatu: {said}")


def test_a_clip_that_is_not_recorded_yet_or_any_more(here: Installation, clip: Path) -> None:
    now = datetime.now(UTC)
    new = passage(20).model_copy(update={"id": "new", "at": now})
    old = passage(20).model_copy(update={"id": "old", "at": after(NOON, -900)})
    with Store.open(here.url) as store, RecordingIndex.open(here.url) as index:
        store.add([new, old])
        index.add(recorded_on(here.recordings, clip, after(now, -4), 1))
        assert store.flush(WAIT_S)
    code, _, said = here.run("clip", "new", "--out", here.folder / "x.mp4")
    assert code == 2
    assert "the end of the clip of event 'new' is recorded at" in said
    code, _, said = here.run("clip", "old", "--out", here.folder / "x.mp4")
    assert code == 2
    assert "no clip of event 'old'" in said
    assert not (here.folder / "x.mp4").exists()
