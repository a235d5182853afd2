"""Scenario: a place with its traffic, the camera that looks at it, and what the camera is asked to find."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.simulation.camera import PinholeCamera
from benchmarks.simulation.trajectories import Recording

Ground = tuple[float, float]
PICKED_PX = 1.0
"""How exactly people pick the points of a calibration in the picture, one standard deviation."""


@dataclass(frozen=True)
class GroundLine:
    """A directed line on the ground, m, with the names of its sides as seen in the picture (and on a map)."""

    start: Ground
    end: Ground
    left: str = "left"
    right: str = "right"


@dataclass(frozen=True)
class GroundLane:
    """An area on the ground with a direction of travel, m."""

    polygon: Sequence[Ground]
    heading: Ground


@dataclass(frozen=True)
class Scenario:
    """One camera's world. Everything is drawn on the ground, in metres; the site file follows from the camera.

    Attributes:
        name: Id of the camera.
        camera: The camera.
        simulate: Runs the simulator: folder, seconds, seed, and whether everybody keeps to the rules.
        calibration: Points that are picked for the calibration, m.
        rules: As in a site file.
        lines: Lines by id.
        zones: Polygons by id.
        lanes: Lanes by id.
        signals: Ids of signals.
    """

    name: str
    camera: PinholeCamera
    simulate: Callable[[Path, float, int, bool], Recording]
    calibration: Sequence[Ground]
    rules: Sequence[Mapping[str, Any]]
    lines: Mapping[str, GroundLine] = field(default_factory=dict)
    zones: Mapping[str, Sequence[Ground]] = field(default_factory=dict)
    lanes: Mapping[str, GroundLane] = field(default_factory=dict)
    signals: Sequence[str] = ()

    def area(self, name: str) -> Sequence[Ground]:
        """Polygon of a zone or lane, m."""
        return self.zones[name] if name in self.zones else self.lanes[name].polygon

    def site(self, seed: int) -> dict[str, Any]:
        """The site file of this camera, as people would draw it; calibrated with a picking error of `PICKED_PX`."""
        shares = self.camera.shares
        lines: dict[str, Any] = {}
        for name, line in self.lines.items():
            start, end = shares([line.start, line.end])
            lines[name] = {"from": start, "to": end, "names": {"left": line.left, "right": line.right}}
        camera = {
            "id": self.name,
            "source": {"kind": "synthetic"},
            "calibration": self.camera.calibration(self.calibration, PICKED_PX, np.random.default_rng(seed)),
            "lines": lines,
            "zones": {name: {"polygon": shares(corners)} for name, corners in self.zones.items()},
            "lanes": {
                name: {"polygon": shares(lane.polygon), "heading": self._seen(lane)}
                for name, lane in self.lanes.items()
            },
            "signals": {name: {"kind": "feed"} for name in self.signals},
            "rules": [dict(rule) for rule in self.rules],
        }
        return {"version": 1, "cameras": [camera]}

    def _seen(self, lane: GroundLane) -> list[float]:
        """A lane's direction of travel in the picture, px, in its middle."""
        middle = np.mean(np.array(lane.polygon), axis=0)
        ends = np.vstack([middle, middle + np.array(lane.heading)])
        pixels, _ = self.camera.project(np.column_stack([ends, np.zeros(2)]))
        return [round(float(x), 3) for x in pixels[1] - pixels[0]]
