from pathlib import Path

import pytest

from streams.whole_file import whole_file


def test_it_takes_its_place_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    with whole_file(path) as part:
        part.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_an_older_one_stays_where_the_new_one_is_not_whole(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text("old")
    with pytest.raises(TypeError), whole_file(path) as part:
        part.write_text(7)  # type: ignore[arg-type]
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_a_link_and_rights_stay(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    kept, path = tmp_path / "kept" / "site.yaml", tmp_path / "site.yaml"
    kept.write_text("old")
    kept.chmod(0o640)
    path.symlink_to(kept)
    with whole_file(path) as part:
        part.write_text("new")
    assert path.is_symlink()
    assert kept.read_text() == "new"
    assert kept.stat().st_mode & 0o777 == 0o640


def test_what_can_not_be_written_is_the_error_that_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), whole_file(tmp_path / "nowhere" / "site.yaml") as part:
        part.touch()
