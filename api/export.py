"""Export: events of a time as a table, from the database or from a file of `ngatu run`."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import TypeAdapter, ValidationError

from api.errors import ApiError
from api.event_search import EventFilter
from api.schema import EPOCH
from api.settings import Settings
from api.store import Store
from api.table import Kind, Row
from vision.events import Event, Incident, Measurement, Passage, Violation

Family = Literal["passage", "violation", "incident", "measurement"]
FAMILIES: tuple[Family, ...] = get_args(Family)

_EVENT: TypeAdapter[Event] = TypeAdapter(Event)
_DRIFT_S = 3.0
_TICK = timedelta(microseconds=1)

_COMMON: dict[str, Kind] = {
    "id": str, "at": datetime, "time_s": float, "camera": str, "kind": str, "rule": str, "label": str, "track": int,
    "x": float, "y": float, "score": float,
}  # fmt: skip
COLUMNS: Mapping[Family, Mapping[str, Kind]] = {
    "passage": _COMMON
    | {"line": str, "direction": str, "from": str, "to": str, "speed_kmh": float, "speed_error_kmh": float},
    "violation": _COMMON
    | {"fired_s": float, "measured": float, "limit": float, "unit": str, "phase": str, "code": str, "case": str},
    "incident": _COMMON | {"status": str, "began_s": float, "ended_s": float, "severity": str, "tracks": str},
    "measurement": {
        "camera": str, "kind": str, "rule": str, "line": str, "zone": str, "from": str, "to": str,
        "began_at": datetime, "ended_at": datetime, "interval_s": int, "completeness": float,
        "label": str, "direction": str, "figure": str, "value": float,
    },
}  # fmt: skip
"""Columns of the table of each family. Measurements have a row for each figure."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which events; empty or None leaves a field open.

    Attributes:
        family: Their family.
        cameras: Ids of cameras.
        kinds: Kinds of events.
        interval_s: Length of the intervals of measurements, s.
        since: Not before; an interval begins then at the earliest.
        until: Before; an interval ends then at the latest.
    """

    family: Family
    cameras: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    interval_s: int | None = None
    since: datetime | None = None
    until: datetime | None = None

    def fits(self, event: Event) -> bool:
        """Whether an event is among them."""
        if event.family != self.family or (self.cameras and event.camera not in self.cameras):
            return False
        if self.kinds and event.kind not in self.kinds:
            return False
        if isinstance(event, Measurement):
            began_at, ended_at = span(event)
            length_s = (ended_at - began_at).total_seconds()
            return (
                (self.interval_s is None or round(length_s) == self.interval_s)
                and (self.since is None or began_at >= self.since)
                and (self.until is None or ended_at <= self.until)
            )
        return (self.since is None or event.at >= self.since) and (self.until is None or event.at < self.until)

    def roughly(self) -> EventFilter:
        """What the database is asked for: all that fit, and a few more."""
        # The `at` of an interval is its end, and that still belongs to it.
        until = self.until and self.until + _TICK
        return EventFilter(self.cameras, self.kinds, (self.family,), (), self.since, until)


def span(event: Measurement) -> tuple[datetime, datetime]:
    """When an interval begins and ends, on the wall clock."""
    length_s = round(event.ended_s - event.began_s)
    # It may have been told before its end, and the two clocks drift; but it ends at a full minute, or whatever it is.
    about_s = (event.at - EPOCH).total_seconds() + event.ended_s - event.time_s
    full_s = length_s * round(about_s / length_s)
    ended_at = EPOCH + timedelta(seconds=full_s if abs(full_s - about_s) < _DRIFT_S else round(about_s))
    return ended_at - timedelta(seconds=length_s), ended_at


def events_of(selection: Selection, file: Path | None, settings: Settings) -> Iterator[Event]:
    """The chosen events, the oldest first as they were told.

    Args:
        selection: Which.
        file: JSON lines of `ngatu run --events`; none: the database.
        settings: Where the database is.

    Raises:
        ApiError: The file or the database can't be read.
    """
    if file is None:
        return _of_database(selection, settings)
    return (event for event in _written(file) if selection.fits(event))


def stored_events(selection: Selection, store: Store) -> Iterator[Event]:
    """The chosen events of a store, the oldest first.

    Raises:
        StoreError: The database can't be read.
    """
    found = (_EVENT.validate_json(one.payload) for one in store.each(selection.roughly()))
    return (event for event in found if selection.fits(event))


def rows_of(family: Family, events: Iterable[Event], timezone: tzinfo) -> Iterator[Row]:
    """The rows of a family's table.

    Args:
        family: The family.
        events: Events of it.
        timezone: In which moments are written.
    """
    make: Callable[[Any], Iterator[dict[str, Any]]] = _figures if family == "measurement" else _fields
    columns = COLUMNS[family]
    for event in events:
        for values in make(event):
            yield [_in(values.get(name), timezone) for name in columns]


def _in(value: Any, timezone: tzinfo) -> Any:
    return value.astimezone(timezone) if isinstance(value, datetime) else value


def _fields(event: Passage | Violation | Incident) -> Iterator[dict[str, Any]]:
    values = event.model_dump(by_alias=True)
    x, y = event.place or (None, None)
    tracks = " ".join(map(str, values.get("tracks", ())))
    yield values | {"x": x, "y": y, "tracks": tracks}


def _figures(event: Measurement) -> Iterator[dict[str, Any]]:
    began_at, ended_at = span(event)
    common = event.model_dump(by_alias=True, include=set(Measurement.model_fields) - {"values", "by_label", "label"})
    common |= {"began_at": began_at, "ended_at": ended_at, "interval_s": round((ended_at - began_at).total_seconds())}
    for label, figures in ((None, event.values), *event.by_label.items()):
        for name, value in figures.items():
            figure, _, direction = name.partition(":")
            yield common | {"label": label, "figure": figure, "direction": direction or None, "value": value}


def _of_database(selection: Selection, settings: Settings) -> Iterator[Event]:
    if "://" not in settings.database and not Path(settings.database).exists():
        raise ApiError(
            f"there is no database {settings.database}; name it in NGATU_DATABASE, or give a file with --events"
        )
    with Store.open(settings.database_url) as store:
        yield from stored_events(selection, store)


def _written(file: Path) -> Iterator[Event]:
    """Events of a file; an incident once, as it was last."""
    incidents: dict[str, Incident] = {}
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    event = _EVENT.validate_json(line)
                except ValidationError:
                    raise ApiError(
                        f"{file}, line {number}: not an event; `ngatu run … --events FILE` writes them"
                    ) from None
                if isinstance(event, Incident):
                    incidents[event.id] = event
                else:
                    yield event
    except OSError as error:
        raise ApiError(f"{file}: can't be read: {error.strerror or error}") from None
    yield from incidents.values()
