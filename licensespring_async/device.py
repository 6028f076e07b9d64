"""The hardware id of this machine, and its data for an activation (extra: `device`)."""

from __future__ import annotations

import functools
import platform
import socket
import sys
from pathlib import Path
from typing import TypedDict

from .errors import ConfigurationError, InvalidParameter
from .extras import needs_extra
from .models.json_types import exact, is_text

_LINUX_IDS = (Path("/var/lib/dbus/machine-id"), Path("/etc/machine-id"))
_CPU = Path("/proc/cpuinfo")
_LARGEST = 64 * 1024  # bytes; the first processor's flags come early


class DeviceData(TypedDict, total=False):
    """Arguments of `activate_license` and `activate_bundle` that describe the device."""

    os_ver: str
    hostname: str
    app_ver: str
    is_vm: bool


def hardware_id(application: str) -> str:
    """Return a stable id of this machine for one application.

    It is the HMAC-SHA256 of the application's name, keyed by the operating system's id of the machine. So the ids of
    two applications cannot be linked, and neither reveals the machine's id. It survives a reinstallation of the
    application, but not of the operating system.

    Args:
        application: A name that no other vendor uses, for example `com.example.render`. Never change it: a new name is
            a new device, which takes another activation.

    Returns:
        64 hexadecimal digits.

    Raises:
        ConfigurationError: The machine has no id, as in most containers, or the extra `device` is not installed.

    Cost: a small read on Linux and Windows; on macOS one process, started once.
    """
    if not isinstance(application, str) or not application.strip() or not is_text(application):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidParameter("application", "must be a name that is not empty, such as com.example.render")
    return _hardware_id(exact(application))


@functools.cache
def _hardware_id(application: str) -> str:
    with needs_extra("device"):
        import machineid  # noqa: PLC0415  # an extra
    if sys.platform == "linux" and not any(map(_has_id, _LINUX_IDS)):
        # The library would take the container's id, which changes with each start.
        raise _no_id("there is no /etc/machine-id")
    try:
        return str(machineid.hashed_id(application))  # pyright: ignore[reportUnknownMemberType]  # its options have no types
    except machineid.MachineIdNotFound as error:
        raise _no_id("the operating system gives none") from error


def device_data(*, app_ver: str | None = None) -> DeviceData:
    """Return data about this machine for an activation, without using the network.

    Args:
        app_ver: Version of your application, to send with the rest.

    Returns:
        Arguments for `activate_license(**device_data())`: `os_ver`, and `hostname` and `is_vm` if the system tells.
    """
    data: DeviceData = {"os_ver": _system()}
    if _is_sendable(name := socket.gethostname()):
        data["hostname"] = name
    if (is_vm := _is_vm()) is not None:
        data["is_vm"] = is_vm
    if app_ver is not None:
        data["app_ver"] = app_ver
    return data


def _no_id(why: str) -> ConfigurationError:
    return ConfigurationError(
        f"this machine has no id of its own: {why}. In a container, mount the host's /etc/machine-id into it "
        "(read-only), or choose a hardware_id yourself and keep it in a volume"
    )


def _has_id(path: Path) -> bool:
    try:
        content = path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return False
    return content not in ("", "uninitialized")


def _system() -> str:
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError, ValueError):  # none, or not UTF-8
        name = ""
    return name if _is_sendable(name) else f"{platform.system()} {platform.release()}".strip() or "unknown"


def _is_sendable(name: str) -> bool:
    # Linux takes any bytes for a name. One that cannot be sent would prevent the activation.
    return name.isprintable() and bool(name.strip())


def _is_vm() -> bool | None:
    """Return whether this is a virtual machine, or None if the system does not tell."""
    try:
        with _CPU.open(encoding="ascii", errors="replace") as file:
            flags = next((line for line in file.read(_LARGEST).splitlines() if line.startswith("flags")), None)
    except OSError:
        return None
    return None if flags is None else "hypervisor" in flags.split()
