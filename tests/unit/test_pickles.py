"""What may travel to another process, and what may not."""

from __future__ import annotations

import copy
import pickle

import pytest

from licensespring_async import (
    ApiKey,
    ClientCredentials,
    DeviceNotFound,
)
from licensespring_async.checks import BundleCheck, FeatureCheck, LicenseCheck
from licensespring_async.fleet import Row
from licensespring_async.services.web import Licensee
from licensespring_async.transport import HttpRequest, HttptoolsEngine, HttpxEngine

from ..fakes import answer
from . import bodies
from .fakes import FEATURE, a_client

CHECK = FeatureCheck(product="APP", feature="render", hardware_id="device-0003", license_key="license-key-0004")
CALL = CHECK.call()
SECRETIVE = [
    ApiKey(api_key="api-key-0001", shared_key="shared-key-0002"),
    ClientCredentials(client_id="client-0001", client_secret="client-secret-0002"),
    CHECK,
    BundleCheck(product="SUITE", hardware_id="device-0003", username="ana@example.org"),
    LicenseCheck(product="APP", hardware_id="device-0003", license_key="license-key-0004"),
    Licensee(hardware_id="device-0003", license_key="license-key-0004"),
    Row(row=1, check=CHECK),
    CALL,
    CALL.request,
    CALL.bind,
    HttpRequest("GET", "https://example.org/?license_key=license-key-0004", {}),
    HttpxEngine(proxy="http://user:the-password@proxy.example.org:8080"),
    HttptoolsEngine(proxy="http://user:the-password@proxy.example.org:8080"),
]


@pytest.mark.parametrize("secretive", SECRETIVE, ids=lambda each: type(each).__name__)
def test_what_holds_secrets_is_not_pickled(secretive: object) -> None:
    """Refuses to pickle what holds secrets, alone or inside of something else, and says what to do instead."""
    for each in (secretive, [secretive], {"a": (secretive,)}):
        with pytest.raises(TypeError, match="holds secrets and cannot be pickled"):
            pickle.dumps(each)


@pytest.mark.parametrize("secretive", SECRETIVE, ids=lambda each: type(each).__name__)
def test_what_holds_secrets_can_be_copied(secretive: object) -> None:
    """Copies credentials, inside a configuration for instance, since a copy stays in the process."""
    assert copy.copy(secretive) == secretive
    assert copy.deepcopy({"auth": secretive}) == {"auth": secretive}


def test_a_client_is_not_pickled() -> None:
    """Refuses to pickle a client and its methods."""
    client = a_client(answer(body=[]))

    for each in (client, client.check_bundle, client.with_raw_response):
        with pytest.raises(TypeError, match="pickled"):
            pickle.dumps(each)


def test_a_client_is_not_copied() -> None:
    """Refuses to copy a client by other means than its own, which it names."""
    client = a_client(answer(body=[]))

    for copied in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot be copied or pickled; `with_options` makes a copy"):
            copied(client)


@pytest.mark.anyio
async def test_the_pickle_of_an_error_holds_no_secret() -> None:
    """Leaves what the call was made with out of the error that travels."""
    echo = bodies.error("device_not_found", " ".join(map(str, FEATURE.values())))

    with pytest.raises(DeviceNotFound) as caught:
        await a_client(answer(400, echo)).check_license_feature(**FEATURE)
    pickled = pickle.dumps(caught.value)

    secrets = (FEATURE["hardware_id"], FEATURE["license_key"], "api-key-0001", "shared-key-0002")
    assert [secret for secret in secrets if secret.encode() in pickled] == []


@pytest.mark.anyio
async def test_answers_travel() -> None:
    """Gives an answer back from another process."""
    feature = await a_client(answer(body=bodies.feature(code="render"))).check_license_feature(**FEATURE)

    assert pickle.loads(pickle.dumps(feature)) == feature
