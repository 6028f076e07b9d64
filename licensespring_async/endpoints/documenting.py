"""Docstrings of endpoint functions: fill in the texts that they share."""

from __future__ import annotations

import functools
import inspect
import re
import textwrap
from collections.abc import Callable
from typing import TypeVar

from ..transport.values import Call
from .parameters import PARAMETERS

F = TypeVar("F", bound=Callable[..., object])

_WIDTH = 116
_SECTION = re.compile(r"^(Args|Returns|Raises|Cost|Source):", re.MULTILINE)
_ENTRY = re.compile(r"^    ([\w, ]+): ", re.MULTILINE)
_RAISES = {
    "InvalidParameter": "An argument cannot be sent; nothing was sent.",
    "LicenseRefused": "The service says no; the subclass says why.",
    "AuthorizationError": "The service does not accept the credentials.",
    "SignatureError": "The answer is not signed by a trusted key; `AnswerMismatch`: it answers another request.",
    "RateLimited, TransportError, ResponseError, ApiError": "No usable answer in time.",
}


def documented(function: F) -> F:
    """Complete the docstring of an endpoint function: arguments from the table of parameters, errors of every call.

    Entries that the function already has stay.
    """
    if function.__doc__ is None:  # python -OO
        return function
    annotations = inspect.get_annotations(function)
    is_signed = annotations.pop("return") != Call[None]  # an empty answer is not signed
    sections = sections_of(function)
    about = {name: PARAMETERS[name].about for name in annotations if name in PARAMETERS}
    arguments = about | _entries(sections.get("Args", ""))
    if annotations:
        sections["Args"] = _section("Args", {name: arguments[name] for name in annotations})
    common = dict(_RAISES)
    if not annotations:
        del common["InvalidParameter"]
    if not is_signed:
        del common["SignatureError"]
    sections["Raises"] = _section("Raises", _entries(sections.get("Raises", "")) | common)
    order = ("", "Args", "Returns", "Raises", "Cost", "Source")
    text = "\n\n".join(sections[name] for name in order if name in sections)
    function.__doc__ = text.replace("\n\nSource:", "\nSource:")
    return function


def sections_of(function: Callable[..., object]) -> dict[str, str]:
    """Return the sections of a function's docstring by title; "" is the text before the first."""
    return _split(inspect.getdoc(function) or "", _SECTION)


def arguments_of(function: Callable[..., object]) -> dict[str, str]:
    """Return what a function's docstring says of each argument."""
    return _entries(sections_of(function).get("Args", ""))


def _split(text: str, beginning: re.Pattern[str]) -> dict[str, str]:
    """Return the parts of a text by title; "" is the text before the first."""
    starts = [*beginning.finditer(text)]
    ends = [*(each.start() for each in starts), len(text)]
    parts = {each[1]: text[each.start() : end].rstrip() for each, end in zip(starts, ends[1:], strict=True)}
    return {"": text[: ends[0]].rstrip()} | parts


def _entries(section: str) -> dict[str, str]:
    """Return the entries of a section by their names."""
    parts = _split(section.partition("\n")[2], _ENTRY)
    return {name: " ".join(part.partition(": ")[2].split()) for name, part in parts.items() if name}


def _section(title: str, entries: dict[str, str]) -> str:
    return "\n".join([f"{title}:", *(_entry(name, about) for name, about in entries.items())])


@functools.cache  # many endpoints share most of them
def _entry(name: str, about: str) -> str:
    line = f"    {name}: {about}"
    if len(line) <= _WIDTH:  # most of them
        return line
    return textwrap.fill(line, _WIDTH, subsequent_indent=" " * 8, break_on_hyphens=False)
