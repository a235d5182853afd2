"""`ngatu models …` as people type them, in a folder of models of their own."""

import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.catalogue import WEIGHTS
from models.quantize import LEAST_GAIN, MOST_LOST
from tests.api.test_command_line import ngatu
from tests.models.exports import save, trained, v8


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
        (("train", "--data", "no.yaml"), "no.yaml"),
        (("train", "--data", "no.yaml", "--size", "100"), "--size 100"),
        (("train", "--data", "no.yaml", "--out", "my model"), "--out my model"),
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


def test_an_added_model_gets_its_figures(home: str, tmp_path: Path) -> None:
    for kind in ("images", "labels"):
        (tmp_path / kind).mkdir()
    cv2.imwrite(str(tmp_path / "images/a.png"), np.full((64, 64, 3), 90, np.uint8))
    (tmp_path / "labels/a.txt").write_text("0 0.5 0.5 0.25 0.25\n")
    data = tmp_path / "data.yaml"
    data.write_text("val: images\nnames: [xe]\n")
    model = save(tmp_path / "mine.onnx", v8([(24, 24, 40, 40, 0.9, 0)], 1), names=["xe"])
    refused = ngatu("models", "add", model, NGATU_MODELS=home)
    assert refused.returncode == 2
    assert "label_map" in refused.stderr
    added = ngatu("models", "add", model, "--label", "xe=car", "--licence", "MIT", NGATU_MODELS=home)
    assert added.returncode == 0, added.stderr
    data.write_text("val: images\nnames: [car]\n")
    run = ngatu("models", "evaluate", "mine", "--data", data, NGATU_MODELS=home)
    assert run.returncode == 0, run.stderr
    assert "mAP50 0.995" in run.stdout
    assert "mAP50        0.995 (car 0.995)" in ngatu("models", "show", "mine", NGATU_MODELS=home).stdout
    data.write_text("train: images\nnames: [car]\n")
    run = ngatu("models", "evaluate", "mine", "--data", data, NGATU_MODELS=home)
    assert run.returncode == 2
    assert "has no part `val`" in run.stderr


def test_a_model_is_prepared_once(home: str, tmp_path: Path) -> None:
    model = trained(tmp_path / "plain.onnx")
    run = ngatu("models", "export", model, "--out", tmp_path / "fast.onnx", NGATU_MODELS=home)
    assert run.stdout == f"wrote {tmp_path / 'fast.onnx'} (bytes-in, raw-out)\n", run.stderr
    again = ngatu("models", "export", model, NGATU_MODELS=home)
    assert again.returncode == 2
    assert "is there already" in again.stderr


def test_a_model_is_tuned_and_shows_it(home: str, tmp_path: Path) -> None:
    model = trained(tmp_path / "small.onnx")
    run = ngatu("models", "tune", model, NGATU_MODELS=home)
    assert run.returncode == 0, run.stderr
    assert f"remembered in {home}/tuned.json" in run.stdout
    assert "one camera" in ngatu("models", "show", model, NGATU_MODELS=home).stdout


def test_a_quantized_model_is_added_or_refused_by_its_figures(home: str, tmp_path: Path) -> None:
    (tmp_path / "frames").mkdir()
    for number in range(4):
        image = np.random.default_rng(number).integers(0, 256, (64, 64, 3), np.uint8)
        cv2.imwrite(str(tmp_path / f"frames/{number}.png"), image)
    model = trained(tmp_path / "small.onnx")
    run = ngatu("models", "quantize", model, "--frames", tmp_path / "frames", NGATU_MODELS=home)
    # Which of the two it is depends on the CPU: with VNNI integers are faster, without they may not be.
    told = re.search(r"\(x ([\d.]+)\); mAP50 float ([\d.]+), int8 ([\d.]+) on 2 pictures", run.stdout)
    assert told, run.stdout + run.stderr
    gain, before, after = map(float, told.groups())
    if gain >= LEAST_GAIN and before - after <= MOST_LOST:
        assert run.returncode == 0
        assert "added small-int8" in run.stdout
        assert "small-int8" in ngatu("models", "list", NGATU_MODELS=home).stdout
    else:
        assert run.returncode == 1
        assert "refused: it" in run.stderr
        assert list(Path(home).iterdir()) == []
