"""Redaction: hide secrets in texts, and keep them out of pickles."""

from __future__ import annotations

import hashlib
import html
import json
import os
import secrets as random_secrets
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Final, NoReturn, Self
from urllib.parse import quote, quote_plus

SALT_VARIABLE: Final = "LICENSESPRING_FINGERPRINT_SALT"
"""The environment variable that makes the fingerprints of several processes comparable."""

_LONGEST_EXCERPT = 300
_SEARCHED = 64 * 1024
_SHORT = 6
_DIGITS = 16

_PROCESS_SALT: Final = random_secrets.token_hex(16)
_salt: ContextVar[str] = ContextVar("fingerprint salt")


def current_salt() -> str:
    """Return the salt of fingerprints: the block's, the environment's, or this process's own."""
    return _salt.get("") or os.environ.get(SALT_VARIABLE) or _PROCESS_SALT


@contextmanager
def salted(salt: str) -> Generator[None]:
    """Salt the fingerprints made in the block, so that they match those of another run.

    Args:
        salt: Any text. Keep it secret: with it, short secrets can be guessed.
    """
    token = _salt.set(salt)
    try:
        yield
    finally:
        _salt.reset(token)


def fingerprint(secret: str) -> str:
    """Return a short name for a secret, by which people can tell secrets apart.

    It is salted, so that a MAC address or a short key cannot be guessed from it. Each process has its own salt, so a
    name is stable within one process. Processes with the same `LICENSESPRING_FINGERPRINT_SALT` give the same name.

    Args:
        secret: A key, user name or device id.

    Returns:
        `#` and 16 hexadecimal digits, 64 bits of a keyed BLAKE2b.
    """
    keyed = _keyed_by(current_salt()).copy()
    keyed.update(secret.encode("utf-8", "surrogatepass"))
    return f"#{keyed.hexdigest()}"


@lru_cache(8)
def _keyed_by(salt: str) -> hashlib.blake2b:
    key = hashlib.blake2b(salt.encode("utf-8", "surrogatepass"), digest_size=32).digest()
    return hashlib.blake2b(key=key, digest_size=_DIGITS // 2)


class Unpickled:
    """A base class that refuses to be pickled, because its instances hold secrets."""

    __slots__ = ()

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} holds secrets and cannot be pickled; make another one in the process that needs it"
        )

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self


def excerpt(text: str, secrets: Iterable[str] = ()) -> str:
    """Return the start of foreign text, safe for a terminal and a log.

    Control characters become spaces, so that a server cannot control a terminal. Every secret that the text echoes is
    replaced by its fingerprint.

    Cost: linear in the text, of which 64 KiB are searched, and in the secrets.
    """
    shapes = {shape: secret for secret in filter(None, secrets) for shape in _shapes(secret)}
    hidden = _hidden(text[:_SEARCHED], shapes, is_cut=len(text) > _SEARCHED)
    cut = " ".join(printable(hidden[: 4 * _LONGEST_EXCERPT]).split())
    is_whole = len(text) <= _SEARCHED and len(cut) <= _LONGEST_EXCERPT
    return cut if is_whole else cut[:_LONGEST_EXCERPT] + "…"


def _hidden(text: str, shapes: Mapping[str, str], *, is_cut: bool) -> str:
    """Return a text with fingerprints in place of secrets. At a cut, the possible start of a secret is dropped."""
    folded = _folded(text)
    found = [
        (start, start + len(shape), secret) for shape, secret in shapes.items() for start in _places(folded, shape)
    ]
    parts: list[str] = []
    shown = 0
    # Of those with the same start, the longest comes first: one secret may be a part of another.
    for start, end, secret in sorted(found, key=lambda each: (each[0], -each[1])):
        if start >= shown:
            parts += text[shown:start], fingerprint(secret)
        # A secret that overlaps another hides the rest of it as well.
        shown = max(shown, end)
    end = len(text) - max(map(len, shapes), default=0) if is_cut else len(text)
    parts.append(text[shown : max(shown, end)])
    return "".join(parts)


def _places(text: str, shape: str) -> Iterable[int]:
    """Return the places of a shape in a folded text, without overlaps."""
    shape = _folded(shape)
    # A short secret is part of many words, so it counts only as a whole word.
    is_word = len(shape) < _SHORT
    start = text.find(shape)  # in linear time, even for repetitive texts
    while start >= 0:
        end = start + len(shape)
        if not (is_word and (_is_in_word(text[start - 1 : start]) or _is_in_word(text[end : end + 1]))):
            yield start
        start = text.find(shape, end)


def _is_in_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _folded(text: str) -> str:
    """Return a text in lower case, with the same length; %2F may be written %2f."""
    # One character becomes two in lower case. The lower case of the other depends on its neighbours.
    text = text.replace("\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}", "i").lower()
    return text.replace("\N{GREEK SMALL LETTER FINAL SIGMA}", "\N{GREEK SMALL LETTER SIGMA}")


def printable(text: str) -> str:
    """Return foreign text with spaces in place of what controls a terminal: escapes, line ends, text direction."""
    return text if text.isprintable() else "".join(each if each.isprintable() else " " for each in text)


def _shapes(secret: str) -> set[str]:
    """Return the forms of a secret in URLs, HTML, JSON and program text."""
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
        # In a text with a double quote, repr escapes single quotes.
        repr('"' + secret)[2:-1],
        ascii('"' + secret)[2:-1],
        repr(secret.encode())[2:-1],
        repr(b'"' + secret.encode())[3:-1],
    }
