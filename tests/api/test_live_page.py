"""The page plays a camera's own video in a real browser, and shows pictures where it can't."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.api.browser import looked_at, needs_page
from tests.api.served import Served, serving
from tests.conftest import RtspCamera, wait_until
from tests.streams.clips import plain, street, write_clip

pytestmark = needs_page

SITE = """
version: 1
site: {{id: test, name: "IOC thử", timezone: Asia/Ho_Chi_Minh}}
cameras:
  - {{id: road, name: "Đường 30 tháng 4", source: {{kind: rtsp, url: "{road}"}}}}
  - {{id: hevc, name: "Cổng", source: {{kind: rtsp, url: "{hevc}"}}}}
  - id: street
    name: "Chợ nổi"
    source: {{kind: synthetic, size: [320, 180], fps: 10}}
    detector: {{kind: simulated}}
"""
ROAD_SIZE = (640, 360)
RED = (0, 0, 220)
SHOWN_S = 30_000

# What a video shows just now: mean of red, green and blue.
COLOUR = """video => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 8;
    const context = canvas.getContext("2d");
    context.drawImage(video, 0, 0, 8, 8);
    const pixels = context.getImageData(0, 0, 8, 8).data;
    return [0, 1, 2].map((part) => pixels.filter((_, n) => n % 4 === part).reduce((a, b) => a + b) / 64);
}"""
BEHIND = "video => video.buffered.end(video.buffered.length - 1) - video.currentTime"


@pytest.fixture(name="camera", scope="module")
def fixture_camera(gstreamer: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RtspCamera]:
    folder = tmp_path_factory.mktemp("clips")
    road = write_clip(folder / "road.mp4", plain(50, RED, ROAD_SIZE))
    hevc = write_clip(folder / "hevc.mp4", street(50), codec="libx265")
    camera = RtspCamera({"road": road, "hevc": hevc})
    camera.start()
    yield camera
    camera.kill()


@pytest.fixture(name="served", scope="module")
def fixture_served(camera: RtspCamera, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    site = folder / "site.yaml"
    site.write_text(SITE.format(road=camera.url("road"), hevc=camera.url("hevc")))
    with serving(folder, "serve", "--site", site) as served:
        served.until(lambda: all(one["state"] == "live" for one in cameras(served)), 60, "all cameras are live")
        yield served


def cameras(served: Served) -> list[dict[str, object]]:
    items: list[dict[str, object]] = served.get("/api/v1/cameras")["items"]
    return items


@pytest.fixture(name="page")
def fixture_page(served: Served) -> Iterator[Page]:
    with looked_at() as page:
        yield page


def way(page: Page, is_now: str) -> None:
    expect(page.get_by_test_id("way")).to_have_attribute("data-way", is_now, timeout=SHOWN_S)


def place(page: Page) -> float:
    return float(page.get_by_test_id("camera-video").evaluate("video => video.currentTime"))


def drawn(page: Page) -> int:
    return int(page.get_by_test_id("camera-picture").get_attribute("data-drawn") or 0)


def test_the_cameras_own_video_plays_near_its_newest_picture(served: Served, page: Page) -> None:
    page.goto(f"{served.url}/live/road")
    way(page, "shown")
    video = page.get_by_test_id("camera-video")
    expect(video).to_be_visible()
    expect(page.get_by_test_id("way")).to_contain_text("H.264")
    expect(page.get_by_test_id("camera-picture")).to_be_hidden()
    assert video.evaluate("video => [video.videoWidth, video.videoHeight]") == list(ROAD_SIZE)
    red, green, blue = video.evaluate(COLOUR)
    assert red > 150
    assert max(green, blue) < 60
    before, seen = place(page), drawn(page)
    page.wait_for_function(
        "before => document.querySelector('video').currentTime > before + 3", arg=before, timeout=SHOWN_S
    )
    assert drawn(page) == seen, "no single pictures are fetched beside it"
    page.wait_for_function(f"() => ({BEHIND})(document.querySelector('video')) < 1", timeout=SHOWN_S)


def test_boxes_are_chosen_and_remembered(served: Served, page: Page) -> None:
    page.goto(f"{served.url}/live/road")
    way(page, "shown")
    page.get_by_role("button", name="Có khung nhận diện").click()
    way(page, "boxes")
    expect(page.get_by_test_id("camera-video")).to_have_count(0)
    wait_until(lambda: drawn(page) >= 2, 30, "pictures are drawn")
    page.reload()
    way(page, "boxes")
    page.get_by_role("button", name="Video gốc").click()
    way(page, "shown")


def test_h265_falls_back_to_pictures_where_the_browser_can_not_play_it(served: Served, page: Page) -> None:
    page.goto(f"{served.url}/live/hevc")
    plays = page.evaluate("MediaSource.isTypeSupported('video/mp4; codecs=\"hvc1.1.6.L93.B0\"')")
    if plays:
        way(page, "shown")
        return
    way(page, "none")
    expect(page.get_by_test_id("way")).to_contain_text("(H.265)")
    wait_until(lambda: drawn(page) >= 2, 30, "pictures are drawn")
    expect(page.get_by_test_id("camera-picture")).to_be_visible()


def test_a_source_without_video_falls_back_to_pictures(served: Served, page: Page) -> None:
    page.goto(f"{served.url}/live/street")
    way(page, "none")
    expect(page.get_by_test_id("way")).to_contain_text("không có video gốc")
    wait_until(lambda: drawn(page) >= 2, 30, "pictures are drawn")
    page.get_by_role("button", name="EN").click()
    expect(page.get_by_test_id("way")).to_contain_text("no video to pass on")


def test_a_camera_that_dies_keeps_its_last_picture_and_plays_again(
    served: Served, page: Page, camera: RtspCamera
) -> None:
    page.goto(f"{served.url}/live/road")
    way(page, "shown")
    camera.kill()
    try:
        fault = page.locator(".picture-fault")
        expect(fault).to_be_visible(timeout=SHOWN_S)
        assert page.locator(".picture").get_attribute("data-dim") is not None, "the last picture is there, dimmed"
    finally:
        camera.start()
    expect(fault).to_be_hidden(timeout=SHOWN_S)
    way(page, "shown")
    before = place(page)
    page.wait_for_function(
        "before => document.querySelector('video').currentTime > before + 1", arg=before, timeout=SHOWN_S
    )
