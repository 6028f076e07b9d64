"""Arguments to query parameters: checked before any I/O, encoded exactly."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from enum import Enum, auto
from typing import Final
from urllib.parse import quote

import attrs

from ..errors import InvalidParameter
from ..models.json_types import is_text

# RFC 3986's unreserved characters: nothing to refuse and nothing to encode, as in nearly every key and id.
_PLAIN = re.compile(r"[A-Za-z0-9._~-]+", re.ASCII).fullmatch
_FORBIDDEN = {"\r": "a carriage return", "\n": "a line feed", "\0": "a NUL character"}


class Kind(Enum):
    """What a parameter's value is."""

    TEXT = auto()
    INTEGER = auto()
    BOOLEAN = auto()


@attrs.frozen
class Parameter:
    """A parameter of the API.

    Attributes:
        about: What it is, in a sentence.
        public: Whether it may be shown; what is not is a secret.
    """

    kind: Kind
    about: str
    public: bool = False


PARAMETERS: Final[Mapping[str, Parameter]] = {
    "product": Parameter(Kind.TEXT, "Short code of the product.", public=True),
    "feature": Parameter(Kind.TEXT, "Code of the feature.", public=True),
    "hardware_id": Parameter(Kind.TEXT, "Unique id of the device."),
    "license_key": Parameter(Kind.TEXT, "Key of the license."),
    "username": Parameter(Kind.TEXT, "User of the license."),
    "license_id": Parameter(Kind.INTEGER, "Picks one license of several.", public=True),
    "bundle_code": Parameter(Kind.TEXT, "Short code of the bundle that the license is in.", public=True),
    "include_expired_features": Parameter(Kind.BOOLEAN, "Whether to list expired features too.", public=True),
    "env": Parameter(Kind.TEXT, "Environment whose installation file is described.", public=True),
    "os_ver": Parameter(Kind.TEXT, "Operating system and version.", public=True),
    "hostname": Parameter(Kind.TEXT, "Host name."),
    "os_hostname": Parameter(Kind.TEXT, "Host name, older spelling."),
    "ip": Parameter(Kind.TEXT, "Public address."),
    "ip_local": Parameter(Kind.TEXT, "Local address."),
    "app_ver": Parameter(Kind.TEXT, "Version of the calling application.", public=True),
    "sdk_ver": Parameter(Kind.TEXT, "Version of the calling library.", public=True),
    "mac_address": Parameter(Kind.TEXT, "Hardware address."),
    "password": Parameter(Kind.TEXT, "Password of the user."),
    "id_token": Parameter(Kind.TEXT, "Token of a single sign-on."),
}
"""By the API's own name."""


def identity(license_key: str | None, username: str | None) -> tuple[str, str]:
    """Return the name and value of the parameter that names the license: exactly one of the two.

    Raises:
        InvalidParameter: Both or neither were given.
    """
    if license_key is not None and username is not None:
        raise InvalidParameter("license_key / username", "both were given; pass exactly one of them")
    if license_key is not None:
        return "license_key", text("license_key", license_key)
    if username is not None:
        return "username", text("username", username)
    raise InvalidParameter("license_key / username", "neither was given; pass exactly one of them")


def text(name: str, value: str) -> str:
    """Return a text argument that can be sent.

    Raises:
        InvalidParameter: It is no string, blank, not encodable, or holds CR, LF or NUL.
    """
    _check_type(name, value, str, "a string")
    if _PLAIN(value):
        return value
    if not value.strip():
        raise InvalidParameter(name, "is empty; leave it out or pass a value")
    for character, called in _FORBIDDEN.items():
        if character in value:
            raise InvalidParameter(name, f"contains {called}, which no request may carry")
    if not is_text(value):
        raise InvalidParameter(name, "contains a lone surrogate, which is no text; decode it properly")
    return value


def integer(name: str, value: int) -> str:
    """Return a whole-number argument as it is sent."""
    _check_type(name, value, int, "an integer")
    if isinstance(value, bool):
        raise InvalidParameter(name, "must be an integer, not bool")
    if not 0 <= value < 2**63:
        raise InvalidParameter(name, "must be an id of the service: not negative, and of at most 63 bits")
    return str(value)


def boolean(name: str, value: bool) -> str:
    """Return a boolean argument as it is sent: `true` or `false`."""
    _check_type(name, value, bool, "True or False")
    return "true" if value else "false"


def encode(path: str, parameters: Mapping[str, str]) -> str:
    """Return a request target: the path and its query, every reserved character percent-encoded (RFC 3986, 2.1)."""
    pairs = [f"{name}={value if _PLAIN(value) else quote(value, safe='')}" for name, value in parameters.items()]
    return f"{path}?{'&'.join(pairs)}"


def encode_json(fields: Mapping[str, str | int]) -> bytes:
    """Return a JSON body, in plain ASCII."""
    return json.dumps(fields, separators=(",", ":")).encode()


def _check_type(name: str, value: object, kind: type, expected: str) -> None:
    if not isinstance(value, kind):
        raise InvalidParameter(name, f"must be {expected}, not {type(value).__name__}")
