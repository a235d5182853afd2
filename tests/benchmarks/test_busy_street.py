import gc
from collections.abc import Callable

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


@pytest.mark.slow
def test_a_day_of_traffic_leaves_no_growing_state() -> None:
    tracker = Known()
    site = parse_site(street(20, every_rule()))
    [camera] = site.cameras
    pipeline = Pipeline(site.scene(camera), tracker, camera.rules, Measure())
    kept: list[int] = []
    for index, (observation, tracker.tracks) in enumerate(traffic(25, 86400.0, 1.0)):
        pipeline.step(observation)
        if index % 3600 == 3599:
            gc.collect()
            kept.append(len(gc.get_objects()))
    assert pipeline.faults == {}
    # How many road users are in the middle of something differs from hour to hour; it does not add up.
    assert max(kept[12:]) <= max(kept[1:12]) + 2000, kept
