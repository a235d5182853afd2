import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from api.references import References
from api.settings import Settings
from streams.picture_reference import PictureReference
from vision.site import Site, parse_site

NOON = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
ROAD = {"road": {"from": [0.1, 0.6], "to": [0.9, 0.6]}}


def site(**changes: Any) -> Site:
    gate = {"id": "gate", "source": {"kind": "rtsp", "url": "rtsp://10.0.0.1/sub"}, "lines": ROAD} | changes
    clip = {"id": "clip", "source": {"kind": "file", "path": "clip.mp4"}}
    return parse_site({"version": 1, "cameras": [gate, clip]})


def reference(at: datetime = NOON) -> PictureReference:
    return PictureReference(np.full((180, 320), 80, np.float32), np.zeros((180, 320), np.float32), 0.5, at)


def test_what_is_saved_is_there_after_a_restart_and_of_clips_nothing_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "references"
    first = References(site(), folder)
    assert first.before() == {}
    first.start(lambda: {"gate": reference(), "clip": reference(), "gone": reference()})
    first.stop()
    again = References(site(), folder).before()
    assert list(again) == ["gate"]
    assert again["gate"].at == NOON
    assert [path.name for path in folder.iterdir()] == ["gate.npz"]


@pytest.mark.parametrize(
    ("changes", "holds"),
    [
        ({"name": "The gate"}, True),
        ({"source": {"kind": "rtsp", "url": "rtsp://10.0.0.1/main"}}, True),
        ({"rules": [{"kind": "line_crossing", "id": "count", "line": "road"}]}, True),
        ({"lines": {"road": {"from": [0.1, 0.7], "to": [0.9, 0.6]}}}, False),
        ({"zones": {"yard": {"polygon": [[0, 0], [1, 0], [1, 1]]}}}, False),
    ],
)
def test_it_is_looked_at_anew_once_something_is_drawn_anew(
    changes: dict[str, Any], holds: bool, tmp_path: Path
) -> None:
    References(site(), tmp_path).save({"gate": reference()})
    assert bool(References(site(**changes), tmp_path).before()) is holds


def test_only_what_has_changed_is_written(tmp_path: Path) -> None:
    references, path = References(site(), tmp_path), tmp_path / "gate.npz"
    references.save({"gate": reference()})
    path.unlink()
    references.save({"gate": reference()})
    assert not path.exists()
    references.save({"gate": reference(datetime(2026, 11, 24, 6, tzinfo=UTC))})
    assert path.exists()


def test_a_folder_that_can_not_be_written_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "references"
    folder.write_text("in the way")
    references = References(site(), folder)
    with caplog.at_level(logging.WARNING):
        references.save({"gate": reference()})
        references.save({"gate": reference()})
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        f"what cameras usually see can't be kept in {folder}"
    ]
    folder.unlink()
    references.save({"gate": reference()})
    assert (folder / "gate.npz").exists()


@pytest.mark.parametrize(
    ("given", "folder"),
    [
        ({}, "var/ngatu.references"),
        ({"database": "var/demo.db"}, "var/demo.references"),
        ({"database": "postgresql+psycopg://u:p@h/n"}, "var/references"),
        ({"references": "/srv/seen"}, "/srv/seen"),
    ],
)
def test_the_folder_is_that_of_the_database(
    given: dict[str, Any], folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NGATU_DATABASE", raising=False)
    assert Settings(**given).references_folder == Path(folder)
