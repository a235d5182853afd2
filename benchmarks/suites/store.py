"""L3: the database with millions of events."""

import http.client
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlencode, urlsplit

from api.store import Store
from benchmarks.errors import BenchError
from benchmarks.event_history import CAMERAS, DAYS, KINDS, ROAD_USERS, History, write_history
from benchmarks.report import Row, percentiles
from benchmarks.served import served
from benchmarks.suite import Plan, Suite
from vision.events import Passage, event_id

EVENTS, QUICK_EVENTS = 20_000_000, 20_000
ASKED, QUICK_ASKED = 200, 20
WRITTEN, QUICK_WRITTEN = 50_000, 500
PAGE_MS, DAY_MS = 100.0, 300.0
ALL_DAYS = f"{DAYS} days"
_SITE = {
    "version": 1,
    "site": {"id": "store", "timezone": "Asia/Ho_Chi_Minh"},
    "defaults": {"measure": {"intervals_s": []}, "detector": {"kind": "simulated"}},
    "cameras": [{"id": CAMERAS[0], "source": {"kind": "synthetic", "size": [320, 180], "fps": 1}}],
}
_SHOWN = ["passage", "violation", "incident"]
"""What the page lists as long as nobody asks for measurements."""

Query = Mapping[str, Any]


class StoreAtLength(Suite):
    """Pages, summaries and writing with 20 million events of 50 cameras and 60 days in SQLite (`--events`).

    The data set is written at once (`benchmarks/event_history.py`) and asked through `ngatu serve`, over HTTP, one
    question after another: each case 200 times with other cameras, kinds, labels and moments, so that it is not always
    the same that lies in memory. "Deep" is the page behind one that begins at any moment of the 60 days. "From disk" is
    a question after the system has forgotten all of the file. Writing goes the way of every event: queue, transaction,
    counts, fsync.
    """

    name = "store"
    level = "L3"

    def run(self, plan: Plan) -> Iterator[Row]:
        """Measures (see `Suite.run`)."""
        events = plan.events or (QUICK_EVENTS if plan.quick else EVENTS)
        asked = QUICK_ASKED if plan.quick else ASKED
        path = plan.scratch / "store.db"
        began = time.monotonic()
        history = write_history(path, events, datetime.now(UTC))
        note = f"{events} events, {path.stat().st_size / 1e9:.2f} GB; made in {time.monotonic() - began:.0f} s"
        yield Row.of(self.name, "on the disk", "an event", "bytes", [path.stat().st_size / events], note=note)
        with served(_SITE, plan.scratch, "store") as (_, address), closing(_Browser(address)) as browser:
            every: list[float] = []
            for case, ask in _pages(history).items():
                random = Random(case)  # noqa: S311 - which questions are asked
                found = [browser.page(ask(random)) for _ in range(asked)]
                every += found
                yield Row.of(self.name, case, "page", "ms", found)
            p95 = percentiles(sorted(every)).get("p95", max(every))
            yield Row.of(self.name, "all of these", "p95 of a page", "ms", [p95], at_most=PAGE_MS)
            yield Row.of(self.name, "the page behind one of any moment", "page", "ms", _deep(browser, history, asked))
            for case, query in _times(history).items():
                often = plan.rounds if case == ALL_DAYS else asked
                found = [browser.summary(query(Random(number))) for number in range(often)]  # noqa: S311
                most = DAY_MS if case == "a day" else None
                yield Row.of(self.name, case, "summary", "ms", found, at_most=most)
            newest, day = {"family": _SHOWN}, _times(history)["a day"](Random(1))  # noqa: S311
            for case, look, what in (("the newest", browser.page, newest), ("a day", browser.summary, day)):
                found = [look(what) for _ in range(plan.rounds) if _forget(path)]
                yield Row.of(self.name, f"{case}, from disk", "answer", "ms", found)
        yield from self._writing(path, QUICK_WRITTEN if plan.quick else WRITTEN, plan.rounds)

    def _writing(self, path: Path, count: int, rounds: int) -> Iterator[Row]:
        rates = []
        with Store.open(f"sqlite:///{path}") as store:
            for number in range(rounds):
                events = [_passage(number * count + one) for one in range(count)]
                began = time.perf_counter()
                store.add(events)
                store.flush()
                rates.append(count / (time.perf_counter() - began))
            if lost := store.state().lost:
                raise BenchError(f"{lost} events were not written: {store.state().reason}")
        yield Row.of(self.name, "writing to all that", "rate", "events/s", rates)


class _Browser:
    """Asks the API over one connection, as a browser does, and times the answers."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._path = parts.path
        self._connection = http.client.HTTPConnection(parts.netloc, timeout=120)

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()

    def page(self, query: Query) -> float:
        """Milliseconds until a page of events was there."""
        return self.got("/events", {"limit": 50, **query})[0]

    def summary(self, query: Query) -> float:
        """Milliseconds until a summary was there."""
        return self.got("/events/summary", query)[0]

    def got(self, path: str, query: Query) -> tuple[float, Any]:
        """Milliseconds until an answer was there, and the answer."""
        began = time.perf_counter()
        self._connection.request("GET", f"{self._path}{path}?{urlencode(query, doseq=True)}")
        answer = self._connection.getresponse()
        content = answer.read()
        spent = (time.perf_counter() - began) * 1000
        if answer.status != 200:
            raise BenchError(f"{path} with {query}: {answer.status} {content[:200].decode(errors='replace')}")
        return spent, json.loads(content)


def _pages(history: History) -> Mapping[str, Callable[[Random], Query]]:
    """What operators look for."""

    def moment(random: Random) -> str:
        return (history.began + (history.ended - history.began) * random.random()).isoformat()

    kinds, labels = list(KINDS), list(ROAD_USERS)
    return {
        "the newest": lambda _: {"family": _SHOWN},
        "before a moment": lambda random: {"family": _SHOWN, "to": moment(random)},
        "a camera": lambda random: {"family": _SHOWN, "camera": random.choice(CAMERAS), "to": moment(random)},
        "a kind": lambda random: {"kind": random.choice(kinds), "to": moment(random)},
        "a label": lambda random: {"family": _SHOWN, "label": random.choice(labels), "to": moment(random)},
        "a camera and a kind": lambda random: {"camera": random.choice(CAMERAS), "kind": random.choice(kinds)},
        "a camera, a kind and a label": lambda random: {
            "camera": random.choice(CAMERAS), "kind": random.choice(kinds), "label": random.choice(labels),
            "to": moment(random),
        },
        "five cameras, violations": lambda random: {
            "camera": random.sample(CAMERAS, 5), "family": "violation", "to": moment(random),
        },
        "the newest 200 incidents": lambda _: {"family": "incident", "limit": 200},
    }  # fmt: skip


def _times(history: History) -> Mapping[str, Callable[[Random], Query]]:
    """Of which times the page tells how many events there were."""

    def day(random: Random) -> Query:
        # Days of the site begin at 17:00 UTC.
        begin = history.began + timedelta(days=random.randrange(DAYS - 1), hours=17)
        return {"from": begin.isoformat(), "to": (begin + timedelta(days=1)).isoformat()}

    def odd(random: Random) -> Query:
        begin = history.began + timedelta(minutes=random.randrange((DAYS - 2) * 1440))
        return {"from": begin.isoformat(), "to": (begin + timedelta(days=1, minutes=17)).isoformat()}

    return {
        "a day": day,
        "a day of a camera": lambda random: {**day(random), "camera": random.choice(CAMERAS)},
        "a day that begins within an hour": odd,
        ALL_DAYS: lambda _: {"from": history.began.isoformat()},
    }


def _deep(browser: _Browser, history: History, asked: int) -> list[float]:
    found = []
    for number in range(asked):
        query = {**_pages(history)["before a moment"](Random(number)), "limit": 50}  # noqa: S311
        _, first = browser.got("/events", query)
        if first["next"]:
            found.append(browser.page({**query, "cursor": first["next"]}))
    return found


def _forget(path: Path) -> bool:
    """Has the system forget what it knows of a file, as after a start; only what is written can be forgotten."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return True


def _passage(number: int) -> Passage:
    at = datetime.now(UTC)
    camera = CAMERAS[number % len(CAMERAS)]
    return Passage(
        id=event_id(at, camera, number), kind="line_crossing", rule="count", camera=camera, time_s=number / 25, at=at,
        label="motorcycle", track=number, place=(0.5, 0.5), score=0.9, line="main", direction="towards",
    )  # fmt: skip
