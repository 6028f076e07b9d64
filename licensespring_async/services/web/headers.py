"""Find the licensee of a request in its headers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ...endpoints.parameters import text
from ...errors import ConfigurationError
from .licensee import Found, Licensee


class HasScope(Protocol):
    """A request or WebSocket of any ASGI framework."""

    @property
    def scope(self) -> Mapping[str, Any]:
        """The connection as ASGI describes it."""
        ...


def by_headers(
    *, hardware_id: str, license_key: str | None = None, username: str | None = None
) -> Callable[[HasScope], Found]:
    """Return a `licensee` function that reads two headers. If one is missing or sent twice, there is no licensee.

    A value is read as UTF-8, or else as Latin-1, without the spaces and tabs around it (RFC 9110, 5.5).

    Args:
        hardware_id: Name of the header with the device's id.
        license_key: Name of the header with the license's key. Exactly one of `license_key` and `username`.
        username: Name of the header with the license's user.

    Raises:
        ConfigurationError: Neither or both of the two are named, or a name is not a string.
    """
    if (license_key is None) == (username is None):
        raise ConfigurationError("license_key / username: name the header of exactly one of them")
    device_name = text("hardware_id", hardware_id).lower().encode("latin-1")
    whose = text("license_key / username", license_key or username or "").lower().encode("latin-1")
    by_key = license_key is not None

    def licensee(connection: HasScope) -> Found:
        device = who = None
        for name, value in connection.scope["headers"]:
            if name == device_name:
                if device is not None:
                    return None
                device = _text(value)
            elif name == whose:
                if who is not None:
                    return None
                who = _text(value)
        if device is None or who is None:
            return None
        return Licensee(hardware_id=device, license_key=who) if by_key else Licensee(hardware_id=device, username=who)

    return licensee


def _text(value: bytes) -> str:
    value = value.strip(b" \t")
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
