import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import av
import httpx
import pytest
from playwright.sync_api import sync_playwright

from api.clips import KEPT_S, LONGEST_S, Clips, span
from api.errors import ClipNotReady, NoClip
from api.recording_index import RecordingIndex
from streams.record import Record
from tests.api.browser import CHROMIUM, QUIET
from tests.api.stage import NOON, WAIT_S, Stage, incident, passage
from tests.conftest import wait_until
from tests.streams.footage import after, full_disk, recorded_on, shown
from vision.events import Event, EventBase, Measurement, Violation

LATER = after(NOON, 3600)
ROAD = Record(url="rtsp://127.0.0.1/main", pre_roll_s=2, post_roll_s=3)


@pytest.fixture(name="index")
def fixture_index(tmp_path: Path) -> Iterator[RecordingIndex]:
    with RecordingIndex.open(f"sqlite:///{tmp_path}/ngatu.db") as index:
        yield index


@pytest.fixture(name="clips")
def fixture_clips(index: RecordingIndex, tmp_path: Path) -> Clips:
    return Clips(index, tmp_path, {"road": ROAD})


def violation() -> Violation:
    fields = passage(10).model_dump(include=set(EventBase.model_fields))
    return Violation(**fields, fired_s=14.0)


def measurement() -> Measurement:
    fields = passage(60).model_dump(
        include={"id", "kind", "rule", "camera", "time_s", "at", "label", "track", "place", "score"}
    )
    return Measurement(**fields, began_s=0.0, ended_s=60.0, values={}, by_label={}, completeness=1.0)


@pytest.mark.parametrize(
    ("event", "begin_s", "end_s"),
    [
        (passage(10), 10, 10),
        (violation(), 10, 14),
        (incident(10), 9, 10),
        (incident(10, ended_s=25.0), 9, 25),
        (incident(10, ended_s=9000.0), 9, 9 + LONGEST_S),
        (measurement(), 0, 60),
    ],
)
def test_how_long_an_event_lasted(event: Event, begin_s: float, end_s: float) -> None:
    assert span(event) == (after(NOON, begin_s), after(NOON, end_s))


def test_a_clip_shows_before_and_after_as_the_site_file_wants_it(
    index: RecordingIndex, clips: Clips, tmp_path: Path, clip: Path
) -> None:
    index.add(recorded_on(tmp_path, clip, NOON, 5))
    found = clips.of(passage(10), LATER)
    assert (found.clip.began, found.clip.ended) == (after(NOON, 8), after(NOON, 13))
    assert found.clip.missing_s == 0
    assert len(shown(found.path)) == 125
    assert list(found.path.parent.iterdir()) == [found.path]


def test_a_clip_is_cut_once_and_kept_while_it_is_asked_for(
    index: RecordingIndex, clips: Clips, tmp_path: Path, clip: Path
) -> None:
    index.add(recorded_on(tmp_path, clip, NOON, 5))
    first = clips.of(passage(10), LATER)
    before = first.path.stat()
    os.utime(first.path, (time.time() - KEPT_S + 60, before.st_mtime))
    again = clips.of(passage(10), LATER)
    assert again == first
    assert (again.path.stat().st_ino, again.path.stat().st_mtime) == (before.st_ino, before.st_mtime)
    os.utime(first.path, (time.time() - KEPT_S - 60, before.st_mtime))
    other = clips.of(passage(12), LATER)
    assert list(other.path.parent.iterdir()) == [other.path]
    assert clips.of(passage(10), LATER).path == first.path


def test_a_clip_that_became_longer_is_another(index: RecordingIndex, clips: Clips, tmp_path: Path, clip: Path) -> None:
    segments = recorded_on(tmp_path, clip, NOON, 5)
    index.add(segments[:3])
    short = clips.of(passage(10), LATER)
    assert short.clip.ended == after(NOON, 12)
    assert short.clip.missing_s == pytest.approx(1 - 0.15)
    index.add(segments)
    assert clips.of(passage(10), LATER).clip.ended == after(NOON, 13)


@pytest.mark.parametrize("recorded", [0, 3])
def test_while_the_end_is_not_recorded_it_says_when_it_will_be(
    index: RecordingIndex, clips: Clips, tmp_path: Path, clip: Path, recorded: int
) -> None:
    index.add(recorded_on(tmp_path, clip, NOON, recorded))
    with pytest.raises(ClipNotReady, match=r"is recorded at 2026-11-24T05:00:33\.000Z; ask again in 19 s") as caught:
        clips.of(passage(10), after(NOON, 14.5))
    assert caught.value.at == after(NOON, 33)
    assert caught.value.wait_s == 18.5


@pytest.mark.parametrize("event", [passage(10), passage(10, camera="gate")])
def test_of_what_was_not_recorded_there_is_none(clips: Clips, event: Event) -> None:
    with pytest.raises(NoClip, match="nothing of camera"):
        clips.of(event, LATER)


def test_a_camera_that_is_not_recorded_keeps_nobody_waiting(clips: Clips) -> None:
    with pytest.raises(NoClip, match="nothing of camera 'gate' was recorded"):
        clips.of(passage(10, camera="gate"), after(NOON, 11))


def test_recordings_that_are_gone_from_the_disk(
    index: RecordingIndex, clips: Clips, tmp_path: Path, clip: Path
) -> None:
    segments = recorded_on(tmp_path, clip, NOON, 5)
    index.add(segments)
    for segment in segments:
        (tmp_path / segment.file).unlink()
    with pytest.raises(NoClip, match="can't be read, or are gone"):
        clips.of(passage(10), LATER)


def test_a_clip_is_written_whole_or_not_at_all(index: RecordingIndex, tmp_path: Path, clip: Path) -> None:
    index.add(recorded_on(tmp_path, clip, NOON, 5))
    out = tmp_path / "out" / "clip.mp4"
    out.parent.mkdir()
    window = after(NOON, 5), after(NOON, 15)
    with full_disk(5000), pytest.raises(OSError, match="File too large"):
        Clips(index, tmp_path, {}).write(passage(10), out, *window)
    assert list(out.parent.iterdir()) == []
    out.write_text("an older one")
    made = Clips(index, tmp_path, {}).write(passage(10), out, *window)
    assert (made.began, made.ended) == window
    assert len(shown(out)) == 250
    assert list(out.parent.iterdir()) == [out]


def test_the_end_is_waited_for_by_whoever_asks_the_index_alone(
    index: RecordingIndex, tmp_path: Path, clip: Path
) -> None:
    now = datetime.now(UTC)
    index.add(recorded_on(tmp_path, clip, after(now, -4), 1))
    event = passage(10).model_copy(update={"at": now})
    with pytest.raises(ClipNotReady):
        Clips(index, tmp_path, {}).write(event, tmp_path / "o.mp4", after(now, 1), after(now, 10))


# Over HTTP.


@pytest.fixture(name="recorded_stage")
def fixture_recorded_stage(stage: Stage, clip: Path) -> Stage:
    stage.index.add(recorded_on(stage.folder, clip, NOON, 5))
    stage.store.add([passage(10)])
    assert stage.store.flush(WAIT_S)
    return stage


def asked(stage: Stage, event: Event, **headers: str) -> httpx.Response:
    return stage.client.get(f"/api/v1/events/{event.id}/clip.mp4", headers=headers)


def test_a_clip_over_http(recorded_stage: Stage, tmp_path: Path) -> None:
    answer = asked(recorded_stage, passage(10))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["x-clip-from"] == "2026-11-24T05:00:08.000Z"
    assert answer.headers["x-clip-to"] == "2026-11-24T05:00:13.000Z"
    assert answer.headers["x-clip-missing-s"] == "0"
    assert answer.headers["x-clip-codec"] == "h264"
    assert answer.headers["content-disposition"] == f'inline; filename="road-{passage(10).id}.mp4"'
    path = tmp_path / "clip.mp4"
    path.write_bytes(answer.content)
    assert len(shown(path)) == 125
    with av.open(str(path)) as container:
        assert container.duration == 5_000_000
    head = recorded_stage.client.head(f"/api/v1/events/{passage(10).id}/clip.mp4")
    assert head.headers["content-length"] == str(len(answer.content))


def test_a_browser_may_ask_for_a_part(recorded_stage: Stage) -> None:
    whole = asked(recorded_stage, passage(10))
    part = asked(recorded_stage, passage(10), **{"Range": "bytes=100-199", "If-Range": whole.headers["etag"]})
    assert part.status_code == 206
    assert part.content == whole.content[100:200]
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole.content)}"


def test_a_clip_that_is_not_there_yet_is_a_problem_that_says_when(stage: Stage) -> None:
    event = passage(10).model_copy(update={"at": datetime.now(UTC)})
    stage.store.add([event])
    assert stage.store.flush(WAIT_S)
    answer = asked(stage, event)
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:ngatu:clip-not-ready"
    assert 15 <= int(answer.headers["retry-after"]) <= 24
    assert "ask again in" in answer.json()["detail"]


def test_a_clip_that_never_was_is_a_problem(stage: Stage) -> None:
    stage.store.add([passage(10), passage(10, camera="gate")])
    assert stage.store.flush(WAIT_S)
    for event in (passage(10), passage(10, camera="gate")):
        answer = asked(stage, event)
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:ngatu:no-clip")
        assert "`record:` block" in answer.json()["detail"]


def test_a_disk_without_room_for_a_clip_is_a_problem(recorded_stage: Stage) -> None:
    with full_disk(5000):
        answer = asked(recorded_stage, passage(10))
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:ngatu:clip-failed")
    assert "File too large" in answer.json()["detail"]
    assert asked(recorded_stage, passage(10)).status_code == 200


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: install Debian's package chromium")
def test_a_browser_plays_a_clip(recorded_stage: Stage) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page()
        page.goto(f"{recorded_stage.url}/api/v1/events/{passage(10).id}/clip.mp4")
        video = page.locator("video")
        wait_until(lambda: video.evaluate("video => video.currentTime") > 0.5, WAIT_S, "it plays")
        duration, width = video.evaluate("video => [video.duration, video.videoWidth]")
        browser.close()
    assert duration == pytest.approx(5, abs=0.1)
    assert width == 320
