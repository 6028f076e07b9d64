"""From a documented error code to its class."""

from __future__ import annotations

from typing import Final

from .base import BY_CODE, ApiError

OK: Final = "ok"
"""The code of what went well: of a decision, a result and a call alike."""


def is_documented(code: str) -> bool:
    """Return whether a code has an exception class of its own."""
    return code in BY_CODE


def api_error(status: int, code: str, message: str) -> ApiError:
    """Return the exception for an error answer: the code's own class, or a plain ApiError for an unknown code."""
    return BY_CODE.get(code, ApiError)(status, code, message)
