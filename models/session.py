"""The only home of ONNX Runtime: opens a model file on the best execution provider there is, and runs it."""

import hashlib
import logging
import os
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as ort
from onnxruntime.capi.onnxruntime_inference_collection import InferenceSession

from models.errors import ModelError

log = logging.getLogger(__name__)

Provider = Literal["auto", "tensorrt", "cuda", "openvino", "coreml", "cpu"]
Tensor = NDArray[Any]

# In order of preference.
_PROVIDERS = {
    "tensorrt": "TensorrtExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "cpu": "CPUExecutionProvider",
}
_PACKAGES = {
    "tensorrt": "onnxruntime-gpu and TensorRT",
    "cuda": "onnxruntime-gpu",
    "openvino": "onnxruntime-openvino",
    "coreml": "onnxruntime on macOS",
    "cpu": "onnxruntime",
}
_ELEMENTS: Mapping[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(uint8)": np.uint8,
}
# ONNX Runtime's errors have no common base of their own.
_ERRORS: tuple[type[Exception], ...] = (
    RuntimeError,
    *(error for error in vars(ort).values() if isinstance(error, type) and issubclass(error, Exception)),
)


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of a model.

    Attributes:
        name: Its name in the graph.
        shape: Its dimensions; None where the model leaves one open.
        element: Type of its numbers as ONNX Runtime says it, such as `tensor(float)`.
    """

    name: str
    shape: tuple[int | None, ...]
    element: str


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """How a model is run.

    Attributes:
        provider: Execution provider; `auto` is the first that works of TensorRT, CUDA, OpenVINO, CoreML, CPU.
        threads: CPU threads of one run; None takes all cores that this process may use.
    """

    provider: Provider = "auto"
    threads: int | None = None


class Session:
    """A model file that is open. `run` may be called from several threads at once."""

    def __init__(self, path: Path, options: SessionOptions) -> None:
        self.path = path
        self.threads = options.threads or usable_cores()
        self._session = _open(path, options.provider, self.threads)
        used = self._session.get_providers()[0]
        self.provider = next((name for name, ours in _PROVIDERS.items() if ours == used), used)
        if options.provider not in ("auto", self.provider):
            raise ModelError(
                f"{path}: provider {options.provider} does not start on this machine (ONNX Runtime fell back "
                f"to {self.provider}); check its drivers and libraries, or set provider: auto"
            )
        inputs = [_port(port) for port in self._session.get_inputs()]
        if len(inputs) != 1:
            names = ", ".join(port.name for port in inputs)
            raise ModelError(f"{path}: has {len(inputs)} inputs ({names}); expected one, the picture")
        self.input = inputs[0]
        self.outputs = tuple(_port(port) for port in self._session.get_outputs())
        self.metadata: Mapping[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)

    @property
    def element(self) -> type[np.generic]:
        """NumPy type of the input's numbers.

        Raises:
            ModelError: A type that no picture is fed in.
        """
        try:
            return _ELEMENTS[self.input.element]
        except KeyError:
            raise ModelError(
                f"{self.path}: input {self.input.name} is {self.input.element}; "
                f"expected one of {', '.join(_ELEMENTS)}. Export the model again in float32"
            ) from None

    def run(self, tensor: Tensor, outputs: Sequence[str] | None = None) -> list[Tensor]:
        """Runs the model once.

        Args:
            tensor: What the input takes. It may be written to again as soon as this returns.
            outputs: Names of the outputs that are wanted; None for all.

        Raises:
            ModelError: The run failed: a shape that the model does not take, or no memory left.
        """
        try:
            return cast(list[Tensor], self._session.run(outputs, {self.input.name: tensor}))
        except _ERRORS as error:
            raise ModelError(
                f"{self.path}: run on {self.provider} with input {tensor.shape} failed: {_cause(error)}"
            ) from error

    def warm_up(self, shape: tuple[int, ...]) -> list[Tensor]:
        """Runs the model once on zeros, so that the first picture doesn't pay for plans and kernels.

        Args:
            shape: Shape of the input.

        Returns:
            All outputs, whose shapes are then known.
        """
        return self.run(np.zeros(shape, self.element))


def open_session(path: Path, options: SessionOptions | None = None) -> Session:
    """Opens a model file, or hands out the session that is open on the same file with the same options.

    Cameras that use the same model share one session: its weights and threads are there once. It is closed
    when nobody uses it any more. Safe to be called from several threads.

    Raises:
        ModelError: There is no such file, it isn't ONNX, it is too new, or the provider isn't there.
    """
    options = options or SessionOptions()
    key = (path.resolve(), fingerprint(path), options)
    # Opening stays inside the lock: two cameras that start together must get one session, not two.
    with _lock:
        session = _sessions.get(key)
        if session is None:
            session = _sessions[key] = Session(path, options)
        return session


def providers() -> list[Provider]:
    """The execution providers of this installation, best first."""
    there = ort.get_available_providers()
    return [cast(Provider, ours) for ours, name in _PROVIDERS.items() if name in there]


def fingerprint(path: Path) -> str:
    """SHA-256 of a model file, 64 hexadecimal digits.

    Raises:
        ModelError: It can't be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise ModelError(f"{path}: there is no such model file") from None
    except OSError as error:
        raise ModelError(f"{path}: can't be read: {error.strerror}") from error


def usable_cores() -> int:
    """CPU cores that this process may use: the machine's, less affinity and a container's quota."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        cores = os.cpu_count() or 1
    try:
        # Otherwise a container limited to 2 of 64 cores runs 64 threads and is throttled most of the time.
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, min(cores, int(quota) // int(period)))
    except (OSError, ValueError):  # no control groups (version 2), or "max": no quota
        return cores


_sessions: WeakValueDictionary[tuple[Path, str, SessionOptions], Session] = WeakValueDictionary()
_lock = threading.Lock()


def _open(path: Path, provider: Provider, threads: int) -> InferenceSession:
    """Opens the file with ONNX Runtime, and says in our words what is wrong with it."""
    # OpenVINO has threads of its own, and takes all cores unless it is told.
    own = {_PROVIDERS["openvino"]: {"num_of_threads": str(threads)}}
    providers = [(name, own.get(name, {})) for name in _candidates(provider)]
    try:
        return InferenceSession(str(path), _settings(threads), providers=providers)
    except _ERRORS as error:
        cause = _cause(error)
        if isinstance(error, ort.InvalidProtobuf) or "No graph was found" in cause:
            raise ModelError(
                f"{path}: is no ONNX file, or was cut short. Weights in .pt are exported first: "
                f"yolo export model=FILE.pt format=onnx dynamic=True opset=17"
            ) from error
        if "opset" in cause.lower() or "IR version" in cause:
            raise ModelError(
                f"{path}: is too new for ONNX Runtime {ort.get_version_string()} ({cause}). "
                f"Export it again with a lower opset (17 runs everywhere), or upgrade onnxruntime"
            ) from error
        raise ModelError(f"{path}: ONNX Runtime {ort.get_version_string()} can't open it: {cause}") from error


def _settings(threads: int) -> ort.SessionOptions:
    settings = ort.SessionOptions()
    settings.intra_op_num_threads = threads
    settings.inter_op_num_threads = 1
    # Threads that spin while they wait take the core from decoding and from every other camera: with two
    # busy processes on two cores one run went from 31 to 110 ms.
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    settings.add_session_config_entry("session.inter_op.allow_spinning", "0")
    # Measured on street-n at 352x640, 4 runs at a time, peak RSS of the process: arena on 243 MB, arena off
    # 562 MB (each run maps and unmaps its own memory, and glibc keeps much of it); memory pattern off 220 MB
    # (a pattern is one more block for every input shape). Times are the same in all three.
    settings.enable_cpu_mem_arena = True
    settings.enable_mem_pattern = False
    settings.log_severity_level = 4  # what matters is raised, in our words
    return settings


def _candidates(provider: Provider) -> list[str]:
    """ONNX Runtime's names of the providers to try, best first; the CPU comes last and always works."""
    there = ort.get_available_providers()
    if provider == "auto":
        return [name for name in _PROVIDERS.values() if name in there]
    if _PROVIDERS[provider] not in there:
        known = ", ".join(providers())
        raise ModelError(
            f"provider {provider} is not in this installation (it has: {known}); "
            f"install {_PACKAGES[provider]}, or set provider: auto"
        )
    return list(dict.fromkeys([_PROVIDERS[provider], _PROVIDERS["cpu"]]))


def _port(port: Any) -> Port:
    shape = tuple(size if isinstance(size, int) and size > 0 else None for size in port.shape)
    return Port(port.name, shape, port.type)


def _cause(error: Exception) -> str:
    """What ONNX Runtime says, without the place in its own source."""
    text = re.sub(r"^.*onnxruntime_src/.*?\) (?=[A-Z])", "", str(error).strip().splitlines()[0])
    return re.sub(r"^\[ONNXRuntimeError\] : |^Load model from .*? failed: ?", "", text)
