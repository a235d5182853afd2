"""The browser that tests look with."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import ConsoleMessage, Page, ViewportSize, sync_playwright

BUILT = Path(__file__).parents[2] / "api/dashboard/dist/index.html"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
needs_page = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: install Debian's package chromium"),
    pytest.mark.skipif(not BUILT.exists(), reason="the page is not built: ./do setup"),
]


TELEPHONE: ViewportSize = {"width": 390, "height": 844}
CUT_OFF = """() => [...document.querySelectorAll("body *")].filter((part) => {
    const { width, right } = part.getBoundingClientRect();
    return width > 0 && right > innerWidth + 1 && !part.closest(".table-scroll, .hidden-words, .raw pre");
}).map((part) => `${part.tagName} ${part.className}`)"""


def assert_no_sideways_scrolling(page: Page) -> None:
    """Nothing of the page is wider than its window, or cut off by its edge."""
    assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") == 0
    assert page.evaluate(CUT_OFF) == []


@contextmanager
def looked_at(refused: str = "") -> Iterator[Page]:
    """An empty page of the size of a laptop; in the end nothing may have been wrong in it.

    Args:
        refused: End of the addresses that the server may refuse: browsers tell every such answer as an error.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page(viewport={"width": 1366, "height": 768}, locale="vi-VN")
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(error.message))

        def note(message: ConsoleMessage) -> None:
            expected = refused and message.location["url"].endswith(refused)
            if message.type == "error" and not expected:
                faults.append(message.text)

        page.on("console", note)
        yield page
        browser.close()
    assert faults == []
