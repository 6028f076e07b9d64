"""`offline`: request files that are written, and license files that are read."""

from __future__ import annotations

import json
import stat
import sys
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from licensespring_async.cli import app
from licensespring_async.redaction import fingerprint

from ..offline.making import AUTH, DEVICE, KEY, compact, encoded, license_fields, license_file, refresh_file
from ..unit.keys import Signer
from .conftest import NO_ENVIRONMENT

SIGNER = Signer()
ENDED = {"validity_period": "2020-01-01T00:00:00.000Z"}


def run(*words: str, **changes: str | None) -> Result:
    """Run a command with the credentials that the files are made with."""
    credentials = {"LICENSESPRING_API_KEY": AUTH.api_key, "LICENSESPRING_SHARED_KEY": AUTH.shared_key, "COLUMNS": "80"}
    return CliRunner().invoke(app, ["offline", *words], env=NO_ENVIRONMENT | credentials | changes)


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Result]:
    """Read a file with a text in it, for the device and product that it is for unless other words say otherwise."""
    key = tmp_path / "key.pem"
    key.write_text(SIGNER.public_key)
    path = tmp_path / "app.lic"

    def load(text: str, *more: str, command: str = "load", changes: dict[str, str] | None = None) -> Result:
        path.write_text(text, encoding="utf-8")
        options = {"--product": "APP", "--hardware-id": DEVICE, "--public-key": str(key)} | (changes or {})
        return run(command, str(path), *(word for pair in options.items() for word in pair), *more)

    return load


def said(result: Result) -> str:
    return " ".join(f"{result.stdout} {result.stderr}".split())


@pytest.mark.parametrize("command", ["request", "deactivate"])
def test_a_request_may_go_to_stdout(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `--output -` stdout holds the request only; what is said about it goes to stderr, and no file is made."""
    monkeypatch.chdir(tmp_path)
    done = run(command, "--product", "APP", "--hardware-id", DEVICE, "--license-key", KEY, "--output", "-")
    assert (done.exit_code, list(tmp_path.iterdir())) == (0, [])
    assert json.loads(b64decode(done.stdout))["request"]["license_key"] == KEY
    assert "Request id:" in done.stderr


@pytest.mark.parametrize(
    ("command", "kind", "title"),
    [("request", "activation", "activation of APP"), ("deactivate", "deactivation", "deactivation of APP")],
)
def test_a_request_is_written(command: str, kind: str, title: str, tmp_path: Path) -> None:
    """The file holds the request, for this user alone; what is printed has its id and shows no key."""
    path = tmp_path / "app.req"
    words = ["--product", "APP", "--hardware-id", DEVICE, "--license-key", KEY, "--output", str(path)]
    done = run(command, *words, "--variables", '{"seat": 7}')
    assert (done.exit_code, done.stderr) == (0, "")
    request = json.loads(b64decode(path.read_text()))["request"]
    assert (request["request"], request["license_key"], request["variables"]) == (kind, KEY, {"seat": 7})
    assert f"{path}: {title}, device {fingerprint(DEVICE)}" in done.stdout
    assert f"Request id:  {request['request_id']}\n" in done.stdout
    assert KEY not in done.stdout
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_older_schema_is_on_request(tmp_path: Path) -> None:
    """`--schema 1` makes the older form."""
    path = tmp_path / "app.req"
    words = ["--product", "APP", "--hardware-id", DEVICE, "--license-key", KEY, "--output", str(path)]
    assert run("request", *words, "--schema", "1").exit_code == 0
    assert json.loads(b64decode(path.read_text()))["license_key"] == KEY


def test_a_users_password_is_typed_in(tmp_path: Path) -> None:
    """The request has it, and no list of processes does."""
    path = tmp_path / "app.req"
    words = ["--product", "APP", "--hardware-id", DEVICE, "--username", "ana", "--output", str(path)]
    assert run("request", *words, LICENSESPRING_PASSWORD="a password").exit_code == 0
    assert json.loads(b64decode(path.read_text()))["request"]["password"] == "a password"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--license-key", KEY, "--username", "ana"], "--license-key / --username: both were given"),
        (["--license-key", KEY, "--password", "p"], "--password: does not go with --license-key"),
        (["--license-key", KEY, "--variables", '{"a": 1.5}'], "--variables: must be strings, whole numbers"),
    ],
)
def test_a_request_that_cannot_be_made_is_told_by_its_options(more: list[str], message: str, tmp_path: Path) -> None:
    """Nothing is written, and the exit code is 2."""
    path = tmp_path / "app.req"
    done = run("request", "--product", "APP", "--hardware-id", DEVICE, "--output", str(path), *more)
    assert (done.exit_code, message in said(done), path.exists()) == (2, True, False), said(done)


def test_a_request_needs_credentials_and_a_place(tmp_path: Path) -> None:
    """Says which variable is missing, and where the file could not be written."""
    words = ["request", "--product", "APP", "--hardware-id", DEVICE, "--license-key", KEY, "--output"]
    unsigned = run(*words, str(tmp_path / "app.req"), LICENSESPRING_SHARED_KEY=None)
    assert (unsigned.exit_code, "LICENSESPRING_SHARED_KEY" in unsigned.stderr) == (2, True)
    nowhere = run(*words, str(tmp_path / "none" / "app.req"))
    assert (nowhere.exit_code, "cannot be written: No such file or directory" in said(nowhere)) == (2, True)


@pytest.mark.parametrize(("command", "make"), [("load", license_file), ("refresh", refresh_file)])
def test_a_file_that_holds_is_shown(command: str, make: Callable[..., str], load: Callable[..., Result]) -> None:
    """Says for which device and license it is, when it was made, whether it can be used and until when.

    The file was saved by an editor that begins it with a byte order mark.
    """
    done = load(f"\ufeff{make(SIGNER)}", command=command)
    assert (done.exit_code, done.stderr) == (0, "")
    assert said(done).startswith("licensed file of APP, made Fri Jul 4 2025 10:56:13 GMT+0000, device #")
    assert f"license {fingerprint(KEY)}" in said(done)
    assert "2030-01-01" in done.stdout
    assert KEY not in done.stdout
    assert DEVICE not in done.stdout


def test_the_trusted_key_may_come_from_the_environment(tmp_path: Path) -> None:
    """What `sandbox --print-env` sets counts for a file as it does for a call."""
    key, path = tmp_path / "key.pem", tmp_path / "app.lic"
    key.write_text(SIGNER.public_key)
    path.write_text(license_file(SIGNER))
    words = ["load", str(path), "--product", "APP", "--hardware-id", DEVICE]
    assert run(*words).exit_code == 4
    assert run(*words, LICENSESPRING_PUBLIC_KEY_FILE=str(key)).exit_code == 0


def test_json_has_no_secret(load: Callable[..., Result]) -> None:
    """`--json` prints the license, its key and device as fingerprints."""
    done = load(license_file(SIGNER), "--json")
    shown = json.loads(done.stdout)
    assert (shown["outcome"], shown["verified"]) == ("licensed", True)
    assert shown["license"]["license_key"] == fingerprint(KEY)
    assert AUTH.shared_key not in done.stdout
    assert DEVICE not in done.stdout


def test_a_license_that_has_ended_exits_with_5(load: Callable[..., Result]) -> None:
    """The file holds, and the answer is no; `--exit-zero` is for scripts that read it themselves."""
    ended = license_file(SIGNER, **ENDED)
    done = load(ended)
    assert done.exit_code == 5
    assert said(done).startswith("not licensed file of APP")
    assert "(license_expired)" in done.stdout
    assert load(ended, "--exit-zero").exit_code == 0


@pytest.mark.parametrize(
    ("more", "changes", "code", "message"),
    [
        ([], {"--hardware-id": "another"}, 4, "the file is for another device"),
        ([], {"--product": "TOOLS"}, 4, "the file is for another product"),
        (["--request-id", "9999"], {}, 4, "the file answers another request"),
        (["--bundle"], {}, 1, "the file has the wrong content"),
    ],
)
def test_a_file_for_something_else_is_refused(
    more: list[str], changes: dict[str, str], code: int, message: str, load: Callable[..., Result]
) -> None:
    """Says what it is not for, and shows nothing of it."""
    done = load(license_file(SIGNER), *more, changes=changes)
    assert (done.exit_code, done.stdout, message in said(done)) == (code, "", True), said(done)


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        (license_file(Signer()), 4, "was not made by a trusted key"),
        (license_file(SIGNER)[:-9], 1, "damaged or incomplete"),
        ("ä", 1, "damaged or incomplete"),
        ("A" * (1 << 20) + "A", 2, "has more than 1,048,576 bytes"),
    ],
    ids=["another key", "cut off", "not Base64", "too large"],
)
def test_a_file_that_does_not_hold_is_refused(text: str, code: int, message: str, load: Callable[..., Result]) -> None:
    """A wrong signature exits with 4, a damaged file with 1, one that no service made with 2."""
    done = load(text)
    assert (done.exit_code, done.stdout, message in said(done)) == (code, "", True), said(done)


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    """The file and the reason are named."""
    done = run("load", str(tmp_path / "none.lic"), "--product", "APP", "--hardware-id", DEVICE)
    assert (done.exit_code, "none.lic: cannot be read: No such file or directory" in said(done)) == (2, True)


def test_a_bundles_file_shows_each_license(load: Callable[..., Result]) -> None:
    """`--bundle` reads the licenses of a bundle, one line each."""
    content = {"licenses": [license_fields(SIGNER)]}
    text = encoded(compact(content | {"bundle_signature_v2": SIGNER.sign(compact(content).encode())}))
    done = load(text, "--bundle")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "2030-01-01" in done.stdout
