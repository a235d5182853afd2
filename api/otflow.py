"""OpenTrafficCam's formats: sections and flows come in, counts go out.

    FILE.otflow   {"sections": [{"id", "name", "type": "line", "coordinates": [{"x", "y"}, …],
                                 "relative_offset_coordinates": {"section-enter": {"x": 0.5, "y": 0.5}}}, …],
                   "flows": [{"id", "name", "start": section, "end": section, "distance"}, …]}

Coordinates are px. A section is crossed by a point of the box that its offset says, mostly its middle; with us it is
always the bottom-centre. A section of several pieces becomes a straight line from its first point to its last.
"""

import bz2
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from math import dist
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from api.errors import ApiError
from api.export import span
from api.table import Kind, Row
from vision.events import Event, Measurement
from vision.geometry import Point

CLASSES = {
    "person": "pedestrian",
    "bicycle": "bicyclist",
    "motorcycle": "motorcyclist",
    "car": "car",
    "bus": "bus",
    "truck": "truck",
}
"""Classes of OpenTrafficCam by our labels."""
COUNT_COLUMNS: Mapping[str, Kind] = dict.fromkeys(
    ["start time", "start occurrence date", "start occurrence time", "end time", "end occurrence date",
     "end occurrence time", "classification", "flow", "from section", "to section"], str,
) | {"count": int}  # fmt: skip
_BENT = 0.01  # of its length: a section that leaves the straight line by more is told

_ENTER = "section-enter"


class _Offset(BaseModel):
    x: float
    y: float


class _Section(BaseModel):
    id: str
    name: str = ""
    type: str = "line"
    offsets: dict[str, _Offset] = Field(default={}, alias="relative_offset_coordinates")
    coordinates: list[_Offset] = Field(min_length=2)


class _Flow(BaseModel):
    id: str
    name: str = ""
    start: str
    end: str


class _File(BaseModel):
    sections: list[_Section] = Field(min_length=1)
    flows: list[_Flow] = []


def read_otflow(path: Path, size: tuple[int, int]) -> str:
    """Lines, zones and the rule `movement` of a camera, as YAML for its place in a site file.

    Args:
        path: The file; `.otconfig` has the same parts and is read too.
        size: Of the video that it was drawn on, px.

    Raises:
        ApiError: The file can't be read, or is none of theirs.
    """
    file = _read(path)
    ids = _ids(file.sections)
    lines = [section for section in file.sections if section.type == "line"]
    zones = [section for section in file.sections if section.type != "line" and len(section.coordinates) > 2]
    text = ["# Sections cross at the bottom-centre of a box here: move a line to where wheels and feet are."]
    if lines:
        text += ["lines:", *(row for section in lines for row in _line(section, ids[section.id], size))]
    if zones:
        text += ["zones:", *(row for section in zones for row in _zone(section, ids[section.id], size))]
    return "\n".join([*text, *_rule(file.flows, {section.id for section in lines}, ids)]) + "\n"


def counts(events: Iterable[Event], timezone: tzinfo) -> tuple[list[Row], int]:
    """Counts by interval, class and flow, in the columns of OTAnalytics' export of counts.

    Args:
        events: Measurements of movements, of intervals of one length.
        timezone: In which times are written.

    Returns:
        The rows, and of how many intervals a part was not watched.
    """
    found: dict[tuple[datetime, datetime], _Interval] = {}
    flows: set[tuple[str, str]] = set()
    labels: set[str] = set()
    for event in events:
        if not isinstance(event, Measurement) or event.from_line is None or event.to_line is None:
            continue
        flow = (event.from_line, event.to_line)
        interval = found.setdefault(span(event), _Interval({}, {}))
        interval.watched[flow] = interval.watched.get(flow, 0.0) + event.completeness
        for label, figures in event.by_label.items():
            key = (label, flow)
            interval.volumes[key] = interval.volumes.get(key, 0) + round(figures["volume"])
        flows.add(flow)
        labels.update(event.by_label)
    rows = [
        row
        for (began_at, ended_at), interval in sorted(found.items())
        for row in _interval_rows(began_at.astimezone(timezone), ended_at.astimezone(timezone), interval, labels)
    ]
    return rows, sum(min(interval.watched.values()) < 0.999 for interval in found.values())


@dataclass(frozen=True, slots=True)
class _Interval:
    """What was counted in an interval: volumes by label and flow, and how much of it was watched by flow."""

    volumes: dict[tuple[str, tuple[str, str]], int]
    watched: dict[tuple[str, str], float]


def _interval_rows(began_at: datetime, ended_at: datetime, interval: _Interval, labels: set[str]) -> Iterator[Row]:
    times = [form for moment in (began_at, ended_at) for form in _times(moment)]
    for label in sorted(labels, key=CLASSES.__getitem__):
        for flow in sorted(interval.watched):
            count = interval.volumes.get((label, flow), 0)
            yield [*times, CLASSES[label], f"{flow[0]} --> {flow[1]}", *flow, count]


def _times(moment: datetime) -> tuple[str, str, str]:
    return f"{moment:%Y-%m-%d %H:%M:%S}", f"{moment:%Y-%m-%d}", f"{moment:%H:%M:%S}"


def _read(path: Path) -> _File:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ApiError(f"{path}: can't be read: {error.strerror or error}") from None
    try:
        tree: Any = json.loads(bz2.decompress(raw) if raw.startswith(b"BZh") else raw)
        return _File.model_validate(tree)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        old = "; it is of a version before OTAnalytics 1: open and save it there" if "Detectors" in tree else ""
        raise ApiError(f"{path}: {place}: {first['msg'][0].lower()}{first['msg'][1:]}{old}") from None
    except (ValueError, OSError, EOFError) as error:
        raise ApiError(f"{path}: no file of OpenTrafficCam: {error}") from None


def _ids(sections: list[_Section]) -> dict[str, str]:
    """Our id of every section: what can be written of its name in a site file."""
    ids: dict[str, str] = {}
    for section in sections:
        plain = unicodedata.normalize("NFKD", (section.name or section.id).replace("đ", "d").replace("Đ", "D"))
        word = re.sub(r"[^A-Za-z0-9_.-]+", "-", plain.encode("ascii", "ignore").decode()).strip("-_.")[:60] or "section"
        number = 1
        while (name := word if number == 1 else f"{word}-{number}") in ids.values():
            number += 1
        ids[section.id] = name
    return ids


def _line(section: _Section, name: str, size: tuple[int, int]) -> Iterator[str]:
    points = _points(section)
    start, end = points[0], points[-1]
    if start == end:
        raise ApiError(f"section {section.name or section.id!r} ends where it begins: draw it as an area, or as a line")
    bend = max(_beside(point, start, end) for point in points)
    yield from _remarks(section, name, size)
    if bend > _BENT * dist(start, end):
        yield f"  # was bent, up to {bend:.0f} px beside this straight line: do all who should still cross it?"
    yield f"  {name}: {{from: {_share(start, size)}, to: {_share(end, size)}}}"


def _zone(section: _Section, name: str, size: tuple[int, int]) -> Iterator[str]:
    points = _points(section)
    corners = points[:-1] if points[0] == points[-1] else points
    yield from _remarks(section, name, size)
    yield f"  {name}: {{polygon: [{', '.join(_share(point, size) for point in corners)}]}}"


def _remarks(section: _Section, name: str, size: tuple[int, int]) -> Iterator[str]:
    known = section.name or section.id
    if known != name:
        yield f"  # {json.dumps(known, ensure_ascii=False)}"
    offset = section.offsets.get(_ENTER)
    if offset and (offset.x, offset.y) != (0.5, 1.0):
        yield f"  # was crossed by the point of a box at {offset.x:g} of its width and {offset.y:g} of its height"
    if any(not (0 <= x <= size[0] and 0 <= y <= size[1]) for x, y in _points(section)):
        yield f"  # reached out of the picture of {size[0]}x{size[1]}: is that the size that it was drawn on?"


def _rule(flows: list[_Flow], lines: set[str], ids: Mapping[str, str]) -> Iterator[str]:
    """The rule of all flows; it counts from any of their lines to any other."""
    used = [flow for flow in flows if flow.start in lines and flow.end in lines and flow.start != flow.end]
    for flow in flows:
        if flow not in used:
            why = "from a line to itself" if flow.start == flow.end else "not between two lines"
            yield f"# flow {json.dumps(flow.name or flow.id, ensure_ascii=False)} is left out: {why}"
    names = dict.fromkeys(ids[section] for flow in used for section in (flow.start, flow.end))
    if names:
        yield "rules:"
        yield f"  - {{kind: movement, id: flows, lines: [{', '.join(names)}]}}"


def _points(section: _Section) -> list[Point]:
    return [(point.x, point.y) for point in section.coordinates]


def _share(point: Point, size: tuple[int, int]) -> str:
    """A point as a share of the picture, within it."""
    x, y = (min(max(value / length, 0.0), 1.0) for value, length in zip(point, size, strict=True))
    return f"[{x:.4f}, {y:.4f}]"


def _beside(point: Point, start: Point, end: Point) -> float:
    """How far a point is from the endless line through two others, px."""
    along = (end[0] - start[0], end[1] - start[1])
    cross = along[0] * (point[1] - start[1]) - along[1] * (point[0] - start[0])
    return abs(cross) / dist(start, end)
