"""What is shown of secrets, and of text that came from outside."""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensespring_async.redaction import SALT_VARIABLE, excerpt, fingerprint, salted


def test_a_fingerprint_has_64_bits_or_more() -> None:
    """Names a secret by 16 hexadecimal digits, so that a million keys share no name."""
    assert re.fullmatch("#[0-9a-f]{16}", fingerprint("abc"))


@given(secret=st.text(st.characters(), max_size=30))
def test_any_text_has_a_fingerprint(secret: str) -> None:
    """Names any text, lone surrogates included, always the same way within a process."""
    assert fingerprint(secret) == fingerprint(secret)


def test_fingerprints_of_two_processes_do_not_compare() -> None:
    """Salts by the process: a name that was seen cannot be looked up in a list of names that was made before."""
    assert len({fingerprint("00:16:3e:5e:6c:00"), *(_elsewhere({}) for _ in range(2))}) == 3


def test_a_salt_of_the_environment_makes_them_compare() -> None:
    """Gives the same name in every process with the same LICENSESPRING_FINGERPRINT_SALT."""
    one, other = {SALT_VARIABLE: "the salt of our fleet"}, {SALT_VARIABLE: "another"}
    with salted(one[SALT_VARIABLE]):
        assert _elsewhere(one) == _elsewhere(one) == fingerprint("00:16:3e:5e:6c:00")
    assert _elsewhere(one) != _elsewhere(other)


def test_a_salt_is_for_its_block() -> None:
    """Salts what is named in the block, in any task of it, and nothing behind it."""
    before = fingerprint("abc")
    with salted("a salt"):
        assert fingerprint("abc") != before
    assert fingerprint("abc") == before


def _elsewhere(environment: dict[str, str]) -> str:
    """The fingerprint of a MAC address in a new process."""
    code = "from licensespring_async.redaction import fingerprint; print(fingerprint('00:16:3e:5e:6c:00'))"
    inherited = {name: value for name, value in os.environ.items() if name != SALT_VARIABLE}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=inherited | environment
    )
    return done.stdout.strip()


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
        ("KEY-12-3", ["KEY-12", "12-3"], fingerprint("KEY-12")),
        ("a device, a key", ["a"], f"{fingerprint('a')} device, {fingerprint('a')} key"),
        ("ΟΔΟΣ-1 ΟΔΟΣ", ["οδος-1"], f"{fingerprint('οδος-1')} ΟΔΟΣ"),
        ("İİİİİİ KEY-1", ["key-1"], f"İİİİİİ {fingerprint('key-1')}"),
    ],
    ids=range(10),  # a fingerprint in a name would be another one in each of the processes that run the tests
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


REPETITIVE: dict[str, Callable[[int], str]] = {
    "one letter": lambda length: "a" * length,
    "nearly one letter": lambda length: "a" * (length - 1) + "b",
    "a turn in the middle": lambda length: "a" * (length // 2) + "b" + "a" * (length - length // 2 - 1),
    "two letters": lambda length: "ab" * (length // 2),
    "what is escaped": lambda length: "/'" * (length // 2),
    "what is long when it is escaped": lambda length: "\N{GRINNING FACE}" * length,
}


@pytest.mark.parametrize("secret", REPETITIVE.values(), ids=REPETITIVE)
@pytest.mark.parametrize("body", [*REPETITIVE.values()][:3], ids=[*REPETITIVE][:3])
def test_hiding_costs_no_more_than_the_length_of_text_and_secret(
    secret: Callable[[int], str], body: Callable[[int], str]
) -> None:
    """Takes for texts and secrets that repeat themselves about as long as for those that do not."""

    def seconds(text: str, secrets: list[str]) -> float:
        began = time.perf_counter()
        excerpt(text, secrets)
        return time.perf_counter() - began

    plain = min(seconds("x y " * 50_000, ["z" * 8_000] * 3) for _ in range(5))
    hostile = min(seconds(body(8_000) * 25, [secret(8_000), "!" + secret(8_000), secret(4_000)]) for _ in range(5))
    # Searching each place for each secret takes thousands of times as long.
    assert hostile < 200 * plain
