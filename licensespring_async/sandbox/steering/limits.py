"""The service's documented rate limits, and the forms that a 429 can take.

https://docs.licensespring.com/license-api/rate-limiting
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from email.utils import formatdate
from hashlib import sha256
from typing import Final, Literal, TypeAlias

import attrs

from ...errors import ConfigurationError
from ..spelling import one_of, strict
from ..wire.refusals import error_body

Plan: TypeAlias = Literal["free", "business-starter", "business-plus", "enterprise"]
RetryAfter: TypeAlias = Literal["seconds", "date", "garbage", "none"]

_PER_MINUTE: Final[dict[Plan, int]] = {
    "free": 1_800,
    "business-starter": 3_600,
    "business-plus": 4_500,
    "enterprise": 18_000,
}
_MAX_COUNTED: Final = 10_000


def _above_zero(_: object, attribute: attrs.Attribute[float], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise ConfigurationError(f"'{attribute.name}' must be > 0: {value!r:.100}")


@strict
@attrs.frozen(kw_only=True)
class Throttle:
    """The rate limits of a plan: 200 requests in 10 s per IP, 50 in 1 s per Authorization, more in 60 s per company.

    Args:
        plan: `free`, `business-starter`, `business-plus` or `enterprise`.
        scale: Factor on each limit, so that a test reaches it soon; every limit stays at least 1.
        retry_after: Form of the Retry-After header.
        html: Answer with a proxy's HTML page instead of JSON.
    """

    plan: Plan = attrs.field(default="free", validator=one_of(Plan))
    scale: float = attrs.field(default=1.0, validator=_above_zero)
    retry_after: RetryAfter = attrs.field(default="seconds", validator=one_of(RetryAfter))
    html: bool = False

    def windows(self, company: str, address: str, authorization: str) -> tuple[tuple[str, int, float], ...]:
        """Return each window of a request: the counter's name, the number of requests, and the seconds.

        The service counts an IP across companies. Here each company has its own count, because all tenants use one IP.
        """
        return (
            (_name(f"company {company} ip {address}"), self._scaled(200), 10.0),
            (_name(f"company {company} authorization {authorization}"), self._scaled(50), 1.0),
            (_name(f"company {company}"), self._scaled(_PER_MINUTE[self.plan]), 60.0),
        )

    def _scaled(self, limit: int) -> int:
        return max(1, int(limit * self.scale))


@attrs.define(eq=False)
class Limiter:
    """Counts requests in sliding windows on the sandbox's clock.

    Args:
        clock: Seconds since the epoch.
        throttle: The limits; None admits every request.
        company_of: Returns the company of an Authorization header.
    """

    clock: Callable[[], float]
    throttle: Throttle | None
    company_of: Callable[[str], str]
    _seen: dict[str, deque[float]] = attrs.field(factory=dict[str, deque[float]], init=False)
    _forget_at: int = attrs.field(default=_MAX_COUNTED, init=False)

    def clear(self) -> None:
        """Clear all counts."""
        self._seen.clear()

    def wait(self, address: str, authorization: str) -> float:
        """Count a request and return 0.0; over the limit, count nothing and return the seconds to wait."""
        if self.throttle is None:
            return 0.0
        now = self.clock()
        windows = self.throttle.windows(self.company_of(authorization), address, authorization)
        waits = [self._wait_for(who, limit, seconds, now) for who, limit, seconds in windows]
        if max(waits) > 0:
            return max(waits)
        if len(self._seen) > self._forget_at:  # every request has a new signature, and so a counter of its own
            self._seen = {who: times for who, times in self._seen.items() if times and times[-1] > now - 60}
            # Scanning at every request would slow down large plans.
            self._forget_at = max(_MAX_COUNTED, 2 * len(self._seen))
        for who, _, _ in windows:
            self._seen.setdefault(who, deque()).append(now)
        return 0.0

    def _wait_for(self, who: str, limit: int, seconds: float, now: float) -> float:
        times = self._seen.get(who, deque[float]())
        while times and not now - seconds < times[0] <= now:
            times.popleft()
        return times[-limit] + seconds - now if len(times) >= limit else 0.0


def _name(who: str) -> str:
    """Return a short name for a counter: the header in it is not checked yet, and may be long."""
    return sha256(who.encode()).hexdigest()


def too_many(throttle: Throttle, wait: float, now: float) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Build the headers and the body of a 429; the service's own are not documented.

    Args:
        throttle: Decides their form.
        wait: Seconds to wait.
        now: Seconds since the epoch.
    """
    seconds = math.ceil(wait)
    values = {"seconds": str(seconds), "date": formatdate(now + seconds, usegmt=True), "garbage": "soon"}
    body = error_body(429, "too_many_requests", "Too many requests.")
    kind = b"application/json; charset=utf-8"
    if throttle.html:
        body, kind = b"<html><body><h1>429 Too Many Requests</h1></body></html>", b"text/html"
    headers = [
        (b"date", formatdate(now, usegmt=True).encode()),
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
    ]
    if throttle.retry_after in values:
        headers.append((b"retry-after", values[throttle.retry_after].encode()))
    return headers, body
