"""What may be shown of a secret, and of text that came from outside."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

_LONGEST_EXCERPT = 300


def fingerprint(secret: str) -> str:
    """Return a short stable name for a secret, by which people can tell two of them apart.

    Args:
        secret: A key, user name or device id.

    Returns:
        `#` and the first 8 hexadecimal digits of its SHA-256.
    """
    return "#" + hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def excerpt(text: str, secrets: Iterable[str] = ()) -> str:
    """Return the start of foreign text, fit for a terminal and a log.

    Control characters become spaces (a server must not be able to steer a terminal), and every secret that the text
    echoes is replaced by its fingerprint.
    """
    # Longest first: one secret may be a part of another.
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, fingerprint(secret))
    cut = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * _LONGEST_EXCERPT]).split())
    return cut if len(cut) <= _LONGEST_EXCERPT else cut[:_LONGEST_EXCERPT] + "…"
