"""What a license tells beyond its fields."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from licensespring_async import (
    Bundle,
    ConfigurationError,
    InstallationFile,
    InvalidReason,
    License,
    ResponseError,
    Validity,
)
from licensespring_async.models.converter import structure

from . import bodies

ENDS = datetime(2030, 1, 1, tzinfo=UTC)
STARTS = datetime(2024, 1, 1, tzinfo=UTC)
NOW = datetime(2027, 7, 7, tzinfo=UTC)
NAIVE = datetime(2027, 7, 7)
MICROSECOND = timedelta(microseconds=1)
GRACE = {"license_type": "subscription", "allow_grace_period": True, "grace_period": 48}


def a_license(**changes: object) -> License:
    return structure(bodies.license(**changes), License)


def counted(**changes: object) -> License:
    return structure(bodies.consumption_license(**changes), License)


def test_a_valid_license_has_no_reason() -> None:
    """Is true, without a reason, for a license that is active, enabled, not expired and started."""
    validity = a_license().is_valid(NOW)

    assert validity
    assert validity.reason is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"license_active": False}, InvalidReason.NOT_ACTIVE),
        ({"license_enabled": False}, InvalidReason.NOT_ENABLED),
        ({"is_expired": True}, InvalidReason.EXPIRED),
        ({"validity_period": "2027-07-07T00:00:00Z"}, InvalidReason.EXPIRED),
        ({"start_date": "2027-07-07T00:00:00.001Z"}, InvalidReason.NOT_STARTED),
    ],
)
def test_the_reason_of_an_invalid_license(changes: dict[str, object], reason: InvalidReason) -> None:
    """Is false, and says why."""
    validity = a_license(**changes).is_valid(NOW)

    assert not validity
    assert validity.reason is reason


BROKEN: dict[InvalidReason, dict[str, object]] = {
    InvalidReason.NOT_ACTIVE: {"license_active": False},
    InvalidReason.NOT_ENABLED: {"license_enabled": False},
    InvalidReason.EXPIRED: {"is_expired": True},
    InvalidReason.NOT_STARTED: {"start_date": "2029-01-01"},
}


@pytest.mark.parametrize("first", range(len(BROKEN)), ids=list(BROKEN))
def test_the_first_reason_counts(first: int) -> None:
    """Names the first that does not hold of active, enabled, not expired, started."""
    changes: dict[str, object] = {}
    for broken in list(BROKEN.values())[first:]:
        changes |= broken

    assert a_license(**changes).is_valid(NOW).reason is list(BROKEN)[first]


@pytest.mark.parametrize(
    ("now", "valid"),
    [(ENDS - MICROSECOND, True), (ENDS, False), (STARTS, True), (STARTS - MICROSECOND, False)],
    ids=["just before the end", "at the end", "at the start", "just before the start"],
)
def test_validity_at_its_borders(now: datetime, valid: bool) -> None:
    """Starts at its start date, and ends at its validity period."""
    assert bool(a_license().is_valid(now)) is valid


def test_the_word_of_the_service_counts() -> None:
    """Is not valid when the service calls it expired, whatever the dates say."""
    license = a_license(is_expired=True)

    assert license.is_valid(STARTS).reason is InvalidReason.EXPIRED


def test_a_license_without_dates_is_valid() -> None:
    """Needs neither a start nor an end."""
    license = a_license(license_type="perpetual", validity_period=None, start_date=None)

    assert license.is_valid(NOW)
    assert license.ends_at is None
    assert license.expires_in(NOW) is None


def test_validity_now_is_the_default() -> None:
    """Takes the current time when none is given."""
    assert a_license(start_date="1999-01-01", validity_period="9999-12-31").is_valid()
    assert not a_license(validity_period="1999-01-01").is_valid()


@pytest.mark.parametrize("changes", [{}, {"validity_period": None}, {"license_active": False}])
def test_is_valid_refuses_a_naive_now(changes: dict[str, object]) -> None:
    """Refuses a moment without a time zone, whatever the license."""
    with pytest.raises(ConfigurationError, match="now"):
        a_license(**changes).is_valid(NAIVE)


def test_expires_in_refuses_a_naive_now() -> None:
    """Refuses a moment without a time zone rather than guess."""
    with pytest.raises(ConfigurationError, match="now"):
        a_license().expires_in(NAIVE)


@pytest.mark.parametrize(
    ("changes", "hours"),
    [
        pytest.param(GRACE, 48, id="subscription with grace"),
        pytest.param(GRACE | {"allow_grace_period": False}, 0, id="not allowed"),
        pytest.param(GRACE | {"grace_period": 0}, 0, id="no hours"),
        pytest.param(GRACE | {"grace_period": None}, 0, id="null hours"),
        pytest.param(GRACE | {"grace_period": -5}, 0, id="negative hours"),
        pytest.param(GRACE | {"license_type": "time-limited"}, 0, id="no subscription"),
        pytest.param(GRACE | {"license_type": "perpetual"}, 0, id="perpetual"),
    ],
)
def test_grace_period(changes: dict[str, object], hours: int) -> None:
    """Adds the hours of grace of a subscription that allows them, and of nothing else."""
    license = a_license(**changes)

    assert license.ends_at == ENDS + timedelta(hours=hours)
    assert license.has_grace is (hours > 0)
    assert license.expires_in(ENDS) == timedelta(hours=hours)


def test_a_license_in_grace_is_valid() -> None:
    """Is valid to the end of its grace period, and not a moment longer."""
    license = a_license(**GRACE)

    assert license.is_valid(ENDS + timedelta(hours=48) - MICROSECOND)
    assert not license.is_valid(ENDS + timedelta(hours=48))


@pytest.mark.parametrize("hours", [10**6, 10**9, 2**63, 10**30])
@pytest.mark.parametrize("validity", ["2030-01-01", "9999-12-31T23:59:59.999Z"])
def test_a_huge_grace_period_ends_with_the_calendar(hours: int, validity: str) -> None:
    """Ends at the last representable moment at the latest, and never overflows."""
    license = a_license(**GRACE | {"grace_period": hours, "validity_period": validity})

    assert license.ends_at is not None
    assert license.ends_at > datetime(2130, 1, 1, tzinfo=UTC)
    assert license.is_valid(NOW)


def test_a_subscription_without_end_has_no_end_in_spite_of_grace() -> None:
    """Never ends without a validity period, with hours of grace or without."""
    assert a_license(**GRACE | {"validity_period": None}).ends_at is None


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        pytest.param({}, 60, id="some used"),
        pytest.param({"total_consumptions": 100}, 0, id="used up"),
        pytest.param({"total_consumptions": 140}, 0, id="more than used up"),
        pytest.param({"total_consumptions": -10}, 110, id="negative total"),
        pytest.param({"allow_overages": True, "max_overages": 15}, 75, id="overages allowed"),
        pytest.param({"allow_overages": False, "max_overages": 15}, 60, id="overages not allowed"),
        pytest.param({"max_consumptions": None}, 0, id="maximum missing"),
        pytest.param({"total_consumptions": None}, 0, id="total missing"),
        pytest.param({"allow_unlimited_consumptions": True}, None, id="unlimited"),
    ],
)
def test_remaining_consumptions(changes: dict[str, object], left: int | None) -> None:
    """Counts the uses left, allowed overages included; None when unlimited."""
    assert counted(**changes).remaining_consumptions == left


def test_other_licenses_count_no_uses() -> None:
    """Answers None for a license that is not of type consumption."""
    license = a_license(max_consumptions=5)

    assert not license.is_consumption
    assert license.remaining_consumptions is None


def test_a_feature_is_found_by_its_code() -> None:
    """Finds a feature of the license by its code."""
    features = [bodies.product_feature(code="one", id=1), bodies.product_feature(code="two", id=2)]

    found = a_license(product_features=features).feature("two")

    assert found is not None
    assert found.id == 2


@pytest.mark.parametrize("code", ["three", "ONE", ""])
def test_an_unknown_feature_is_none(code: str) -> None:
    """Answers None for a code that the license does not have; case counts."""
    assert a_license(product_features=[bodies.product_feature(code="one")]).feature(code) is None


def test_a_key_based_license_has_no_user() -> None:
    """Answers None for the user of a license with a key."""
    license = a_license()

    assert (license.license_key, license.user, license.username) == ("Q7XA-90PL-44MN-ZZ01", None, None)


def test_a_user_based_license_has_its_user() -> None:
    """Carries the license user, and no key."""
    body = bodies.license(user=bodies.user(), username="robin@example.org|EXG")
    del body["license_key"]

    license = structure(body, License)

    assert license.license_key is None
    assert license.username == "robin@example.org|EXG"
    assert license.user is not None
    assert license.user.email == "robin@example.org"


def test_the_repr_of_a_license_holds_no_secret() -> None:
    """Shows neither key, user, signatures, device nor people in its repr."""
    license = a_license(
        user=bodies.user(first_name="Firstname", last_name="Lastname", phone_number="555-0100"),
        username="robin@example.org|EXG",
        license_signature="SIGNATURE-1",
        license_signature_v2="SIGNATURE-2",
        offline_signature="SIGNATURE-3",
        hardware_id="HARDWARE-1",
        tpm_signing_public_key="TPM-KEY",
        customer=bodies.customer(phone="555-0199", first_name="Givenname", last_name="Surname", address="Address 5"),
        undocumented="UNDOCUMENTED",
    )
    secrets = ["Q7XA-90PL-44MN-ZZ01", "robin@example.org", "Firstname", "Lastname", "555-0100", "SIGNATURE", "TPM-KEY"]
    secrets += ["HARDWARE-1", "buyer@example.org", "555-0199", "Givenname", "Surname", "Address", "UNDOCUMENTED"]

    shown = repr(license)

    assert [secret for secret in secrets if secret in shown] == []


def test_validity_reads_well() -> None:
    """Shows its reason in its repr, which lands in logs."""
    assert "not enabled" in str(Validity(reason=InvalidReason.NOT_ENABLED))


def test_an_activation_is_the_license_that_a_check_returns() -> None:
    """Reads `active` as `license_active`, and takes what the service activated for enabled."""
    license = structure(bodies.activation(), License)

    assert (license.license_active, license.license_enabled) == (True, True)
    assert license.is_valid(NOW)
    assert license.extra == {}
    assert structure(license.to_dict(), License) == license


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"active": False}, InvalidReason.NOT_ACTIVE),
        ({"license_enabled": False}, InvalidReason.NOT_ENABLED),
        ({"enabled": False}, InvalidReason.NOT_ENABLED),
    ],
)
def test_an_activation_that_says_no_is_no(changes: dict[str, object], reason: InvalidReason) -> None:
    """Believes an activation that calls the license inactive or disabled."""
    assert structure(bodies.activation(**changes), License).is_valid(NOW).reason is reason


@pytest.mark.parametrize("active", [{}, {"active": True}])
def test_only_an_activation_may_leave_out_whether_the_license_is_enabled(active: dict[str, object]) -> None:
    """Refuses a check that does not say whether the license is enabled."""
    body = bodies.license(**active)
    del body["license_enabled"]

    with pytest.raises(ResponseError, match=r"required field missing @ \$\.license_enabled"):
        structure(body, License)


@pytest.mark.parametrize("active", [None, "true", 1])
def test_active_is_a_boolean(active: object) -> None:
    """Refuses another type for an activation's `active`."""
    with pytest.raises(ResponseError, match=r"expected a boolean, got .* @ \$\.license_active"):
        structure(bodies.activation(active=active), License)


def test_both_ways_of_naming_the_installation_file() -> None:
    """Finds the file that a check spreads over the license, and that an activation puts into an object."""
    checked = structure(bodies.license(), License).newest_file
    activated = structure(bodies.activation(), License).newest_file

    assert checked == structure(bodies.file() | {"id": None}, InstallationFile)
    assert activated == structure(bodies.file(), InstallationFile)


@pytest.mark.parametrize("named", [None, ""])
def test_a_license_without_an_installation_file(named: str | None) -> None:
    """Answers None where an answer names no file."""
    assert a_license(installation_file=named).newest_file is None
    assert structure(bodies.activation(installation_file=None), License).newest_file is None


@pytest.mark.parametrize(
    ("named", "problem"),
    [
        (5, r"expected a string, an object or null, got an integer @ \$\.installation_file$"),
        ({"version": 5}, r"expected a string or null, got an integer @ \$\.installation_file\.version$"),
    ],
)
def test_a_misshapen_installation_file_is_refused(named: object, problem: str) -> None:
    """Names the place in an installation file that has another type."""
    with pytest.raises(ResponseError, match=problem):
        structure(bodies.activation(installation_file=named), License)


def test_a_listed_license_is_a_license() -> None:
    """Reads a listing, which writes dates without a time and knows no device."""
    license = structure(bodies.listed_license(), License)

    assert license.validity_period == ENDS
    assert license.device_id is None
    assert license.is_valid(NOW)


def test_an_offline_license_is_a_license() -> None:
    """Reads what an offline file holds, its device and signatures included."""
    license = structure(bodies.refresh(request_id="3f0c"), License)

    assert (license.hardware_id, license.request_id, license.date) == (
        "device-7f3a",
        "3f0c",
        "Fri Jul 4 2025 10:56:13 GMT+0000",
    )
    assert license.extra == {}


LEAST: dict[str, object] = {
    "id": 7,
    "license_active": True,
    "license_enabled": True,
    "license_type": "time-limited",
    "validity_period": "2030-01-01",
    "product_details": {"short_code": "APP"},
}


def test_a_license_needs_little() -> None:
    """Is usable when an answer says no more than what decides: it ends when it ends, and has no features."""
    license = structure(LEAST, License)

    assert license.is_valid(NOW)
    assert license.is_valid(ENDS).reason is InvalidReason.EXPIRED
    assert license.feature("render") is None
    assert license.newest_file is None


@pytest.mark.parametrize("lacking", ["license_signature", "eula_link", "hash_md5", "customer", "is_expired"])
def test_a_bundle_survives_a_field_that_decides_nothing(lacking: str) -> None:
    """Reads a bundle though one item lacks a field."""
    body = bodies.bundle("ONE", "TWO")
    del body[1][lacking]

    assert structure(body, Bundle)["TWO"].is_valid(NOW)


@pytest.mark.parametrize("lacking", ["allow_grace_period", "grace_period"])
def test_there_is_no_grace_that_an_answer_does_not_grant(lacking: str) -> None:
    """Ends at the validity period where either the permission or the hours are missing."""
    body = bodies.license(**GRACE)
    del body[lacking]

    license = structure(body, License)

    assert license.has_grace is False
    assert license.ends_at == ENDS


@pytest.mark.parametrize("kind", ["consumption", "metered"])
@pytest.mark.parametrize("lacking", ["max_consumptions", "total_consumptions"])
def test_there_are_no_uses_that_an_answer_does_not_grant(kind: str, lacking: str) -> None:
    """Has none left where the maximum or the total is missing, of a type that is new to this version too."""
    assert counted(license_type=kind, **{lacking: None}).remaining_consumptions == 0
