"""Versions of a product, and the files that install them."""

from __future__ import annotations

import attrs

from ..json_types import OptionalDate, RecordedAt
from ..model import Model
from .company import Company


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class Version(Model):
    """An item of the answer of `versions`; a version occurs once for each environment with a file.

    Source: https://docs.licensespring.com/license-api/get-product-versions
    """

    version: str
    release_date: OptionalDate = None


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class InstallationFile(Model):
    """The answer of `installation_file`, and the file in other answers. An unknown text is "" or None.

    Source: https://docs.licensespring.com/license-api/get-installation-file

    Attributes:
        version: Version of the product that the file installs, or None if the service does not say.
        installation_file: Address of the file.
        full_link: Address of the file, in the answer of `product_details`.
        hash_md5: MD5 of the file, in hexadecimal.
        environment: The platform that it is for, such as `win64`.
        size: As the vendor wrote it, such as `48 MB`.
        requires_version: The version that must already be installed.
    """

    version: str | None = None
    id: int | None = None
    product_id: int | None = None
    installation_file: str | None = None
    full_link: str | None = None
    filename: str | None = None
    hash_md5: str | None = None
    environment: str | None = None
    channel: str | None = None
    release_date: OptionalDate = None
    eula_link: str | None = None
    release_notes_link: str | None = None
    size: str | None = None
    requires_version: str | None = None
    enabled: bool | None = None
    created_at: RecordedAt = None
    updated_at: RecordedAt = None
    company: Company | None = None

    @property
    def url(self) -> str | None:
        """Address of the file, from either field; None if there is none."""
        return self.installation_file or self.full_link or None
