"""The page in a real browser, over the demo: pictures change, and events arrive."""

import hashlib
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.api.browser import TELEPHONE, assert_no_sideways_scrolling, looked_at, needs_page
from tests.api.served import Served, serving

pytestmark = needs_page


@pytest.fixture(name="served", scope="module")
def fixture_served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("demo"), "demo") as served:
        served.until(served.events, 30, "the first event")
        yield served


@pytest.fixture(name="page")
def fixture_page(served: Served) -> Iterator[Page]:
    with looked_at() as page:
        page.goto(served.url)
        yield page


def picture(page: Page) -> str:
    return hashlib.sha256(page.get_by_test_id("camera-picture").first.screenshot()).hexdigest()


def test_a_picture_changes(page: Page) -> None:
    expect(page.get_by_test_id("camera-picture")).to_have_count(2)
    seen = {picture(page)}
    for _ in range(40):
        page.wait_for_timeout(250)
        seen.add(picture(page))
        if len(seen) >= 3:
            break
    assert len(seen) >= 3, "the picture of a street that lives changes"


def test_an_event_arrives_without_a_reload(page: Page) -> None:
    rows = page.get_by_test_id("event-row")
    expect(rows.first).to_be_visible(timeout=15_000)
    newest = rows.first.inner_text()
    expect(rows.first).not_to_have_text(newest, use_inner_text=True, timeout=20_000)


def test_only_kinds_that_there_are_can_be_chosen(page: Page) -> None:
    kinds = page.get_by_label("Loại").locator("optgroup > option")
    for there_is in ("Qua vạch đếm", "Xâm nhập vùng cấm", "Lảng vảng"):
        expect(kinds.filter(has_text=there_is)).to_have_count(1)
    expect(kinds.filter(has_text="Vượt đèn đỏ")).to_have_count(0)
    families = page.get_by_label("Nhóm").locator("option")
    expect(families.filter(has_text="Lượt qua")).to_have_count(1)
    expect(families.filter(has_text="Vi phạm")).to_have_count(0)


@pytest.mark.parametrize("path", ["/live", "/live/cho-noi", "/events", "/system"])
def test_a_telephone_shows_every_room_without_scrolling_sideways(served: Served, page: Page, path: str) -> None:
    page.set_viewport_size(TELEPHONE)
    page.goto(f"{served.url}{path}")
    expect(page.get_by_role("navigation")).to_be_visible()
    if path != "/system":
        rows = page.get_by_test_id("event-row")
        expect(rows.first).to_be_visible(timeout=15_000)
        rows.first.click()
        expect(page.get_by_test_id("event-detail")).to_be_in_viewport(ratio=1)
    else:
        expect(page.get_by_role("row")).to_have_count(3)
    assert_no_sideways_scrolling(page)


def test_it_says_in_vietnamese_that_it_is_a_simulation(page: Page) -> None:
    expect(page.locator("html")).to_have_attribute("lang", "vi")
    expect(page.get_by_text("mô phỏng", exact=False).first).to_be_visible()
