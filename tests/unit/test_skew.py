"""What the answers tell about the service's clock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensespring_async.transport.policies.skew import ClockSkew

from ..fakes import http_date
from .test_retry import DATES

NOW = 1_800_000_000.0


def observed(date: str | None, *, sent: float = NOW, received: float = NOW, **headers: str) -> ClockSkew:
    """What is learnt from one answer."""
    skew = ClockSkew()
    skew.observe({**({} if date is None else {"date": date}), **headers}, sent, received, received)
    return skew


def test_nothing_is_known_at_first() -> None:
    """Trusts the local clock before the first answer."""
    assert ClockSkew().offset == 0


@pytest.mark.parametrize("ahead", [0, 1, 3_600, -3_600, 10**8])
def test_the_offset_is_learnt_from_an_answer(ahead: int) -> None:
    """Learns how far the service's clock is ahead."""
    assert observed(http_date(NOW + ahead)).offset == ahead


def test_a_machine_that_starts_in_1970_learns_the_time() -> None:
    """Learns from the first answer on a machine whose clock has no battery."""
    skew = ClockSkew()

    skew.observe({"date": http_date(NOW)}, 5.0, 5.0, 5.0)

    assert skew.offset == NOW - 5


def test_an_answer_was_made_half_way() -> None:
    """Takes the `Date` for the middle between sending and receiving."""
    assert observed(http_date(NOW), sent=NOW - 10, received=NOW + 30).offset == -10


def test_the_last_answer_counts() -> None:
    """Follows a clock that is set."""
    skew = observed(http_date(NOW + 600))

    skew.observe({"date": http_date(NOW + 60)}, NOW, NOW, NOW)

    assert skew.offset == 60


def test_the_same_second_seen_twice() -> None:
    """Learns from two answers of the same second."""
    skew = observed(http_date(NOW))

    skew.observe({"date": http_date(NOW)}, NOW + 1, NOW + 1, NOW + 1)

    assert skew.offset == -1


def test_a_cached_answer_tells_nothing() -> None:
    """Ignores an answer with an `Age`: its date is of another day."""
    assert observed(http_date(NOW + 600), age="0").offset == 0


@pytest.mark.parametrize(("seconds", "offset"), [(900.0, 150.0), (900.1, 0.0), (-0.1, 0.0), (0.0, 600.0)])
def test_a_slow_answer_tells_nothing(seconds: float, offset: float) -> None:
    """Ignores an answer that took more than 15 minutes, or less than no time because the clock was set."""
    assert observed(http_date(NOW + 600), received=NOW + seconds).offset == offset


@pytest.mark.parametrize(
    "date",
    [None, "", "now", "1800000000", "Fri, 45 Jan 2027 08:00:00 GMT", "Fri, 15 Jan 99999999 08:00:00 GMT", "\x00"],
)
def test_an_unusable_date_tells_nothing(date: str | None) -> None:
    """Keeps what it knew when an answer has no usable `Date`."""
    skew = observed(http_date(NOW + 600))

    skew.observe({} if date is None else {"date": date}, NOW, NOW, NOW)

    assert skew.offset == 600


@pytest.mark.parametrize(
    "date",
    [f"{http_date(NOW)}, {http_date(NOW + 5)}", f"{http_date(NOW)},{http_date(NOW)}", f"{http_date(NOW)}, now", ","],
)
def test_several_dates_tell_nothing(date: str) -> None:
    """Learns nothing from a Date that was sent twice."""
    assert observed(date).offset == 0


@given(date=st.text(st.characters()) | DATES)
def test_any_date(date: str) -> None:
    """Learns from any text, or does not, and never fails."""
    assert isinstance(observed(date).offset, float)


@pytest.mark.parametrize(
    ("signed_with", "news"), [(600.0, False), (360.0, False), (359.0, True), (840.0, False), (841.0, True), (0.0, True)]
)
def test_what_is_worth_a_corrected_attempt(signed_with: float, news: bool) -> None:
    """Is news when the offset moved by more than 4 minutes since an attempt was signed."""
    assert observed(http_date(NOW + 600)).is_news(signed_with) is news
