import gc
import threading
import weakref
from pathlib import Path

import numpy as np
import pytest

from models.catalogue import find_model
from models.errors import ModelError
from models.session import Session, SessionOptions, open_session, usable_cores
from tests.models.exports import save, v8

STREET = find_model("street-n-plain").path
CPU = SessionOptions(provider="cpu", threads=1)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return save(tmp_path / "small.onnx", v8([(1, 2, 3, 4, 0.5, 0)], 1), names=["car"])


def test_opens_the_shipped_model_and_says_what_really_runs() -> None:
    session = open_session(STREET, CPU)
    assert session.provider == "cpu"
    assert session.threads == 1
    assert session.input.name == "images"
    assert session.input.shape == (None, 3, None, None)
    assert session.element is np.float32
    assert "motorcycle" in session.metadata["names"]
    assert [output.shape for output in session.warm_up((1, 3, 64, 96))] == [(1, 10, 126)]


def test_cameras_that_start_together_share_one_session(small: Path) -> None:
    opened: list[Session] = []
    barrier = threading.Barrier(8)

    def start() -> None:
        barrier.wait()
        opened.append(open_session(small, CPU))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 8
    assert all(session is opened[0] for session in opened)


def test_other_options_or_another_file_of_the_same_name_are_another_session(small: Path) -> None:
    first = open_session(small, CPU)
    assert open_session(small, SessionOptions("cpu", 2)) is not first
    save(small, v8([(5, 6, 7, 8, 0.5, 0)], 1), names=["bus"])
    second = open_session(small, CPU)
    assert second.metadata["names"] == "{0: 'bus'}"
    assert first.metadata["names"] == "{0: 'car'}"


def test_a_session_that_nobody_uses_is_closed(small: Path) -> None:
    session = weakref.ref(open_session(small, CPU))
    gc.collect()
    assert session() is None


def test_waiting_threads_do_not_spin(small: Path) -> None:
    # Spinning takes the cores from decoding and from every other camera.
    options = open_session(small, CPU)._session.get_session_options()
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
    assert options.intra_op_num_threads == 1


def test_runs_from_several_threads_at_once_do_not_mix() -> None:
    session = open_session(STREET, CPU)
    rng = np.random.default_rng(1)
    tensors = [rng.random((1, 3, 64, 64), np.float32) for _ in range(4)]
    alone = [session.run(tensor)[0].copy() for tensor in tensors]
    results: dict[int, list[bool]] = {}

    def work(i: int) -> None:
        results[i] = [np.array_equal(session.run(tensors[i])[0], alone[i]) for _ in range(5)]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {i: [True] * 5 for i in range(4)}


def test_only_the_wanted_outputs_are_fetched(tmp_path: Path) -> None:
    path = save(tmp_path / "two.onnx", v8([], 1), np.ones((1, 32, 16, 16), np.float32), names=["car"])
    session = open_session(path, CPU)
    tensor = np.zeros((1, 3, 64, 64), np.float32)
    assert [output.shape for output in session.run(tensor, ["output1"])] == [(1, 32, 16, 16)]
    assert len(session.run(tensor)) == 2


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"hello", "is no ONNX file, or was cut short"),
        (b"", "is no ONNX file, or was cut short"),
        (STREET.read_bytes()[:1_000_000], "is no ONNX file, or was cut short"),
        (b"PK\x03\x04" + bytes(200), "yolo export"),
    ],
    ids=["text", "empty", "cut off", "zip, as .pt files are"],
)
def test_a_file_that_is_no_onnx_is_refused(
    tmp_path: Path, content: bytes, says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=says) as refused:
        open_session(path, CPU)
    assert str(path) in str(refused.value)
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


def test_a_missing_file_or_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"gone\.onnx: there is no such model file"):
        open_session(tmp_path / "gone.onnx")
    with pytest.raises(ModelError, match="can't be read: Is a directory"):
        open_session(tmp_path)


@pytest.mark.parametrize("newer", [{"opset": 99}, {"ir_version": 99}], ids=["opset", "IR version"])
def test_a_model_that_is_too_new_says_how_to_export_it(
    tmp_path: Path, newer: dict[str, int], capfd: pytest.CaptureFixture[str]
) -> None:
    path = save(tmp_path / "new.onnx", v8([], 1), **newer)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match=r"is too new for ONNX Runtime .*lower opset") as refused:
        open_session(path, CPU)
    assert "onnxruntime_src" not in str(refused.value)
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


def test_an_operator_that_nobody_knows_is_named(tmp_path: Path) -> None:
    path = save(tmp_path / "odd.onnx", v8([], 1), operator="Levitate")
    with pytest.raises(ModelError, match=r"can't open it: .*Levitate"):
        open_session(path, CPU)


def test_a_model_with_two_inputs_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "two.onnx", v8([], 1), inputs=["images", "scale"])
    with pytest.raises(ModelError, match=r"has 2 inputs \(images, scale\); expected one"):
        open_session(path, CPU)


def test_a_provider_that_is_not_installed_is_refused_with_those_there_are(small: Path) -> None:
    with pytest.raises(ModelError, match=r"provider coreml is not in this installation \(it has: .*cpu\)"):
        open_session(small, SessionOptions("coreml"))


def test_a_shape_that_the_model_does_not_take_is_said(small: Path) -> None:
    with pytest.raises(ModelError, match=r"run on cpu with input \(1, 3, 32, 32\) failed: .*images"):
        open_session(small, CPU).run(np.zeros((1, 3, 32, 32), np.float32))


def test_uses_no_more_cores_than_there_are(small: Path) -> None:
    assert usable_cores() >= 1
    assert open_session(small, SessionOptions("cpu")).threads == usable_cores()
