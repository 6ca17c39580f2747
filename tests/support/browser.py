"""A person at a browser: Debian's chromium, one context per person, each page looked at as it appears."""

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pypdfium2
import zxingcpp
from playwright.sync_api import Browser, Page, Request, sync_playwright

from tests.support.required import missing

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
PATIENCE_S = 120.0
UNLABELLED = """
() => [...document.querySelectorAll('main input, main select, main textarea')]
  .filter(one => one.type !== 'hidden' && !one.labels?.length && !one.ariaLabel)
  .map(one => one.outerHTML)
"""
WIDER_THAN_SCREEN = """
() => [...document.querySelectorAll('body *')]
  .filter(one => one.getBoundingClientRect().right > innerWidth + 1).map(one => one.outerHTML.slice(0, 120))
"""
REPEATED_IDS = """
() => { const ids = [...document.querySelectorAll('[id]')].map(one => one.id);
        return ids.filter((id, place) => ids.indexOf(id) !== place) }
"""


def require_chromium() -> None:
    """Skip the test where chromium is missing, unless SONGBAN_REQUIRE insists on it."""
    if CHROMIUM is None:
        missing("chromium", "not installed")


@contextmanager
def chromium() -> Iterator[Browser]:
    """The machine's own chromium; nothing is downloaded."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Person:
    """Somebody signed in, in a browser of their own. `look` holds each page to what every page must keep."""

    def __init__(self, browser: Browser, site: str, username: str, password: str) -> None:
        self.site, self.username = site, username
        self.context = browser.new_context(base_url=site, locale="vi-VN", viewport=DESK)
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(60_000)
        self.errors: list[str] = []
        self.strangers: list[str] = []
        self.page.on("console", lambda message: self._heard(message.type, message.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._asked)
        self._sign_in(password)

    def _heard(self, kind: str, text: str) -> None:
        if kind == "error":
            self.errors.append(text)

    def _asked(self, request: Request) -> None:
        if urlsplit(request.url).scheme not in ("data", "blob") and not request.url.startswith(self.site):
            self.strangers.append(request.url)

    def _sign_in(self, password: str) -> None:
        self.page.goto("/login")
        self.look("login")
        self.fill("Tên đăng nhập", self.username)
        self.fill("Mật khẩu", password)
        self.press("Đăng nhập")
        self.page.get_by_role("heading", level=1, name="Xin chào").wait_for()
        self.look(f"home-{self.username}")

    def fill(self, label: str, value: str) -> None:
        self.page.get_by_label(label, exact=True).fill(value)

    def choose(self, label: str, option: str) -> None:
        """An option of a select, or a radio's or checkbox's label."""
        field = self.page.get_by_label(label, exact=True)
        field.select_option(label=option)

    def tick(self, legend: str, label: str) -> None:
        self.page.get_by_role("group", name=legend).get_by_label(label, exact=True).check()

    def press(self, button: str) -> None:
        self.page.get_by_role("button", name=button).click()

    def open(self, path: str, name: str) -> None:
        self.page.goto(path)
        self.look(name)

    def text(self) -> str:
        return self.page.locator("main").inner_text()

    def number(self, identifier: str) -> int:
        """A number of the funnel; -1 where it is missing."""
        found = self.page.locator(f"#{identifier}")
        shown = found.inner_text() if found.count() else ""
        return int(shown.replace(".", "")) if re.fullmatch(r"[\d.]+", shown) else -1

    def reload_until(self, what: str, reached: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
        """Load the page again until `reached`; fails, naming `what`, when it is not in time."""
        deadline = time.monotonic() + seconds
        while not reached():
            assert time.monotonic() < deadline, f"after {seconds:.0f} s still not so: {what}\n{self.text()}"
            self.page.wait_for_timeout(250)
            self.page.reload()

    def look(self, name: str) -> None:
        """One title, a language, labels, no repeated id, nothing wider than a phone; a picture if wanted."""
        page = self.page
        page.wait_for_load_state("load")
        assert page.locator("h1").count() == 1, f"{name}: {page.locator('h1').all_inner_texts()}"
        assert page.locator("html").get_attribute("lang") in ("vi", "en"), name
        assert page.evaluate(UNLABELLED) == [], name
        assert page.evaluate(REPEATED_IDS) == [], name
        self._picture(f"{name}-desk")
        page.set_viewport_size(PHONE)
        scrolls = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert not scrolls, f"{name} is wider than a phone: {page.evaluate(WIDER_THAN_SCREEN)}"
        self._picture(f"{name}-phone")
        page.set_viewport_size(DESK)

    def _picture(self, name: str) -> None:
        folder = os.environ.get("SONGBAN_SCREENSHOTS")
        if folder:
            self.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    def leave(self) -> None:
        """Close the browser; nothing may have gone wrong in it or left for another host."""
        self.context.close()
        assert self.errors == []
        assert self.strangers == []


def pdf_pages(file: Path) -> Iterator[tuple[str, list[str]]]:
    """Of each page its text and what a scanner reads on it."""
    document = pypdfium2.PdfDocument(file)
    for page in document:
        picture = page.render(scale=2, grayscale=True)
        pixels = memoryview(bytes(picture.buffer)).cast("B", (picture.height, picture.stride))
        text = page.get_textpage().get_text_bounded()
        yield text, [found.text for found in zxingcpp.read_barcodes(pixels)]
    document.close()
