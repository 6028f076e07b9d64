"""Commands that do something or list something, against a sandbox."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from licensespring_async.redaction import fingerprint
from licensespring_async.sandbox import Consumption, InstallationFile, License, Product, World

from .conftest import Run

_NUMBERS = itertools.count(1)
KEY = "3D0B-91C7-55AE-F2A8"
DEVICE = "device-5521"


@pytest.fixture
def product(world: World) -> Product:
    return world.add_product(f"ACT{next(_NUMBERS)}")


@pytest.fixture
def words(product: Product) -> Callable[..., list[str]]:
    """A command for this product's license on the device."""

    def words(command: str, *more: str) -> list[str]:
        return [command, "--product", product.short_code, "--hardware-id", DEVICE, "--license-key", KEY, *more]

    return words


@pytest.fixture
def license(product: Product) -> License:
    """A license with ten uses and two slots, and with features that have three and one, active on the device."""
    sold = product.add_license(
        key=KEY, consumption=Consumption(maximum=10), floating_users=2, max_borrow_time=48, max_activations=5
    )
    sold.add_feature("export", consumption=Consumption(maximum=3))
    sold.add_feature("render", floating_users=1, max_borrow_time=24)
    sold.activate(DEVICE)
    return sold


def test_a_device_is_activated(run: Run, product: Product, words: Callable[..., list[str]]) -> None:
    """The license is shown as a table, device and key as fingerprints, and the service knows the device's data."""
    license = product.add_license(key=KEY)
    done = run(*words("activate", "--hostname", "render-7"))
    assert (done.exit_code, done.stderr) == (0, "")
    told = f"done  activated {product.short_code}, device {fingerprint(DEVICE)}, license {fingerprint(KEY)}"
    assert " ".join(done.stdout.split()).startswith(" ".join(told.split()))
    assert "perpetual" in done.stdout
    assert KEY not in done.stdout
    assert license.devices[DEVICE].details == {"hostname": "render-7"}


def test_a_user_activates_with_a_password_that_is_typed_in(offline: Run, world: World, key_file: Path) -> None:
    """The password is in no list of processes: it comes from the standard input or the environment."""
    user = world.add_user(f"user{next(_NUMBERS)}@example.org", password="a password")
    suite = world.add_product(f"ACT{next(_NUMBERS)}", authorization_method="user")
    suite.add_license(user=user)
    words = ["activate", "--product", suite.short_code, "--hardware-id", DEVICE, "--username", user.username]
    trust = ("--public-key", str(key_file))
    done = offline(*words, *trust, LICENSESPRING_PASSWORD="a password")
    assert (done.exit_code, done.stderr) == (0, "")
    refused = offline(*words, *trust)
    assert refused.exit_code == 2
    assert "Error: --password: is missing; --username needs it" in refused.stderr


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--username", "ana"], "pass exactly one of --license-key, --username, --id-token, --code"),
        (["--password", "p"], "--password: does not go with --license-key; it goes with --username"),
    ],
)
def test_half_an_identity_is_told_by_its_options(
    run: Run, words: Callable[..., list[str]], more: list[str], message: str
) -> None:
    """Who reads the error has typed options, and not arguments of a function."""
    done = run(*words("activate", *more))
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in " ".join(done.stderr.split())


def test_an_activation_too_many_exits_with_5(run: Run, product: Product, words: Callable[..., list[str]]) -> None:
    """The service's no is on stderr with what to do."""
    product.add_license(key=KEY, max_activations=1).activate("another")
    done = run(*words("activate"))
    assert (done.exit_code, done.stdout) == (5, "")
    assert "license_activated_max_times" in done.stderr or "license_transferred_max_times" in done.stderr


@pytest.mark.usefixtures("license")
def test_uses_of_a_license_are_counted(run: Run, words: Callable[..., list[str]]) -> None:
    """Says how many were used and how many are left; `--json` gives the answer as it is."""
    done = run(*words("consume", "--consumptions", "4"))
    assert done.exit_code == 0
    assert "Consumption 4 used, 6 left" in " ".join(done.stdout.split())
    assert json.loads(run(*words("consume", "--json")).stdout)["total_consumptions"] == 5
    refused = run(*words("consume", "--consumptions", "6"))
    assert (refused.exit_code, "license_not_enough_consumptions" in refused.stderr) == (5, True)


@pytest.mark.usefixtures("license")
def test_uses_of_a_feature_are_counted_apart(run: Run, words: Callable[..., list[str]]) -> None:
    """`--feature` counts that feature's uses, and does not take what is a setting of the license."""
    done = run(*words("consume", "--feature", "export"))
    assert done.exit_code == 0
    assert ", feature export, device #" in " ".join(done.stdout.split())
    assert "Consumption 1 used, 2 left" in " ".join(done.stdout.split())
    refused = run(*words("consume", "--feature", "export", "--max-overages", "5"))
    assert refused.exit_code == 2
    assert "--max-overages: applies to the whole license" in refused.stderr


@pytest.mark.parametrize("more", [[], ["--feature", "render"]])
@pytest.mark.usefixtures("license")
def test_a_slot_is_borrowed_and_released(run: Run, words: Callable[..., list[str]], more: list[str]) -> None:
    """Says until when it is borrowed, and gives it back."""
    borrowed = run(*words("borrow", *more))
    assert (borrowed.exit_code, borrowed.stderr) == (0, "")
    assert f"Borrowed until {datetime.now(UTC).year // 100}" in " ".join(borrowed.stdout.split())
    released = run(*words("release", *more))
    assert (released.exit_code, released.stdout.startswith("done  released ACT")) == (0, True)


@pytest.mark.usefixtures("license")
def test_a_slot_that_nobody_holds_is_not_released(run: Run, words: Callable[..., list[str]]) -> None:
    """The service's error is told with its code: the license is not what it refuses."""
    done = run(*words("release", "--feature", "render"))
    assert (done.exit_code, done.stdout) == (1, "")
    assert "floating_feature_device_not_in_use" in done.stderr
    done = run(*words("release"))
    assert "floating_not_available" in done.stderr
    assert "there is nothing to release" in " ".join(done.stderr.split())


@pytest.mark.usefixtures("license")
def test_an_end_in_the_past_is_refused(run: Run, words: Callable[..., list[str]]) -> None:
    """The service's error is told with its code; it is no answer about a license."""
    done = run(*words("borrow", "--borrowed-until", "2001-01-01T00:00:00Z"))
    assert done.exit_code in (1, 5)
    assert done.stderr.startswith("Error: ")


def test_a_trial_keeps_its_key_to_itself(run: Run, world: World) -> None:
    """Shows a fingerprint and how to see the key: by the same command, since the device gets the same trial."""
    product = world.add_product(f"ACT{next(_NUMBERS)}", allow_trial=True, trial_days=14)
    words = ["trial", "--product", product.short_code, "--hardware-id", DEVICE]
    shown = run(*words)
    assert (shown.exit_code, shown.stderr) == (0, "")
    (license,) = product.licenses
    assert license.key is not None
    assert license.key not in shown.stdout
    assert fingerprint(license.key) in shown.stdout
    assert "--show-secrets prints them" in shown.stdout
    assert f"License key:  {license.key}" in run(*words, "--show-secrets").stdout
    assert license.key not in run(*words, "--json").stdout


def test_a_password_that_is_told_once_is_not_lost(run: Run, world: World) -> None:
    """Nothing is asked for a new user until the password can be shown, or is chosen."""
    product = world.add_product(f"ACT{next(_NUMBERS)}", allow_trial=True, authorization_method="user")
    words = ["trial", "--product", product.short_code, "--hardware-id", DEVICE]
    words += ["--email", f"trial{next(_NUMBERS)}@example.org"]
    refused = run(*words)
    assert (refused.exit_code, refused.stdout, list(product.licenses)) == (2, "", [])
    assert "--show-secrets: is needed" in refused.stderr
    shown = run(*words, "--show-secrets")
    assert shown.exit_code == 0
    assert "Initial password:  " in shown.stdout


def test_a_product_without_trials_says_so(run: Run, product: Product) -> None:
    """A refusal exits with 5."""
    done = run("trial", "--product", product.short_code, "--hardware-id", DEVICE)
    assert (done.exit_code, "trial_not_allowed" in done.stderr) == (5, True)


@pytest.mark.usefixtures("license")
def test_versions_are_listed_once(run: Run, product: Product, words: Callable[..., list[str]]) -> None:
    """A version that has files for two systems is one line."""
    released = datetime(2024, 6, 17, tzinfo=UTC)
    product.installation_files += [
        InstallationFile(version="8.4.0", environment=environment, release_date=released)
        for environment in ("linux64", "win64")
    ]
    product.installation_files.append(InstallationFile(version="8.5.0"))
    done = run(*words("versions"))
    assert done.exit_code == 0
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [line for line in lines if line and line[0].startswith("8.")] == [
        ["8.4.0", "2024-06-17"],
        ["8.5.0", "unknown"],
    ]
    assert run(*words("versions")[:5], "--license-key", "NONE").exit_code == 5


def test_the_id_of_this_machine_is_printed(offline: Run) -> None:
    """One line for scripts, the same each time and another for another application; no application is no id."""
    first, again, other = (offline("hardware-id", name) for name in ("com.example.a", "com.example.a", "com.example.b"))
    if first.exit_code == 2:
        assert "this machine has no id of its own" in first.stderr
    else:
        assert first.stdout == again.stdout
        assert len({first.stdout, other.stdout}) == 2
    blank = offline("hardware-id", " ")
    assert (blank.exit_code, blank.stdout) == (2, "")
    assert "application: must be a name that is not empty" in blank.stderr


@pytest.mark.usefixtures("license")
def test_a_request_file_is_sent_from_another_machine(
    offline: Run, run: Run, words: Callable[..., list[str]], tmp_path: Path
) -> None:
    """`offline deactivate` writes what `api deactivate_offline` sends; then the device is not active any more."""
    path = tmp_path / "device.req"
    assert offline("offline", *words("deactivate", "--output", str(path))).exit_code == 0
    sent = run("api", "deactivate_offline", LICENSESPRING_REQUEST=path.read_text())
    assert (sent.exit_code, sent.stderr) == (0, "")
    assert path.read_text() not in sent.stdout
    assert run(*words("check")).exit_code == 5
