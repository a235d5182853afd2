"""Stories on the ground: who goes where, in metres, for the tests of the simulated suite."""

import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.simulation.camera import PinholeCamera
from benchmarks.simulation.scenario import GroundLane, GroundLine, Scenario
from benchmarks.simulation.sights import Sights, see
from benchmarks.simulation.trajectories import SIZES, NearMiss, Recording, RoadUser, Trajectories
from benchmarks.simulation.truth import truth
from benchmarks.simulation.world import TrueEvent
from models.detections import Label
from models.observation import SignalState

CAMERA = PinholeCamera(place=(0.0, -12.0), height=8.0, yaw_deg=90, tilt_deg=18, focal_px=1200)
"""Looks north over an area of about 20 m × 40 m around (0, 20)."""
Way = tuple[Label, Sequence[tuple[float, float, float]]]


def goes(label: Label, *waypoints: tuple[float, float, float]) -> Way:
    """Somebody who is at (time, x, y), and goes straight between; the place is that of the centre.

    They look north to begin with; who moves by less than half a metre does not turn.
    """
    return label, waypoints


def trajectories(*ways: Way, step_s: float = 0.1) -> Trajectories:
    """What a simulator would tell of some ways."""
    users, rows, columns = [], [], []
    for number, (label, waypoints) in enumerate(ways):
        users.append(RoadUser(f"{label.word}{number}", label, SIZES[label]))
        heading = math.pi / 2
        for (begins, x1, y1), (ends, x2, y2) in pairwise(waypoints):
            moved = math.dist((x1, y1), (x2, y2))
            heading = math.atan2(y2 - y1, x2 - x1) if moved > 0.5 else heading
            for time_s in np.arange(begins, ends - 1e-9, step_s):
                share = (time_s - begins) / (ends - begins)
                rows.append(number)
                columns.append(
                    (time_s, x1 + share * (x2 - x1), y1 + share * (y2 - y1), heading, moved / (ends - begins))
                )
    return Trajectories.of(users, rows, np.array(columns))


def recording(*ways: Way, seconds: float = 0.0, **more: Any) -> Recording:
    """A run with some ways; as long as the longest of them if not said."""
    known = trajectories(*ways)
    return Recording(seconds or float(known.time_s.max()), known, **more)


def scenario(*rules: dict[str, Any], **drawn: Any) -> Scenario:
    """A place with a line across the road at y = 20, a zone and a lane around it, and some rules."""
    known: dict[str, Any] = {
        "lines": {
            "line": GroundLine((-6, 20), (6, 20), left="in", right="out"),
            "far": GroundLine((-6, 30), (6, 30)),
        },
        "zones": {"zone": ((-6, 14), (6, 14), (6, 26), (-6, 26))},
        "lanes": {"lane": GroundLane(((-6, 10), (6, 10), (6, 34), (-6, 34)), heading=(0, 1))},
        "signals": ("light",),
    }
    return Scenario(
        name="place",
        camera=CAMERA,
        simulate=_nothing,
        calibration=((-5, 8), (5, 8), (-6, 20), (6, 20), (-6, 34), (6, 34)),
        rules=rules,
        **(known | drawn),
    )


def happens(rule: dict[str, Any], *ways: Way, seconds: float = 0.0, **more: Any) -> list[TrueEvent]:
    """What truly happens, by the definition of a rule."""
    place, run = scenario({"id": "rule", **rule}), recording(*ways, seconds=seconds, **more)
    return truth(place, run, sights(run))


def sights(run: Recording) -> Sights:
    """What the camera sees of a run."""
    return see(run.trajectories, CAMERA, 25.0)


def light(*changes: tuple[float, SignalState]) -> dict[str, Any]:
    """A signal `light` with its changes."""
    return {"signals": {"light": changes}}


def nearly_met(time_s: float, place: tuple[float, float]) -> dict[str, Any]:
    """A near miss of the first two."""
    return {"near_misses": [NearMiss((0, 1), time_s, place, 0.8, True)]}


def _nothing(_: Path, seconds: float, __: int, ___: bool) -> Recording:
    return recording(goes(Label.CAR, (0, 0, 10), (seconds, 0, 10)))
