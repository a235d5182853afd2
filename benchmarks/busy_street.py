"""A busy street in numbers, without pixels and without a tracker: for what rules and measurements cost.

y = 80 m   ──────────────────────        lanes along y, 3 m wide, half of them towards the camera;
│↓│↓│↓│↑│↑│↑│ zones           everybody goes at their own speed, some stop for a while,
y = 15 m   ──────────────────────        and who comes to the end begins anew under another id
○ camera, 9 m up
"""

from collections import deque
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import BenchError
from benchmarks.simulation.camera import PinholeCamera
from models.detections import Detections, Label
from models.observation import Observation, SignalState
from vision.rule import Rule
from vision.rules import AnyRule  # noqa: F401 - with it all rules are known
from vision.tracks import Tracks

CAMERA = PinholeCamera(place=(0.0, 0.0), height=9.0, yaw_deg=90.0, tilt_deg=15.0, focal_px=1500.0)
NEAR_M, FAR_M = 18.0, 80.0
_LANES = np.arange(-9.0, 9.1, 3.0)
_SHARES = dict(zip(Label, (0.15, 0.05, 0.55, 0.18, 0.03, 0.04), strict=True))
_SIZES_M = dict(zip(Label, ((0.6, 1.7), (0.7, 1.7), (0.8, 1.7), (1.8, 1.5), (2.5, 3.2), (2.4, 3.0)), strict=True))
"""Width and height."""
_CALIBRATION = [(x, y) for y in (20.0, 40.0, 75.0) for x in (-5.0, 0.0, 5.0)]
_HIDDEN_EVERY_S, _HIDDEN_S, _LOST_EVERY_S, _ENDS_AFTER_S = 15.0, (0.2, 1.2), 60.0, 1.5
_FIELDS: dict[str, Any] = {
    "zone": "zone-1", "lane": "lane-1", "line": "line-1", "lines": ["line-1", "line-2"], "signal": "near",
    "direction": "left", "from": "line-1", "to": "line-2", "limit_kmh": 50.0, "limit": 20, "labels": ["truck", "bus"],
}  # fmt: skip


def every_rule() -> list[dict[str, Any]]:
    """One rule of every kind, with what it needs of this street.

    Raises:
        BenchError: A new rule needs what is not known here.
    """
    rules = []
    for kind in Rule.__subclasses__():
        if not kind.__module__.startswith("vision.rules."):
            continue
        schema = kind.model_json_schema()
        name = kind.model_fields["kind"].default
        wanted = [one for one in schema.get("required", []) if one not in ("id", "kind")]
        if "zone" in schema["properties"]:
            wanted.append("zone")
        unknown = [one for one in wanted if one not in _FIELDS]
        if unknown:
            raise BenchError(f"rule {name} needs {', '.join(unknown)}: say in {__name__} what it is to be")
        rules.append({"kind": name, "id": name} | {one: _FIELDS[one] for one in wanted})
    return rules


def street(zones: int, rules: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A site file of this street.

    Args:
        zones: How many zones and lanes there are, half of each.
        rules: As in a site file.
    """
    polygons = []
    for number in range(zones):
        x, y = -9.0 + 3.0 * (number % 6), 22.0 + 12.0 * (number // 6)
        polygons.append(CAMERA.shares([(x / 2, y), (x / 2 + 3, y), (x / 2 + 3, y + 15), (x / 2, y + 15)]))
    heading = [0.0, 1.0]
    lines = {
        f"line-{number}": dict(zip(("from", "to"), CAMERA.shares([(-6.0, y), (6.0, y)]), strict=True))
        for number, y in enumerate((26.0, 36.0, 48.0, 60.0), 1)
    }
    camera = {
        "id": "street",
        "source": {"kind": "synthetic"},
        "calibration": CAMERA.calibration(_CALIBRATION, 0.5, np.random.default_rng(1)),
        "lines": lines,
        "zones": {f"zone-{number}": {"polygon": one} for number, one in enumerate(polygons[::2], 1)},
        "lanes": {
            f"lane-{number}": {"polygon": one, "heading": heading} for number, one in enumerate(polygons[1::2], 1)
        },
        "signals": {"near": {"kind": "feed"}},
        "rules": list(rules),
    }
    return {"version": 1, "cameras": [camera]}


def traffic(
    users: int, seconds: float, fps: float, seed: int = 1, restless: bool = False
) -> Iterator[tuple[Observation, Tracks]]:
    """What a detector and a tracker make of the street.

    Args:
        users: How many road users there are at any time.
        seconds: How long.
        fps: Looks a second.
        seed: Another number makes other traffic.
        restless: The tracker is no perfect one: now and then it does not see somebody for a moment, or goes on with
            them under another id, and tracks end only some time after they were seen last.
    """
    chance = np.random.default_rng(seed)
    labels = chance.choice(list(_SHARES), users, p=list(_SHARES.values())).astype(np.int8)
    sizes = np.array([_SIZES_M[Label(label)] for label in labels.tolist()])
    x = chance.choice(_LANES, users) + chance.uniform(-1.2, 1.2, users)
    y = chance.uniform(NEAR_M, FAR_M, users)
    ids, last = np.arange(1, users + 1), users
    seen, hidden_until_s, ending = np.zeros(users, np.bool_), np.zeros(users), deque[tuple[float, int]]()
    speed = _speeds(labels, x, chance)
    stands_until_s = np.zeros(users)
    before: NDArray[np.float64] | None = None
    for index in range(int(seconds * fps)):
        time_s = index / fps
        going = time_s >= stands_until_s
        y = y + speed * going / fps
        stops = going & (chance.random(users) < 0.01 / fps)
        stands_until_s[stops] = time_s + chance.uniform(5, 90, int(stops.sum()))
        over = ((y < NEAR_M) | (y > FAR_M)) & seen  # who was never seen can't end
        gone = over
        if restless:
            gone = over | (seen & (chance.random(users) < 1 / _LOST_EVERY_S / fps))
            hides = chance.random(users) < 1 / _HIDDEN_EVERY_S / fps
            hidden_until_s[hides] = time_s + chance.uniform(*_HIDDEN_S, int(hides.sum()))
        ending.extend((time_s + (_ENDS_AFTER_S if restless else 0.0), track) for track in ids[gone].tolist())
        ids[gone], seen[gone] = np.arange(last + 1, last + 1 + int(gone.sum())), False
        last += int(gone.sum())
        count = int(over.sum())
        x[over] = chance.choice(_LANES, count) + chance.uniform(-1.2, 1.2, count)
        speed[over] = _speeds(labels[over], x[over], chance)
        y[over] = np.where(speed[over] > 0, NEAR_M, FAR_M)
        ended = []
        while ending and ending[0][0] <= time_s:
            ended.append(ending.popleft()[1])
        boxes = _boxes(x, y, sizes) + chance.normal(0, 0.5, (users, 4))
        middles = (boxes[:, :2] + boxes[:, 2:]) / 2
        velocities = np.zeros((users, 2)) if before is None else (middles - before) * fps
        velocities[over], before = 0.0, middles
        shown = hidden_until_s <= time_s
        seen |= shown
        yield _instant(index, fps, ids[shown], boxes[shown], labels[shown], velocities[shown], tuple(ended))


def _instant(
    index: int,
    fps: float,
    ids: NDArray[np.int64],
    boxes: NDArray[np.float64],
    labels: NDArray[np.int8],
    velocities: NDArray[np.float64],
    ended: tuple[int, ...],
) -> tuple[Observation, Tracks]:
    time_s = index / fps
    state: SignalState = "red" if time_s % 60 < 30 else "green"
    nothing = np.empty((0, 4), np.float32)
    observation = Observation(
        camera="street",
        time_s=time_s,
        captured_at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=time_s),
        size=CAMERA.size,
        detections=Detections.empty(),
        signals={"near": state},
        static=nothing,
        removed=nothing,
        health="valid",
    )
    scores = np.full(len(ids), 0.8)
    return observation, Tracks("street", time_s, ids, boxes, boxes, labels, scores, velocities, ended)


def _speeds(labels: NDArray[np.int8], x: NDArray[np.float64], chance: np.random.Generator) -> NDArray[np.float64]:
    """m/s along y; who keeps to the right goes away from the camera."""
    fast = np.where(labels == Label.PERSON, 1.3, 8.0) * chance.uniform(0.6, 1.6, len(labels))
    return np.where(x > 0, fast, -fast)


def _boxes(x: NDArray[np.float64], y: NDArray[np.float64], sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    feet, _ = CAMERA.project(np.column_stack([x, y, np.zeros_like(x)]))
    heads, _ = CAMERA.project(np.column_stack([x, y, sizes[:, 1]]))
    sides, _ = CAMERA.project(np.column_stack([x + sizes[:, 0] / 2, y, np.zeros_like(x)]))
    half = np.abs(sides[:, 0] - feet[:, 0])
    return np.column_stack([feet[:, 0] - half, heads[:, 1], feet[:, 0] + half, feet[:, 1]])
