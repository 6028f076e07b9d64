"""JSON text that JSON.stringify(JSON.parse(text)) leaves unchanged.

Some clients verify a signature over the text as JavaScript would write it. So values that JavaScript writes differently
(1.0, 1e-7, an integer-like key that moves to the front) are refused on input.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from ..spelling import LARGEST

if TYPE_CHECKING:
    Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
else:
    Json = Any  # cattrs reads world files by these annotations, and cannot handle a recursive type
JsonObject: TypeAlias = dict[str, Json]


def encode(value: Json) -> bytes:
    """Return compact UTF-8 JSON, the exact bytes that are signed and sent."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def json_object(value: Mapping[str, Json]) -> JsonObject:
    """Copy a JSON object, or raise ValueError if JavaScript would write it differently."""
    require_exact(value)
    return dict(value)


def require_exact(value: Json, path: str = "$") -> None:
    """Raise ValueError if JavaScript would write the value differently, or JSON cannot hold it."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise ValueError(f"{path}: a name must be a string, not {type(key).__name__}")  # noqa: TRY004  # as below
            if key.isdecimal():
                raise ValueError(f"{path}.{key}: JavaScript moves integer-like keys to the front; rename it")
            require_exact(inner, f"{path}.{key}")
    elif isinstance(value, float):
        _check_float(value, path)
    elif isinstance(value, int) and abs(value) > LARGEST:
        raise ValueError(f"{path}: {value} is too large for JavaScript (2^53); write it as a string")
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            require_exact(inner, f"{path}[{index}]")
    elif value is not None and not isinstance(value, str | int):
        raise ValueError(f"{path}: JSON holds no {type(value).__name__}; write it as a string")


def _check_float(value: float, path: str) -> None:
    text = repr(value)
    if "." not in text or "e" in text or text.endswith(".0"):
        raise ValueError(f"{path}: JavaScript writes {text} differently; use an integer or a string")
