"""Event history: a database as full as a city's after two months, written as fast as a disk takes it.

What counts here is how many events there are, of which cameras, kinds and labels, at which hours, and how large they
are as JSON. Nobody has driven them; but each is valid, and the tables are those of the store, counts included.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from api.schema import HOUR_US, NO_LABEL, events_table, microseconds
from api.store import Store
from vision.events import Event, Incident, LabelWord, Measurement, Passage, Violation, rfc3339

DAYS = 60
CAMERAS = tuple(f"cam-{number:03}" for number in range(50))
ROAD_USERS: dict[LabelWord | None, float] = {
    "motorcycle": 0.72, "car": 0.20, "truck": 0.04, "bicycle": 0.02, "bus": 0.01, "person": 0.01,
}  # fmt: skip
_DRIVERS: dict[LabelWord | None, float] = {"motorcycle": 0.75, "car": 0.19, "truck": 0.05, "bus": 0.01}
_ON_FOOT: dict[LabelWord | None, float] = {"person": 1.0}
_NOBODY: dict[LabelWord | None, float] = {None: 1.0}
KINDS: dict[str, tuple[str, float, dict[LabelWord | None, float]]] = {
    "line_crossing": ("passage", 0.560, ROAD_USERS),
    "movement": ("passage", 0.240, ROAD_USERS),
    "line_flow": ("measurement", 0.090, _NOBODY),
    "zone_use": ("measurement", 0.085, _NOBODY),
    "speeding": ("violation", 0.0080, _DRIVERS),
    "red_light": ("violation", 0.0050, _DRIVERS),
    "lane_violation": ("violation", 0.0040, _DRIVERS),
    "illegal_parking": ("violation", 0.0020, _DRIVERS),
    "wrong_way": ("violation", 0.0010, _DRIVERS),
    "stopped_vehicle": ("incident", 0.0020, _DRIVERS),
    "pedestrian_on_carriageway": ("incident", 0.0020, _ON_FOOT),
    "congestion": ("incident", 0.0005, _NOBODY),
    "intrusion": ("incident", 0.0003, _ON_FOOT),
    "camera_lost": ("incident", 0.0001, _NOBODY),
    "crash": ("incident", 0.00001, _DRIVERS),
}
"""Family, share of all events, and whose they are."""
_BY_HOUR = (1, 1, 1, 1, 2, 5, 8, 10, 8, 6, 6, 7, 6, 5, 6, 7, 9, 10, 8, 6, 4, 3, 2, 1)
"""How much traffic there is at each hour of a day."""
_AT = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class History:
    """What was written.

    Attributes:
        events: How many events.
        began: Of when the first may be, at the begin of a day, UTC.
        ended: Before when they all are.
    """

    events: int
    began: datetime
    ended: datetime


class _Sort(NamedTuple):
    """Events that differ only in id, camera and moment."""

    family: str
    kind: str
    label: str | None
    status: str | None
    payload: str


def write_history(path: Path, events: int, now: datetime, seed: int = 6) -> History:
    """Makes a SQLite database of that many events of the last `DAYS` days.

    Args:
        path: The file; it is not there yet.
        events: How many.
        now: The last day is that before this moment.
        seed: Whatever; the same gives the same events, but for their ids.
    """
    Store.open(f"sqlite:///{path}").close()
    ended = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    history = History(events, ended - timedelta(days=DAYS), ended)
    database = sqlite3.connect(path, isolation_level=None)
    # Nothing is lost that could not be made again.
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -500000"):
        database.execute(f"PRAGMA {pragma}")
    found = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
    indexes = [(name, sql) for name, sql in found.fetchall() if name in {index.name for index in events_table.indexes}]
    for name, _ in indexes:
        database.execute(f"DROP INDEX {name}")
    _fill(database, history, np.random.default_rng(seed))
    for _, sql in indexes:
        database.execute(sql)
    database.close()
    return history


def _fill(database: sqlite3.Connection, history: History, random: np.random.Generator) -> None:
    sorts, shares = _sorts()
    cameras = 1 / np.arange(2, len(CAMERAS) + 2) ** 0.7  # some junctions are busy, most are not
    by_hour = np.tile(_BY_HOUR, DAYS).astype(float)
    of_hours = random.multinomial(history.events, by_hour / by_hour.sum())
    seq, known = 1, set[tuple[str, str, str, str]]()
    database.execute("BEGIN")
    for number, count in enumerate(of_hours):
        hour_us = microseconds(history.began) + number * HOUR_US
        at_us = np.sort(random.integers(hour_us, hour_us + HOUR_US, count))
        which = random.choice(len(sorts), count, p=shares)
        where = random.choice(len(CAMERAS), count, p=cameras / cameras.sum())
        database.executemany(
            "INSERT INTO events (seq, id, at_us, camera, family, kind, rule, label, status, payload) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            _rows(seq, at_us, [sorts[one] for one in which], [CAMERAS[one] for one in where], random),
        )
        seq += int(count)
        pairs, counts = np.unique(where * len(sorts) + which, return_counts=True)
        keys = [(CAMERAS[pair // len(sorts)], sorts[pair % len(sorts)]) for pair in pairs]
        series = [(camera, one.family, one.kind, one.label or NO_LABEL) for camera, one in keys]
        known.update(series)
        database.executemany(
            "INSERT INTO counts (hour_us, camera, family, kind, label, n) VALUES (?, ?, ?, ?, ?, ?)",
            [(hour_us, *one, int(n)) for one, n in zip(series, counts, strict=True)],
        )
    database.executemany("INSERT INTO series (camera, family, kind, label) VALUES (?, ?, ?, ?)", known)
    database.execute("UPDATE changes SET last = ?", (seq,))
    database.execute("COMMIT")


def _rows(
    seq: int, at_us: np.ndarray, sorts: Sequence[_Sort], cameras: Sequence[str], random: np.random.Generator
) -> Iterator[tuple[Any, ...]]:
    moments = np.datetime_as_string(at_us.astype("datetime64[us]"), unit="ms")
    causes = random.bytes(10 * len(at_us)).hex()
    for number, (us, moment, sort, camera) in enumerate(
        zip(at_us.tolist(), moments.tolist(), sorts, cameras, strict=True)
    ):
        event_id = f"{us // 1000:012x}{causes[20 * number : 20 * number + 20]}"
        payload = sort.payload % (event_id, camera, moment)
        yield seq + number, event_id, us, camera, sort.family, sort.kind, sort.kind, sort.label, sort.status, payload


def _sorts() -> tuple[list[_Sort], np.ndarray]:
    """Every sort of event, and its share of all."""
    sorts, shares = [], []
    for kind, (family, share, labels) in KINDS.items():
        for label, part in labels.items():
            event = _event(family, kind, label)
            # In this order they stand in the JSON of every event.
            payload = event.model_dump_json(by_alias=True).replace("%", "%%")
            for value in ("@id", "@camera", rfc3339(_AT).rstrip("Z")):
                assert payload.count(value) == 1
                payload = payload.replace(value, "%s")
            status = event.status if isinstance(event, Incident) else None
            sorts.append(_Sort(family, kind, label, status, payload))
            shares.append(share * part)
    return sorts, np.array(shares) / sum(shares)


def _event(family: str, kind: str, label: LabelWord | None) -> Event:
    """An event as there may be one, in its usual length."""
    common: dict[str, Any] = {
        "id": "@id", "kind": kind, "rule": kind, "camera": "@camera", "time_s": 613482.520833, "at": _AT,
        "label": label, "track": 184211 if label else None, "place": (0.412207, 0.600391), "score": 0.8712,
    }  # fmt: skip
    if family == "passage":
        line: dict[str, Any] = {"line": "main", "direction": "towards"}
        lines = line if kind == "line_crossing" else {"from_line": "north", "to_line": "east"}
        return Passage(**common, **lines, speed_kmh=38.412071, speed_error_kmh=2.310044)
    if family == "violation":
        return Violation(
            **common, fired_s=613483.720833, measured=64.117202, error=2.1, limit=50, unit="km/h", code="168/2024"
        )
    if family == "incident":
        more = {"began_s": 613470.25, "ended_s": 613521.5, "severity": "warning", "tracks": (184211,)}
        return Incident(**common, **more, status="ended")
    figures = {"volume": 42.0, "flow_veh_h": 2520.0, "flow_pcu_h": 871.5, "headway_s": 1.412207, "gap_s": 1.100391}
    by_label = {name: {"volume": 7.0, "speed_time_mean_kmh": 31.207144} for name in ("motorcycle", "car", "truck")}
    more = {"values": figures | {f"{name}:away": value for name, value in figures.items()}, "by_label": by_label}
    return Measurement(**common, **more, line="main", began_s=613422.5, ended_s=613482.5, completeness=1.0)
