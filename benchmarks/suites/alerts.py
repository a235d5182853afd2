"""L2: how long an event takes to its receiver."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np

from api.delivery import Deliveries
from api.outbox import Outbox
from api.routing import Routing
from api.sinks.webhook import Webhook
from api.store import Store
from benchmarks.errors import BenchError
from benchmarks.report import Row
from benchmarks.suite import Plan, Suite
from vision.events import Passage, event_id

RATE = 50.0
CAMERAS = 20
SECONDS, QUICK_SECONDS = 20.0, 1.0
WAITING, QUICK_WAITING = 3000, 50
LATE_S = 60.0
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of the benchmark's own receiver


class Alerts(Suite):
    """How long an event takes from the rule to who must know of it, and how fast what waited is caught up with.

    50 events a second of 20 cameras go into the store (a SQLite file on this machine's disk) and by a signed webhook to
    a server on this machine, which answers at once. `delay` is from handing an event to the store until the server has
    it: storing, outbox, signature and HTTP. `caught up` is how many of 3000 events, which waited while the server was
    down, it is sent a second once it is back.
    """

    name = "alerts"
    level = "L2"

    def run(self, plan: Plan) -> Iterator[Row]:
        """Measures (see `Suite.run`)."""
        seconds = plan.seconds or (QUICK_SECONDS if plan.quick else SECONDS)
        waiting = QUICK_WAITING if plan.quick else WAITING
        delays: list[float] = []
        worst: list[float] = []
        rates: list[float] = []
        for number in range(plan.rounds):
            folder = plan.scratch / f"alerts-{number}"
            folder.mkdir(parents=True)
            with _receiving() as receiver:
                late = _delays(folder, receiver, seconds)
                delays += late
                worst.append(float(np.percentile(late, 99)))
                rates.append(_caught_up(folder, receiver, waiting))
        case, note = f"{RATE:g} events/s, webhook", f"{CAMERAS} cameras, {seconds:g} s a round"
        yield Row.of(self.name, case, "delay", "ms", [1000 * one for one in delays], note=note)
        yield Row.of(self.name, case, "delay, p99", "ms", [1000 * one for one in worst], at_most=1000.0, note=note)
        yield Row.of(self.name, f"{waiting} events that waited, webhook", "caught up", "events/s", rates)


class _Receiver:
    """A server that takes every event.

    Attributes:
        came: When each message came first, by its id; monotonic clock.
    """

    def __init__(self) -> None:
        came: dict[str, float] = {}
        self.came = came

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                came.setdefault(self.headers["webhook-id"], time.monotonic())
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"

    def until(self, ids: Sequence[str]) -> None:
        """Waits until all of them have come.

        Raises:
            BenchError: They do not.
        """
        end = time.monotonic() + LATE_S
        while not all(name in self.came for name in ids):
            if time.monotonic() > end:
                raise BenchError(
                    f"not all events have come within {LATE_S:g} s; is the disk of the scratch folder full?"
                )
            time.sleep(0.01)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def _receiving() -> Iterator[_Receiver]:
    receiver = _Receiver()
    try:
        yield receiver
    finally:
        receiver.close()


def _sink(url: str) -> Webhook:
    return Webhook.model_validate(
        {"id": "bench", "url": url, "secret": SECRET, "networks": ["127.0.0.1"], "routes": [{}]}
    )


@contextmanager
def _sending(folder: Path, sink: Webhook) -> Iterator[Store]:
    """A store and its sink at work, as in `ngatu serve`."""
    url = f"sqlite:///{folder}/ngatu.db"
    routing = Routing([sink], UTC)
    with Outbox.open(url) as outbox, Store.open(url, beside=routing.note) as store:
        deliveries = Deliveries([sink], outbox)
        store.on_written(lambda _: deliveries.wake(routing.noted()))
        deliveries.start()
        try:
            yield store
        finally:
            deliveries.stop()


def _delays(folder: Path, receiver: _Receiver, seconds: float) -> list[float]:
    """How long each event took, seconds."""
    given: dict[str, float] = {}
    with _sending(folder, _sink(receiver.url)) as store:
        began = time.monotonic()
        for number in range(max(1, round(RATE * seconds))):
            event = _event(number)
            time.sleep(max(0.0, began + number / RATE - time.monotonic()))
            given[event.id] = time.monotonic()
            store.add([event])
        receiver.until(list(given))
    return [receiver.came[name] - moment for name, moment in given.items()]


def _caught_up(folder: Path, receiver: _Receiver, count: int) -> float:
    """Events a second that a receiver gets which was down."""
    events = [_event(1_000_000 + number) for number in range(count)]
    routing = Routing([_sink(receiver.url)], UTC)
    with Store.open(f"sqlite:///{folder}/ngatu.db", beside=routing.note) as store:
        store.add(events)
        store.flush()
    began = time.monotonic()
    with _sending(folder, _sink(receiver.url)):
        receiver.until([event.id for event in events])
    return count / (max(receiver.came[event.id] for event in events) - began)


def _event(number: int) -> Passage:
    at = datetime(2026, 11, 24, tzinfo=UTC) + timedelta(milliseconds=20 * number)
    camera = f"camera-{number % CAMERAS}"
    return Passage(
        id=event_id(at, camera, number),
        kind="line_crossing",
        rule="count",
        camera=camera,
        time_s=0.02 * number,
        at=at,
        label="motorcycle",
        track=number,
        place=(0.5, 0.5),
        score=0.9,
        line="main",
        direction="left",
    )
