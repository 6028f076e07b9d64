"""Versions of a product that a license may install, and their installation files.

https://docs.licensespring.com/license-api/get-product-versions
https://docs.licensespring.com/license-api/get-installation-file
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..wire.jsontext import JsonObject
from ..wire.moments import iso
from ..wire.parameters import read_identity
from ..wire.refusals import ServiceError
from ..world.licenses import License
from ..world.terms import InstallationFile
from .answered.products import file_id, installation
from .asked.call import WHO, Call, Route
from .asked.lookup import admit, find_license


def versions(call: Call) -> Sequence[JsonObject]:
    """List the versions that a license may install, one per file, newest last.

    Raises:
        ServiceError: The request is refused.
    """
    _, files = _installable(call)
    return [{"version": file.version, "release_date": iso(file.release_date)} for file in files]


def installation_file(call: Call) -> JsonObject:
    """Describe the file of a version, or of the newest version that the license may install.

    Raises:
        ServiceError: The request is refused.
    """
    license, files = _installable(call)
    wanted = call.values.get("version")
    fitting = [file for file in files if wanted in (None, file.version)]
    if not fitting:
        raise ServiceError("version_not_found")
    product, file = license.product, fitting[-1]
    return {
        "id": file_id(product, file),
        **installation(call, product, file),
        "company": {"id": call.world.company_id},
    }


def _installable(call: Call) -> tuple[License, Sequence[InstallationFile]]:
    """Find the license, expired or not, and the files released within its maintenance period."""
    if not {"license_key", "username"} & set(call.values):
        raise ServiceError("license_key_or_license_user_required")
    identity = read_identity(call.values)
    license = find_license(call.world, identity)
    if not license.active:
        raise ServiceError("active_license_required")
    admit(call, license, identity.hardware_id, expired=True)
    until = license.maintenance_period or license.validity_period
    return license, [
        file
        for file in license.product.installation_files
        if call.values.get("env") in (None, file.environment)
        and call.values.get("channel") in (None, file.channel)
        and (until is None or file.release_date is None or file.release_date <= until)
    ]


_READS: Final = f"{WHO} env channel bundle_code sdk_ver"
ROUTES: Final = (
    Route("GET", "versions", versions, reads=_READS),
    Route("GET", "installation_file", installation_file, reads=f"{_READS} version"),
)
