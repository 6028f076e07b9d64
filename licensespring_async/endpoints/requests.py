"""From checked arguments to a request: the identity, the query or the JSON body, and what of it is a secret."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import quote

from ..errors import InvalidParameter
from ..models.shapes import Answer
from ..signatures import Verifier
from ..transport.values import Call, Repeat, Request
from .parameters import PARAMETERS, Value, is_plain, secrets_of

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


def required(**arguments: object) -> dict[str, Value]:
    """Return arguments, each checked by its name, in their order.

    Raises:
        InvalidParameter: One cannot be sent.
    """
    return {name: PARAMETERS[name].check(name, value) for name, value in arguments.items()}


def optional(**arguments: object) -> dict[str, Value]:
    """Return the arguments that are not None, checked as `required` does."""
    return {name: PARAMETERS[name].check(name, value) for name, value in arguments.items() if value is not None}


def get(
    endpoint: str,
    fields: Mapping[str, Value],
    answer: Answer[T],
    *,
    bind: Callable[[T, Verifier | None], None] | None = None,
) -> Call[T]:
    """Return the call that asks with a query string, every reserved character percent-encoded (RFC 3986, 2.1)."""
    path = f"/api/v4/{endpoint}"
    pairs = [f"{name}={_in_query(value)}" for name, value in fields.items()]
    target = f"{path}?{'&'.join(pairs)}"
    request = Request(endpoint=endpoint, method="GET", path=path, target=target, secrets=secrets_of(fields))
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
) -> Call[T]:
    """Return the call that asks with a JSON body, in plain ASCII."""
    path = f"/api/v4/{path or endpoint}"
    request = Request(
        endpoint=endpoint,
        method="POST",
        path=path,
        target=path,
        body=json.dumps(fields, separators=(",", ":")).encode(),
        content_type="application/json",
        repeat=repeat,
        secrets=secrets_of(fields),
    )
    return Call(request, answer, bind, doubt)


def _in_query(value: Value) -> str:
    if not isinstance(value, str):
        return str(value).lower()  # true, false, or digits
    return value if is_plain(value) else quote(value, safe="")
