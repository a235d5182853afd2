"""`ngatu models …` as people type them, in a folder of models of their own."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.catalogue import WEIGHTS
from tests.api.test_command_line import ngatu


@pytest.fixture(name="home")
def fixture_home(tmp_path: Path) -> str:
    return str(tmp_path / "models")


def test_a_model_is_added_shown_listed_and_guarded(home: str, tmp_path: Path) -> None:
    added = ngatu("models", "add", WEIGHTS / "street-n.onnx", "--name", "mine", NGATU_MODELS=home)
    assert (added.returncode, added.stdout) == (0, "added mine\n"), added.stderr
    shown = ngatu("models", "show", "mine", NGATU_MODELS=home)
    assert "motorcycle" in shown.stdout
    assert "not stated" in shown.stdout
    listed = ngatu("models", "list", NGATU_MODELS=home)
    assert "mine" in listed.stdout
    file = Path(home) / "mine.onnx"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    spoilt = ngatu("models", "show", "mine", NGATU_MODELS=home)
    assert spoilt.returncode == 2
    assert "sha256" in spoilt.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("show", "street-m"), "street-n"),
        (("add", "no.onnx"), "no.onnx"),
        (("add", "no.pt"), "no.pt"),
        (("evaluate", "street-n", "--data", "no.yaml"), "no.yaml"),
        (("quantize", "street-n"), "--frames"),
    ],
)
def test_bad_words_are_bad_input(home: str, words: tuple[str, ...], message: str) -> None:
    run = ngatu("models", *words, NGATU_MODELS=home)
    assert run.returncode == 2
    assert message in run.stderr
    assert "Traceback" not in run.stderr


def test_evaluate_writes_its_figures(home: str, tmp_path: Path) -> None:
    for kind in ("images", "labels"):
        (tmp_path / kind).mkdir()
    cv2.imwrite(str(tmp_path / "images/a.png"), np.full((180, 320, 3), 90, np.uint8))
    (tmp_path / "labels/a.txt").write_text("3 0.5 0.5 0.1 0.2\n")
    data, out = tmp_path / "data.yaml", tmp_path / "out.json"
    data.write_text("val: images\nnames: [person, bicycle, motorcycle, car, bus, truck]\n")
    run = ngatu("models", "evaluate", "street-n", "--data", data, "--json", out, NGATU_MODELS=home)
    assert run.returncode == 0, run.stderr
    figures = json.loads(out.read_text())
    assert figures["map50"] == 0
    assert figures["by_label"] == {"car": {"ap50": 0, "ap50_95": 0, "truths": 1}}
