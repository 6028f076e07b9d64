"""Releasing the slot of a floating feature, with our own client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from licensespring_async import (
    FeatureNotFloating,
    FloatingFeatureDeviceNotInUse,
    FloatingNotAvailable,
    InvalidLicenseFeatureCode,
    LicenseSpring,
)
from licensespring_async.sandbox import License, Sandbox

from .calling import VirtualClock

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[LicenseSpring]:
    async with sandbox.client() as made:
        yield made


async def test_a_released_slot_is_free_for_another_device(client: LicenseSpring, license: License) -> None:
    """Gives the slot back, so that the next device gets it."""
    license.add_feature("render", floating_users=1)
    license.activate("hw-2")
    ask: dict[str, Any] = {
        "product": license.product.short_code,
        "feature": "render",
        "license_key": license.identifier,
    }
    await client.check_license_feature(**ask, hardware_id="hw-1")
    with pytest.raises(FloatingNotAvailable):
        await client.check_license_feature(**ask, hardware_id="hw-2")

    raw = await client.with_raw_response.release_floating_feature(**ask, hardware_id="hw-1")

    assert (raw.value, raw.status, raw.body, raw.verified) == (None, 200, b"", False)
    assert (await client.check_license_feature(**ask, hardware_id="hw-2")).floating_in_use_devices == 1


async def test_there_has_to_be_something_to_release(
    client: LicenseSpring, license: License, clock: VirtualClock
) -> None:
    """Refuses to release a slot that was never taken, was released before, or has lapsed."""
    license.add_feature("render", floating_users=1, floating_timeout=10)
    ask: dict[str, Any] = {
        "product": license.product.short_code,
        "feature": "render",
        "license_key": license.identifier,
        "hardware_id": "hw-1",
    }
    with pytest.raises(FloatingFeatureDeviceNotInUse):
        await client.release_floating_feature(**ask)
    await client.check_license_feature(**ask)
    await client.release_floating_feature(**ask)
    with pytest.raises(FloatingFeatureDeviceNotInUse):
        await client.release_floating_feature(**ask)
    await client.check_license_feature(**ask)
    clock.advance(minutes=10)
    with pytest.raises(FloatingFeatureDeviceNotInUse):
        await client.release_floating_feature(**ask)


async def test_only_a_floating_feature_can_be_released(client: LicenseSpring, license: License) -> None:
    """Refuses a feature that does not float, and one that the license lacks."""
    license.add_feature("export")
    ask: dict[str, Any] = {
        "product": license.product.short_code,
        "license_key": license.identifier,
        "hardware_id": "hw-1",
    }
    with pytest.raises(FeatureNotFloating):
        await client.release_floating_feature(feature="export", **ask)
    with pytest.raises(InvalidLicenseFeatureCode):
        await client.release_floating_feature(feature="render", **ask)


async def test_a_slot_of_an_expired_license_can_be_released(
    client: LicenseSpring, license: License, clock: VirtualClock
) -> None:
    """Lets a device give its slot back although the license has expired, as no documented code refuses that."""
    license.add_feature("render", floating_users=1)
    ask: dict[str, Any] = {
        "product": license.product.short_code,
        "feature": "render",
        "license_key": license.identifier,
        "hardware_id": "hw-1",
    }
    await client.check_license_feature(**ask)
    license.validity_period = datetime.fromtimestamp(clock.now, UTC)
    await client.release_floating_feature(**ask)
