"""The page for people, in a browser that runs its script."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from licensespring_async.sandbox import Fault, Sandbox, World

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    *("headless=new", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-dev-shm-usage"),
    *("disable-background-networking", "disable-component-update", "disable-sync"),
)
WIDTHS = {"desk": 1280, "phone": 390}


@pytest.fixture(params=WIDTHS)
def browser(request: pytest.FixtureRequest) -> Iterator[Any]:
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("needs Debian's chromium and chromium-driver")
    options: Any = webdriver.ChromeOptions()  # selenium's types are incomplete
    options.binary_location = CHROMIUM
    with tempfile.TemporaryDirectory() as profile:
        for flag in (*FLAGS, f"user-data-dir={profile}"):
            options.add_argument(f"--{flag}")
        screen = {"width": WIDTHS[request.param], "height": 900, "pixelRatio": 1}
        options.add_experimental_option("mobileEmulation", {"deviceMetrics": screen})
        driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
        try:
            yield driver
        finally:
            driver.quit()


def world_with_slots() -> World:
    world = World()
    license = world.add_product("TP").add_license(key="SECRET-KEY", max_activations=3)
    license.add_feature("render", floating_users=2)
    license.activate("secret-device")
    return world


def shown(browser: Any) -> str:
    return str(browser.find_element(By.TAG_NAME, "body").text)


def wait_for(browser: Any, text: str) -> None:
    WebDriverWait(browser, 20, ignored_exceptions=[StaleElementReferenceException]).until(
        lambda driver: text in shown(driver), f"{text} does not appear"
    )


async def take_a_slot(sandbox: Sandbox) -> None:
    async with sandbox.client() as client:
        await client.check_license_feature(
            product="TP", feature="render", hardware_id="secret-device", license_key="SECRET-KEY"
        )


def test_shows_what_happens_while_it_happens(browser: Any, tmp_path: Path) -> None:
    """Slots, requests, tenants and faults appear without a reload, and no key does; then it says that it is over."""
    with Sandbox(world_with_slots()) as sandbox:
        browser.get(f"{sandbox.url}/_sandbox/")
        wait_for(browser, "live")
        assert "0 of 2" in shown(browser)
        anyio.run(take_a_slot, sandbox)
        wait_for(browser, "1 of 2")
        wait_for(browser, "GET /check_license_feature")
        sandbox.faults.add(Fault(effect="wrong-key", path="*/<script>"))
        wait_for(browser, "*/<script>")
        tenant = sandbox.add_tenant(World())
        wait_for(browser, f"client {tenant.client_id}")
        assert "SECRET-KEY" not in browser.page_source
        assert "secret-device" not in browser.page_source
        width, room = browser.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
        assert width <= room
        assert browser.get_log("browser") == []
        assert browser.save_screenshot(str(tmp_path / "page.png"))
    wait_for(browser, "the sandbox does not answer")
