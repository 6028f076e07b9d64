"""The portals of a sandbox, for tests; `pages.py` has the same for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from ...signing import Signer
from ..service.asked.call import Call
from ..tenants.tenants import Tenant
from ..wire.refusals import ServiceError
from ..world.licenses import License
from .air_gap import Codes
from .files import answered, refreshed


class Portal:
    """Makes what people carry to devices without a network.

    Each method raises `ServiceError`, with the service's code, when it refuses.

    Args:
        tenants: The companies.
        signer: Signs the files.
        clock: Seconds since the epoch.
    """

    def __init__(self, tenants: Iterable[Tenant], signer: Signer, clock: Callable[[], float]) -> None:
        self._tenants, self._signer, self._clock = tenants, signer, clock
        self._codes = Codes(signer.private_key())

    @property
    def air_gap_key(self) -> str:
        """The company's air-gap key, as `offline.AirGap` takes it."""
        return self._codes.public_key

    def answer(self, request: str) -> str:
        """Return the license file that answers a request file; "license_deactivated" to a deactivation.

        Args:
            request: The text of the `.req` file.
        """
        return answered(request, self._tenants, self._call)

    def refresh(self, *, product: str, hardware_id: str, license_key: str) -> str:
        """Return a refresh file: a license as it is now, for a device on which it is active.

        Args:
            product: Short code of the product.
            hardware_id: The device.
            license_key: The license's key.
        """
        tenant, license = self._license(license_key, product)
        values = {"product": product, "hardware_id": hardware_id, "license_key": license_key}
        call = self._call(tenant, values)
        with tenant.world.home.store.transaction():
            return refreshed(call, license, tenant)

    def initialization_code(self, license_key: str) -> str:
        """Return the code that begins an air-gapped activation or deactivation of a license; it is good once."""
        return self._codes.begin(self._license(license_key)[1])

    def confirmation_code(
        self, license_key: str, hardware_id: str, activation_code: str, *, deactivates: bool = False
    ) -> str:
        """Return the code that confirms an air-gapped activation, and make the device an active one.

        Args:
            license_key: The license's key.
            hardware_id: The device, as it was typed in.
            activation_code: What the device has made of the initialization code.
            deactivates: Whether the device leaves the license instead.
        """
        tenant, license = self._license(license_key)
        with tenant.world.home.store.transaction():
            return self._codes.confirm(license, hardware_id, activation_code, deactivates=deactivates)

    def policy(self, license_key: str) -> str:
        """Return the policy file of a license; its id is the license's."""
        return self._codes.policy(self._license(license_key)[1])

    def policy_id(self, license_key: str) -> int:
        """Return the id of a license's policy."""
        return self._license(license_key)[1].id

    def _call(self, tenant: Tenant, values: dict[str, str]) -> Call:
        return Call(
            world=tenant.world,
            values=values,
            now=datetime.fromtimestamp(self._clock(), UTC),
            sign=self._signer.sign_text,
            keys={tenant.api_key: tenant.shared_key, tenant.client_id: tenant.client_secret},
        )

    def _license(self, license_key: str, product: str | None = None) -> tuple[Tenant, License]:
        for tenant in self._tenants:
            for each in tuple(tenant.world.products.values()):
                found = each.licenses_of(license_key) if product in (None, each.short_code) else ()
                if found and found[-1].user is None:
                    return tenant, found[-1]
        raise ServiceError("license_not_found")
