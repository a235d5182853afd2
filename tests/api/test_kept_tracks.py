"""Kept tracks: a second replay that need not track again gives the very same events."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from api.kept_tracks import place_of, tracked
from api.outputs import Outputs
from api.run import DONE, FAILED, replay
from models.detections import Label
from models.observation import Health
from models.recording import RecordingWriter
from tests.vision.story import Story, Thing, drives, lights, stands
from vision.site import Site, parse_site

RULES = [
    {"kind": "line_crossing", "id": "count", "line": "main"},
    {"kind": "loitering", "id": "yard", "zone": "yard", "after_s": 5},
    {"kind": "abandoned_object", "id": "bag", "zone": "yard", "after_s": 3, "alone_s": 2},
]


def site(**more: Any) -> Site:
    return parse_site(
        {
            "version": 1,
            "cameras": [
                {
                    "id": "cam",
                    "source": {"kind": "synthetic"},
                    "lines": {"main": {"from": [0.0, 0.5], "to": [1.0, 0.5]}},
                    "zones": {"yard": {"polygon": [[0.4, 0.4], [0.6, 0.4], [0.6, 0.6], [0.4, 0.6]]}},
                    "signals": {"near": {"kind": "feed"}},
                    "rules": RULES,
                }
                | more
            ],
        }
    )


def health(time_s: float) -> Health:
    return "camera_dark" if 60 <= time_s < 65 else "valid"


STORY = Story(
    [
        *(
            drives(Label.CAR, (start, 300, 900), (start + 5, 300, 100), jitter=2, seed=start)
            for start in range(0, 118, 3)
        ),
        stands(Label.PERSON, 500, 500, 20, 50, jitter=1),
    ],
    seconds=120,
    fps=10,
    signals=lights((0, "red"), (30, "green")),
    health=health,
    things=[Thing(450, 500, 70, 90)],
)
"""1201 pictures: more than are kept in one piece."""


@pytest.fixture(name="recording", scope="module")
def fixture_recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recording") / "day.jsonl.gz"
    with RecordingWriter(path) as writer:
        for index, observation in enumerate(STORY.observations()):
            writer.write(index, observation)
    return path


@pytest.fixture(name="mine")
def fixture_mine(recording: Path, tmp_path: Path) -> Path:
    """A copy of the recording, beside which nothing is kept yet."""
    copy = tmp_path / recording.name
    copy.write_bytes(recording.read_bytes())
    return copy


def events(recording: Path, keep: bool = False, start: datetime | None = None, **more: Any) -> bytes:
    """What a replay writes, events and tracks."""
    outputs = Outputs(recording.parent / "events", recording.parent / "mot", aside=True)
    assert replay(site(**more), recording, outputs, start, keep_tracks=keep).code == DONE
    assert outputs.failure is None
    return (recording.parent / "events").read_bytes() + (recording.parent / "mot").read_bytes()


def is_used(recording: Path, **more: Any) -> bool:
    """Whether a replay would use the tracks that are kept: then no detections are read."""
    [camera] = site(**more).cameras
    with tracked(site(**more), camera, recording, None, keep=False) as (_, pictures):
        return not any(len(one.observation.detections) for one in pictures)


def test_the_next_replay_gives_the_same_events_byte_for_byte(mine: Path) -> None:
    plain = events(mine)
    assert not place_of(mine).exists(), "nothing is kept unless it was asked for"
    assert plain.count(b'"line_crossing"') > 30
    assert b'"loitering"' in plain
    assert b'"abandoned_object"' in plain
    assert b'"camera_dark"' in plain
    assert events(mine, keep=True) == plain
    assert is_used(mine)
    assert events(mine) == plain
    assert sorted(path.name for path in mine.parent.iterdir()) == [
        "day.jsonl.gz",
        "day.jsonl.gz.tracks",
        "events",
        "mot",
    ]


def test_other_rules_go_on_with_them_and_give_what_they_give_without(mine: Path) -> None:
    rules = [{"kind": "loitering", "id": "yard", "zone": "yard", "after_s": 15}]
    plain = events(mine, rules=rules, zones={"yard": {"polygon": [[0.3, 0.4], [0.6, 0.4], [0.6, 0.7]]}})
    events(mine, keep=True)
    assert is_used(mine, rules=rules)
    assert events(mine, rules=rules, zones={"yard": {"polygon": [[0.3, 0.4], [0.6, 0.4], [0.6, 0.7]]}}) == plain


def test_the_recording_can_be_moved_to_another_time_of_day(mine: Path) -> None:
    start = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    plain = events(mine, start=start)
    assert plain != events(mine, keep=True)
    assert events(mine, start=start) == plain
    place_of(mine).unlink()
    assert events(mine, keep=True, start=start) == plain
    assert events(mine) != plain


def test_every_figure_of_an_instant_comes_back_exactly(mine: Path) -> None:
    one = site()
    [camera] = one.cameras
    with tracked(one, camera, mine, None, keep=True) as (tracker, pictures):
        fresh = [(frame, seen, tracker.step(seen.detections, seen.time_s)) for frame, seen in pictures]
    with tracked(one, camera, mine, None, keep=False) as (tracker, pictures):
        kept = [(frame, seen, tracker.step(seen.detections, seen.time_s)) for frame, seen in pictures]
    assert len(fresh) == len(kept) == 1201
    for (frame, seen, tracks), (again, known, recalled) in zip(fresh, kept, strict=True):
        assert frame == again
        for name in ("camera", "time_s", "captured_at", "size", "signals", "signals_since_s", "health"):
            assert getattr(seen, name) == getattr(known, name), name
        for name in ("static", "removed"):
            np.testing.assert_array_equal(getattr(seen, name), getattr(known, name))
        assert (tracks.camera, tracks.time_s, tracks.ended) == (recalled.camera, recalled.time_s, recalled.ended)
        for name in ("ids", "boxes", "seen", "labels", "scores", "velocities"):
            before, after = getattr(tracks, name), getattr(recalled, name)
            assert before.dtype == after.dtype, name
            np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize(
    "more",
    [
        {"tracker": {"kind": "bytetrack"}},
        {"tracker": {"kind": "packtrack", "lost_s": 1.0}},
        {"detector": {"kind": "simulated", "confidence": 0.6}},
    ],
)
def test_those_of_another_tracker_are_none(mine: Path, more: dict[str, Any]) -> None:
    plain = events(mine, **more)
    events(mine, keep=True)
    assert not is_used(mine, **more)
    assert events(mine, **more) == plain
    assert events(mine, keep=True, **more) == plain
    assert is_used(mine, **more)
    assert not is_used(mine)


def flip(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize(
    "damage",
    [flip, lambda content: content[:-8], lambda content: content[:-100], lambda content: content + b"x", lambda _: b""],
    ids=["a bit", "no end", "cut", "more", "empty"],
)
def test_what_is_damaged_is_none_and_made_anew(mine: Path, damage: Callable[[bytes], bytes]) -> None:
    plain = events(mine, keep=True)
    whole = place_of(mine).read_bytes()
    place_of(mine).write_bytes(damage(whole))
    assert not is_used(mine)
    assert events(mine, keep=True) == plain
    assert place_of(mine).read_bytes() == whole


def test_those_of_another_recording_are_none(mine: Path) -> None:
    events(mine, keep=True)
    with RecordingWriter(mine) as writer:
        for index, observation in enumerate(Story(STORY.users, seconds=20, fps=5).observations()):
            writer.write(index, observation)
    assert not is_used(mine)


def test_a_recording_that_breaks_off_leaves_none(mine: Path) -> None:
    mine.write_bytes(mine.read_bytes()[:-2000])
    outputs = Outputs(mine.parent / "events", None, aside=True)
    assert replay(site(), mine, outputs, None, keep_tracks=True).code == FAILED
    assert sorted(path.name for path in mine.parent.iterdir()) == ["day.jsonl.gz", "events"]


def test_where_they_can_not_be_kept_the_replay_goes_on(mine: Path, caplog: pytest.LogCaptureFixture) -> None:
    plain = events(mine)
    part = mine.parent / "day.jsonl.gz.tracks.part"
    part.mkdir()
    assert events(mine, keep=True) == plain
    part.rmdir()
    place_of(mine).mkdir()
    assert events(mine, keep=True) == plain
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert all("day.jsonl.gz.tracks: tracks are not kept" in record.getMessage() for record in caplog.records)
    assert not part.exists()
