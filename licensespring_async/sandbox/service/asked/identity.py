"""Authentication of a licensee: by license key, by password or by single sign-on.

The documentation has no codes for failures. Here a wrong password is answered like an unknown license, and an invalid
token or code of a sign-on with validation_error.
"""

from __future__ import annotations

from typing import Final

import attrs

from ...wire.parameters import Identity, exactly_one, read_identity, require_device, required
from ...wire.refusals import ServiceError
from ...world.customers import User
from ...world.licenses import License
from .call import Call
from .sign_on import Kind

_SIGNED_ON: Final = ("id_token", "code")
_WAYS: Final = ("license_key", "username", *_SIGNED_ON)


def activating_identity(call: Call) -> Identity:
    """Read the licensee who activates or borrows: one of license_key, username, id_token and code.

    `check_password` checks the password later, once the license is found.

    Raises:
        ServiceError: Parameters are missing or exclude each other, or the sign-on is not valid.
    """
    require_device(call.values)
    way = exactly_one(call.values, _WAYS)
    if way not in _SIGNED_ON:
        return read_identity(call.values)
    user, account = _signed_on(call, way)
    values = {name: value for name, value in call.values.items() if name != way}
    return attrs.evolve(read_identity({**values, "username": user.username}), account=account)


def check_password(license: License, identity: Identity, call: Call, *, may_be_absent: bool = False) -> None:
    """Refuse a missing or wrong password, unless the user came by single sign-on."""
    if license.user is None or identity.account is not None:
        return
    if may_be_absent and "password" not in call.values:
        return
    if license.user.password not in (None, required(call.values, "password")):
        raise ServiceError("license_not_found")


def proved_user(call: Call) -> tuple[User, str | None]:
    """Return the authenticated user, and the customer account of a single sign-on.

    Raises:
        ServiceError: Parameters are missing or exclude each other, the password is wrong, or the sign-on is not valid.
    """
    way = exactly_one(call.values, ("username", *_SIGNED_ON))
    if way in _SIGNED_ON:
        return _signed_on(call, way)
    password = required(call.values, "password")
    user = call.world.users.get(call.values["username"])
    if user is None or user.password not in (None, password):
        raise ServiceError("license_not_found", "No user matches the username and the password.")
    return user, None


def _signed_on(call: Call, way: str) -> tuple[User, str]:
    account = required(call.values, "customer_account_code")
    kind: Kind = "code" if way == "code" else "access"
    company = call.world.home.tenant
    username = call.sign_on.username(call.values[way], kind, company=company, account=account, now=call.now)
    user = call.world.users.get(username)
    if user is None:
        raise ServiceError("license_not_found")
    return user, account
