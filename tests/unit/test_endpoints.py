"""Endpoint functions: what they put on the wire."""

from __future__ import annotations

import json
from typing import Any

import pytest

from licensespring_async import Bundle, LicenseFeature
from licensespring_async.endpoints import check_bundle, check_license_feature, release_floating_feature
from licensespring_async.models.shapes import One
from licensespring_async.transport.values import Call, Repeat

FEATURE = "/api/v4/check_license_feature"
BUNDLE = "/api/v4/check_bundle"


def feature(**changes: Any) -> Call[LicenseFeature]:
    return check_license_feature(product="APP", feature="render", hardware_id="hw-1", **changes)


def bundle(**changes: Any) -> Call[Bundle]:
    return check_bundle(product="SUITE", hardware_id="hw-1", **changes)


def test_a_feature_check_with_a_key() -> None:
    """Asks for a feature of a license with a key."""
    target = feature(license_key="KEY-1").request.target

    assert target == f"{FEATURE}?hardware_id=hw-1&product=APP&feature=render&license_key=KEY-1"


def test_a_feature_check_with_a_user() -> None:
    """Asks for a feature of a user's license."""
    target = feature(username="robin@example.org").request.target

    assert target == f"{FEATURE}?hardware_id=hw-1&product=APP&feature=render&username=robin%40example.org"


@pytest.mark.parametrize(
    ("changes", "sent"),
    [
        ({"license_id": 1801223344556677}, "&license_id=1801223344556677"),
        ({"license_id": 0}, "&license_id=0"),
        ({"license_id": None}, ""),
        ({"bundle_code": "SUITE"}, "&bundle_code=SUITE"),
        ({"bundle_code": None}, ""),
        ({"license_id": 7, "bundle_code": "A&B"}, "&license_id=7&bundle_code=A%26B"),
    ],
)
def test_optional_parameters_of_a_feature_check(changes: dict[str, object], sent: str) -> None:
    """Sends each optional parameter that was given, and no other."""
    assert feature(license_key="KEY-1", **changes).request.target.partition("license_key=KEY-1")[2] == sent


def test_a_bundle_check_with_a_key() -> None:
    """Asks for a bundle with a key."""
    assert bundle(license_key="KEY-1").request.target == f"{BUNDLE}?hardware_id=hw-1&product=SUITE&license_key=KEY-1"


def test_a_bundle_check_with_a_user() -> None:
    """Asks for a bundle of a user."""
    assert bundle(username="robin|X").request.target == f"{BUNDLE}?hardware_id=hw-1&product=SUITE&username=robin%7CX"


@pytest.mark.parametrize(
    ("name", "value", "sent"),
    [
        ("license_id", 9007199254740993, "9007199254740993"),
        ("include_expired_features", True, "true"),
        ("include_expired_features", False, "false"),
        ("env", "win", "win"),
        ("os_ver", "Ubuntu 24.04 LTS", "Ubuntu%2024.04%20LTS"),
        ("hostname", "größe", "gr%C3%B6%C3%9Fe"),
        ("os_hostname", "a/b", "a%2Fb"),
        ("ip", "2001:db8::1", "2001%3Adb8%3A%3A1"),
        ("ip_local", "192.168.0.7", "192.168.0.7"),
        ("app_ver", "1.0+build", "1.0%2Bbuild"),
        ("sdk_ver", "python 1~2", "python%201~2"),
        ("mac_address", "00:1b:44:11:3a:b7", "00%3A1b%3A44%3A11%3A3a%3Ab7"),
    ],
)
def test_optional_parameters_of_a_bundle_check(name: str, value: object, sent: str) -> None:
    """Sends each optional parameter, percent-encoded, under its documented name."""
    target = bundle(license_key="KEY-1", **{name: value}).request.target

    assert target == f"{BUNDLE}?hardware_id=hw-1&product=SUITE&license_key=KEY-1&{name}={sent}"


OPTIONAL = [
    *("license_id", "include_expired_features", "env"),
    *("os_ver", "hostname", "os_hostname", "ip", "ip_local", "app_ver", "sdk_ver", "mac_address"),
]


@pytest.mark.parametrize("name", OPTIONAL)
def test_absent_means_absent(name: str) -> None:
    """Sends nothing for an optional parameter that is None."""
    assert bundle(license_key="KEY-1", **{name: None}) == bundle(license_key="KEY-1")


def test_all_parameters_together() -> None:
    """Sends all parameters of a bundle check in one stable order."""
    given: dict[str, Any] = dict.fromkeys(OPTIONAL, "x") | {"license_id": 1, "include_expired_features": True}

    target = bundle(license_key="KEY-1", **given).request.target

    sent = [pair.partition("=")[0] for pair in target.partition("?")[2].split("&")]
    assert sent == ["hardware_id", "product", "license_key", *OPTIONAL]


@pytest.mark.parametrize("call", [feature(license_key="KEY-1"), bundle(license_key="KEY-1")])
def test_a_check_is_a_get_that_may_be_repeated(call: Call[Any]) -> None:
    """Is a GET without a body, and safe to send again."""
    request = call.request

    assert (request.method, request.body, request.content_type, request.repeat) == ("GET", None, None, Repeat.ALWAYS)


def test_a_call_knows_its_model() -> None:
    """Carries the model of its answer."""
    assert feature(license_key="KEY-1").answer == One(LicenseFeature)
    assert bundle(license_key="KEY-1").answer == One(Bundle)


def test_a_call_knows_its_endpoint() -> None:
    """Carries the endpoint's name for errors and logs."""
    assert feature(license_key="KEY-1").request.endpoint == "check_license_feature"
    assert bundle(license_key="KEY-1").request.endpoint == "check_bundle"


@pytest.mark.parametrize("identity", [{"license_key": "KEY-1"}, {"username": "robin@example.org"}])
@pytest.mark.parametrize("make", [feature, bundle])
def test_a_call_knows_its_secrets(make: Any, identity: dict[str, str]) -> None:
    """Lists who and which device it asks for, so that no error shows them."""
    assert set(make(**identity).request.secrets) == {"hw-1", *identity.values()}


@pytest.mark.parametrize("identity", [{"license_key": "KEY-1"}, {"username": "robin@example.org"}])
@pytest.mark.parametrize("make", [feature, bundle])
def test_the_repr_of_a_call_holds_no_secret(make: Any, identity: dict[str, str]) -> None:
    """Shows neither key, user nor device in its repr."""
    shown = repr(make(**identity))

    assert "check_" in shown
    assert [secret for secret in ("hw-1", "KEY-1", "robin") if secret in shown] == []


def test_a_release_of_a_floating_feature() -> None:
    """Sends a release as a JSON body, which is no different for a second attempt."""
    call = release_floating_feature(
        product="APP", feature="render", hardware_id="hw-1", username="zoë@example.org", license_id=7, bundle_code="B"
    )

    assert (call.request.method, call.request.target) == ("POST", "/api/v4/floating/feature_release")
    assert json.loads(call.request.body or b"") == {
        "hardware_id": "hw-1",
        "product": "APP",
        "feature": "render",
        "username": "zoë@example.org",
        "license_id": 7,
        "bundle_code": "B",
    }
    assert call.request.content_type == "application/json"
    assert call.request.repeat is Repeat.ALWAYS
