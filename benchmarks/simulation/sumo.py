"""Runs Eclipse SUMO: networks and routes as XML in, trajectories, signals and near misses out.

Everything is written by our code into a folder; nothing is downloaded. SUMO comes from PyPI (extra `simulation`).
"""

import csv
import importlib
import math
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.errors import BenchError, SkippedCaseError
from benchmarks.simulation.trajectories import SIZES, NearMiss, Recording, RoadUser, Trajectories
from models.detections import Label
from models.observation import SignalState

STEP_S = 0.1
SUMO_S = 600.0
CLASSES: Mapping[Label, str] = {
    Label.BICYCLE: "bicycle",
    Label.MOTORCYCLE: "motorcycle",
    Label.CAR: "passenger",
    Label.BUS: "bus",
    Label.TRUCK: "truck",
}
"""SUMO's vehicle classes: who may use which lane."""
DRIVING: Mapping[Label, str] = {
    Label.BICYCLE: 'maxSpeed="4.5" minGap="0.6" latAlignment="right" minGapLat="0.3"',
    Label.MOTORCYCLE: 'accel="3.0" minGap="0.7" latAlignment="arbitrary" minGapLat="0.35" lcPushy="0.3"',
    Label.CAR: 'accel="2.2" minGap="1.5" minGapLat="0.5"',
    Label.BUS: 'accel="1.2" minGap="2.0" minGapLat="0.6"',
    Label.TRUCK: 'accel="1.1" minGap="2.0" minGapLat="0.6"',
}
FLEET: Mapping[Label, float] = {
    Label.MOTORCYCLE: 0.60,
    Label.CAR: 0.24,
    Label.TRUCK: 0.07,
    Label.BUS: 0.04,
    Label.BICYCLE: 0.05,
}
"""Share of each label in a Vietnamese street."""
STATES: Mapping[str, SignalState] = {"G": "green", "g": "green", "y": "yellow", "r": "red", "u": "red"}
CROSSING = range(9, 20)
"""SUMO's numbers of encounters whose paths cross or merge at a junction. Following ones are told by lanes alone, as if
there were no side by side, which is where motorcycles drive."""
NEAR_MISS_S, SURE_MISS_S, DOUBTFUL_MISS_S = 1.5, 1.2, 2.0


@dataclass(frozen=True)
class Street:
    """What SUMO is given.

    Attributes:
        nodes: `<node …/>` elements.
        edges: `<edge …>` elements.
        connections: `<connection …/>` elements; SUMO guesses what is not there.
        routes: Types, flows, vehicles and persons, in the order of their departure.
        signals: Signal of ours: the edges whose connection it lights, from and to.
        build: What else netconvert is told.
    """

    nodes: str
    edges: str
    routes: str
    connections: str = ""
    signals: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    build: Sequence[str] = ()


Settings = Mapping[str, object]
"""Attributes of SUMO's by name."""


def vehicle_type(label: Label, settings: Settings, suffix: str = "", vehicle_class: str = "") -> str:
    """A `<vType/>` whose name begins with its label, so that trajectories know it.

    Args:
        label: What it is.
        settings: SUMO's attributes, in place of those the label drives by.
        suffix: Tells types of one label apart, such as `runner`.
        vehicle_class: SUMO's class; that of the label if not given.
    """
    length, width, height = SIZES[label]
    known = dict(pair.split("=") for pair in DRIVING[label].split())
    known |= {name: f'"{value}"' for name, value in settings.items()}
    words = " ".join(f"{name}={value}" for name, value in known.items())
    name = label.word + (f"_{suffix}" if suffix else "")
    return (
        f'<vType id="{name}" vClass="{vehicle_class or CLASSES[label]}" length="{length}" width="{width}" '
        f'height="{height}" {words}/>'
    )


def fleet(settings: Settings) -> str:
    """The lawful types, and their mix under the name `fleet`."""
    types = "".join(vehicle_type(label, settings) for label in FLEET)
    names = " ".join(label.word for label in FLEET)
    shares = " ".join(f"{share:g}" for share in FLEET.values())
    return f'{types}<vTypeDistribution id="fleet" vTypes="{names}" probabilities="{shares}"/>'


def flow(name: str, edges: str, a_second: float, seconds: float, **settings: object) -> str:
    """A `<flow>` along some edges whose vehicles come by chance."""
    known: dict[str, object] = {"type": "fleet", "departLane": "best", "departSpeed": "max", "departPosLat": "random"}
    words = " ".join(f'{key}="{value}"' for key, value in (known | settings).items())
    return (
        f'<flow id="{name}" begin="0" end="{seconds:g}" probability="{a_second:g}" {words}>'
        f'<route edges="{edges}"/></flow>'
    )


def vehicle(name: str, kind: str, edges: str, depart_s: float, stop: str = "", **settings: object) -> str:
    """A `<vehicle>` of its own, with a `<stop/>` where it is given."""
    known: dict[str, object] = {"departLane": "best", "departSpeed": "max"}
    words = " ".join(f'{key}="{value}"' for key, value in (known | settings).items())
    return f'<vehicle id="{name}" type="{kind}" depart="{depart_s:g}" {words}><route edges="{edges}"/>{stop}</vehicle>'


def simulate(street: Street, folder: Path, seconds: float, seed: int, *options: str) -> Recording:
    """Runs SUMO on a street.

    Args:
        street: Network and traffic.
        folder: For the files.
        seconds: How long.
        seed: Of everything that happens by chance.
        options: What else SUMO is told.

    Raises:
        SkippedCaseError: SUMO is not installed.
        BenchError: SUMO does not take what it is given.
    """
    home = sumo_home()
    folder.mkdir(parents=True, exist_ok=True)
    inputs = {"node": f"<nodes>{street.nodes}</nodes>", "edge": f"<edges>{street.edges}</edges>"}
    inputs["connection"] = f"<connections>{street.connections}</connections>"
    words: list[str] = []
    for name, text in inputs.items():
        (folder / f"{name}.xml").write_text(text, encoding="utf-8")
        words += [f"--{name}-files", f"{name}.xml"]
    _run(home, "netconvert", folder, *words, "--offset.disable-normalization", "-o", "net.xml", *street.build)
    links = _links(folder / "net.xml", street.signals)
    routes = "".join(_by_departure(street.routes))
    (folder / "routes.xml").write_text(f"<routes>{routes}</routes>", encoding="utf-8")
    lights = {light for light, _ in links.values()}
    events = "".join(f'<timedEvent type="SaveTLSStates" source="{light}" dest="lights.xml"/>' for light in lights)
    (folder / "more.xml").write_text(f"<additional>{events}</additional>", encoding="utf-8")
    outputs = ["--fcd-output", "fcd.csv", "--fcd-output.attributes", "x,y,angle,speed,type"]
    if street.signals:
        outputs += ["--device.ssm.probability", "1", "--device.ssm.measures", "TTC PET", "--device.ssm.file", "ssm.xml"]
        outputs += ["--device.ssm.thresholds", f"{DOUBTFUL_MISS_S} {DOUBTFUL_MISS_S}", "--device.ssm.range", "30"]
    settings = ["--step-length", f"{STEP_S}", "--lateral-resolution", "0.4", "--no-step-log", "--no-warnings"]
    settings += [
        "--collision.action",
        "none",
        "--end",
        f"{seconds:g}",
        "--seed",
        f"{seed}",
        "--time-to-teleport",
        "-1",
        "--precision",
        "3",
    ]
    words = ["-n", "net.xml", "-r", "routes.xml", "-a", "more.xml", *settings, *outputs, *options]
    _run(home, "sumo", folder, *words)
    trajectories = _trajectories(folder / "fcd.csv")
    rows = {user.name: row for row, user in enumerate(trajectories.users)}
    near_misses = tuple(_near_misses(folder / "ssm.xml", rows))
    return Recording(seconds, trajectories, _signals(folder / "lights.xml", links), near_misses)


def sumo_home() -> Path:
    """Where SUMO is installed.

    Raises:
        SkippedCaseError: It is not.
    """
    try:
        return Path(importlib.import_module("sumo").SUMO_HOME)
    except ImportError:
        raise SkippedCaseError("Eclipse SUMO is not installed; pip install 'ngatu[simulation]'") from None


def _run(home: Path, program: str, folder: Path, *words: str) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - our own command
            [str(home / "bin" / program), *words],
            cwd=folder,
            env={"SUMO_HOME": str(home)},
            capture_output=True,
            text=True,
            timeout=SUMO_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise BenchError(f"{program}: {error}") from None
    if done.returncode:
        raise BenchError(f"{program} in {folder}: {done.stderr.strip()[:500]}")


def _by_departure(routes: str) -> Iterator[str]:
    """SUMO wants types first, then everything in the order in which it departs."""
    parts = list(ET.fromstring(f"<routes>{routes}</routes>"))  # noqa: S314 - our own text
    parts.sort(key=lambda part: float(part.get("depart") or part.get("begin") or -1))
    return (ET.tostring(part, encoding="unicode") for part in parts)


def _trajectories(path: Path) -> Trajectories:
    users: list[RoadUser] = []
    rows: dict[str, int] = {}
    numbers: list[int] = []
    columns: list[tuple[float, ...]] = []
    with path.open(encoding="utf-8", newline="") as file:
        lines = csv.DictReader(file, delimiter=";")
        # SUMO names the columns of all after who is in the first row: `person_x` where nobody drives yet.
        lines.fieldnames = [name.rpartition("_")[2] for name in lines.fieldnames or ()]
        for line in lines:
            name, word = line["id"], line["type"].partition("_")[0]
            if not name:
                continue  # an instant without anybody
            label = Label.PERSON if word == "DEFAULT" else Label.of(word)
            if name not in rows:
                rows[name] = len(users)
                users.append(RoadUser(name, label, SIZES[label]))
            heading = math.radians(90 - float(line["angle"]))
            # SUMO's place of a vehicle is the middle of its front.
            back = SIZES[label][0] / 2
            x = float(line["x"]) - back * math.cos(heading)
            y = float(line["y"]) - back * math.sin(heading)
            numbers.append(rows[name])
            columns.append((float(line["time"]), x, y, heading, float(line["speed"])))
    return Trajectories.of(users, numbers, np.array(columns, np.float64).reshape(-1, 5))


def _links(path: Path, signals: Mapping[str, tuple[str, str]]) -> Mapping[str, tuple[str, int]]:
    """Traffic light and number of the link of each signal."""
    links: dict[str, tuple[str, int]] = {}
    for connection in ET.parse(path).iter("connection"):  # noqa: S314
        for name, ends in signals.items():
            if (connection.get("from"), connection.get("to")) == ends:
                links[name] = (connection.get("tl", ""), int(connection.get("linkIndex", "0")))
    return links


def _signals(path: Path, signals: Mapping[str, tuple[str, int]]) -> Mapping[str, Sequence[tuple[float, SignalState]]]:
    changes: dict[str, list[tuple[float, SignalState]]] = {name: [] for name in signals}
    for state in ET.parse(path).iter("tlsState") if signals else ():  # noqa: S314
        for name, (light, link) in signals.items():
            now = STATES[state.get("state", "")[link]]
            if state.get("id") == light and (not changes[name] or changes[name][-1][1] != now):
                changes[name].append((float(state.get("time", "0")), now))
    return changes


def _near_misses(path: Path, rows: Mapping[str, int]) -> Iterator[NearMiss]:
    """Crossing paths of the SSM device, each pair once, at its worst."""
    worst: dict[frozenset[str], tuple[float, float, tuple[float, float]]] = {}
    for conflict in ET.parse(path).iter("conflict") if path.is_file() else ():  # noqa: S314
        pair = frozenset((conflict.get("ego", ""), conflict.get("foe", "")))
        for measure in ("minTTC", "PET"):
            found = conflict.find(measure)
            if found is None or found.get("value") == "NA" or int(found.get("type", "0")) not in CROSSING:
                continue
            value, time_s = float(found.get("value", "")), float(found.get("time", ""))
            x, _, y = found.get("position", "").partition(",")
            if value <= DOUBTFUL_MISS_S and (pair not in worst or value < worst[pair][0]):
                worst[pair] = (value, time_s, (float(x), float(y)))
    for pair, (value, time_s, place) in worst.items():
        ego, foe = sorted(pair)
        users = (rows[ego], rows[foe])
        yield NearMiss(users, time_s, place, value, value <= SURE_MISS_S)
