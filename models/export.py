"""From PyTorch weights to an ONNX file in our form, through Ultralytics (the extra `[train]`)."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from models.errors import ModelError
from models.graph import prepare

NO_ULTRALYTICS = (
    "Ultralytics, which is not installed; install it with: "
    "pip install 'ngatu[train]' (in a checkout: .venv/bin/pip install -e '.[train]')"
)
# Doubles are suppressed by us, with the labels in view; newer versions of Ultralytics leave that out by themselves.
# Opset 17 is read by every ONNX Runtime since 1.13.
_SCRIPT = """
import sys
from ultralytics import YOLO
from ultralytics.utils import DEFAULT_CFG_DICT
options = {"end2end": False} if "end2end" in DEFAULT_CFG_DICT else {}
YOLO(sys.argv[1]).export(format="onnx", dynamic=True, opset=17, simplify=True, **options)
"""


def export(weights: str, target: Path) -> frozenset[str]:
    """Writes a model in the form that runs fastest here.

    Args:
        weights: A .pt file, an .onnx file in a layout that can be read, or an official name such as `yolo26n`, whose
            weights are fetched. A .pt file is a program: load none from a source that you don't trust.
        target: The .onnx file to write; made whole or not at all.

    Returns:
        What `models.graph.prepare` could do.

    Raises:
        ModelError: Ultralytics is not installed, the weights can't be had or read, or their layout is not known.
    """
    file = Path(weights)
    suffix = file.suffix.lower()
    if suffix not in (".pt", ".onnx", ""):
        raise ModelError(f"{weights}: expected .pt weights, an .onnx file, or an official name such as yolo26n")
    if suffix and not file.is_file():
        raise ModelError(f"{weights}: there is no such model file")
    target.parent.mkdir(parents=True, exist_ok=True)
    if suffix == ".onnx":
        return prepare(file, target)
    with TemporaryDirectory(dir=target.parent) as folder:
        # Ultralytics writes beside the weights, and downloads into the working directory.
        own = Path(folder) / f"{file.stem}.pt"
        if suffix:
            shutil.copyfile(file, own)
        _run_ultralytics(own, official=not suffix)
        return prepare(own.with_suffix(".onnx"), target)


def _run_ultralytics(weights: Path, official: bool) -> None:
    """Exports weights in a process of its own: what it prints, and whatever the weights do, stays there."""
    if importlib.util.find_spec("ultralytics") is None:
        raise ModelError(f"PyTorch weights and official names need {NO_ULTRALYTICS}")
    done = subprocess.run(  # noqa: S603 - our own script, and the name of a file
        [sys.executable, "-c", _SCRIPT, weights.name],
        cwd=weights.parent,
        env=os.environ | {"YOLO_AUTOINSTALL": "False"},  # else it installs packages by itself
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0 and weights.with_suffix(".onnx").is_file():
        return
    cause = ([line.strip() for line in done.stderr.splitlines() if line.strip()] or ["no reason given"])[-1]
    if official and not weights.is_file():
        raise ModelError(
            f"{weights.stem}: the official weights can't be fetched ({cause}). Is it a name of Ultralytics, such as "
            f"yolo26n or yolo11s, and is there a network? A file works without one: ngatu models add FILE.pt"
        )
    raise ModelError(f"{weights.name}: Ultralytics can't export it: {cause}")
