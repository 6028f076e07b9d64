"""Building a world, and what it refuses to hold."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import Enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensespring_async.sandbox import Sandbox, World
from licensespring_async.sandbox.wire.jsontext import Json, json_object

NAIVE = datetime(2030, 1, 1)


def test_gives_ids_beyond_32_bits() -> None:
    """Gives every thing an id of its own, beyond 32 bits and exact in a double."""
    world = World()
    first, second = (world.add_product(code).add_license() for code in "ab")
    assert first.id != second.id
    assert 2**32 < first.id < second.id < 2**53


def test_makes_up_keys() -> None:
    """Makes up a license key where none is given, a different one each time."""
    product = World().add_product("TP")
    assert product.add_license().key != product.add_license().key


def test_a_short_code_is_unique() -> None:
    """Refuses a second product of one short code."""
    world = World()
    world.add_product("TP")
    with pytest.raises(ValueError, match="unique"):
        world.add_bundle("TP", members=[])


def test_a_key_is_unique_in_its_product() -> None:
    """Refuses a second license of one key, which would shadow the first, and keeps the first; a user may have two."""
    world = World()
    product, other = (world.add_product(code) for code in "AB")
    first = product.add_license(key="K")
    with pytest.raises(ValueError, match="unique"):
        product.add_license(key="K")
    assert product.licenses == (first,)
    other.add_license(key="K")
    maps, user = world.add_product("M", authorization_method="user"), world.add_user("ana@example.org")
    assert maps.add_license(user=user) is not maps.add_license(user=user)


def test_a_username_is_unique() -> None:
    """Refuses a second user of one username, and keeps the first."""
    world = World()
    first = world.add_user("ana@example.org", username="ana")
    with pytest.raises(ValueError, match="unique"):
        world.add_user("anna@example.org", username="ana")
    assert world.users == {"ana": first}


def test_a_license_fits_its_product() -> None:
    """Refuses a user on a key-based product, and a user-based license without one."""
    world = World()
    with pytest.raises(ValueError, match="key-based"):
        world.add_product("K").add_license(user=world.add_user("a@example.org"))
    with pytest.raises(ValueError, match="user-based"):
        world.add_product("U", authorization_method="user").add_license()


def test_a_bundle_fits_its_members() -> None:
    """Refuses a bundle that is named by a key while a member is named by a user."""
    world = World()
    member = world.add_product("U", authorization_method="user")
    with pytest.raises(ValueError, match="key-based"):
        world.add_bundle("S", members=[member])


def test_a_moment_needs_a_zone() -> None:
    """Refuses a moment without a time zone, at once and on assignment."""
    license = World().add_product("TP").add_license()
    with pytest.raises(ValueError, match="time zone"):
        license.add_feature("old", expiry_date=NAIVE)
    with pytest.raises(ValueError, match="time zone"):
        license.validity_period = NAIVE
    license.validity_period = NAIVE.replace(tzinfo=UTC)


@pytest.mark.parametrize("value", [1.0, 1e-7, 1e300, float("nan"), float("inf"), 2**53, {"1": 0}, [{"x": [{"2": 0}]}]])
def test_metadata_survives_javascript(value: Json) -> None:
    """Refuses metadata that JavaScript would write differently."""
    with pytest.raises(ValueError, match=r"^\$\.a"):
        World().add_product("TP", metadata={"a": value})


@pytest.mark.parametrize("metadata", [{1: 2}, {"a": {None: 1}}, {"a": object()}, {"a": b"x"}, {"a": [{1, 2}]}])
def test_metadata_is_json(metadata: Any) -> None:
    """Refuses what cannot be sent when the world is made, not by the first answer that shows it."""
    with pytest.raises(ValueError, match=r"^\$.*(a name must be a string|JSON holds no)"):
        World().add_product("TP", metadata=metadata)


@given(
    st.dictionaries(
        st.text().filter(lambda key: not key.isdecimal()),
        st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    )
)
def test_metadata_keeps_the_rest(value: dict[str, Json]) -> None:
    """Keeps every other object as it is."""
    assert json_object(value) == value


class Named(str, Enum):  # noqa: UP042  # it prints, and hashes as, its name
    """What a program calls the things of its world."""

    PRODUCT = "TP"
    FEATURE = "ai-upscale"
    KEY = "9F2C-77AA"
    USER = "ana@example.org"
    DEVICE = "laptop"
    API_KEY = "the-api-key"


@pytest.mark.anyio
async def test_a_name_from_an_enum_is_its_value() -> None:
    """Finds by its value what was added, and refuses to add twice, by a member of an enum that is text."""
    world = World()
    license = world.add_product(Named.PRODUCT).add_license(key=Named.KEY)
    license.add_feature(Named.FEATURE)
    license.activate(Named.DEVICE)
    maps = world.add_product("MAPS", authorization_method="user")
    maps.add_license(user=world.add_user(Named.USER)).activate(Named.DEVICE)
    async with (
        Sandbox(world, api_key=Named.API_KEY) as sandbox,
        sandbox.in_process_client() as client,
    ):
        feature = await client.check_license_feature(
            product="TP", feature="ai-upscale", hardware_id="laptop", license_key="9F2C-77AA"
        )

    assert (feature.code, feature.name) == ("ai-upscale", "Ai Upscale")
    assert sandbox.api_key == "the-api-key"
    assert list(world.users) == ["ana@example.org"]
    for again in (
        lambda: world.add_product(Named.PRODUCT),
        lambda: world.add_user(Named.USER),
        lambda: world.products["TP"].add_license(key=Named.KEY),
    ):
        with pytest.raises(ValueError, match="unique"):
            again()
