"""Rule `crash`."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from vision.crash_scenes import CrashScene, met
from vision.events import Incident, Severity
from vision.halts import Halt, Halts
from vision.incidents import OpenIncidents
from vision.rule import Rule
from vision.scene import Scene, View

_RECENT_S = 4.0  # a halt is remembered, to be paired with another: one that was lost is known late
_DECIDED_S = 3.0  # who is hidden when it is due has so long to be seen again


class Crash(Rule):
    """Two road users come to a stand against each other, and stay there."""

    kind: Literal["crash"] = "crash"
    zone: str = Field(description="Id of the zone or lane.")
    after_s: float = Field(default=3.0, gt=0, description="How long both must stay there, seconds.")
    drop_ms: float = Field(
        default=4.0, gt=0, description="So much speed both must lose within a second, where the ground is known, m/s."
    )
    drop_heights: float = Field(default=2.5, gt=0, description="The same without calibration, heights of the box.")
    near_m: float = Field(
        default=2.5, ge=0, description="How far apart their bodies may be, where the ground is known, m."
    )
    near_heights: float = Field(
        default=0.5, ge=0, description="How far apart their boxes may be without calibration, heights."
    )
    severity: Severity = Field(default="critical", description="How urgent it is.")

    def watch(self, scene: Scene) -> "CrashWatch":
        """Starts watching a scene (see `Rule.watch`)."""
        return CrashWatch(self, scene)


class CrashWatch:
    """`crash` at work on one camera."""

    def __init__(self, rule: Crash, scene: Scene) -> None:
        scene.zone(rule.zone)
        self._rule = rule
        self._halts = Halts(scene.ground, rule.zone, rule.drop_ms, rule.drop_heights)
        self._recent: list[Halt] = []
        self._scenes: list[CrashScene] = []
        self._told = OpenIncidents()

    def __len__(self) -> int:
        return len(self._halts) + len(self._recent) + len(self._scenes) + len(self._told)

    def step(self, view: View) -> Iterator[Incident]:
        """Incidents that begin or end with this view."""
        for halt in self._halts.step(view):
            self._pair(halt)
            self._recent.append(halt)
        self._recent = [halt for halt in self._recent if view.time_s - halt.time_s <= _RECENT_S]
        for scene in list(self._scenes):
            scene.follow(view, self._halts.trails)
            late_s = view.time_s - scene.time_s - self._rule.after_s
            if scene.over(view) or (not scene.told and late_s > _DECIDED_S):
                yield from self._end(scene)
            elif not scene.told and late_s >= 0 and scene.sure(view):
                yield self._begin(scene, view)

    def finish(self) -> Iterator[Incident]:
        """Ends all incidents."""
        for scene in list(self._scenes):
            yield from self._end(scene)
        self._recent = []

    def _pair(self, halt: Halt) -> None:
        """Makes a scene of a halt and one before, unless one of them takes part in a scene already."""
        busy = {track for scene in self._scenes for track in scene.tracks}
        others = [one for one in self._recent if not busy & {one.row.id, halt.row.id}]
        others = [one for one in others if self._rule.zone in one.row.zones | halt.row.zones]
        scenes = (met(one, halt, self._rule.near_m, self._rule.near_heights) for one in others)
        self._scenes += [scene for scene in scenes if scene][:1]

    def _begin(self, scene: CrashScene, view: View) -> Incident:
        scene.told = True
        standing = max(scene.sides, key=lambda side: side.seen_s)
        key = scene.sides[0].halt.row.id, scene.sides[1].halt.row.id
        began_s = min(side.halt.time_s for side in scene.sides)
        incident = self._rule.incident(view, standing.row, began_s, self._rule.severity, scene.tracks, *key)
        return self._told.begin(key, incident)

    def _end(self, scene: CrashScene) -> Iterator[Incident]:
        self._scenes.remove(scene)
        key = scene.sides[0].halt.row.id, scene.sides[1].halt.row.id
        ended_s = max(*(side.seen_s for side in scene.sides), scene.time_s)
        yield from self._told.end(key, ended_s, scene.tracks)
