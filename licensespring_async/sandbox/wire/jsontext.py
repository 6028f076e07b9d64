"""JSON text that survives JSON.stringify(JSON.parse(text)) unchanged.

Some clients verify a signature over the text as JavaScript would write it again, so a value that JavaScript
prints differently (1.0, 1e-7, an integer-like key that moves to the front) has to be refused where it enters.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
else:
    Json = Any  # world files are read by annotations, and a type that contains itself has no end
JsonObject: TypeAlias = dict[str, Json]

_LARGEST_SAFE_INTEGER = 2**53 - 1


def encode(value: Json) -> bytes:
    """Write compact UTF-8 JSON, the exact bytes that are sent and signed."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def json_object(value: Mapping[str, Json]) -> JsonObject:
    """Copy a JSON object, or raise ValueError for what JavaScript would write differently."""
    require_exact(value)
    return dict(value)


def require_exact(value: Json, path: str = "$") -> None:
    """Raise ValueError for what JavaScript would write differently."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key.isdecimal():
                raise ValueError(f"{path}.{key}: an integer-like key changes its place in JavaScript; rename it")
            require_exact(inner, f"{path}.{key}")
    elif isinstance(value, float):
        _check_float(value, path)
    elif isinstance(value, int) and abs(value) > _LARGEST_SAFE_INTEGER:
        raise ValueError(f"{path}: {value} is beyond 2^53; write it as a string")
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, inner in enumerate(value):
            require_exact(inner, f"{path}[{index}]")


def _check_float(value: float, path: str) -> None:
    text = repr(value)
    if "." not in text or "e" in text or text.endswith(".0"):
        raise ValueError(f"{path}: JavaScript writes {text} differently; use an integer or a string")
