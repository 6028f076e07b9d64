"""Query parameters: from the raw query string to values, or to the refusal that the service documents.

An undocumented parameter is ignored, since newer clients send newer ones; an empty one counts as absent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TypeAlias, cast
from urllib.parse import parse_qsl

import attrs

from .refusals import ServiceError

Values: TypeAlias = Mapping[str, str]

_MAX_FIELDS = 100
_MAX_ID_DIGITS = 19


@attrs.frozen(kw_only=True)
class Identity:
    """Name the license and the device that a request is about."""

    hardware_id: str
    product: str
    identifier: str = attrs.field(repr=False)
    by_username: bool
    license_id: int | None = None
    bundle_code: str | None = None


def read_query(query_string: bytes) -> Values:
    """Decode a query string (or a form body) whose every parameter is given once.

    Raises:
        ServiceError: validation_error for a parameter given twice, text that is not UTF-8, or too many.
    """
    try:
        pairs = parse_qsl(query_string.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise ServiceError("validation_error", "The query string cannot be decoded.") from error
    values: dict[str, str] = {}
    for name, value in pairs:
        if name in values:
            raise ServiceError("validation_error", f"{name} is given twice.")
        values[name] = value
    return {name: value for name, value in values.items() if value}


def read_body(body: bytes) -> Values:
    """Decode a JSON body to the same values as a query string of its fields would give.

    Raises:
        ServiceError: invalid_json.
    """
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ServiceError("invalid_json") from error
    if not isinstance(fields, dict):
        raise ServiceError("invalid_json")
    values: dict[str, str] = {}
    for name, value in cast("dict[str, object]", fields).items():
        if isinstance(value, bool):
            values[name] = "true" if value else "false"
        elif isinstance(value, str | int) and value != "":
            values[name] = str(value)
    return values


def read_identity(values: Values) -> Identity:
    """Read what both checks require: the device, the product, and one of license_key and username.

    Raises:
        ServiceError: missing_hardware_id, missing_parameters or validation_error.
    """
    if "hardware_id" not in values:
        raise ServiceError("missing_hardware_id")
    product = required(values, "product")
    given = [name for name in ("license_key", "username") if name in values]
    if not given:
        raise ServiceError("missing_parameters", "Missing license_key or username.")
    if len(given) > 1:
        raise ServiceError("validation_error", "Send either license_key or username, not both.")
    return Identity(
        hardware_id=values["hardware_id"],
        product=product,
        identifier=values[given[0]],
        by_username=given[0] == "username",
        license_id=_integer(values, "license_id"),
        bundle_code=values.get("bundle_code"),
    )


def required(values: Values, name: str) -> str:
    """Give a parameter's value, or refuse with missing_parameters."""
    if name not in values:
        raise ServiceError("missing_parameters", f"Missing {name}.")
    return values[name]


def boolean(values: Values, name: str) -> bool:
    """Give a true/false parameter's value, False when absent, or refuse with validation_error."""
    text = values.get(name, "false")
    if text not in {"true", "false"}:
        raise ServiceError("validation_error", f"{name} has to be true or false.")
    return text == "true"


def _integer(values: Values, name: str) -> int | None:
    text = values.get(name)
    if text is None:
        return None
    # The length is bounded first: int() of a very long text is slow, and raises beyond 4,300 digits.
    if len(text) > _MAX_ID_DIGITS or not (text.isascii() and text.isdecimal()):
        raise ServiceError("validation_error", f"{name} has to be an integer.")
    return int(text)
