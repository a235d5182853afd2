"""The recipe: what is in a data set, what is wrong with it, and (with the extra `train`) a training from end to end."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.catalogue import WEIGHTS
from models.dataset import Dataset, label_file
from models.detections import Detections, Label
from models.detectors.yolo import Yolo
from models.errors import ModelError
from models.evaluation import score
from models.session import SessionOptions, fingerprint, open_session
from models.training.card import card
from models.training.dataset import LabelledPicture, joined, listed, repeats, survey, write
from models.training.fit import Fitted
from models.training.night import as_night
from models.training.recipe import Recipe
from models.training.train import train
from tests.models.exports import picture

OURS = "[person, bicycle, motorcycle, car, bus, truck]"
CAR = "3 0.5 0.5 0.2 0.2\n"
RIDING = "0 0.5 0.4 0.05 0.2\n2 0.5 0.5 0.08 0.15\n0 0.9 0.5 0.05 0.2\n"  # one person rides, one stands far off

has_ultralytics = importlib.util.find_spec("ultralytics") is not None
with_ultralytics = pytest.mark.skipif(not has_ultralytics, reason="needs the extra `train` (Ultralytics and torch)")


def data_set(folder: Path, train: dict[str, str], val: dict[str, str] | None = None, names: str = OURS) -> Path:
    """Pictures of noise, each another one, with labels as they stand in the file."""
    val = {"z": CAR} if val is None else val
    noise = np.random.default_rng(len(train))
    for part, labels in (("train", train), ("val", val)):
        for name, text in labels.items():
            image = folder / "images" / part / f"{name}.jpg"
            image.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(image), noise.integers(0, 255, (320, 640, 3), np.uint8))
            label_file(image).parent.mkdir(parents=True, exist_ok=True)
            label_file(image).write_text(text)
    path = folder / "streets.yaml"
    path.write_text(f"path: .\ntrain: images/train\nval: images/val\nnames: {names}\n")
    return path


def many_cars(count: int = 40) -> dict[str, str]:
    return {f"car{number:02}": CAR for number in range(count)}


def counts(data: Path, **options: object) -> dict[Label, int]:
    found = survey(Dataset(data), "train", **options)  # type: ignore[arg-type]
    return {label: count for label, count in found.counts.items() if count}


def test_a_good_data_set(tmp_path: Path) -> None:
    found = survey(Dataset(data_set(tmp_path, {"a": f"{CAR}2 0.1 0.5 0.05 0.1\n", "b": "\n"})), "train")
    assert found.faults == ()
    assert found.counts == {label: int(label in (Label.CAR, Label.MOTORCYCLE)) for label in Label}
    assert [len(one.boxes) for one in found.pictures] == [2, 0]
    assert found.pictures[0].boxes[0] == pytest.approx([3, 0.4, 0.4, 0.6, 0.6])


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("6 0.5 0.5 0.2 0.2", "expected a class of streets.yaml"),
        ("3 0.5 1.5 0.2 0.2", "outside 0..1"),
        ("3 0.5 nan 0.2 0.2", "outside 0..1"),
        ("3 0.5 0.5 0.002 0.2", "less than 3 px"),
        (CAR.strip(), "the same box twice"),
        ("3 0.5 0.5", "x y width height in 0..1, found '3 0.5 0.5'"),
        ("car 0.5 0.5 0.2 0.2", "expected a class"),
    ],
)
def test_a_faulty_box_is_left_out_and_told_with_file_and_line(tmp_path: Path, line: str, fault: str) -> None:
    found = survey(Dataset(data_set(tmp_path, many_cars() | {"bad": f"{CAR}{line}\n"})), "train")
    [told] = found.faults
    assert told.startswith(f"{tmp_path / 'labels/train/bad.txt'}:2: ")
    assert fault in told
    assert len(found.pictures) == 41
    assert found.counts[Label.CAR] == 41


def test_a_box_that_sticks_out_is_cut_off(tmp_path: Path) -> None:
    found = survey(Dataset(data_set(tmp_path, {"a": "3 0.95 0.5 0.2 0.2\n"})), "train")
    assert found.pictures[0].boxes[0] == pytest.approx([3, 0.85, 0.4, 1, 0.6])


def test_pictures_and_labels_that_can_not_be_read_are_left_out(tmp_path: Path) -> None:
    data = data_set(tmp_path, many_cars() | {"broken": CAR, "strange": CAR})
    (tmp_path / "images/train/broken.jpg").write_bytes(b"no picture")
    (tmp_path / "labels/train/strange.txt").write_bytes(b"\xff\xfe")
    found = survey(Dataset(data), "train")
    assert [fault.split(": ")[:2] for fault in found.faults] == [
        [str(tmp_path / "images/train/broken.jpg"), "is no picture that can be read"],
        [str(tmp_path / "labels/train/strange.txt"), "can't be read"],
    ]
    assert found.counts[Label.CAR] == 40


def test_what_is_learnt_is_not_measured_on(tmp_path: Path) -> None:
    data = data_set(tmp_path, many_cars(), {f"z{number}": CAR for number in range(30)})
    (tmp_path / "images/val/z3.jpg").write_bytes((tmp_path / "images/train/car07.jpg").read_bytes())
    learnt = survey(Dataset(data), "train")
    assert survey(Dataset(data), "val").faults == ()
    found = survey(Dataset(data), "val", besides=learnt.digests)
    assert found.faults == (f"{tmp_path / 'images/val/z3.jpg'}: is in the other part too",)
    assert len(found.pictures) == 29


def test_a_data_set_that_is_faulty_beyond_some_boxes_is_refused(tmp_path: Path) -> None:
    in_px = dict.fromkeys(("a", "b", "c"), "3 320 160 120 60\n")
    with pytest.raises(ModelError, match=r"3 of 46 pictures and boxes of its part 'train' are faulty.*\n.*a\.txt:1: "):
        survey(Dataset(data_set(tmp_path, many_cars(20) | in_px)), "train")


def test_a_data_set_without_road_users_or_without_a_part_is_refused(tmp_path: Path) -> None:
    data = data_set(tmp_path, {"a": "1 0.5 0.5 0.2 0.2\n"}, names="[car, dog]")
    with pytest.raises(ModelError, match="no road user is labelled in its part 'train'"):
        survey(Dataset(data), "train")
    data.write_text(data.read_text().replace("val: images/val\n", ""))
    with pytest.raises(ModelError, match="has no part 'val'"):
        survey(Dataset(data), "val")


def test_only_the_first_faults_are_shown() -> None:
    assert listed(["a: 1", "b: 2"]) == "a: 1\nb: 2"
    assert listed("abc", most=2) == "a\nb\n… and 1 more"


def test_class_names_become_our_labels(tmp_path: Path) -> None:
    data = data_set(
        tmp_path, {"a": "0 0.5 0.5 0.2 0.2\n1 0.5 0.5 0.3 0.3\n2 0.1 0.1 0.1 0.1\n"}, names="[xe tải, dog, van]"
    )
    assert counts(data) == {Label.TRUCK: 1, Label.CAR: 1}


def test_riders_are_joined_where_the_classes_have_them_apart(tmp_path: Path) -> None:
    coco = "[person, bicycle, motorcycle, car, airplane, bus]"
    found = survey(Dataset(data_set(tmp_path / "coco", {"a": RIDING}, names=coco)), "train")
    assert found.joined == 1
    assert found.counts[Label.PERSON] == found.counts[Label.MOTORCYCLE] == 1
    [machine] = [row for row in found.pictures[0].boxes if row[0] == Label.MOTORCYCLE]
    assert machine[1:] == pytest.approx([0.46, 0.3, 0.54, 0.575]), "around both"


def test_with_a_class_of_riders_other_people_do_not_ride(tmp_path: Path) -> None:
    names = "[pedestrian, car, motor, rider]"
    assert counts(data_set(tmp_path / "a", {"a": RIDING}, names=names)) == {Label.PERSON: 2, Label.MOTORCYCLE: 1}
    riding = RIDING.replace("0 0.5", "3 0.5")
    assert counts(data_set(tmp_path / "b", {"a": riding}, names=names)) == {Label.PERSON: 1, Label.MOTORCYCLE: 1}


def test_our_classes_are_taken_for_joined_unless_told_otherwise(tmp_path: Path) -> None:
    data = data_set(tmp_path, {"a": RIDING})
    apart, one = {Label.PERSON: 2, Label.MOTORCYCLE: 1}, {Label.PERSON: 1, Label.MOTORCYCLE: 1}
    assert counts(data) == counts(data, riders="joined") == apart
    assert counts(data, riders="apart") == one
    assert counts(data_set(tmp_path / "coco", {"a": RIDING}, names="[person, dog, moto]"), riders="joined") == apart


def test_join_leaves_out_who_may_not_ride() -> None:
    boxes = np.array([[0, 0.475, 0.3, 0.525, 0.5], [2, 0.46, 0.425, 0.54, 0.575], [3, 0.1, 0.1, 0.2, 0.2]])
    assert sorted(joined(boxes, np.array([True, False, False]))[:, 0]) == [Label.MOTORCYCLE, Label.CAR]
    assert sorted(joined(boxes, np.zeros(3, np.bool_))[:, 0]) == [Label.PERSON, Label.MOTORCYCLE, Label.CAR]


def test_rare_labels_are_shown_more_often() -> None:
    car, bicycle = np.array([[3, 0.5, 0.5, 0.1, 0.1]]), np.array([[1, 0.5, 0.5, 0.1, 0.1], [3, 0.1, 0.1, 0.1, 0.1]])
    pictures = tuple(LabelledPicture(Path("a"), bicycle if i == 0 else car) for i in range(100))
    assert repeats(pictures, wanted=0.1) == [3] + [1] * 99
    assert repeats(pictures, wanted=0.0) == [1] * 100


def test_what_is_written_is_what_was_read(tmp_path: Path) -> None:
    data = Dataset(data_set(tmp_path / "theirs", many_cars(20) | {"rare": "0 0.3 0.3 0.1 0.4\n"}, {"car00": CAR}))
    for _ in range(2):  # again: what is there is replaced
        ours = Dataset(write(tmp_path / "ours", survey(data, "train"), survey(data, "val"), rare=0.5))
    shown = ours.files("train")
    assert sorted(shown.count(path) for path in set(shown)) == [1] * 20 + [3]
    assert {path.resolve() for path in shown} == set(data.files("train"))
    [theirs], [mine] = data.read("val"), ours.read("val")
    assert mine.truth.labels.tolist() == theirs.truth.labels.tolist()
    assert mine.truth.boxes == pytest.approx(theirs.truth.boxes, abs=0.001)


def test_some_pictures_are_there_as_by_night_too(tmp_path: Path) -> None:
    data = Dataset(data_set(tmp_path / "theirs", many_cars(20)))
    learnt, measured = survey(data, "train"), survey(data, "val")
    ours = Dataset(write(tmp_path / "ours", learnt, measured, night=1.0))
    shown = ours.files("train")
    nights = [path for path in shown if path.name.endswith("-night.jpg")]
    assert len(nights) == 20
    assert len(shown) == 40
    for night, day in zip(nights, (path for path in shown if path not in nights), strict=True):
        assert label_file(night).read_text() == label_file(day).read_text(), "its road users are where they were"
        image, bright = cv2.imread(str(night)), cv2.imread(str(day))
        assert image is not None
        assert bright is not None
        assert np.ptp(image.astype(int), axis=2).max() <= 8, "grey"
        assert image.mean() < 0.8 * bright.mean()


def test_a_road_user_shines_by_night() -> None:
    plain = np.full((90, 160, 3), 128, np.uint8)
    night = as_night(plain, np.array([[0.4, 0.4, 0.6, 0.6]]), np.random.default_rng(3))
    dark = as_night(plain, np.empty((0, 4)), np.random.default_rng(3))
    assert night[45, 80].mean() > dark[45, 80].mean() + 20
    assert night[5:15, 5:15].mean() == pytest.approx(dark[5:15, 5:15].mean(), abs=8)


def test_where_labels_stand() -> None:
    assert label_file(Path("/d/images/train/a.b.jpg")) == Path("/d/labels/train/a.b.txt")
    assert label_file(Path("/images/x/images/a.png")) == Path("/images/x/labels/a.txt")


def test_a_list_of_pictures_may_have_spaces_in_its_paths(tmp_path: Path) -> None:
    data = data_set(tmp_path, {"a b": CAR})
    (tmp_path / "list.txt").write_text("images/train/a b.jpg\n\n")
    data.write_text(data.read_text().replace("train: images/train", "train: list.txt"))
    assert Dataset(data).files("train") == [tmp_path / "images/train/a b.jpg"]


def test_few_epochs_have_mosaics_too(tmp_path: Path) -> None:
    plain = [Recipe(data=tmp_path, epochs=epochs).settings()["close_mosaic"] for epochs in (1, 2, 10)]
    assert plain == [0, 1, 3]


def test_a_model_is_called_like_its_folder(tmp_path: Path) -> None:
    recipe = Recipe(data=tmp_path, out=tmp_path / "crossing-1")
    assert recipe.file(".onnx") == tmp_path / "crossing-1" / "crossing-1.onnx"
    with pytest.raises(ValueError, match="letters, digits"):
        Recipe(data=tmp_path, out=tmp_path / "crossing 1")


def test_the_card_says_what_it_was_made_of_and_how_good_it_is(tmp_path: Path) -> None:
    data = Dataset(data_set(tmp_path, many_cars() | {"bad": "9 0 0 0 0\n"}))
    recipe = Recipe(data=data.path, out=tmp_path / "mine", epochs=4)
    recipe.out.mkdir()
    for suffix in (".onnx", ".pt"):
        recipe.file(suffix).write_bytes(b"model")
    truth = Detections.of((10.0, 10.0, 60.0, 60.0, 1.0, Label.CAR))
    fitted = Fitted("YOLO11n", 2_591_010, 3, "Ultralytics 8")
    found = score([(truth, truth)])
    text = card(recipe, survey(data, "train"), survey(data, "val"), fitted, found, "MIT", "Own pictures, CC0")
    assert f"`mine.onnx` (sha256 `{fingerprint(recipe.file('.onnx'))}`)" in text
    assert f"from `street-n.pt` (sha256 `{fingerprint(WEIGHTS / 'street-n.pt')}`): 3 of 4 planned epochs" in text
    assert "lr0 0.0004" in text
    assert (
        "41 pictures with 40 boxes (1 faulty ones left out) to learn from, 1 pictures with 1 boxes to measure" in text
    )
    assert "**Licence**: MIT." in text
    assert "Own pictures, CC0." in text
    assert "| boxes learnt from | 0 | 0 | 0 | 40 | 0 | 0 |" in text
    assert f"| AP50 | – | – | – | {found.map50:.3f} | – | – |" in text
    assert str(tmp_path) not in text, "no path of the machine"


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    data = data_set(tmp_path, {"a": CAR})
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "letter.txt").write_text("dear")
    with pytest.raises(ModelError, match="is there already, and no training; name another folder with --out"):
        train(Recipe(data=data, out=tmp_path / "out"))
    (tmp_path / "out" / "recipe.json").write_text("{}")
    with pytest.raises(ModelError, match="holds a training with other settings"):
        train(Recipe(data=data, out=tmp_path / "out"))
    (tmp_path / "out" / "out.md").write_text("# out")
    with pytest.raises(ModelError, match="holds a finished training"):
        train(Recipe(data=data, out=tmp_path / "out"))


def test_a_faulty_data_set_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    data = data_set(tmp_path, {"a": "9 0.5 0.5 0.2 0.2\n"})
    with pytest.raises(ModelError, match="are faulty"):
        train(Recipe(data=data, out=tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(has_ultralytics, reason="Ultralytics is installed")
def test_without_ultralytics_it_says_what_to_install_and_what_is_faulty(tmp_path: Path) -> None:
    data = data_set(tmp_path, many_cars() | {"bad": "9 0.5 0.5 0.2 0.2\n"})
    told: list[str] = []
    with pytest.raises(ModelError, match=r"training needs Ultralytics.* pip install 'ngatu\[train\]'"):
        train(Recipe(data=data, out=tmp_path / "out"), tell=told.append)
    assert told[0].startswith(f"train: 1 of 82 left out:\n{tmp_path / 'labels/train/bad.txt'}:1: ")
    assert not (tmp_path / "out").exists()


def started(folder: Path, *words: object) -> subprocess.Popen[str]:
    """`ngatu models train` in a process of its own: what it prints and warns is Ultralytics' business."""
    command = [sys.executable, "-m", "api", "models", "train", "--out", folder, "--size", 64, "--batch", 4, *words]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "YOLO_CONFIG_DIR": str(folder.parent)}
    return subprocess.Popen(
        [str(word) for word in command],
        cwd=folder.parent,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def trained(folder: Path, *words: object) -> str:
    process = started(folder, *words)
    output, _ = process.communicate(timeout=600)
    assert process.returncode == 0, output
    return output


def epochs_of(folder: Path) -> list[int]:
    rows = (folder / "run" / "results.csv").read_text().splitlines()[1:]
    return [int(row.split(",")[0]) for row in rows]


@with_ultralytics
@pytest.mark.filterwarnings("default")  # those of torch are not ours
def test_the_shipped_model_was_trained_with_these_settings(tmp_path: Path) -> None:
    import torch  # noqa: PLC0415

    stated = torch.load(WEIGHTS / "street-n.pt", map_location="cpu", weights_only=False)["train_args"]
    settings = Recipe(data=tmp_path).settings()
    assert settings == {key: stated[key] for key in settings}


@with_ultralytics
def test_an_epoch_gives_a_model_that_runs_and_its_card(tmp_path: Path) -> None:
    data = data_set(tmp_path, many_cars(8) | {"rider": RIDING}, names="[person, dog, motorcycle, car]")
    out = tmp_path / "mine"
    said = trained(out, "--data", data, "--epochs", 3, "--stop-after", 1, "--data-licence", "Own, CC0")
    assert "ngatu models add" in said
    assert epochs_of(out) == [1]
    detector = Yolo(model=str(out / "mine.onnx"), provider="cpu").load()
    assert list(detector.classes) == [label.word for label in Label]
    assert detector.riders_joined
    assert len(detector.detect([picture()])) == 1
    text = (out / "mine.md").read_text()
    assert "YOLO11n" in text
    assert "9 pictures with 10 boxes, 1 riders joined with their two-wheelers to learn from" in text
    assert "1 of 3 planned epochs" in text
    assert "imgsz 64" in text
    assert fingerprint(out / "mine.onnx") in text
    # A model is handed on: it must not carry the paths of the machine that trained it.
    metadata = open_session(out / "mine.onnx", SessionOptions("cpu", 1)).metadata
    assert str(tmp_path) not in str(metadata)
    assert str(tmp_path).encode() not in (out / "mine.pt").read_bytes()
    again = started(out, "--data", data, "--epochs", 3, "--stop-after", 1)
    assert "holds a finished training" in again.communicate(timeout=600)[0]
    assert again.returncode == 2


@with_ultralytics
def test_an_interrupted_training_goes_on(tmp_path: Path) -> None:
    words = ("--data", data_set(tmp_path, many_cars(4)), "--epochs", 6)
    out = tmp_path / "mine"
    process = started(out, *words)
    while not (out / "run" / "weights" / "last.pt").exists():
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    output = process.communicate(timeout=600)[0]
    assert process.returncode == 130, output
    assert "the same command goes on" in output
    before = epochs_of(out)
    assert 1 <= len(before) < 6
    trained(out, *words)
    assert sorted(set(epochs_of(out))) == [1, 2, 3, 4, 5, 6]
    assert "6 of 6 planned epochs" in (out / "mine.md").read_text()


@with_ultralytics
def test_a_training_may_start_from_a_model_of_masks(tmp_path: Path) -> None:
    make = "import sys; from ultralytics import YOLO; YOLO('yolo11n-seg.yaml').save(sys.argv[1])"
    subprocess.run([sys.executable, "-c", make, str(tmp_path / "seg.pt")], check=True, capture_output=True)
    data = data_set(tmp_path, many_cars(4))
    trained(tmp_path / "mine", "--data", data, "--epochs", 1, "--from", tmp_path / "seg.pt")
    assert "from `seg.pt`" in (tmp_path / "mine" / "mine.md").read_text()
    assert Yolo(model=str(tmp_path / "mine" / "mine.onnx"), provider="cpu").load().riders_joined


@with_ultralytics
def test_first_weights_that_are_none_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    data = data_set(tmp_path, {"a": CAR})
    (tmp_path / "bad.pt").write_bytes(b"weights")
    for weights, message in (("no.pt", "there is no such checkpoint"), ("bad.pt", "is no checkpoint of Ultralytics")):
        process = started(tmp_path / "mine", "--data", data, "--from", tmp_path / weights)
        output = process.communicate(timeout=600)[0]
        assert message in output
        assert process.returncode == 2
    assert not (tmp_path / "mine").exists()
