"""Bytes to JSON values, stricter than `json.loads`."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import cast

from ..errors import ResponseError


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _finite(literal: str) -> float:
    number = float(literal)
    if not math.isfinite(number):
        raise ValueError("a number too large for a float")
    return number


def _whole(literal: str) -> int:
    # int() takes quadratic time, and the interpreter's own limit can be lifted.
    if len(literal) > _LONGEST_NUMBER:
        raise ValueError("a number that is too large")
    return int(literal)


def _unambiguous(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a name occurs twice in one object")
    return value


_LONGEST_NUMBER = 40  # digits; ids have 16
_LARGEST = 256 * 1024  # bytes; a bundle of 50 licenses has half of that
_DEEPEST = 100  # levels
_MOST_VALUES = 20_000  # each is a byte at least
_DECODER = json.JSONDecoder(
    parse_constant=_no_constant, parse_float=_finite, parse_int=_whole, object_pairs_hook=_unambiguous
)


def _check_depth(value: object) -> None:
    """Raise if a value has too many levels: to copy it, or to write it as JSON, could exhaust the stack."""
    level = [value]
    for _ in range(_DEEPEST + 1):
        level = [inner for each in level for inner in _inside(each)]
    if level:
        raise ValueError("nested too deeply")


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return cast("dict[str, object]", value).values()
    return cast("list[object]", value) if isinstance(value, list) else ()


def _values(body: bytes) -> int:
    return sum(map(body.count, (b",", b"[", b"{")))


def decode(body: bytes, *, is_signed: bool = False) -> object:
    """Return the JSON value of a response body.

    Refuses what `json.loads` lets through: NaN and infinities; encodings other than UTF-8; a name twice in one object,
    since readers differ in which one counts; numbers with more digits than any id; lone surrogates and more than 100
    levels, which would fail later, when the value is printed or stored.

    Args:
        body: The bytes.
        is_signed: Whether a trusted key has signed them. If not, more than 256 KiB or 20,000 values are refused: a
            value of three bytes can take two hundred in memory.

    Raises:
        ResponseError: The body is not one JSON text (RFC 8259), or too costly to read.
    """
    if not body:
        raise ResponseError("the answer is not usable JSON: the body is empty")
    if not is_signed and len(body) > _MOST_VALUES and (len(body) > _LARGEST or _values(body) > _MOST_VALUES):
        raise ResponseError("the answer is not usable JSON: too large for one that no trusted key has signed")
    try:
        text = body.decode("utf-8")
        value: object = _DECODER.decode(text)
        if body.count(b"[") + body.count(b"{") > _DEEPEST:
            _check_depth(value)
        if "\\ud" in text or "\\uD" in text:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except RecursionError:
        reason = "nested too deeply"
    except UnicodeError:
        reason = "not UTF-8 text"
    except ValueError as e:
        reason = e.msg if isinstance(e, json.JSONDecodeError) else str(e)
    else:
        return value
    # Raised outside the handler: a UnicodeError or JSONDecodeError holds the body, and would be the context of ours.
    raise ResponseError(f"the answer is not usable JSON: {reason}")
