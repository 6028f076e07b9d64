"""A subclass of str or int is sent as the value that it is, not as the name that it prints."""

from __future__ import annotations

import json
from enum import Enum, IntEnum, StrEnum
from numbers import Integral
from typing import Any

import attrs
import pytest

from licensespring_async import (
    ApiKey,
    ClientCredentials,
    InvalidParameter,
    LicenseSpring,
    RateLimits,
)
from licensespring_async.checks import FeatureCheck
from licensespring_async.endpoints import check_bundle, check_license_feature, release_floating_feature
from licensespring_async.fleet import Row, row_from

from ..fakes import KEY, ScriptedEngine
from .fakes import DEVICE, FEATURE


class Mixed(str, Enum):  # noqa: UP042  # what this file is about
    """An enum that prints its name."""

    UP = "ai-upscale"


class Plain(StrEnum):
    """An enum that prints its value, and hashes as its name."""

    UP = "ai-upscale"


class Shouting(str):
    """A text that prints something else."""

    def __str__(self) -> str:
        return "AI-UPSCALE!"


class Number(int, Enum):
    """A number that prints its name."""

    SEVEN = 7


class Plainer(IntEnum):
    """A number that prints its value."""

    SEVEN = 7


@attrs.frozen
class Wide:
    """A number that is no `int` and counts as an integer, like those of numpy."""

    value: int

    def __int__(self) -> int:
        return self.value


Integral.register(Wide)

TEXTS: list[Any] = [Mixed.UP, Plain.UP, Shouting("ai-upscale")]
NUMBERS: list[Any] = [Number.SEVEN, Plainer.SEVEN, Wide(7)]
each_text = pytest.mark.parametrize("text", TEXTS, ids=lambda text: type(text).__name__)
each_number = pytest.mark.parametrize("number", NUMBERS, ids=lambda number: type(number).__name__)
GIVEN = ["product", "feature", "hardware_id", "license_key", "bundle_code"]


def feature_check(feature: str, **changes: Any) -> FeatureCheck:
    given: Any = {**FEATURE, "feature": feature, **changes}
    return FeatureCheck(**given)


@each_text
@pytest.mark.parametrize("name", GIVEN)
def test_a_text_is_sent_as_its_value(name: str, text: Any) -> None:
    """Sends the value, in a query and in a JSON body, and keeps it an exact string among the secrets."""
    given: Any = {**FEATURE, name: text}

    asked, released = check_license_feature(**given), release_floating_feature(**given)

    assert f"{name}=ai-upscale" in asked.request.target
    assert json.loads(released.request.body or b"")[name] == "ai-upscale"
    assert {type(each) for each in (*asked.request.secrets, *released.request.secrets)} <= {str}


@each_number
def test_a_number_is_sent_as_its_value(number: Any) -> None:
    """Sends an integer of any kind as its digits."""
    given: Any = {**FEATURE, "license_id": number}

    assert "license_id=7" in check_license_feature(**given).request.target
    assert json.loads(release_floating_feature(**given).request.body or b"")["license_id"] == 7


@pytest.mark.parametrize("value", [7.0, True, b"7", [7], "7"])
def test_what_only_resembles_an_integer_is_refused(value: object) -> None:
    """Refuses what is no whole number."""
    with pytest.raises(InvalidParameter, match=f"license_id: must be an integer, not {type(value).__name__}"):
        check_bundle(**DEVICE, license_id=value)  # type: ignore[arg-type]


@each_text
def test_a_check_is_equal_to_the_same_check(text: Any) -> None:
    """Holds exact values, so that equal checks have one answer in a gate, whoever wrote them."""
    plain = feature_check("ai-upscale")
    check = feature_check(text, license_id=Number.SEVEN)

    assert type(check.feature) is str
    assert type(check.license_id) is int
    assert hash(feature_check(text)) == hash(plain)
    assert feature_check(text).key in {plain.key}


@each_text
def test_an_api_key_signs_with_its_value(text: Any) -> None:
    """Signs and names the account with the value of a credential."""
    date = "Tue, 07 Jun 2011 20:51:35 GMT"

    headers = ApiKey(api_key=text, shared_key=text).authorization(date)

    assert headers == ApiKey(api_key="ai-upscale", shared_key="ai-upscale").authorization(date)


@each_text
def test_client_credentials_are_sent_as_their_values(text: Any) -> None:
    """Asks for a token with the value of a credential."""
    given = ClientCredentials(client_id=text, client_secret=text)

    assert given.token_request_body() == (
        b"grant_type=client_credentials&client_id=ai-upscale&client_secret=ai-upscale"
    )


class Place(str, Enum):  # noqa: UP042
    """A service's address, as programs keep it."""

    HERE = "https://licenses.example.org"
    TOKEN = "https://id.example.org/token"
    PLAN = "free"


def test_settings_are_their_values() -> None:
    """Takes an origin, a token endpoint and a plan for what they are."""
    with pytest.warns(UserWarning, match="verify_signatures"):
        client = LicenseSpring(auth=KEY, base_url=Place.HERE, verify_signatures=False, engine=ScriptedEngine())

    assert "https://licenses.example.org" in repr(client)
    assert type(ClientCredentials(client_id="a", client_secret="b", token_url=Place.TOKEN).token_url) is str
    assert RateLimits.plan(Place.PLAN) == RateLimits.plan("free")


@each_number
def test_a_row_of_a_fleet_is_its_values(number: Any) -> None:
    """Reads numbers and texts of any kind from a row as what they are."""
    row = row_from({**FEATURE, "feature": Mixed.UP, "hardware_id": number, "license_id": number}, row=1)

    assert isinstance(row, Row)
    assert row.check == feature_check("ai-upscale", hardware_id="7", license_id=7)
