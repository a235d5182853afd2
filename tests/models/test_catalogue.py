from pathlib import Path

import pytest

from models import catalogue as module
from models.catalogue import WEIGHTS, catalogue, find_model, rows
from models.detections import Label
from models.errors import ModelError
from models.session import fingerprint


def test_every_model_of_the_catalogue_is_there_with_its_card() -> None:
    for name, entry in catalogue().items():
        model = find_model(name)
        assert (model.name, model.entry) == (name, entry)
        assert fingerprint(model.path) == entry.sha256
        assert (WEIGHTS / f"{name}.md").is_file()
        assert entry.input_size % 32 == 0


def test_the_default_model_knows_all_labels_and_was_measured() -> None:
    entry = catalogue()["street-n"]
    assert list(entry.labels.values()) == [label.word for label in Label]
    assert entry.measured is not None
    assert set(entry.measured.ap50) == {label.word for label in Label}


def test_rows_for_people() -> None:
    row = rows()[0]
    assert row["name"] == "street-n"
    assert row["labels"] == "person, bicycle, motorcycle, car, bus, truck"
    assert row["mAP50"] == "0.662"
    assert row["file"] == "street-n.onnx"


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    with pytest.raises(ModelError, match=r"no model 'street-m'\. Did you mean street-n\? There are: street-n"):
        find_model("street-m")
    with pytest.raises(ModelError, match=r"no model 'zebra'\. There are: street-n"):
        find_model("zebra")


def test_a_file_of_ones_own_is_found_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.onnx"
    path.write_bytes(b"anything")
    model = find_model(str(path))
    assert (model.name, model.path, model.entry) == ("mine.onnx", path, None)
    with pytest.raises(ModelError, match="there is no such model file"):
        find_model(str(tmp_path / "gone.onnx"))
    with pytest.raises(ModelError, match="there is no such model file"):
        find_model("gone.onnx")


def test_a_copy_of_a_known_file_is_known_by_its_content(tmp_path: Path) -> None:
    copy = tmp_path / "copy.onnx"
    copy.write_bytes((WEIGHTS / "street-n.onnx").read_bytes())
    model = find_model(str(copy))
    assert (model.name, model.path, model.entry) == ("street-n", copy, catalogue()["street-n"])


def test_pytorch_weights_are_answered_with_how_to_export_them(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"export them to ONNX first: ngatu models add \S*best\.pt"):
        find_model(str(tmp_path / "best.pt"))


def test_a_file_that_is_not_the_one_of_the_catalogue_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "street-n.onnx").write_bytes((WEIGHTS / "street-n.onnx").read_bytes()[:-1] + b"\0")
    catalogue()
    monkeypatch.setattr(module, "WEIGHTS", tmp_path)
    with pytest.raises(ModelError, match=r"is not the street-n of the catalogue \(sha256 .*Restore it"):
        find_model("street-n")
    (tmp_path / "street-n.onnx").unlink()
    assert rows()[0]["file"] == "street-n.onnx (missing)"
    with pytest.raises(ModelError, match="there is no such model file"):
        find_model("street-n")
