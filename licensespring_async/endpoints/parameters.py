"""Every parameter of the API, once: how it is checked and sent, what it means, and whether it is a secret."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from numbers import Integral
from typing import Final, TypeAlias

import attrs

from ..errors import InvalidParameter
from ..models.identifiers import flaw
from ..models.json_types import exact, is_text

Value: TypeAlias = str | int | bool
"""What a parameter is sent as in JSON."""

# RFC 3986's unreserved characters: nothing to refuse and nothing to encode, as in nearly every key and id.
is_plain: Final = re.compile(r"[A-Za-z0-9._~-]+", re.ASCII).fullmatch
_FORBIDDEN = {"\r": "a carriage return", "\n": "a line feed", "\0": "a NUL character"}


def text(name: str, value: object) -> str:
    """Return a text argument that can be sent, as an exact `str`.

    Raises:
        InvalidParameter: It is no string, blank, not encodable, or holds CR, LF or NUL.
    """
    if not isinstance(value, str):
        raise InvalidParameter(name, f"must be a string, not {type(value).__name__}")
    value = exact(value)
    if is_plain(value):
        return value
    if not value.strip():
        raise InvalidParameter(name, "is empty; leave it out or pass a value")
    for character, called in _FORBIDDEN.items():
        if character in value:
            raise InvalidParameter(name, f"contains {called}, which no request may carry")
    if not is_text(value):
        raise InvalidParameter(name, "contains a lone surrogate, which is no text; decode it properly")
    return value


def identifier(name: str, value: object) -> str:
    """Return a text that names something: as `text`, and with nothing around or inside it that cannot be seen.

    Raises:
        InvalidParameter: As `text`, or it has white space around it, or characters that show nothing.
    """
    if type(value) is str and is_plain(value):
        return value
    value = text(name, value)
    if (problem := flaw(value)) is not None:
        raise InvalidParameter(name, problem)
    return value


def integer(name: str, value: object) -> int:
    """Return an id of the service: a whole number, not negative, of at most 63 bits."""
    number = _whole(name, value)
    if not 0 <= number < 2**63:
        raise InvalidParameter(name, "must be an id of the service: not negative, and of at most 63 bits")
    return number


def boolean(name: str, value: object) -> bool:
    """Return a flag: True or False."""
    if not isinstance(value, bool):
        raise InvalidParameter(name, f"must be True or False, not {type(value).__name__}")
    return value


def _whole(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise InvalidParameter(name, f"must be an integer, not {type(value).__name__}")
    return int(value)


@attrs.frozen
class Parameter:
    """One parameter of the API.

    Attributes:
        check: Returns the value that is sent for an argument, or raises InvalidParameter.
        about: What it means, in one sentence, for docstrings and the command line.
        public: Whether it may appear in errors and logs, and be typed on a command line; everything else is a secret.
    """

    check: Callable[[str, object], Value]
    about: str
    public: bool = False


PARAMETERS: Final[Mapping[str, Parameter]] = {
    # What is asked for.
    "product": Parameter(identifier, "Short code of the product.", public=True),
    "feature": Parameter(identifier, "Code of the feature.", public=True),
    "bundle_code": Parameter(identifier, "Short code of the bundle, to act on a license inside it.", public=True),
    "license_id": Parameter(integer, "Picks one license when the user has several.", public=True),
    "include_expired_features": Parameter(
        boolean, "Whether to list expired features too; the service's default is no.", public=True
    ),
    "env": Parameter(identifier, "Environment whose installation file is described in the answer.", public=True),
    # Who asks.
    "license_key": Parameter(identifier, "The license's key, for key-based products. Exactly one of the identities."),
    "username": Parameter(identifier, "The license's user, for user-based products."),
    # The device.
    "hardware_id": Parameter(identifier, "Unique id of the device."),
    "os_ver": Parameter(text, "Operating system and version of the device.", public=True),
    "hostname": Parameter(text, "Host name of the device."),
    "os_hostname": Parameter(text, "Host name of the device, older spelling."),
    "ip": Parameter(text, "Public address of the device."),
    "ip_local": Parameter(text, "Local address of the device."),
    "app_ver": Parameter(text, "Version of the calling application.", public=True),
    "sdk_ver": Parameter(text, "Version of the calling library.", public=True),
    "mac_address": Parameter(text, "Hardware address of the device."),
}


def secrets_of(fields: Mapping[str, Value]) -> tuple[str, ...]:
    """Return the values that must not appear in errors and logs."""
    return tuple(str(value) for name, value in fields.items() if not PARAMETERS[name].public)
