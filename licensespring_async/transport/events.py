"""Records of what the transport does, for the caller's own logs and metrics."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TypeAlias

import attrs

from ..errors import LicenseSpringError

_log = logging.getLogger("licensespring_async")


@attrs.frozen(kw_only=True)
class RequestEvent:
    """One HTTP request has ended.

    Attributes:
        endpoint: Name of the endpoint.
        attempt: 1 for the first request of a call.
        status: HTTP status, or None if no answer came.
        seconds: From sending the request to the end of the answer.
        error: What the attempt failed with, or None.
    """

    endpoint: str
    attempt: int
    status: int | None
    seconds: float
    error: LicenseSpringError | None


@attrs.frozen(kw_only=True)
class RetryEvent:
    """A failed attempt will be repeated.

    Attributes:
        endpoint: Name of the endpoint.
        attempt: The attempt that failed.
        delay: Seconds until the next one.
        error: What it failed with.
    """

    endpoint: str
    attempt: int
    delay: float
    error: LicenseSpringError


Event: TypeAlias = RequestEvent | RetryEvent
Hook: TypeAlias = Callable[[Event], object]


def emit(hooks: Iterable[Hook], event: Event) -> None:
    """Hand an event to every hook; one that fails is logged and never stops the call."""
    for hook in hooks:
        try:
            hook(event)
        except Exception:  # noqa: BLE001  # a hook is the caller's code, and nothing is awaited here
            _log.exception("a hook failed on %s", type(event).__name__)
