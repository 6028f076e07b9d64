"""Parameters: decoding of query strings and bodies, and the documented refusals.

Parameters that are not documented for an endpoint are ignored, because newer clients may send new ones, and logged. An
empty parameter counts as absent.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, TypeAlias, cast
from urllib.parse import parse_qsl

import attrs

from ..spelling import LARGEST
from .jsontext import Json, JsonObject, encode
from .refusals import ServiceError

NULLABLE: Final = "borrowed_until"
"""The only parameter that may be null; "" represents null."""

Values: TypeAlias = Mapping[str, str]

_NESTED: Final = ("event", "tpm_enrollment", "variables")
_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}
_MAX_FIELDS = 100
_MAX_DIGITS = 19
_log: Final = logging.getLogger("licensespring_async.sandbox")


@attrs.frozen(kw_only=True)
class Identity:
    """The license and device of a request; `account` limits the license to that customer account."""

    hardware_id: str
    product: str
    identifier: str = attrs.field(repr=False)
    by_username: bool
    license_id: int | None = None
    bundle_code: str | None = None
    account: str | None = None


def read_query(query_string: bytes, documented: Collection[str]) -> Values:
    """Decode a query string or a form body.

    Args:
        query_string: The text.
        documented: The endpoint's documented parameters.

    Raises:
        ServiceError: validation_error if a parameter is given twice, the text is not UTF-8, or there are too many.
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
    """Decode a JSON body to values as in a query string; nested values stay JSON.

    Args:
        body: The text.
        documented: The endpoint's documented parameters.

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
    """Convert JSON fields to values as in a query string; nested values stay JSON.

    Raises:
        ServiceError: invalid_json; validation_error for an object or a list in place of a text or number.
    """
    try:
        values = {name: _text(value) for name, value in fields.items()}
        "".join(values.values()).encode()  # raises for half a surrogate pair, which JSON can escape
    except (ValueError, RecursionError) as error:
        raise ServiceError("invalid_json") from error
    _warn_of_unknown(values, documented)
    for name, value in fields.items():
        if isinstance(value, dict | list) and name in documented and name not in _NESTED:
            raise ServiceError("validation_error", f"{name} must not be an object or a list.")
    return {name: value for name, value in values.items() if value or name == NULLABLE}


def read_identity(values: Values) -> Identity:
    """Read the parameters that most calls require: device, product, and license_key or username.

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
    """Refuse a request without a device or a product."""
    if "hardware_id" not in values:
        raise ServiceError("missing_hardware_id")
    required(values, "product")


def exactly_one(values: Values, names: Sequence[str]) -> str:
    """Return the one given parameter of several; refuse a request with none or more than one."""
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
    """Return a boolean parameter, False if absent, or refuse with validation_error."""
    text = values.get(name, "false")
    if text.lower() not in _BOOLEANS:
        raise ServiceError("validation_error", f"{name} must be true or false.")
    if text not in {"true", "false"}:
        _log.warning("%s: %s is not documented; write true or false", name, text)
    return _BOOLEANS[text.lower()]


def integer(values: Values, name: str, *, signed: bool = False) -> int | None:
    """Return an integer parameter, None if absent, or refuse with validation_error."""
    text = values.get(name)
    if text is None:
        return None
    digits = text.removeprefix("-") if signed else text
    # Check the length first: int() is slow for very long texts, and raises beyond 4,300 digits.
    if len(digits) > _MAX_DIGITS or not (digits.isascii() and digits.isdecimal()):
        raise ServiceError("validation_error", f"{name} must be an integer.")
    number = int(text)
    if abs(number) > LARGEST:
        raise ServiceError("validation_error", f"{name} is too large for a JSON number.")
    return number


def nested(values: Values, name: str) -> object:
    """Return a nested value of a body, None if absent, or refuse with validation_error."""
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
        value = int(value)  # in JSON, 1.0 is 1
    return "" if value is None else str(value)


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _warn_of_unknown(given: Iterable[str], documented: Collection[str]) -> None:
    unknown = sorted(set(given).difference(documented))
    if unknown:
        _log.warning("ignored, because not documented: %s", ", ".join(name[:50] for name in unknown[:10]))
