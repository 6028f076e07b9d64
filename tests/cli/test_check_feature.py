"""`check-feature`, against a sandbox."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from typer.testing import CliRunner

from licensespring_async.cli import app
from licensespring_async.redaction import fingerprint
from licensespring_async.sandbox import Sandbox

from .conftest import Run


@pytest.fixture
def words(sandbox: Sandbox) -> list[str]:
    """The command for the demo license, without its feature."""
    demo = sandbox.demo
    return [
        "check-feature",
        *("--product", demo.product),
        *("--hardware-id", demo.hardware_id),
        *("--license-key", demo.license_key),
        "--feature",
    ]


def test_a_licensed_feature_is_shown_as_a_table(run: Run, words: list[str]) -> None:
    """The table names the feature and what limits it; the exit code is 0."""
    done = run(*words, "ai-upscale")
    assert done.exit_code == 0
    assert done.stdout.startswith("licensed  feature ai-upscale of LUMEN, device #")
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "Feature AI upscaling (ai-upscale)" in lines
    assert "Consumption 12 used, 988 left" in lines
    assert "Ends never" in lines


def test_a_floating_feature_shows_its_slots(run: Run, words: list[str], sandbox: Sandbox) -> None:
    """The table tells how many slots are in use."""
    done = run(*words, sandbox.demo.floating_feature)
    assert "Floating yes, 1 of 10 slots in use" in " ".join(done.stdout.split())


def test_keys_are_shown_as_fingerprints(run: Run, words: list[str], sandbox: Sandbox) -> None:
    """Neither the license key nor the device id is printed."""
    done = run(*words, "raw-import")
    assert fingerprint(sandbox.demo.license_key) in done.stdout
    assert sandbox.demo.license_key not in done.output
    assert sandbox.demo.hardware_id not in done.output


def test_a_key_comes_from_the_environment(run: Run, words: list[str], sandbox: Sandbox) -> None:
    """The license key need not be on the command line, where every user of the machine can read it."""
    at = words.index("--license-key")
    done = run(*words[:at], *words[at + 2 :], "raw-import", LICENSESPRING_LICENSE_KEY=words[at + 1])
    assert done.exit_code == 0, done.output


def test_json_is_one_object_with_the_feature(run: Run, words: list[str]) -> None:
    """stdout holds the verdict and the model, and nothing else."""
    done = run(*words, "ai-upscale", "--json")
    shown = json.loads(done.stdout)
    assert (done.exit_code, done.stderr) == (0, "")
    assert (shown["outcome"], shown["code"], shown["message"], shown["verified"]) == ("licensed", "ok", "", True)
    assert (shown["feature"]["code"], shown["feature"]["total_consumptions"]) == ("ai-upscale", 12)


def test_a_refusal_is_a_result(run: Run, words: list[str]) -> None:
    """What the service said, its code, and what to do; the exit code is 5, for scripts that go on after a yes."""
    done = run(*words, "nope")
    assert done.exit_code == 5
    assert done.stdout.startswith("not licensed  feature nope of LUMEN")
    assert "(invalid_license_feature_code)" in done.stdout
    assert "What to do:  The license does not have this feature" in done.stdout


def test_a_refusal_as_json_has_no_feature(run: Run, words: list[str]) -> None:
    """The object has the same fields, and null where the answer would be."""
    shown = json.loads(run(*words, "nope", "--json").stdout)
    assert (shown["outcome"], shown["code"]) == ("not_licensed", "invalid_license_feature_code")
    assert shown["feature"] is None


@pytest.mark.parametrize("shown", [[], ["--json"]])
def test_a_refusal_may_exit_with_0(run: Run, words: list[str], shown: list[str]) -> None:
    """`--exit-zero` is for scripts that read the answer; an error stays one."""
    assert run(*words, "nope", "--exit-zero", *shown).exit_code == 0
    assert run(*words, "nope", "--exit-zero", *shown, "--base-url", "http://127.0.0.1:1").exit_code == 1


def test_every_parameter_of_the_endpoint_has_an_option(run: Run, sandbox: Sandbox) -> None:
    """License id and bundle code reach the service."""
    bundle = sandbox.demo.bundle
    done = run(
        "check-feature",
        *("--product", "LUMEN"),
        *("--feature", "raw-import"),
        *("--hardware-id", bundle.hardware_id),
        *("--license-key", bundle.license_key),
        *("--bundle-code", bundle.product),
        "--json",
    )
    license_id = json.loads(done.stdout)["feature"]["license_id"]
    again = run(
        "check-feature",
        *("--product", "LUMEN"),
        *("--feature", "raw-import"),
        *("--hardware-id", bundle.hardware_id),
        *("--license-key", bundle.license_key),
        *("--bundle-code", bundle.product),
        *("--license-id", str(license_id)),
        "--json",
    )
    assert json.loads(again.stdout)["feature"]["license_id"] == license_id


def test_an_empty_address_is_none(run: Run, words: list[str]) -> None:
    """`--base-url "$UNSET"` leaves the environment's address, and sends no key to the vendor."""
    assert run(*words, "raw-import", "--base-url", "", "--timeout", "2").exit_code == 0


def test_an_error_exits_with_1(run: Run, words: list[str]) -> None:
    """A service that cannot be reached is an error, told on stderr with what to do."""
    done = run(*words, "raw-import", "--base-url", "http://127.0.0.1:1", "--timeout", "0.2")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: ")
    assert "Traceback" not in done.stderr


def test_an_error_as_json_is_on_stdout(run: Run, words: list[str]) -> None:
    """A program that reads JSON finds the error there as well."""
    done = run(*words, "raw-import", "--base-url", "http://127.0.0.1:1", "--timeout", "0.2", "--json")
    assert (done.exit_code, json.loads(done.stdout)["outcome"]) == (1, "error")


def test_refused_credentials_exit_with_4(run: Run, words: list[str]) -> None:
    """A wrong shared key is told apart from an error of the network."""
    done = run(*words, "raw-import", LICENSESPRING_SHARED_KEY="wrong")
    assert done.exit_code == 4
    assert "signature_mismatch" in done.stderr
    assert "check LICENSESPRING_SHARED_KEY" in done.stderr


def test_an_answer_that_is_not_signed_by_the_trusted_key_exits_with_4(
    offline: Run, words: list[str], tmp_path: Path
) -> None:
    """A wrong public key is a signature failure, told by its option."""
    stranger = generate_private_key(public_exponent=65537, key_size=2048).public_key()
    path = tmp_path / "stranger.pem"
    path.write_bytes(stranger.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    done = offline(*words, "raw-import", "--public-key", str(path))
    assert done.exit_code == 4
    assert done.stderr.startswith("Error: signature_error: ")
    assert "pass that server's --public-key" in done.stderr


def test_answers_may_be_believed_unverified(offline: Run, words: list[str]) -> None:
    """Without verification a line on stderr warns, and the answer says so too."""
    done = offline(*words, "raw-import", "--no-verify-signatures")
    assert done.exit_code == 0
    assert done.stderr == "Warning: --no-verify-signatures: anyone could have sent these answers.\n"
    assert "The signature of the answer was not checked." in done.stdout


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["--username", "ana"], "--license-key / --username: both were given; pass exactly one of them"),
        (["--timeout", "0"], "--timeout: must be a positive number of seconds"),
        (["--base-url", "http://licenses.example.org"], "--base-url (LICENSESPRING_BASE_URL): must be https://"),
        (["--license-id", "many"], "Invalid value for '--license-id'"),
        (["--licence-id", "1"], "No such option: --licence-id"),
        (["--no-verify-signatures"], "contradict each other"),
    ],
)
def test_wrong_usage_exits_with_2(run: Run, words: list[str], extra: list[str], message: str) -> None:
    """One message on stderr says what to change, and nothing is sent."""
    done = run(*words, "raw-import", *extra)
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in done.stderr


def test_neither_key_nor_user_exits_with_2(run: Run) -> None:
    """The message names the two options."""
    done = run("check-feature", "--product", "P", "--feature", "f", "--hardware-id", "d")
    assert (done.exit_code, done.stderr) == (
        2,
        "Error: --license-key / --username: neither was given; pass exactly one of them\n",
    )


def test_missing_credentials_exit_with_2(run: Run, words: list[str]) -> None:
    """The message names the variables to set."""
    done = run(*words, "raw-import", LICENSESPRING_API_KEY=None, LICENSESPRING_SHARED_KEY=None)
    assert done.exit_code == 2
    assert "set LICENSESPRING_API_KEY and LICENSESPRING_SHARED_KEY" in done.stderr


def test_an_unreadable_key_file_exits_with_2(offline: Run, words: list[str], tmp_path: Path) -> None:
    """The message names the file and what the system said."""
    done = offline(*words, "raw-import", "--public-key", str(tmp_path / "none.pem"))
    assert done.exit_code == 2
    assert "none.pem: cannot be read: No such file or directory" in done.stderr


def test_a_file_that_is_no_key_exits_with_2(offline: Run, words: list[str], tmp_path: Path) -> None:
    """A file that holds something else is refused before anything is sent."""
    (tmp_path / "key.pem").write_text("hello")
    done = offline(*words, "raw-import", "--public-key", str(tmp_path / "key.pem"))
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)


def test_another_server_needs_its_key(offline: Run, words: list[str]) -> None:
    """Without a key the message says which option is missing."""
    done = offline(*words, "raw-import")
    assert done.exit_code == 2
    assert "pass the key that verifies its answers (--public-key FILE), or --no-verify-signatures" in done.stderr


@pytest.mark.parametrize(
    ("command", "notice"),
    [
        ("check", "If it floats, this TAKES A SLOT."),
        ("check-feature", "If it floats, this TAKES A SLOT."),
        ("check-bundle", "This TAKES A SLOT of each of its licenses that floats."),
    ],
)
def test_help_says_that_a_slot_is_taken(offline: Run, command: str, notice: str) -> None:
    """The side effect is the first thing that the help tells."""
    done = offline(command, "--help")
    assert done.exit_code == 0
    assert notice in " ".join(done.stdout.split())


@pytest.mark.parametrize("command", ["check", "check-feature", "check-bundle"])
def test_a_check_may_ask_a_sandbox_of_its_own(offline: Run, command: str) -> None:
    """What is left out is that of the demo; neither credentials nor a key file are needed."""
    done = offline(command, "--sandbox", LICENSESPRING_API_KEY=None, LICENSESPRING_PUBLIC_KEY_FILE="none.pem")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("licensed  ")


def test_a_check_of_a_sandbox_takes_what_is_given(offline: Run) -> None:
    """An option goes before the demo, and another service has no place beside it."""
    done = offline("check-feature", "--sandbox", "--feature", "nope")
    assert (done.exit_code, "(invalid_license_feature_code)" in done.stdout) == (5, True)
    refused = offline("check-feature", "--sandbox", "--base-url", "https://example.org")
    assert (refused.exit_code, "--sandbox has its own address" in refused.stderr) == (2, True)
    assert "Missing option '--product'" in offline("check-feature", "--feature", "raw-import").stderr


def test_a_license_key_may_be_typed_in(
    sandbox: Sandbox, environment: dict[str, str | None], key_file: Path, words: list[str]
) -> None:
    """`-` reads it from the standard input, so that it is in no list of processes."""
    at = words.index("--license-key") + 1
    given = [*words[:at], "-", *words[at + 1 :], "raw-import", "--public-key", str(key_file)]
    done = CliRunner().invoke(app, given, env=environment, input=f"{sandbox.demo.license_key}\n")
    assert done.exit_code == 0, done.output
    assert fingerprint(sandbox.demo.license_key) in done.stdout


def test_who_is_named_on_the_command_line_counts(offline: Run) -> None:
    """A key in the environment, or that of the demo, does not contradict a user who is typed."""
    done = offline("check-feature", "--sandbox", "--username", "ana@example.org", LICENSESPRING_LICENSE_KEY="KEY")
    assert (done.exit_code, "(license_not_found)" in done.stdout) == (5, True)
    assert fingerprint("ana@example.org") in done.stdout
