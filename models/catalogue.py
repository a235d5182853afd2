"""The models there are, by name: file, sha256, licence, source, labels, input size, measured accuracy."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from ruamel.yaml import YAML

from models.errors import ModelError
from models.labels import LabelWord
from models.session import fingerprint

WEIGHTS = Path(__file__).parent / "weights"


class Accuracy(BaseModel):
    """How good a model was on which pictures."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pictures: str = Field(description="Which pictures, and at which input size.")
    map50: float = Field(description="Mean average precision at IoU 0.5.")
    map50_95: float = Field(description="Mean average precision over IoU 0.5 to 0.95.")
    ap50: Mapping[LabelWord, float] = Field(description="Average precision at IoU 0.5 by label.")


class Entry(BaseModel):
    """One model of the catalogue."""

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
        entry: What the catalogue says of it; None for a file of the user's own.
    """

    name: str
    path: Path
    entry: Entry | None


@cache
def catalogue() -> Mapping[str, Entry]:
    """All models of the catalogue by name."""
    return _entries.validate_python(
        YAML(typ="safe", pure=True).load((WEIGHTS / "catalogue.yaml").read_text(encoding="utf-8"))
    )


_entries = TypeAdapter(dict[str, Entry])


def find_model(name_or_path: str) -> Model:
    """The model of a name in the catalogue, or in a file.

    What ends in a suffix or holds a `/` is a file, all else a name.

    Raises:
        ModelError: The name is unknown, there is no such file, it is no ONNX export, or it isn't the file that
            the catalogue knows.
    """
    if Path(name_or_path).suffix or len(Path(name_or_path).parts) > 1:
        return _own_file(Path(name_or_path))
    entry = catalogue().get(name_or_path)
    if entry is None:
        close = difflib.get_close_matches(name_or_path, catalogue(), n=1)
        hint = f"Did you mean {close[0]}? " if close else ""
        raise ModelError(
            f"no model {name_or_path!r}. {hint}There are: {', '.join(catalogue())}; or give the path of an .onnx file"
        )
    path = WEIGHTS / entry.file
    found = fingerprint(path)
    if found != entry.sha256:
        raise ModelError(
            f"{path}: is not the {name_or_path} of the catalogue (sha256 {found[:12]}…, expected "
            f"{entry.sha256[:12]}…): it was changed or damaged. Restore it from the repository; a model of your "
            f"own goes elsewhere and is given by its path"
        )
    return Model(name_or_path, path, entry)


def rows() -> list[dict[str, str]]:
    """The catalogue for people: one row a model, the same columns in each."""
    return [
        {
            "name": name,
            "labels": ", ".join(dict.fromkeys(word for word in entry.labels.values() if word != "ignore")),
            "input": f"{entry.input_size} px",
            "mAP50": f"{entry.measured.map50:.3f}" if entry.measured else "not measured",
            "licence": entry.licence,
            "file": entry.file if (WEIGHTS / entry.file).is_file() else f"{entry.file} (missing)",
            "source": entry.source,
        }
        for name, entry in catalogue().items()
    ]


def _own_file(path: Path) -> Model:
    if path.suffix.lower() in (".pt", ".pth"):
        raise ModelError(
            f"{path}: PyTorch weights are not run as they are; export them to ONNX first: "
            f"yolo export model={path.name} format=onnx dynamic=True opset=17"
        )
    sha256 = fingerprint(path)
    for name, entry in catalogue().items():
        if entry.sha256 == sha256:
            return Model(name, path, entry)
    return Model(path.name, path, None)
