"""`airgap`: codes that people type, against an independent implementation's vectors."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA1
from typer.testing import CliRunner, Result

from licensespring_async.cli import app
from licensespring_async.redaction import fingerprint

from .conftest import NO_ENVIRONMENT

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "offline" / "vectors.json").read_text())
CONFIRMED: dict[str, Any] = VECTORS["confirmations"][1]
STARTED: dict[str, str] = VECTORS["initializations"][0]


def run(command: str, *words: str, stdin: str = "", **changes: str) -> Result:
    environment = NO_ENVIRONMENT | {"COLUMNS": "80"} | changes
    return CliRunner().invoke(app, ["airgap", command, *words], input=stdin, env=environment)


def confirm(*more: str, **changes: object) -> Result:
    given = {
        "company-key": VECTORS["public_key"],
        **{name.replace("_", "-"): value for name, value in CONFIRMED.items() if name != "about"},
        **{name.replace("_", "-"): value for name, value in changes.items()},
    }
    return run("confirm", *(word for name, value in given.items() for word in (f"--{name}", str(value))), *more)


def policy(folder: Path, **fields: object) -> str:
    path = folder / "policy.lic"
    path.write_bytes(b64encode(json.dumps({"id": 7, "default_license_type": "perpetual", **fields}).encode()))
    return str(path)


@pytest.mark.parametrize("way", ["standard input", "environment"])
def test_a_code_is_printed(way: str) -> None:
    """It is signed with the portal's key for this device and license, and is the only thing on stdout."""
    words = ["--company-key", VECTORS["public_key"], "--hardware-id", "device-1", "--license-key", "KEY-1"]
    code = STARTED["initialization_code"]
    if way == "environment":
        done = run("code", *words, LICENSESPRING_INITIALIZATION_CODE=code)
    else:
        done = run("code", *words, "--initialization-code", "-", stdin=f"{code}\n")
    assert (done.exit_code, done.stderr) == (0, "")
    raw = b64decode(done.stdout.strip(), validate=True)
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + b64decode(STARTED["public"]))
    signature = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    public.verify(signature, b"device-1KEY-1", ec.ECDSA(SHA1()))  # noqa: S303


@pytest.mark.parametrize(
    ("more", "key", "message"),
    [
        ([], VECTORS["public_key"], "--initialization-code: is needed; set LICENSESPRING_INITIALIZATION_CODE"),
        (["--initialization-code", "?"], VECTORS["public_key"], "--initialization-code: is not a code of the portal"),
        (["--initialization-code", STARTED["initialization_code"]], "?", "--company-key: must be the Base64 text"),
    ],
)
def test_a_code_that_cannot_be_made_is_told_by_its_options(more: list[str], key: str, message: str) -> None:
    """The exit code is 2, and nothing is on stdout."""
    done = run("code", "--company-key", key, "--hardware-id", "d", "--license-key", "K", *more)
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in " ".join(done.stderr.split())


def test_a_confirmation_that_holds_is_said(tmp_path: Path) -> None:
    """Names policy, device and license, the last two as fingerprints; a policy file of it is shown."""
    done = confirm("--policy", policy(tmp_path))
    assert (done.exit_code, done.stderr) == (0, "")
    assert "confirmed  policy 7, device #" in done.stdout
    assert fingerprint(CONFIRMED["license_key"]) in done.stdout
    assert CONFIRMED["license_key"] not in done.stdout
    assert "default_license_type  perpetual" in done.stdout


@pytest.mark.parametrize("change", [{"hardware_id": "another"}, {"policy_id": 8}, {"confirmation_code": "AAAA"}])
def test_a_confirmation_of_something_else_exits_with_4(change: dict[str, object]) -> None:
    """What the company's key has not signed is not confirmed."""
    done = confirm(**change)
    assert (done.exit_code, done.stdout) == (4, "")
    assert done.stderr.startswith("Error: the confirmation code")


def test_a_file_of_another_policy_is_refused(tmp_path: Path) -> None:
    """The confirmation holds, and the file is not what it confirms."""
    done = confirm("--policy", policy(tmp_path, id=8))
    assert (done.exit_code, done.stdout) == (4, "")
    assert "are for different policies" in " ".join(done.stderr.split())
