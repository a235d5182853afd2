from dataclasses import replace

import pytest

from benchmarks.simulation.degrade import Degradation, observations
from benchmarks.simulation.scoring import Owners, Score, score
from benchmarks.simulation.world import TrueEvent
from models.detections import Label
from tests.benchmarks.ground import CAMERA, goes, recording, scenario, sights
from vision.events import Event, Incident, Passage, Violation
from vision.site import parse_site
from vision.trackers.packtrack import PackTrack

TWO = recording(goes(Label.CAR, (0, -3, 20), (40, -3, 20)), goes(Label.CAR, (0, 3, 20), (40, 3, 20)))


@pytest.fixture(scope="module")
def owners() -> Owners:
    """Two cars that stand; track 1 is the first or the second, as `track` says."""
    seen = sights(TWO)
    known = Owners(seen)
    site = parse_site(scenario().site(1))
    pipeline = site.pipeline(site.cameras[0])
    rows = list(seen.frames(1000))
    perfect = Degradation(0, jitter=0, false_boxes=0, mistaken=0)
    for look in observations(seen, perfect, "place", CAMERA.size, {}, 40, 1):
        known.look(pipeline.step(look).view, rows[round(look.time_s * 25)])
    assert isinstance(site.defaults.tracker, PackTrack)
    return known


def track(owners: Owners, user: int) -> int:
    return next(number for number in (1, 2) if owners.of(number, 10.0) == user)


def base(owners: Owners, kind: str, time_s: float, user: int) -> dict[str, object]:
    at = "2026-11-24T00:00:00Z"
    known = {"id": f"{kind}{time_s}{user}", "kind": kind, "rule": "rule", "camera": "place", "time_s": time_s, "at": at}
    return known | {"label": "car", "track": track(owners, user), "place": (0.5, 0.5), "score": 0.9}


def passage(owners: Owners, time_s: float, user: int = 0, **more: object) -> Event:
    return Passage.model_validate(
        base(owners, "line_crossing", time_s, user) | {"line": "line", "direction": "in"} | more
    )


def violation(owners: Owners, time_s: float, user: int = 0, **more: object) -> Event:
    return Violation.model_validate(base(owners, "speeding", time_s, user) | {"fired_s": time_s + 1} | more)


def incident(owners: Owners, time_s: float, *users: int, **more: object) -> Event:
    tracks = [track(owners, user) for user in users]
    known = base(owners, "crowding", time_s, users[0] if users else 0)
    state = {"status": "began", "began_s": time_s, "severity": "warning", "tracks": tracks}
    return Incident.model_validate(known | state | more)


def true(
    kind: str, time_s: float, *users: int, until_s: float | None = None, due_s: float | None = None, sure: bool = True
) -> TrueEvent:
    end = time_s if until_s is None else until_s
    return TrueEvent(
        kind,
        "rule",
        frozenset(users),
        time_s,
        end,
        time_s if due_s is None else due_s,
        sure,
        speed_kmh=60.0,
        direction="in" if kind == "line_crossing" else None,
    )


def summary(one: Score) -> tuple[int, int, int, int]:
    return len(one.found), len(one.missed), len(one.false), one.doubtful


def test_a_passage_is_found_once(owners: Owners) -> None:
    events = [passage(owners, 10.2), passage(owners, 10.4)]
    one = score("place", events, [true("line_crossing", 10.0, 0)], owners)["line_crossing"]
    assert summary(one) == (1, 0, 1, 0), "the second is a false alarm"
    assert (one.precision, one.recall) == (0.5, 1.0)
    assert one.delays_s == [pytest.approx(0.2)], "the nearer one"
    assert one.count_error == 1.0


@pytest.mark.parametrize(
    "change",
    [{"time_s": 11.1}, {"rule": "other"}, {"user": 1}],
    ids=["too late", "another rule", "another road user"],
)
def test_what_does_not_belong_together(owners: Owners, change: dict[str, object]) -> None:
    event = passage(owners, **({"time_s": 10.2} | change))  # type: ignore[arg-type]
    one = score("place", [event], [true("line_crossing", 10.0, 0)], owners)["line_crossing"]
    assert summary(one) == (0, 1, 1, 0)
    assert (one.precision, one.recall) == (0.0, 0.0)


def test_a_track_that_nobody_owns(owners: Owners) -> None:
    event = passage(owners, 10.0, track=77)
    assert summary(score("place", [event], [true("line_crossing", 10.0, 0)], owners)["line_crossing"]) == (0, 1, 1, 0)


def test_an_act_with_a_length_may_be_anywhere_in_it(owners: Owners) -> None:
    acts = [true("speeding", 10.0, 0, until_s=14.0)]
    for time_s, found in ((8.1, 1), (12, 1), (15.9, 1), (16.1, 0)):
        assert summary(score("place", [violation(owners, time_s)], acts, owners)["speeding"])[0] == found
    one = score("place", [violation(owners, 12.0, measured=63.0, unit="km/h")], acts, owners)["speeding"]
    assert one.speed_errors_kmh == [3.0]
    assert one.delays_s == [3.0], "sure at 13 s, due at 10 s"


def test_an_incident_is_due(owners: Owners) -> None:
    state = [true("crowding", 10.0, due_s=15.0)]
    for time_s, found in ((12.9, 0), (13.1, 1), (25.0, 1), (25.1, 0)):
        assert summary(score("place", [incident(owners, time_s)], state, owners)["crowding"])[0] == found
    hidden = [replace(state[0], early_s=4.0)]
    for time_s, found in ((8.9, 0), (9.1, 1), (25.1, 0)):
        assert summary(score("place", [incident(owners, time_s)], hidden, owners)["crowding"])[0] == found
    ended = incident(owners, 15.0, status="ended", ended_s=20.0)
    assert summary(score("place", [ended], state, owners)["crowding"]) == (0, 1, 0, 0), "an end is no event of its own"


def test_whoever_takes_part_must_be_among_the_tracks(owners: Owners) -> None:
    both = [true("crowding", 10.0, 0, 1)]
    assert summary(score("place", [incident(owners, 10.0, 0, 1)], both, owners)["crowding"]) == (1, 0, 0, 0)
    assert summary(score("place", [incident(owners, 10.0, 0)], both, owners)["crowding"]) == (0, 1, 1, 0)


def test_what_is_doubtful_counts_neither_way(owners: Owners) -> None:
    doubtful = [true("line_crossing", 10.0, 0, sure=False)]
    found = score("place", [passage(owners, 10.0)], doubtful, owners)["line_crossing"]
    assert summary(found) == (0, 0, 0, 1)
    assert (found.precision, found.recall) == (1.0, None)
    missed = score("place", [], doubtful, owners)["line_crossing"]
    assert (missed.precision, missed.recall) == (None, None)


def test_a_kind_that_nobody_asked_for_is_a_false_alarm(owners: Owners) -> None:
    assert summary(score("place", [violation(owners, 10.0)], [], owners)["speeding"]) == (0, 0, 1, 0)


def test_counts_are_compared_by_direction(owners: Owners) -> None:
    events = [passage(owners, 10.0), passage(owners, 20.0, direction="out")]
    ways = [true("line_crossing", 10.0, 0), true("line_crossing", 20.0, 0)]
    one = score("place", events, ways, owners)["line_crossing"]
    assert one.count_error == 1.0, "one too few in, one too many out, of two"


def test_scores_of_two_cameras_add_up(owners: Owners) -> None:
    whole = Score()
    for camera in ("one", "two"):
        whole.add(score(camera, [passage(owners, 10.0)], [true("line_crossing", 10.0, 0)], owners)["line_crossing"])
    assert summary(whole) == (2, 0, 0, 0)
    assert whole.count_error == 0
    assert Score().count_error is None
