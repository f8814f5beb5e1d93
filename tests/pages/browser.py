"""A headless Chromium for the tests of pages."""
from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--hide-scrollbars")


def missing() -> str:
    """Why there is no browser; "" if there is one."""
    try:
        import selenium  # noqa: F401
    except ImportError:
        return "needs the Python package selenium"
    if not _chromium():
        return "needs Chromium (Debian: apt-get install chromium chromium-driver)"
    if not shutil.which("chromedriver"):
        return "needs Chromium's driver (Debian: apt-get install chromium-driver)"
    return ""


def _chromium() -> str | None:
    return next((path for name in ("chromium", "chromium-browser", "google-chrome")
                 if (path := shutil.which(name))), None)


@contextmanager
def browser(profile: Path) -> Iterator[Any]:
    """A driver of a new Chromium with a fresh profile."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = _chromium() or ""
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = Service(shutil.which("chromedriver"), log_output=os.devnull)
    driver = webdriver.Chrome(options=options, service=service)
    try:
        yield driver
    finally:
        driver.quit()


class Page:
    """A page in the browser.  Its errors and refused scripts fail the test (`check`)."""

    def __init__(self, driver: Any, path: Path, width: int = 1300, height: int = 900,
                 dark: bool = False) -> None:
        self.driver = driver
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})
        driver.get_log("browser")           # what came before
        driver.get(path.as_uri())
        self.until("return document.documentElement.dataset.ready === 'yes'")

    def run(self, script: str, *args: Any) -> Any:
        return self.driver.execute_script(script, *args)

    def until(self, script: str, *args: Any) -> Any:
        """Wait until a script returns something true."""
        from selenium.webdriver.support.ui import WebDriverWait
        return WebDriverWait(self.driver, 60, 0.05).until(lambda d: d.execute_script(script, *args))

    def find(self, selector: str) -> list[Any]:
        """The elements of a selector that are displayed."""
        return [e for e in self.driver.find_elements("css selector", selector)
                if e.is_displayed()]

    def one(self, selector: str) -> Any:
        found = self.find(selector)
        assert len(found) == 1, (selector, len(found))
        return found[0]

    def texts(self, selector: str) -> list[str]:
        return [e.text for e in self.find(selector)]

    def type(self, selector: str, text: str) -> None:
        element = self.one(selector)
        element.clear()
        element.send_keys(text)

    def choose(self, selector: str, text: str) -> None:
        from selenium.webdriver.support.ui import Select
        Select(self.one(selector)).select_by_visible_text(text)

    def check(self) -> None:
        """No error was logged, nothing is wider than the page, nothing was loaded."""
        assert [e for e in self.driver.get_log("browser") if e["level"] == "SEVERE"] == []
        assert self.run("return document.documentElement.scrollWidth <= innerWidth")
        assert self.run("return performance.getEntriesByType('resource').length") == 0
        assert self.run("return typeof window.hacked") == "undefined"


# The contrast of text and ground by WCAG 2.1, for the text nodes that are displayed.
CONTRAST = r"""
function rgb(text) {
  const m = text.match(/[\d.]+/g).map(Number);
  return [m[0], m[1], m[2], m.length > 3 ? m[3] : 1];
}
function light([r, g, b]) {
  const f = (v) => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; };
  return .2126 * f(r) + .7152 * f(g) + .0722 * f(b);
}
const bad = [];
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
  const node = walk.currentNode, el = node.parentElement;
  if (!node.data.trim() || !el.checkVisibility() || el.closest(":disabled")
      || ["SCRIPT", "NOSCRIPT", "OPTION"].includes(el.tagName)) continue;
  let ground = null;
  for (let at = el; at && !ground; at = at.parentElement) {
    const colour = rgb(getComputedStyle(at).backgroundColor);
    if (colour[3] === 1) ground = colour;
  }
  const [a, b] = [light(rgb(getComputedStyle(el).color)), light(ground)];
  const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
  if (ratio < 4.5) bad.push([node.data.slice(0, 30), Math.round(ratio * 100) / 100]);
}
return bad;
"""
