"""Bytes to JSON values, stricter than `json.loads`."""

from __future__ import annotations

import json
import math

from ..errors import ResponseError


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _finite(literal: str) -> float:
    number = float(literal)
    if not math.isfinite(number):
        raise ValueError("a number too large for a float")
    return number


_DECODER = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite)


def decode(body: bytes) -> object:
    """Return the JSON value of a response body.

    Refuses what `json.loads` lets through: NaN and infinities, other encodings than UTF-8, and lone surrogates, which
    would fail later, in whoever prints or stores the value.

    Raises:
        ResponseError: The body is not one JSON text (RFC 8259).
    """
    if not body:
        raise ResponseError("the answer is not usable JSON: the body is empty")
    try:
        text = body.decode("utf-8")
        value: object = _DECODER.decode(text)
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
    # Outside the handler: a UnicodeError and a JSONDecodeError hold the body, and would hang on ours as its context.
    raise ResponseError(f"the answer is not usable JSON: {reason}")
