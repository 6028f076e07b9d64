"""What may be shown of a secret, and of text that came from outside."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

_LONGEST_EXCERPT = 300
_SHORT = 6


def is_text(value: str) -> bool:
    """Return whether a string can be sent and stored: lone surrogates, which undecodable input leaves, cannot."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


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
        for shape in {secret, quote(secret), quote(secret, safe=""), quote_plus(secret)}:
            # A short one is a part of many words; as a word of its own it is meant.
            word = re.escape(shape) if len(shape) >= _SHORT else rf"(?<!\w){re.escape(shape)}(?!\w)"
            text = re.sub(word, fingerprint(secret), text, flags=re.IGNORECASE)  # %2f is %2F
    cut = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * _LONGEST_EXCERPT]).split())
    return cut if len(cut) <= _LONGEST_EXCERPT else cut[:_LONGEST_EXCERPT] + "…"
