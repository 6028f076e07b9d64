"""The arguments that engines share, checked."""

from __future__ import annotations

import ssl
from urllib.parse import urlsplit

import certifi

from ...errors import ConfigurationError


def checked_context(context: ssl.SSLContext | None) -> ssl.SSLContext | None:
    """Return a caller's TLS settings if they verify the server; an unset minimum version becomes TLS 1.2.

    Raises:
        ConfigurationError: They do not verify the certificate or its host, or allow less than TLS 1.2.
    """
    if context is None:
        return None
    if not isinstance(context, ssl.SSLContext):
        raise ConfigurationError("ssl_context: must be an ssl.SSLContext")
    if context.verify_mode is not ssl.CERT_REQUIRED or not context.check_hostname:
        raise ConfigurationError(
            "ssl_context: must verify the server's certificate and host (verify_mode=ssl.CERT_REQUIRED, "
            "check_hostname=True); to trust an authority of your own, load it: load_verify_locations(cafile=...)"
        )
    # Where the system's OpenSSL decides, as in Debian's Python, nothing is set, and OpenSSL's own floor may be lower.
    if context.minimum_version is ssl.TLSVersion.MINIMUM_SUPPORTED:
        context.minimum_version = ssl.TLSVersion.TLSv1_2
    if context.minimum_version < ssl.TLSVersion.TLSv1_2:
        raise ConfigurationError("ssl_context: must allow nothing older than TLS 1.2 (minimum_version)")
    return context


def default_context() -> ssl.SSLContext:
    """Return the default TLS settings: certifi's authorities, and at least TLS 1.2."""
    # Not ssl.create_default_context: it writes session keys into the file that SSLKEYLOGFILE names.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VERIFY_X509_STRICT  # as Python 3.13's own default
    context.load_verify_locations(certifi.where())
    return context


def checked_proxy(url: str) -> str:
    """Return the URL of an HTTP proxy.

    Raises:
        ConfigurationError: It is not one.
    """
    try:
        parts = urlsplit(url if isinstance(url, str) else "")  # pyright: ignore[reportUnnecessaryIsInstance]
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and url.isascii()
    except ValueError:
        usable = False
    if not usable:
        raise ConfigurationError("proxy: must be the URL of an HTTP proxy, like http://user:password@host:8080")
    return url


def checked_limit(max_body: int) -> int:
    """Return the greatest number of bytes of a body.

    Raises:
        ConfigurationError: It is not a positive whole number.
    """
    if type(max_body) is not int or max_body < 1:
        raise ConfigurationError("max_body: must be a whole number of bytes, at least 1")
    return max_body
