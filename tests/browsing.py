"""Headless Chromium."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    *("headless=new", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-dev-shm-usage"),
    *("disable-background-networking", "disable-component-update", "disable-sync"),
)


@contextmanager
def started(width: int) -> Generator[Any]:
    """Start a browser with a screen of some pixels' width; skip the test where there is none."""
    webdriver: Any = pytest.importorskip("selenium.webdriver")
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("needs Debian's chromium and chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    with tempfile.TemporaryDirectory() as profile:
        for flag in (*FLAGS, f"user-data-dir={profile}"):
            options.add_argument(f"--{flag}")
        screen = {"width": width, "height": 900, "pixelRatio": 1}
        options.add_experimental_option("mobileEmulation", {"deviceMetrics": screen})
        driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
        try:
            yield driver
        finally:
            driver.quit()


def too_wide(browser: Any) -> list[str]:
    """Return the parts of a page that scroll sideways, the page itself included."""
    parts: list[str] = browser.execute_script(
        "return [...document.querySelectorAll('html, html *')]"
        ".filter((each) => each.scrollWidth > each.clientWidth && getComputedStyle(each).overflowX !== 'visible'"
        " || each === document.documentElement && each.scrollWidth > innerWidth)"
        ".map((each) => `${each.tagName} ${each.className} ${each.textContent.slice(0, 40)}`)"
    )
    return parts
