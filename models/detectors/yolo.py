"""YOLO on ONNX Runtime, in every layout that Ultralytics exports."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from models.catalogue import Model, find_model
from models.detections import Detections, Label
from models.detector import DetectorConfig, Picture
from models.errors import ModelError
from models.images import InputTensors, Letterbox, Size, letterbox, letterbox_into
from models.join import join_riders
from models.labels import COCO, COCO_CLASSES, IGNORED, LabelWord, label_table, reports_riders_apart
from models.layouts import Candidates, Layout, recognise
from models.session import Provider, Session, SessionOptions, open_session
from models.suppression import suppress

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

    def load(self, threads: int | None = None) -> "YoloDetector":
        """Opens the model, checks that it can be read, and warms it up.

        Raises:
            ModelError: The model can't be used.
        """
        model = find_model(self.model)
        session = open_session(model.path, SessionOptions(self.provider, self.threads or threads))
        return YoloDetector(self, model, session)


class YoloDetector:
    """A YOLO model at work."""

    def __init__(self, settings: Yolo, model: Model, session: Session) -> None:
        self._settings = settings
        self._session = session
        self._file = str(model.path)
        self._frame = _InputFrame(settings.input_size, session)
        stated = _class_names(session, self._file)
        shape = self._frame.warm_up_shape
        warm = session.warm_up(shape)
        self._layout = recognise(
            [output.shape for output in warm], (shape[3], shape[2]), len(stated) if stated else None, self._file
        )
        known = dict(model.entry.labels) if model.entry else {}
        names = stated or []
        if stated is None:
            known |= _numbered(self._layout, settings.label_map, self._file)
            names = [str(number) for number in range(self._layout.classes or 1 + max(map(int, known)))]
        self._table = label_table(names, known | dict(settings.label_map), self._file)
        self._outputs = [session.outputs[self._layout.output].name]
        self._join = self._joins(model, names)
        self._tensors = InputTensors()
        self._allowed = np.array(
            [settings.labels is None or label.word in settings.labels for label in Label], np.bool_
        )
        self.description = (
            f"{model.name}: YOLO {self._layout.name}, {len(names)} classes, input {self._frame}, "
            f"{session.provider}" + (f", {session.threads} threads" if session.provider in ("cpu", "openvino") else "")
        )

    @property
    def provider(self) -> str:
        """The execution provider that is really used."""
        return self._session.provider

    def detect(self, pictures: Sequence[Picture]) -> list[Detections]:
        """What is in each of the pictures, in their own pixels (see `Detector.detect`)."""
        places = [self._frame.place((p.image.shape[1], p.image.shape[0])) for p in pictures]
        found = [Detections.empty()] * len(pictures)
        for batch in self._batches(places):
            tensor = self._tensors.fill([pictures[i].image for i in batch], [places[i] for i in batch])
            output = self._session.run(tensor.astype(self._session.element, copy=False), self._outputs)[0]
            for i, candidates in zip(batch, self._layout.read(output, self._settings.floor), strict=True):
                found[i] = self._select(candidates, places[i])
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

    def _select(self, candidates: Candidates, place: Letterbox) -> Detections:
        """One box for one road user, in our labels and in px of the picture."""
        known = candidates.classes < len(self._table)
        labels = np.full(len(known), IGNORED, np.int8)
        labels[known] = self._table[candidates.classes[known]]
        rows = np.flatnonzero(labels != IGNORED)
        # An end-to-end model has parted neighbours from doubles itself; two labels for one vehicle may be left.
        overlap = 1.0 if self._layout.name == "end-to-end" else self._settings.overlap
        rows = rows[suppress(candidates.boxes[rows], candidates.scores[rows], labels[rows], overlap)]
        boxes = place.to_picture(candidates.boxes[rows])
        # In the padding alone there is nothing.
        inside = np.flatnonzero((boxes[:, 2:] > boxes[:, :2]).all(axis=1))
        detections = Detections(boxes, candidates.scores[rows], labels[rows])[inside]
        if self._join:
            detections = join_riders(detections)
        if self._settings.labels is not None:
            detections = detections[self._allowed[detections.labels]]
        return detections[np.argsort(-detections.scores, kind="stable")[: self._settings.max_detections]]

    def _joins(self, model: Model, names: Sequence[str]) -> bool:
        if self._settings.join_riders != "auto":
            return self._settings.join_riders
        if model.entry is not None:
            return not model.entry.riders_joined
        return reports_riders_apart(names, self._table)


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
    text = session.metadata.get("names")
    if text is None:
        return None
    try:
        names = ast.literal_eval(text)
        if isinstance(names, dict):
            names = [names[number] for number in range(len(names))]
        return [str(name) for name in names] or None
    except (ValueError, SyntaxError, TypeError, KeyError):
        raise ModelError(f"{model}: metadata `names` can't be read: {text[:80]!r}; export it again") from None


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
