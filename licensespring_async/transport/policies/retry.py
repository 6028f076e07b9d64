"""When to retry, and when to stop: pure decisions over errors, counts and clocks.

The policy is AWS "standard" (v2.1): few attempts, full jitter, and a token bucket that all calls of a client share, so
that an outage causes no storm of retries.

Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import Enum

import attrs

from ...by_fields import ByFields
from ...errors import ConfigurationError, LicenseSpringError
from ..clock import is_number
from ..values import Repeat


class Kind(Enum):
    """Why another attempt may succeed; the value is what it costs from the budget."""

    TRANSIENT = 14
    THROTTLED = 5


def classify(error: LicenseSpringError, repeat: Repeat) -> Kind | None:
    """Return why an error is worth another attempt, or None if it is not.

    Args:
        error: How the attempt failed.
        repeat: When the request may be sent again.
    """
    if error.retried_as is None or (error.may_have_acted and repeat is Repeat.UNLESS_ACTED):
        return None
    return Kind.THROTTLED if error.retried_as == "throttled" else Kind.TRANSIENT


def at_least(least: float) -> Callable[[object, attrs.Attribute[float], float], None]:
    """Return an attrs validator: a number, and no smaller than this."""

    def check(_: object, attribute: attrs.Attribute[float], value: float) -> None:
        if not is_number(value) or value < least:
            raise ConfigurationError(f"{attribute.name}: must be a number of at least {least:g}")

    return check


def whole(_: object, attribute: attrs.Attribute[int], value: int) -> None:
    """Refuse anything but a whole number above 0; an attrs validator."""
    if type(value) is not int or value < 1:
        raise ConfigurationError(f"{attribute.name}: must be a whole number of at least 1, not {value!r}")


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RetryPolicy(ByFields):
    """How often, and after what delay, a failed attempt is retried; `RetryPolicy(max_attempts=1)` never retries.

    Args:
        max_attempts: Attempts in all, the first included.
        transient_base: Seconds; the longest first delay after a failure of the network or the service.
        throttled_base: Seconds; the same after HTTP 429.
        max_delay: Seconds; the longest delay that the client chooses. A longer `Retry-After` is obeyed.
    """

    max_attempts: int = attrs.field(default=3, validator=whole)
    transient_base: float = attrs.field(default=0.05, validator=at_least(0))
    throttled_base: float = attrs.field(default=1.0, validator=at_least(0))
    max_delay: float = attrs.field(default=20.0, validator=at_least(0))

    def delay(self, kind: Kind, retries: int, random: float) -> float:
        """Return the seconds to wait before a retry: full jitter over an exponential.

        Args:
            kind: Why the attempt failed.
            retries: Earlier retries of the call.
            random: From [0, 1).
        """
        base = self.throttled_base if kind is Kind.THROTTLED else self.transient_base
        # 2 ** 1024 overflows a float; max_delay is reached long before.
        return random * min(base * 2.0 ** min(retries, 60), self.max_delay)


class RetryBudget:
    """Retry tokens that all calls of a client share: each retry costs some, and a success refunds them.

    In a total outage 500 tokens allow 35 extra requests, after which each call tries once.
    """

    def __init__(self, capacity: int = 500) -> None:
        self._capacity = capacity
        self.tokens = capacity

    def take(self, kind: Kind) -> bool:
        """Pay for a retry; False if too few tokens are left."""
        if self.tokens < kind.value:
            return False
        self.tokens -= kind.value
        return True

    def refund(self, last_retry: Kind | None) -> None:
        """Refund what the last retry cost, or 1 for a call that needed none."""
        self.tokens = min(self._capacity, self.tokens + (1 if last_retry is None else last_retry.value))


def retry_after(value: str | None, now: float) -> float | None:
    """Return the seconds that a `Retry-After` header asks for, or None if it is unusable.

    Args:
        value: The header: seconds, or an HTTP-date.
        now: Seconds since the epoch, by the service's clock if it is known.

    Source: RFC 9110, 10.2.3
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text) if len(text) < 16 else None
    try:
        moment = parsedate_to_datetime(text)
        return max(0.0, moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() - now)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
