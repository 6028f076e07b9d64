"""What may be shown of a secret, and of text that came from outside."""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

_LONGEST_EXCERPT = 300
_SEARCHED = 64 * 1024
_SHORT = 6


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
    shapes = {shape: secret for secret in filter(None, secrets) for shape in _shapes(secret)}
    # A search costs its length: no more is searched than can be shown once fingerprints are in the place of secrets.
    text = text[: max(_SEARCHED, _LONGEST_EXCERPT * max(map(len, shapes), default=0))]
    # Longest first: one secret may be a part of another.
    for shape in sorted(shapes, key=len, reverse=True):
        # A short one is a part of many words; as a word of its own it is meant.
        word = re.escape(shape) if len(shape) >= _SHORT else rf"(?<!\w){re.escape(shape)}(?!\w)"
        text = re.sub(word, fingerprint(shapes[shape]), text, flags=re.IGNORECASE)  # %2f is %2F
    cut = " ".join(printable(text[: 4 * _LONGEST_EXCERPT]).split())
    return cut if len(cut) <= _LONGEST_EXCERPT else cut[:_LONGEST_EXCERPT] + "…"


def printable(text: str) -> str:
    """Return foreign text with spaces for what steers a terminal: escapes, line ends, turned directions."""
    return text if text.isprintable() else "".join(each if each.isprintable() else " " for each in text)


def _shapes(secret: str) -> set[str]:
    """Return how a secret looks in URLs, HTML, JSON and the texts of programs."""
    quoted = html.escape(secret)
    written = json.dumps(secret)[1:-1]
    spoken = json.dumps(secret, ensure_ascii=False)[1:-1]
    return {
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        quoted,
        html.escape(secret, quote=False),
        quoted.replace("&#x27;", "&#39;").replace("&quot;", "&#34;"),
        quoted.replace("&#x27;", "&#39;"),
        quoted.replace("&#x27;", "&apos;"),
        written,
        spoken,
        written.replace("/", "\\/"),
        spoken.replace("/", "\\/"),
        repr(secret)[1:-1],
        ascii(secret)[1:-1],
        # Beside a double quote, repr escapes the single ones.
        repr('"' + secret)[2:-1],
        ascii('"' + secret)[2:-1],
        repr(secret.encode())[2:-1],
        repr(b'"' + secret.encode())[3:-1],
    }
