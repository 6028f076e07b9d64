"""Metadata of the service."""

from ..models import ApiMetadata
from ..models.shapes import One
from ..transport.values import Call
from .requests import get

_METADATA = One(ApiMetadata, is_signed=False)


def api_metadata() -> Call[ApiMetadata]:
    """Get the service's version, environment and addresses. Sent without credentials; the answer is not signed.

    A public key in the answer is not trusted: trusted keys are arguments of the client.

    Returns:
        The metadata; every field may be missing.

    Raises:
        RateLimited, TransportError, ResponseError, ApiError: No usable answer in time.

    Cost: one HTTP request per attempt.
    Source: https://docs.licensespring.com/license-api/public-api-metadata
    """
    return get("api_metadata", {}, _METADATA, path=".well-known", authorized=False)
