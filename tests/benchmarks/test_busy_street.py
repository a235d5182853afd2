import gc
import sys
from collections import deque
from collections.abc import Callable, Sized

import pytest

from benchmarks.busy_street import every_rule, street, traffic
from benchmarks.suite import Plan
from benchmarks.suites import SUITES
from models.detections import Detections
from vision.measuring.measure import Measure
from vision.pipeline import Pipeline
from vision.rule import Rule
from vision.site import parse_site
from vision.tracks import Tracks


def test_there_is_one_rule_of_every_kind_and_the_street_has_what_it_needs() -> None:
    rules = every_rule()
    kinds = {kind.model_fields["kind"].default for kind in Rule.__subclasses__() if "vision.rules." in kind.__module__}
    assert {rule["kind"] for rule in rules} == kinds
    [camera] = parse_site(street(20, rules)).cameras
    assert len(camera.zones) + len(camera.lanes) == 20
    assert len(camera.rules) == len(kinds)


def test_everybody_has_an_id_of_their_own_until_they_end() -> None:
    known: set[int] = set()
    gone: set[int] = set()
    for observation, tracks in traffic(50, 30.0, 5.0):
        ids = set(tracks.ids.tolist())
        assert len(ids) == len(tracks) == 50
        gone |= set(tracks.ended)
        assert not ids & gone
        known |= ids
        assert tracks.time_s == observation.time_s
    assert len(known) > 60, "who comes to the end begins anew"


def test_a_restless_tracker_loses_people() -> None:
    known: set[int] = set()
    gone: set[int] = set()
    counts = []
    for _, tracks in traffic(50, 60.0, 5.0, restless=True):
        ids = set(tracks.ids.tolist())
        assert gone.isdisjoint(ids)
        assert known.issuperset(tracks.ended), "nobody ends who was never seen"
        known |= ids
        gone |= set(tracks.ended)
        counts.append(len(tracks))
    assert 40 < min(counts) < max(counts) <= 50
    assert len(gone) > 60


def test_a_quick_run_measures_all_rules(synthetic: Callable[..., Plan]) -> None:
    rows = list(SUITES["rules"].run(synthetic()))
    [place, *_] = rows
    assert place.case == "place"
    assert all(row.median is not None and row.median > 0 for row in rows)
    assert len([row for row in rows if row.target.startswith("≤ 3")]) == 2


class Known:
    """A tracker that hands on what is known."""

    def __init__(self) -> None:
        self.tracks: Tracks | None = None

    def step(self, detections: Detections, time_s: float) -> Tracks:
        assert self.tracks is not None
        return self.tracks


def day(hours: int, hour_s: float, users: int) -> tuple[list[dict[str, int]], list[int], list[int]]:
    """All rules and measurements over some hours of restless traffic.

    Returns:
        For each hour how much every rule remembers, how many objects there are, and how many blocks of memory.
    """
    tracker = Known()
    site = parse_site(street(20, every_rule()))
    [camera] = site.cameras
    scene = site.scene(camera)
    pipeline = Pipeline(scene, tracker, (), Measure())
    watches = [(rule, rule.watch(scene)) for rule in camera.rules]
    kept: list[dict[str, int]] = []
    objects: list[int] = []
    blocks: list[int] = []
    for index, (observation, tracker.tracks) in enumerate(traffic(users, hours * hour_s, 2.0, restless=True), 1):
        view = pipeline.step(observation).view
        for rule, watch in watches:
            deque(watch.step(rule.share(view, scene)), maxlen=0)
        if index % round(2 * hour_s) == 0:
            gc.collect()
            kept.append({rule.kind: len(watch) for rule, watch in watches if isinstance(watch, Sized)})
            objects.append(len(gc.get_objects()))
            blocks.append(sys.getallocatedblocks())
    assert pipeline.faults == {}
    return kept, objects, blocks


def test_minutes_of_traffic_leave_little_state() -> None:
    kept, objects, _ = day(hours=3, hour_s=60.0, users=10)
    assert len(kept) == len(objects) == 3
    assert len(kept[0]) > 10, "most rules tell how much they remember"
    assert max(kept[-1].values()) < 100


@pytest.mark.slow
def test_a_day_of_traffic_leaves_no_growing_state() -> None:
    kept, objects, blocks = day(hours=24, hour_s=3600.0, users=25)
    # How many road users are in the middle of something differs from hour to hour; it does not add up.
    for kind in kept[0]:
        counts = [hour[kind] for hour in kept]
        assert max(counts[12:]) <= 2 * max(counts[1:12]) + 20, (kind, counts)
    assert max(objects[12:]) <= max(objects[1:12]) + 2000, objects
    assert max(blocks[12:]) <= max(blocks[1:12]) + 10_000, blocks
