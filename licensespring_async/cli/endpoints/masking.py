"""Hide secrets in an answer."""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

from ...redaction import fingerprint


def masked(value: object, secrets: Collection[str]) -> object:
    """Return a JSON value with fingerprints in place of the secrets of the request.

    Args:
        value: The answer, with its own secrets masked.
        secrets: Secrets of the request.
    """
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        return {name: masked(each, secrets) for name, each in fields.items()}
    if isinstance(value, list | tuple):
        return [masked(each, secrets) for each in cast("list[object]", value)]
    return fingerprint(value) if isinstance(value, str) and value in secrets else value
