"""A call that this version has no function for."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar, cast, get_args, get_origin
from urllib.parse import quote

import attrs

from ..errors import InvalidParameter
from ..models.converter import structure
from ..models.expiry import TimeFloor, judge
from ..models.json_body import decode
from ..models.json_types import is_text
from ..models.model import Model
from ..transport.values import Call, Method, Repeat, Request
from .parameters import count, text

T = TypeVar("T")

# Characters that need no encoding (RFC 3986, 3.3), so that the logged path is the one that is sent.
_PATH = re.compile(r"(/[A-Za-z0-9_~.!$&'()*+,;=:@-]+)+/?", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9_.-]+", re.ASCII)


@attrs.frozen
class _Any:
    """A model, several of one kind, or JSON as it came."""

    model: type[object]
    is_signed: bool

    def read(self, body: bytes, *, is_verified: bool) -> object:
        value = decode(body, is_signed=is_verified)
        if self.model is object:
            return value
        return structure(value, self.model, called=None if get_origin(self.model) is None else "list")

    def judge_by(self, value: object, floor: TimeFloor) -> None:
        for each in cast("tuple[object, ...]", value) if type(value) is tuple else (value,):
            judge(each, floor)


def other(
    method: Method, path: str, parameters: Mapping[str, object], *, model: type[T], repeat: bool | None, signed: bool
) -> Call[T]:
    """Return a call of any path. All its texts are secrets, and its answer is not bound to the request.

    Args:
        method: GET sends the parameters in the query, POST as JSON.
        path: The path below the origin.
        parameters: By name; None leaves one out of a query.
        model: The type of the answer: a model, `tuple[Model, ...]`, or `object` for JSON as it came.
        repeat: Whether it may be sent again after a failure that may have acted; None for a GET alone.
        signed: Whether the service signs the answer.

    Raises:
        InvalidParameter: An argument cannot be sent.
    """
    if method not in ("GET", "POST"):
        raise InvalidParameter("method", "must be 'GET' or 'POST'")
    path = text("path", path)
    if not _PATH.fullmatch(path) or {".", ".."} & {*path.split("/")}:
        raise InvalidParameter(
            "path", "must look like /api/v4/check_license, with plain segments; pass parameters separately"
        )
    if not _is_readable(model):
        raise InvalidParameter("model", "must be a model, tuple[Model, ...], or object for JSON as it came")
    for name, each in {"signed": signed, "repeat": repeat is True if repeat is None else repeat}.items():
        if type(each) is not bool:
            raise InvalidParameter(name, "must be True or False")
    if not isinstance(parameters, Mapping):
        raise InvalidParameter("parameters", f"must be a mapping of names to values, not {type(parameters).__name__}")
    for name in parameters:
        if type(name) is not str or not _NAME.fullmatch(name):
            raise InvalidParameter("parameters", "have a name with characters other than letters, digits, _, - and .")
    is_get = method == "GET"
    may_repeat = is_get if repeat is None else repeat
    target, body = (_with_query(path, parameters), None) if is_get else (path, _body(parameters))
    secrets = tuple(_texts(parameters))  # now, for the caller may change them
    request = Request(
        endpoint=path.rstrip("/").rpartition("/")[2],
        method=method,
        path=path,
        target=target,
        body=body,
        content_type=None if is_get else "application/json",
        repeat=Repeat.ALWAYS if may_repeat else Repeat.UNLESS_ACTED,
        find_secrets=lambda: secrets,
    )
    return cast("Call[T]", Call(request, _Any(model, signed)))


def _is_readable(model: object) -> bool:
    if get_origin(model) is tuple:
        kinds = get_args(model)
        return len(kinds) == 2 and kinds[1] is ... and _is_readable(kinds[0])
    return model is object or (isinstance(model, type) and issubclass(model, Model))


def _with_query(path: str, parameters: Mapping[str, object]) -> str:
    sent = {name: _in_query(name, value) for name, value in parameters.items() if value is not None}
    query = "&".join(f"{name}={value}" for name, value in sent.items())
    return f"{path}?{query}" if query else path


def _in_query(name: str, value: object) -> str:
    if isinstance(value, str):
        return quote(text(name, value), safe="")
    if type(value) is int:
        return str(count(name, value))
    if type(value) is bool or (type(value) is float and math.isfinite(value)):
        return str(value).lower()
    raise InvalidParameter(name, f"must be a string, a number or a boolean in a GET, not {type(value).__name__}")


def _body(parameters: Mapping[str, object]) -> bytes:
    try:
        body = json.dumps({**parameters}, separators=(",", ":"), allow_nan=False).encode()
        is_sendable = is_text(json.dumps({**parameters}, ensure_ascii=False))
    except (TypeError, ValueError, RecursionError):
        raise InvalidParameter("parameters", "are not JSON; pass texts, numbers, booleans, lists and objects") from None
    if not is_sendable:
        raise InvalidParameter("parameters", "contain a lone surrogate, which cannot be sent; decode the text properly")
    return body


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        if value:
            yield value
    elif isinstance(value, Mapping):
        for each in cast("Mapping[object, object]", value).values():
            yield from _texts(each)
    elif isinstance(value, Sequence):
        for each in cast("Sequence[object]", value):
            yield from _texts(each)
