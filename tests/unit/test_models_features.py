"""What a feature tells beyond its fields."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from licensespring_async import ConfigurationError, FeatureType, LicenseFeature
from licensespring_async.models.converter import structure

from . import bodies

ENDS = datetime(2031, 5, 1, 12, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def a_feature(**changes: object) -> LicenseFeature:
    return structure(bodies.feature(**changes), LicenseFeature)


def counted(**changes: object) -> LicenseFeature:
    return structure(bodies.consumption_feature(**changes), LicenseFeature)


def test_an_activation_feature_is_not_counted() -> None:
    """Knows that an activation feature counts no uses."""
    assert not a_feature().is_consumption


def test_a_consumption_feature_is_counted() -> None:
    """Knows that a consumption feature counts its uses."""
    assert counted().is_consumption


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        pytest.param({}, 18, id="some used"),
        pytest.param({"total_consumptions": 0}, 25, id="none used"),
        pytest.param({"total_consumptions": 25}, 0, id="used up"),
        pytest.param({"total_consumptions": 30}, 0, id="more than used up"),
        pytest.param({"total_consumptions": -4}, 29, id="negative total"),
        pytest.param({"allow_overages": True}, 23, id="overages allowed"),
        pytest.param({"allow_overages": True, "total_consumptions": 27}, 3, id="into the overages"),
        pytest.param({"allow_overages": True, "total_consumptions": 30}, 0, id="overages used up"),
        pytest.param({"allow_overages": True, "max_overages": None}, 18, id="overages without a figure"),
        pytest.param({"allow_overages": None}, 18, id="overages not mentioned"),
        pytest.param({"allow_unlimited_consumptions": None}, 18, id="unlimited not mentioned"),
        pytest.param({"max_consumption": None}, 0, id="maximum missing"),
        pytest.param({"total_consumptions": None}, 0, id="total missing"),
    ],
)
def test_remaining_consumptions(changes: dict[str, object], left: int) -> None:
    """Counts the uses left, allowed overages included, never below 0, and a missing figure as 0."""
    assert counted(**changes).remaining_consumptions == left


@pytest.mark.parametrize("used", [0, 25, 10_000])
def test_unlimited_consumptions(used: int) -> None:
    """Answers None for unlimited uses, whatever the figures."""
    feature = counted(allow_unlimited_consumptions=True, allow_overages=True, total_consumptions=used)

    assert feature.remaining_consumptions is None


def test_an_activation_feature_has_no_remaining_consumptions() -> None:
    """Answers None for a feature that counts no uses, even if it has figures."""
    assert a_feature(max_consumption=5, total_consumptions=5).remaining_consumptions is None


@pytest.mark.parametrize("left", [timedelta(days=3), timedelta(0), -MICROSECOND, -timedelta(days=9)])
def test_expires_in(left: timedelta) -> None:
    """Tells the time until the end, negative once it is past."""
    assert a_feature().expires_in(ENDS - left) == left


@pytest.mark.parametrize(
    ("now", "expired"),
    [(ENDS - MICROSECOND, False), (ENDS, True), (ENDS + MICROSECOND, True)],
    ids=["just before", "at the end", "just after"],
)
def test_is_expired(now: datetime, expired: bool) -> None:
    """Ends at the very moment of its expiry date."""
    assert a_feature().is_expired(now) is expired


def test_other_time_zones_count_as_the_same_moment() -> None:
    """Compares moments, not clock faces."""
    now = ENDS.astimezone(timezone(timedelta(hours=9)))

    assert a_feature().expires_in(now) == timedelta(0)


def test_a_feature_without_expiry_never_ends() -> None:
    """Answers None, and not expired, for a feature that never ends."""
    feature = a_feature(expiry_date=None)

    assert feature.expires_in(ENDS) is None
    assert not feature.is_expired(ENDS)


@pytest.mark.parametrize(("expiry", "expired"), [("1999-01-01", True), ("9999-12-31", False)])
def test_now_is_the_default(expiry: str, expired: bool) -> None:
    """Takes the current time when none is given."""
    feature = a_feature(expiry_date=expiry)

    assert feature.is_expired() is expired
    assert (feature.expires_in() < timedelta(0)) is expired  # type: ignore[operator]


NAIVE = datetime(2030, 1, 1)


def test_expires_in_refuses_a_naive_now() -> None:
    """Refuses a moment without a time zone rather than guess."""
    with pytest.raises(ConfigurationError, match=r"^now: "):
        a_feature().expires_in(NAIVE)


def test_is_expired_refuses_a_naive_now() -> None:
    """Refuses a moment without a time zone rather than guess."""
    with pytest.raises(ConfigurationError, match=r"^now: "):
        a_feature().is_expired(NAIVE)


@pytest.mark.parametrize("method", ["expires_in", "is_expired"])
def test_a_naive_now_is_refused_without_an_expiry_date_too(method: str) -> None:
    """Refuses a naive moment for a feature that never ends, so that the mistake shows before the first that does."""
    ask = getattr(a_feature(expiry_date=None), method)

    with pytest.raises(ConfigurationError):
        ask(NAIVE)


def test_a_floating_count_is_absent_on_other_features() -> None:
    """Answers None for the slots in use of a feature that does not float."""
    assert counted().floating_in_use_devices is None


def test_an_unknown_feature_type_is_kept() -> None:
    """Keeps a feature type that the service added later, and does not take it for a counted one."""
    feature = a_feature(feature_type="metered")

    assert feature.feature_type == "metered"
    assert not isinstance(feature.feature_type, FeatureType)
    assert not feature.is_consumption


def test_a_feature_cannot_be_changed() -> None:
    """Refuses to be edited: an answer stays what the service said."""
    with pytest.raises(AttributeError):
        a_feature().code = "other"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
