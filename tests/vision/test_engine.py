import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from pydantic import PrivateAttr

from models.detections import Detections
from models.detector import Picture
from models.errors import ModelError
from models.recording import RecordingWriter, read_recording
from streams.errors import StreamError
from streams.frame import Frame
from streams.source import OpenSource, Source
from streams.sources.synthetic import SyntheticSource
from streams.supervisor import LocalSupervisor
from vision.engine import Analysed, Engine
from vision.events import Event, Incident, Measurement, Violation
from vision.site import Site, parse_site

WAIT_S = 30.0


def street(name: str = "street", **source: Any) -> dict[str, Any]:
    start, end = SyntheticSource.LINE
    return {
        "id": name,
        "source": {"kind": "synthetic", "size": [320, 180], "fps": 10, "pace": "max", "duration_s": 20, **source},
        "detector": {"kind": "simulated"},
        "lines": {"road": {"from": start, "to": end}},
        "zones": {"yard": {"polygon": SyntheticSource.YARD}},
        "rules": [
            {"kind": "line_crossing", "id": "count", "line": "road"},
            {"kind": "intrusion", "id": "yard", "zone": "yard"},
        ],
    }


def site_of(*cameras: dict[str, Any]) -> Site:
    return parse_site({"version": 1, "cameras": cameras})


class Heard:
    """What an engine said."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.analysed: list[Analysed] = []
        self._lock = threading.Lock()

    def on_events(self, events: Sequence[Event]) -> None:
        with self._lock:
            self.events.extend(events)

    def of_rules(self) -> list[Event]:
        """All but measurements, which come by the clock."""
        return [event for event in self.events if not isinstance(event, Measurement)]

    def on_analysed(self, one: Analysed) -> None:
        with self._lock:
            self.analysed.append(one)


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < end, "did not come about"
        time.sleep(0.01)


def test_a_source_with_an_end_is_analysed_whole_and_in_order() -> None:
    heard = Heard()
    engine = Engine(site_of(street()), on_events=heard.on_events, on_analysed=heard.on_analysed)
    engine.start()
    assert engine.wait(WAIT_S)
    engine.stop()
    assert [one.frame.index for one in heard.analysed] == list(range(200))
    assert {event.kind for event in heard.of_rules()} == {"line_crossing", "intrusion"}
    intrusions = [event for event in heard.events if isinstance(event, Incident)]
    assert [event.status for event in intrusions] == ["began", "ended"], "what is open at the end is ended"
    status = engine.status()["street"]
    assert status.stream.state == "ended"
    assert status.analysed == 200
    assert status.faults == {}
    assert engine.health()["street"].received == 200
    assert engine.fault("street") is None


def test_every_fifth_picture_is_enough_to_count() -> None:
    heard = Heard()
    camera = street(fps=25, duration_s=30) | {"detector": {"kind": "simulated", "every": 5}}
    engine = Engine(site_of(camera), on_events=heard.on_events, on_analysed=heard.on_analysed)
    engine.start()
    assert engine.wait(WAIT_S)
    engine.stop()
    assert [one.frame.index for one in heard.analysed] == list(range(0, 750, 5))
    assert any(event.kind == "line_crossing" for event in heard.events)


def test_the_same_street_gives_the_same_events() -> None:
    runs = []
    for _ in range(2):
        heard = Heard()
        began = datetime(2026, 11, 24, tzinfo=UTC)
        engine = Engine(site_of(street()), start=began, on_events=heard.on_events)
        engine.start()
        assert engine.wait(WAIT_S)
        engine.stop()
        runs.append(heard.events)
    assert runs[0] == runs[1]


@pytest.mark.parametrize("start", [None, datetime(2026, 11, 24, tzinfo=UTC)], ids=["now", "start"])
def test_a_recording_replays_to_the_very_same_events(tmp_path: Path, start: datetime | None) -> None:
    heard, path = Heard(), tmp_path / "d.jsonl.gz"
    detector = {"kind": "simulated", "jitter": 0.02, "miss": 0.05}
    site = site_of(street(fps=29.97, duration_s=40) | {"detector": detector})
    with RecordingWriter(path) as recording:

        def record(one: Analysed) -> None:
            recording.write(one.frame.index, one.observation)

        engine = Engine(site, start=start, on_events=heard.on_events, on_analysed=record)
        engine.start()
        assert engine.wait(WAIT_S)
        engine.stop()
    for told_start in {None, start}:
        pipeline = site.pipeline(site.cameras[0])
        again: list[Event] = []
        for _, observation in read_recording(path, "street", told_start):
            again.extend(pipeline.step(observation).events)
        again.extend(pipeline.finish())
        assert [event.model_dump() for event in again] == [event.model_dump() for event in heard.events]
    assert {event.kind for event in heard.of_rules()} == {"line_crossing", "intrusion"}


def test_told_signals_are_on_when_they_say_and_replay_exactly(tmp_path: Path) -> None:
    heard, path = Heard(), tmp_path / "d.jsonl"
    red_light = {"kind": "red_light", "id": "red", "line": "road", "signal": "far", "direction": "left"}
    camera = street(duration_s=60) | {"signals": {"far": {"kind": "feed", "stale_s": 20}}, "rules": [red_light]}
    site, began = site_of(camera), datetime(2026, 11, 24, tzinfo=UTC)

    def moment(seconds: float) -> datetime:
        return began + timedelta(seconds=seconds)

    with RecordingWriter(path) as recording:

        def record(one: Analysed) -> None:
            heard.on_analysed(one)
            recording.write(one.frame.index, one.observation)

        engine = Engine(site, start=began, on_events=heard.on_events, on_analysed=record)
        feed = engine.signal_feed("street")
        assert feed.at(began)["far"].state == "unknown"
        for when, state, since in ((1, "red", -30.0), (15, "red", None), (30, "green", 25.04)):
            told_since = None if since is None else moment(since)
            assert feed.tell("far", state, told_since, moment(when))  # type: ignore[arg-type]
        assert not feed.tell("far", "yellow", moment(20), moment(31)), "too late"
        assert feed.at(moment(31))["far"] == ("green", moment(25.04))
        engine.start()
        assert engine.wait(WAIT_S)
        engine.stop()
    states = [one.view.signals["far"].state for one in heard.analysed]
    assert [states.index(state) for state in ("red", "green", "unknown")] == [0, 251, 501]
    red, green = heard.analysed[300].view.signals["far"].phases
    assert (red.state, red.since_s) == ("red", -30.0)
    assert green.state == "green"
    assert green.since_s == pytest.approx(25.04)
    violations = [event for event in heard.events if isinstance(event, Violation)]
    assert violations
    assert all(event.time_s < 25.04 and event.measured == pytest.approx(event.time_s + 30) for event in violations)
    pipeline = site.pipeline(site.cameras[0])
    again = [event for _, one in read_recording(path, "street") for event in pipeline.step(one).events]
    replayed = [event.model_dump() for event in again if isinstance(event, Violation)]
    assert replayed == [event.model_dump() for event in violations]


def test_cameras_share_the_workers_and_one_with_a_fault_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    heard = Heard()
    broken = street("broken")
    site = site_of(street("first"), street("second", seed=2), broken)
    blind = site.cameras[2].model_copy(update={"source": Flicker()})
    site = site.model_copy(update={"cameras": (*site.cameras[:2], blind)})
    engine = Engine(site, workers=2, on_events=heard.on_events, on_analysed=heard.on_analysed)
    engine.start()
    until(lambda: engine.fault("broken") is not None)
    until(lambda: sum(one.frame.camera != "broken" for one in heard.analysed) == 400)
    faults = engine.status()["broken"].faults
    engine.stop()
    assert isinstance(engine.fault("broken"), ModelError)
    assert "synthetic" in faults["detector"]
    assert sum("could not be analysed" in record.message for record in caplog.records) == 1, "logged once"


def test_a_camera_that_is_lost_and_comes_back() -> None:
    heard = Heard()
    source = Flicker()
    site = site_of(street())
    camera = site.cameras[0].model_copy(update={"source": source, "detector": None})
    site = site.model_copy(update={"cameras": (camera,)})
    engine = Engine(site, on_events=heard.on_events, on_analysed=heard.on_analysed)
    engine.start()
    until(lambda: len(heard.analysed) > 3)
    source.fails.set()
    until(lambda: any(isinstance(event, Incident) for event in heard.events))
    source.fails.clear()
    until(lambda: len(heard.of_rules()) == 2)
    count = len(heard.analysed)
    until(lambda: len(heard.analysed) > count + 3)
    engine.stop()
    engine.stop()
    began, ended = heard.of_rules()
    assert isinstance(began, Incident)
    assert isinstance(ended, Incident)
    assert (began.kind, began.status, began.severity) == ("camera_lost", "began", "critical")
    assert ended.status == "ended"
    assert ended.id == began.id
    assert ended.ended_s is not None
    assert ended.ended_s >= began.began_s >= 0
    times = [one.frame.time_s for one in heard.analysed]
    assert times == sorted(times)


def test_a_camera_that_never_comes_is_lost() -> None:
    heard = Heard()
    source = Flicker()
    source.fails.set()
    site = site_of(street())
    site = site.model_copy(update={"cameras": (site.cameras[0].model_copy(update={"source": source}),)})
    engine = Engine(site, on_events=heard.on_events)
    engine.start()
    until(lambda: len(heard.events) == 1)
    assert not engine.wait(0)
    engine.stop()
    began, ended = heard.events
    assert began.kind == "camera_lost"
    assert isinstance(ended, Incident)
    assert (ended.status, ended.id) == ("ended", began.id), "what is open is ended when nobody looks any more"


def test_a_loss_is_told_once_and_ended_once() -> None:
    heard = Heard()
    site = site_of(street(pace="real"))
    engine = Engine(site, on_events=heard.on_events)
    channel = engine._channels["street"]
    health = channel.reader.health()
    assert health.worker.home == "thread"
    for state in ("connecting", "stalled", "lost", "live", "live", "ended"):
        engine._stream_changed(channel, health.model_copy(update={"state": state, "silent_s": 1e9}))
    engine.stop()
    began, ended = heard.of_rules()
    assert isinstance(began, Incident)
    assert isinstance(ended, Incident)
    assert (began.status, ended.status, began.id == ended.id) == ("began", "ended", True)
    assert began.began_s == 0.0
    assert engine.common_fault() is None


class Supervises(LocalSupervisor):
    """As the one of this machine, and notes that it was stopped."""

    stopped = 0

    def stop(self) -> None:
        self.stopped += 1
        super().stop()


def test_an_engine_asks_its_supervisor_for_readers_and_stops_it() -> None:
    supervisor = Supervises()
    cameras = [street(name, pace="real") | {"worker": worker} for name, worker in (("a", "process"), ("b", "auto"))]
    engine = Engine(site_of(*cameras), supervisor=supervisor)
    homes = [one.stream.worker.home for one in engine.status().values()]
    assert homes == ["process", "thread"]
    engine.stop()
    assert supervisor.stopped == 1


class Jumps(Source):
    """The street, while somebody sets the clock: an hour forward at 5 s, two hours back at 12 s."""

    kind: Literal["jumps"] = "jumps"
    jumps: bool

    @property
    def live(self) -> bool:
        return False

    def open(self, camera: str, start: datetime | None = None) -> OpenSource:
        street = SyntheticSource(size=(320, 180), fps=10, pace="max", duration_s=60)
        return _OpenJumps(street.open(camera, start), self.jumps)


class _OpenJumps(OpenSource):
    def __init__(self, opened: OpenSource, jumps: bool) -> None:
        self._opened = opened
        self._jumps = jumps
        self.expected_frames = opened.expected_frames

    def read(self) -> Frame:
        frame = self._opened.read()
        hours = 0 if not self._jumps or frame.time_s < 5 else 1 if frame.time_s < 12 else -1
        return replace(frame, captured_at=frame.captured_at + timedelta(hours=hours))

    def close(self) -> None:
        self._opened.close()


def test_a_clock_that_is_set_changes_only_the_moments_that_people_read() -> None:
    told = []
    rules = [
        {"kind": "line_crossing", "id": "count", "line": "road"},
        {"kind": "intrusion", "id": "yard", "zone": "yard"},
        {"kind": "loitering", "id": "stays", "zone": "yard", "after_s": 3},
    ]
    for jumps in (False, True):
        heard = Heard()
        camera = street() | {"rules": rules, "detector": {"kind": "simulated"}}
        site = site_of(camera)
        only = site.cameras[0].model_copy(update={"source": Jumps(jumps=jumps)})
        began = datetime(2026, 11, 24, 4, tzinfo=UTC)
        engine = Engine(site.model_copy(update={"cameras": (only,)}), start=began, on_events=heard.on_events)
        engine.start()
        assert engine.wait(WAIT_S)
        engine.stop()
        told.append(heard.of_rules())
    steady, set_twice = told
    assert {event.kind for event in steady} == {"line_crossing", "intrusion", "loitering"}
    moments = {"id", "at"}
    assert [one.model_dump(exclude=moments) for one in set_twice] == [one.model_dump(exclude=moments) for one in steady]
    apart = {round((b.at - a.at).total_seconds()) for a, b in zip(steady, set_twice, strict=True)}
    assert -3600 in apart


class Flicker(Source):
    """A live source of grey pictures, whose connection can be broken."""

    kind: Literal["flicker"] = "flicker"
    _fails: threading.Event = PrivateAttr(default_factory=threading.Event)

    @property
    def fails(self) -> threading.Event:
        return self._fails

    def open(self, camera: str, start: datetime | None = None) -> OpenSource:
        if self._fails.is_set():
            raise StreamError("the cable is out")
        return OpenFlicker(camera, self._fails)


class OpenFlicker(OpenSource):
    expected_frames = None

    def __init__(self, camera: str, fails: threading.Event) -> None:
        self._camera = camera
        self._fails = fails
        self._index = -1

    def read(self) -> Frame:
        if self._fails.wait(0.02):
            raise StreamError("the cable is out")
        self._index += 1
        image = np.full((64, 64, 3), 128, np.uint8)
        return Frame(self._camera, self._index, self._index * 0.02, datetime.now(UTC), image)

    def close(self) -> None:
        pass


class Turned(Source):
    """The street, seen by a camera that was turned aside."""

    kind: Literal["turned"] = "turned"

    @property
    def live(self) -> bool:
        return False

    def open(self, camera: str, start: datetime | None = None) -> OpenSource:
        return OpenTurned(SyntheticSource(size=(320, 180), fps=10, pace="max", duration_s=20).open(camera, start))


class OpenTurned(OpenSource):
    expected_frames = None

    def __init__(self, street: OpenSource) -> None:
        self._street = street

    def read(self) -> Frame:
        frame = self._street.read()
        return replace(frame, image=np.ascontiguousarray(np.roll(frame.image, 60, axis=1)))

    def close(self) -> None:
        self._street.close()


def test_a_camera_that_was_turned_while_no_engine_ran_is_told_by_the_next() -> None:
    noon = datetime(2026, 11, 24, 5, tzinfo=UTC)

    def run(site: Site, heard: Heard, **before: Any) -> Engine:
        engine = Engine(site, start=noon, on_events=heard.on_events, **before)
        engine.start()
        assert engine.wait(WAIT_S)
        engine.stop()
        return engine

    first, same, other = Heard(), Heard(), Heard()
    before = run(site_of(street()), first).references()
    assert list(before) == ["street"]
    run(site_of(street()), same, before=before)
    whole = site_of(street())
    turned = whole.model_copy(update={"cameras": (whole.cameras[0].model_copy(update={"source": Turned()}),)})
    after = run(turned, other, before=before)
    kinds = [[event.kind for event in heard.events if event.rule == "camera"] for heard in (first, same, other)]
    assert kinds == [[], [], ["camera_moved", "camera_moved"]]
    kept = after.references()["street"]
    assert np.array_equal(kept.edges, before["street"].edges), "what it should see is not learnt anew"


class InStep:
    """A detector that finds nothing, and of every two pictures gives back the first one last."""

    description = "in step"

    def __init__(self) -> None:
        self._both = threading.Barrier(2, timeout=WAIT_S)
        self._second = threading.Event()

    def detect(self, pictures: Sequence[Picture]) -> list[Detections]:
        [picture] = pictures
        self._both.wait()
        if picture.index % 2:
            self._second.set()
        else:
            assert self._second.wait(WAIT_S)
            self._second.clear()
        return [Detections.empty()]


def test_two_pictures_of_a_file_are_detected_at_once_and_analysed_in_order() -> None:
    heard = Heard()
    engine = Engine(site_of(street(duration_s=2)), workers=2, on_analysed=heard.on_analysed)
    engine._channels["street"].detector = InStep()
    engine.start()
    assert engine.wait(WAIT_S)
    engine.stop()
    assert [one.frame.index for one in heard.analysed] == list(range(20))
    assert engine.status()["street"].failed == 0


def test_a_picture_of_a_file_that_cant_be_analysed_holds_up_nobody() -> None:
    class Breaks(InStep):
        def detect(self, pictures: Sequence[Picture]) -> list[Detections]:
            found = super().detect(pictures)
            if pictures[0].index == 4:
                raise RuntimeError("no memory")
            return found

    heard = Heard()
    engine = Engine(site_of(street(duration_s=2)), workers=2, on_analysed=heard.on_analysed)
    engine._channels["street"].detector = Breaks()
    engine.start()
    assert engine.wait(WAIT_S)
    engine.stop()
    assert [one.frame.index for one in heard.analysed] == [index for index in range(20) if index != 4]
    assert engine.status()["street"].failed == 1


class Spoilt(Source):
    """The street, with a black picture from 5 to 12 s, and a bag in the yard from 25 s on."""

    kind: Literal["spoilt"] = "spoilt"

    @property
    def live(self) -> bool:
        return False

    def open(self, camera: str, start: datetime | None = None) -> OpenSource:
        return _OpenSpoilt(SyntheticSource(size=(320, 180), fps=5, pace="max", duration_s=60).open(camera, start))


class _OpenSpoilt(OpenSource):
    def __init__(self, opened: OpenSource) -> None:
        self._opened = opened
        self._empty = opened.read().image
        self.expected_frames = None

    def read(self) -> Frame:
        frame = self._opened.read()
        noise = np.random.default_rng(frame.index).integers(0, 6, frame.image.shape, np.uint8)
        image = self._empty // 2 + noise
        if 5 <= frame.time_s < 12:
            image = noise
        if frame.time_s >= 25:
            image[100:120, 200:220] = 250
        return replace(frame, image=image)

    def close(self) -> None:
        self._opened.close()


def test_black_pictures_and_things_that_stay_are_told() -> None:
    whole = {"polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]}
    bag = {"kind": "abandoned_object", "id": "bag", "zone": "all", "after_s": 10, "alone_s": 1}
    camera = street() | {"zones": {"all": whole}, "rules": [bag], "detector": {"kind": "simulated"}}
    site = site_of(camera)
    only = site.cameras[0].model_copy(update={"source": Spoilt()})
    heard = Heard()
    engine = Engine(site.model_copy(update={"cameras": (only,)}), on_events=heard.on_events)
    engine._channels["street"].detector = Nobody()
    engine.start()
    assert engine.wait(WAIT_S)
    engine.stop()
    told = [(one.kind, one.status) for one in heard.events if isinstance(one, Incident)]
    dark_told, bag_told = (
        [("camera_dark", status) for status in ("began", "ended")],
        [("abandoned_object", status) for status in ("began", "ended")],
    )
    assert told == dark_told + bag_told
    dark, _, began, _ = (one for one in heard.events if isinstance(one, Incident))
    assert dark.time_s == pytest.approx(10.5, abs=1.5)
    assert 25 < began.began_s < 35


class Nobody:
    """A detector that sees nobody."""

    description = "nobody"

    def detect(self, pictures: Sequence[Picture]) -> list[Detections]:
        return [Detections.empty() for _ in pictures]
