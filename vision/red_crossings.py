"""Who crosses a stop line on red, and whether they go on or stop behind it.

        green │          red                                │ green
    ──────────┼────────┬────────────────────────────────────┼───────────▶ time
              │◀ grace▶│                       ◀ end grace ▶│
    before    ●────────●─── is surely before the line here ─
    line ─────────────────────── crosses here ×──────────────────────────
    beyond                                      ╲── has gone on: red_light
                                                 ╲▁▁▁▁▁▁▁▁▁▁▁ stands until red is over: stop_line

Better one who gets away than an innocent one accused:

- Who stands on the line, or beyond it, when the grace is over has not crossed on red, nor has a new id that appears
  there: the same one may have stood there all the time under another.
- A foot jumps forward when somebody behind hides it. So the whole box must go, its top too, not only its foot.
- Neither times of crossings nor reports of signals are exact. Who crosses just before the end of red is let go.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import dist, inf, isfinite
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from vision.crossing import Crossing, Crossings, margin_px
from vision.events import Violation
from vision.geometry import Point
from vision.rule import VEHICLES, LabelName, Rule, only
from vision.scene import Placed, Scene, View
from vision.signals import LONG_BEFORE_S, Signal
from vision.tracks import PerTrack

_UNSEEN_S = 3.0  # after a longer time the straight way between two sights says nothing
_UNSURE_S = 1.0  # a signal that is unknown for longer was not only being made sure of
_TOP_SHARE = 0.25  # of the way of the foot the top must go as well; far away, and by tall ones, it goes less
_DRIFT = 0.1  # so far, in heights of the box, may a foot drift and still stand
_BACK_S = 1.0  # who is before the line again for longer has rolled back; boxes of two who touch become one for a while
_TREMBLE_S = 0.5  # who was not surely before the line so short a time ago may only tremble on it
_CUT_OFF_PX = 1.0  # so near the edge of the picture a box may be cut off

REST_S = 1.0
"""Who stands for so long has stopped."""

Outcome = Literal["went_on", "stopped"]


class StopLineTerms(BaseModel):
    """What the rules of a stop line have in common: which line and signal, and what counts as crossing on red."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    labels: tuple[LabelName, ...] | None = only(*VEHICLES)
    line: str = Field(description="Id of the stop line.")
    signal: str = Field(description="Id of the signal that it belongs to.")
    direction: str = Field(description="Way over the line that the signal is for: `left`, `right` or its own name.")
    grace_s: float = Field(
        default=0.5, ge=0, description="Who crosses within so long after the start of red is let go, seconds."
    )
    end_grace_s: float = Field(
        default=0.3, ge=0, description="The same before the end of red, for times are not exact, seconds."
    )
    beyond_m: float = Field(
        default=3.0,
        gt=0,
        description="Who goes on for so long beyond the line has run the red light, m; where there is a calibration.",
    )
    beyond_heights: float = Field(default=0.5, gt=0, description="The same without calibration, heights of the box.")


@dataclass(slots=True)
class RedCrossing:
    """Somebody crossed the stop line, it seems on red.

    Attributes:
        row: How it looks now.
        time_s: When the line was crossed. Stream clock.
        place: Where, 0..1 of the picture.
        into_s: How long it had been red; infinite where it was red when we began to look.
        before: How it looked when it was last surely before the line.
        height: px, of its box when it crossed.
        judged_s: Since when the red had been on at whose start it was before the line.
        beyond_s: When it was last seen beyond the line.
        stood: Where it has come to a stand, and since when it has been there.
        rested: How it looked when it had stopped, the first time, and when that was.
        gone_s: When it had gone on.
    """

    row: Placed
    time_s: float
    place: Point
    before: Placed
    height: float
    judged_s: float
    beyond_s: float
    stood: tuple[Placed, float]
    into_s: float = 0.0
    rested: tuple[Placed, float] | None = None
    gone_s: float | None = None


@dataclass(slots=True)
class _Approach:
    """How a track came up to the line."""

    seen_s: float = LONG_BEFORE_S
    distance: float = 0.0
    before: Placed | None = None
    near_s: float = LONG_BEFORE_S  # when it was last on the line or beyond
    judged_s: float | None = None
    innocent: bool = True


class RedCrossings:
    """Watches one stop line and its signal."""

    def __init__(self, scene: Scene, terms: StopLineTerms, rest_s: float = REST_S) -> None:
        """Watches a line.

        Args:
            scene: Where it is.
            terms: Which line and signal, and what counts.
            rest_s: Who stands for so long has stopped.

        Raises:
            SiteError: There is no such line, signal or direction.
        """
        self._line = terms.line
        self._side = scene.side(terms.line, terms.direction)
        self._signal = scene.signal(terms.signal)
        self._ground = scene.ground
        self._terms = terms
        self._rest_s = rest_s
        self._crossings = Crossings(terms.line, scene.line(terms.line))
        self._approaches = PerTrack(_Approach)
        self._open: dict[int, RedCrossing] = {}
        self._last: View | None = None

    def __len__(self) -> int:
        return len(self._crossings) + len(self._approaches) + len(self._open)

    def step(self, view: View) -> Iterator[tuple[RedCrossing, Outcome]]:
        """The crossings on red of which it became certain in this view what came of them."""
        self._last = view
        signal = view.signals.get(self._signal)
        self._judge(view, signal)
        for crossing in self._crossings.step(view):
            self._begin(crossing, view)
        for row in view.placed:
            if pending := self._open.get(row.id):
                self._follow(pending, row, view)
        if signal:
            yield from self._decide(signal, view)
        for track in view.ended:
            # Who stopped and is seen no more may have gone on, but has stopped beyond the line in any case.
            pending = self._open.pop(track, None)
            if pending and signal and self._on_red(pending, signal, view) and pending.rested:
                yield pending, "stopped"
        self._approaches.forget(view.ended)

    def finish(self) -> list[tuple[RedCrossing, View]]:
        """Those who stand beyond the line now that nothing more will be seen, and the last view of them."""
        pending, self._open = self._open, {}
        if not self._last or not (signal := self._last.signals.get(self._signal)):
            return []
        return [(one, self._last) for one in pending.values() if one.rested and self._on_red(one, signal, self._last)]

    def _beyond(self, row: Placed) -> float:
        """How far a foot is beyond the line, px; negative before it."""
        distance = row.distances[self._line]
        return distance if self._side == "left" else -distance

    def _judge(self, view: View, signal: Signal | None) -> None:
        """Notes where everybody is, and judges once in each red whether they were before the line when that began."""
        now, approaches = view.time_s, self._approaches
        red_s = signal.since_s if signal and signal.state == "red" else None
        from_s = inf if red_s is None else red_s + self._terms.grace_s
        for row in view.placed:
            approach, beyond, margin = approaches[row.id], self._beyond(row), margin_px(row)
            surely_before = beyond <= -margin
            if now >= from_s and red_s != approach.judged_s:
                approach.judged_s = red_s
                trembles = now - approach.near_s < _TREMBLE_S
                approach.innocent = not (
                    (surely_before and not trembles) or _left_s(approach, beyond, margin, now) >= from_s
                )
            approach.seen_s, approach.distance = now, beyond
            if surely_before:
                approach.before = row
            else:
                approach.near_s = now

    def _begin(self, crossing: Crossing, view: View) -> None:
        row, approach = crossing.row, self._approaches[crossing.row.id]
        if crossing.side != self._side or approach.innocent or approach.judged_s is None or approach.before is None:
            return
        height = max(row.height, approach.before.height)
        self._open[row.id] = RedCrossing(
            row=row,
            time_s=crossing.time_s,
            place=crossing.place,
            before=approach.before,
            height=height,
            judged_s=approach.judged_s,
            beyond_s=view.time_s,
            stood=(row, view.time_s),
        )

    def _follow(self, pending: RedCrossing, row: Placed, view: View) -> None:
        """Notes whether one who has crossed goes on, stands or rolls back."""
        pending.row = row
        if self._beyond(row) <= 0 or not _whole_box_went(pending.before, row):
            pending.stood = row, view.time_s
            if view.time_s - pending.beyond_s > _BACK_S:
                del self._open[row.id]
            return
        pending.beyond_s = view.time_s
        place, since_s = pending.stood
        if dist(row.foot, place.foot) > _DRIFT * pending.height:
            pending.stood = row, view.time_s
        elif pending.rested is None and view.time_s - since_s >= self._rest_s - 0.0005:
            # Half a millisecond of grace: stream clocks are sums of frame intervals.
            pending.rested = row, view.time_s
        if pending.gone_s is None and self._has_gone(pending, row, view):
            pending.gone_s = view.time_s

    def _has_gone(self, pending: RedCrossing, row: Placed, view: View) -> bool:
        if self._ground and row.ground:
            return self._ground.length_m(pending.place, row.place)[0] >= self._terms.beyond_m
        x, y = pending.place[0] * view.size[0], pending.place[1] * view.size[1]
        return dist(row.foot, (x, y)) >= self._terms.beyond_heights * pending.height

    def _decide(self, signal: Signal, view: View) -> Iterator[tuple[RedCrossing, Outcome]]:
        """Closes what is certain: those on red with what came of them, and those who did nothing wrong."""
        for track, pending in list(self._open.items()):
            on_red = self._on_red(pending, signal, view)
            if on_red is None:
                continue
            until_s = signal.span(pending.time_s)[1]
            over, gone_s = until_s <= view.time_s, pending.gone_s
            rested_s = pending.rested[1] if pending.rested else None
            outcome: Outcome | None = None
            if on_red and gone_s is not None and (gone_s <= until_s or rested_s is None):
                outcome = "went_on"
            elif on_red and rested_s is not None and rested_s < until_s and over:
                outcome = "stopped"
            elif on_red and not (rested_s is not None and over):
                continue
            del self._open[track]
            if outcome:
                yield pending, outcome

    def _on_red(self, pending: RedCrossing, signal: Signal, view: View) -> bool | None:
        """Whether the line was crossed on red, none while that is not certain."""
        terms, (phase, until_s) = self._terms, signal.span(pending.time_s)
        now = signal.phases[-1]
        if now.state == "unknown" and view.time_s - now.since_s <= _UNSURE_S:
            return None
        pending.into_s = pending.time_s - phase.since_s
        if phase.state != "red" or phase.since_s != pending.judged_s:
            return False
        if pending.into_s < terms.grace_s or until_s < pending.time_s + terms.end_grace_s:
            return False
        return None if view.time_s < pending.time_s + terms.end_grace_s else True


def red_violation(rule: Rule, view: View, crossing: RedCrossing) -> Violation:
    """The event of a crossing on red under a rule."""
    return rule.violation(
        view,
        crossing.row,
        crossing.time_s,
        crossing.place,
        measured=crossing.into_s if isfinite(crossing.into_s) else None,
        limit=0.0,
        unit="s",
        phase="red",
    )


def _left_s(approach: _Approach, beyond: float, margin: float, time_s: float) -> float:
    """When a track left the place surely before the line where it was at its last sight; else long before."""
    was = approach.distance
    if was > -margin or time_s - approach.seen_s > _UNSEEN_S:
        return LONG_BEFORE_S
    return approach.seen_s + (time_s - approach.seen_s) * (-margin - was) / (beyond - was)


def _whole_box_went(before: Placed, row: Placed) -> bool:
    if min(row.box[1], before.box[1]) <= _CUT_OFF_PX:
        return True  # its top is not in the picture
    return dist(_top(row), _top(before)) >= _TOP_SHARE * dist(row.foot, before.foot)


def _top(row: Placed) -> Point:
    return row.foot[0], row.box[1]
