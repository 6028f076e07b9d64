"""The service about itself: what `api_metadata` answers."""

from __future__ import annotations

import attrs

from ..json_types import RecordedAt
from ..model import Model


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class ApiEndpoint(Model):
    """One endpoint of the service."""

    method: str | None = None
    url: str | None = None


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class ApiMetadata(Model):
    """The answer of `api_metadata`. It is not signed, and may lack any field.

    Source: https://docs.licensespring.com/license-api/public-api-metadata

    Attributes:
        version: Release of the service, as `4.1.34`.
        timestamp: The service's time.
        pub_key: A public key (PEM). Do not trust it: this answer is not signed. Pin the key that you know.
    """

    api_base_url: str | None = None
    supported_api_versions: tuple[str, ...] = ()
    default_api_version: str | None = None
    version: str | None = None
    environment: str | None = None
    timestamp: RecordedAt = None
    pub_key: str | None = None
    endpoints: tuple[ApiEndpoint, ...] = ()
