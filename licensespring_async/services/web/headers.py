"""Find the licensee of a request in its headers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, Protocol

from ...endpoints.parameters import text
from ...errors import ConfigurationError
from .licensee import Found, Licensee

_VISITORS: Final = 1024  # whose licensees are remembered
_LONGEST: Final = 512  # bytes of two values that are remembered: memory stays below a MiB, whatever is sent


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

    def read(device: bytes, who: bytes) -> Licensee:
        if by_key:
            return Licensee(hardware_id=_text(device), license_key=_text(who))
        return Licensee(hardware_id=_text(device), username=_text(who))

    # Decoding the values of a visitor and making its licensee takes longer than the rest of the check.
    remembered = lru_cache(_VISITORS)(read)

    def licensee(connection: HasScope) -> Found:
        device = who = None
        for name, value in connection.scope["headers"]:
            if name == device_name:
                if device is not None:
                    return None
                device = value
            elif name == whose:
                if who is not None:
                    return None
                who = value
        if device is None or who is None:
            return None
        return remembered(device, who) if len(device) + len(who) <= _LONGEST else read(device, who)

    return licensee


def _text(value: bytes) -> str:
    value = value.strip(b" \t")
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
