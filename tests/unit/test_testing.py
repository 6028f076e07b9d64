"""Users mock successes with answers that they sign themselves."""

from __future__ import annotations

from typing import Any, cast

import attrs
import pytest
import respx

from licensespring_async import Bundle, License, LicenseFeature, LicenseSpring, RawResponse, RetryPolicy, SignatureError
from licensespring_async.models.converter import structure
from licensespring_async.testing import AnswerKey

from ..fakes import KEY
from . import bodies
from .fakes import DEVICE, FEATURE

pytestmark = pytest.mark.anyio

ORIGIN = "https://api.licensespring.com/api/v4"
ANSWERS = AnswerKey()


def trusting(key: AnswerKey) -> LicenseSpring:
    return LicenseSpring(auth=KEY, public_key=key.public_key, retry=RetryPolicy(max_attempts=1))


def without_signatures(value: Any) -> Any:
    """What an answer says, without the signatures of licenses, which hold for one device."""
    if isinstance(value, Bundle):
        return [without_signatures(each) for each in value]
    return attrs.evolve(value, license_signature=None) if isinstance(value, License) else value


@pytest.mark.parametrize(
    ("endpoint", "asked", "answer"),
    [
        ("check_license", DEVICE, structure(bodies.license(), License)),
        ("check_license", DEVICE, bodies.license()),
        ("check_bundle", DEVICE, structure(bodies.bundle("APP"), Bundle)),
        ("check_bundle", DEVICE, bodies.bundle("APP")),
        ("check_license_feature", FEATURE, structure(bodies.feature(), LicenseFeature)),
        ("deactivate_license", DEVICE, "license_deactivated"),
        ("release_floating_license", DEVICE, ""),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_a_success_is_mocked(endpoint: str, asked: dict[str, Any], answer: Any) -> None:
    """Believes a license, a bundle, a feature and a word that the test's own key has signed."""
    raw: RawResponse[Any]
    async with trusting(ANSWERS) as client:
        with respx.mock:
            respx.route(url__startswith=ORIGIN).respond(**ANSWERS.signed(answer))
            raw = await getattr(client.with_raw_response, endpoint)(**asked)

    if not isinstance(answer, str):
        assert raw.verified
        is_model = isinstance(answer, Bundle | License | LicenseFeature)
        given = answer if is_model else structure(answer, cast("type[object]", type(raw.value)))
        assert without_signatures(raw.value) == without_signatures(given)


async def test_no_other_key_is_trusted_for_it() -> None:
    """Refuses what is signed by a key that the client under test does not trust."""
    async with trusting(AnswerKey()) as client:
        with respx.mock:
            respx.route(url__startswith=ORIGIN).respond(**ANSWERS.signed(bodies.feature()))
            with pytest.raises(SignatureError):
                await client.check_license_feature(**FEATURE)
