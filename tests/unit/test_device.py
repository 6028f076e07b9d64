"""This machine's id, and what an activation may say of it."""

from __future__ import annotations

import platform
import socket
import string
from pathlib import Path
from typing import Any

import pytest

from licensespring_async import InvalidParameter, endpoints
from licensespring_async.device import device_data, hardware_id

HAS_ID = any(
    path.is_file() and path.read_text().strip() for path in map(Path, ("/etc/machine-id", "/var/lib/dbus/machine-id"))
)
needs_id = pytest.mark.skipif(not HAS_ID, reason="this machine has no id")


@needs_id
def test_an_id_is_stable_and_the_applications_own() -> None:
    """Gives the same id for one application, and one that cannot be joined with another's."""
    ids = [hardware_id("com.example.render"), hardware_id("com.example.render"), hardware_id("org.example.other")]

    assert ids[0] == ids[1] != ids[2]
    assert all(len(each) == 64 and set(each) <= set(string.hexdigits.lower()) for each in ids)


@needs_id
def test_an_id_does_not_show_the_machines_own() -> None:
    """Keeps the operating system's id out of what is sent."""
    own = Path("/etc/machine-id").read_text().strip()
    assert own not in hardware_id("com.example.render")


@pytest.mark.parametrize("name", ["", "  ", 5, None, ["a"], b"a", "\ud800"])
def test_an_application_has_a_name(name: Any) -> None:
    """Refuses a name that would make one id for everybody."""
    with pytest.raises(InvalidParameter, match="application"):
        hardware_id(name)


@pytest.mark.parametrize("odd", ["", " ", "pc\n", "caf\udce9"])
def test_odd_names_do_not_prevent_an_activation(odd: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves out what the machine says and no request can hold: Linux takes any bytes for a name."""
    monkeypatch.setattr(socket, "gethostname", lambda: odd)
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: {"PRETTY_NAME": odd})

    data = device_data()

    assert "hostname" not in data
    assert data.get("os_ver", "").startswith(platform.system())
    endpoints.activate_license(product="TP", hardware_id="d", license_key="K", **data)


def test_a_system_that_cannot_be_read_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names the system otherwise if its own file is not UTF-8."""

    def fail() -> dict[str, str]:
        return {"PRETTY_NAME": b"caf\xe9".decode()}

    monkeypatch.setattr(platform, "freedesktop_os_release", fail)

    assert device_data().get("os_ver", "").startswith(platform.system())


def test_device_data_are_arguments_of_an_activation() -> None:
    """Describes the machine in the words of the endpoint."""
    data = device_data(app_ver="2.1")

    os_ver = data.get("os_ver", "")
    assert os_ver
    assert data.get("app_ver") == "2.1"
    request = endpoints.activate_license(product="TP", hardware_id="d", license_key="K", **data).request
    assert os_ver.encode() in (request.body or b"").replace(b"\\/", b"/")
