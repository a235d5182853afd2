"""Rule `queue_spillback`."""

from collections.abc import Iterator, Sequence
from typing import Literal

from pydantic import Field

from vision.events import Incident, Severity
from vision.incidents import OpenIncidents
from vision.queues import QUEUE_KMH, SPACING_M, Queue, queues
from vision.rule import VEHICLES, LabelName, Rule, only
from vision.scene import Placed, Scene, View
from vision.waiting import Waiting

_LOOK_S = 0.2  # so often; a queue has time
_LAPSE_S = 3.0  # so long it may seem not to reach the zone in between: a lorry hides it, or its end goes up a little
_GRACE_S = 0.0005  # stream clocks are sums of frame intervals
_KEY = "queue"  # there is one at a time


class QueueSpillback(Rule):
    """A queue reaches back to where it must not stand."""

    kind: Literal["queue_spillback"] = "queue_spillback"
    labels: tuple[LabelName, ...] | None = only(*VEHICLES)
    zone: str = Field(description="Id of the zone or lane that the queue must not reach.")
    after_s: float = Field(default=20.0, ge=0, description="How long it must reach it, seconds.")
    below_kmh: float = Field(default=QUEUE_KMH, gt=0, description="Who is slower queues, km/h.")
    spacing_m: float = Field(default=SPACING_M, gt=0, description="Neighbours in a queue are nearer than this, m.")
    vehicles: int = Field(default=3, ge=2, description="So many at least are a queue.")
    severity: Severity = Field(default="warning", description="How urgent it is.")

    def watch(self, scene: Scene) -> "QueueSpillbackWatch":
        """Starts watching a scene (see `Rule.watch`)."""
        return QueueSpillbackWatch(self, scene)


class QueueSpillbackWatch:
    """`queue_spillback` at work on one camera."""

    def __init__(self, rule: QueueSpillback, scene: Scene) -> None:
        self._rule = rule
        self._waiting = Waiting(scene, rule.zone, rule.below_kmh)
        self._looked_s = float("-inf")
        self._reached: tuple[float, float] | None = None  # since when, and when last
        self._open = OpenIncidents()

    def __len__(self) -> int:
        return len(self._waiting) + len(self._open)

    def step(self, view: View) -> Iterator[Incident]:
        """Incidents that begin or end with this view."""
        now = view.time_s
        if now - self._looked_s < _LOOK_S - _GRACE_S:
            return
        self._looked_s = now
        waiting = self._waiting.step(view)
        inside = [row for row in waiting if self._rule.zone in row.zones]
        queue = self._reaching(waiting) if inside else None
        # From its front on a queue dissolves, and the lorry at its end leaves a gap or hides those before it: who still
        # waits there is none by itself, and goes on with it.
        reaches = bool(inside) if self._reached else queue is not None
        if self._reached and now - self._reached[1] > _LAPSE_S:
            yield from self._open.end(_KEY, self._reached[1])
            self._reached = None
        if not reaches:
            return
        began_s = self._reached[0] if self._reached else now
        self._reached = (began_s, now)
        if queue and _KEY not in self._open and now - began_s >= self._rule.after_s - _GRACE_S:
            yield self._open.begin(_KEY, self._incident(view, queue, began_s))

    def finish(self) -> Iterator[Incident]:
        """Ends the incident; nobody knows how far the queue reaches from now on."""
        ended_s = self._reached[1] if self._reached else self._looked_s
        self._reached = None
        yield from self._open.finish(ended_s)

    def _reaching(self, waiting: Sequence[Placed]) -> Queue | None:
        """The queue of the most vehicles that reaches the zone."""
        rule = self._rule
        for queue in queues(waiting, kmh=rule.below_kmh, spacing_m=rule.spacing_m):
            if queue.vehicles >= rule.vehicles and any(rule.zone in row.zones for row in queue.rows):
                return queue
        return None

    def _incident(self, view: View, queue: Queue, began_s: float) -> Incident:
        """The incident, which belongs to nobody; its place is where the queue stands in the zone."""
        rule = self._rule
        inside = [row.place for row in queue.rows if rule.zone in row.zones]
        place = (sum(x for x, _ in inside) / len(inside), sum(y for _, y in inside) / len(inside))
        tracks = sorted(row.id for row in queue.rows)
        return rule.incident(view, None, began_s, rule.severity, tracks).model_copy(update={"place": place})
