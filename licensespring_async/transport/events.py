"""Records of what the transport does, for the caller's own logs and metrics."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TypeAlias

import attrs

from ..by_fields import ByFields
from ..errors import LicenseSpringError

_log = logging.getLogger("licensespring_async")

# Attributes of log records are named as those of spans (OpenTelemetry's semantic conventions).
_ENDPOINT = "licensespring.endpoint"
_RESENT = "http.request.resend_count"
_ERROR = "error.type"


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class RequestEvent(ByFields):
    """One HTTP request has ended.

    Attributes:
        endpoint: Name of the endpoint.
        attempt: 1 for the first request of a call.
        status: HTTP status, or None if no answer came.
        seconds: From sending the request to the end of the answer.
        error: Why the attempt failed, or None.
    """

    endpoint: str
    attempt: int
    status: int | None
    seconds: float
    error: LicenseSpringError | None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RetryEvent(ByFields):
    """A failed attempt will be repeated.

    Attributes:
        endpoint: Name of the endpoint.
        attempt: The attempt that failed.
        delay: Seconds until the next one.
        error: Why it failed.
    """

    endpoint: str
    attempt: int
    delay: float
    error: LicenseSpringError


@attrs.frozen(kw_only=True, eq=False, repr=False)
class LicenseEvent(ByFields):
    """The state of a session's license, or of one of its features, has changed.

    Attributes:
        product: Short code of the product.
        feature: Code of the feature; None for the license.
        before: The state before; None when the session has just opened.
        state: The state now, as `services.State` spells it.
        reason: "ok", or the code of what is wrong.
    """

    product: str
    feature: str | None
    before: str | None
    state: str
    reason: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class DoubtEvent(ByFields):
    """Uses were sent and not answered. Whether the service counted them is unknown; they are not sent again.

    Attributes:
        product: Short code of the product.
        feature: Code of the feature; None for the license's own uses.
        consumptions: How many.
        id: The session's name for them.
    """

    product: str
    feature: str | None
    consumptions: int
    id: str


Event: TypeAlias = RequestEvent | RetryEvent | LicenseEvent | DoubtEvent
Hook: TypeAlias = Callable[[Event], object]


def is_heard(hooks: tuple[Hook, ...]) -> bool:
    """Return whether a hook, or a log at DEBUG, hears of requests."""
    return bool(hooks) or _log.isEnabledFor(logging.DEBUG)


def emit(hooks: Iterable[Hook], event: Event) -> None:
    """Log an event and hand it to every hook; one that fails is logged and never stops the call."""
    # Other events are logged where they are made: more is known there.
    if isinstance(event, (RequestEvent, RetryEvent)):  # a tuple: a union would be built for each request
        _log_event(event)
    for hook in hooks:
        try:
            hook(event)
        except Exception:  # noqa: BLE001  # a hook is the caller's code, and nothing is awaited here
            _log.exception("a hook failed on %s", type(event).__name__)


def _log_event(event: RequestEvent | RetryEvent) -> None:
    level = logging.INFO if isinstance(event, RetryEvent) else logging.DEBUG
    if not _log.isEnabledFor(level):
        return
    error = None if event.error is None else type(event.error).__name__
    extra: dict[str, object] = {_ENDPOINT: event.endpoint, _RESENT: event.attempt - 1, _ERROR: error}
    if isinstance(event, RetryEvent):
        extra["licensespring.retry_delay"] = event.delay
        text = "%s: attempt %d failed with %s; the next one in %.3g s"
        _log.info(text, event.endpoint, event.attempt, error, event.delay, extra=extra)
    else:
        extra |= {"http.response.status_code": event.status, "licensespring.seconds": event.seconds}
        text = "%s: attempt %d ended with %s in %.3g s"
        _log.debug(text, event.endpoint, event.attempt, error or f"HTTP {event.status}", event.seconds, extra=extra)
