"""A trunk road with a hard shoulder, seen from a gantry: who goes north drives away from the camera.

      x   -11      -7.5     -4     -0.5 0.5     4      7.5      10.5
           │shoulder│   ↓    │   ↓    ║    ↑    │   ↑   │shoulder│↓      ↓ wrong-way riders at the very edge
           │        │        │        ║  inner  │ outer │        │
    y = 45 │←───────────────── people on foot cross ─────────────│
                                    ○ camera at (1, 0)

Motorcycles must not use the inner lane. In the last third both lanes to the north are blocked ahead, and the queue
grows into the picture.
"""

from pathlib import Path

from benchmarks.simulation.camera import PinholeCamera
from benchmarks.simulation.scenario import GroundLane, GroundLine, Scenario
from benchmarks.simulation.sumo import Street, fleet, flow, simulate, vehicle, vehicle_type
from benchmarks.simulation.trajectories import Recording
from models.detections import Label

SOUTH_M, NORTH_M = -200.0, 400.0
LIMIT_KMH, FREE_FLOW_KMH = 60.0, 50.0
NODES = "".join(
    f'<node id="{name}" x="{x}" y="{y}"/>'
    for name, x, y in (
        ("s0", 0.5, SOUTH_M),
        ("n0", 0.5, NORTH_M),
        ("n1", -0.5, NORTH_M),
        ("s1", -0.5, SOUTH_M),
        ("a", 10.8, 200),
        ("b", 10.8, -60),
        ("p", 15.0, 45),
        ("q", -15.0, 45),
    )
)
LANES = (
    '<lane index="0" width="3" allow="custom1"/><lane index="1" width="3.5"/>'
    '<lane index="2" width="3.5" disallow="motorcycle bicycle pedestrian"/>'
)
EDGES = (
    f'<edge id="up" from="s0" to="n0" numLanes="3" speed="{LIMIT_KMH / 3.6:.2f}">{LANES}</edge>'
    f'<edge id="down" from="n1" to="s1" numLanes="3" speed="{LIMIT_KMH / 3.6:.2f}">{LANES}</edge>'
    '<edge id="against" from="a" to="b" numLanes="1" width="0.8" speed="9"/>'
    '<edge id="path" from="p" to="q" numLanes="1" width="1.5" speed="2" allow="pedestrian"/>'
)


def run(folder: Path, seconds: float, seed: int, lawful: bool) -> Recording:
    """Simulates the road (see `Scenario.simulate`)."""
    settings: dict[str, object] = {"speedFactor": "normc(0.83,0.06,0.6,0.97)", "lcSpeedGain": 0.3, "lcKeepRight": 0.3}
    parts = [fleet(settings), flow("up", "up", 0.36, seconds), flow("down", "down", 0.36, seconds)]
    if not lawful:
        parts += _offences(seconds, settings)
    return simulate(Street(NODES, EDGES, "".join(parts)), folder, seconds, seed)


def _offences(seconds: float, settings: dict[str, object]) -> list[str]:
    parts = []
    for label in (Label.MOTORCYCLE, Label.CAR):
        fast = settings | {"speedFactor": "normc(1.5,0.05,1.4,1.6)", "lcSpeedGain": 5}
        parts.append(vehicle_type(label, fast, "fast"))
        parts.append(vehicle_type(label, settings, "stops", "custom1"))
        kind = f"{label.word}_fast"
        parts += [flow(f"{kind}_{way}", way, 0.012, seconds, type=kind) for way in ("up", "down")]
    parts.append(vehicle_type(Label.MOTORCYCLE, settings | {"lcKeepRight": 0}, "outlaw", "passenger"))
    outlaw = {"type": "motorcycle_outlaw", "departLane": "2"}
    parts += [flow(f"outlaw_{way}", way, 0.015, seconds, **outlaw) for way in ("up", "down")]
    parts.append(flow("against", "against", 0.015, seconds, type="motorcycle", departPosLat="center"))
    walks = '<walk edges="path"/>'
    parts += [f'<person id="walks{at}" depart="{at}">{walks}</person>' for at in range(30, int(seconds), 55)]
    # Breakdowns: on the shoulder and in the outer lane, in turn on both sides, for long and (a near miss) for short.
    for turn, at in enumerate(range(15, min(int(seconds), 360), 32)):
        way, lane = ("up", "down")[turn % 2], 1 if turn % 4 == 3 else 0
        y, duration = 30 + 7 * (turn % 5), 6 if turn % 5 == 4 else 25
        along = y - SOUTH_M if way == "up" else NORTH_M - y
        stop = f'<stop lane="{way}_{lane}" startPos="{along - 2:g}" endPos="{along:g}" duration="{duration}"/>'
        kind = ("car_stops", "motorcycle_stops")[turn % 3 == 2]
        parts.append(vehicle(f"breakdown{at}", kind, way, at, stop, departPos="60", departLane="1"))
    if seconds > 400:
        for lane in (1, 2):
            ends = 88 - SOUTH_M
            stop = f'<stop lane="up_{lane}" startPos="{ends - 2:g}" endPos="{ends:g}" duration="180"/>'
            parts.append(vehicle(f"blocks{lane}", "truck", "up", 375, stop, departLane=lane))
    return parts


MOTORWAY = Scenario(
    name="motorway",
    camera=PinholeCamera(place=(1.0, 0.0), height=8.5, yaw_deg=90, tilt_deg=13, focal_px=1400),
    simulate=run,
    calibration=((10, 18), (-9, 18), (11, 35), (-11, 35), (8, 55), (-9, 55), (8, 75), (-8, 75)),
    lines={
        "up": GroundLine((0.2, 32), (11, 32), left="north", right="south"),
        "down": GroundLine((-10.8, 40), (-0.2, 40), left="north", right="south"),
        "down_from": GroundLine((-10.8, 64), (-0.2, 64)),
        "down_to": GroundLine((-10.8, 34), (-0.2, 34)),
    },
    zones={
        "up": ((0.5, 20), (11.2, 20), (11.2, 72), (0.5, 72)),
        "down": ((-10.8, 34), (-0.5, 34), (-0.5, 72), (-10.8, 72)),
        "jam": ((0.5, 22), (7.5, 22), (7.5, 70), (0.5, 70)),
    },
    lanes={
        "north": GroundLane(((0.5, 18), (11.3, 18), (11.3, 75), (0.5, 75)), heading=(0, 1)),
        "inner_up": GroundLane(((0.5, 20), (3.7, 20), (3.7, 70), (0.5, 70)), heading=(0, 1)),
        "inner_down": GroundLane(((-3.7, 34), (-0.5, 34), (-0.5, 72), (-3.7, 72)), heading=(0, -1)),
    },
    rules=(
        {"kind": "line_crossing", "id": "count-up", "line": "up"},
        {"kind": "line_crossing", "id": "count-down", "line": "down"},
        {"kind": "speeding", "id": "fast-up", "zone": "up", "limit_kmh": LIMIT_KMH},
        {"kind": "speeding", "id": "fast-down", "from_line": "down_from", "to_line": "down_to", "limit_kmh": LIMIT_KMH},
        {"kind": "wrong_way", "id": "against", "lane": "north"},
        {"kind": "lane_violation", "id": "inner-up", "lane": "inner_up", "labels": ["motorcycle", "bicycle"]},
        {"kind": "lane_violation", "id": "inner-down", "lane": "inner_down", "labels": ["motorcycle", "bicycle"]},
        {"kind": "stopped_vehicle", "id": "stops-up", "zone": "up", "after_s": 10},
        {"kind": "stopped_vehicle", "id": "stops-down", "zone": "down", "after_s": 10},
        {"kind": "congestion", "id": "jam", "zone": "jam", "free_flow_kmh": FREE_FLOW_KMH, "after_s": 120},
        {"kind": "pedestrian_on_carriageway", "id": "walks-up", "zone": "up"},
        {"kind": "pedestrian_on_carriageway", "id": "walks-down", "zone": "down"},
    ),
)
