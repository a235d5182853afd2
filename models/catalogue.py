"""The models there are, by name: file, sha256, licence, source, labels, input size, measured accuracy.

Those that come with Ngã Tư stand in `models/weights`, those that the user added (`ngatu models add`) in a folder of
the installation, with a catalogue of the same format.
"""

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from models.errors import ModelError
from models.labels import LabelWord
from models.session import fingerprint

WEIGHTS = Path(__file__).parent / "weights"
NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"
"""What a model may be called: what has a suffix or a `/` is a file."""


class Accuracy(BaseModel):
    """How good a model was on which pictures."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pictures: str = Field(description="Which pictures, and at which input size.")
    map50: float = Field(description="Mean average precision at IoU 0.5.")
    map50_95: float = Field(description="Mean average precision over IoU 0.5 to 0.95.")
    ap50: Mapping[LabelWord, float] = Field(description="Average precision at IoU 0.5 by label.")


class Entry(BaseModel):
    """One model of a catalogue."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str = Field(description="File in the catalogue's folder.")
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="Fingerprint of the file.")
    licence: str = Field(description="Licence of the weights, SPDX.")
    source: str = Field(description="Where the weights come from.")
    input_size: int = Field(description="Longer side of the input it was measured with, px.")
    riders_joined: bool = Field(description="Whether rider and two-wheeler are one object in its training data.")
    labels: Mapping[str, LabelWord | Literal["ignore"]] = Field(description="The model's classes in our labels.")
    measured: Accuracy | None = Field(default=None, description="Accuracy, where it was measured.")


@dataclass(frozen=True, slots=True)
class Model:
    """A model file that was found and is what it claims to be.

    Attributes:
        name: Name in the catalogue, or the file's name.
        path: The file.
        sha256: Fingerprint of the file.
        entry: What the catalogue says of it; None for a file that is in none.
    """

    name: str
    path: Path
    sha256: str
    entry: Entry | None


@cache
def catalogue() -> Mapping[str, Entry]:
    """The models that come with Ngã Tư, by name."""
    return _read(WEIGHTS / "catalogue.yaml")


def user_folder() -> Path:
    """Where models of this installation are: NGATU_MODELS, or `var/models` in the working directory."""
    return Path(os.environ.get("NGATU_MODELS") or "var/models")


def added() -> Mapping[str, Entry]:
    """The models that the user added, by name.

    Raises:
        ModelError: Their catalogue can't be read.
    """
    path = user_folder() / "catalogue.yaml"
    return _read(path) if path.exists() else {}


def add(name: str, entry: Entry) -> None:
    """Enters a model into the user's catalogue; its file is in the user's folder already.

    Raises:
        ModelError: The name is none, or one that comes with Ngã Tư, or the catalogue can't be written.
    """
    check_name(name)
    entries = {key: one.model_dump(mode="json", exclude_none=True) for key, one in {**added(), name: entry}.items()}
    text = StringIO()
    YAML().dump(entries, text)
    head = "# Models of this installation, by name; written by `ngatu models`.\n"
    write_whole(user_folder() / "catalogue.yaml", (head + text.getvalue()).encode())


def check_name(name: str) -> None:
    """Checks what a model of the user's is to be called.

    Raises:
        ModelError: It is no name, or one that comes with Ngã Tư.
    """
    if not re.match(NAME, name):
        raise ModelError(f"a model can't be called {name!r}; use letters, digits, `-` and `_`: --name my-model")
    if name in catalogue():
        raise ModelError(f"{name} comes with Ngã Tư and is never replaced; choose another name: --name my-{name}")


def quantized_name(model: Model) -> str:
    """What the quantized form of a model is called in the user's catalogue."""
    return f"{Path(model.name).stem}-int8"


def make_user_folder() -> None:
    """Makes the folder of the user's models, if it is not there.

    Raises:
        ModelError: It can't be made.
    """
    try:
        user_folder().mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelError(f"{user_folder()}: can't be made: {error.strerror}; set NGATU_MODELS to another") from None


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all, and makes its folder.

    Raises:
        ModelError: It can't be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise ModelError(f"{path}: can't be written: {error.strerror}; set NGATU_MODELS to a folder that can") from None


_entries = TypeAdapter(dict[str, Entry])


def _read(path: Path) -> dict[str, Entry]:
    try:
        return _entries.validate_python(YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")) or {})
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise ModelError(f"{path}: can't be read: {str(error).splitlines()[0]}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ModelError(f"{path}: {place}: {first['msg']}; set it right, or remove the file") from None


def find_model(name_or_path: str) -> Model:
    """The model of a name in the catalogue, or in a file.

    What ends in a suffix or holds a `/` is a file, all else a name.

    Raises:
        ModelError: The name is unknown, there is no such file, it is no ONNX export, or it isn't the file that
            the catalogue knows.
    """
    if Path(name_or_path).suffix or len(Path(name_or_path).parts) > 1:
        return _own_file(Path(name_or_path))
    entry, folder = catalogue().get(name_or_path), WEIGHTS
    if entry is None:
        entry, folder = added().get(name_or_path), user_folder()
    if entry is None:
        there = [*catalogue(), *added()]
        close = difflib.get_close_matches(name_or_path, there, n=1)
        hint = f"Did you mean {close[0]}? " if close else ""
        raise ModelError(
            f"no model {name_or_path!r}. {hint}There are: {', '.join(there)}; or give the path of an .onnx file"
        )
    path = folder / entry.file
    found = fingerprint(path)
    if found != entry.sha256:
        remedy = (
            "Restore it from the repository; a model of your own goes elsewhere and is given by its path"
            if folder == WEIGHTS
            else f"Add it again: ngatu models add FILE --name {name_or_path}"
        )
        raise ModelError(
            f"{path}: is not the {name_or_path} of the catalogue (sha256 {found[:12]}…, expected "
            f"{entry.sha256[:12]}…): it was changed or damaged. {remedy}"
        )
    return Model(name_or_path, path, found, entry)


def details(model: Model) -> dict[str, str]:
    """All that is known of a model, for people: what it is, and its value."""
    known = {"name": model.name, "file": str(model.path), "sha256": model.sha256}
    entry = model.entry
    if entry is None:
        return known | {"catalogue": "it is in none; ngatu models add FILE enters it"}
    known |= {
        "licence": entry.licence,
        "source": entry.source,
        "input": f"{entry.input_size} px",
        "labels": ", ".join(name if name == word else f"{name} → {word}" for name, word in entry.labels.items()),
        "riders": "one with their two-wheelers" if entry.riders_joined else "reported apart, joined here",
    }
    if entry.measured is None:
        return known | {"accuracy": "not measured; ngatu models evaluate NAME --data DATASET.yaml does it"}
    by_label = ", ".join(f"{word} {value:.3f}" for word, value in entry.measured.ap50.items())
    return known | {
        "measured on": entry.measured.pictures,
        "mAP50": f"{entry.measured.map50:.3f} ({by_label})",
        "mAP50-95": f"{entry.measured.map50_95:.3f}",
    }


def rows() -> list[dict[str, str]]:
    """Both catalogues for people: one row a model, the same columns in each."""
    return [
        {
            "name": name,
            "labels": ", ".join(dict.fromkeys(word for word in entry.labels.values() if word != "ignore")),
            "input": f"{entry.input_size} px",
            "mAP50": f"{entry.measured.map50:.3f}" if entry.measured else "not measured",
            "licence": entry.licence,
            "file": entry.file if (folder / entry.file).is_file() else f"{entry.file} (missing)",
            "source": entry.source,
        }
        for folder, entries in ((WEIGHTS, catalogue()), (user_folder(), added()))
        for name, entry in entries.items()
    ]


def _own_file(path: Path) -> Model:
    if path.suffix.lower() in (".pt", ".pth"):
        raise ModelError(
            f"{path}: PyTorch weights are not run as they are; export them to ONNX first: "
            f"ngatu models add {path} (or yolo export model={path.name} format=onnx dynamic=True opset=17)"
        )
    sha256 = fingerprint(path)
    for name, entry in {**catalogue(), **added()}.items():
        if entry.sha256 == sha256:
            return Model(name, path, sha256, entry)
    return Model(path.name, path, sha256, None)
