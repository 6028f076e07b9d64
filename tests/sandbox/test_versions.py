"""Products, their versions, and the files that install them."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import md5

import pytest

from licensespring_async.sandbox import InstallationFile, License, Product

from .calling import Caller, refusal, verify

pytestmark = pytest.mark.anyio

Ask = dict[str, str | int]
VERSIONS = "/api/v4/versions"
FILE = "/api/v4/installation_file"


@pytest.fixture
def released(product: Product) -> Product:
    """A product with three releases: one is served here, one is somewhere else, one has no date."""
    product.installation_files += [
        InstallationFile(
            version="1.0", content="first ß", environment="linux", release_date=datetime(2020, 1, 1, tzinfo=UTC)
        ),
        InstallationFile(version="2.0", environment="linux", release_date=datetime(2030, 1, 1, tzinfo=UTC)),
        InstallationFile(version="3.0", content="third", environment="mac", channel="beta"),
    ]
    return product


async def test_lists_versions(caller: Caller, released: Product, ask: Ask) -> None:
    """Lists a version for each file, of one environment or channel if one is named, and signs them."""
    answer = await caller.get(VERSIONS, ask)
    verify(caller.sandbox.public_key, answer.headers["LicenseSignature"], answer.content)
    assert answer.json() == [
        {"version": "1.0", "release_date": "2020-01-01T00:00:00.000Z"},
        {"version": "2.0", "release_date": "2030-01-01T00:00:00.000Z"},
        {"version": "3.0", "release_date": None},
    ]
    assert [each["version"] for each in await caller.json(VERSIONS, {**ask, "env": "linux"})] == ["1.0", "2.0"]
    assert [each["version"] for each in await caller.json(VERSIONS, {**ask, "channel": "beta"})] == ["3.0"]


async def test_lists_what_maintenance_covers(caller: Caller, released: Product, license: License, ask: Ask) -> None:
    """Lists versions up to the maintenance period, or without one up to the validity period, past or not."""
    license.validity_period = datetime(2025, 1, 1, tzinfo=UTC)
    assert [each["version"] for each in await caller.json(VERSIONS, ask)] == ["1.0", "3.0"]
    license.maintenance_period = datetime(2031, 1, 1, tzinfo=UTC)
    assert len(await caller.json(VERSIONS, ask)) == 3


async def test_serves_a_file(caller: Caller, released: Product, ask: Ask) -> None:
    """Describes a version's file and serves it, whole or from a byte on, with the MD5 and the size that it said."""
    told = await caller.json(FILE, {**ask, "version": "1.0"})
    content = "first ß".encode()
    assert told == {
        "id": released.id + 1,
        "version": "1.0",
        "installation_file": told["installation_file"],
        "hash_md5": md5(content, usedforsecurity=False).hexdigest(),
        "environment": "linux",
        "eula_link": "",
        "release_notes_link": "",
        "channel": "",
        "release_date": "2020-01-01T00:00:00.000Z",
        "requires_version": None,
        "size": str(len(content)),
        "company": {"id": 4071},
    }
    whole = await caller.http.get(told["installation_file"])
    assert (whole.status_code, whole.content) == (200, content)
    rest = await caller.http.get(told["installation_file"], headers={"Range": "bytes=3-"})
    assert (rest.status_code, rest.content, rest.headers["Content-Range"]) == (206, content[3:], "bytes 3-7/8")
    beyond = await caller.http.get(told["installation_file"], headers={"Range": "bytes=8-"})
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, "bytes */8")
    changed = await caller.http.get(
        told["installation_file"], headers={"Range": "bytes=3-", "If-Range": '"of another file"'}
    )
    assert (changed.status_code, changed.content) == (200, content)


async def test_a_file_that_is_not_there_is_not_found(caller: Caller) -> None:
    """Answers 404 for a file that no product has."""
    assert refusal(await caller.http.get(f"{caller.sandbox.url}/files/1/{'0' * 32}/name")) == "not_found"


async def test_the_newest_file_without_a_version(caller: Caller, released: Product, ask: Ask) -> None:
    """Describes the newest file that fits where no version is named."""
    assert (await caller.json(FILE, ask))["version"] == "3.0"
    assert (await caller.json(FILE, {**ask, "env": "linux"}))["version"] == "2.0"
    assert (await caller.json("/api/v4/check_license", ask))["installation_file"].endswith("-3.0")


async def test_a_file_has_one_id(caller: Caller, released: Product, ask: Ask) -> None:
    """Gives a file the same id in every answer that describes it."""
    activated = (await caller.post("activate_license", ask)).json()["installation_file"]["id"]
    details = await caller.json(
        "/api/v4/product_details", {"product": released.short_code, "include_latest_version": "true"}
    )
    assert activated == details["latest_version"]["id"] == (await caller.json(FILE, ask))["id"]


async def test_a_check_names_the_newest_file_of_its_channel(caller: Caller, released: Product, ask: Ask) -> None:
    """Describes with a license the newest file of the environment and the channel that the check names, or none."""
    released.installation_files.append(InstallationFile(version="4.0", environment="mac"))

    async def named(**more: str) -> object:
        return (await caller.json("/api/v4/check_license", {**ask, **more}))["version"]

    assert await named(env="mac") == "4.0"
    assert await named(env="mac", channel="beta") == "3.0"
    assert await named(env="linux", channel="beta") == ""


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"license_key": ""}, "license_key_or_license_user_required"),
        ({"version": "9"}, "version_not_found"),
        ({"env": "win"}, "version_not_found"),
        ({"hardware_id": "hw-9"}, "device_not_found"),
        ({"product": "NONE"}, "unknown_product"),
        ({"license_key": "other"}, "license_not_found"),
    ],
)
async def test_refuses_a_file(caller: Caller, released: Product, ask: Ask, more: Ask, code: str) -> None:
    """Refuses a version, a device, a product or a license that is not there."""
    assert await caller.code(FILE, {**ask, **more}) == code


async def test_an_inactive_license_gets_no_file(caller: Caller, released: Product, license: License, ask: Ask) -> None:
    """Refuses versions and files of a license that is not active."""
    license.deactivate("hw-1")
    assert [await caller.code(path, ask) for path in (VERSIONS, FILE)] == ["active_license_required"] * 2


async def test_lists_products(caller: Caller, product: Product, license: License) -> None:
    """Lists all products of the company with their features, each once."""
    license.add_feature("render")
    listed = await caller.json("/api/v4/products", {})
    assert [each["short_code"] for each in listed] == list(caller.sandbox.world.products)
    (own,) = [each for each in listed if each["id"] == product.id]
    assert [feature["code"] for feature in own["features"]] == ["render"]
    assert (own["authorization_method"], own["is_bundle"], own["active"]) == ("license-key", False, True)
