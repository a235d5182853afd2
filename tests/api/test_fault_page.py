"""The page says what is wrong with cameras and what is done about it; one fault of many is told once."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from streams.health import WorkerHealth, WorkerState
from tests.api.browser import BUILT, TELEPHONE, assert_no_sideways_scrolling, looked_at, needs_page
from tests.api.served import Served, serving
from tests.api.stage import WAIT_S, Stage, running
from tests.conftest import RtspCamera

pytestmark = needs_page

WAIT_MS = WAIT_S * 1000
BEHIND_THE_SWITCH = ("Cầu bắc", "Cầu nam", "Cổng chợ")
SITE = """
version: 1
site: {{id: test, name: "IOC thử", timezone: Asia/Ho_Chi_Minh}}
cameras:
  - {{id: north, name: "Cầu bắc", source: {{kind: rtsp, url: "{switch}"}}}}
  - {{id: south, name: "Cầu nam", source: {{kind: rtsp, url: "{switch}"}}}}
  - {{id: gate, name: "Cổng chợ", source: {{kind: rtsp, url: "{switch}"}}}}
  - {{id: alone, name: "Bến xe", source: {{kind: rtsp, url: "{alone}"}}}}
"""


# Real cameras: three behind one switch, and one on its own.


@pytest.fixture(name="switch", scope="module")
def fixture_switch(gstreamer: None, clip: Path) -> Iterator[RtspCamera]:
    camera = RtspCamera({"road": clip})
    camera.start()
    yield camera
    camera.kill()


@pytest.fixture(name="served", scope="module")
def fixture_served(switch: RtspCamera, clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    alone = RtspCamera({"road": clip})
    alone.start()
    try:
        site = folder / "site.yaml"
        site.write_text(SITE.format(switch=switch.url(), alone=alone.url()))
        with serving(folder, "serve", "--site", site) as served:
            served.until(lambda: states(served) == {"live"}, 60, "all cameras are live")
            yield served
    finally:
        alone.kill()


@pytest.fixture(name="page")
def fixture_page() -> Iterator[Page]:
    with looked_at() as page:
        yield page


def states(served: Served) -> set[str]:
    return {camera["state"] for camera in served.get("/api/v1/cameras")["items"]}


def test_cameras_that_are_lost_together_are_one_alarm_while_it_lasts(
    served: Served, switch: RtspCamera, page: Page
) -> None:
    page.goto(f"{served.url}/live")
    expect(page.get_by_test_id("camera-picture")).to_have_count(4)
    alarm = page.get_by_test_id("common-fault")
    expect(alarm).to_have_count(0)
    switch.kill()
    try:
        expect(alarm).to_be_visible(timeout=WAIT_MS)
        expect(alarm.get_by_role("alert")).to_contain_text("3/4 camera cùng mất tín hiệu từ")
        for name in BEHIND_THE_SWITCH:
            expect(alarm.get_by_role("link", name=name)).to_be_visible()
        expect(alarm.get_by_role("link", name="Bến xe")).to_have_count(0)
        faults = page.get_by_test_id("picture-fault")
        expect(faults).to_have_count(3)
        assert {fault.get_attribute("data-tone") for fault in faults.all()} == {"calm"}
        rows = page.get_by_test_id("event-row").filter(has_text="Mất cùng các camera khác")
        expect(rows).to_have_count(3, timeout=WAIT_MS)
        expect(rows.first.get_by_role("img")).to_have_attribute("data-tone", "calm")
        page.get_by_role("button", name="EN").click()
        expect(alarm).to_contain_text("3 of 4 cameras were lost together at")
        page.set_viewport_size(TELEPHONE)
        expect(alarm.get_by_role("alert")).to_be_in_viewport(ratio=1)
        assert_no_sideways_scrolling(page)
    finally:
        switch.start()
    expect(alarm).to_have_count(0, timeout=2 * WAIT_MS)
    served.until(lambda: states(served) == {"live"}, 60, "all cameras are back")


def test_a_worker_that_was_killed_and_started_again_is_told(served: Served, page: Page) -> None:
    page.goto(f"{served.url}/system")
    row = page.get_by_role("row").filter(has_text="Bến xe")
    worker = row.get_by_test_id("worker-state")
    expect(worker).to_have_attribute("data-state", "running", timeout=WAIT_MS)
    process = served.camera("alone")["worker"]["process"]
    expect(row).to_contain_text(f"tiến trình {process}", timeout=WAIT_MS)
    os.kill(process, signal.SIGKILL)
    expect(row).to_contain_text("đã khởi động lại 1 lần", timeout=WAIT_MS)
    expect(worker).to_have_attribute("data-state", "running", timeout=WAIT_MS)
    expect(row).not_to_contain_text(f"tiến trình {process}", timeout=WAIT_MS)


# What can't be had at will: the health of these cameras is said by the test.


@pytest.fixture(name="stage")
def fixture_stage(tmp_path: Path) -> Iterator[Stage]:
    with running(tmp_path, dashboard=BUILT.parent) as stage:
        stage.show(0)
        yield stage


def test_what_is_done_about_a_camera_is_said_in_words(stage: Stage, page: Page) -> None:
    page.goto(f"{stage.url}/live")
    said: list[tuple[WorkerState, str, str]] = [
        ("stuck", "không phản hồi; sắp được thay", "does not respond and will be replaced"),
        ("restarting", "Đang khởi động lại phần đọc hình", "is being started again"),
        ("failed", "khởi động lại Ngã Tư", "restart Ngã Tư"),
        ("waiting", "thử lại sau", "trying again in"),
    ]
    road = page.locator(".tile").filter(has_text="Cầu vượt").get_by_test_id("picture-fault")
    for state, vietnamese, english in said:
        worker = WorkerHealth(home="process", state=state, restarts=1, process=4711, memory_mb=96.4)
        stage.cameras.become("road", "lost", "no picture for 12 s", worker=worker)
        expect(road).to_contain_text(vietnamese, timeout=WAIT_MS)
        expect(road).to_contain_text("Mất tín hiệu")
        expect(road).to_contain_text("từ")
        page.get_by_role("button", name="EN").click()
        expect(road).to_contain_text(english, timeout=WAIT_MS)
        expect(road).to_contain_text("since")
        page.get_by_role("button", name="VI").click()
    stage.cameras.become("road", "live", worker=WorkerHealth(home="process", state="running", process=4711))
    expect(road).to_have_count(0, timeout=WAIT_MS)


@pytest.mark.parametrize(
    ("state", "tone"), [("running", "calm"), ("stuck", "warning"), ("restarting", "warning"), ("failed", "critical")]
)
def test_the_system_room_tells_who_reads_a_camera(stage: Stage, page: Page, state: WorkerState, tone: str) -> None:
    worker = WorkerHealth(home="process", state=state, restarts=2, process=4711, memory_mb=96.4)
    stage.cameras.become("road", "live" if state == "running" else "stalled", worker=worker)
    page.goto(f"{stage.url}/system")
    row = page.get_by_role("row").filter(has_text="Cầu vượt")
    expect(row.get_by_test_id("worker-state")).to_have_attribute("data-tone", tone)
    expect(row).to_contain_text("tiến trình 4711 · 96 MB")
    expect(row).to_contain_text("đã khởi động lại 2 lần")
