"""Parameters: from the raw query string or body to values, or to the refusal that the service documents.

A parameter that is not documented for an endpoint is ignored, since newer clients send newer ones, and named in the
log. An empty one counts as absent.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, TypeAlias, cast
from urllib.parse import parse_qsl

import attrs

from .jsontext import Json, JsonObject, encode
from .refusals import ServiceError

NULLABLE: Final = "borrowed_until"
"""The one parameter that may be null, which its value "" stands for."""

Values: TypeAlias = Mapping[str, str]

_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}
_MAX_FIELDS = 100
_MAX_DIGITS = 19
_log: Final = logging.getLogger("licensespring_async.sandbox")


@attrs.frozen(kw_only=True)
class Identity:
    """The license and the device that a request is about; with an account, only a license of that customer account."""

    hardware_id: str
    product: str
    identifier: str = attrs.field(repr=False)
    by_username: bool
    license_id: int | None = None
    bundle_code: str | None = None
    account: str | None = None


def read_query(query_string: bytes, documented: Collection[str]) -> Values:
    """Decode a query string (or a form body) whose every parameter is given once.

    Args:
        query_string: The text.
        documented: Names of the parameters that the endpoint is documented to read.

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
    _warn_of_unknown(values, documented)
    return {name: value for name, value in values.items() if value}


def read_body(body: bytes, documented: Collection[str]) -> Values:
    """Decode a JSON body to the values that a query string of its fields would give; what is nested stays JSON.

    Args:
        body: The text.
        documented: Names of the parameters that the endpoint is documented to read.

    Raises:
        ServiceError: invalid_json.
    """
    try:
        fields = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ServiceError("invalid_json") from error
    if not isinstance(fields, dict):
        raise ServiceError("invalid_json")
    return read_fields(cast("JsonObject", fields), documented)


def read_fields(fields: JsonObject, documented: Collection[str]) -> Values:
    """Return the values that a query string of some fields would give; what is nested stays JSON.

    Raises:
        ServiceError: invalid_json.
    """
    try:
        values = {name: _text(value) for name, value in fields.items()}
        "".join(values.values()).encode()  # half of a surrogate pair can be escaped in JSON, and is not text
    except (ValueError, RecursionError) as error:
        raise ServiceError("invalid_json") from error
    _warn_of_unknown(values, documented)
    return {name: value for name, value in values.items() if value or name == NULLABLE}


def read_identity(values: Values) -> Identity:
    """Read what most calls require: the device, the product, and one of license_key and username.

    Raises:
        ServiceError: missing_hardware_id, missing_parameters or validation_error.
    """
    require_device(values)
    name = exactly_one(values, ("license_key", "username"))
    return Identity(
        hardware_id=values["hardware_id"],
        product=values["product"],
        identifier=values[name],
        by_username=name == "username",
        license_id=integer(values, "license_id"),
        bundle_code=values.get("bundle_code"),
    )


def require_device(values: Values) -> None:
    """Refuse a request that names no device or no product."""
    if "hardware_id" not in values:
        raise ServiceError("missing_hardware_id")
    required(values, "product")


def exactly_one(values: Values, names: Sequence[str]) -> str:
    """Return which of several parameters is given, or refuse if it is none of them or more than one."""
    given = [name for name in names if name in values]
    if not given:
        raise ServiceError("missing_parameters", f"Missing {' or '.join(names)}.")
    if len(given) > 1:
        raise ServiceError("validation_error", f"Send either {' or '.join(given)}, not both.")
    return given[0]


def required(values: Values, name: str) -> str:
    """Return a parameter's value, or refuse with missing_parameters."""
    if name not in values:
        raise ServiceError("missing_parameters", f"Missing {name}.")
    return values[name]


def boolean(values: Values, name: str) -> bool:
    """Return a true/false parameter's value, False when absent, or refuse with validation_error."""
    text = values.get(name, "false")
    if text.lower() not in _BOOLEANS:
        raise ServiceError("validation_error", f"{name} has to be true or false.")
    if text not in {"true", "false"}:
        _log.warning("%s: %s is not documented; write true or false", name, text)
    return _BOOLEANS[text.lower()]


def integer(values: Values, name: str, *, signed: bool = False) -> int | None:
    """Return a whole number, None when it is absent, or refuse with validation_error."""
    text = values.get(name)
    if text is None:
        return None
    digits = text.removeprefix("-") if signed else text
    # The length is bounded first: int() of a very long text is slow, and raises beyond 4,300 digits.
    if len(digits) > _MAX_DIGITS or not (digits.isascii() and digits.isdecimal()):
        raise ServiceError("validation_error", f"{name} has to be an integer.")
    return int(text)


def nested(values: Values, name: str) -> object:
    """Return what a body has nested under a name, None when it is absent, or refuse with validation_error."""
    try:
        return json.loads(values.get(name, "null"))
    except ValueError as error:
        raise ServiceError("validation_error", f"{name} is not JSON.") from error


def _text(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping) or (isinstance(value, Sequence) and not isinstance(value, str)):
        return encode(value).decode()
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # JSON has one kind of number: 1.0 is 1
    return "" if value is None else str(value)


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _warn_of_unknown(given: Iterable[str], documented: Collection[str]) -> None:
    unknown = sorted(set(given).difference(documented))
    if unknown:
        _log.warning("not documented, and ignored: %s", ", ".join(name[:50] for name in unknown[:10]))
