"""When a failed attempt is worth another: pure decisions."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensespring_async import (
    ApiError,
    CircuitOpen,
    ConfigurationError,
    ConnectionFailed,
    ConnectionLost,
    DeadlineExceeded,
    LicenseSpringError,
    RateLimited,
    ResponseError,
    RetryPolicy,
    SignatureError,
    TransportError,
)
from licensespring_async.errors import api_error
from licensespring_async.transport.policies.retry import Kind, RetryBudget, classify, retry_after
from licensespring_async.transport.values import Repeat

POLICY = RetryPolicy()
NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RateLimited(429, "", ""), Kind.THROTTLED),
        (ConnectionFailed(""), Kind.TRANSIENT),
        (ConnectionLost(""), Kind.TRANSIENT),
        (TransportError(""), Kind.TRANSIENT),
        (ApiError(408, "", ""), Kind.TRANSIENT),
        (api_error(500, "internal_error", ""), Kind.TRANSIENT),
        (ApiError(502, "", ""), Kind.TRANSIENT),
        (ApiError(503, "", ""), Kind.TRANSIENT),
        (ApiError(504, "", ""), Kind.TRANSIENT),
        (ApiError(501, "", ""), None),
        (ApiError(400, "", ""), None),
        (api_error(400, "floating_not_available", ""), None),
        (api_error(400, "date_header_diff", ""), None),
        (api_error(401, "oauth_token_expired", ""), None),
        (DeadlineExceeded(""), None),
        (CircuitOpen(1.0, ""), None),
        (SignatureError(""), None),
        (ResponseError(""), None),
        (ConfigurationError(""), None),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_is_worth_another_attempt(error: LicenseSpringError, kind: Kind | None) -> None:
    """Repeats what a moment may mend, and nothing that the service meant."""
    assert classify(error, Repeat.ALWAYS) is kind


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ConnectionFailed(""), Kind.TRANSIENT),
        (RateLimited(429, "", ""), Kind.THROTTLED),
        (ConnectionLost(""), None),
        (TransportError(""), None),
        (ApiError(503, "", ""), None),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_may_not_happen_twice(error: LicenseSpringError, kind: Kind | None) -> None:
    """Repeats a request that must not happen twice only if it certainly did not happen."""
    assert classify(error, Repeat.UNLESS_ACTED) is kind


@pytest.mark.parametrize(
    ("kind", "retries", "longest"),
    [
        (Kind.TRANSIENT, 0, 0.05),
        (Kind.TRANSIENT, 1, 0.1),
        (Kind.TRANSIENT, 2, 0.2),
        (Kind.TRANSIENT, 8, 12.8),
        (Kind.TRANSIENT, 9, 20.0),
        (Kind.THROTTLED, 0, 1.0),
        (Kind.THROTTLED, 1, 2.0),
        (Kind.THROTTLED, 4, 16.0),
        (Kind.THROTTLED, 5, 20.0),
        (Kind.THROTTLED, 5_000, 20.0),
        (Kind.TRANSIENT, 10**9, 20.0),
    ],
)
def test_the_longest_delay_doubles_up_to_a_limit(kind: Kind, retries: int, longest: float) -> None:
    """Doubles the longest wait with every retry, up to 20 s, and never overflows."""
    assert POLICY.delay(kind, retries, 1.0) == pytest.approx(longest)


@given(kind=st.sampled_from(Kind), retries=st.integers(0, 2_000), random=st.floats(0, 1, exclude_max=True))
def test_a_delay_is_full_jitter(kind: Kind, retries: int, random: float) -> None:
    """Waits a random part of the longest wait."""
    assert POLICY.delay(kind, retries, random) == pytest.approx(random * POLICY.delay(kind, retries, 1.0))


def test_a_policy_can_be_changed() -> None:
    """Takes other bases and another limit."""
    policy = RetryPolicy(transient_base=0.5, throttled_base=3, max_delay=4)

    delays = [policy.delay(kind, retries, 1.0) for kind in Kind for retries in (0, 1, 5)]

    assert delays == [0.5, 1.0, 4.0, 3.0, 4.0, 4.0]


@pytest.mark.parametrize("value", [0, -1, 1.0, 2.5, True, "3", None, math.inf])
def test_the_number_of_attempts_is_checked(value: object) -> None:
    """Refuses a policy without a first attempt."""
    with pytest.raises(ConfigurationError, match=r"^max_attempts: "):
        RetryPolicy(max_attempts=value)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["transient_base", "throttled_base", "max_delay"])
@pytest.mark.parametrize("value", [-0.1, -math.inf, math.inf, math.nan, "1", None])
def test_the_delays_are_checked(name: str, value: object) -> None:
    """Refuses a wait that is no finite number of seconds."""
    with pytest.raises(ConfigurationError, match=f"^{name}: "):
        RetryPolicy(**{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["transient_base", "throttled_base", "max_delay"])
def test_a_delay_beyond_the_floats_is_refused(name: str) -> None:
    """Refuses an integer that no float can hold."""
    with pytest.raises(ConfigurationError, match=name):
        RetryPolicy(**{name: 10**400})


def test_a_budget_pays_for_retries() -> None:
    """Charges a transient retry 14 and a throttled one 5."""
    budget = RetryBudget()

    assert budget.take(Kind.TRANSIENT)
    assert budget.take(Kind.THROTTLED)
    assert budget.tokens == 500 - 14 - 5


@pytest.mark.parametrize(("kind", "retries"), [(Kind.TRANSIENT, 35), (Kind.THROTTLED, 100)])
def test_a_budget_runs_out(kind: Kind, retries: int) -> None:
    """Allows 35 retries in a total outage, and 100 of a service that asks for less."""
    budget = RetryBudget()

    taken = sum(budget.take(kind) for _ in range(1_000))

    assert taken == retries


def test_an_empty_budget_is_not_overdrawn() -> None:
    """Charges nothing for a retry that it does not allow."""
    budget = RetryBudget(capacity=13)

    assert not budget.take(Kind.TRANSIENT)
    assert budget.tokens == 13


@pytest.mark.parametrize(("last", "tokens"), [(None, 401), (Kind.TRANSIENT, 414), (Kind.THROTTLED, 405)])
def test_success_refunds(last: Kind | None, tokens: int) -> None:
    """Brings back what the last retry took, or 1 after a first-try success."""
    budget = RetryBudget()
    budget.tokens = 400

    budget.refund(last)

    assert budget.tokens == tokens


@pytest.mark.parametrize("last", [None, *Kind])
def test_a_refund_never_overflows(last: Kind | None) -> None:
    """Holds no more than its capacity."""
    budget = RetryBudget()

    budget.refund(last)

    assert budget.tokens == 500


@given(steps=st.lists(st.tuples(st.booleans(), st.sampled_from(Kind))))
def test_a_budget_stays_within_its_bounds(steps: list[tuple[bool, Kind]]) -> None:
    """Holds between 0 and its capacity, whatever happens."""
    budget = RetryBudget(capacity=60)

    for takes, kind in steps:
        if takes:
            budget.take(kind)
        else:
            budget.refund(kind)

        assert 0 <= budget.tokens <= 60


def test_no_header_is_no_wait() -> None:
    """Knows no wait without a header."""
    assert retry_after(None, NOW) is None


DATES = st.from_regex(
    r"(Mon, )?[0-9]{0,3} (Jan|Feb|xxx) -?[0-9]{0,6} [0-9]{0,3}:[0-9]{0,2}(:[0-9]{0,2})?( GMT| [+-][0-9]{0,5})?",
    fullmatch=True,
)


@given(header=st.text(st.characters()) | st.integers().map(str) | st.floats().map(str) | DATES)
def test_any_header_is_a_wait_or_nothing(header: str) -> None:
    """Reads any text as a finite wait, or as nothing, and never fails."""
    wait = retry_after(header, NOW)

    assert wait is None or 0 <= wait < math.inf
