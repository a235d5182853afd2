"""Outputs: the files that `ngatu run` writes, each line whole or not at all."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from models.observation import Observation
from models.recording import RecordingWriter
from streams.whole_file import part_of, put_in_place
from vision.events import Event
from vision.scene import View


class LineFile:
    """A text file that holds whole lines only, whatever happens: a full disk, a killed process.

    Args:
        path: File to write; what was there is replaced.
        aside: Write a file of the same name with `.part` behind it, until `keep` puts that into its place. Not
            where there is a pipe or a device, which nothing can be put into the place of.

    Raises:
        OSError: It can't be written to.
    """

    def __init__(self, path: Path, aside: bool = False) -> None:
        there = path.exists()
        self._part = part_of(path) if aside and (path.is_file() or not there) else None
        if self._part and there:
            path.open("ab").close()  # refuses now what must not be written to
        self._path = path
        self._file: BinaryIO = (self._part or path).open("wb", buffering=0)
        self._whole = 0

    def write(self, lines: Iterable[str]) -> None:
        """Adds lines, without their line ends.

        Raises:
            OSError: The disk is full, or gone; the file still ends with a whole line.
        """
        rest = whole = "".join(f"{line}\n" for line in lines).encode()
        try:
            with _naming(self._path):
                while rest:
                    rest = rest[self._file.write(rest) :]
        except OSError:
            with suppress(OSError):  # a pipe or a device has nothing to take back
                self._file.truncate(self._whole)
            raise
        self._whole += len(whole)

    def keep(self) -> None:
        """Closes the file and puts it into its place.

        Raises:
            OSError: That can't be done.
        """
        with _naming(self._path):
            self._file.close()
            if self._part:
                put_in_place(self._path)

    def discard(self) -> None:
        """Closes the file; what was written aside is removed, and what was in its place is still there."""
        self._file.close()
        if self._part:
            self._part.unlink(missing_ok=True)


class Outputs:
    """The files of one run. They are made with the first picture: a run that never begins leaves no trace.

    What happens before the first picture (a camera that is lost) is held until then, or until `complete`.

    Attributes:
        failure: What went wrong while writing; nothing more is written after it.
        events: Events so far, by kind.
        frames: Pictures so far.
    """

    def __init__(
        self, events: Path | None, tracks: Path | None, detections: Path | None = None, *, aside: bool = False
    ) -> None:
        """Names the files; None where nobody wants one.

        Args:
            events: JSON lines of events.
            tracks: MOTChallenge text.
            detections: Recording that `--detections` replays.
            aside: Whether the input may turn out bad at its very end: events and tracks are written aside, and
                take the place of older ones at the end.
        """
        self.failure: OSError | None = None
        self.events: dict[str, int] = {}
        self.frames = 0
        self._paths = (events, tracks, detections)
        self._events: LineFile | None = None
        self._tracks: LineFile | None = None
        self._detections: RecordingWriter | None = None
        self._aside = aside
        self._opened = False
        self._held: list[Event] = []

    def refusal(self, *inputs: Path | None) -> str | None:
        """Why the files must not or could not be written, as far as can be told without touching them.

        Args:
            inputs: What is read; None where nothing is. An output over it would destroy it.
        """
        for path in self._paths:
            if path is None:
                continue
            if path.is_dir():
                return f"{path}: is a folder; give the name of a file"
            if not path.absolute().parent.is_dir():
                return f"{path}: there is no folder {path.absolute().parent}; make it first"
        given = [path.resolve() for path in self._paths if path]
        if self._aside:
            given += [part_of(path) for path in self._paths if path]
        if len(given) != len(set(given)):
            return "two outputs are the same file; give each its own"
        read = {path.resolve() for path in inputs if path}
        over = next((path for path in given if path in read), None)
        return f"{over}: is read by this run and would be destroyed; write the output elsewhere" if over else None

    def step(self, index: int, observation: Observation, view: View) -> None:
        """Writes what was seen in a picture; `index` is its number from 0."""
        self.frames += 1
        if not self._ready():
            return
        try:
            if self._tracks:
                self._tracks.write(_mot_lines(index, view))
            if self._detections:
                with _naming(self._paths[2]):
                    self._detections.write(index, observation)
        except OSError as error:
            self.failure = error

    def add(self, events: Iterable[Event]) -> None:
        """Writes events."""
        if not self._opened:
            self._held.extend(events)
            return
        if self.failure:
            return
        try:
            for event in events:
                if self._events:
                    self._events.write([event.model_dump_json(by_alias=True)])
                name = event.kind
                self.events[name] = self.events.get(name, 0) + 1
        except OSError as error:
            self.failure = error

    def complete(self) -> None:
        """Makes the files, if no picture has come yet, and writes what was held."""
        self._ready()

    def close(self, *, keep: bool = True) -> None:
        """Closes the files, and puts those that were written aside into their places; or discards these."""
        for file in (self._events, self._tracks):
            if file:
                self._finish(file.keep if keep else file.discard)
        if self._detections:
            self._finish(self._detections.close)

    def _finish(self, step: Callable[[], None]) -> None:
        try:
            step()
        except OSError as error:
            self.failure = self.failure or error

    def _ready(self) -> bool:
        if not self._opened and self.failure is None:
            self._opened = True
            events, tracks, detections = self._paths
            try:
                self._events = LineFile(events, self._aside) if events else None
                self._tracks = LineFile(tracks, self._aside) if tracks else None
                self._detections = RecordingWriter(detections) if detections else None
            except OSError as error:
                self.failure = error
            held, self._held = self._held, []
            self.add(held)
        return self.failure is None


@contextmanager
def _naming(path: Path | None) -> Iterator[None]:
    """Puts the name of the file into errors of writing: the system only says what is wrong, not where."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or (str(path) if path else None)
        raise


def _mot_lines(index: int, view: View) -> Iterable[str]:
    """MOTChallenge text of one picture; frames count from 1, classes are our label numbers + 1."""
    for row in view.placed:
        left, top, right, bottom = row.box
        yield (
            f"{index + 1},{row.id},{left:.2f},{top:.2f},{right - left:.2f},{bottom - top:.2f},"
            f"{row.score:.4f},{row.label + 1},1,-1"
        )
