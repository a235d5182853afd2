"""A market street: one lane a direction, kerbs where nobody may park, people on both pavements and across.

  x   -9   -6.5   -4.2     0     4.2    6.5   9
       │pave│ kerb │   ↓   │   ↑  │ kerb │pave│
y = 48 │←────────────── zebra ───────────────→│     lawful
y = 34 │←──────────── they just go ──────────→│
y = 22 │                           ✶ ←── alley      a car comes out and a rider at the kerb runs into it
                        ○ camera at (4, 0), on an arm
"""

from pathlib import Path

from benchmarks.simulation.camera import PinholeCamera
from benchmarks.simulation.scenario import GroundLine, Scenario
from benchmarks.simulation.sumo import Street, fleet, flow, simulate, vehicle, vehicle_type
from benchmarks.simulation.trajectories import Recording
from models.detections import Label

LENGTH_M = 150.0
CRASH_Y, CRASH_X = 22.0, 5.4
NODES = "".join(
    f'<node id="{name}" x="{x}" y="{y}"/>'
    for name, x, y in (
        ("s", 0, -LENGTH_M),
        ("n", 0, LENGTH_M),
        ("z0", 9, 48),
        ("z1", -9, 48),
        ("j0", 9, 34),
        ("j1", -9, 34),
        ("alley0", 30, CRASH_Y),
        ("alley1", -30, CRASH_Y),
        ("kerb0", CRASH_X, -60),
        ("kerb1", CRASH_X, 120),
    )
)
# A pavement becomes lane 0, so that the kerb is lane 1 and the middle lane 2 for whoever drives there.
LANES = '<lane index="0" width="2.3" allow="custom1"/><lane index="1" width="4.2" disallow="pedestrian"/>'
EDGES = "".join(
    f'<edge id="{name}" from="{start}" to="{end}" numLanes="2" speed="8.3" sidewalkWidth="2.5">{LANES}</edge>'
    for name, start, end in (("up", "s", "n"), ("down", "n", "s"))
) + "".join(
    f'<edge id="{name}" from="{start}" to="{end}" numLanes="1" width="{width}" speed="8.3" {more}/>'
    for name, start, end, width, more in (
        ("zebra", "z0", "z1", 3.0, 'allow="pedestrian"'),
        ("zebra_back", "z1", "z0", 3.0, 'allow="pedestrian"'),
        ("jaywalk", "j0", "j1", 3.0, 'allow="pedestrian"'),
        ("alley", "alley0", "alley1", 3.0, ""),
        ("kerb", "kerb0", "kerb1", 1.0, ""),
    )
)


def run(folder: Path, seconds: float, seed: int, lawful: bool) -> Recording:
    """Simulates the street (see `Scenario.simulate`)."""
    settings: dict[str, object] = {"speedFactor": "normc(0.85,0.1,0.5,1.0)"}
    parts = [fleet(settings), flow("up", "up", 0.3, seconds), flow("down", "down", 0.3, seconds)]
    parts += [_walkers(f"pavement_{way}", way, 0.06, seconds) for way in ("up", "down")]
    parts.append(_walkers("zebra", "zebra", 0.02, seconds) + _walkers("zebra_back", "zebra_back", 0.02, seconds))
    if not lawful:
        parts.append(_walkers("jaywalk", "jaywalk", 0.035, seconds))
        stopping = (Label.MOTORCYCLE, Label.CAR, Label.TRUCK)
        parts += [vehicle_type(label, settings, "parks", "custom1") for label in stopping]
        parts += _parkers(seconds) + _crashes(seconds)
    return simulate(Street(NODES, EDGES, "".join(parts)), folder, seconds, seed)


def _walkers(name: str, edge: str, a_second: float, seconds: float) -> str:
    return (
        f'<personFlow id="{name}" begin="0" end="{seconds:g}" probability="{a_second:g}" departPosLat="random">'
        f'<walk edges="{edge}"/></personFlow>'
    )


def _parkers(seconds: float) -> list[str]:
    """Who stops at the kerb: in turn on both sides, for long, and every third one for short."""
    parts = []
    for turn, at in enumerate(range(1, int(seconds) - 20, 22)):
        way, kind = (
            ("up", "down")[turn % 2],
            ("motorcycle_parks", "car_parks", "motorcycle_parks", "truck_parks")[turn % 4],
        )
        y, duration = 28 + 9 * (turn // 2 % 3), 35 if turn % 3 == 2 else 75 + turn % 4 * 10
        along = LENGTH_M + y if way == "up" else LENGTH_M - y
        stop = f'<stop lane="{way}_1" startPos="{along - 3:g}" endPos="{along:g}" duration="{duration}"/>'
        parts.append(vehicle(f"parks{at}", kind, way, at, stop, departLane="2", departPos="90"))
    return parts


def _crashes(seconds: float) -> list[str]:
    """A car that comes out of the alley and a rider at the kerb brake hard and stand; nobody else is on these edges."""
    brakes = {"decel": 8, "emergencyDecel": 9, "speedFactor": 1, "sigma": 0}
    parts = [vehicle_type(label, brakes, "crashes") for label in (Label.MOTORCYCLE, Label.CAR)]
    for at in range(40, int(seconds) - 20, 95):
        across, along = 30 - CRASH_X - 1.2, CRASH_Y + 60 - 1.2
        for kind, edge, reach in (("car", "alley", across), ("motorcycle", "kerb", along)):
            stop = f'<stop lane="{edge}_0" startPos="{reach - 0.5:g}" endPos="{reach:g}" duration="25"/>'
            depart = at + 10 - reach / 8.3
            name = f"crash_{kind}_{at}"
            parts.append(vehicle(name, f"{kind}_crashes", edge, depart, stop, departLane="0", departPos="0"))
    return parts


MARKET = Scenario(
    name="market",
    camera=PinholeCamera(place=(4.0, 0.0), height=8.0, yaw_deg=92, tilt_deg=13, focal_px=1300),
    simulate=run,
    calibration=((9, 15), (0, 15), (9, 30), (-8, 30), (6, 48), (-8, 48), (6, 65), (-6, 65)),
    lines={
        "up": GroundLine((0, 16), (6.5, 16), left="north", right="south"),
        "down": GroundLine((-6.5, 21), (0, 21), left="north", right="south"),
        "pavement": GroundLine((6.6, 24), (9.2, 24), left="north", right="south"),
    },
    zones={
        "kerb_up": ((4.3, 24), (6.6, 24), (6.6, 56), (4.3, 56)),
        "kerb_down": ((-6.4, 24), (-4.1, 24), (-4.1, 56), (-6.4, 56)),
        "road": ((-6.2, 24), (6.2, 24), (6.2, 43), (-6.2, 43)),
        "corner": ((3.5, 17.5), (9, 17.5), (9, 25), (3.5, 25)),
    },
    rules=(
        {"kind": "line_crossing", "id": "count-up", "line": "up"},
        {"kind": "line_crossing", "id": "count-down", "line": "down"},
        {"kind": "line_crossing", "id": "count-people", "line": "pavement"},
        {"kind": "illegal_parking", "id": "parks-up", "zone": "kerb_up", "after_s": 60},
        {"kind": "illegal_parking", "id": "parks-down", "zone": "kerb_down", "after_s": 60},
        {"kind": "pedestrian_on_carriageway", "id": "jaywalks", "zone": "road"},
        {"kind": "crash", "id": "crash", "zone": "corner"},
    ),
)
