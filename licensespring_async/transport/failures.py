"""Error answers to exceptions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast
from urllib.parse import urlsplit

from ..errors import ApiError, LicenseSpringError, RateLimited, ResponseError, api_error, is_documented
from ..models.json_body import decode
from ..redaction import excerpt
from .policies.retry import retry_after
from .values import HttpResponse

_SUCCESS = frozenset({200, 201})
_LONGEST_TEXT = 64 * 1024  # far more than is shown: a secret cut in two would not be recognised

_CREDENTIAL = re.compile(r'(?:(?:signature|apikey)="|^Bearer )([^"]+)')


def failure(response: HttpResponse, secrets: tuple[str, ...], now: float) -> LicenseSpringError | None:
    """Return the error for an answer, or None for a success.

    Args:
        response: The whole answer.
        secrets: Values that the answer may echo and the error must not.
        now: Seconds since the epoch by the service's clock, for a `Retry-After` date.

    Source: https://docs.licensespring.com/license-api/error-responses
    """
    status = response.status
    if status in _SUCCESS or (status == 204 and not response.body):
        return None
    if 300 <= status < 400:
        return _redirect(response, secrets)
    if not 400 <= status < 600:
        return ResponseError(f"the answer has HTTP status {status}, which this API does not use", status=status)
    code, message = _envelope(response.body)
    message, documented = excerpt(message, secrets), is_documented(code)
    code = code if documented else excerpt(code, secrets)
    wait = retry_after(response.headers.get("retry-after"), now)
    if status == 429:
        return RateLimited(status, code, message, wait)
    # Shortening and masking could yield a documented code that the service did not send.
    error = (api_error if documented else ApiError)(status, code, message)
    error.retry_after = wait
    return error


def credentials(headers: Mapping[str, str]) -> tuple[str, ...]:
    """Return the secrets in an attempt's authorization headers: an answer may echo them, an error must not."""
    return tuple(found for value in headers.values() for found in _CREDENTIAL.findall(value))


def _envelope(body: bytes) -> tuple[str, str]:
    """Return code and message of the documented error body, or of Keycloak's; ("", the text) for anything else."""
    try:
        value = decode(body)
    except ResponseError:
        value = None
    if type(value) is dict:
        fields = cast("dict[str, object]", value)
        for code, message in (("code", "message"), ("error", "error_description")):
            if isinstance(fields.get(code), str):
                text = fields.get(message)
                return str(fields[code]), text if isinstance(text, str) else ""
    return "", body[:_LONGEST_TEXT].decode("utf-8", "replace")


def _redirect(response: HttpResponse, secrets: tuple[str, ...]) -> ResponseError:
    try:
        host = urlsplit(response.headers.get("location", "")).hostname
    except ValueError:
        host = None
    where = f" to host {excerpt(host, secrets)}" if host else ""
    return ResponseError(
        f"the answer is a redirect{where} (HTTP {response.status}), which is never followed: credentials and "
        "license keys would go with it. Check `base_url`.",
        status=response.status,
    )
