"""World files: what they describe, and how a bad one is told."""

from __future__ import annotations

import re
import tomllib
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from licensespring_async.sandbox import (
    DEMO,
    DEMO_FILE,
    Consumption,
    Sandbox,
    World,
    WorldFileError,
    load_world,
)
from licensespring_async.sandbox.spelling import known_keywords
from licensespring_async.sandbox.world.features import FeatureTerms
from licensespring_async.sandbox.world.products import LicenseOffer
from licensespring_async.sandbox.world.terms import ProductTerms
from licensespring_async.sandbox.worldfile import load_companies
from licensespring_async.sandbox.worldfile.lines import Lines
from licensespring_async.sandbox.worldfile.schema import CompanyTable, FileTable, LicenseTable

WHOLE = """
    [company]
    api_key = "key-1"
    shared_key = "shared-1"

    [[products]]
    short_code = "CAD"
    metadata = { tier = "pro" }

    [[products.installation_files]]
    version = "2.0"
    release_date = 2025-01-31

    [[products]]
    short_code = "MAPS"
    authorization_method = "user"

    [[bundles]]
    short_code = "SUITE"
    members = ["CAD"]

    [[users]]
    email = "ana@acme.example"
    password = "secret"

    [[licenses]]
    product = "CAD"
    key = "AAAA"
    max_activations = 3
    devices = ["laptop", "tablet"]
    blacklisted = ["stolen"]
    floating_users = 2
    floating_timeout = 15
    can_borrow = true
    max_borrow_time = 48
    customer = { company_name = "Acme", customer_account = { id = 7, name = "Acme", code = "acme" } }
    custom_fields = [{ name = "desk", value = "4" }]

    [[licenses.features]]
    code = "render"
    floating_users = 1
    expiry_date = 2030-01-01T12:00:00+02:00

    [[licenses.features]]
    code = "export"
    consumption = { maximum = 10, total = 4, allow_overages = true, max_overages = 2, period = "weekly" }

    [[licenses]]
    product = "MAPS"
    user = "ana@acme.example"
    kind = "subscription"
    validity_period = 2031-06-30 10:00:00
    allow_grace_period = true
    grace_period = 24
    enabled = false

    [[licenses]]
    product = "CAD"
    key = "CCCC"
    consumption = { maximum = 5 }

    [[licenses]]
    product = "SUITE"
    key = "BBBB"
    validity_period = 2031-06-30
    allow_unlimited_activations = true
    devices = ["laptop"]

    [licenses.sublicenses.CAD]
    enabled = false
    features = [{ code = "raw", name = "Raw files" }]

    [[tenants]]
    company.api_key = "key-2"
    [[tenants.products]]
    short_code = "CAD"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "world.toml"


def written(path: Path, text: str) -> Path:
    path.write_text(dedent(text))
    return path


def problems(path: Path, text: str) -> list[str]:
    with pytest.raises(WorldFileError) as caught:
        load_companies(written(path, text))
    return [each.removeprefix(f"{path}:") for each in caught.value.problems]


def test_describes_licenses_as_the_builder_does(path: Path) -> None:
    """Products, users, licenses of all types, features and devices come out of a file."""
    world = load_world(written(path, WHOLE))
    [cad, counted] = world.products["CAD"].licenses
    assert (cad.key, cad.max_activations, cad.times_activated) == ("AAAA", 3, 2)
    assert cad.is_blacklisted("stolen")
    assert cad.slots is not None
    assert (cad.slots.allowed, cad.slots.timeout, cad.can_borrow, cad.max_borrow_time) == (2, 15, True, 48)
    assert cad.customer.customer_account is not None
    assert [field.name for field in cad.custom_fields] == ["desk"]
    assert cad.features["render"].expiry_date == datetime(2030, 1, 1, 10, tzinfo=UTC)
    assert cad.features["export"].consumption is not None
    assert cad.features["export"].consumption.period == "weekly"
    assert world.products["CAD"].installation_files[0].release_date == datetime(2025, 1, 31, tzinfo=UTC)
    [maps] = world.products["MAPS"].licenses
    assert maps.user is world.users["ana@acme.example"]
    assert not maps.enabled
    assert maps.validity_period == datetime(2031, 6, 30, 10, tzinfo=UTC)
    assert not maps.is_expired(datetime(2031, 6, 30, 10, tzinfo=UTC) + timedelta(hours=23))
    [suite] = world.products["SUITE"].licenses
    assert suite.sublicenses["CAD"].features["raw"].name == "Raw files"
    assert not suite.sublicenses["CAD"].enabled
    assert suite.sublicenses["CAD"].allow_unlimited_activations
    assert suite.sublicenses["CAD"].device("laptop") is not None
    types = [cad.license_type, counted.license_type, maps.license_type, suite.license_type]
    assert types == ["perpetual", "consumption", "subscription", "time-limited"]


def test_a_file_can_say_what_add_license_can() -> None:
    """A license in a file takes every keyword of the builder."""
    assert set(known_keywords(LicenseOffer)) <= set(known_keywords(LicenseTable))


def test_a_sub_license_changes_only_what_its_table_says(path: Path) -> None:
    """What a sub-license's table leaves out stays as its bundle's license has it."""
    [suite] = load_world(written(path, WHOLE)).products["SUITE"].licenses
    cad = suite.sublicenses["CAD"]
    assert (cad.enabled, cad.validity_period) == (False, suite.validity_period)
    assert cad.allow_unlimited_activations


def test_refuses_more_devices_than_a_license_takes(path: Path) -> None:
    """A file that activates more devices than max_activations is refused at its license."""
    text = '[[products]]\nshort_code = "A"\n[[licenses]]\nproduct = "A"\ndevices = ["hw-1", "hw-2"]\n'
    [told] = problems(path, text)
    assert told.startswith("3: licenses[0]: a license of A is already active on 1 devices")


def test_describes_what_product_details_tells(path: Path) -> None:
    """A product's own terms come out of a file."""
    text = """
        [[products]]
        short_code = "CAD"
        allow_trial = true
        trial_days = 14
        floating_timeout = 30
        custom_fields = [{ id = 7, name = "desk", default_value = "1" }]
    """
    product = load_world(written(path, text)).products["CAD"]
    assert (product.allow_trial, product.trial_days, product.floating_timeout) == (True, 14, 30)
    assert product.custom_fields[0].default_value == "1"


def test_describes_companies(path: Path) -> None:
    """A file's tenants have worlds and keys of their own."""
    own, tenant = load_companies(written(path, WHOLE))
    assert own.keys == {"api_key": "key-1", "shared_key": "shared-1"}
    assert tenant.keys == {"api_key": "key-2"}
    assert list(tenant.world.products) == ["CAD"]
    assert tenant.world.products["CAD"].licenses == ()
    assert load_world(written(path, "[company]\ncompany_id = 7\n")).company_id == 7


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a = \n", "1: Invalid value"),
        ("\n\nproducts = [1,,]\n", "3: Invalid value"),
        ("[[products]]\n", "1: products[0].short_code: is missing"),
        ('[[products]]\nshort_code = "A"\nnam = "B"\n', "3: products[0].nam: unknown key; did you mean name?"),
        ("licences = []\n", "1: licences: unknown key; did you mean licenses?"),
        ("licenses = [5]\n", "1: licenses[0]: expected a table, not a whole number"),
        ("[[products]]\nshort_code = 5\n", "2: products[0].short_code: expected a text, not a whole number"),
        ('[[licenses]]\nproduct = "A"\ndevices = "hw"\n', "3: licenses[0].devices: expected an array, not a text"),
        ('[[licenses]]\nproduct = "A"\n', "2: licenses[0].product: there is no product 'A'"),
        (
            '[[licenses]]\nfloating_users = -1\nproduct = "A"\n',
            "2: licenses[0].floating_users: must be >= 0: -1",
        ),
        (
            '[[licenses]]\nproduct = "A"\nkind = "eternal"\n',
            "3: licenses[0].kind: expected one of: perpetual, time-limited, subscription, consumption",
        ),
        (
            '[[licenses]]\nproduct = "A"\nstart_date = "2020-01-01"\n',
            "3: licenses[0].start_date: expected a date, not a text; write 2030-12-31 or 2030-12-31T12:00:00Z "
            "without quotes",
        ),
        (
            '[[products]]\nshort_code = "A"\n[products.metadata]\nsince = 2020-01-01\n',
            "3: products[0].metadata: JSON has no dates; put it in quotes",
        ),
        (
            '[[products]]\nshort_code = "A"\n[[products]]\nshort_code = "A"\n',
            "3: products[1]: the world already has a product A; short codes are unique",
        ),
        (
            '[[products]]\nshort_code = "CAD"\n[[bundles]]\nshort_code = "S"\nmembers = [\n  "CADD",\n]\n',
            "5: bundles[0].members[0]: there is no product 'CADD'; did you mean CAD?",
        ),
        (
            '[[products]]\nshort_code = "A"\n[[licenses]]\nproduct = "A"\nuser = "ana"\n',
            "5: licenses[0].user: there is no user 'ana'",
        ),
        (
            '[[tenants]]\n[[tenants.products]]\nshort_code = "A"\n[[tenants.licenses]]\nproduct = "B"\n',
            "5: tenants[0].licenses[0].product: there is no product 'B'; choose from: A",
        ),
        (
            '[[users]]\nemail = "a"\n[[users]]\nemail = "a"\n',
            "3: users[1]: the world already has a user a; usernames are unique",
        ),
        (
            '[[products]]\nshort_code = "A"\n[[licenses]]\nproduct = "A"\nkey = "K"\n'
            '[[licenses]]\nproduct = "A"\nkey = "K"\n',
            "6: licenses[1]: A already has a license with this key; keys are unique",
        ),
    ],
)
def test_tells_line_and_key(path: Path, text: str, told: str) -> None:
    """A bad file is told with its line, its key and what to write."""
    assert problems(path, text) == [told]


def test_tells_all_problems_in_the_order_of_the_file(path: Path) -> None:
    """Whoever mends a file sees everything that is wrong at once, from top to bottom."""
    found = problems(path, "x = 1\n[[products]]\nnam = 2\n[[licenses]]\nkey = 3\n")
    assert [each.split(": ")[0] for each in found] == ["1", "2", "3", "4", "5"]


def test_tells_of_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A file that cannot be read is named."""
    with pytest.raises(WorldFileError, match=r"nothing\.toml: No such file"):
        load_world(tmp_path / "nothing.toml")
    with pytest.raises(WorldFileError, match="Is a directory"):
        load_world(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b"a = '\xe9'")
    with pytest.raises(WorldFileError, match="not UTF-8 at byte 5"):
        load_world(tmp_path / "latin.toml")


def test_the_demo_is_a_world_file() -> None:
    """The demo's file ships with the package, and has a license of each type."""
    world = load_world(DEMO_FILE)
    licenses = [license for product in world.products.values() for license in product.licenses]
    assert {license.license_type for license in licenses} == {
        "perpetual",
        "time-limited",
        "subscription",
        "consumption",
    }
    assert world.products[DEMO.product].licenses_of(DEMO.license_key)[0].device(DEMO.hardware_id) is not None


KEYS = st.sampled_from(["products", "licenses", "short_code", "features", "consumption", "metadata", "1", "x y", "é"])
VALUES = st.recursive(
    st.sampled_from(["1", "1.5", "true", '"a"', "2020-01-01", "10:00:00", '"""\na = 1\n"""', "'#'"]),
    lambda inner: (
        st.lists(inner, max_size=2).map(lambda items: f"[\n{', '.join(items)}\n]")
        | st.tuples(KEYS, inner).map(lambda pair: f'{{ "{pair[0]}" = {pair[1]} }}')
    ),
    max_leaves=3,
)
LINES = (
    st.tuples(st.lists(KEYS, min_size=1, max_size=3), VALUES).map(
        lambda pair: ".".join(f'"{key}"' for key in pair[0]) + f" = {pair[1]}"
    )
    | st.lists(KEYS, min_size=1, max_size=3).map(lambda keys: "[[" + ".".join(f'"{key}"' for key in keys) + "]]")
    | st.lists(KEYS, min_size=1, max_size=3).map(lambda keys: "[" + ".".join(f'"{key}"' for key in keys) + "]")
)


@given(st.lists(LINES, max_size=6).map("\n".join))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_file_breaks_the_reader(path: Path, text: str) -> None:
    """Whatever a file says, it is a world or a WorldFileError."""
    path.write_text(text)
    with suppress(WorldFileError):
        assert isinstance(load_world(path), World)


@given(st.lists(LINES, max_size=6).map("\n".join))
@settings(max_examples=150)
def test_finds_the_line_of_every_table(text: str) -> None:
    """The line of a key has the key's name in it."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    lines = Lines(text)
    for key in content:
        assert f'"{key}"' in text.splitlines()[lines.of((key,)) - 1]


async def _code(sandbox: Sandbox) -> str:
    async with sandbox.client() as client:
        feature = await client.check_license_feature(
            product="CAD", feature="export", hardware_id="laptop", license_key="AAAA"
        )
        return feature.code


@pytest.mark.anyio
async def test_a_sandbox_serves_a_world_file(path: Path) -> None:
    """A sandbox takes the path of a world file, with the keys and tenants that it names."""
    async with Sandbox(written(path, WHOLE), client_id="mine") as sandbox:
        assert (sandbox.api_key, sandbox.shared_key, sandbox.client_id) == ("key-1", "shared-1", "mine")
        assert [tenant.api_key for tenant in sandbox.tenants] == ["key-1", "key-2"]
        assert await _code(sandbox) == "export"


def test_the_demo_names_every_key_of_what_decides() -> None:
    """Whoever starts from `--print-world` finds each key that a license, a feature, a count or a product has."""
    tables = (CompanyTable, ProductTerms, LicenseTable, FeatureTerms, Consumption, FileTable)
    keys = {each.alias for table in tables for each in attrs.fields(table) if each.init}
    words = set(re.findall(r"\w+", DEMO_FILE.read_text(encoding="utf-8")))
    assert keys - words == set()


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('api_key = "é"', "api_key: has characters that no Authorization header can carry"),
        ('shared_key = ""', "shared_key: must be a non-empty string"),
        ('client_id = ""', "client_id: must be a non-empty string"),
    ],
)
def test_refuses_keys_that_no_client_could_send(path: Path, line: str, problem: str) -> None:
    """A company whose keys no client can use is a mistake in the file, and not an error of each client."""
    [found] = problems(path, f"[company]\n{line}\n")
    assert found.startswith(f"1: company: {problem}")
