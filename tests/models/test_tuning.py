from pathlib import Path

import pytest

from models.adding import add_model
from models.catalogue import find_model, user_folder
from models.detectors.yolo import Yolo
from models.session import providers, usable_cores
from models.tuned import Tuned, Way, host, remember, tuned
from models.tuning import tune
from tests.models.exports import trained


@pytest.fixture(name="small")
def fixture_small(tmp_path: Path) -> str:
    return str(trained(tmp_path / "small.onnx"))


def way(model: str, sha256: str, threads: int = 1) -> Way:
    return Way(model=model, sha256=sha256, provider="cpu", threads=threads, workers=1, fps=10)


def test_tries_every_provider_and_share_of_the_cores_and_remembers_the_best(small: str) -> None:
    model = find_model(small)
    result = tune(model, rounds=1, turn_s=0)
    assert {one.provider for one in result.tried} | {"cpu"} <= set(providers())
    shares = [(one.threads, one.workers) for one in result.tried if one.provider == "cpu"]
    assert (usable_cores(), 1) in shares
    assert (1, usable_cores()) in shares
    assert all(threads * workers <= usable_cores() for threads, workers in shares)
    assert result.found.one.workers == 1
    assert result.found.many.fps >= 0.98 * max(one.fps for one in result.tried)
    assert tuned(model) is None
    assert remember(model, result.found) == user_folder() / "tuned.json"
    assert tuned(model) == result.found
    assert tuned(model, "another machine") is None


def test_a_quantized_form_is_tried_too_and_put_in_its_place(small: str) -> None:
    model = find_model(small)
    add_model(small, "small-int8")
    assert {one.model for one in tune(model, rounds=1, turn_s=0).tried} == {"small.onnx", "small-int8"}


def test_what_was_found_decides_where_provider_and_threads_are_left_open(small: str, tmp_path: Path) -> None:
    model = find_model(small)
    other = add_model(str(trained(tmp_path / "other.onnx", names=("person", "car", "bus"))), "small-int8")
    remember(model, Tuned(one=way("small-int8", other.sha256), many=way("small.onnx", model.sha256)))
    assert Yolo(model=small).load().description.startswith("small-int8: YOLO v8, 3 classes")
    assert "cpu, 1 threads" in Yolo(model=small).load().description
    assert Yolo(model=small, provider="cpu").load().description.startswith("small.onnx")
    assert Yolo(model=small, threads=1).load().description.startswith("small.onnx")
    # It was removed: the model runs as it is.
    other.path.unlink()
    assert tuned(model) is None
    assert Yolo(model=small).load().description.startswith("small.onnx")


def test_a_memory_that_can_not_be_read_is_none(small: str) -> None:
    model = find_model(small)
    (user_folder() / "tuned.json").write_text('{"machine": 1}')
    assert tuned(model) is None
    found = Tuned(one=way("small.onnx", model.sha256), many=way("small.onnx", model.sha256))
    remember(model, found)
    assert tuned(model) == found


def test_the_machine_is_named_with_its_cores() -> None:
    assert host().endswith(f", {usable_cores()} cores")
