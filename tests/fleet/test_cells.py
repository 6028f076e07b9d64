"""Text in cells of CSV."""

# ruff: noqa: RUF001  # these are what a spreadsheet takes for plain ones

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensespring_async.fleet.results.cells import from_cell, to_cell

AWKWARD = st.text(st.sampled_from("=+-@＝＋－＠﹦−;|,'\"\v\x1c\t\n\r \u00a0\u200b\u2028\ufeff\x00ab1"))


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("＝1+1", "'＝1+1"),
        ("﹢1", "'﹢1"),
        ("  @SUM(A1)", "'  @SUM(A1)"),
        ("\ufeff-1", "'\ufeff-1"),
        ('"=1', "'\"=1"),
        ("\tx", "'\tx"),
        ("x;=cmd", "x;'=cmd"),
        ("x\n=cmd", "x\n'=cmd"),
        ("x\t;+cmd", "x\t;'+cmd"),
        ("x|＠cmd", "x|'＠cmd"),
        ("'=1", "''=1"),
        ("\u0600=1", "'\u0600=1"),
    ],
)
def test_a_formula_is_written_behind_an_apostrophe(text: str, cell: str) -> None:
    """Wherever a spreadsheet may split the text, and whatever form its first character has."""
    assert to_cell(text) == cell


@pytest.mark.parametrize(
    "text", ["", "a", "license_not_found", "a=b", "x-1, +2", "it's", "'quoted'", "2030-01-01", "#ab12"]
)
def test_other_text_is_left_alone(text: str) -> None:
    """What no spreadsheet takes for a formula is written as it is."""
    assert to_cell(text) == text


@given(st.one_of(st.text(), AWKWARD))
def test_what_was_written_is_read_back(text: str) -> None:
    """Every text survives, also one that looks as if it had been written so."""
    assert from_cell(to_cell(text)) == text


@given(st.one_of(st.text(), AWKWARD))
def test_no_piece_of_a_cell_begins_a_formula(text: str) -> None:
    """However it is split, none begins with what Unicode makes a formula's first character of."""
    for piece in re.split(r"[;|\t\n\r]", to_cell(text)):
        seen = "".join(each for each in piece if each.isprintable()).strip(' "')
        assert unicodedata.normalize("NFKC", seen)[:1] not in ("=", "+", "-", "@")
