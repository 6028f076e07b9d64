"""What of an answer is not shown."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, cast

from ...redaction import fingerprint

_SECRET_FIELDS: Final = frozenset({"license_key"})


def masked(value: object, secrets: Collection[str]) -> object:
    """Return a JSON value with fingerprints in the place of keys.

    Args:
        value: What was answered.
        secrets: What was asked with, and must not come back.
    """
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        return {
            name: fingerprint(each) if name in _SECRET_FIELDS and isinstance(each, str) else masked(each, secrets)
            for name, each in fields.items()
        }
    if isinstance(value, list | tuple):
        return [masked(each, secrets) for each in cast("list[object]", value)]
    return fingerprint(value) if isinstance(value, str) and value in secrets else value
