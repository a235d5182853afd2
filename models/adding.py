"""Adds models to the user's catalogue."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from models.catalogue import (
    Accuracy,
    Entry,
    Model,
    add,
    check_name,
    find_model,
    make_user_folder,
    user_folder,
    write_whole,
)
from models.detectors.yolo import LabelOrIgnore, Yolo
from models.errors import ModelError
from models.export import export
from models.labels import LABEL_WORDS
from models.session import fingerprint

_OFFICIAL = "Ultralytics, official weights"


def add_model(
    what: str,
    name: str | None = None,
    *,
    licence: str | None = None,
    source: str | None = None,
    label_map: Mapping[str, LabelOrIgnore] | None = None,
) -> Model:
    """Adds a model to the user's catalogue: an .onnx file as it is, .pt weights or an official name exported.

    Args:
        what: An .onnx or .pt file, or an official name such as `yolo26n`.
        name: What it is to be called; the file's name without suffix if not given.
        licence: Licence of the weights, SPDX.
        source: Where they come from.
        label_map: Our labels of classes of the model, where their names don't tell.

    Raises:
        ModelError: It can't be had or read, or the name can't be used.
    """
    path = Path(what)
    name = name or path.stem
    check_name(name)
    official = not path.suffix
    make_user_folder()
    with TemporaryDirectory(dir=user_folder()) as folder:
        file = Path(folder) / f"{name}.onnx"
        if path.suffix.lower() == ".onnx":
            write_whole(file, find_model(what).path.read_bytes())
        else:
            export(what, file)
        return enter(
            name,
            file,
            licence=licence or ("AGPL-3.0" if official else "not stated"),
            source=source or (f"{_OFFICIAL} {name}" if official else path.name),
            label_map=label_map or {},
        )


def label_map(pairs: Iterable[str]) -> dict[str, LabelOrIgnore]:
    """Our labels of classes from `CLASS=LABEL` as they are typed.

    Raises:
        ModelError: A pair is none, or there is no such label.
    """
    found: dict[str, LabelOrIgnore] = {}
    for pair in pairs:
        name, _, word = pair.rpartition("=")
        if not name or word not in (*LABEL_WORDS, "ignore"):
            raise ModelError(f"--label {pair!r}: write CLASS=LABEL, with one of {', '.join(LABEL_WORDS)}, ignore")
        found[name] = cast(LabelOrIgnore, word)
    return found


def enter(
    name: str,
    file: Path,
    *,
    licence: str,
    source: str,
    label_map: Mapping[str, LabelOrIgnore],
    measured: Accuracy | None = None,
) -> Model:
    """Moves a file into the user's folder and enters it into the catalogue, if it can be read.

    Raises:
        ModelError: It can't be read.
    """
    check_name(name)
    detector = Yolo(model=str(file), label_map=label_map, provider="cpu").load()
    entry = Entry(
        file=f"{name}.onnx",
        sha256=fingerprint(file),
        licence=licence,
        source=source,
        input_size=detector.input_size,
        riders_joined=detector.riders_joined,
        labels=detector.classes,
        measured=measured,
    )
    file.replace(user_folder() / entry.file)
    add(name, entry)
    return find_model(name)
