"""The sandbox's portal as a class, for tests; `pages.py` has it as a web page."""

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
    """Makes files and codes for devices without a network.

    Each method raises `ServiceError`, with the service's code, if it refuses.

    Args:
        tenants: The sandbox's companies.
        signer: Signs the files.
        clock: Seconds since the epoch.
    """

    def __init__(self, tenants: Iterable[Tenant], signer: Signer, clock: Callable[[], float]) -> None:
        self._tenants, self._signer, self._clock = tenants, signer, clock
        self._codes = Codes(signer.private_key())

    @property
    def air_gap_key(self) -> str:
        """The air-gap key, as `offline.AirGap` takes it."""
        return self._codes.public_key

    def answer(self, request: str) -> str:
        """Return the license file for a request file; for a deactivation, "license_deactivated".

        Args:
            request: The text of the `.req` file.
        """
        return answered(request, self._tenants, self._call)

    def refresh(self, *, product: str, hardware_id: str, license_key: str) -> str:
        """Return a refresh file: the license's current state, for a device on which it is active.

        Args:
            product: Short code of the product.
            hardware_id: The device.
            license_key: The license key.
        """
        tenant, license = self._license(license_key, product)
        values = {"product": product, "hardware_id": hardware_id, "license_key": license_key}
        call = self._call(tenant, values)
        with tenant.world.home.store.transaction():
            return refreshed(call, license, tenant)

    def initialization_code(self, license_key: str) -> str:
        """Return the code that starts an air-gapped activation or deactivation; it works once."""
        return self._codes.begin(self._license(license_key)[1])

    def confirmation_code(
        self, license_key: str, hardware_id: str, activation_code: str, *, deactivates: bool = False
    ) -> str:
        """Activate the device, and return the code that confirms it.

        Args:
            license_key: The license key.
            hardware_id: The device, as a person typed it.
            activation_code: The code that the device made from the initialization code.
            deactivates: Deactivate the device instead.
        """
        tenant, license = self._license(license_key)
        with tenant.world.home.store.transaction():
            return self._codes.confirm(license, hardware_id, activation_code, deactivates=deactivates)

    def policy(self, license_key: str) -> str:
        """Return a license's policy file; its id is the license's id."""
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
