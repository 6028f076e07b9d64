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

from ..fakes import answer
from . import bodies
from .fakes import FEATURE, a_client

SECRETIVE = [
    ApiKey(api_key="api-key-0001", shared_key="shared-key-0002"),
    ClientCredentials(client_id="client-0001", client_secret="client-secret-0002"),
]


@pytest.mark.parametrize("credentials", SECRETIVE, ids=lambda each: type(each).__name__)
def test_credentials_are_not_pickled(credentials: ApiKey | ClientCredentials) -> None:
    """Refuses to pickle credentials, and says what to do instead."""
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(credentials)


@pytest.mark.parametrize("credentials", SECRETIVE, ids=lambda each: type(each).__name__)
def test_credentials_can_be_copied(credentials: ApiKey | ClientCredentials) -> None:
    """Copies credentials, inside a configuration for instance, since a copy stays in the process."""
    assert copy.copy(credentials) == credentials
    assert copy.deepcopy({"auth": credentials}) == {"auth": credentials}


def test_a_client_is_not_pickled() -> None:
    """Refuses to pickle a client and its methods."""
    client = a_client(answer(body=[]))

    for each in (client, client.check_bundle, client.with_raw_response):
        with pytest.raises(TypeError, match="pickled"):
            pickle.dumps(each)


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
