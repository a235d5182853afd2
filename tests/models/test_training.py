"""The recipe, as far as it goes without torch: what is in a data set, and what is wrong with it."""

import importlib.util
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.dataset import label_file
from models.detections import Label
from models.errors import ModelError
from models.training.dataset import LabelledPicture, joined, repeats, survey
from models.training.train import Recipe, train

NAMES = "names: [person, bicycle, motorcycle, car, bus, truck]\n"


def data_set(folder: Path, labels: dict[str, str], names: str = NAMES) -> Path:
    for kind in ("images", "labels"):
        (folder / kind / "train").mkdir(parents=True)
    (folder / "images" / "val").mkdir()
    for name, text in labels.items():
        cv2.imwrite(str(folder / "images/train" / f"{name}.jpg"), np.full((320, 640, 3), 90, np.uint8))
        (folder / "labels/train" / f"{name}.txt").write_text(text)
    path = folder / "data.yaml"
    path.write_text(f"path: .\ntrain: images/train\nval: images/val\n{names}")
    return path


def test_a_good_data_set(tmp_path: Path) -> None:
    found = survey(data_set(tmp_path, {"a": "3 0.5 0.5 0.2 0.2\n2 0.1 0.5 0.05 0.1\n", "b": ""}), "train")
    assert found.faults == ()
    assert found.counts[Label.CAR] == 1
    assert found.counts[Label.BUS] == 0
    assert [len(one.boxes) for one in found.pictures] == [2, 0]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("6 0.5 0.5 0.2 0.2\n", "none of the six"),
        ("3 0.5 1.5 0.2 0.2\n", "outside 0..1"),
        ("3 0.5 0.5 0.002 0.2\n", "less than 3 px"),
        ("3 0.5 0.5 0.2 0.2\n3 0.5 0.5 0.2 0.2\n", "the same box twice"),
        ("3 0.5 0.5\n", "not five numbers"),
        ("car 0.5 0.5 0.2 0.2\n", "not five numbers"),
    ],
)
def test_faults_are_told_with_the_picture(tmp_path: Path, text: str, fault: str) -> None:
    found = survey(data_set(tmp_path, {"bad": text, "good": "3 0.5 0.5 0.2 0.2\n"}), "train")
    assert len(found.faults) == 1
    assert "bad" in found.faults[0]
    assert fault in found.faults[0]


def test_a_picture_that_is_none(tmp_path: Path) -> None:
    data = data_set(tmp_path, {"a": "3 0.5 0.5 0.2 0.2\n"})
    (tmp_path / "images/train/b.jpg").write_bytes(b"no picture")
    assert survey(data, "train").faults == ("b.jpg: can't be decoded",)


@pytest.mark.parametrize(
    ("names", "message"),
    [("names: [car, bus]\n", "its labels are"), ("", "no data set"), ("names: {0: person}\n", "its labels are")],
)
def test_other_labels_are_refused(tmp_path: Path, names: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        survey(data_set(tmp_path, {"a": ""}, names), "train")


def test_folders_that_are_not_there(tmp_path: Path) -> None:
    data = data_set(tmp_path, {"a": ""})
    data.write_text(data.read_text().replace("images/train", "images/no"))
    with pytest.raises(ModelError, match="no folder"):
        survey(data, "train")
    with pytest.raises(ModelError, match="no data set"):
        survey(tmp_path / "no.yaml", "train")
    with pytest.raises(ModelError, match="holds no picture"):
        survey(data, "val")


def test_where_labels_stand() -> None:
    assert label_file(Path("/d/images/train/a.b.jpg")) == Path("/d/labels/train/a.b.txt")
    assert label_file(Path("/images/x/images/a.png")) == Path("/images/x/labels/a.txt")


def test_rare_labels_are_shown_more_often() -> None:
    car, bicycle = np.array([[3, 0.5, 0.5, 0.1, 0.1]]), np.array([[1, 0.5, 0.5, 0.1, 0.1], [3, 0.1, 0.1, 0.1, 0.1]])
    pictures = tuple(LabelledPicture(Path("a"), bicycle if i == 0 else car) for i in range(100))
    assert repeats(pictures, wanted=0.1) == [3] + [1] * 99
    assert repeats(pictures, wanted=0.0) == [1] * 100


def test_riders_and_their_machines_are_joined() -> None:
    rider_on_motorcycle = np.array([[0, 0.5, 0.4, 0.05, 0.2], [2, 0.5, 0.5, 0.08, 0.15], [0, 0.9, 0.5, 0.05, 0.2]])
    found = joined(rider_on_motorcycle, (640, 640))
    assert sorted(found.labels.tolist()) == [Label.PERSON, Label.MOTORCYCLE]


def test_training_refuses_faults_before_it_begins(tmp_path: Path) -> None:
    data = data_set(tmp_path, {"a": "9 0.5 0.5 0.2 0.2\n"})
    with pytest.raises(ModelError, match="1 faults in the training part"):
        train(Recipe(weights=tmp_path / "w.pt", data=data, out=tmp_path / "out"))


@pytest.mark.skipif(importlib.util.find_spec("ultralytics") is not None, reason="Ultralytics is installed")
def test_training_without_ultralytics_says_what_to_install(tmp_path: Path) -> None:
    data = data_set(tmp_path, {"a": "3 0.5 0.5 0.2 0.2\n"})
    with pytest.raises(ModelError, match="pip install"):
        train(Recipe(weights=tmp_path / "w.pt", data=data, out=tmp_path / "out"))
