"""Errors in the words of a command line."""

from __future__ import annotations

import inspect
import re

import pytest
from typer.testing import CliRunner

from licensespring_async import endpoints, errors
from licensespring_async.cli import app
from licensespring_async.cli.endpoints.commands import COMMANDS
from licensespring_async.cli.spoken import advice, spoken, told
from licensespring_async.endpoints.parameters import PARAMETERS
from licensespring_async.errors import (
    ApiError,
    ConfigurationError,
    DeviceNotFound,
    FloatingNotAvailable,
    InvalidParameter,
    LicenseSpringError,
    RateLimited,
)
from licensespring_async.transport import HttpResponse
from licensespring_async.transport.clock import Clock
from licensespring_async.transport.failures import failure
from licensespring_async.transport.policies.windows import Pause, RateLimiter

CLASSES = [each for each in vars(errors).values() if inspect.isclass(each) and issubclass(each, LicenseSpringError)]
# Headers, fields and files of the service, and commands.
FOREIGN = {"Authorization", "Date", ".req", "expiry_date", "fleet check", "token_url", "versions"}


def test_no_advice_names_an_argument_of_python() -> None:
    """What is quoted is no parameter, setting or class of this package."""
    for kind in CLASSES:
        quoted = set(re.findall(r"`([^`]*)`", advice(kind.__new__(kind))))
        assert not quoted & (PARAMETERS.keys() | {"base_url", "api_key", "shared_key", "timeout", "ApiKey"}), kind
        assert quoted <= FOREIGN | {"may_have_acted", "__cause__"}, kind


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("base_url: not a URL", "--base-url (LICENSESPRING_BASE_URL): not a URL"),
        ("max_concurrency: must be a whole number", "--concurrency: must be a whole number"),
        ("shared_key: must be a non-empty string", "LICENSESPRING_SHARED_KEY: must be a non-empty string"),
        ("public_key: pass a PEM, or verify_signatures=False", "--public-key: pass a PEM, or --no-verify-signatures"),
        ("fleet.csv: has no column a", "fleet.csv: has no column a"),
        ("fleet.csv: has no column a, which `keep` names", "fleet.csv: has no column a, which --keep names"),
        ("query: returns no rows", "--sql: returns no rows"),
        (r"a.csv: tabs; pass delimiter='\t'", r"a.csv: tabs; pass --delimiter '\t'"),
        (
            "a.csv: pass columns={'hardware_id': 'Device {1}', 'product': 'SKU'}. It has: SKU",
            "a.csv: pass --map 'hardware_id=Device {1}' --map product=SKU. It has: SKU",
        ),
        ("columns={'hardware_id': 'serial'} renames one.", "--map hardware_id=serial renames one."),
        ("-: is JSON; pass format=Format.JSONL", "-: is JSON; pass --format jsonl"),
        ("pass columns={'hardware_id': oops}. It has", "pass columns={'hardware_id': oops}. It has"),
    ],
)
def test_settings_are_told_as_options_or_variables(text: str, expected: str) -> None:
    """What begins with a setting's name begins with the option's; other texts stay."""
    assert told(ConfigurationError(text)) == spoken(text) == expected


def test_a_parameter_is_told_as_its_option() -> None:
    """Also the others that the problem names."""
    error = InvalidParameter("license_key / username", "pass exactly one of license_key, username")
    assert told(error) == "--license-key / --username: pass exactly one of --license-key, --username"


def test_a_limited_answer_leads_to_the_command_that_paces() -> None:
    """Only `fleet check` has `--rate`: a single check that named it alone would name an option that it lacks."""
    limited = RateLimited(429, "", "", 5.0)
    RateLimiter(None, Clock(), Pause()).hold(limited)

    assert "`fleet check` paces many calls with --rate or --plan" in advice(limited)
    (note,) = map(spoken, limited.__notes__)
    assert "`fleet check` with --rate or --plan" in note
    assert "RateLimits" not in note


@pytest.mark.parametrize(
    "words", [*([name] for name in COMMANDS), *(["api", name] for name in endpoints.__all__)], ids=" ".join
)
def test_no_help_speaks_python(words: list[str]) -> None:
    """A value that is left out is not None, a moment is no datetime, and a command raises nothing."""
    shown = CliRunner().invoke(app, [*words, "--help"])
    assert shown.exit_code == 0
    assert re.search(r"\bNone\b|datetime|\braises?\b", shown.stdout) is None


@pytest.mark.parametrize(
    ("refusal", "endpoint", "expected"),
    [
        (FloatingNotAvailable, "release_floating_license", "holds no slot: there is nothing to release"),
        (DeviceNotFound, "deactivate_license", "not active on this --hardware-id: there is nothing to deactivate"),
        (FloatingNotAvailable, "borrow_floating_license", "Every floating slot is in use"),
    ],
)
def test_the_advice_fits_what_was_asked(refusal: type[ApiError], endpoint: str, expected: str) -> None:
    """Someone who gives a slot or a device back is not told how to get one."""
    error = refusal(400, "", "")
    error.endpoint = endpoint
    assert expected in advice(error)


def test_an_error_of_another_server_leads_to_the_address() -> None:
    """A web page or a redirect in place of an answer mostly comes from a wrong `--base-url`."""
    assert "check --base-url (LICENSESPRING_BASE_URL)" in advice(ApiError(404, "", "<html>Not Found</html>"))

    redirect = failure(HttpResponse(302, {"location": "https://portal.example/"}, b""), (), 0.0)
    assert redirect is not None
    assert told(redirect).endswith("Check --base-url (LICENSESPRING_BASE_URL).")
