"""The page in a browser: it draws, hovers, clicks through, asks for nothing from a network, and fits a phone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from spacelang.page import write_page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PICTURES = os.environ.get("SPACELANG_PICTURES")
"""Where to put pictures of the page, for a person to look at."""
PLOTS = ("plot-evolution", "plot-stage1", "plot-stage2", "plot-stage3", "plot-int8", "plot-latency", "plot-front")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")]


@pytest.fixture(scope="module")
def file(folder: Path, baseline: Path) -> Path:
    output = folder / "report.html"
    write_page(folder, output, [baseline])
    return output


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


class Opened:
    """A page that is open. wrong: what it said on its console, and what it asked for but itself."""

    def __init__(self, browser: Browser, file: Path, scheme: str, width: int) -> None:
        self.wrong: list[str] = []
        context = browser.new_context(
            color_scheme=scheme,  # type: ignore[arg-type]
            viewport={"width": width, "height": 900},
        )
        self.page: Page = context.new_page()
        self.page.on("console", lambda each: self.wrong.append(each.text))
        self.page.on("pageerror", lambda each: self.wrong.append(str(each)))
        self.page.on("request", lambda each: self._asked(each.url, file))
        self.page.goto(file.as_uri())
        self.page.wait_for_selector("body[data-drawn]")

    def _asked(self, url: str, file: Path) -> None:
        if url.partition("#")[0] != file.as_uri() and not url.startswith("data:"):
            self.wrong.append(f"asked for {url}")

    def picture(self, name: str) -> None:
        if PICTURES:
            self.page.screenshot(path=str(Path(PICTURES, f"{name}.png")), full_page=True)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1100), ("dark", 1100), ("light", 390)])
def test_all_plots_have_marks_and_nothing_is_wrong(browser: Browser, file: Path, scheme: str, width: int) -> None:
    opened = Opened(browser, file, scheme, width)
    for plot in PLOTS:
        marks = opened.page.locator(f"#{plot} svg .mark-symbol path, #{plot} svg .mark-rect path")
        assert marks.count() >= 6, plot
    wider = opened.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider == 0, "the page scrolls sideways"
    opened.picture(f"{scheme}-{width}")
    assert opened.wrong == []


def test_hovering_shows_what_is_under_it(browser: Browser, file: Path) -> None:
    page = Opened(browser, file, "light", 1100).page
    page.locator("#plot-front svg .mark-symbol path").first.hover()
    tip = page.locator("#vg-tooltip-element")
    tip.wait_for(state="visible")
    shown = tip.inner_text()
    assert ".onnx" in shown or ".tflite" in shown
    assert "top-1" in shown


def test_a_click_goes_to_the_model_with_its_layers_and_files(browser: Browser, file: Path) -> None:
    opened = Opened(browser, file, "light", 1100)
    model = opened.page.locator("details.model").last
    assert not opened.page.locator("details.model[open]").count()
    marks = opened.page.locator("#plot-front svg .mark-symbol.role-mark path")
    for at in range(marks.count()):
        marks.nth(at).click(force=True)
        if opened.page.locator("details.model[open]").count():
            break
    shown = opened.page.locator("details.model[open]")
    assert shown.count() == 1
    assert "stage3.0" in shown.inner_text()
    link = shown.locator("a").first.get_attribute("href")
    assert link is not None
    assert (file.parent / link).exists()
    assert model.count() == 1
    assert opened.wrong == []


def test_the_theme_may_change_while_it_is_open(browser: Browser, file: Path) -> None:
    opened = Opened(browser, file, "light", 1100)
    opened.page.emulate_media(color_scheme="dark")
    opened.page.wait_for_selector("body[data-drawn=dark]")
    assert opened.page.locator("#plot-front svg").count() == 1
    assert opened.wrong == []


def test_it_prints(browser: Browser, file: Path, tmp_path: Path) -> None:
    opened = Opened(browser, file, "dark", 1100)
    printed = opened.page.pdf()
    assert printed.startswith(b"%PDF")
    assert printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") >= 2 or len(printed) > 50_000
