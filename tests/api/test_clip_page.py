"""The page plays what was recorded of an event, and says why it can't, in a real browser over a real server."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.api.browser import BUILT, TELEPHONE, assert_no_sideways_scrolling, looked_at, needs_page
from tests.api.stage import NOON, WAIT_S, Stage, incident, passage, running
from tests.streams.footage import after, recorded_on
from vision.events import Event

pytestmark = needs_page

CLIP = "/clip.mp4"
WAIT_MS = WAIT_S * 1000
ASK = "Xem đoạn video"
HAS_PLAYED = "() => document.querySelector('[data-testid=clip]')?.currentTime > 1"


@pytest.fixture(name="stage")
def fixture_stage(tmp_path: Path) -> Iterator[Stage]:
    with running(tmp_path, dashboard=BUILT.parent) as stage:
        stage.show(0)
        yield stage


@pytest.fixture(name="page")
def fixture_page(stage: Stage) -> Iterator[Page]:
    with looked_at(refused=CLIP) as page:
        yield page


def opened(stage: Stage, page: Page, event: Event) -> Locator:
    """The details of an event."""
    stage.store.add([event])
    assert stage.store.flush(WAIT_S)
    page.goto(f"{stage.url}/events?event={event.id}")
    detail = page.get_by_test_id("event-detail")
    expect(detail).to_be_visible(timeout=WAIT_MS)
    return detail


def asked(page: Page) -> Locator:
    """Asks for the clip; what the page says of it."""
    page.get_by_role("button", name=ASK).click()
    return page.get_by_test_id("clip-line")


def downloaded(page: Page) -> str:
    with page.expect_download() as download:
        page.get_by_role("link", name="Tải đoạn video").click()
    assert download.value.path().stat().st_size > 1000
    return str(download.value.suggested_filename)


def test_a_clip_plays_when_it_is_asked_for_and_is_not_fetched_before(stage: Stage, page: Page, clip: Path) -> None:
    stage.index.add(recorded_on(stage.folder, clip, NOON, 5))
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url) if request.url.endswith(CLIP) else None)
    detail = opened(stage, page, passage(10))
    expect(detail.get_by_test_id("camera-picture")).to_be_visible()
    assert fetched == []
    line = asked(page)
    page.wait_for_function(HAS_PLAYED, timeout=WAIT_MS)
    video = page.get_by_test_id("clip")
    assert video.evaluate("video => [video.videoWidth, video.videoHeight]") == [320, 180]
    assert video.evaluate("video => video.duration") == pytest.approx(5, abs=0.1)
    expect(line).to_contain_text("từ 12:00:08 đến 12:00:13")
    expect(detail.get_by_test_id("camera-picture")).to_have_count(0)
    assert downloaded(page) == f"road-{passage(10).id}.mp4"
    page.set_viewport_size(TELEPHONE)
    expect(video).to_be_in_viewport(ratio=1)
    assert_no_sideways_scrolling(page)


def test_a_clip_that_is_still_being_recorded_opens_when_it_is_whole(stage: Stage, page: Page, clip: Path) -> None:
    at = after(datetime.now(UTC), -8)
    opened(stage, page, passage(10).model_copy(update={"at": at}))
    line = asked(page)
    expect(line).to_contain_text("còn đang ghi", timeout=WAIT_MS)
    stage.index.add(recorded_on(stage.folder, clip, after(at, -4), 2))
    page.wait_for_function(HAS_PLAYED, timeout=WAIT_MS)


def test_a_clip_that_is_kept_no_longer_says_so(stage: Stage, page: Page) -> None:
    opened(stage, page, passage(10))
    line = asked(page)
    expect(line).to_contain_text("hết thời hạn lưu", timeout=WAIT_MS)
    page.get_by_role("button", name="EN").click()
    expect(line).to_contain_text("There is no clip")


def test_a_codec_that_the_browser_does_not_play_is_downloaded(stage: Stage, page: Page, hevc_clip: Path) -> None:
    stage.index.add(recorded_on(stage.folder, hevc_clip, NOON, 10))
    opened(stage, page, passage(10))
    line = asked(page)
    if page.evaluate("document.createElement('video').canPlayType('video/mp4; codecs=\"hvc1.1.6.L93.B0\"')"):
        page.wait_for_function(HAS_PLAYED, timeout=WAIT_MS)
        return
    expect(line).to_contain_text("không phát được video H.265", timeout=WAIT_MS)
    expect(page.get_by_test_id("clip")).to_have_count(0)
    assert downloaded(page) == f"road-{passage(10).id}.mp4"


def test_a_camera_that_is_not_recorded_offers_none(stage: Stage, page: Page) -> None:
    opened(stage, page, passage(10, camera="gate"))
    expect(page.get_by_role("button", name=ASK)).to_have_count(0)


def test_the_details_call_things_by_their_names(stage: Stage, page: Page) -> None:
    detail = opened(stage, page, passage(10))
    line = detail.locator("dd").filter(has_text="Vạch đếm")
    expect(line).to_have_attribute("title", "main")
    expect(detail.locator("dd").filter(has_text="Cầu vượt")).to_have_attribute("title", "road")
    # The zone of the rule that found it has no name: its id is all there is.
    detail = opened(stage, page, incident(20))
    zone = detail.locator("dd").filter(has_text="yard")
    expect(zone).to_be_visible()
    assert zone.get_attribute("title") is None
