"""`api`, against a sandbox."""

from __future__ import annotations

import json

import pytest

from licensespring_async import endpoints
from licensespring_async.redaction import fingerprint
from licensespring_async.sandbox import Sandbox

from .conftest import Run


@pytest.fixture
def bundle(sandbox: Sandbox) -> list[str]:
    bundle = sandbox.demo.bundle
    return ["--product", bundle.product, "--hardware-id", bundle.hardware_id, "--license-key", bundle.license_key]


def test_an_answer_is_printed_as_json(run: Run, bundle: list[str], sandbox: Sandbox) -> None:
    """stdout is the model, with fingerprints in the place of keys, or with the keys when they are asked for."""
    done = run("api", "check_bundle", *bundle)
    assert (done.exit_code, done.stderr) == (0, "")
    assert json.loads(done.stdout)[0]["license_key"] == fingerprint(sandbox.demo.bundle.license_key)
    assert sandbox.demo.bundle.hardware_id not in done.stdout
    shown = run("api", "check_bundle", *bundle, "--show-secrets")
    assert json.loads(shown.stdout)[0]["license_key"] == sandbox.demo.bundle.license_key


def test_an_answer_that_says_nothing_is_null(run: Run, sandbox: Sandbox) -> None:
    """Such an endpoint is a statement in a script: it succeeds, or its exit code says that it did not."""
    demo = sandbox.demo
    words = ["--product", demo.product, "--hardware-id", demo.hardware_id, "--license-key", demo.license_key]
    words += ["--feature", demo.floating_feature]
    assert run("api", "check_license_feature", *words).exit_code == 0
    done = run("api", "release_floating_feature", *words)
    assert (done.exit_code, done.stdout) == (0, "null\n")


def test_an_option_that_is_left_out_has_the_endpoints_default(run: Run, sandbox: Sandbox) -> None:
    """`sso_url` needs no --response-type, and says what it may be."""
    account = str(sandbox.demo.customer_account_code)
    words = ["api", "sso_url", "--product", "CREW", "--customer-account-code", account, "--show-secrets"]
    done = run(*words)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "response_type=id_token" in done.stdout
    refused = run(*words, "--response-type", "neither")
    assert (refused.exit_code, refused.stderr) == (2, "Error: --response-type: must be 'code' or 'token'\n")


def test_a_refusal_exits_with_5(run: Run) -> None:
    """The service's no is on stderr with what to do, and stdout is empty."""
    done = run("api", "check_bundle", "--product", "NOPE", "--hardware-id", "d", "--license-key", "k")
    assert (done.exit_code, done.stdout) == (5, "")
    assert "unknown_product" in done.stderr


def test_every_endpoint_is_there(offline: Run) -> None:
    """What the client can call, the command line can."""
    shown = offline("api", "--help").stdout
    assert all(name in shown for name in endpoints.__all__)


def test_what_is_no_endpoint_is_refused(offline: Run) -> None:
    """A name that is not in the API is wrong usage."""
    done = offline("api", "check_everything")
    assert (done.exit_code, "No such command 'check_everything'" in done.stderr) == (2, True)
