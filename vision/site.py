"""The whole site file: which cameras there are and what to look for."""

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, tzinfo
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from models.detector import DetectorConfig
from models.detectors import AnyDetector
from models.detectors.yolo import Yolo
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from streams.picture_health import PictureChecks
from streams.record import Record
from streams.source import Source
from streams.sources import AnySource
from streams.supervisor import WorkerChoice

from vision.calibration import Calibration
from vision.errors import SiteError
from vision.measuring.measure import Measure
from vision.pipeline import Pipeline
from vision.rule import Rule
from vision.rules import AnyRule
from vision.scene import Lane, Line, Scene, Zone
from vision.signals import AnySignal
from vision.site_faults import Fault, explained
from vision.site_tree import anchored, filled, read_tree
from vision.tracker import Tracker
from vision.trackers import AnyTracker
from vision.trackers.packtrack import PackTrack

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=64)]
Part = TypeVar("Part")


def _timezone(name: str) -> str:
    if name not in available_timezones():
        near = get_close_matches(name, available_timezones(), n=3)
        raise ValueError(f"no time zone {name!r}" + (f"; did you mean {' or '.join(near)}?" if near else ""))
    return name


Timezone = Annotated[str, AfterValidator(_timezone)]


class _Part(BaseModel):
    # A URL with a password may be among the input.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Place(_Part):
    """The organisation and where its clock ticks."""

    id: Name = Field(default="site", description="Short name of the site.")
    name: str = Field(default="", description="Name of the site for people.")
    timezone: Timezone = Field(
        default="Asia/Ho_Chi_Minh", description="Time zone of schedules and of the page (IANA name)."
    )


class Location(_Part):
    """Where a camera stands and looks."""

    lat: float = Field(ge=-90, le=90, description="Latitude, degrees (WGS 84).")
    lon: float = Field(ge=-180, le=180, description="Longitude, degrees (WGS 84).")
    heading_deg: float | None = Field(
        default=None, ge=0, lt=360, description="Where it looks, degrees clockwise from north."
    )


class Defaults(_Part):
    """What holds for every camera that does not say otherwise."""

    detector: AnyDetector = Field(default=Yolo(), description="How road users are found.")
    tracker: AnyTracker = Field(default=PackTrack(), description="How detections become tracks.")
    measure: Measure = Field(default=Measure(), description="Which figures are taken.")


class Camera(_Part):
    """One camera and what to look for in its picture."""

    id: Name = Field(description="Short name, unique in the file.")
    name: str = Field(default="", description="Name for people.")
    location: Location | None = Field(default=None, description="Where it stands.")
    source: AnySource = Field(description="Where its pictures come from.")
    worker: WorkerChoice = Field(
        default="auto",
        description="Where it is read: `process`, one of its own, which can be killed when it hangs; `thread`, one of "
        "this program, which costs less; `auto`: a process where pictures come from another machine or a driver.",
    )
    record: Record | None = Field(default=None, description="What of it is recorded; nothing where this is missing.")
    detector: AnyDetector | None = Field(default=None, description="How road users are found; else the default.")
    tracker: AnyTracker | None = Field(default=None, description="How they are tracked; else the default.")
    measure: Measure | None = Field(default=None, description="Which figures are taken; else the default.")
    calibration: Calibration | None = Field(default=None, description="How the picture lies on the ground.")
    lines: dict[Name, Line] = Field(default={}, description="Lines by id.")
    zones: dict[Name, Zone] = Field(default={}, description="Zones by id.")
    lanes: dict[Name, Lane] = Field(default={}, description="Lanes by id.")
    signals: dict[Name, AnySignal] = Field(default={}, description="Traffic signals by id.")
    rules: tuple[AnyRule, ...] = Field(default=(), description="What to look for.")
    picture: PictureChecks = Field(default=PictureChecks(), description="When its picture can't be trusted.")

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        _unique("rule", [rule.id for rule in self.rules])
        _unique("zone or lane", [*self.zones, *self.lanes])
        return self


class Site(_Part):
    """A site file, version 1."""

    version: Literal[1] = Field(description="Version of this format.")
    site: Place = Field(default=Place(), description="The organisation.")
    defaults: Defaults = Field(default=Defaults(), description="What holds for every camera.")
    cameras: tuple[Camera, ...] = Field(min_length=1, description="The cameras.")
    # What is sent away is no matter of vision: `api` reads these blocks, all others leave them alone.
    sinks: tuple[Any, ...] = Field(default=(), description="Where events are sent.")

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        _unique("camera", [camera.id for camera in self.cameras])
        return self

    def camera(self, name: str) -> Camera:
        """A camera by its id.

        Raises:
            SiteError: There is none of that id.
        """
        for camera in self.cameras:
            if camera.id == name:
                return camera
        raise SiteError(f"no camera {name!r}; there are: {', '.join(one.id for one in self.cameras)}")

    def scene(self, camera: Camera) -> Scene:
        """What there is to see for a camera."""
        return _scene(camera, ZoneInfo(self.site.timezone))

    def detector(self, camera: Camera) -> AnyDetector:
        """The camera's detector, or the default."""
        return camera.detector or self.defaults.detector

    def tracker(self, camera: Camera) -> Tracker:
        """A fresh tracker for a camera."""
        return (camera.tracker or self.defaults.tracker).start(camera.id, self.detector(camera).confidence)

    def pipeline(self, camera: Camera, tracker: Tracker | None = None) -> Pipeline:
        """A fresh pipeline for a camera.

        Args:
            camera: The camera.
            tracker: Another tracker than the camera's.

        Raises:
            SiteError: The scene lacks what a rule needs.
        """
        measure = camera.measure or self.defaults.measure
        return Pipeline(self.scene(camera), tracker or self.tracker(camera), camera.rules, measure)


# Of a camera; all else is its scene.
_NO_SCENE = frozenset(
    ("id", "name", "location", "source", "worker", "record", "detector", "tracker", "measure", "rules", "picture")
)
_CAMERA: TypeAdapter[Camera] = TypeAdapter(Camera)
_RULE: TypeAdapter[Rule] = TypeAdapter(AnyRule)
_DETECTOR: TypeAdapter[DetectorConfig] = TypeAdapter(AnyDetector)
_SOURCE: TypeAdapter[Source] = TypeAdapter(AnySource)


def load_site(
    path: Path, environment: Mapping[str, str] = os.environ, *, detectors: bool = False, sources: bool = False
) -> Site:
    """Reads a site file and starts every rule once, so that nothing is left to fail at run time.

    `${NAME}` in a `url` stands for an environment variable; its value is percent-encoded, so that a password may
    hold any character. Paths of files are relative to the site file.

    Args:
        path: The file.
        environment: Where `${NAME}` is looked up.
        detectors: Whether what the detectors need (models, recordings) must be there. Nothing of it is loaded.
        sources: Whether what the sources need (clips) must be there.

    Raises:
        SiteError: The file can't be used; one line for each fault with file, place, cause and what is known instead.
    """
    tree, faults = filled(read_tree(path), environment)
    tree = anchored(tree, path.parent)
    unknown = {fault.path for fault in faults}
    try:
        site = Site.model_validate(tree)
    except ValidationError as error:
        site = None
        faults += [one for one in explained(error, Site.model_json_schema(), tree) if one.path not in unknown]
    found = [*_wrong_rules(tree), *_missing(tree, detectors, sources)]
    faults += [one for one in found if one.path not in unknown]
    if site is None or faults:
        raise SiteError("\n".join(f"{path}: {fault}" for fault in faults))
    return site


def parse_site(tree: Mapping[str, Any]) -> Site:
    """A site from plain mappings and lists.

    Raises:
        SiteError: One line for each fault: place, cause and what is known instead.
    """
    try:
        return Site.model_validate(tree)
    except ValidationError as error:
        raise SiteError("\n".join(map(str, explained(error, Site.model_json_schema(), tree)))) from None


def _scene(camera: Camera, timezone: tzinfo) -> Scene:
    return Scene(
        camera.id,
        timezone,
        camera.lines,
        camera.zones,
        camera.lanes,
        camera.signals,
        camera.calibration.ground if camera.calibration else None,
    )


def _right(kind: TypeAdapter[Part], node: Any) -> Part | None:
    """A part of a file, if it is right by itself: what it names can be looked for, whatever else is wrong."""
    try:
        return kind.validate_python(node)
    except ValidationError:
        return None


def _cameras(tree: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The cameras of a file by their place, right or not."""
    nodes = tree.get("cameras")
    listed = nodes if isinstance(nodes, list) else []
    return [(f"cameras[{index}]", node) for index, node in enumerate(listed) if isinstance(node, dict)]


def _wrong_rules(tree: Mapping[str, Any]) -> Iterator[Fault]:
    """The rules that name what their camera does not have."""
    for place, node in _cameras(tree):
        drawn = {name: node[name] for name in Camera.model_fields if name in node and name not in _NO_SCENE}
        camera = _right(_CAMERA, {"id": "any", "source": {"kind": "webcam"}, **drawn})
        rules = node.get("rules")
        if camera is None or not isinstance(rules, list):
            continue
        scene = _scene(camera, UTC)  # rules ask for the time zone at run time only
        for index, one in enumerate(rules):
            rule = _right(_RULE, one)
            try:
                if rule:
                    rule.watch(scene)
            except SiteError as error:
                yield Fault(f"{place}.rules[{index}]", str(error))


def _missing(tree: Mapping[str, Any], detectors: bool, sources: bool) -> Iterator[Fault]:
    """What detectors and sources need and is not there."""
    cameras = _cameras(tree)
    nodes: list[tuple[str, DetectorConfig | Source | None]] = []
    if detectors:
        defaults = tree.get("defaults")
        given = defaults.get("detector") if isinstance(defaults, dict) else None
        wanted = given or (None if all(node.get("detector") for _, node in cameras) else Defaults().detector)
        nodes.append(("defaults.detector", _right(_DETECTOR, wanted)))
        nodes += [(f"{place}.detector", _right(_DETECTOR, node.get("detector"))) for place, node in cameras]
    if sources:
        nodes += [(f"{place}.source", _right(_SOURCE, node.get("source"))) for place, node in cameras]
    asked: dict[str, Mapping[str, str]] = {}  # a model is looked for once, however many cameras want it
    for place, part in nodes:
        if part:
            key = part.model_dump_json()
            asked[key] = asked[key] if key in asked else part.missing()
            for field, why in asked[key].items():
                yield Fault(f"{place}.{field}", why)


def _unique(what: str, names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{what} ids must be unique; given more than once: {', '.join(twice)}")
