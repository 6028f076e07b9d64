"""Date-times become aware moments in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given

from licensespring_async import License, LicenseFeature, ResponseError
from licensespring_async.models.converter import structure
from licensespring_async.models.model import to_json

from . import bodies
from .strategies import TEXT


def problems(body: object, model: type[object]) -> tuple[str, ...]:
    with pytest.raises(ResponseError) as caught:
        structure(body, model)
    return caught.value.problems


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2027-03-04T05:06:07.089Z", datetime(2027, 3, 4, 5, 6, 7, 89000, tzinfo=UTC)),
        ("2027-03-04T05:06:07Z", datetime(2027, 3, 4, 5, 6, 7, tzinfo=UTC)),
        ("2027-03-04T05:06:07", datetime(2027, 3, 4, 5, 6, 7, tzinfo=UTC)),
        ("2027-03-04T05:06:07+02:00", datetime(2027, 3, 4, 3, 6, 7, tzinfo=UTC)),
        ("2027-03-04T05:06:07-11:30", datetime(2027, 3, 4, 16, 36, 7, tzinfo=UTC)),
        ("2027-03-04", datetime(2027, 3, 4, tzinfo=UTC)),
        ("0001-01-01", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59.999Z", datetime(9999, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)),
    ],
)
def test_a_date_time_becomes_an_aware_moment_in_utc(text: str, moment: datetime) -> None:
    """Reads every documented form of a date-time as an aware moment in UTC."""
    read = structure(bodies.feature(expiry_date=text), LicenseFeature).expiry_date

    assert read == moment
    assert read is not None
    assert read.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("0001-01-01T00:00:00+14:00", id="before the calendar"),
        pytest.param("9999-12-31T23:59:59-12:00", id="after the calendar"),
        pytest.param("", id="empty"),
        pytest.param("never", id="a word"),
        pytest.param("2027-02-30", id="no such day"),
        pytest.param("2027-03-04T25:00:00Z", id="no such hour"),
        pytest.param("2027-03-04T05:06:07+99:00", id="no such offset"),
        pytest.param("1804118767", id="a timestamp as text"),
        pytest.param("04/03/2027", id="another order"),
        pytest.param("2027-03-04T05:06:07Z ", id="trailing space"),
    ],
)
def test_a_text_that_is_no_date_time_is_refused(text: str) -> None:
    """Refuses what is no moment, and what no calendar can hold in UTC."""
    assert problems(bodies.feature(expiry_date=text), LicenseFeature) == (
        "expected an ISO 8601 date-time, got another string @ $.expiry_date",
    )


@given(text=TEXT)
def test_any_text_for_a_date_time(text: str) -> None:
    """Reads any text as a moment, or refuses it with the place."""
    try:
        moment = structure(bodies.feature(expiry_date=text), LicenseFeature).expiry_date
    except ResponseError as error:
        assert error.problems[0].endswith(" @ $.expiry_date")  # noqa: PT017
    else:
        assert moment is not None
        assert moment.utcoffset() == timedelta(0)


def test_moments_are_written_in_one_form() -> None:
    """Writes a moment with milliseconds and Z, whatever form it came in."""
    feature = structure(bodies.feature(expiry_date="2027-03-04T05:06:07+02:00"), LicenseFeature)

    assert to_json(feature) == bodies.feature(expiry_date="2027-03-04T03:06:07.000Z")


def test_microseconds_are_not_lost() -> None:
    """Gives a moment back to the microsecond."""
    feature = structure(bodies.feature(expiry_date="2027-03-04T05:06:07.123456Z"), LicenseFeature)

    assert structure(to_json(feature), LicenseFeature) == feature


@pytest.mark.parametrize("value", ["", None])
def test_no_release_date(value: object) -> None:
    """Reads the empty release date of older answers as None."""
    assert structure(bodies.license(release_date=value), License).release_date is None


def test_only_the_release_date_may_be_empty() -> None:
    """Refuses an empty text for any other date."""
    assert problems(bodies.license(validity_period=""), License) == (
        "expected an ISO 8601 date-time, got another string @ $.validity_period",
    )
