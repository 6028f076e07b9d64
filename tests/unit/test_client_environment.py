"""Credentials from the environment; trust never."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from licensespring_async import PRODUCTION_URL, BlockingLicenseSpring, ConfigurationError, LicenseSpring
from licensespring_async.redaction import fingerprint

from ..fakes import KEY, ScriptedEngine
from .keys import Signer

KEY_VARIABLES = {"LICENSESPRING_API_KEY": "env-api-key", "LICENSESPRING_SHARED_KEY": "env-shared-key"}
CLIENT_VARIABLES = {"LICENSESPRING_CLIENT_ID": "env-client-id", "LICENSESPRING_CLIENT_SECRET": "env-client-secret"}


def test_an_api_key_from_the_environment() -> None:
    """Reads an API key with its shared key."""
    client = LicenseSpring.from_env(KEY_VARIABLES)

    assert fingerprint("env-api-key") in repr(client)


def test_the_environment_of_the_process_is_the_default() -> None:
    """Reads the process's own environment when no other is given."""
    code = "import licensespring_async; print(licensespring_async.LicenseSpring.from_env())"
    environ = {**os.environ, **KEY_VARIABLES, "LICENSESPRING_BASE_URL": ""}

    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)

    assert done.stdout == f"LicenseSpring({PRODUCTION_URL}, ApiKey({fingerprint('env-api-key')}))\n"


GIVEN = {
    "public_key=sys.argv[1]": ("https://licenses.example.org", "env-api-key"),
    "api_key='given', shared_key='s'": (PRODUCTION_URL, "given"),
    "client_id='given', client_secret='s'": (PRODUCTION_URL, "given"),
    "auth=ApiKey(api_key='given', shared_key='s')": (PRODUCTION_URL, "given"),
}
"""Arguments of a client, with its address and the key that it uses."""


def test_credentials_are_an_argument_two_texts_or_the_environments(signer: Signer) -> None:
    """Makes a client of what it is given, and of the environment, address included, when it is given nothing."""
    made = [(kind, given) for kind in ("LicenseSpring", "BlockingLicenseSpring") for given in GIVEN]
    code = "import sys\nfrom licensespring_async import ApiKey, BlockingLicenseSpring, LicenseSpring\n"
    code += "".join(f"print({kind}({given}))\n" for kind, given in made)
    environ = {**os.environ, **KEY_VARIABLES, "LICENSESPRING_BASE_URL": "https://licenses.example.org"}
    words = [sys.executable, "-c", code, signer.public_key]
    done = subprocess.run(words, env=environ, capture_output=True, text=True, check=True)

    for each, printed in zip(made, done.stdout.splitlines(), strict=True):
        address, name = GIVEN[each[1]]
        assert f"({address}, " in printed, each
        assert fingerprint(name) in printed, each


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"api_key": "hunter2"}, "^shared_key: is missing; it goes with api_key"),
        ({"shared_key": "hunter2"}, "^api_key: is missing; it goes with shared_key"),
        ({"client_id": "hunter2"}, "^client_secret: is missing; it goes with client_id"),
        ({"api_key": "hunter2", "client_secret": "hunter2"}, "^api_key / client_secret: .* not of both"),
        ({"auth": KEY, "api_key": "hunter2"}, "^api_key: auth was given as well"),
        ({"api_key": "", "shared_key": "hunter2"}, "^api_key: must be a non-empty string"),
        ({"api_key": 5, "shared_key": "hunter2"}, "^api_key: must be a non-empty string"),
    ],
)
def test_mixed_and_half_credentials_are_refused(given: dict[str, Any], problem: str) -> None:
    """Says which argument is missing or too many, and shows no value."""
    with pytest.raises(ConfigurationError, match=problem) as caught:
        LicenseSpring(**given)

    assert "hunter2" not in str(caught.value)


def test_client_credentials_from_the_environment() -> None:
    """Reads client credentials."""
    client = LicenseSpring.from_env(CLIENT_VARIABLES)

    assert fingerprint("env-client-id") in repr(client)


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        ({}, "no credentials in the environment"),
        ({"LICENSESPRING_API_KEY": "", "LICENSESPRING_CLIENT_ID": ""}, "no credentials in the environment"),
        ({"LICENSESPRING_BASE_URL": "https://licenses.example.org"}, "no credentials in the environment"),
        ({"LICENSESPRING_API_KEY": "hunter2"}, "LICENSESPRING_SHARED_KEY is not set"),
        ({"LICENSESPRING_SHARED_KEY": "hunter2"}, "LICENSESPRING_API_KEY is not set"),
        ({"LICENSESPRING_CLIENT_ID": "hunter2"}, "LICENSESPRING_CLIENT_SECRET is not set"),
        ({"LICENSESPRING_CLIENT_SECRET": "hunter2"}, "LICENSESPRING_CLIENT_ID is not set"),
        (KEY_VARIABLES | CLIENT_VARIABLES, "unset one pair"),
        (KEY_VARIABLES | {"LICENSESPRING_CLIENT_ID": "hunter2"}, "unset one pair"),
        ({"LICENSESPRING_API_KEY": "hunter2", "LICENSESPRING_CLIENT_SECRET": "hunter2"}, "unset one pair"),
        (KEY_VARIABLES | {"LICENSESPRING_API_KEY": "hunter2\n"}, "api_key: has white space around it"),
    ],
)
def test_incomplete_environments_are_refused(environ: dict[str, str], problem: str) -> None:
    """Says which variable is missing or too many, and shows no value."""
    with pytest.raises(ConfigurationError, match=problem) as caught:
        LicenseSpring.from_env(environ)

    assert [value for value in ("hunter2", "env-") if value in str(caught.value)] == []


def test_the_base_url_from_the_environment(signer: Signer) -> None:
    """Reads where to talk to."""
    environ = {**KEY_VARIABLES, "LICENSESPRING_BASE_URL": "https://licenses.example.org"}

    client = LicenseSpring.from_env(environ, public_key=signer.public_key)

    assert "https://licenses.example.org" in repr(client)


def test_an_empty_base_url_in_the_environment_is_none() -> None:
    """Takes an empty variable for one that is not set."""
    client = LicenseSpring.from_env({**KEY_VARIABLES, "LICENSESPRING_BASE_URL": ""})

    assert PRODUCTION_URL in repr(client)


@pytest.mark.parametrize("name", ["LICENSESPRING_PUBLIC_KEY", "LICENSESPRING_VERIFY_SIGNATURES"])
def test_trust_never_comes_from_the_environment(name: str, signer: Signer) -> None:
    """Reads no key to trust from the environment: another service still needs one from the code."""
    environ = {**KEY_VARIABLES, "LICENSESPRING_BASE_URL": "https://licenses.example.org", name: signer.public_key}

    with pytest.raises(ConfigurationError, match=r"^public_key: "):
        LicenseSpring.from_env(environ)


def test_other_options_beside_the_environment() -> None:
    """Takes the other settings as arguments, and checks them too."""
    with pytest.raises(ConfigurationError, match="timeout"):
        LicenseSpring.from_env(KEY_VARIABLES, timeout=-1)


def test_believing_everybody_warns_from_the_environment_too() -> None:
    """Warns at the caller's line when the client is made from the environment."""
    with pytest.warns(UserWarning, match="verify_signatures=False") as caught:
        LicenseSpring.from_env(KEY_VARIABLES, engine=ScriptedEngine(), verify_signatures=False)

    assert [each.filename for each in caught] == [__file__]


@pytest.mark.parametrize("environ", [".env", ["LICENSESPRING_API_KEY=a"], 5])
def test_the_environment_is_a_mapping(environ: Any) -> None:
    """Refuses the name of a file, which it does not read."""
    with pytest.raises(ConfigurationError, match=r"^environ: must be a mapping like os.environ, not "):
        LicenseSpring.from_env(environ)
    with pytest.raises(ConfigurationError, match=r"^environ: "):
        BlockingLicenseSpring.from_env(environ)
