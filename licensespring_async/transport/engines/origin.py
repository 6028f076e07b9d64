"""Origins: the part of a URL that names the server."""

from __future__ import annotations

from urllib.parse import urlsplit

import attrs

PORTS = {"http": 80, "https": 443}


@attrs.frozen
class Origin:
    """One server, as named in URLs.

    Attributes:
        name: What the `Host` header says.
    """

    scheme: str
    host: str
    port: int
    name: str

    @classmethod
    def of(cls, base: str) -> Origin:
        """Return the origin of a URL without a path."""
        parts = urlsplit(base)
        return cls(parts.scheme, parts.hostname or "", parts.port or PORTS[parts.scheme], parts.netloc)


def split(url: str) -> tuple[str, str]:
    """Return a URL up to its path, and the rest."""
    at = url.index("/", 8)  # behind https://
    return url[:at], url[at:]
