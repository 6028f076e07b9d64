"""From a documented error code to its class."""

from __future__ import annotations

from typing import Final

from .base import BY_CODE, ApiError

OK: Final = "ok"
"""The code of success, in decisions, results and calls."""


def is_documented(code: str) -> bool:
    """Return whether a code has an exception class of its own."""
    return code.lower() in BY_CODE


def api_error(status: int, code: str, message: str) -> ApiError:
    """Return the exception for an error answer: the code's own class, or a plain ApiError for an unknown code.

    The service mixes upper and lower case in its codes, so case is ignored.
    """
    return BY_CODE.get(code.lower(), ApiError)(status, code, message)
