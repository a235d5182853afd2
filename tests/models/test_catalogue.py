from pathlib import Path

import pytest

from models import catalogue as module
from models.adding import add_model, label_map
from models.catalogue import WEIGHTS, catalogue, details, find_model, rows, user_folder
from models.detections import Label
from models.detectors.yolo import Yolo
from models.errors import ModelError
from models.session import fingerprint
from tests.models.exports import SIDE, picture, save, v8


def test_every_model_of_the_catalogue_is_there_with_its_card() -> None:
    for name, entry in catalogue().items():
        model = find_model(name)
        assert (model.name, model.entry) == (name, entry)
        assert fingerprint(model.path) == entry.sha256
        card = WEIGHTS / f"{name.removesuffix('-plain')}.md"
        assert entry.sha256 in card.read_text(encoding="utf-8"), "the card is that of this file"
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
    assert row["file"] == "street-n-prepared.onnx"


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
    copy.write_bytes((WEIGHTS / "street-n-prepared.onnx").read_bytes())
    model = find_model(str(copy))
    assert (model.name, model.path, model.entry) == ("street-n", copy, catalogue()["street-n"])


def test_pytorch_weights_are_answered_with_how_to_export_them(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"export them to ONNX first: ngatu models add \S*best\.pt"):
        find_model(str(tmp_path / "best.pt"))


def test_a_file_that_is_not_the_one_of_the_catalogue_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "street-n-prepared.onnx"
    (tmp_path / name).write_bytes((WEIGHTS / name).read_bytes()[:-1] + b"\0")
    catalogue()
    monkeypatch.setattr(module, "WEIGHTS", tmp_path)
    with pytest.raises(ModelError, match=r"is not the street-n of the catalogue \(sha256 .*Restore it"):
        find_model("street-n")
    (tmp_path / name).unlink()
    assert rows()[0]["file"] == f"{name} (missing)"
    with pytest.raises(ModelError, match="there is no such model file"):
        find_model("street-n")


def test_an_added_model_is_found_by_its_name_and_guarded(tmp_path: Path) -> None:
    names = ["xe tải", "van", "dog", "man"]
    plain = save(tmp_path / "mine.onnx", v8([(4, 8, 20, 28, 0.9, 1)], 4), names=names)
    model = add_model(str(plain), "mine", licence="MIT", source="a friend", label_map={"van": "truck", "man": "ignore"})
    assert model.path == user_folder() / "mine.onnx"
    assert model.path.read_bytes() == plain.read_bytes()
    assert find_model("mine") == model
    assert model.entry is not None
    assert model.entry.labels == {"xe tải": "truck", "van": "truck", "man": "ignore"}
    assert (model.entry.licence, model.entry.source, model.entry.input_size) == ("MIT", "a friend", SIDE)
    assert Yolo(model="mine").load().detect([picture()])[0].labels.tolist() == [Label.TRUCK]
    assert [row["name"] for row in rows()] == ["street-n", "street-n-plain", "mine"]
    assert details(model)["labels"] == "xe tải → truck, van → truck, man → ignore"
    assert "not measured" in details(model)["accuracy"]
    with pytest.raises(ModelError, match="Did you mean mine"):
        find_model("mines")
    model.path.write_bytes(b"something else")
    with pytest.raises(ModelError, match=r"is not the mine of the catalogue .*ngatu models add FILE --name mine"):
        find_model("mine")


def test_a_model_without_names_is_added_with_its_label_map(tmp_path: Path) -> None:
    plain = save(tmp_path / "nameless.onnx", v8([(4, 8, 20, 28, 0.9, 1)], 2))
    with pytest.raises(ModelError, match=r"no class `names`"):
        add_model(str(plain))
    add_model(str(plain), label_map=label_map(["0=motorcycle", "1=bus"]))
    assert Yolo(model="nameless").load().detect([picture()])[0].labels.tolist() == [Label.BUS]


def test_adding_again_replaces_it(tmp_path: Path) -> None:
    for names in (["car"], ["bus"]):
        add_model(str(save(tmp_path / "mine.onnx", v8([], 1), names=names)))
    entry = find_model("mine").entry
    assert entry is not None
    assert entry.labels == {"bus": "bus"}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("street-n", "comes with Ngã Tư and is never replaced"),
        ("a.onnx", "can't be called"),
        ("../a", "can't be called"),
    ],
)
def test_a_name_that_can_not_be_used_is_refused(tmp_path: Path, name: str, says: str) -> None:
    plain = save(tmp_path / "mine.onnx", v8([], 1), names=["car"])
    with pytest.raises(ModelError, match=says):
        add_model(str(plain), name)
    assert not list(user_folder().iterdir())


def test_what_can_not_be_read_is_not_added(tmp_path: Path) -> None:
    pets = save(tmp_path / "pets.onnx", v8([], 2), names=["cat", "dog"])
    with pytest.raises(ModelError, match="none of its classes is a road user"):
        add_model(str(pets))
    assert not list(user_folder().iterdir())


@pytest.mark.parametrize("pair", ["van", "van=lorry", "=car"])
def test_a_label_that_is_none_is_refused(pair: str) -> None:
    with pytest.raises(ModelError, match="write CLASS=LABEL, with one of person, bicycle"):
        label_map([pair])
    assert label_map(["a=b=car", "van=ignore"]) == {"a=b": "car", "van": "ignore"}


@pytest.mark.parametrize(("text", "says"), [("mine: {file: x}", "mine.sha256: Field required"), ("{", "can't be read")])
def test_a_catalogue_of_the_user_s_that_is_wrong_is_said(text: str, says: str) -> None:
    (user_folder() / "catalogue.yaml").write_text(text)
    with pytest.raises(ModelError, match=says):
        find_model("mine")
