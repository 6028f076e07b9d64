"""What the service says of itself."""

from __future__ import annotations

from ..models import ApiMetadata
from ..models.shapes import One
from ..transport.values import Call
from .documenting import documented
from .requests import get

_METADATA = One(ApiMetadata, is_signed=False)


@documented
def api_metadata() -> Call[ApiMetadata]:
    """Get the service's version, environment and addresses. Sent without credentials, answered without a signature.

    A public key in the answer is no reason to trust anything: the keys that are trusted are given to the client.

    Returns:
        The metadata; every field may be missing.

    Cost: one HTTP request per attempt.
    Source: https://docs.licensespring.com/license-api/public-api-metadata
    """
    return get("api_metadata", {}, _METADATA, path=".well-known", authorized=False)
