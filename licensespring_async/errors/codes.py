"""From a documented error code to its class."""

from __future__ import annotations

from typing import Final

from .base import BY_CODE, ApiError

OK: Final = "ok"
"""The code of what went well: of a decision, a result and a call alike."""


def is_documented(code: str) -> bool:
    """Return whether a code has an exception class of its own."""
    return code.lower() in BY_CODE


def api_error(status: int, code: str, message: str) -> ApiError:
    """Return the exception for an error answer: the code's own class, or a plain ApiError for an unknown code.

    The service does not spell all its codes alike, so upper and lower case are the same.
    """
    return BY_CODE.get(code.lower(), ApiError)(status, code, message)
