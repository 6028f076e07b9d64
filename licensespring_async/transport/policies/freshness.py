"""Whether an answer is fresh, or replayed from a cache or a recording."""

from __future__ import annotations

import attrs

from ...errors import AnswerMismatch
from ...errors.numbers import in_seconds
from ..values import HttpResponse
from .skew import ACCEPTED_SECONDS


@attrs.frozen(eq=False, repr=False)
class Freshness:
    """Refuse answers that are too old.

    The `Date` of an answer must be near the local clock, or near the service's clock according to believed answers. The
    service accepts clocks that are up to 15 minutes off, so that is the limit before the first believed answer.

    Args:
        limit: Seconds that an answer's `Date` may differ from those clocks, and that its `Age` may be; None accepts
            any. A `Date` that is missing or invalid is accepted: neither header is signed, so an attacker who can
            remove one can also write a newer one.

    Source: RFC 9110, 6.6.1 (Date); RFC 9111, 5.1 (Age)
    """

    limit: float | None

    def check(self, response: HttpResponse, distance: float | None, *, is_clock_known: bool) -> None:
        """Refuse an answer that is too old.

        Args:
            response: A success.
            distance: Seconds between its `Date` and the expected time, or None if it has none.
            is_clock_known: Whether the service's clock is known from an earlier, believed answer.

        Raises:
            AnswerMismatch: It is too old.
        """
        if self.limit is None:
            return
        age = response.headers.get("age")
        # Nine digits are 31 years; int() of a very long text is slow, and raises beyond 4,300 digits.
        if age is not None and not (age.isascii() and age.isdecimal() and len(age) <= 9 and int(age) <= self.limit):
            raise AnswerMismatch(
                f"the answer's Age is not within {in_seconds(self.limit)}: it comes from a cache, and a license "
                "check must not; look for a caching proxy"
            )
        limit = self.limit if is_clock_known else max(self.limit, ACCEPTED_SECONDS)
        if distance is not None and distance > limit:
            raise AnswerMismatch(
                f"the answer's Date is {in_seconds(distance)} off; at most {in_seconds(limit)} are accepted. It may "
                "be a recording, and was discarded; check this machine's clock"
            )
