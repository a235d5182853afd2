import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.command import COMMANDS, main, others
from benchmarks.report import read_result
from tests.benchmarks.test_tracking import sequence, walking
from tests.models.exports import save, v8

ROOT = Path(__file__).parents[2]


def bench(*words: object, code: int = 0) -> None:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    assert ended.value.code == code


@pytest.fixture(name="model")
def fixture_model(tmp_path: Path) -> Path:
    return save(tmp_path / "tiny.onnx", v8([(8, 8, 40, 30, 0.9, 0)], 1), names=["car"], shape=("batch", 3, 64, 64))


def test_suites_are_measured_written_and_compared(
    tmp_path: Path, model: Path, clip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--quick", "--model", model, "--clip", clip, "--shared", tmp_path / "nothing"]
    bench("stages", *options, "--out", tmp_path / "one", "--json", tmp_path / "one.json")
    assert "overlay and JPEG" in capsys.readouterr().out
    result = read_result(tmp_path / "one")
    assert result == read_result(tmp_path / "one.json")
    assert result.system.ended is not None
    bench("stages", *options, "--out", tmp_path / "two")
    capsys.readouterr()
    bench("compare", tmp_path / "one", tmp_path / "two")
    assert "| stages | decode |" in capsys.readouterr().out


def test_results_of_two_models_are_refused(
    tmp_path: Path, model: Path, clip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--quick", "--clip", clip, "--shared", tmp_path / "nothing"]
    other = save(tmp_path / "other.onnx", v8([(8, 8, 44, 30, 0.9, 0)], 1), names=["car"], shape=("batch", 3, 64, 64))
    for name, weights in (("one", model), ("two", other)):
        bench("stages", *options, "--model", weights, "--out", tmp_path / name)
    capsys.readouterr()
    bench("compare", tmp_path / "one", tmp_path / "two", code=2)
    assert "they differ in model" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["stagse"], "no suite 'stagse'; there are: rules, stages"),
        (["stages", "--clip", "gone.mp4"], "gone.mp4"),
        (["stages", "--model", "gone.onnx"], "gone.onnx"),
        (["compare", "gone", "gone"], "no result there"),
        (["tracking", "--data", "gone", "--out", "gone"], "no sequences"),
        (["docs", "gone"], "no result there"),
    ],
)
def test_what_cannot_be_done_is_said(words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    bench(*words, code=2)
    said = capsys.readouterr().err
    assert told in said
    assert said.startswith("ngatu: ")


def test_the_command_of_the_contract(tmp_path: Path) -> None:
    sequence(tmp_path / "data" / "walk", walking(0.9))
    words = ["bench", "tracking", "--data", str(tmp_path / "data"), "--out", str(tmp_path / "out")]
    done = subprocess.run([sys.executable, "-m", "api", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "walk: 30 frames, 2 tracks" in done.stdout
    assert (tmp_path / "out" / "walk.txt").is_file()


def test_no_command_is_forgotten() -> None:
    names = {one.name or one.callback.__name__ for one in others.registered_commands if one.callback}
    assert names == set(COMMANDS)
