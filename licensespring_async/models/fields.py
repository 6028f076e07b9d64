"""Fields that models declare in the same way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

SECRET: Final[Mapping[str, bool]] = {"secret": True}
"""Marks a field that no log, ticket or screenshot may show: a repr omits it, and masked JSON has its fingerprint."""


def secret() -> Any:
    """Return a field with that mark, None by default."""
    return attrs.field(default=None, metadata=SECRET)
