"""Every parameter of the API: how it is checked and sent, what it means, and whether it is a secret."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from numbers import Integral, Real
from typing import Final, TypeAlias, cast

import attrs

from ..errors import InvalidParameter
from ..models.identifiers import flaw
from ..models.json_types import exact, in_utc, is_text

Scalar: TypeAlias = str | int | float | bool
Value: TypeAlias = Scalar | list[str] | dict[str, Scalar] | None
"""A parameter as it is sent: any JSON value in a body, a scalar in a query."""

# RFC 3986's unreserved characters: nothing to refuse and nothing to encode. Nearly every key and id has only these.
is_plain: Final = re.compile(r"[A-Za-z0-9._~-]+", re.ASCII).fullmatch
LONGEST_TEXT: Final = 4096
"""Characters of a text. The API's own are far shorter: a hardware id of its libraries has 64, a UUID 36, an e-mail
address at most 254. No limit is documented, and servers take request lines of 8 to 16 KB by default."""
LONGEST_TOKEN: Final = 16_384
"""Characters of a token of single sign-on, which may list a user's groups."""
LONGEST_DOCUMENT: Final = 65_536
"""Characters of an offline request, which holds all variables of a device."""
MOST_VARIABLES: Final = 256
"""Variables in one request. Each is a secret, and answers are searched for all of them."""

_FORBIDDEN = {"\r": "a carriage return", "\n": "a line feed", "\0": "a NUL character"}


def text(name: str, value: object, *, longest: int = LONGEST_TEXT) -> str:
    """Return a text argument that can be sent, as an exact `str`.

    Raises:
        InvalidParameter: It is not a string, is blank, too long or not encodable, or contains CR, LF or NUL.
    """
    if not isinstance(value, str):
        raise InvalidParameter(name, f"must be a string, not {type(value).__name__}")
    value = exact(value)
    if len(value) > longest:
        raise InvalidParameter(name, f"has {len(value):,} characters; at most {longest:,} can be sent")
    if is_plain(value):
        return value
    if not value.strip():
        raise InvalidParameter(name, "is empty; leave it out or pass a value")
    for character, called in _FORBIDDEN.items():
        if character in value:
            raise InvalidParameter(name, f"contains {called}, which cannot be sent; remove it")
    if not is_text(value):
        raise InvalidParameter(name, "contains a lone surrogate, which cannot be sent; decode the text properly")
    return value


def identifier(name: str, value: object) -> str:
    """Return a name, checked as `text` does and for invisible characters.

    Raises:
        InvalidParameter: As `text`, or it has white space around it, or invisible characters in it.
    """
    if type(value) is str and len(value) <= LONGEST_TEXT and is_plain(value):
        return value
    value = text(name, value)
    if (problem := flaw(value)) is not None:
        raise InvalidParameter(name, problem)
    return value


def token(name: str, value: object) -> str:
    """Return a text argument that may be as long as a token."""
    return text(name, value, longest=LONGEST_TOKEN)


def document(name: str, value: object) -> str:
    """Return a text argument that may be as long as a file."""
    return text(name, value, longest=LONGEST_DOCUMENT)


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


def count(name: str, value: object) -> int:
    """Return a number of uses: a whole number of at most 63 bits, negative ones too."""
    number = _whole(name, value)
    if not -(2**63) < number < 2**63:
        raise InvalidParameter(name, "must have at most 63 bits")
    return number


def moment(name: str, value: object) -> str | None:
    """Return an aware moment in UTC, to the millisecond; None stands for the longest that is allowed."""
    if value is None:
        return None
    if not isinstance(value, datetime):
        raise InvalidParameter(name, f"must be a datetime or None, not {type(value).__name__}")
    if value.tzinfo is None:
        raise InvalidParameter(name, "must be a datetime with a time zone, as datetime.now(UTC)")
    try:
        return in_utc(value)
    except OverflowError:
        raise InvalidParameter(name, "must be within the years 1 to 9999 in UTC too") from None


def variables(name: str, value: object) -> dict[str, Scalar]:
    """Return device variables: names to strings, numbers or booleans."""
    if not isinstance(value, Mapping) or not value:
        raise InvalidParameter(name, "must be a mapping of names to values, with at least one")
    given = cast("Mapping[object, object]", value)
    if len(given) > MOST_VARIABLES:
        raise InvalidParameter(name, f"has {len(given):,} variables; at most {MOST_VARIABLES} can be sent at once")
    return {_variable(name, key): _scalar(f"{name}[{key!r}]", each) for key, each in given.items()}


def events(name: str, value: object) -> list[str]:
    """Return entries for the activity log: a list of at least one text."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise InvalidParameter(name, f"must be a list of strings, not {type(value).__name__}")
    texts = [text(name, each) for each in cast("Iterable[object]", value)]
    if not texts:
        raise InvalidParameter(name, "is empty; leave it out or pass a value")
    return texts


def enrollment(name: str, value: object) -> dict[str, Scalar]:
    """Return the enrollment of a key that never leaves the device: its public half."""
    if not isinstance(value, str):
        raise InvalidParameter(name, f"must be a string, not {type(value).__name__}")
    key = exact(value)
    text(name, key.replace("\n", ""))  # a PEM has lines
    return {"signing_public_key": key}


def _variable(name: str, key: object) -> str:
    if not isinstance(key, str):
        raise InvalidParameter(name, f"its names must be strings, not {type(key).__name__}")
    return text(name, key)


def _scalar(name: str, value: object) -> Scalar:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return text(name, value)
    if not isinstance(value, Real):
        raise InvalidParameter(name, f"must be a string, a number or a boolean, not {type(value).__name__}")
    if not isinstance(value, Integral):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise InvalidParameter(name, "must be a finite number")
        return number
    return count(name, value)


def _whole(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise InvalidParameter(name, f"must be an integer, not {type(value).__name__}")
    return int(value)


@attrs.frozen(eq=False, repr=False)
class Parameter:
    """One parameter of the API.

    Attributes:
        check: Returns the value to send for an argument, or raises InvalidParameter.
        about: What it means, in one sentence, for docstrings and the command line.
        public: Whether it may appear in errors and logs, and be typed on a command line; everything else is a secret.
    """

    check: Callable[[str, object], Value]
    about: str
    public: bool = False


PARAMETERS: Final[Mapping[str, Parameter]] = {
    # The product and what belongs to it.
    "product": Parameter(identifier, "Short code of the product.", public=True),
    "feature": Parameter(identifier, "Code of the feature.", public=True),
    "bundle_code": Parameter(identifier, "Short code of the bundle, to act on a license inside it.", public=True),
    "license_id": Parameter(integer, "Picks one license if the user has several.", public=True),
    "include_expired_features": Parameter(
        boolean, "Whether to list expired features too; the service's default is no.", public=True
    ),
    "include_metadata_string": Parameter(
        boolean, "Whether to add the metadata as text, `metadata_string`; the service's default is no.", public=True
    ),
    "include_latest_version": Parameter(
        boolean, "Whether to add the newest installation file; the service's default is no.", public=True
    ),
    "include_custom_fields": Parameter(
        boolean, "Whether to add the product's custom fields; the service's default is no.", public=True
    ),
    "env": Parameter(
        identifier,
        "Environment of the installation file: win, win32, win64, mac, linux, linux32 or linux64.",
        public=True,
    ),
    "channel": Parameter(identifier, "Release channel of the installation file.", public=True),
    "version": Parameter(identifier, "Version of the product.", public=True),
    "license_policy": Parameter(
        identifier, "Code of the license policy; the service's default policy if left out.", public=True
    ),
    # The identity.
    "license_key": Parameter(identifier, "The license's key, for key-based products. Pass exactly one identity."),
    "username": Parameter(identifier, "The license's user, for user-based products."),
    "password": Parameter(text, "The user's password."),
    "new_password": Parameter(text, "The new password."),
    "id_token": Parameter(token, "The access token of a single sign-on; goes with `customer_account_code`."),
    "code": Parameter(token, "The code of a single sign-on, good for one use; goes with `customer_account_code`."),
    "customer_account_code": Parameter(identifier, "Code of the customer account that signs on."),
    "redirect_uri": Parameter(text, "Where the single sign-on returns to, as passed to `sso_url`.", public=True),
    "response_type": Parameter(text, "What the single sign-on returns: `code` or `token`.", public=True),
    "customer": Parameter(identifier, "The customer's e-mail address."),
    # Who a trial is for.
    "email": Parameter(identifier, "E-mail address of the trial's user; needed for user-based products."),
    "first_name": Parameter(text, "First name of the customer."),
    "last_name": Parameter(text, "Last name of the customer."),
    "phone": Parameter(text, "Telephone number of the customer."),
    "company_name": Parameter(text, "Company of the customer."),
    "address": Parameter(text, "Street and number of the customer."),
    "postcode": Parameter(text, "Post code of the customer."),
    "city": Parameter(text, "City of the customer."),
    "state": Parameter(text, "State of the customer."),
    "country": Parameter(text, "Country of the customer."),
    "reference": Parameter(text, "Your own reference for the customer."),
    # The device.
    "hardware_id": Parameter(identifier, "Unique id of the device."),
    "is_vm": Parameter(boolean, "Whether the device is a virtual machine.", public=True),
    "vm_info": Parameter(text, "What kind of virtual machine it is.", public=True),
    "os_ver": Parameter(text, "Operating system and version of the device.", public=True),
    "hostname": Parameter(text, "Host name of the device."),
    "os_hostname": Parameter(text, "Host name of the device, older spelling."),
    "ip": Parameter(text, "Public address of the device."),
    "ip_local": Parameter(text, "Local address of the device."),
    "app_ver": Parameter(text, "Version of the calling application.", public=True),
    "sdk_ver": Parameter(text, "Version of the calling library.", public=True),
    "mac_address": Parameter(text, "Hardware address of the device."),
    "variables": Parameter(variables, "Variables of the device by name; values are strings, numbers or booleans."),
    "tpm_enrollment": Parameter(enrollment, "The public key of the device's TPM."),
    # Uses.
    "consumptions": Parameter(count, "Uses to count; a negative number gives uses back.", public=True),
    "max_overages": Parameter(
        count, "Uses allowed beyond the maximum; changes the license's own setting.", public=True
    ),
    "allow_overages": Parameter(
        boolean, "Whether uses beyond the maximum are allowed; changes the license's own setting.", public=True
    ),
    "event": Parameter(
        events,
        "Entries for the activity log: `consumption_add` or `offline_floating_consumptions_sync`.",
        public=True,
    ),
    "ignore_events": Parameter(boolean, "Whether to leave the call out of the activity log.", public=True),
    "borrowed_until": Parameter(
        moment, "End of the borrowing, as an aware datetime; None for the longest allowed.", public=True
    ),
    # Offline requests.
    "request": Parameter(document, "The text of an offline request, Base64."),
}
CHECKS: Final = {name: parameter.check for name, parameter in PARAMETERS.items()}
_PUBLIC = frozenset(name for name, parameter in PARAMETERS.items() if parameter.public)


def secrets_of(fields: Mapping[str, Value]) -> tuple[str, ...]:
    """Return the values that must not appear in errors and logs."""
    found: list[str] = []
    for name, value in fields.items():
        if name in _PUBLIC:
            continue
        if isinstance(value, str):
            found.append(value)
        else:
            found.extend(each for each in (value.values() if isinstance(value, dict) else ()) if isinstance(each, str))
    return tuple(found)
