"""Credentials, which authorize requests.

Both kinds are values; `transport/authorizer.py` fetches and caches tokens.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import string
from base64 import b64encode
from email.utils import formatdate
from urllib.parse import urlencode, urlsplit

import attrs

from .by_fields import ByFields
from .errors import ConfigurationError
from .models.identifiers import flaw
from .models.json_types import exact, is_text
from .redaction import Unpickled, fingerprint

_LONGEST_SECRET = 4096
# Characters that need no escaping in a quoted header parameter; the service's keys are letters and digits.
_HEADER_SAFE = frozenset(string.printable) - frozenset(string.whitespace) - frozenset('"\\')


def imf_fixdate(timestamp: float) -> str:
    """Return seconds since the epoch as a `Date` header value, for example `Tue, 07 Jun 2011 20:51:35 GMT`.

    Source: RFC 9110, 5.6.7
    """
    return _imf_fixdate(int(timestamp))


@functools.lru_cache(maxsize=4)
def _imf_fixdate(second: int) -> str:
    return formatdate(second, usegmt=True)


def _exact(value: str) -> str:
    # The validators refuse what is not a string.
    return exact(value) if isinstance(value, str) else value  # pyright: ignore[reportUnnecessaryIsInstance]


def _secret(_: object, attribute: attrs.Attribute[str], value: object) -> None:
    if not isinstance(value, str) or not value:
        raise ConfigurationError(f"{attribute.name}: must be a non-empty string, as the vendor platform shows it")
    if len(value) > _LONGEST_SECRET:
        raise ConfigurationError(f"{attribute.name}: has more than {_LONGEST_SECRET:,} characters; is it a whole file?")
    if not is_text(value):
        raise ConfigurationError(f"{attribute.name}: is not UTF-8 text; check how it was read")


def _seen(_: object, attribute: attrs.Attribute[str], value: str) -> None:
    if (problem := flaw(value)) is not None:
        raise ConfigurationError(f"{attribute.name}: {problem}")


def _header_safe(_: object, attribute: attrs.Attribute[str], value: str) -> None:
    if not _HEADER_SAFE.issuperset(value.strip()):
        why = "" if (problem := flaw(value)) is None else f": it {problem}"
        raise ConfigurationError(f"{attribute.name}: has characters that no Authorization header can carry{why}")


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ApiKey(Unpickled, ByFields):
    """An API key with its shared key: HMAC-SHA256 over the date of each attempt.

    Args:
        api_key: Names the account; sent with every request.
        shared_key: The secret; never sent.

    Raises:
        ConfigurationError: One of them cannot be used.

    Source: https://docs.licensespring.com/license-api/license-api-authorization/api-key-authorization
    """

    # Tools that show the fields of attrs classes, such as rich, omit those without a repr.
    api_key: str = attrs.field(converter=_exact, validator=[_secret, _header_safe, _seen], repr=False)
    shared_key: str = attrs.field(converter=_exact, validator=[_secret, _seen], repr=False)

    @property
    def name(self) -> str:
        """The account's name: the API key."""
        return self.api_key

    def authorization(self, date: str) -> str:
        """Return the `Authorization` header for an attempt.

        Args:
            date: Its `Date` header, exactly as sent.

        Source: https://docs.licensespring.com/license-api/license-api-authorization/request-signature
        """
        signature = self.sign(date)
        return f'algorithm="hmac-sha256", headers="date", signature="{signature}", apikey="{self.api_key}"'

    def sign(self, date: str) -> str:
        """Return the Base64 signature of an attempt; path, query and body are not covered.

        Args:
            date: Its `Date` header, exactly as sent.
        """
        text = f"licenseSpring\ndate: {date}"
        return b64encode(hmac.new(self.shared_key.encode(), text.encode(), hashlib.sha256).digest()).decode()

    def __repr__(self) -> str:
        return f"ApiKey({fingerprint(self.api_key)})"


def _token_url(_: object, attribute: attrs.Attribute[str | None], value: str | None) -> None:
    if value is not None:
        require_secure(attribute.name, value)


def require_secure(name: str, url: str, *, allow_http: bool = False) -> None:
    """Refuse a URL that is neither https nor to a loopback host: it would carry secrets in the clear.

    Args:
        name: The setting's name, for errors.
        url: The URL.
        allow_http: Whether http to any host is allowed.

    Raises:
        ConfigurationError: It is neither, or not an absolute URL.
    """
    if not isinstance(url, str):  # urlsplit fails in its own way
        raise ConfigurationError(f"{name}: must be a string, not {type(url).__name__}")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ConfigurationError(f"{name}: not a URL") from None
    if parts.scheme not in ("http", "https") or not host or any(c.isspace() or not c.isprintable() for c in url):
        raise ConfigurationError(f"{name}: must be an absolute https:// URL")
    if not url.isascii():
        raise ConfigurationError(f"{name}: is not ASCII; write the host as punycode and the rest percent-encoded")
    if parts.username is not None or parts.fragment:
        raise ConfigurationError(f"{name}: must not hold credentials or a fragment")
    if port == 0 or not _is_host(host):
        raise ConfigurationError(f"{name}: has an invalid host or port")
    if parts.query and not parts.path:
        raise ConfigurationError(f"{name}: must be an origin, or have a path before its query")
    if parts.scheme == "http" and not is_loopback(host) and not allow_http:
        raise ConfigurationError(f"{name}: must be https:// (plain http is for loopback addresses only)")


def _is_host(host: str) -> bool:
    labels = host.removesuffix(".").split(".")
    return len(host) < 254 and all(0 < len(label) < 64 for label in labels)


def is_loopback(host: str) -> bool:
    """Return whether a host name or address never leaves this machine."""
    return host in ("localhost", "::1") or (host.startswith("127.") and host.replace(".", "").isdigit())


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ClientCredentials(Unpickled, ByFields):
    """OAuth 2.0 client credentials: a bearer token, fetched when first needed and again before it expires.

    Args:
        client_id: Names the client.
        client_secret: The secret; sent to the token endpoint only.
        token_url: The token endpoint; None asks the License API for it (`oauth_url`), once.

    Raises:
        ConfigurationError: One of them cannot be used.

    Source: https://docs.licensespring.com/license-api/license-api-authorization/oauth-authorization, RFC 6749, 4.4
    """

    client_id: str = attrs.field(converter=_exact, validator=[_secret, _seen], repr=False)
    client_secret: str = attrs.field(converter=_exact, validator=[_secret, _seen], repr=False)
    token_url: str | None = attrs.field(default=None, converter=attrs.converters.optional(_exact), validator=_token_url)

    @property
    def name(self) -> str:
        """The account's name: the client id."""
        return self.client_id

    def token_request_body(self) -> bytes:
        """Return the form body of a token request."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
        }
        return urlencode(form).encode()

    def __repr__(self) -> str:
        return f"ClientCredentials({fingerprint(self.client_id)})"
