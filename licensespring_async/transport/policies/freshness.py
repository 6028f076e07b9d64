"""Whether an answer was made just now, or is played back from a cache or a recording."""

from __future__ import annotations

import attrs

from ...errors import AnswerMismatch
from ..values import HttpResponse

_UNKNOWN_CLOCK = 15 * 60.0  # the service accepts requests from clocks that far off


@attrs.frozen
class Freshness:
    """Refuses answers that are too old.

    A recorded answer is refused by its `Date`, which has to be near the local clock or near the service's, as believed
    answers told it. Before the first of them nothing is known of the local clock, and one that is up to 15 minutes off
    is good enough for the service: so the first answer may be that far off.

    Args:
        limit: Seconds that an answer's `Date` may be away from those clocks, and that its `Age` may be; None accepts
            any. A `Date` that is missing or not a date is accepted: neither header is signed, and whoever could leave
            one out could also write a newer one.

    Source: RFC 9110, 6.6.1 (Date); RFC 9111, 5.1 (Age)
    """

    limit: float | None

    def check(self, response: HttpResponse, distance: float | None, *, is_clock_known: bool) -> None:
        """Refuse an answer that is too old.

        Args:
            response: A success.
            distance: Seconds that its `Date` is off from the expected time, or None when it has none.
            is_clock_known: Whether an earlier answer that was believed told the service's time.

        Raises:
            AnswerMismatch: It is.
        """
        if self.limit is None:
            return
        age = response.headers.get("age")
        # Nine digits are 31 years; int() of a very long text is slow, and raises beyond 4,300 digits.
        if age is not None and not (age.isascii() and age.isdecimal() and len(age) <= 9 and int(age) <= self.limit):
            raise AnswerMismatch(
                f"the answer's Age is not within {self.limit:g} s: it comes from a cache, which no license check may. "
                "Look for a proxy on the way."
            )
        limit = self.limit if is_clock_known else max(self.limit, _UNKNOWN_CLOCK)
        if distance is not None and distance > limit:
            raise AnswerMismatch(
                f"the answer's Date is {distance:.0f} s off, and at most {limit:g} s are accepted: it may be a "
                "recording, and was thrown away"
            )
