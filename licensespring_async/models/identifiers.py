"""Texts that name something, a license or a device: what crept in unseen while they were copied."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# Parts of words in some scripts, such as Persian: between two of their letters they are meant.
_JOINERS: Final = re.compile("(?<=[^\0-\x7f])[\u200c\u200d](?=[^\0-\x7f])")
# Control and format characters, and the separators of lines and paragraphs.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Zl", "Zp"})
# Fillers that are letters or marks by their category, and show nothing.
_FILLERS: Final = frozenset("\u034f\u115f\u1160\u2800\u3164\uffa0")


def flaw(value: str) -> str | None:
    """Return what is wrong with a text that names something, or None; never a part of it that can be seen."""
    if value != value.strip():
        return "has white space around it; remove it"
    for character in _JOINERS.sub("", value):
        if unicodedata.category(character) in _UNSEEN or character in _FILLERS:
            called = unicodedata.name(character, "a control character")
            return (
                f"contains U+{ord(character):04X} ({called}), which cannot be seen; remove it, or type the text by hand"
            )
    return None
