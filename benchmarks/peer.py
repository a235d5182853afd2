"""Peers: other programs over the same weights, clip and input size, in an interpreter of their own."""

import json
import os
import select
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from benchmarks.errors import SkippedCaseError

SCRIPT = Path(__file__).with_name("peer_process.py")
LOAD_S, RUN_S = 180.0, 1200.0
PEERS: Mapping[str, tuple[str, str]] = {
    "Ultralytics track(), .onnx": ("ultralytics", ".onnx"),
    "Ultralytics track(), .pt": ("ultralytics", ".pt"),
    "supervision ByteTrack, .onnx": ("supervision", ".onnx"),
}
"""Name for people: kind for the script, and suffix of the weights."""


class Peer:
    """A peer that has been loaded and runs the clip when it is asked to. Waits without using the CPU."""

    def __init__(
        self,
        python: Path | None,
        kind: str,
        weights: Path,
        clip: Path | None,
        input_size: int,
        frames: int | None,
        scratch: Path,
    ) -> None:
        """Loads it.

        Args:
            python: Interpreter that has it installed.
            kind: Which peer.
            weights: Model file.
            clip: Video file.
            input_size: Longer side of the input, px.
            frames: How many pictures of the clip; all when None.
            scratch: Folder for what it writes.

        Raises:
            SkippedCaseError: It can't run here; the message says why.
        """
        if python is None:
            raise SkippedCaseError("give --peers PYTHON, an interpreter that has it installed")
        if clip is None:
            raise SkippedCaseError("needs a clip")
        if not weights.is_file():
            raise SkippedCaseError(f"no weights {weights.name}")
        # It must neither ask for updates nor install anything while it is measured.
        quiet = {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false", "YOLO_CONFIG_DIR": str(scratch)}
        words = [kind, str(weights), str(clip.absolute()), str(input_size), str(frames or 0)]
        with (scratch / f"{kind}{weights.suffix}.log").open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the user's own interpreter
                [str(python), str(SCRIPT), *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=scratch,
                env=os.environ | quiet,
                text=True,
            )
        try:
            self.versions = str(self._answer(LOAD_S)["versions"])
        except SkippedCaseError:
            self.close()
            raise

    def rate(self) -> float:
        """Runs the clip once; pictures a second.

        Raises:
            SkippedCaseError: It has ended by a fault.
        """
        assert self._process.stdin is not None
        try:
            print("run", file=self._process.stdin, flush=True)
        except OSError as error:
            raise SkippedCaseError(f"it has ended: {error}") from None
        answer = self._answer(RUN_S)
        return float(answer["frames"]) / float(answer["seconds"])

    def close(self) -> None:
        """Ends it."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _answer(self, within_s: float) -> dict[str, Any]:
        """The next line of its own; whatever its libraries print besides is passed over."""
        assert self._process.stdout is not None
        while select.select([self._process.stdout], [], [], within_s)[0]:
            line = self._process.stdout.readline()
            if not line:
                raise SkippedCaseError(f"it ended with exit code {self._process.wait()}")
            if line.startswith("peer: "):
                answer: dict[str, Any] = json.loads(line.removeprefix("peer: "))
                if "failed" in answer:
                    raise SkippedCaseError(str(answer["failed"])[:300])
                return answer
        raise SkippedCaseError(f"no answer within {within_s:.0f} s")
