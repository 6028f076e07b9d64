"""The page for people, in a browser that runs its script."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from licensespring_async.sandbox import Customer, CustomerAccount, Fault, Sandbox, World

from ..browsing import too_wide


def world_with_slots() -> World:
    world = World()
    license = world.add_product("TP").add_license(key="SECRET-KEY", max_activations=3)
    license.add_feature("render", floating_users=2)
    license.activate("secret-device")
    return world


def shown(browser: Any) -> str:
    return str(browser.find_element(By.TAG_NAME, "body").text)


def wait_for(browser: Any, text: str) -> None:
    WebDriverWait(browser, 20, ignored_exceptions=[WebDriverException]).until(
        lambda driver: text in shown(driver), f"{text} does not appear"
    )


async def take_a_slot(sandbox: Sandbox) -> None:
    async with sandbox.client() as client:
        await client.check_license_feature(
            product="TP", feature="render", hardware_id="secret-device", license_key="SECRET-KEY"
        )


def test_shows_what_happens_while_it_happens(browser: Any, tmp_path: Path) -> None:
    """Slots, requests, tenants and faults appear without a reload; then it says that it is over."""
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
        requests = browser.find_element(By.ID, "requests").text
        assert "SECRET-KEY" not in requests
        assert "secret-device" not in requests
        assert too_wide(browser) == []
        assert browser.get_log("browser") == []
        assert browser.save_screenshot(str(tmp_path / "page.png"))
    wait_for(browser, "the sandbox is not responding")


def wait_for_focus(browser: Any, text: str) -> None:
    WebDriverWait(browser, 20).until(lambda driver: driver.switch_to.active_element.text == text)


def press(browser: Any, text: str) -> None:
    def pressed(driver: Any) -> bool:
        driver.find_element(By.XPATH, f"//button[normalize-space()='{text}']").click()
        return True

    WebDriverWait(browser, 20, ignored_exceptions=[WebDriverException]).until(pressed)


def test_buttons_steer_it(browser: Any) -> None:
    """The clock is moved, a fault added, a license revoked, and all of it taken back; what is wrong is told."""
    world = world_with_slots()

    def is_revoked() -> bool:
        return not world.products["TP"].licenses[0].enabled

    with Sandbox(world) as sandbox:
        browser.get(f"{sandbox.url}/_sandbox/")
        press(browser, "+ 1 day")
        wait_for(browser, "24 hours ahead")
        press(browser, "Freeze")
        wait_for(browser, "frozen")
        browser.find_element(By.ID, "path").send_keys("*/check_license")
        browser.find_element(By.ID, "count").send_keys("2")
        press(browser, "Add fault")
        wait_for(browser, "path */check_license")
        assert list(sandbox.faults.active) == [Fault(effect="error", path="*/check_license", count=2)]
        press(browser, "Revoke")
        wait_for(browser, "disabled")
        assert is_revoked()
        browser.find_element(By.ID, "effect").send_keys("latency")
        browser.find_element(By.ID, "seconds").send_keys("5000")
        browser.execute_script("document.querySelector('form[data-post]').noValidate = true")
        press(browser, "Add fault")
        wait_for(browser, "'seconds' must be a number from 0 to 3600")
        press(browser, "Reset")
        browser.switch_to.alert.accept()
        wait_for(browser, "No fault is active")
        assert len(sandbox.faults.active) == 0
        assert not sandbox.clock.is_frozen
        assert not is_revoked()
        wait_for(browser, "Revoke")
        browser.find_element(By.TAG_NAME, "summary").click()
        anyio.run(take_a_slot, sandbox)
        wait_for(browser, "1 of 2")
        assert "--hardware-id secret-device" in shown(browser)
        assert [each for each in browser.get_log("browser") if "400" not in each["message"]] == []


def test_the_keyboard_stays_on_a_button(browser: Any) -> None:
    """A button that was pressed by the keyboard keeps the focus, also if it was made anew."""
    with Sandbox(world_with_slots()) as sandbox:
        browser.get(f"{sandbox.url}/_sandbox/")
        wait_for(browser, "live")
        for pressed, after in (("Revoke", "Restore"), ("Freeze", "Freeze")):
            browser.find_element(By.XPATH, f"//button[normalize-space()='{pressed}']").send_keys(Keys.ENTER)
            wait_for_focus(browser, after)


def test_the_portal_answers_a_browser(browser: Any) -> None:
    """A form of the portal is answered with a code, or with what is wrong, and leads back."""
    world = World()
    world.add_product("TP").add_license(key="GAPPED", is_air_gapped=True)
    with Sandbox(world) as sandbox:
        for key, answer in (("NONE", "license_not_found"), ("GAPPED", "Initialization code")):
            browser.get(f"{sandbox.url}/_sandbox/")
            browser.find_element(By.LINK_TEXT, "Devices without a network").click()
            browser.find_element(By.CSS_SELECTOR, "form[action=begin] input").send_keys(key)
            press(browser, "Show the code")
            wait_for(browser, answer)
            assert too_wide(browser) == []
            browser.find_element(By.LINK_TEXT, "Back").click()
            wait_for(browser, "Request file")


def test_the_login_page_looks_like_the_others(browser: Any) -> None:
    """The login page and its end have the style of the other pages, and fit a phone."""
    world = World()
    account = CustomerAccount(id=7, name="Acme", code="acme")
    licenses = world.add_product("MAPS", authorization_method="user")
    licenses.add_license(user=world.add_user("ana@acme.example"), customer=Customer(customer_account=account))

    def background() -> object:
        return browser.execute_script("return getComputedStyle(document.querySelector('main section')).background")

    with Sandbox(world) as sandbox, sandbox.blocking_client() as client:
        browser.get(f"{sandbox.url}/_sandbox/portal/")
        wanted = background()
        browser.get(client.sso_url(product="MAPS", customer_account_code="acme").url)
        assert (browser.title, background(), too_wide(browser)) == ("Log in to acme", wanted, [])
        browser.find_element(By.LINK_TEXT, "ana@acme.example").click()
        wait_for(browser, "You are logged in")
        assert (background(), too_wide(browser)) == (wanted, [])
        assert browser.get_log("browser") == []
