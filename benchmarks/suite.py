"""What every suite is: what it measures stands in its docstring, how in `run`."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from benchmarks.report import Row
from benchmarks.scenarios import Feed
from models.detector import DetectorConfig
from models.detectors.yolo import Yolo

ROOT = Path(__file__).parents[1]
TARGETS = (5.0, 10.0, 15.0, 25.0)


@dataclass(frozen=True)
class Plan:
    """What is measured, and how long.

    Attributes:
        detector: The detector; suites that need to look at every picture say so themselves.
        clip: What is seen; None for the synthetic street.
        shared: Folder with the clips with truth and the sequences; may be missing.
        scratch: Folder for files that nobody needs afterwards.
        feed: Where paced pictures come from.
        quick: Everything cut short: to see that it works.
        seconds: How long a paced run lasts; by each suite's own measure when None.
        events: Events in the database; by its suite's own measure when None.
        targets: Pictures a second that stream density is asked for.
        peers: Python interpreter that has the peers installed; None leaves them out.
        torch_weights: The model's weights as .pt, for peers; else those of its name in `shared`.
    """

    detector: DetectorConfig
    clip: Path | None
    shared: Path
    scratch: Path
    feed: Feed = "auto"
    quick: bool = False
    seconds: float | None = None
    events: int | None = None
    targets: Sequence[float] = TARGETS
    peers: Path | None = None
    torch_weights: Path | None = None

    @property
    def rounds(self) -> int:
        """How often a figure is taken: the median of five says more than one."""
        return 1 if self.quick else 5

    @property
    def frames(self) -> int | None:
        """How many pictures of the clip an unpaced run takes; None for all."""
        return 25 if self.quick else None

    def yolo(self) -> Yolo | None:
        """The detector where it is a YOLO model that can be taken apart; else None."""
        return self.detector if isinstance(self.detector, Yolo) else None

    def looking(self, every: int | str) -> DetectorConfig:
        """The detector with a detect interval."""
        return self.detector.model_copy(update={"every": every})


class Suite(ABC):
    """One question. A new file in `benchmarks/suites/` is found by itself."""

    name: ClassVar[str]
    """What people type, and the file's name."""
    level: ClassVar[str]
    """L0 for the smallest parts, upwards to the whole."""

    @abstractmethod
    def run(self, plan: Plan) -> Iterator[Row]:
        """Measures; hands on each row as soon as it is known.

        Raises:
            BenchError: Something is wrong that the user can mend.
        """
