"""What the answers of single endpoints say beyond their fields."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from licensespring_async import (
    Borrowing,
    Consumption,
    CustomerLicenseUsers,
    DeviceVariable,
    InstallationFile,
    License,
    ProductDetails,
    ResponseError,
    SsoUrl,
    Trial,
    UserLicense,
    Version,
)
from licensespring_async.models.converter import structure
from licensespring_async.models.expiry import TimeFloor, judge

from . import bodies


def problem(body: object, model: type[object]) -> str:
    """What a body is refused for."""
    with pytest.raises(ResponseError) as caught:
        structure(body, model)
    return caught.value.problems[0]


def test_a_new_trial_has_its_key_once() -> None:
    """Reads the key that a new trial says under two names."""
    trial = structure(bodies.trial(), Trial)

    assert trial.license_key == "TR1A-L000-0000-0001"
    assert trial.license_user is None
    assert "license" not in trial.to_dict()


def test_an_existing_trial_says_little() -> None:
    """Reads the key of a trial that the device has already, where the service says nothing else."""
    trial = structure({"license_type": "time-limited", "is_trial": True, "license": "TR1A"}, Trial)

    assert trial.license_key == "TR1A"
    assert trial.id is None


@pytest.mark.parametrize("nothing", [None, ""])
def test_a_trial_with_an_empty_key_has_the_other(nothing: str | None) -> None:
    """Reads the key that an answer says under one of the two names, when the other is there and empty."""
    trial = structure(bodies.trial(license_key=nothing), Trial)

    assert trial.license_key == "TR1A-L000-0000-0001"
    assert "license" not in trial.to_dict()


def test_a_trial_of_a_user() -> None:
    """Reads the user and the first password, which an existing trial does not repeat."""
    answer: dict[str, object] = {"license_type": "time-limited", "is_trial": True, "license_user": "ana@example.org"}

    assert structure(answer, Trial).initial_password is None
    assert structure(answer | {"initial_password": "abc"}, Trial).initial_password == "abc"
    assert structure(answer, Trial).license_user == "ana@example.org"


@pytest.mark.parametrize("named", [{}, {"license": None}, {"license_key": "", "license_user": None}])
def test_a_trial_without_key_and_user_is_refused(named: dict[str, object]) -> None:
    """Refuses a trial that could not be activated."""
    body = {"license_type": "time-limited", "is_trial": True, **named}

    assert problem(body, Trial) == "expected license_key or license_user, got neither @ $"


def test_a_trial_that_contradicts_itself_keeps_both_keys() -> None:
    """Loses nothing where a new trial says two keys: the documented one counts, the other is extra."""
    trial = structure(bodies.trial(license="OTHER"), Trial)

    assert trial.license_key == "TR1A-L000-0000-0001"
    assert trial.extra["license"] == "OTHER"


@pytest.mark.parametrize("changes", [{}, {"created_at": "2025-12-01T00:00:00.123Z"}])
def test_moments_of_records_are_text_or_milliseconds(changes: dict[str, object]) -> None:
    """Reads when something was recorded, whichever way the service writes it."""
    assert structure(bodies.trial(**changes), Trial).created_at == datetime(2025, 12, 1, 0, 0, 0, 123000, tzinfo=UTC)


@pytest.mark.parametrize("nothing", [None, ""])
def test_a_moment_that_was_not_recorded(nothing: str | None) -> None:
    """Reads null and an empty text as no moment, where the moment decides nothing."""
    variable = structure({"variable": "cores", "created_at": nothing}, DeviceVariable)
    version = structure({"version": "1", "release_date": nothing}, Version)

    assert (variable.created_at, version.release_date) == (None, None)


@pytest.mark.parametrize("wrong", [10**30, -(10**30), 1e300, "soon", True, []])
def test_what_is_not_a_moment_is_refused(wrong: object) -> None:
    """Refuses what is not a moment, also a number beyond the calendar."""
    assert problem({"variable": "cores", "created_at": wrong}, DeviceVariable).endswith(" @ $.created_at")


@pytest.mark.parametrize("field", ["validity_period", "start_date"])
def test_an_empty_text_is_no_moment_that_decides(field: str) -> None:
    """Refuses an empty text where a license's end or start belongs: it must not read as never, or as long ago."""
    assert problem(bodies.license(**{field: ""}), License).endswith(f" @ $.{field}")


@pytest.mark.parametrize("field", ["maintenance_period", "borrowed_until"])
def test_a_license_survives_an_empty_moment_that_decides_nothing(field: str) -> None:
    """Reads a license whose maintenance has no end, or that is not borrowed, when the service writes that as ""."""
    license = structure(bodies.license(**{field: ""}), License)

    assert getattr(license, field) is None
    assert license.is_borrowed is False


def test_an_answer_without_the_end_of_a_borrowing() -> None:
    """Reads "" as null where the service does not say when a borrowing ends: the slot is taken all the same."""
    assert structure({"license_id": 7, "borrowed_until": ""}, Borrowing).borrowed_until is None


@pytest.mark.parametrize("value", ["8", 8, 0.5, True, None])
def test_a_variable_keeps_its_value(value: object) -> None:
    """Keeps a variable's value and its type."""
    variable = structure({"id": 4, "variable": "cores", "value": value, "device_id": 7}, DeviceVariable)

    assert (variable.value, type(variable.value)) == (value, type(value))


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        pytest.param({}, 59, id="some used"),
        pytest.param({"total_consumptions": -5}, 105, id="given back below 0"),
        pytest.param({"total_consumptions": 101}, 0, id="more than used up"),
        pytest.param({"allow_overages": True, "max_overages": 10}, 69, id="overages allowed"),
        pytest.param({"allow_unlimited_consumptions": True}, None, id="unlimited"),
        pytest.param({"max_consumptions": None}, 0, id="maximum missing"),
    ],
)
def test_the_uses_left_after_one(changes: dict[str, object], left: int | None) -> None:
    """Says how many uses are left after the one that was added."""
    consumption = structure(bodies.consumption(**changes), Consumption)

    assert consumption.is_consumption
    assert consumption.remaining_consumptions == left


def test_a_use_of_a_feature() -> None:
    """Names the license beside the feature, and whether the feature floats."""
    answer = bodies.consumption(license_id=7, is_floating=False, is_floating_cloud=True, floating_timeout=None)

    consumption = structure(answer, Consumption)

    assert (consumption.license_id, consumption.is_floating_cloud, consumption.extra) == (7, True, {})


def test_a_pool_stays_as_it_came() -> None:
    """Keeps the state of a pool, whose fields are not documented; None without a pool."""
    pool = {"id": 8, "name": "Team", "members": [{"id": 1}]}

    assert structure(bodies.consumption(pool=pool), Consumption).pool == pool
    assert structure(bodies.consumption(), Consumption).pool is None


def test_a_borrowing_ends_in_utc() -> None:
    """Reads the documented text without a zone as UTC."""
    borrowing = structure({"license_id": 7, "borrowed_until": "2019-01-25T02:00:00.000", "device_id": 9}, Borrowing)

    assert borrowing.borrowed_until == datetime(2019, 1, 25, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "url"),
    [
        ({}, "https://downloads.example.org/app-3.1.4.zip"),
        ({"installation_file": "", "full_link": "https://downloads.example.org/b"}, "https://downloads.example.org/b"),
        ({"installation_file": ""}, None),
        ({"installation_file": None}, None),
    ],
)
def test_the_address_of_a_file(changes: dict[str, object], url: str | None) -> None:
    """Answers a file's address under whichever name, and None where there is none."""
    assert structure(bodies.file(**changes), InstallationFile).url == url


def test_the_newest_version_of_a_product() -> None:
    """Reads the file inside a product's details, with its date without a time."""
    latest = {
        "id": 5120,
        "product_id": 90210,
        "version": "2.0",
        "full_link": "https://downloads.example.org/app-2.0.zip",
        "release_date": "2025-05-21",
        "enabled": True,
    }

    details = structure(bodies.product(latest_version=latest, custom_fields=[]), ProductDetails)

    assert details.latest_version is not None
    assert details.latest_version.url == "https://downloads.example.org/app-2.0.zip"
    assert details.latest_version.release_date == datetime(2025, 5, 21, tzinfo=UTC)
    assert details.custom_fields == ()


def test_what_was_not_asked_for_is_not_there() -> None:
    """Tells a product without custom fields from one whose custom fields were not asked for."""
    assert structure(bodies.product(), ProductDetails).custom_fields is None


def test_a_license_of_a_user_is_judged_by_the_clients_floor() -> None:
    """Lets what the service has proved of the time count for the license inside."""
    item = structure({"license": bodies.listed_license(), "user": bodies.user()}, UserLicense)

    judge(item, TimeFloor.of((datetime(2030, 1, 1, tzinfo=UTC) + timedelta(days=1)).timestamp()))

    assert item.license.is_valid().reason == "expired"


def test_the_users_of_a_customer() -> None:
    """Reads users without an id, with the password that they have not changed yet."""
    listed = {"email": "robin@example.org", "is_initial_password": True, "initial_password": "abc", "license_id": 7}

    answer = structure({"customer": bodies.customer(), "users": [listed], "company": {"id": 12}}, CustomerLicenseUsers)

    assert [(user.id, user.initial_password) for user in answer.users] == [(None, "abc")]


@pytest.mark.parametrize(
    ("body", "model", "path"),
    [
        ({}, SsoUrl, "$.url"),
        ({}, CustomerLicenseUsers, "$.users"),
        ({}, UserLicense, "$.license"),
        ({"license_id": 7}, Borrowing, "$.borrowed_until"),
    ],
)
def test_another_object_is_not_the_answer(body: object, model: type[object], path: str) -> None:
    """Refuses an object that lacks what the answer is about."""
    assert problem(body, model) == f"required field missing @ {path}"
