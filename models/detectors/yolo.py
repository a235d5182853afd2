"""YOLO on ONNX Runtime, in every layout that Ultralytics exports."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from models.catalogue import Model, find_model
from models.detections import Detections, Label
from models.detector import DetectorConfig, Picture
from models.errors import ModelError
from models.graph import BYTES_IN, RAW_OUT, forms
from models.images import InputTensors, Letterbox, Size, letterbox, letterbox_into
from models.join import join_riders
from models.labels import (
    COCO,
    COCO_CLASSES,
    IGNORED,
    LABEL_WORDS,
    LabelWord,
    class_names,
    label_of,
    label_table,
    reports_riders_apart,
)
from models.layouts import Candidates, Layout, recognise
from models.session import Provider, Session, SessionOptions, open_session, usable_cores
from models.suppression import suppress
from models.tiling import Tiles, unite
from models.tuned import tuned

ClassName = Annotated[str, Field(coerce_numbers_to_str=True)]
LabelOrIgnore = LabelWord | Literal["ignore"]
_TASKS = ("detect", "segment")


class Yolo(DetectorConfig):
    """A YOLO model in an ONNX file."""

    kind: Literal["yolo"] = "yolo"
    model: str = Field(default="street-n", description="Name in the catalogue, or path of an .onnx file.")
    floor: float = Field(
        default=0.1,
        gt=0,
        le=1,
        description="Detections of a lower score are dropped. Those between `floor` and `confidence` can't "
        "begin a track, but keep one alive.",
    )
    labels: frozenset[LabelWord] | None = Field(
        default=None, description="Only these labels are handed on; all when not given."
    )
    label_map: Mapping[ClassName, LabelOrIgnore] = Field(
        default_factory=dict,
        description="Our label of a class of the model, by the class's name or number; classes not named "
        "here go by their names.",
    )
    join_riders: Literal["auto", True, False] = Field(
        default="auto",
        description="Whether riders are joined with their two-wheelers. `auto` does so for models that "
        "report them apart.",
    )
    overlap: float = Field(
        default=0.6, gt=0, le=1, description="Two boxes of one label with a greater IoU are one road user."
    )
    max_detections: int = Field(default=300, ge=1, description="At most so many are handed on, the best ones.")
    input_size: int = Field(
        default=640,
        ge=32,
        le=4096,
        description="Longer side of the model's input, px; the shorter one follows the picture. A model "
        "exported with a fixed size keeps that.",
    )
    tiles: str = Field(
        default="1x1",
        pattern="^[1-9]x[1-9]$",
        description="Columns x rows of overlapping parts that are looked at one by one, for wide scenes with small "
        "road users: `2x1` sees them at twice the size, for three times the work.",
    )
    tiles_whole: bool = Field(
        default=True, description="Whether tiles are looked at besides the picture as a whole, or in its place."
    )
    provider: Provider = Field(
        default="auto", description="Execution provider of ONNX Runtime; `auto` takes the best that there is."
    )
    threads: int | None = Field(default=None, ge=1, description="CPU threads of one run; all cores when not given.")

    @model_validator(mode="after")
    def _floor_below_confidence(self) -> Self:
        if self.floor > self.confidence:
            raise ValueError(
                f"floor {self.floor} is above confidence {self.confidence}: a detection can't begin a track "
                f"below the score that is handed on. Lower floor, or raise confidence"
            )
        return self

    def missing(self) -> Mapping[str, str]:
        """The model, if it is neither in the catalogue nor a file, or is not the one of the catalogue."""
        try:
            find_model(self.model)
        except ModelError as error:
            return {"model": str(error)}
        return {}

    def load(self, threads: int | None = None) -> "YoloDetector":
        """Opens the model, checks that it can be read, and warms it up.

        Where provider and threads are left open, what `ngatu models tune` found on this machine decides; with fewer
        `threads` than cores, what it found for many cameras.

        Raises:
            ModelError: The model can't be used.
        """
        model, provider, tuned_threads = find_model(self.model), self.provider, None
        if provider == "auto" and self.threads is None and (found := tuned(model)):
            way = found.one if threads is None or threads >= usable_cores() else found.many
            provider, tuned_threads = way.provider, way.threads
            model = model if way.sha256 == model.sha256 else find_model(way.model)
        options = SessionOptions(provider, self.threads or threads or tuned_threads)
        return YoloDetector(self, model, open_session(model.path, options))


class YoloDetector:
    """A YOLO model at work.

    Attributes:
        classes: Our label of each of the model's classes that is a road user, or sounds like one, by its name.
        riders_joined: Whether rider and two-wheeler come as one from the model itself.
        input_size: Longer side of the input, px.
        description: What really runs, for people.
    """

    def __init__(self, settings: Yolo, model: Model, session: Session) -> None:
        self._settings = settings
        self._session = session
        self._file = str(model.path)
        self._form = forms(session)
        self._frame = _InputFrame(settings.input_size, session)
        stated = _class_names(session, self._file)
        shape = self._frame.warm_up_shape
        size = shape[3], shape[2]
        warm = [output.shape for output in session.warm_up(shape)]
        self._layout = recognise(warm, size, len(stated) if stated else None, self._file, RAW_OUT in self._form)
        known = dict(model.entry.labels) if model.entry else {}
        names = stated or []
        if stated is None:
            known = known or dict(_numbered(self._layout, settings.label_map, self._file))
            names = [str(number) for number in range(self._layout.classes or 1 + max(map(int, known)))]
        self._table = label_table(names, known | dict(settings.label_map), self._file)
        self._outputs = [session.outputs[number].name for number in self._layout.outputs]
        self.classes: dict[str, LabelOrIgnore] = {
            name: "ignore" if label == IGNORED else LABEL_WORDS[label]
            for name, label in zip(names, self._table.tolist(), strict=True)
            if label != IGNORED or label_of(name) is not None
        }
        self.riders_joined = model.entry.riders_joined if model.entry else not reports_riders_apart(names, self._table)
        self.input_size = max(size)
        self._join = not self.riders_joined if settings.join_riders == "auto" else settings.join_riders
        self._tensors = InputTensors(BYTES_IN in self._form)
        columns, rows = map(int, settings.tiles.split("x"))
        self._tiles = Tiles(columns, rows, settings.tiles_whole)
        self._allowed = np.array(
            [settings.labels is None or label.word in settings.labels for label in Label], np.bool_
        )
        tiled = f", {settings.tiles} tiles" if settings.tiles != "1x1" else ""
        self.description = (
            f"{model.name}: YOLO {self._layout.name}, {len(names)} classes, input {self._frame}{tiled}, "
            f"{session.provider}" + (f", {session.threads} threads" if session.provider in ("cpu", "openvino") else "")
        )

    @property
    def provider(self) -> str:
        """The execution provider that is really used."""
        return self._session.provider

    def detect(self, pictures: Sequence[Picture]) -> list[Detections]:
        """What is in each of the pictures, in their own pixels (see `Detector.detect`)."""
        settings = self._settings
        found = []
        for seen in self._look([picture.image for picture in pictures], _Wanted(settings.floor, settings.overlap)):
            one = join_riders(seen) if self._join else seen
            if settings.labels is not None:
                one = one[self._allowed[one.labels]]
            found.append(one[np.argsort(-one.scores, kind="stable")[: settings.max_detections]])
        return found

    def measure(self, image: NDArray[np.uint8]) -> Detections:
        """What the model holds for possible in a picture, for measuring how good it is.

        As validators count it: down to a score of 0.001, each box with every label that it may have, suppressed
        label by label above an IoU of 0.7, the best 300. What makes detections good for tracking would hide
        what the model itself knows.
        """
        [seen] = self._look([image], _MEASURED)
        seen = seen[np.argsort(-seen.scores, kind="stable")[:_MEASURED_MOST]]
        return join_riders(seen) if self._join else seen

    def tensor(self, image: NDArray[np.uint8]) -> NDArray[Any]:
        """What goes into the model for a picture (a copy), for calibration."""
        place = self._frame.place((image.shape[1], image.shape[0]))
        return np.array(self._tensors.fill([image], [place]), self._session.element)

    @property
    def input_name(self) -> str:
        """Name of the model's input."""
        return self._session.input.name

    def _look(self, images: Sequence[NDArray[np.uint8]], wanted: "_Wanted") -> list[Detections]:
        """One box for one road user in each picture, in our labels and in px of the picture."""
        sizes: list[Size] = [(image.shape[1], image.shape[0]) for image in images]
        areas = [self._tiles.areas(size) for size in sizes]
        views = [image[y1:y2, x1:x2] for image, parts in zip(images, areas, strict=True) for x1, y1, x2, y2 in parts]
        places = [self._frame.place((view.shape[1], view.shape[0])) for view in views]
        seen = [Detections.empty()] * len(views)
        for batch in self._batches(places):
            tensor = self._tensors.fill([views[i] for i in batch], [places[i] for i in batch])
            outputs = self._session.run(tensor.astype(self._session.element, copy=False), self._outputs)
            read = self._layout.read(outputs, places[batch[0]].input, wanted.floor, wanted.every_label)
            for i, candidates in zip(batch, read, strict=True):
                seen[i] = self._select(candidates, places[i], wanted)
        remaining = iter(seen)
        found = []
        for parts, size in zip(areas, sizes, strict=True):
            one = next(remaining)
            if len(parts) > 1:
                one = unite([one, *(next(remaining) for _ in parts[1:])], parts, size)
                one = one[suppress(one.boxes, one.scores, one.labels, wanted.overlap, not wanted.every_label)]
            found.append(one)
        return found

    def _batches(self, places: Sequence[Letterbox]) -> Iterator[list[int]]:
        """Numbers of the pictures that go through the model together."""
        # A CPU is busy with one picture: a batch only makes the first one wait for the last.
        if self._session.provider == "cpu" or not self._frame.batches:
            yield from ([i] for i in range(len(places)))
            return
        together: dict[Size, list[int]] = {}
        for i, place in enumerate(places):
            together.setdefault(place.input, []).append(i)
        yield from together.values()

    def _select(self, candidates: Candidates, place: Letterbox, wanted: "_Wanted") -> Detections:
        """What a model saw in its input, without doubles, in our labels and in px of what was put in."""
        known = candidates.classes < len(self._table)
        labels = np.full(len(known), IGNORED, np.int8)
        labels[known] = self._table[candidates.classes[known]]
        rows = np.flatnonzero(labels != IGNORED)
        # An end-to-end model has parted neighbours from doubles itself; two labels for one vehicle may be left.
        overlap = 1.0 if self._layout.name == "end-to-end" else wanted.overlap
        rows = rows[
            suppress(candidates.boxes[rows], candidates.scores[rows], labels[rows], overlap, not wanted.every_label)
        ]
        boxes = place.to_picture(candidates.boxes[rows])
        # In the padding alone there is nothing.
        inside = np.flatnonzero((boxes[:, 2:] > boxes[:, :2]).all(axis=1))
        return Detections(boxes, candidates.scores[rows], labels[rows])[inside]


class _Wanted(NamedTuple):
    """What is handed on of all that a model says.

    Attributes:
        floor: Down to which score.
        overlap: IoU above which two boxes of one label are one road user.
        every_label: Whether a box comes with every label that it may have, or with the best only.
    """

    floor: float
    overlap: float
    every_label: bool = False


_MEASURED = _Wanted(floor=0.001, overlap=0.7, every_label=True)
_MEASURED_MOST = 300


class _InputFrame:
    """What the model takes in: a fixed size, or one that follows the picture."""

    def __init__(self, long_side: int, session: Session) -> None:
        shape = session.input.shape
        if len(shape) != 4 or shape[1] not in (3, None):
            raise ModelError(
                f"{session.path}: input {session.input.name} has shape {shape}; expected (batch, 3, height, width)"
            )
        batch, _, height, width = shape
        if batch not in (1, None):
            raise ModelError(f"{session.path}: takes batches of {batch} only; export it with dynamic=True or batch=1")
        self._fixed = (width, height) if width and height else None
        if session.element is np.uint8 and BYTES_IN not in forms(session):
            raise ModelError(
                f"{session.path}: takes bytes, and its metadata does not say in which order of colours; export it "
                f"in float32, and then prepare it: ngatu models export FILE.onnx"
            )
        stride = session.metadata.get("stride", "32").strip("[] ")
        self._stride = max(32, int(stride)) if stride.isdecimal() else 32
        self._long_side = long_side
        self.batches = batch is None

    @property
    def warm_up_shape(self) -> tuple[int, int, int, int]:
        """Shape of the input for a picture of 16:9, which most cameras have."""
        width, height = self.place((1920, 1080)).input
        return 1, 3, height, width

    def place(self, picture: Size) -> Letterbox:
        """Where a picture lies in the input."""
        if self._fixed:
            return letterbox_into(picture, self._fixed)
        return letterbox(picture, self._long_side, self._stride)

    def __str__(self) -> str:
        if self._fixed:
            return f"{self._fixed[0]}x{self._fixed[1]} px"
        return f"{self._long_side} px wide, shape of the picture"


def _class_names(session: Session, model: str) -> list[str] | None:
    """The classes in the metadata, in their order; None where there are none."""
    task = session.metadata.get("task", "detect")
    if task not in _TASKS:
        raise ModelError(f"{model}: is a model for the task {task!r}; expected one for {' or '.join(_TASKS)}")
    return class_names(session.metadata, model)


def _numbered(layout: Layout, label_map: Mapping[str, LabelOrIgnore], model: str) -> Mapping[str, LabelOrIgnore]:
    """Our labels of a model without class names, by class number: COCO's where there are 80, or the label map's."""
    numbers = {key: word for key, word in label_map.items() if key.isdecimal()}
    if not numbers and layout.classes == COCO_CLASSES:
        return {str(number): word for number, word in COCO.items()}
    if not numbers:
        raise ModelError(
            f"{model}: its metadata has no class `names`. Say in the detector's label_map what its classes are, "
            f'such as label_map: {{"0": motorcycle, "1": car}}'
        )
    return numbers
