"""A signalised junction of two roads, right-hand traffic, two lanes a direction, seen by two cameras that look south.

                 north
              │ ↓  │ ↑○ │        ○ `junction`, at y = 36, sees all of it: movements, near misses
       ───────┘    │    └───────
west   ←───        │○       ←───    east        ○ `approach`, at y = 8, sees who comes from the south
       ───→        │        ───→
       ───────┐    │    ┌───────
              │ ↓  ┝━━━━┥        ━ stop line, 3 m before the end of SUMO's lane: the crosswalk is between
              │ ↓  │ ↑  │↓       ↓ wrong-way riders at the kerb
                 south
"""

from pathlib import Path

from benchmarks.simulation.camera import PinholeCamera
from benchmarks.simulation.scenario import GroundLane, GroundLine, Scenario
from benchmarks.simulation.sumo import Street, fleet, flow, simulate, vehicle, vehicle_type
from benchmarks.simulation.trajectories import Recording
from models.detections import Label

GREEN_S, YELLOW_S, ALL_RED_S = 27, 3, 2
CYCLE_S = 2 * (GREEN_S + YELLOW_S + ALL_RED_S)
APPROACH_S = 12.5
"""From where vehicles begin to the stop line."""
NODES = (
    '<node id="c" x="0" y="0" type="traffic_light" tl="c" radius="7"/>'
    '<node id="s" x="0" y="-160"/><node id="sm" x="0" y="-60"/><node id="n" x="0" y="160"/>'
    '<node id="e" x="160" y="0"/><node id="w" x="-160" y="0"/>'
    '<node id="a" x="7.65" y="-18"/><node id="b" x="7.65" y="-140"/>'
)
EDGES = "".join(
    f'<edge id="{name}" from="{start}" to="{end}" numLanes="2" width="3.5" speed="{speed}"/>'
    for name, start, end, speed in (
        ("south_out", "c", "s", 13.9),
        ("north_in", "n", "c", 13.9),
        ("north_out", "c", "n", 13.9),
        ("east_in", "e", "c", 13.9),
        ("east_out", "c", "e", 13.9),
        ("west_in", "w", "c", 13.9),
        ("west_out", "c", "w", 13.9),
    )
)
# Nobody may change lanes before the stop line, where the line is solid, but for those of class custom1; and those not
# before, so that they must.
OTHERS = "bicycle motorcycle passenger bus truck"
SOLID = (
    '<edge id="far" from="s" to="sm" numLanes="2" width="3.5" speed="13.9">'
    f'<lane index="0" changeLeft="{OTHERS}"/><lane index="1" changeRight="{OTHERS}"/></edge>'
    '<edge id="south_in" from="sm" to="c" numLanes="2" width="3.5" speed="13.9">'
    '<lane index="0" changeLeft="custom1" changeRight="custom1"/>'
    '<lane index="1" changeLeft="custom1" changeRight="custom1"/></edge>'
    '<edge id="against" from="a" to="b" numLanes="1" width="1.2" speed="8"/>'
)
# Who turns left waits early: SUMO has those who wait stick out into the way of the others.
CONNECTIONS = "".join(
    f'<connection from="south_in" to="{to}" fromLane="{start}" toLane="{end}" {more}/>'
    for to, start, end, more in (
        ("east_out", 0, 0, ""),
        ("north_out", 0, 0, ""),
        ("north_out", 1, 1, ""),
        ("west_out", 1, 1, 'contPos="5"'),
    )
)
FLOWS = (
    ("ss", "far south_in north_out", 0.24),
    ("se", "far south_in east_out", 0.06),
    ("nn", "north_in south_out", 0.20),
    ("nw", "north_in west_out", 0.03),
    ("ew", "east_in west_out", 0.14),
    ("en", "east_in north_out", 0.03),
    ("we", "west_in east_out", 0.12),
    ("ws", "west_in south_out", 0.03),
)


def run(folder: Path, seconds: float, seed: int, lawful: bool) -> Recording:
    """Simulates the junction (see `Scenario.simulate`)."""
    settings: dict[str, object] = {"speedFactor": "normc(0.85,0.08,0.6,1.0)", "jmStoplineGap": 3.3}
    parts = [fleet(settings)]
    parts += [flow(name, edges, share, seconds) for name, edges, share in FLOWS]
    if not lawful:
        runs = {"jmDriveAfterRedTime": 1000} | settings
        reckless = runs | {"jmIgnoreFoeProb": 1, "jmIgnoreFoeSpeed": 20}
        for label in (Label.MOTORCYCLE, Label.CAR):
            parts.append(vehicle_type(label, runs, "runner"))
            parts.append(vehicle_type(label, reckless, "reckless"))
            parts.append(vehicle_type(label, settings | {"jmStoplineGap": 1.0}, "creeper"))
            parts.append(vehicle_type(label, settings, "changer", "custom1"))
        for red_s in range(GREEN_S + YELLOW_S, int(seconds), CYCLE_S):
            parts += _at_the_line(red_s)
        for kind in ("motorcycle", "car"):
            parts.append(flow(f"left_{kind}", "far south_in west_out", 0.012, seconds, type=kind, departLane="1"))
            changer = {"type": f"{kind}_changer", "departLane": "0"}
            parts.append(flow(f"changes_{kind}", "far south_in west_out", 0.006, seconds, **changer))
        parts.append(flow("against", "against", 0.025, seconds, type="motorcycle", departPosLat="center"))
    street = Street(
        nodes=NODES,
        edges=EDGES + SOLID,
        connections=CONNECTIONS,
        routes="".join(parts),
        signals={"south": ("south_in", "north_out")},
        build=(
            *("--tls.green.time", f"{GREEN_S}", "--tls.yellow.time", f"{YELLOW_S}"),
            *("--tls.allred.time", f"{ALL_RED_S}"),
        ),
    )
    return simulate(street, folder, seconds, seed)


def _at_the_line(red_s: int) -> list[str]:
    """Who arrives when the light has just turned red, before a queue bars the way: runners, then those who creep."""
    arrivals = (
        (1.0, "motorcycle_runner"),
        (2.0, "car_runner"),
        (2.5, "motorcycle_runner"),
        (3.2, "motorcycle_creeper"),
        (4.0, "motorcycle_creeper"),
        (4.5, "motorcycle_runner"),
        (5.5, "car_creeper"),
        (7.0, "motorcycle_reckless"),
    )
    # A car stands in the way of all who come after it, so that there is one only every other time.
    late = red_s // CYCLE_S % 2
    return [
        vehicle(
            f"{kind}_{red_s}_{turn}",
            kind,
            "far south_in north_out",
            red_s + after_s - APPROACH_S,
            departPosLat="random",
        )
        for turn, (after_s, kind) in enumerate(arrivals)
        if red_s + after_s > APPROACH_S and not (late and kind.startswith("car"))
    ]


SOUTH_ARM = {
    "stop": GroundLine((-0.2, -17), (8.4, -17), left="into", right="back"),
    "in_south": GroundLine((-0.2, -22), (8.4, -22), left="in", right="out"),
    "out_south": GroundLine((-7.5, -22), (-0.2, -22), left="back", right="out"),
}
JUNCTION = Scenario(
    name="junction",
    camera=PinholeCamera(place=(3.0, 36.0), height=9.0, yaw_deg=-90, tilt_deg=14, focal_px=1400),
    simulate=run,
    calibration=((-7, 14), (7, 14), (-12, 0), (12, 0), (-7, -17), (7, -17), (0, -40), (7, -40)),
    lines={
        "in_south": SOUTH_ARM["in_south"],
        "out_south": SOUTH_ARM["out_south"],
        "in_north": GroundLine((-7.5, 14), (-0.1, 14), left="back", right="in"),
        "out_north": GroundLine((0.1, 14), (7.5, 14), left="out", right="back"),
        "in_east": GroundLine((14, 0.1), (14, 7.5), left="in", right="back"),
        "out_east": GroundLine((14, -7.5), (14, -0.1), left="back", right="out"),
        "in_west": GroundLine((-14, -7.5), (-14, -0.1), left="back", right="in"),
        "out_west": GroundLine((-14, 0.1), (-14, 7.5), left="out", right="back"),
    },
    zones={"middle": ((-9, -12), (9, -12), (9, 12), (-9, 12))},
    rules=(
        *(
            {"kind": "line_crossing", "id": f"count-{line}", "line": line}
            for line in ("out_north", "out_south", "out_west")
        ),
        {
            "kind": "movement",
            "id": "turns",
            "lines": [f"{way}_{arm}" for arm in ("south", "north", "east", "west") for way in ("in", "out")],
        },
        {"kind": "banned_movement", "id": "left", "from": "in_south", "to": "out_west"},
        {"kind": "near_miss", "id": "near", "zone": "middle"},
    ),
)
APPROACH = Scenario(
    name="approach",
    camera=PinholeCamera(place=(3.6, 8.0), height=8.0, yaw_deg=-90, tilt_deg=16, focal_px=1500),
    simulate=run,
    calibration=((-3, -8), (9, -8), (-7, -17), (8, -17), (-7, -30), (8, -30), (0, -45), (7, -45)),
    lines=SOUTH_ARM | {"solid": GroundLine((3.5, -45), (3.5, -18))},
    zones={"spill": ((0, -44), (7.2, -44), (7.2, -36), (0, -36))},
    lanes={"south": GroundLane(((0, -50), (8.4, -50), (8.4, -18), (0, -18)), heading=(0, 1))},
    signals=("south",),
    rules=(
        {"kind": "line_crossing", "id": "count-in", "line": "in_south"},
        {"kind": "line_crossing", "id": "count-out", "line": "out_south"},
        {"kind": "red_light", "id": "red", "line": "stop", "signal": "south", "direction": "into"},
        {"kind": "stop_line", "id": "stop", "line": "stop", "signal": "south", "direction": "into"},
        {"kind": "wrong_way", "id": "against", "lane": "south"},
        {"kind": "solid_line", "id": "solid", "line": "solid"},
        {"kind": "queue_spillback", "id": "spill", "zone": "spill"},
    ),
)
