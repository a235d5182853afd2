"""The whole site file: which cameras there are and what to look for."""

import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote
from zoneinfo import ZoneInfo, available_timezones

from models.detectors import AnyDetector
from models.detectors.yolo import Yolo
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from streams.address import masked
from streams.sources import AnySource

from vision.calibration import Calibration
from vision.errors import SiteError
from vision.pipeline import Pipeline
from vision.rules import AnyRule
from vision.scene import Lane, Line, Scene, Zone
from vision.signals import AnySignal
from vision.trackers import AnyTracker
from vision.trackers.packtrack import PackTrack

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=64)]
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def _timezone(name: str) -> str:
    if name not in available_timezones():
        near = get_close_matches(name, available_timezones(), n=3)
        raise ValueError(f"no time zone {name!r}" + (f"; did you mean {' or '.join(near)}?" if near else ""))
    return name


class _Part(BaseModel):
    # A URL with a password may be among the input.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Place(_Part):
    """The organisation and where its clock ticks."""

    id: Name = Field(default="site", description="Short name of the site.")
    name: str = Field(default="", description="Name of the site for people.")
    timezone: Annotated[str, AfterValidator(_timezone)] = Field(
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


class Camera(_Part):
    """One camera and what to look for in its picture."""

    id: Name = Field(description="Short name, unique in the file.")
    name: str = Field(default="", description="Name for people.")
    location: Location | None = Field(default=None, description="Where it stands.")
    source: AnySource = Field(description="Where its pictures come from.")
    detector: AnyDetector | None = Field(default=None, description="How road users are found; else the default.")
    tracker: AnyTracker | None = Field(default=None, description="How they are tracked; else the default.")
    calibration: Calibration | None = Field(default=None, description="How the picture lies on the ground.")
    lines: dict[Name, Line] = Field(default={}, description="Lines by id.")
    zones: dict[Name, Zone] = Field(default={}, description="Zones by id.")
    lanes: dict[Name, Lane] = Field(default={}, description="Lanes by id.")
    signals: dict[Name, AnySignal] = Field(default={}, description="Traffic signals by id.")
    rules: tuple[AnyRule, ...] = Field(default=(), description="What to look for.")

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
        return Scene(
            camera.id,
            ZoneInfo(self.site.timezone),
            camera.lines,
            camera.zones,
            camera.lanes,
            frozenset(camera.signals),
            camera.calibration.ground if camera.calibration else None,
        )

    def detector(self, camera: Camera) -> AnyDetector:
        """The camera's detector, or the default."""
        return camera.detector or self.defaults.detector

    def pipeline(self, camera: Camera) -> Pipeline:
        """A fresh pipeline for a camera.

        Raises:
            SiteError: The scene lacks what a rule needs.
        """
        tracker = (camera.tracker or self.defaults.tracker).start(camera.id, self.detector(camera).confidence)
        return Pipeline(self.scene(camera), tracker, camera.rules)


def load_site(path: Path, environment: Mapping[str, str] = os.environ) -> Site:
    """Reads a site file and starts every rule once, so that nothing is left to fail at run time.

    `${NAME}` in a URL stands for an environment variable; its value is percent-encoded, so that a password may
    hold any character. Paths of files are relative to the site file.

    Raises:
        SiteError: The file can't be used; the message names the path, the cause and what is known instead.
    """
    try:
        tree = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SiteError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SiteError(f"{path}: can't be read: {error}") from None
    except YAMLError as error:
        raise SiteError(f"{path}: no valid YAML: {_first_lines(error)}") from None
    if not isinstance(tree, dict):
        raise SiteError(f"{path}: a site file is a mapping that begins with `version: 1`")
    try:
        site = parse_site(_anchored(_filled(tree, "", environment), path.parent))
        for camera in site.cameras:
            site.pipeline(camera)
    except SiteError as error:
        raise SiteError("\n".join(f"{path}: {line}" for line in str(error).splitlines())) from None
    return site


def parse_site(tree: Mapping[str, Any]) -> Site:
    """A site from plain mappings and lists.

    Raises:
        SiteError: One line for each fault: path, cause and what is known instead.
    """
    try:
        return Site.model_validate(tree)
    except ValidationError as error:
        schema = Site.model_json_schema()
        faults = error.errors(include_url=False)
        # A list whose members are wrong is also too short for pydantic: people need the cause only.
        causes = [one for one in faults if not any(_is_below(other["loc"], one["loc"]) for other in faults)]
        raise SiteError("\n".join(_explain(one, schema, tree) for one in causes)) from None


def _unique(what: str, names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{what} ids must be unique; given more than once: {', '.join(twice)}")


def _filled(node: Any, where: str, environment: Mapping[str, str]) -> Any:
    """The tree with `${NAME}` in its URLs replaced."""
    if isinstance(node, dict):
        return {key: _filled(value, f"{where}.{key}".lstrip("."), environment) for key, value in node.items()}
    if isinstance(node, list):
        return [_filled(value, f"{where}[{index}]", environment) for index, value in enumerate(node)]
    if isinstance(node, str) and where.endswith(".url"):
        for name in _VARIABLE.findall(node):
            if name not in environment:
                raise SiteError(
                    f"{where}: the environment variable {name} is not set; set it before you start: export {name}=…"
                )
        return _VARIABLE.sub(lambda match: quote(environment[match[1]], safe=""), node)
    return node


def _anchored(tree: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The tree with the relative paths of its sources and detectors made relative to its own folder."""
    cameras = tree.get("cameras")
    parts = [tree.get("defaults"), *(cameras if isinstance(cameras, list) else [])]
    for part in parts:
        for key in ("source", "detector"):
            block = part.get(key) if isinstance(part, dict) else None
            if not isinstance(block, dict):
                continue
            for name in ("path", "model"):
                word = block.get(name)
                # A model is a path where it is written as one; else a name in the catalogue.
                if isinstance(word, str) and (name == "path" or word.endswith(".onnx")):
                    block[name] = str(folder / word)
    return tree


def _first_lines(error: YAMLError) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return "; ".join(line for line in lines if not line.startswith(("To suppress", "http")))[:400]


def _explain(fault: Any, schema: dict[str, Any], tree: Mapping[str, Any]) -> str:
    """One fault that pydantic found, in the words of the file."""
    location, kind, context = fault["loc"], fault["type"], fault.get("ctx", {})
    path = _path(location, tree)
    if kind == "union_tag_invalid":
        known = [word.strip("' ") for word in context["expected_tags"].split(",")]
        return f"{path}.kind: {_unknown('kind', context['tag'], known)}"
    if kind == "union_tag_not_found":
        return f"{path}: `kind` is missing"
    if kind == "extra_forbidden":
        parent = location[:-1]
        return f"{_path(parent, tree)}: {_unknown('field', str(location[-1]), _fields(parent, schema))}"
    if kind == "missing":
        return f"{path}: is missing"
    if kind == "value_error":
        return f"{path}: {context['error']}"
    given = "" if isinstance(fault["input"], dict | list) else f", not {masked(repr(fault['input']))}"
    return f"{path}: {fault['msg'][0].lower()}{fault['msg'][1:]}{given}"


def _is_below(location: tuple[str | int, ...], parent: tuple[str | int, ...]) -> bool:
    return len(location) > len(parent) and location[: len(parent)] == parent


def _unknown(what: str, word: str, known: list[str]) -> str:
    near = get_close_matches(word, known, n=1)
    hint = f" did you mean {near[0]!r}?" if near else ""
    return f"no {what} {word!r};{hint} there are: {', '.join(known)}"


def _path(location: tuple[str | int, ...], tree: Any) -> str:
    """`cameras[0].rules[1].line` from a pydantic location; the kinds that it puts in between are left out."""
    path, node = "", tree
    for step in location:
        if isinstance(step, int):
            path += f"[{step}]"
            node = node[step] if isinstance(node, list) and step < len(node) else None
        elif isinstance(node, dict) and node.get("kind") == step and step not in node:
            continue
        else:
            path += f".{step}"
            node = node.get(step) if isinstance(node, dict) else None
    return path.lstrip(".") or "the file"


def _fields(location: tuple[str | int, ...], schema: dict[str, Any]) -> list[str]:
    """Names of the fields that there are at a place of the file."""
    node: Any = schema
    for step in location:
        node = _resolved(node, schema)
        if "discriminator" in node and step in node["discriminator"]["mapping"]:
            node = {"$ref": node["discriminator"]["mapping"][step]}
        elif isinstance(step, int):
            node = node.get("items", {})
        else:
            # A mapping whose keys are ids has one schema for all its members.
            [member] = node.get("patternProperties", {"": {}}).values()
            node = node.get("properties", {}).get(step, member)
    return list(_resolved(node, schema).get("properties", {}))


def _resolved(node: Any, schema: dict[str, Any]) -> Any:
    """A node of the JSON schema with its reference followed and `null` left out of its alternatives."""
    alternatives = [one for one in node.get("anyOf", []) if one.get("type") != "null"]
    if alternatives:
        node = alternatives[0]
    if "$ref" in node:
        return _resolved(schema["$defs"][node["$ref"].rsplit("/", 1)[-1]], schema)
    return node
