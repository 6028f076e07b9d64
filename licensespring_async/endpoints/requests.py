"""From checked arguments to a request: the identity, the query or the JSON body, and its secrets."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar
from urllib.parse import quote

from ..errors import InvalidParameter
from ..models.shapes import Answer
from ..signatures import Verifier
from ..transport.values import Call, Repeat, Request, Tpm
from .parameters import CHECKS, Value, is_plain, secrets_of

T = TypeVar("T")


def who(*, license_key: object, username: object) -> dict[str, object]:
    """Return the argument that names a license: exactly one of the two.

    Raises:
        InvalidParameter: Both or neither were given.
    """
    if (license_key is None) == (username is None):
        how = "neither was" if license_key is None else "both were"
        raise InvalidParameter("license_key / username", f"{how} given; pass exactly one of them")
    return {"license_key": license_key} if username is None else {"username": username}


_SIGNS_ON = ("id_token", "code")


def who_activates(
    *,
    license_key: object,
    username: object,
    password: object,
    id_token: object,
    code: object,
    customer_account_code: object,
    redirect_uri: object,
) -> dict[str, object]:
    """Return the arguments that name a license to activate or borrow.

    These are `license_key`, or `username` with `password`, or `id_token` or `code` with `customer_account_code`. A
    `redirect_uri` may go with the last two.

    Raises:
        InvalidParameter: None or several were given, or half of a pair; it names what is missing.
    """
    ways = {"license_key": license_key, "username": username, "id_token": id_token, "code": code}
    chosen = {name: value for name, value in ways.items() if value is not None}
    if len(chosen) != 1:
        how = "several were" if chosen else "none was"
        raise InvalidParameter(" / ".join(chosen or ways), f"{how} given; pass exactly one of {', '.join(ways)}")
    (way,) = chosen
    companions = {
        "password": (password, ("username",), ("username",)),
        "customer_account_code": (customer_account_code, _SIGNS_ON, _SIGNS_ON),
        "redirect_uri": (redirect_uri, _SIGNS_ON, ()),
    }
    for name, (value, fits, needs) in companions.items():
        if value is not None and way not in fits:
            raise InvalidParameter(name, f"does not go with {way}; it goes with {' or '.join(fits)}")
        if value is None and way in needs:
            raise InvalidParameter(name, f"is missing; {way} needs it")
        if value is not None:
            chosen[name] = value
    return chosen


def required(**arguments: object) -> dict[str, Value]:
    """Return arguments, each checked by its name, in their order.

    Raises:
        InvalidParameter: One cannot be sent.
    """
    return {name: CHECKS[name](name, value) for name, value in arguments.items()}


def optional(**arguments: object) -> dict[str, Value]:
    """Return the arguments that are not None, checked as `required` does."""
    return {name: CHECKS[name](name, value) for name, value in arguments.items() if value is not None}


def get(
    endpoint: str,
    fields: Mapping[str, Value],
    answer: Answer[T],
    *,
    path: str | None = None,
    bind: Callable[[T, Verifier | None], None] | None = None,
    authorized: bool = True,
) -> Call[T]:
    """Return a GET call, with every reserved character of its query percent-encoded (RFC 3986, 2.1)."""
    path = f"/api/v4/{path or endpoint}"
    pairs = [
        f"{name}={value if type(value) is str and is_plain(value) else _in_query(value)}"
        for name, value in fields.items()
    ]
    query = "&".join(pairs)
    request = Request(
        endpoint=endpoint,
        method="GET",
        path=path,
        target=f"{path}?{query}" if query else path,
        authorized=authorized,
        find_secrets=partial(secrets_of, fields),
    )
    return Call(request, answer, bind)


def post(
    endpoint: str,
    fields: Mapping[str, Value],
    answer: Answer[T],
    *,
    path: str | None = None,
    repeat: Repeat = Repeat.ALWAYS,
    bind: Callable[[T, Verifier | None], None] | None = None,
    doubt: Callable[[], Call[T]] | None = None,
    tpm: Tpm | None = None,
) -> Call[T]:
    """Return a POST call with a JSON body, in plain ASCII."""
    path = f"/api/v4/{path or endpoint}"
    request = Request(
        endpoint=endpoint,
        method="POST",
        path=path,
        target=path,
        body=json.dumps(fields, separators=(",", ":")).encode(),
        content_type="application/json",
        repeat=repeat,
        tpm=tpm,
        find_secrets=partial(secrets_of, fields),
    )
    return Call(request, answer, bind, doubt)


def post_text(endpoint: str, text: str, answer: Answer[T], *, repeat: Repeat = Repeat.ALWAYS) -> Call[T]:
    """Return a POST call whose body is the text of an offline request."""
    path, fields = f"/api/v4/{endpoint}", required(request=text)
    request = Request(
        endpoint=endpoint,
        method="POST",
        path=path,
        target=path,
        body=str(fields["request"]).encode(),
        content_type="text/plain",
        repeat=repeat,
        find_secrets=partial(secrets_of, fields),
    )
    return Call(request, answer)


def _in_query(value: Value) -> str:
    """Return a value for a query: a percent-encoded text, true, false, or digits."""
    return quote(value if isinstance(value, str) else str(value).lower(), safe="")
