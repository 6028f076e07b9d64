"""Verify that the service knows an application's products and features."""

from __future__ import annotations

from collections.abc import Collection

from ...client import LicenseSpring
from ...errors import ConfigurationError, UnknownProduct
from ..gate.gate import LicenseGate
from .licensee import Licensee


async def verify(
    client: LicenseSpring,
    gate: LicenseGate,
    *,
    products: Collection[str],
    needs: Collection[tuple[str, str | None]],
    licensee: Licensee | None,
) -> None:
    """Check each product, and with a licensee each feature; ConfigurationError names what is wrong."""
    for product in sorted({*products, *(product for product, _ in needs)}):
        try:
            await client.product_details(product=product)
        except UnknownProduct as error:
            raise ConfigurationError(
                f"product: the service does not know {product!r} ({error.code}); check the short code and the "
                "account of the credentials"
            ) from error
    if licensee is None:
        return
    for product, feature in sorted(needs, key=lambda need: (need[0], need[1] or "")):
        check = licensee.of(product, feature)
        decision = await gate.allows(check)
        if decision.allowed:
            continue
        if gate.doubts(check):
            raise ConfigurationError(
                f"feature: the service does not know {feature!r} of product {product!r} for this licensee "
                f"({decision.code}); check its code, or verify with a license that has it"
            )
        raise ConfigurationError(f"licensee: the service refuses {check} ({decision.code}); verify with a valid one")
