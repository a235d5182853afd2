"""Metrics: figures for Prometheus. Each app has a registry of its own."""

from collections.abc import Iterable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.archive import Archive
from api.delivery import Deliveries
from api.event_search import StoredEvent
from api.feed import Feed
from api.live import Engine, Live
from api.store import Store

INFERENCE_BUCKETS_S = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0)
DELIVERY_BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 600.0, 3600.0)


class Metrics:
    """Counts what happens, and asks the other parts how they are when Prometheus comes."""

    def __init__(self, version: str) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        Gauge("ngatu_build_info", "Version that runs", ["version"], registry=self.registry).labels(version).set(1)
        self._inference = Histogram(
            "ngatu_inference_seconds",
            "Time that the detector took for a frame",
            ["camera"],
            buckets=INFERENCE_BUCKETS_S,
            registry=self.registry,
        )
        self._events = Counter(
            "ngatu_events", "Events written to the database", ["camera", "kind"], registry=self.registry
        )
        self._deliveries = Histogram(
            "ngatu_delivery_seconds",
            "Time from storing an event until a sink's receiver had it",
            ["sink"],
            buckets=DELIVERY_BUCKETS_S,
            registry=self.registry,
        )

    def inferred(self, camera: str, seconds: float) -> None:
        """The detector took so long for a frame; called by the engine for every analysed frame."""
        self._inference.labels(camera).observe(seconds)

    def delivered(self, sink: str, seconds: float) -> None:
        """A receiver took an event so long after it was stored."""
        self._deliveries.labels(sink).observe(seconds)

    def written(self, changes: Sequence[StoredEvent]) -> None:
        """The store wrote these changes."""
        for change in changes:
            self._events.labels(change.camera, change.kind).inc()

    def watch(
        self,
        engine: Engine,
        live: Live,
        store: Store,
        feed: Feed,
        archive: Archive | None = None,
        deliveries: Deliveries | None = None,
    ) -> None:
        """From now on asks these parts at every scrape."""
        store.on_written(self.written)
        self.registry.register(_Parts(engine, live, store, feed))
        if archive is not None:
            self.registry.register(_Recordings(archive))
        if deliveries is not None:
            self.registry.register(_Sinks(deliveries))

    def text(self) -> bytes:
        """All figures in the text format of Prometheus."""
        return generate_latest(self.registry)


class _Parts(Collector):
    """Reads figures that other parts keep anyway, so that they are counted in one place only."""

    def __init__(self, engine: Engine, live: Live, store: Store, feed: Feed) -> None:
        self._engine = engine
        self._live = live
        self._store = store
        self._feed = feed

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterable[Metric]:
        yield from self._cameras()
        yield from self._workers()
        state = self._store.state()
        for name, value, words in (
            ("store_up", float(state.writing), "Whether the database can be written"),
            ("store_pending_events", state.pending, "Events that wait to be written"),
            ("store_capacity_events", state.capacity, "Events that may wait to be written"),
            ("feed_followers", self._feed.followers, "Viewers that wait for events"),
        ):
            yield GaugeMetricFamily(f"ngatu_{name}", words, value=value)
        yield CounterMetricFamily("ngatu_store_written_events", "Changes written", value=state.written)
        yield CounterMetricFamily("ngatu_store_lost_events", "Events lost: no room, or refused", value=state.lost)

    def _cameras(self) -> Iterable[Metric]:
        received = CounterMetricFamily("ngatu_frames_received", "Frames that came", labels=["camera"])
        dropped = CounterMetricFamily("ngatu_frames_dropped", "Frames that a newer one replaced", labels=["camera"])
        analysed = CounterMetricFamily("ngatu_frames_analysed", "Frames that were analysed", labels=["camera"])
        reconnects = CounterMetricFamily("ngatu_camera_reconnects", "Times a camera was lost", labels=["camera"])
        state = GaugeMetricFamily("ngatu_camera_state", "1 for the state it is in", labels=["camera", "state"])
        viewers = GaugeMetricFamily("ngatu_preview_viewers", "Viewers that wait for a picture", labels=["camera"])
        silent = GaugeMetricFamily("ngatu_camera_silent_seconds", "Time since its last frame", labels=["camera"])
        for camera, status in self._engine.status().items():
            received.add_metric([camera], status.stream.received)
            dropped.add_metric([camera], status.stream.dropped)
            analysed.add_metric([camera], status.analysed)
            reconnects.add_metric([camera], status.stream.reconnects)
            silent.add_metric([camera], status.stream.silent_s)
            state.add_metric([camera, status.stream.state], 1)
            viewers.add_metric([camera], self._live.viewers(camera))
        return received, dropped, analysed, reconnects, state, viewers, silent

    def _workers(self) -> Iterable[Metric]:
        restarts = CounterMetricFamily(
            "ngatu_worker_restarts", "Times that who reads a camera hung, died or was killed", labels=["camera"]
        )
        state = GaugeMetricFamily("ngatu_worker_state", "1 for the state it is in", labels=["camera", "home", "state"])
        memory = GaugeMetricFamily(
            "ngatu_worker_memory_bytes", "Memory of the process that reads a camera", labels=["camera"]
        )
        for camera, status in self._engine.status().items():
            worker = status.stream.worker
            restarts.add_metric([camera], worker.restarts)
            state.add_metric([camera, worker.home, worker.state], 1)
            if worker.memory_mb is not None:
                memory.add_metric([camera], worker.memory_mb * 1e6)
        common = self._engine.common_fault()
        lost = GaugeMetricFamily(
            "ngatu_common_fault_cameras",
            "Cameras that one fault took away together",
            value=len(common.cameras) if common else 0,
        )
        return restarts, state, memory, lost


class _Recordings(Collector):
    """How recording goes."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterable[Metric]:
        now = self._archive.state()
        for name, value, words in (
            ("recordings_bytes", now.bytes, "Size of all recordings"),
            ("recordings_free_bytes", now.free_bytes, "Free on the disk of the recordings"),
            ("recordings_stopped", float(bool(now.stopped)), "Whether nothing is recorded for want of room"),
            ("recordings_waiting", now.waiting, "Recordings that wait to be noted in the database"),
        ):
            yield GaugeMetricFamily(f"ngatu_{name}", words, value=value)
        state = GaugeMetricFamily("ngatu_recorder_state", "1 for the state it is in", labels=["camera", "state"])
        segments = CounterMetricFamily("ngatu_recorded_segments", "Segments recorded", labels=["camera"])
        size = CounterMetricFamily("ngatu_recorded_bytes", "Their size", labels=["camera"])
        for camera, recorder in now.recorders.items():
            state.add_metric([camera, recorder.state], 1)
            segments.add_metric([camera], recorder.segments)
            size.add_metric([camera], recorder.bytes)
        yield from (state, segments, size)


class _Sinks(Collector):
    """How it goes with those that events are sent to."""

    def __init__(self, deliveries: Deliveries) -> None:
        self._deliveries = deliveries

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterable[Metric]:
        labels = ["sink", "kind"]
        up = GaugeMetricFamily("ngatu_sink_up", "Whether its receiver takes events", labels=labels)
        waiting = GaugeMetricFamily("ngatu_sink_waiting_events", "Events that wait to be sent", labels=labels)
        dead = GaugeMetricFamily("ngatu_sink_dead_events", "Events put aside until somebody looks", labels=labels)
        delivered = CounterMetricFamily("ngatu_sink_delivered_events", "Events that were taken", labels=labels)
        failures = CounterMetricFamily("ngatu_sink_failures", "Attempts that failed", labels=labels)
        for state in self._deliveries.states():
            sink = [state.id, state.kind]
            up.add_metric(sink, float(state.state == "delivering"))
            for family, count in ((waiting, state.waiting), (dead, state.dead)):
                if count is not None:
                    family.add_metric(sink, count)
            delivered.add_metric(sink, state.delivered)
            failures.add_metric(sink, state.failures)
        yield from (up, waiting, dead, delivered, failures)
