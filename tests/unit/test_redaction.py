"""What is shown of secrets, and of text that came from outside."""

from __future__ import annotations

import html
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensespring_async.redaction import excerpt, fingerprint


def test_a_fingerprint_is_short_and_stable() -> None:
    """Names a secret by the start of its hash."""
    assert fingerprint("abc") == "#ba7816bf"


@given(secret=st.text(st.characters(), max_size=30))
def test_any_text_has_a_fingerprint(secret: str) -> None:
    """Names any text, lone surrogates included, always the same way."""
    shown = fingerprint(secret)

    assert shown == fingerprint(secret)
    assert len(shown) == 9


def test_other_secrets_have_other_fingerprints() -> None:
    """Lets people tell two secrets apart."""
    assert fingerprint("key-1") != fingerprint("key-2")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("  Bad   gateway \n", "Bad gateway"),
        ("one\r\ntwo\tthree", "one two three"),
        ("\x1b[31mred\x1b[0m", "[31mred [0m"),
        ("bell\x07, null\x00, delete\x7f", "bell , null , delete"),
        ("right\u202eleft", "right left"),
        ("zero\u200bwidth", "zero width"),
        ("line\u2028separator", "line separator"),
        ("Käse \N{GRINNING FACE}", "Käse \N{GRINNING FACE}"),
        ("x" * 300, "x" * 300),
        ("x" * 301, "x" * 300 + "…"),
        ("x" * 100_000, "x" * 300 + "…"),
    ],
)
def test_an_excerpt_is_fit_for_a_terminal(text: str, shown: str) -> None:
    """Shows the start of a text on one line, with nothing in it that steers a terminal."""
    assert excerpt(text) == shown


@given(text=st.text(st.characters()))
def test_any_excerpt_is_printable(text: str) -> None:
    """Shows of any text only what can be printed, and not too much of it."""
    shown = excerpt(text)

    assert shown.isprintable()
    assert len(shown) <= 301


@pytest.mark.parametrize(
    ("text", "secrets", "shown"),
    [
        ("key KEY-1 unknown", ["KEY-1"], f"key {fingerprint('KEY-1')} unknown"),
        ("KEY-1 and KEY-1", ["KEY-1"], f"{fingerprint('KEY-1')} and {fingerprint('KEY-1')}"),
        ("KEY-1 of hw-1", ["hw-1", "KEY-1"], f"{fingerprint('KEY-1')} of {fingerprint('hw-1')}"),
        ("KEY-12", ["KEY-1", "KEY-12"], fingerprint("KEY-12")),
        ("two\twords", ["two\twords"], fingerprint("two\twords")),
        ("nothing to hide", ["", "KEY-1"], "nothing to hide"),
    ],
)
def test_an_excerpt_hides_secrets(text: str, secrets: list[str], shown: str) -> None:
    """Replaces every secret by its fingerprint, the longest first."""
    assert excerpt(text, secrets) == shown


@given(before=st.text(max_size=400), after=st.text(max_size=400))
def test_a_secret_is_hidden_wherever_it_is(before: str, after: str) -> None:
    """Hides a secret at any place of a text, also where the excerpt is cut."""
    secret = "KEY-0123456789"

    shown = excerpt(before + secret + after, [secret])

    assert secret[:8] not in shown


SHAPES: dict[str, Callable[[str], str]] = {
    "html": html.escape,
    "html outside of attributes": lambda secret: html.escape(secret, quote=False),
    "html by numbers": lambda secret: html.escape(secret).replace("&#x27;", "&#39;").replace("&quot;", "&#34;"),
    "json": lambda secret: json.dumps({"said": secret}),
    "json in UTF-8": lambda secret: json.dumps([secret], ensure_ascii=False),
    "json for scripts": lambda secret: json.dumps([secret]).replace("/", "\\/"),
    "repr": repr,
    "repr beside quotes": lambda secret: repr(f'"it\'s" {secret}'),
    "ascii": ascii,
    "bytes": lambda secret: repr(secret.encode()),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@given(secret=st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=6, max_size=30))
def test_a_secret_is_hidden_however_it_is_written(shape: Callable[[str], str], secret: str) -> None:
    """Hides a secret that a text has escaped for HTML, JSON or a program's eyes."""
    shown = excerpt(shape(secret), [secret])

    # Which quotes are around it depends on those in it.
    assert shown.replace('"', "'") == shape("!").replace("!", fingerprint(secret)).replace('"', "'")


@pytest.mark.parametrize("length", [6, 500, 4_000])
def test_no_part_of_a_secret_is_left_where_a_long_text_is_cut(length: int) -> None:
    """Hides a secret that a text is full of, however long both are."""
    secret = "KEY/" + "k" * (length - 4)

    assert "k" not in excerpt(f"\0{secret}" * (2**20 // length), [secret])
