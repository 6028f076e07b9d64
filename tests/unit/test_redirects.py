"""Redirects are errors: credentials and keys would go along."""

from __future__ import annotations

import pytest

from licensespring_async import LicenseSpringError, ResponseError
from licensespring_async.transport import HttpResponse
from licensespring_async.transport.failures import failure

KEY = "license-key-0004"


def failed(status: int, body: bytes = b"", **headers: str) -> LicenseSpringError:
    """The error that a redirect stands for."""
    error = failure(HttpResponse(status, headers, body), (KEY,), 0.0)
    assert error is not None
    return error


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308, 399])
def test_a_redirect_is_an_error(status: int) -> None:
    """Refuses to follow a redirect, with credentials and keys in hand."""
    error = failed(status, b"", location="https://elsewhere.example/")

    assert isinstance(error, ResponseError)
    assert error.status == status
    assert f"(HTTP {status}), which is never followed" in str(error)
    assert "Check `base_url`" in str(error)


def test_a_redirect_names_only_the_host() -> None:
    """Shows where a redirect points without the key that it carries along."""
    location = f"https://user:password@elsewhere.example:8443/api?license_key={KEY}#part"

    text = str(failed(302, f"<a href='{location}'>".encode(), location=location))

    assert "to host elsewhere.example (HTTP 302)" in text
    assert [part for part in (KEY, "password", "user:", "/api?") if part in text] == []


@pytest.mark.parametrize(
    "location", ["", "/elsewhere", "https://[::1", "//", "\x00", "https:///path", "?license_key=x"]
)
def test_a_redirect_without_a_host(location: str) -> None:
    """Needs no usable address in a redirect."""
    text = str(failed(302, location=location))

    assert "is a redirect (HTTP 302)" in text


def test_a_redirect_without_a_location() -> None:
    """Needs no address in a redirect at all."""
    assert "is a redirect (HTTP 304)" in str(failed(304))
